"""Invites: making them, letting people in with them, and taking them back."""

from acore.sandbox import payloads, realtime
from acore.sandbox.permissions.rules import Permission
from acore.sandbox.shapes import Json
from acore.sandbox.state.audience import InChannel
from acore.sandbox.state.hand import Hand
from acore.sandbox.state.kinds import AuditAction
from acore.sandbox.state.records import Channel, Guild, Invite, User
from acore.sandbox.state.world import World

ALPHABET = "ABCDEFGHJKLMNPQRSTUVWXYZabcdefghjkmnpqrstuvwxyz23456789"
CODE_LENGTH = 8


def listed(world: World, guild: Guild, channel: Channel | None = None) -> list[Invite]:
    """Return the invites into a guild, or to one of its channels, that still count."""
    return [
        one
        for one in list(world.invites.values())
        if one.guild_id == guild.id
        and (channel is None or one.channel_id == channel.id)
        and find(world, one.code) is not None
    ]


def find(world: World, code: str) -> Invite | None:
    """Return the invite with this code, if it still counts; one whose time is over is forgotten."""
    invite = world.invites.get(code)
    if invite is not None and invite.expires_at is not None and invite.expires_at <= realtime.now():
        del world.invites[code]
        return None
    return invite


def add(hand: Hand, channel: Channel, *, max_age: int, max_uses: int, is_temporary: bool) -> Invite:
    """Make an invite to a channel; those hear of it who manage the channel.

    Args:
        hand: who invites.
        channel: where those come first who follow it.
        max_age: seconds for which it counts; 0 for ever.
        max_uses: how many may come with it; 0 for any number.
        is_temporary: whether those who come are to go when they leave, unless they got a role.
    """
    invite = Invite(
        code=_new_code(hand.world),
        guild_id=hand.guild.id,
        channel_id=channel.id,
        inviter=hand.user,
        created_at=realtime.now(),
        max_age=max_age,
        max_uses=max_uses,
        is_temporary=is_temporary,
    )
    hand.world.invites[invite.code] = invite
    hand.world.announce("INVITE_CREATE", payloads.invite_create(invite), _managers(hand.guild, channel))
    hand.note(AuditAction.INVITE_CREATE, None, after=_described(invite))
    return invite


def delete(hand: Hand, invite: Invite) -> None:
    """Take an invite back."""
    forget(hand.world, invite)
    hand.note(AuditAction.INVITE_DELETE, None, before=_described(invite))


def forget(world: World, invite: Invite) -> None:
    """Let an invite count no longer, because it was taken back or used up."""
    del world.invites[invite.code]
    guild, channel = world.guilds[invite.guild_id], world.channels[invite.channel_id]
    payload: Json = {"channel_id": channel.id, "guild_id": guild.id, "code": invite.code}
    world.announce("INVITE_DELETE", payload, _managers(guild, channel))


def follow(world: World, invite: Invite, user: User) -> None:
    """Let a user in with an invite.

    Raises:
        ApiError: code 40007, they are banned.
    """
    guild = world.guilds[invite.guild_id]
    world.add_member(guild, user)
    invite.uses += 1
    if invite.uses == invite.max_uses:
        forget(world, invite)


def _managers(guild: Guild, channel: Channel) -> InChannel:
    """Return who hears of a channel's invites (Discord's documentation, "Invite Create")."""
    return InChannel(guild, channel, Permission.VIEW_CHANNEL | Permission.MANAGE_CHANNELS)


def _new_code(world: World) -> str:
    code = ""
    while len(code) < CODE_LENGTH or code in world.invites:
        number = world.randomness.bits(64)
        code = "".join(ALPHABET[number // len(ALPHABET) ** at % len(ALPHABET)] for at in range(CODE_LENGTH))
    return code


def _described(invite: Invite) -> Json:
    return {
        "code": invite.code,
        "channel_id": invite.channel_id,
        "inviter_id": invite.inviter.id,
        "uses": invite.uses,
        "max_uses": invite.max_uses,
        "max_age": invite.max_age,
        "temporary": invite.is_temporary,
    }
