"""Invites: making, finding, following and deleting them."""

from acore.sandbox import payloads
from acore.sandbox.api.table import Answer, Audience, Call, Routes
from acore.sandbox.forms.form import Form
from acore.sandbox.permissions import rules as permissions
from acore.sandbox.permissions.rules import Permission
from acore.sandbox.refusals import ApiError, Refusal
from acore.sandbox.shapes import Json, as_flag, as_int
from acore.sandbox.state import invites
from acore.sandbox.state.kinds import MessageType
from acore.sandbox.state.records import Invite

DEFAULT_AGE = 86400  # Discord's documentation, "Create Channel Invite"
MAX_AGE = 5_184_000  # Discord's API description, CreateGuildInviteRequest
MAX_USES = 100  # Discord's documentation, "Create Channel Invite"
MAX_INVITES = 1000  # Discord's documentation, "JSON Error Codes", 30016
MAX_GUILDS = 100  # the same, 30001
SAYS_NOTHING_OF_JOINS = 1 << 0  # Discord's documentation, "System Channel Flags"

routes = Routes()

SEEING = (Refusal.UNKNOWN_CHANNEL, Refusal.MISSING_ACCESS, Refusal.CANNOT_ACT_ON_CHANNEL_TYPE)


@routes.on(
    "POST",
    "/channels/{channel_id}/invites",
    Audience.EITHER,
    refuses=(*SEEING, Refusal.MISSING_PERMISSIONS, Refusal.INVALID_FORM, Refusal.TOO_MANY_INVITES),
)
def create_invite(call: Call) -> Answer:
    """Make an invite, or return one of the caller's that is just like it."""
    guild, channel = call.guild_channel()
    call.require(Permission.CREATE_INSTANT_INVITE, channel)
    form = Form.of(call.form)
    form.number("max_age", 0, MAX_AGE)
    form.number("max_uses", 0, MAX_USES)
    form.flag("temporary")
    form.flag("unique")
    sent = form.read()
    max_age = DEFAULT_AGE if sent.get("max_age") is None else sent["max_age"]
    wanted = (max_age, sent.get("max_uses") or 0, bool(sent.get("temporary")))
    there = invites.listed(call.world, guild)
    if not sent.get("unique"):
        for one in there:
            is_own = one.inviter is call.caller and one.channel_id == channel.id
            if is_own and (one.max_age, one.max_uses, one.is_temporary) == wanted:
                return Answer(_with_usage(call, one))
    if len(there) >= MAX_INVITES:
        raise ApiError(Refusal.TOO_MANY_INVITES)
    invite = invites.add(
        call.hand(guild), channel, max_age=max_age, max_uses=wanted[1], is_temporary=wanted[2]
    )
    return Answer(_with_usage(call, invite))


@routes.on(
    "GET",
    "/channels/{channel_id}/invites",
    Audience.EITHER,
    refuses=(*SEEING, Refusal.MISSING_PERMISSIONS),
)
def get_channel_invites(call: Call) -> Answer:
    """Return the invites to a channel."""
    guild, channel = call.guild_channel()
    call.require(Permission.MANAGE_CHANNELS, channel)
    return Answer([_with_usage(call, one) for one in invites.listed(call.world, guild, channel)])


@routes.on(
    "GET",
    "/guilds/{guild_id}/invites",
    Audience.EITHER,
    refuses=(Refusal.UNKNOWN_GUILD, Refusal.MISSING_PERMISSIONS),
)
def get_guild_invites(call: Call) -> Answer:
    """Return the invites into a guild."""
    guild = call.guild()
    call.require(Permission.MANAGE_GUILD, guild)
    return Answer([_with_usage(call, one) for one in invites.listed(call.world, guild)])


@routes.on("GET", "/invites/{code}", Audience.EITHER, refuses=(Refusal.UNKNOWN_INVITE,))
def get_invite(call: Call) -> Answer:
    """Return an invite to whoever knows its code."""
    return Answer(_payload(call, _found(call), with_counts=as_flag(call.query.get("with_counts"))))


@routes.on(
    "DELETE",
    "/invites/{code}",
    Audience.EITHER,
    refuses=(Refusal.UNKNOWN_INVITE, Refusal.MISSING_ACCESS, Refusal.MISSING_PERMISSIONS),
)
def delete_invite(call: Call) -> Answer:
    """Take an invite back: who manages its channel may, or the whole guild."""
    invite = _found(call)
    guild, channel = call.world.guilds[invite.guild_id], call.world.channels[invite.channel_id]
    member = guild.members.get(call.caller.id)
    if member is None:
        raise ApiError(Refusal.MISSING_ACCESS)
    manages_guild = permissions.of_member(guild, member) & Permission.MANAGE_GUILD
    if not manages_guild:
        call.require(Permission.MANAGE_CHANNELS, channel)
    body = _payload(call, invite)
    invites.delete(call.hand(guild), invite)
    return Answer(body)


@routes.on(
    "POST",
    "/invites/{code}",
    Audience.PERSON,
    refuses=(Refusal.UNKNOWN_INVITE, Refusal.TOO_MANY_GUILDS, Refusal.USER_IS_BANNED),
)
def follow_invite(call: Call) -> Answer:
    """Come into a guild; its system channel tells of it."""
    world, invite = call.world, _found(call)
    guild = world.guilds[invite.guild_id]
    body = _payload(call, invite)
    if call.caller.id in guild.members:
        return Answer(body)
    if len(world.guilds_of(call.caller.id)) >= MAX_GUILDS:
        raise ApiError(Refusal.TOO_MANY_GUILDS)
    invites.follow(world, invite, call.caller)
    tells_of_it = not as_int(payloads.setting(guild, "system_channel_flags")) & SAYS_NOTHING_OF_JOINS
    channel = guild.channels.get(str(payloads.setting(guild, "system_channel_id")))
    if channel is not None and tells_of_it:
        call.house.messages.say_for_system(channel, call.caller, MessageType.USER_JOIN, None)
    return Answer(body)


def _found(call: Call) -> Invite:
    invite = invites.find(call.world, call.path["code"])
    if invite is None:
        raise ApiError(Refusal.UNKNOWN_INVITE)
    return invite


def _payload(call: Call, invite: Invite, *, with_counts: bool = False) -> Json:
    guild, channel = call.world.guilds[invite.guild_id], call.world.channels[invite.channel_id]
    return payloads.invite(invite, guild, channel, with_counts=with_counts)


def _with_usage(call: Call, invite: Invite) -> Json:
    return _payload(call, invite) | payloads.usage(invite)
