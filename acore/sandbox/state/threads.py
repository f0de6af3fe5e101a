"""Threads: beginning, joining, changing and ending them, and telling whoever may see them."""

from collections.abc import Callable, Iterable
from datetime import timedelta

from acore.sandbox import payloads, realtime
from acore.sandbox.shapes import Json
from acore.sandbox.state.audience import Audience, ButNot, InChannel, only
from acore.sandbox.state.hand import Hand
from acore.sandbox.state.kinds import AuditAction, MessageFlag
from acore.sandbox.state.records import Channel, Guild, Message, Thread, ThreadMember, User
from acore.sandbox.state.snowflakes import made_at
from acore.sandbox.state.world import World

TOLD_OF = ("name", "type", "rate_limit_per_user", "flags", "applied_tags")
TOLD_OF_METADATA = ("archived", "locked", "auto_archive_duration", "invitable")
"""What the audit log tells of a thread."""


def record(channel: Channel) -> Thread:
    """Return what makes a channel a thread.

    Raises:
        TypeError: it is none.
    """
    if channel.thread is None:
        raise TypeError(f"{channel.id} is no thread")
    return channel.thread


def active(guild: Guild, user_id: str) -> list[Channel]:
    """Return the threads that are not archived and that a member may see, the newest first."""
    seen = [
        one
        for one in guild.threads.values()
        if not record(one).is_archived and user_id in InChannel(guild, one)
    ]
    return sorted(seen, key=lambda one: int(one.id), reverse=True)


def memberships(channels: Iterable[Channel], user_id: str) -> list[Json]:
    """Return what one user is in some threads, as lists of threads tell it."""
    return [
        payloads.thread_member(record(one).members[user_id], one.id)
        for one in channels
        if user_id in record(one).members
    ]


def begin(hand: Hand, thread: Channel, *, joins: bool = True) -> None:
    """Put a new thread into a guild.

    Args:
        hand: who begins it.
        thread: the new thread.
        joins: whether they become its first member; a webhook is nobody who could.
    """
    world, guild, by = hand.world, hand.guild, hand.user
    guild.threads[thread.id] = world.channels[thread.id] = thread
    if joins:
        record(thread).members[by.id] = ThreadMember(by.id, realtime.now())
    _announce(world, "THREAD_CREATE", guild, thread, newly_created=True)
    if joins:
        _announce_members(world, guild, thread, added=[by.id])
        hand.note(AuditAction.THREAD_CREATE, thread.id, after=_described(thread))


def join(world: World, guild: Guild, thread: Channel, user: User) -> None:
    """Make somebody a member of a thread, unless they are; who sees a private one only now is told of it."""
    members = record(thread).members
    if user.id in members:
        return
    could_see = user.id in InChannel(guild, thread)
    members[user.id] = ThreadMember(user.id, realtime.now())
    if not could_see:
        world.announce("THREAD_CREATE", payloads.channel(thread, seen_by=user.id), [user.id])
    told = {**payloads.thread_member(members[user.id], thread.id), "guild_id": guild.id}
    world.announce("THREAD_MEMBER_UPDATE", told, [user.id])
    _announce_members(world, guild, thread, added=[user.id])


def leave(world: World, guild: Guild, thread: Channel, user_id: str) -> None:
    """Take somebody out of a thread, if they are in it; they hear of it although they may not see it now."""
    if record(thread).members.pop(user_id, None) is not None:
        _announce_members(world, guild, thread, removed=[user_id])


def change(hand: Hand, thread: Channel, apply: Callable[[], None]) -> None:
    """Let *apply* change a thread's record, and tell of what is different afterwards."""
    before = _described(thread)
    if _changes(hand.world, hand.guild, thread, apply):
        hand.note(AuditAction.THREAD_UPDATE, thread.id, before=before, after=_described(thread))


def _changes(world: World, guild: Guild, thread: Channel, apply: Callable[[], None]) -> bool:
    """Change a thread, announce it if it is different afterwards, and return whether it is."""
    before = _described(thread)
    was_archived = record(thread).is_archived
    apply()
    if record(thread).is_archived is not was_archived:
        record(thread).archive_changed_at = realtime.now()
    if before == _described(thread):
        return False
    _announce(world, "THREAD_UPDATE", guild, thread)
    return True


