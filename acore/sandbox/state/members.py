"""Changing members, giving and taking their roles, and sending them away."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta

from acore.sandbox import realtime
from acore.sandbox.realtime import iso
from acore.sandbox.shapes import Json
from acore.sandbox.state import sights, voice
from acore.sandbox.state.hand import Hand
from acore.sandbox.state.kinds import AuditAction
from acore.sandbox.state.records import Channel, Guild, Member, User
from acore.sandbox.state.snowflakes import made_at
from acore.sandbox.state.world import World


def edit(hand: Hand, member: Member, values: Mapping[str, object]) -> None:
    """Change fields of a member, by their names; if none differs, nobody hears of it."""
    before, roles_before, was = _told(member), list(member.role_ids), replace(member)
    pictures_before = (member.avatar, member.banner, member.flags)
    for name, value in values.items():
        setattr(member, name, value)
    after = _told(member)
    is_other = before != after or pictures_before != (member.avatar, member.banner, member.flags)
    if is_other or roles_before != member.role_ids:
        hand.world.announce_member(hand.guild, member)
    if before != after:
        hand.note(AuditAction.MEMBER_UPDATE, member.user.id, before=before, after=after)
    _note_roles(hand, member, roles_before)
    if roles_before != member.role_ids:
        sights.tell_member(hand.world, hand.guild, replace(was, role_ids=roles_before), member)


def move(hand: Hand, member: Member, channel: Channel | None) -> None:
    """Move a member to another voice channel, or disconnect them; nothing if they are in none."""
    if voice.move_member(hand.world, hand.guild, member, channel):
        options: Json = {"count": "1"} | ({} if channel is None else {"channel_id": channel.id})
        action = AuditAction.MEMBER_DISCONNECT if channel is None else AuditAction.MEMBER_MOVE
        hand.note(action, None, options=options)


def set_roles(hand: Hand, member: Member, role_ids: Sequence[str]) -> None:
    """Let a member have just these roles."""
    if set(role_ids) != set(member.role_ids):
        edit(hand, member, {"role_ids": list(role_ids)})


def leave(world: World, guild: Guild, user: User) -> None:
    """Let a member go, by their own will."""
    world.remove_member(guild, user)


def kick(hand: Hand, member: Member) -> None:
    """Send a member away, who may come back."""
    hand.world.remove_member(hand.guild, member.user)
    hand.note(AuditAction.MEMBER_KICK, member.user.id)


def prune(hand: Hand, gone: Sequence[Member], days: int) -> None:
    """Send all these members away for not having been there for so many days."""
    for member in gone:
        hand.world.remove_member(hand.guild, member.user)
    options: Json = {"delete_member_days": str(days), "members_removed": str(len(gone))}
    hand.note(AuditAction.MEMBER_PRUNE, None, options=options)


def inactive(guild: Guild, days: int, with_role_ids: Iterable[str]) -> list[Member]:
    """Return the members that a prune would send away.

    Those who were not there for *days*, have no role but these, and are neither bots nor the owner. Somebody
    was there who is online, has joined or has said something since.
    """
    since = realtime.now() - timedelta(days=days)
    spoke = {
        message.author.id
        for channel in (*guild.channels.values(), *guild.threads.values())
        for message in channel.messages.values()
        if made_at(message.id) >= since
    }
    harmless = set(with_role_ids)
    return [
        one
        for one in guild.members.values()
        if one.joined_at < since
        and one.user.presence["status"] == "offline"
        and one.user.id not in {*spoke, guild.owner_id}
        and not one.user.bot
        and harmless.issuperset(one.role_ids)
    ]


def _note_roles(hand: Hand, member: Member, before: list[str]) -> None:
    given = [one for one in member.role_ids if one not in before]
    taken = [one for one in before if one not in member.role_ids]
    after: Json = {}
    for key, role_ids in (("$add", given), ("$remove", taken)):
        if role_ids:
            after[key] = [{"id": one, "name": hand.guild.roles[one].name} for one in role_ids]
    if after:
        hand.note(AuditAction.MEMBER_ROLE_UPDATE, member.user.id, after=after)


def _told(member: Member) -> Json:
    """Return what the audit log tells of a member."""
    until = member.timed_out_until
    return {
        "nick": member.nick,
        "mute": member.mute,
        "deaf": member.deaf,
        "communication_disabled_until": None if until is None else iso(until),
    }
