"""Channels, threads and those who joined them, as Discord shows them."""

from acore.sandbox.payloads.users import member as guild_member
from acore.sandbox.payloads.users import user
from acore.sandbox.realtime import iso
from acore.sandbox.shapes import Json
from acore.sandbox.state.kinds import FORUMS, VOICE, ChannelFlag, ChannelType, OverwriteType
from acore.sandbox.state.records import Channel, Member, Overwrite, Thread, ThreadMember

COUNTED_MEMBERS = 50
"""Discord stops counting a thread's members there (Discord's documentation, "Channel Object")."""
HIDDEN_NAME = "___hidden___"
VIEW_CHANNEL = 1 << 10
VOICE_DEFAULTS: Json = {"bitrate": 64000, "user_limit": 0, "rtc_region": None, "video_quality_mode": 1}
FORUM_DEFAULTS: Json = {
    "available_tags": [],
    "default_reaction_emoji": None,
    "default_sort_order": None,
    "default_forum_layout": 0,
    "default_tag_setting": None,
    "default_thread_rate_limit_per_user": 0,
}


def overwrite(of: Overwrite) -> Json:
    """Return what a channel allows and denies somebody."""
    return {"id": of.id, "type": int(of.type), "allow": str(of.allow), "deny": str(of.deny)}


def channel(of: Channel, *, seen_by: str) -> Json:
    """Return a channel; in a direct message the one who looks is no recipient.

    Args:
        of: the channel or thread.
        seen_by: the id of who looks, "" if it is shown to many; a thread tells whether they joined it.
    """
    if of.type is ChannelType.DM:
        return {
            "id": of.id,
            "type": int(of.type),
            "flags": 0,
            "last_message_id": of.last_message_id,
            "last_pin_timestamp": None if of.last_pin_at is None else iso(of.last_pin_at),
            "recipients": [user(who) for who in of.recipients if who.id != seen_by],
        }
    if of.thread is not None:
        return _thread(of, of.thread, seen_by)
    body: Json = {
        "id": of.id,
        "type": int(of.type),
        "guild_id": of.guild_id,
        "name": of.name,
        "position": of.position,
        "flags": of.flags,
        "parent_id": of.parent_id,
        "permission_overwrites": [overwrite(one) for one in of.overwrites.values()],
    }
    if of.type is not ChannelType.GUILD_CATEGORY:
        body |= {
            "topic": of.topic,
            "nsfw": of.nsfw,
            "last_message_id": of.last_message_id,
            "rate_limit_per_user": of.slowmode_seconds,
        }
        if of.type in VOICE:
            body |= VOICE_DEFAULTS
        else:
            body["last_pin_timestamp"] = None if of.last_pin_at is None else iso(of.last_pin_at)
        if of.type in FORUMS:
            body |= FORUM_DEFAULTS
    return body | of.extra


def hidden_channel(of: Channel) -> Json:
    """Return what the gateway tells of a channel to those who may not view it.

    After Discord's documentation, "Obfuscated Channels", which holds since 16 November 2026.
    """
    hiding = Overwrite(id=of.guild_id or "", type=OverwriteType.ROLE, deny=VIEW_CHANNEL)
    return {
        "id": of.id,
        "type": int(of.type),
        "guild_id": of.guild_id,
        "name": HIDDEN_NAME,
        "position": of.position,
        "flags": int(ChannelFlag.OBFUSCATED),
        "parent_id": of.parent_id,
        "permission_overwrites": [overwrite(hiding)],
    }


def thread_member(of: ThreadMember, thread_id: str, *, member: Member | None = None) -> Json:
    """Return somebody who joined a thread, with their place in the guild if it is given."""
    body: Json = {
        "id": thread_id,
        "user_id": of.user_id,
        "join_timestamp": iso(of.joined_at),
        "flags": of.flags,
    }
    if member is not None:
        body["member"] = guild_member(member)
    return body


def _thread(of: Channel, thread: Thread, seen_by: str) -> Json:
    told: Json = {
        "archived": thread.is_archived,
        "archive_timestamp": iso(thread.archive_changed_at),
        "auto_archive_duration": thread.auto_archive_minutes,
        "locked": thread.is_locked,
        "create_timestamp": iso(thread.created_at),
    }
    if of.type is ChannelType.PRIVATE_THREAD:
        told["invitable"] = thread.is_invitable
    body: Json = {
        "id": of.id,
        "type": int(of.type),
        "guild_id": of.guild_id,
        "parent_id": of.parent_id,
        "owner_id": thread.owner_id,
        "name": of.name,
        "flags": of.flags,
        "last_message_id": of.last_message_id,
        "last_pin_timestamp": None if of.last_pin_at is None else iso(of.last_pin_at),
        "rate_limit_per_user": of.slowmode_seconds,
        "message_count": of.message_count,
        "member_count": min(len(thread.members), COUNTED_MEMBERS),
        "total_message_sent": thread.messages_ever,
        "thread_metadata": told,
    }
    if thread.is_post:
        body["applied_tags"] = list(thread.applied_tag_ids)
    if seen_by in thread.members:
        body["member"] = thread_member(thread.members[seen_by], of.id)
    return body


def partial_channel(of: Channel, bits: int) -> Json:
    """Return a channel as an interaction carries it, with the permissions someone has in it."""
    if of.type is ChannelType.DM:
        return {"id": of.id, "type": int(of.type), "permissions": str(bits)}
    return {**channel(of, seen_by=""), "permissions": str(bits)}
