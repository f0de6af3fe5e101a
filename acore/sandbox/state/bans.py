"""Banning people, with what they said, and letting them come back."""

from datetime import timedelta

from acore.sandbox import payloads, realtime
from acore.sandbox.shapes import Json
from acore.sandbox.state.hand import Hand
from acore.sandbox.state.kinds import AuditAction
from acore.sandbox.state.records import Ban, Channel, User
from acore.sandbox.state.snowflakes import made_at


def ban(hand: Hand, user: User, *, delete_message_seconds: int = 0) -> None:
    """Ban a user, member or not, and delete what they said in the last seconds; once is enough."""
    if user.id in hand.guild.bans:
        return
    hand.guild.bans[user.id] = Ban(user, hand.reason)
    _announce(hand, "GUILD_BAN_ADD", user)
    if user.id in hand.guild.members:
        hand.world.remove_member(hand.guild, user)
    if delete_message_seconds:
        for channel in (*hand.guild.channels.values(), *hand.guild.threads.values()):
            _delete_messages(hand, channel, user, delete_message_seconds)
    hand.note(AuditAction.MEMBER_BAN_ADD, user.id)


def unban(hand: Hand, user: User) -> None:
    """Let a user come back.

    Raises:
        KeyError: the user is not banned.
    """
    del hand.guild.bans[user.id]
    _announce(hand, "GUILD_BAN_REMOVE", user)
    hand.note(AuditAction.MEMBER_BAN_REMOVE, user.id)


def _announce(hand: Hand, event: str, user: User) -> None:
    payload: Json = {"guild_id": hand.guild.id, "user": payloads.user(user)}
    hand.world.announce(event, payload, hand.guild.members)


def _delete_messages(hand: Hand, channel: Channel, user: User, seconds: int) -> None:
    since = realtime.now() - timedelta(seconds=seconds)
    gone = [one for one in channel.messages.values() if one.author is user and made_at(one.id) >= since]
    for message in gone:
        del channel.messages[message.id]
    seen = [one.id for one in gone if one.only_for is None]
    if seen:
        payload: Json = {"ids": seen, "channel_id": channel.id, "guild_id": hand.guild.id}
        hand.world.announce("MESSAGE_DELETE_BULK", payload, hand.world.audience(channel))
