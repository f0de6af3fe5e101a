"""Guilds, their channels, roles and members."""

from acore.sandbox import payloads
from acore.sandbox.api.refusals import ApiError, Refusal
from acore.sandbox.api.table import Answer, Audience, Call, Routes
from acore.sandbox.shapes import as_flag, as_int

routes = Routes()


@routes.on("GET", "/guilds/{guild_id}", Audience.EITHER)
def get_guild(call: Call) -> Answer:
    """Return a guild, with counts if asked for."""
    guild = call.guild()
    body = payloads.guild(guild)
    if as_flag(call.query.get("with_counts")):
        online = [one for one in guild.members.values() if one.user.presence["status"] != "offline"]
        body |= {"approximate_member_count": len(guild.members), "approximate_presence_count": len(online)}
    return Answer(body)


@routes.on("GET", "/guilds/{guild_id}/channels", Audience.EITHER)
def get_channels(call: Call) -> Answer:
    """Return a guild's channels."""
    channels = call.guild().channels.values()
    return Answer([payloads.channel(one, seen_by=call.caller.id) for one in channels])


@routes.on("GET", "/guilds/{guild_id}/roles", Audience.EITHER)
def get_roles(call: Call) -> Answer:
    """Return a guild's roles."""
    return Answer([payloads.role(one) for one in call.guild().roles.values()])


@routes.on("GET", "/guilds/{guild_id}/members", Audience.BOT)
def get_members(call: Call) -> Answer:
    """Return a guild's members, in the order of their ids."""
    after, limit = as_int(call.query.get("after")), as_int(call.query.get("limit"), 1)
    members = sorted(call.guild().members.values(), key=lambda one: int(one.user.id))
    page = [one for one in members if int(one.user.id) > after][:limit]
    return Answer([payloads.member(one) for one in page])


@routes.on("GET", "/guilds/{guild_id}/members/{user_id}", Audience.EITHER)
def get_member(call: Call) -> Answer:
    """Return one member."""
    member = call.guild().members.get(call.path["user_id"])
    if member is None:
        raise ApiError(Refusal.UNKNOWN_MEMBER)
    return Answer(payloads.member(member))
