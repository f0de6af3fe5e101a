"""Reactions to messages, and telling everyone who may see them."""

from acore.sandbox import payloads
from acore.sandbox.refusals import ApiError, Refusal
from acore.sandbox.shapes import Json
from acore.sandbox.state.records import Message, Reaction, User
from acore.sandbox.state.world import World

MAX_REACTIONS = 20  # Discord's documentation, "JSON Error Codes", 30010


def add(world: World, message: Message, reaction: Reaction, user: User) -> None:
    """Let somebody react; who did so already changes nothing.

    Args:
        world: tells it.
        message: to what.
        reaction: one that is there, or a new one.
        user: who.

    Raises:
        ApiError: code 30010, there are too many different ones already.
    """
    if user.id in reaction.user_ids:
        return
    if not reaction.user_ids:
        if len(message.reactions) >= MAX_REACTIONS:
            raise ApiError(Refusal.TOO_MANY_REACTIONS)
        message.reactions.append(reaction)
    reaction.user_ids.append(user.id)
    payload = _by(message, reaction, user.id)
    payload["message_author_id"] = message.author.id
    guild = None if message.guild_id is None else world.guilds[message.guild_id]
    if guild is not None and user.id in guild.members:
        payload["member"] = payloads.member(guild.members[user.id])
    _tell(world, "MESSAGE_REACTION_ADD", message, payload)


def remove(world: World, message: Message, reaction: Reaction, user_id: str) -> None:
    """Take back somebody's reaction; who has none changes nothing."""
    if user_id not in reaction.user_ids:
        return
    reaction.user_ids.remove(user_id)
    if not reaction.user_ids:
        message.reactions.remove(reaction)
    _tell(world, "MESSAGE_REACTION_REMOVE", message, _by(message, reaction, user_id))


def remove_emoji(world: World, message: Message, reaction: Reaction) -> None:
    """Take back everybody's reactions with one emoji."""
    if reaction not in message.reactions:
        return
    message.reactions.remove(reaction)
    payload = {**_to(message), "emoji": payloads.reaction_emoji(reaction)}
    _tell(world, "MESSAGE_REACTION_REMOVE_EMOJI", message, payload)


def remove_all(world: World, message: Message) -> None:
    """Take back every reaction to a message."""
    message.reactions.clear()
    _tell(world, "MESSAGE_REACTION_REMOVE_ALL", message, _to(message))


def _to(message: Message) -> Json:
    body: Json = {"channel_id": message.channel_id, "message_id": message.id}
    return body if message.guild_id is None else body | {"guild_id": message.guild_id}


def _by(message: Message, reaction: Reaction, user_id: str) -> Json:
    emoji = payloads.reaction_emoji(reaction)
    return {**_to(message), "user_id": user_id, "emoji": emoji, "burst": False, "type": 0}


def _tell(world: World, event: str, message: Message, payload: Json) -> None:
    world.announce(event, payload, world.audience(world.channels[message.channel_id]))
