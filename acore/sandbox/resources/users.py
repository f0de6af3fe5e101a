"""Users, and the direct messages between two of them."""

from acore.sandbox import payloads
from acore.sandbox.api.refusals import ApiError, Refusal, invalid
from acore.sandbox.api.table import Answer, Audience, Call, Routes
from acore.sandbox.shapes import as_list, as_snowflake

routes = Routes()


@routes.on("GET", "/users/@me", Audience.EITHER)
def get_own_user(call: Call) -> Answer:
    """Return who asks."""
    return Answer(payloads.own_user(call.caller))


@routes.on("GET", "/users/@me/guilds", Audience.EITHER)
def get_own_guilds(call: Call) -> Answer:
    """Return the guilds of whoever asks."""
    user = call.caller
    guilds = call.house.world.guilds_of(user.id)
    return Answer([payloads.own_guild(guild, guild.members[user.id]) for guild in guilds])


@routes.on("GET", "/users/{user_id}", Audience.EITHER)
def get_user(call: Call) -> Answer:
    """Return any user."""
    user = call.house.world.users.get(call.path["user_id"])
    if user is None:
        raise ApiError(Refusal.UNKNOWN_USER)
    return Answer(payloads.user(user))


@routes.on("POST", "/users/@me/channels", Audience.EITHER)
def open_direct_channel(call: Call) -> Answer:
    """Open the direct message channel with somebody."""
    recipients = as_list(call.form.get("recipients"))
    recipient_id = as_snowflake(call.form.get("recipient_id") or (recipients[0] if recipients else None))
    if recipient_id is None:
        raise invalid(("recipient_id",), "This field is required")
    world, caller = call.house.world, call.caller
    recipient = world.users.get(recipient_id)
    if recipient is None:
        raise ApiError(Refusal.UNKNOWN_USER)
    if recipient is caller:
        raise ApiError(Refusal.CANNOT_MESSAGE_USER)
    channel = world.direct_channel(caller, recipient)
    return Answer(payloads.channel(channel, seen_by=caller.id))
