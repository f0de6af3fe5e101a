"""The roles of a guild."""

from collections import Counter

from acore.sandbox import payloads
from acore.sandbox.api.table import NOTHING, Answer, Audience, Call, Routes
from acore.sandbox.forms import field_kinds
from acore.sandbox.forms.fields import Fields
from acore.sandbox.permissions import rules as permissions
from acore.sandbox.permissions.rules import Permission
from acore.sandbox.refusals import ApiError, FormErrors, Refusal
from acore.sandbox.shapes import Json, as_list, as_object
from acore.sandbox.state import roles
from acore.sandbox.state.records import Guild, Role

MAX_ROLES = 250  # Discord's documentation, "JSON Error Codes", 30005
MAX_NAME = 100
MAX_COLOR = 0xFFFFFF
MAX_ICON = 256 * 1024
"""Bytes of a role's icon (Discord's help pages, "Custom Role Icons")."""

routes = Routes()


@routes.on("GET", "/guilds/{guild_id}/roles", Audience.EITHER, refuses=(Refusal.UNKNOWN_GUILD,))
def get_roles(call: Call) -> Answer:
    """Return a guild's roles."""
    return Answer([payloads.role(one) for one in call.guild().roles.values()])


@routes.on("GET", "/guilds/{guild_id}/roles/member-counts", Audience.EITHER, refuses=(Refusal.UNKNOWN_GUILD,))
def get_member_counts(call: Call) -> Answer:
    """Return how many members have each role; @everyone is not counted."""
    guild = call.guild()
    counted = Counter(role_id for member in guild.members.values() for role_id in member.role_ids)
    return Answer({role_id: counted[role_id] for role_id in guild.roles if role_id != guild.id})


@routes.on(
    "GET",
    "/guilds/{guild_id}/roles/{role_id}",
    Audience.EITHER,
    refuses=(Refusal.UNKNOWN_GUILD, Refusal.UNKNOWN_ROLE),
)
def get_role(call: Call) -> Answer:
    """Return one role."""
    return Answer(payloads.role(role_in(call.guild(), call.path["role_id"])))


@routes.on(
    "POST",
    "/guilds/{guild_id}/roles",
    Audience.EITHER,
    refuses=(
        Refusal.UNKNOWN_GUILD,
        Refusal.MISSING_PERMISSIONS,
        Refusal.TOO_MANY_ROLES,
        Refusal.NEEDS_BOOSTS,
        Refusal.INVALID_FORM,
    ),
)
def create_role(call: Call) -> Answer:
    """Make a role, which begins as the lowest."""
    guild = call.guild()
    call.require(Permission.MANAGE_ROLES, guild)
    if len(guild.roles) >= MAX_ROLES:
        raise ApiError(Refusal.TOO_MANY_ROLES)
    role_id = call.world.snowflakes.make()
    values = _read(call, guild, role_id)
    _refuse_to_grant(call, guild, values, had=0)
    return Answer(payloads.role(roles.create(call.hand(guild), role_id, values)))


@routes.on(
    "PATCH",
    "/guilds/{guild_id}/roles",
    Audience.EITHER,
    refuses=(
        Refusal.UNKNOWN_GUILD,
        Refusal.UNKNOWN_ROLE,
        Refusal.MISSING_PERMISSIONS,
        Refusal.INVALID_FORM,
    ),
)
def move_roles(call: Call) -> Answer:
    """Put roles at other positions; return all of them."""
    guild = call.guild()
    call.require(Permission.MANAGE_ROLES, guild)
    wanted = _positions(call)
    moved = [role_in(guild, role_id) for role_id in wanted]
    rank = permissions.rank(guild, guild.members[call.caller.id])
    if any(one.position >= rank or wanted[one.id] >= rank for one in moved if wanted[one.id] != one.position):
        raise ApiError(Refusal.MISSING_PERMISSIONS)
    roles.move(call.hand(guild), {one: position for one, position in wanted.items() if one != guild.id})
    return Answer([payloads.role(one) for one in guild.roles.values()])


@routes.on(
    "PATCH",
    "/guilds/{guild_id}/roles/{role_id}",
    Audience.EITHER,
    refuses=(
        Refusal.UNKNOWN_GUILD,
        Refusal.UNKNOWN_ROLE,
        Refusal.MISSING_PERMISSIONS,
        Refusal.NEEDS_BOOSTS,
        Refusal.INVALID_FORM,
    ),
)
def edit_role(call: Call) -> Answer:
    """Change a role."""
    guild = call.guild()
    role = role_in(guild, call.path["role_id"])
    refuse_to_touch(call, guild, role)
    values = _read(call, guild, role.id)
    _refuse_to_grant(call, guild, values, had=role.permissions)
    roles.edit(call.hand(guild), role, values)
    return Answer(payloads.role(role))


