"""What members are shown when they may view a channel only now, or may no longer.

A client is told of every channel; of one that it may not view, only that it exists. The active threads of a
channel come with it (Discord's documentation, "Channel Visibility" and "Thread List Sync").
"""

from collections.abc import Iterable
from dataclasses import replace

from acore.sandbox import payloads
from acore.sandbox.permissions import rules as permissions
from acore.sandbox.permissions.rules import Permission
from acore.sandbox.state import threads
from acore.sandbox.state.audience import Audience, ButNot, InChannel, Viewers, only
from acore.sandbox.state.records import Channel, Guild, Member, Role
from acore.sandbox.state.world import World


def before_change(guild: Guild, role: Role) -> Guild:
    """Return a guild as it is, for `tell_all` after the permissions of one of its roles have changed."""
    return replace(guild, roles={**guild.roles, role.id: replace(role)})


def before_removal(guild: Guild, role: Role) -> Guild:
    """Return a guild as it is, for `tell_all` after one of its roles is gone."""
    return replace(
        guild,
        roles=dict(guild.roles),
        members={key: _member_before(one, role) for key, one in guild.members.items()},
        channels={key: replace(one, overwrites=dict(one.overwrites)) for key, one in guild.channels.items()},
    )


def tell_all(world: World, was: Guild, now: Guild, channels: Iterable[Channel] | None = None) -> None:
    """Show everybody what they may view only now, and hide what they may not any more.

    Args:
        world: tells it.
        was: the guild as it was.
        now: the same guild as it is.
        channels: which of its channels are looked at; all by default.
    """
    for channel in now.channels.values() if channels is None else channels:
        before = Viewers(was, was.channels[channel.id])
        after = Viewers(now, channel)
        _show(world, now, channel, ButNot(after, before))
        _hide(world, channel, ButNot(before, after))


def tell_member(world: World, guild: Guild, was: Member, now: Member) -> None:
    """Show one member, as they were and as they are, what they may view only now, and hide the rest."""
    for channel in guild.channels.values():
        before = permissions.may_view(guild, was, channel)
        after = permissions.may_view(guild, now, channel)
        if after and not before:
            _show(world, guild, channel, only([now.user.id]))
        elif before and not after:
            _hide(world, channel, only([now.user.id]))


def tell_overwritten(world: World, guild: Guild, was: Channel, now: Channel) -> None:
    """Show the category and the threads of a channel to whom it was just announced as one they may view."""
    before = replace(guild, channels={**guild.channels, was.id: was})
    parent = guild.channels.get(now.parent_id or "")
    if parent is not None:
        tell_all(world, before, guild, [parent])
    threads.give_lists(world, guild, now, ButNot(InChannel(guild, now), InChannel(before, was)))


def changes_sight(was: Role, now: Role) -> bool:
    """Return whether a role's change may let its members view more or fewer channels."""
    seeing = Permission.VIEW_CHANNEL | Permission.ADMINISTRATOR
    return bool((was.permissions ^ now.permissions) & seeing)


def _member_before(member: Member, role: Role) -> Member:
    return replace(member, role_ids=list(member.role_ids)) if role.id in member.role_ids else member


def _show(world: World, guild: Guild, channel: Channel, audience: Audience) -> None:
    world.announce("CHANNEL_UPDATE", payloads.channel(channel, seen_by=""), audience)
    threads.give_lists(world, guild, channel, audience)


def _hide(world: World, channel: Channel, audience: Audience) -> None:
    world.announce("CHANNEL_UPDATE", payloads.hidden_channel(channel), audience)
