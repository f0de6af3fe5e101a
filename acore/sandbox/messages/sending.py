"""Who may say what where, before anything is said."""

import re

from acore.sandbox.messages.drafts import Draft
from acore.sandbox.permissions.rules import Permission
from acore.sandbox.refusals import ApiError, Refusal
from acore.sandbox.state.kinds import FORUMS, VOICE, WITH_MESSAGES
from acore.sandbox.state.records import Channel, User
from acore.sandbox.state.world import World

CUSTOM_EMOJI = re.compile(r"<a?(:\w+:)(\d+)>")


def check_place(world: World, channel: Channel, author: User, bits: int) -> None:
    """Go on only if somebody may write in a channel at all.

    Args:
        world: who shares a guild with whom.
        channel: where.
        author: who.
        bits: their permissions there.

    Raises:
        ApiError: it is no place for messages, or not for theirs.
    """
    if channel.type in FORUMS:
        raise ApiError(Refusal.NOT_IN_A_FORUM)
    if channel.type not in WITH_MESSAGES:
        raise ApiError(Refusal.NOT_A_TEXT_CHANNEL)
    if channel.guild_id is None:
        _check_recipients(world, channel, author)
        return
    if channel.type in VOICE and not bits & Permission.CONNECT:
        raise ApiError(Refusal.MISSING_ACCESS)
    saying = Permission.SEND_MESSAGES_IN_THREADS if channel.is_thread else Permission.SEND_MESSAGES
    if not bits & saying:
        raise ApiError(Refusal.MISSING_PERMISSIONS)
    if channel.thread is not None and channel.thread.is_locked and not bits & Permission.MANAGE_THREADS:
        raise ApiError(Refusal.THREAD_IS_LOCKED)


def _check_recipients(world: World, channel: Channel, author: User) -> None:
    for other in channel.recipients:
        if other is author:
            continue
        if author.bot and other.bot:
            raise ApiError(Refusal.CANNOT_MESSAGE_USER)
        if not any(other.id in guild.members for guild in world.guilds_of(author.id)):
            raise ApiError(Refusal.NO_MUTUAL_GUILDS)


def check(bits: int, draft: Draft) -> None:
    """Go on only if these permissions suffice for what a draft has.

    Raises:
        ApiError: code 50013, or 160002 for a reply to what one cannot read.
    """
    needed = {
        Permission.SEND_TTS_MESSAGES: draft.tts,
        Permission.EMBED_LINKS: bool(draft.embeds),
        Permission.ATTACH_FILES: draft.has_files,
    }
    if any(is_needed and not bits & one for one, is_needed in needed.items()):
        raise ApiError(Refusal.MISSING_PERMISSIONS)
    is_reply = draft.reference is not None and not draft.reference.is_forward
    if is_reply and not bits & Permission.READ_MESSAGE_HISTORY:
        raise ApiError(Refusal.CANNOT_REPLY_WITHOUT_HISTORY)


def may_hurry(bits: int, channel: Channel) -> bool:
    """Return whether slow mode does not hold for somebody with these permissions."""
    managing = Permission.MANAGE_THREADS if channel.is_thread else Permission.MANAGE_CHANNELS
    return bool(bits & (Permission.BYPASS_SLOWMODE | Permission.MANAGE_MESSAGES | managing))


def without_foreign_emojis(world: World, channel: Channel, bits: int, content: str) -> str:
    """Return a text in which other guilds' emojis are only their names, unless one may use them."""
    guild = world.guild_of(channel)
    if guild is None or bits & Permission.USE_EXTERNAL_EMOJIS:
        return content
    foreign = {id_ for one in world.guilds.values() if one is not guild for id_ in one.emojis}
    return CUSTOM_EMOJI.sub(lambda found: found[1] if found[2] in foreign else found[0], content)
