"""Whom a message mentions: what its text names, as far as its sender allows and may."""

import re
from dataclasses import dataclass, field

from acore.sandbox.forms.fields import Fields
from acore.sandbox.messages import components
from acore.sandbox.messages.components import ComponentType
from acore.sandbox.permissions import rules as permissions
from acore.sandbox.permissions.rules import Permission
from acore.sandbox.shapes import as_snowflake
from acore.sandbox.state.records import Message
from acore.sandbox.state.world import World

USER_MENTION = re.compile(r"<@!?(\d+)>")
ROLE_MENTION = re.compile(r"<@&(\d+)>")
EVERYONE_MENTION = re.compile(r"@(everyone|here)\b")
KINDS = ("users", "roles", "everyone")
MAX_PARSED = 1521  # Discord's API description, MessageAllowedMentionsRequest
MAX_NAMED = 100  # Discord's documentation, "Allowed Mentions Object"


@dataclass(frozen=True, slots=True)
class AllowedMentions:
    """Which mentions of a text count: whole kinds, or the users and roles that are named."""

    kinds: frozenset[str] = frozenset(KINDS)
    user_ids: frozenset[str] = field(default_factory=frozenset[str])
    role_ids: frozenset[str] = field(default_factory=frozenset[str])
    replied_user: bool = True


ALL = AllowedMentions()
USERS_ONLY = AllowedMentions(kinds=frozenset({"users"}), replied_user=False)
"""What counts in interactions and webhooks that say nothing of it."""


def read_allowed(body: Fields) -> AllowedMentions | None:
    """Return the `allowed_mentions` of a message's body; None if it says nothing of them."""
    sent = body.inner("allowed_mentions")
    if sent is None:
        return None
    kinds: set[str] = set()
    for index, kind in enumerate(sent.items("parse", 0, MAX_PARSED) or []):
        if kind in KINDS:
            kinds.add(str(kind))
        elif kind is not None:
            sent.errors.add((*sent.path, "parse", index), f"Value must be one of {KINDS}.")
    named = {key: _ids(sent, key) for key in ("users", "roles")}
    for key, ids in named.items():
        if ids and key in kinds:
            message = f'parse:["{key}"] and {key}: [ids...] are mutually exclusive.'
            sent.errors.add(sent.path, message)
    return AllowedMentions(frozenset(kinds), named["users"], named["roles"], bool(sent.flag("replied_user")))


def _ids(sent: Fields, key: str) -> frozenset[str]:
    found: list[str] = []
    for index, value in enumerate(sent.items(key, 0, MAX_NAMED) or []):
        snowflake = as_snowflake(value)
        if snowflake in found:
            sent.errors.add((*sent.path, key, index), "Set already contains this value.")
        elif snowflake is not None:
            found.append(snowflake)
        elif value is not None:
            sent.errors.add((*sent.path, key, index), f'Value "{value}" is not snowflake.')
    return frozenset(found)


def set_mentions(world: World, message: Message, allowed: AllowedMentions | None) -> None:
    """Find anew whom a message mentions.

    Args:
        world: who there is.
        message: its text or its components are read; it is changed.
        allowed: what its sender lets count; None stands for what Discord does without it.
    """
    if allowed is None:
        is_ordinary = message.webhook_id is None and message.interaction_id is None
        allowed = ALL if is_ordinary else USERS_ONLY
    text = _text(message)
    users = [
        one
        for one in dict.fromkeys(USER_MENTION.findall(text))
        if "users" in allowed.kinds or one in allowed.user_ids
    ]
    replied = message.replies_to
    if replied is not None and replied.author.id in world.users and allowed.replied_user:
        users.append(replied.author.id)
    message.mentions = [world.users[one] for one in dict.fromkeys(users) if one in world.users]
    guild = None if message.guild_id is None else world.guilds[message.guild_id]
    may_all = _may_mention_all(world, message)
    message.mention_role_ids = [
        one
        for one in dict.fromkeys(ROLE_MENTION.findall(text))
        if guild is not None
        and one != guild.id
        and one in guild.roles
        and (guild.roles[one].mentionable or may_all)
        and ("roles" in allowed.kinds or one in allowed.role_ids)
    ]
    is_named = EVERYONE_MENTION.search(text) is not None
    message.mention_everyone = is_named and may_all and "everyone" in allowed.kinds


def _text(message: Message) -> str:
    """Return what is read for mentions: the content, and the texts of a message made of components."""
    shown = [str(one.get("content")) for one in components.walk(message.components) if _is_text(one)]
    return "\n".join([message.content, *shown])


def _is_text(component: dict[str, object]) -> bool:
    return component.get("type") == ComponentType.TEXT_DISPLAY


def _may_mention_all(world: World, message: Message) -> bool:
    if message.guild_id is None:
        return False
    guild = world.guilds[message.guild_id]
    member = guild.members.get(message.author.id)
    if member is None:
        return message.webhook_id is not None
    channel = world.channels[message.channel_id]
    return bool(permissions.in_channel(guild, member, channel) & Permission.MENTION_EVERYONE)
