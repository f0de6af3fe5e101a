"""Users: oneself and others, the guilds one is in, and the direct messages between two of them."""

from acore.sandbox import payloads
from acore.sandbox.api.table import NOTHING, Answer, Audience, Call, Routes
from acore.sandbox.forms import field_kinds, paging
from acore.sandbox.forms.fields import Fields
from acore.sandbox.refusals import ApiError, FormErrors, Refusal, invalid
from acore.sandbox.shapes import Json, as_flag, as_list, as_snowflake
from acore.sandbox.state import members, users

MAX_GUILDS = 200  # Discord's documentation, "Get Current User Guilds"
PICTURES = {"avatar": "avatars", "banner": "banners"}

routes = Routes()


@routes.on("GET", "/users/@me", Audience.EITHER)
def get_own_user(call: Call) -> Answer:
    """Return who asks."""
    return Answer(payloads.own_user(call.caller))


@routes.on("PATCH", "/users/@me", Audience.EITHER, refuses=(Refusal.INVALID_FORM,))
def edit_own_user(call: Call) -> Answer:
    """Change one's own name and pictures."""
    user = call.caller
    errors = FormErrors()
    fields = Fields(call.form, errors)
    username = fields.text("username", 2, 32)
    pictures = {key: field_kinds.picture(fields, key) for key in PICTURES}
    errors.raise_any()
    values: Json = {} if username is None else {"username": username}
    for key, picture in pictures.items():
        if key in call.form:
            values[key] = call.world.keep_picture(f"{PICTURES[key]}/{user.id}", picture)
    users.edit(call.world, user, values)
    return Answer(payloads.own_user(user))


@routes.on("GET", "/users/@me/guilds", Audience.EITHER, refuses=(Refusal.INVALID_FORM,))
def get_own_guilds(call: Call) -> Answer:
    """Return a page of the guilds of whoever asks, in the order of their ids."""
    user = call.caller
    page = paging.page(call.query, default=MAX_GUILDS, most=MAX_GUILDS)
    listed = sorted(call.world.guilds_of(user.id), key=lambda one: int(one.id))
    found = [one for one in listed if page.has(one.id)]
    shown = found[: page.limit] if page.before is None else found[-page.limit :]
    counted = as_flag(call.query.get("with_counts"))
    return Answer(
        [
            payloads.own_guild(guild, guild.members[user.id]) | (payloads.counts(guild) if counted else {})
            for guild in shown
        ]
    )


@routes.on(
    "DELETE",
    "/users/@me/guilds/{guild_id}",
    Audience.EITHER,
    refuses=(Refusal.UNKNOWN_GUILD, Refusal.INVALID_GUILD),
)
def leave_guild(call: Call) -> Answer:
    """Leave a guild; its owner cannot."""
    guild = call.guild()
    if guild.owner_id == call.caller.id:
        raise ApiError(Refusal.INVALID_GUILD)
    members.leave(call.world, guild, call.caller)
    return NOTHING


@routes.on(
    "GET",
    "/users/@me/guilds/{guild_id}/member",
    Audience.EITHER,
    refuses=(Refusal.UNKNOWN_GUILD, Refusal.BOTS_MAY_NOT),
)
def get_own_member(call: Call) -> Answer:
    """Return a person's own place in a guild; bots ask for theirs by their id."""
    if call.caller.bot:
        raise ApiError(Refusal.BOTS_MAY_NOT)
    guild = call.guild()
    body = payloads.member(guild.members[call.caller.id])
    return Answer({**body, "permissions": str(call.bits(guild))})


@routes.on("GET", "/users/{user_id}", Audience.EITHER, refuses=(Refusal.UNKNOWN_USER,))
def get_user(call: Call) -> Answer:
    """Return any user."""
    user = call.world.users.get(call.path["user_id"])
    if user is None:
        raise ApiError(Refusal.UNKNOWN_USER)
    return Answer(payloads.user(user))


@routes.on(
    "POST",
    "/users/@me/channels",
    Audience.EITHER,
    refuses=(Refusal.INVALID_RECIPIENTS, Refusal.CANNOT_MESSAGE_USER, Refusal.INVALID_FORM),
)
def open_direct_channel(call: Call) -> Answer:
    """Open the direct message channel with a person, or as a person with anybody."""
    recipients = as_list(call.form.get("recipients"))
    sent = call.form.get("recipient_id") or (recipients[0] if recipients else None)
    if sent is None:
        raise invalid(("recipient_id",), "This field is required")
    recipient = call.world.users.get(as_snowflake(sent) or "")
    if recipient is None:
        raise ApiError(Refusal.INVALID_RECIPIENTS)
    if recipient is call.caller or (recipient.bot and call.caller.bot):
        raise ApiError(Refusal.CANNOT_MESSAGE_USER)
    channel = call.world.direct_channel(call.caller, recipient)
    return Answer(payloads.channel(channel, seen_by=call.caller.id))
