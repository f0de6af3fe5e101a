"""Making, changing and deleting a guild's channels, and telling whoever hears of it."""

from collections.abc import Callable, Iterable
from dataclasses import replace

from acore.sandbox import payloads
from acore.sandbox.shapes import Json
from acore.sandbox.state import invites, sights, voice
from acore.sandbox.state.audience import ButNot, Viewers
from acore.sandbox.state.hand import Hand
from acore.sandbox.state.kinds import AuditAction, ChannelType
from acore.sandbox.state.records import Channel, Guild, Overwrite, User
from acore.sandbox.state.world import World

UNCHANGING = ("id", "guild_id", "last_message_id", "last_pin_timestamp", "permission_overwrites")
"""Keys of a channel's payload that the audit log does not tell of as changes of the channel."""
POINTERS = (
    "system_channel_id",
    "rules_channel_id",
    "public_updates_channel_id",
    "safety_alerts_channel_id",
    "afk_channel_id",
    "widget_channel_id",
)
"""Settings of a guild that name a channel."""


def add(hand: Hand, channel: Channel) -> None:
    """Put a new channel into a guild."""
    hand.guild.channels[channel.id] = hand.world.channels[channel.id] = channel
    announce(hand.world, "CHANNEL_CREATE", hand.guild, channel)
    hand.note(AuditAction.CHANNEL_CREATE, channel.id, after=_described(channel))


def change(hand: Hand, channel: Channel, apply: Callable[[], None]) -> None:
    """Let *apply* change a channel's record, and tell of what is different afterwards.

    Those who may view it only now are given its threads.
    """
    before = replace(channel, overwrites=dict(channel.overwrites), extra=dict(channel.extra))
    apply()
    old, new = _described(before), _described(channel)
    overwritten = _overwritten(before, channel)
    if old == new and not overwritten:
        return
    announce(hand.world, "CHANNEL_UPDATE", hand.guild, channel)
    if old != new:
        hand.note(AuditAction.CHANNEL_UPDATE, channel.id, before=old, after=new)
    for overwrite_id in overwritten:
        _note_overwrite(hand, before, channel, overwrite_id)
    if overwritten:
        sights.tell_overwritten(hand.world, hand.guild, before, channel)


def put_in_order(hand: Hand, moved: Iterable[tuple[Channel, Callable[[], None]]]) -> None:
    """Let each channel be moved, and tell of those that stand elsewhere afterwards."""
    for channel, move in moved:
        before = replace(channel, overwrites=dict(channel.overwrites))
        move()
        overwritten = _overwritten(before, channel)
        if (before.position, before.parent_id) != (channel.position, channel.parent_id) or overwritten:
            announce(hand.world, "CHANNEL_UPDATE", hand.guild, channel)
        if overwritten:
            sights.tell_overwritten(hand.world, hand.guild, before, channel)


def delete(hand: Hand, channel: Channel) -> None:
    """Delete a channel with its threads, webhooks and invites; a category's channels stay without one."""
    world, guild = hand.world, hand.guild
    for child in guild.channels.values():
        if child.parent_id == channel.id:
            child.parent_id = None
            announce(world, "CHANNEL_UPDATE", guild, child)
    for thread in [one for one in guild.threads.values() if one.parent_id == channel.id]:
        del guild.threads[thread.id], world.channels[thread.id]
    world.webhooks = {key: one for key, one in world.webhooks.items() if one.channel_id != channel.id}
    for invite in [one for one in world.invites.values() if one.channel_id == channel.id]:
        invites.forget(world, invite)
    voice.empty(world, guild, channel)
    announce(world, "CHANNEL_DELETE", guild, channel)
    del guild.channels[channel.id], world.channels[channel.id]
    hand.note(AuditAction.CHANNEL_DELETE, channel.id, before=_described(channel))
    pointing = [key for key in POINTERS if guild.settings.get(key) == channel.id]
    if pointing:
        guild.settings.update(dict.fromkeys(pointing))
        world.announce("GUILD_UPDATE", payloads.guild(guild), guild.members)


def close(world: World, channel: Channel, by: User) -> None:
    """Close a direct message channel for one of its users; it opens again when it is needed."""
    world.announce("CHANNEL_DELETE", payloads.channel(channel, seen_by=by.id), [by.id])


def announce(world: World, event: str, guild: Guild, channel: Channel) -> None:
    """Announce a channel to those who may view it; the others are only told that there is one."""
    viewers = Viewers(guild, channel)
    world.announce(event, payloads.channel(channel, seen_by=""), viewers)
    world.announce(event, payloads.hidden_channel(channel), ButNot(guild.members, viewers))


def next_position(guild: Guild, kind: ChannelType) -> int:
    """Return the position of a new channel: below those it is shown among."""
    is_category = kind is ChannelType.GUILD_CATEGORY
    alike = [
        one.position
        for one in guild.channels.values()
        if (one.type is ChannelType.GUILD_CATEGORY) == is_category
    ]
    return max(alike, default=-1) + 1


def _described(channel: Channel) -> Json:
    body = payloads.channel(channel, seen_by="")
    return {key: value for key, value in body.items() if key not in UNCHANGING}


def _overwritten(before: Channel, after: Channel) -> list[str]:
    """Return the ids of the overwrites that are new, changed or gone."""
    ids = dict.fromkeys([*before.overwrites, *after.overwrites])
    return [one for one in ids if _bits(before.overwrites.get(one)) != _bits(after.overwrites.get(one))]


def _bits(overwrite: Overwrite | None) -> tuple[int, int] | None:
    return None if overwrite is None else (overwrite.allow, overwrite.deny)


def _note_overwrite(hand: Hand, before: Channel, after: Channel, overwrite_id: str) -> None:
    old, new = before.overwrites.get(overwrite_id), after.overwrites.get(overwrite_id)
    action = AuditAction.CHANNEL_OVERWRITE_UPDATE
    if old is None:
        action = AuditAction.CHANNEL_OVERWRITE_CREATE
    elif new is None:
        action = AuditAction.CHANNEL_OVERWRITE_DELETE
    was, now = ({} if one is None else payloads.overwrite(one) for one in (old, new))
    options: Json = {"id": overwrite_id, "type": str((was | now)["type"])}
    role = hand.guild.roles.get(overwrite_id)
    if role is not None:
        options["role_name"] = role.name
    hand.note(action, after.id, before=was, after=now, options=options)