def delete(hand: Hand, thread: Channel) -> None:
    """Delete a thread; the message it began with stays."""
    world, guild = hand.world, hand.guild
    audience = InChannel(guild, thread)
    parent = guild.channels.get(thread.parent_id or "")
    source = None if parent is None else parent.messages.get(thread.id)
    if source is not None:
        source.thread = None
        source.flags &= ~MessageFlag.HAS_THREAD
    payload: Json = {
        "id": thread.id,
        "guild_id": guild.id,
        "parent_id": thread.parent_id,
        "type": int(thread.type),
    }
    world.announce("THREAD_DELETE", payload, audience)
    del guild.threads[thread.id], world.channels[thread.id]
    hand.note(AuditAction.THREAD_DELETE, thread.id, before=_described(thread))


def heard(world: World, thread: Channel, message: Message) -> None:
    """Note that something was said: an archived thread opens, and author and mentioned members join it."""
    guild = world.guild_of(thread)
    if thread.thread is None or guild is None:
        return
    if thread.began_with(message) or message.only_for is not None:
        return
    thread.thread.messages_ever += 1
    if thread.thread.is_archived:
        _changes(world, guild, thread, lambda: _unarchive(thread))
    parent = guild.channels.get(thread.parent_id or "")
    for user in (message.author, *message.mentions):
        if user.id in guild.members and (parent is None or user.id in InChannel(guild, parent)):
            join(world, guild, thread, user)


def settle(world: World, guild: Guild) -> None:
    """Archive the threads in which nothing happened for as long as they say.

    Discord does it in its own time; the sandbox, when somebody looks at a guild's threads.
    """
    for thread in guild.threads.values():
        of = record(thread)
        last = thread.last_message_id
        quiet_since = max(of.archive_changed_at, of.created_at if last is None else made_at(last))
        is_over = realtime.now() - quiet_since >= timedelta(minutes=of.auto_archive_minutes)
        if is_over and not of.is_archived:
            _changes(world, guild, thread, lambda of=of: setattr(of, "is_archived", True))


def give_lists(world: World, guild: Guild, parent: Channel, gained: Audience) -> None:
    """Send the active threads of a channel to those who may view it only now."""
    running = [
        one for one in guild.threads.values() if one.parent_id == parent.id and not record(one).is_archived
    ]
    if not running:
        return
    members = dict.fromkeys(one for thread in running for one in record(thread).members)
    for user_id in members:
        if user_id in gained:
            world.announce("THREAD_LIST_SYNC", _list(guild, parent, running, user_id), [user_id])
    world.announce("THREAD_LIST_SYNC", _list(guild, parent, running, ""), ButNot(gained, members))


def _list(guild: Guild, parent: Channel, running: list[Channel], user_id: str) -> Json:
    seen = [one for one in running if not one.is_private or user_id in record(one).members]
    return {
        "guild_id": guild.id,
        "channel_ids": [parent.id],
        "threads": [payloads.channel(one, seen_by=user_id) for one in seen],
        "members": memberships(seen, user_id),
    }


def _unarchive(thread: Channel) -> None:
    record(thread).is_archived = False


def _announce(world: World, event: str, guild: Guild, thread: Channel, **more: object) -> None:
    """Announce a thread to those who may see it; each member is shown their own membership with it."""
    audience, members = InChannel(guild, thread), list(record(thread).members)
    for user_id in members:
        if user_id in audience:
            payload = {**payloads.channel(thread, seen_by=user_id), **more}
            world.announce(event, payload, only([user_id]))
    payload = {**payloads.channel(thread, seen_by=""), **more}
    world.announce(event, payload, ButNot(audience, members))


def _announce_members(
    world: World,
    guild: Guild,
    thread: Channel,
    *,
    added: Iterable[str] = (),
    removed: Iterable[str] = (),
) -> None:
    members = record(thread).members
    body: Json = {
        "id": thread.id,
        "guild_id": guild.id,
        "member_count": min(len(members), payloads.COUNTED_MEMBERS),
    }
    joined = [
        {**payloads.thread_member(members[one], thread.id, member=guild.members.get(one)), "presence": None}
        for one in added
    ]
    gone = list(removed)
    body |= {"added_members": joined} if joined else {}
    body |= {"removed_member_ids": gone} if gone else {}
    audience = InChannel(guild, thread)
    world.announce("THREAD_MEMBERS_UPDATE", body, audience)
    world.announce("THREAD_MEMBERS_UPDATE", body, [one for one in gone if one not in audience])


def _described(thread: Channel) -> Json:
    body = payloads.channel(thread, seen_by="")
    told = {key: body[key] for key in TOLD_OF if key in body}
    return told | {
        key: body["thread_metadata"][key] for key in TOLD_OF_METADATA if key in body["thread_metadata"]
    }