@routes.on(
    "DELETE",
    "/guilds/{guild_id}/roles/{role_id}",
    Audience.EITHER,
    refuses=(
        Refusal.UNKNOWN_GUILD,
        Refusal.UNKNOWN_ROLE,
        Refusal.MISSING_PERMISSIONS,
        Refusal.INVALID_ROLE,
    ),
)
def delete_role(call: Call) -> Answer:
    """Delete a role; neither @everyone nor a bot's own can be."""
    guild = call.guild()
    role = role_in(guild, call.path["role_id"])
    refuse_to_touch(call, guild, role)
    refuse_unassignable(guild, role)
    roles.delete(call.hand(guild), role)
    return NOTHING


def role_in(guild: Guild, role_id: str) -> Role:
    """Return a role of a guild.

    Raises:
        ApiError: code 10011.
    """
    role = guild.roles.get(role_id)
    if role is None:
        raise ApiError(Refusal.UNKNOWN_ROLE)
    return role


def refuse_to_touch(call: Call, guild: Guild, role: Role) -> None:
    """Go on only if the caller may manage roles and this one is below their highest.

    Raises:
        ApiError: code 50013.
    """
    call.require(Permission.MANAGE_ROLES, guild)
    if role.position >= permissions.rank(guild, guild.members[call.caller.id]):
        raise ApiError(Refusal.MISSING_PERMISSIONS)


def refuse_unassignable(guild: Guild, role: Role) -> None:
    """Go on only if a role can be given, taken and deleted by hand.

    Raises:
        ApiError: code 50028, it is @everyone or a bot's own.
    """
    if role.id == guild.id or role.bot_id is not None:
        raise ApiError(Refusal.INVALID_ROLE)


def _refuse_to_grant(call: Call, guild: Guild, values: Json, *, had: int) -> None:
    """Go on only if the caller has every permission that a role gets or loses.

    Raises:
        ApiError: code 50013.
    """
    if (values.get("permissions", had) ^ had) & ~call.bits(guild):
        raise ApiError(Refusal.MISSING_PERMISSIONS)


def _read(call: Call, guild: Guild, role_id: str) -> Json:
    """Return fields of a role as they were sent, by the names of the record.

    Raises:
        ApiError: code 50035 naming what is wrong, 50101 for an icon where the guild may have none.
    """
    errors = FormErrors()
    fields = Fields(call.form, errors)
    values: Json = {
        "name": fields.text("name", 1, MAX_NAME),
        "permissions": field_kinds.bits(fields, "permissions"),
        "color": fields.number("color", 0, MAX_COLOR),
        "hoist": fields.flag("hoist"),
        "mentionable": fields.flag("mentionable"),
    }
    values = {key: value for key, value in values.items() if value is not None}
    colors = fields.inner("colors")
    if colors is not None:
        for key, name in COLORS.items():
            if key in colors.body:
                values[name] = colors.number(key, 0, MAX_COLOR)
        values["color"] = values.get("color") or 0
    icon = field_kinds.picture(fields, "icon", most=MAX_ICON)
    unicode_emoji = fields.text("unicode_emoji", 0, MAX_NAME)
    errors.raise_any()
    if (icon or unicode_emoji) and "ROLE_ICONS" not in as_list(payloads.setting(guild, "features")):
        raise ApiError(Refusal.NEEDS_BOOSTS)
    if "icon" in call.form:
        values["icon"] = call.world.keep_picture(f"role-icons/{role_id}", icon)
    if "unicode_emoji" in call.form:
        values["unicode_emoji"] = unicode_emoji or None
    return values


COLORS = {
    "primary_color": "color",
    "secondary_color": "secondary_color",
    "tertiary_color": "tertiary_color",
}
"""Discord's names for a role's colours, and the record's."""


def _positions(call: Call) -> dict[str, int]:
    """Return the positions wanted, by the ids of the roles.

    Raises:
        ApiError: code 50035.
    """
    errors = FormErrors()
    wanted: dict[str, int] = {}
    if as_list(call.body) is not call.body:
        errors.add((), "Only iterables may be used in a ListType.")
    for index, one in enumerate(as_list(call.body)):
        fields = Fields(as_object(one), errors, (index,))
        fields.require("id")
        role_id, position = fields.snowflake("id"), fields.number("position", 0)
        if role_id is not None and position is not None:
            wanted[role_id] = position
    errors.raise_any()
    return wanted
