"""Banning people from a guild, and letting them come back."""

from acore.sandbox import payloads
from acore.sandbox.api.table import NOTHING, Answer, Audience, Call, Routes
from acore.sandbox.forms import field_kinds, paging
from acore.sandbox.forms.fields import Fields
from acore.sandbox.permissions import rules as permissions
from acore.sandbox.permissions.rules import Permission
from acore.sandbox.refusals import ApiError, FormErrors, Refusal
from acore.sandbox.state import bans
from acore.sandbox.state.records import Ban, Guild, User

MAX_PAGE = 1000  # Discord's documentation, "Get Guild Bans"
MAX_AT_ONCE = 200  # Discord's documentation, "Bulk Guild Ban"
MAX_SECONDS = 604_800
SECONDS_A_DAY = 86_400

routes = Routes()


@routes.on(
    "GET",
    "/guilds/{guild_id}/bans",
    Audience.EITHER,
    refuses=(Refusal.UNKNOWN_GUILD, Refusal.MISSING_PERMISSIONS, Refusal.INVALID_FORM),
)
def get_bans(call: Call) -> Answer:
    """Return a page of those who are banned, in the order of their ids; with `before` the last ones of it."""
    guild = call.guild()
    call.require(Permission.BAN_MEMBERS, guild)
    page = paging.page(call.query, default=MAX_PAGE, most=MAX_PAGE)
    listed = sorted(guild.bans.values(), key=lambda one: int(one.user.id))
    found = [one for one in listed if page.has(one.user.id)]
    shown = found[: page.limit] if page.before is None else found[-page.limit :]
    return Answer([payloads.ban(one) for one in shown])


@routes.on(
    "GET",
    "/guilds/{guild_id}/bans/{user_id}",
    Audience.EITHER,
    refuses=(Refusal.UNKNOWN_GUILD, Refusal.UNKNOWN_BAN, Refusal.MISSING_PERMISSIONS),
)
def get_ban(call: Call) -> Answer:
    """Return one ban."""
    guild = call.guild()
    call.require(Permission.BAN_MEMBERS, guild)
    return Answer(payloads.ban(_ban(call, guild)))


@routes.on(
    "PUT",
    "/guilds/{guild_id}/bans/{user_id}",
    Audience.EITHER,
    refuses=(
        Refusal.UNKNOWN_GUILD,
        Refusal.UNKNOWN_USER,
        Refusal.MISSING_PERMISSIONS,
        Refusal.INVALID_FORM,
    ),
)
def ban(call: Call) -> Answer:
    """Ban a user, who need not be in the guild."""
    guild = call.guild()
    user = call.world.users.get(call.path["user_id"])
    if user is None:
        raise ApiError(Refusal.UNKNOWN_USER)
    call.require(Permission.BAN_MEMBERS, guild)
    if not _may_ban(call, guild, user):
        raise ApiError(Refusal.MISSING_PERMISSIONS)
    bans.ban(call.hand(guild), user, delete_message_seconds=_seconds(call))
    return NOTHING


@routes.on(
    "DELETE",
    "/guilds/{guild_id}/bans/{user_id}",
    Audience.EITHER,
    refuses=(Refusal.UNKNOWN_GUILD, Refusal.UNKNOWN_BAN, Refusal.MISSING_PERMISSIONS),
)
def unban(call: Call) -> Answer:
    """Let a user come back."""
    guild = call.guild()
    call.require(Permission.BAN_MEMBERS, guild)
    bans.unban(call.hand(guild), _ban(call, guild).user)
    return NOTHING


@routes.on(
    "POST",
    "/guilds/{guild_id}/bulk-ban",
    Audience.EITHER,
    refuses=(
        Refusal.UNKNOWN_GUILD,
        Refusal.MISSING_PERMISSIONS,
        Refusal.NOBODY_WAS_BANNED,
        Refusal.INVALID_FORM,
    ),
)
def ban_several(call: Call) -> Answer:
    """Ban many at once; those who cannot be, or are already, are told."""
    guild = call.guild()
    call.require(Permission.BAN_MEMBERS | Permission.MANAGE_GUILD, guild)
    errors = FormErrors()
    fields = Fields(call.form, errors)
    fields.require("user_ids")
    user_ids = field_kinds.snowflakes(fields, "user_ids", MAX_AT_ONCE, least=1) or []
    seconds = fields.number("delete_message_seconds", 0, MAX_SECONDS) or 0
    errors.raise_any()
    banned: list[str] = []
    for user_id in user_ids:
        user = call.world.users.get(user_id)
        if user is not None and user_id not in guild.bans and _may_ban(call, guild, user):
            bans.ban(call.hand(guild), user, delete_message_seconds=seconds)
            banned.append(user_id)
    if not banned:
        raise ApiError(Refusal.NOBODY_WAS_BANNED)
    return Answer({"banned_users": banned, "failed_users": [one for one in user_ids if one not in banned]})


def _ban(call: Call, guild: Guild) -> Ban:
    """Return the ban of the user in the path.

    Raises:
        ApiError: code 10026.
    """
    ban = guild.bans.get(call.path["user_id"])
    if ban is None:
        raise ApiError(Refusal.UNKNOWN_BAN)
    return ban


def _may_ban(call: Call, guild: Guild, user: User) -> bool:
    """Return whether a user is below the caller, or not in the guild at all."""
    member = guild.members.get(user.id)
    return member is None or permissions.outranks(guild, guild.members[call.caller.id], member)


def _seconds(call: Call) -> int:
    """Return how far back messages are to be deleted; nextcord sends it in the query, without a body.

    Raises:
        ApiError: code 50035.
    """
    errors = FormErrors()
    fields = Fields(call.form, errors)
    days = fields.number("delete_message_days", 0, MAX_SECONDS // SECONDS_A_DAY)
    seconds = fields.number("delete_message_seconds", 0, MAX_SECONDS)
    if seconds is None:
        name = "delete_message_seconds"
        seconds = paging.number(call.query, name, default=0, low=0, high=MAX_SECONDS, errors=errors)
    errors.raise_any()
    return seconds or (days or 0) * SECONDS_A_DAY
