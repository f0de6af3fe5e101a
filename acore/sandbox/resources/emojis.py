"""The emojis of a guild and of an application."""

import re

from acore.sandbox import payloads
from acore.sandbox.api.table import NOTHING, Answer, Audience, Call, Routes
from acore.sandbox.forms import field_kinds
from acore.sandbox.forms.fields import Fields
from acore.sandbox.permissions.rules import Permission
from acore.sandbox.refusals import ApiError, FormErrors, Refusal
from acore.sandbox.resources.applications import OWN, named_application
from acore.sandbox.state import emojis
from acore.sandbox.state.records import Application, Emoji, Guild, Picture

MAX_PICTURE = 256 * 1024  # Discord's documentation, "Emoji Resource"
MAX_IN_GUILD = 50
"""As many still ones, and as many that move, as a guild without boosts has (Discord's help pages)."""
MAX_IN_APPLICATION = 2000  # Discord's documentation, "Emoji Resource"
MAX_ROLES = 1521
NAME = re.compile(r"[A-Za-z0-9_]+")
EITHER_PERMISSION = Permission.CREATE_GUILD_EXPRESSIONS | Permission.MANAGE_GUILD_EXPRESSIONS
IN_GUILD = "/guilds/{guild_id}/emojis"
IN_APPLICATION = "/applications/{application_id}/emojis"

routes = Routes()


# -- of a guild


@routes.on("GET", IN_GUILD, Audience.EITHER, refuses=(Refusal.UNKNOWN_GUILD,))
def get_emojis(call: Call) -> Answer:
    """Return a guild's emojis; who may make or manage them sees who made each."""
    guild = call.guild()
    return Answer([_shown(call, guild, one) for one in guild.emojis.values()])


@routes.on(
    "GET", f"{IN_GUILD}/{{emoji_id}}", Audience.EITHER, refuses=(Refusal.UNKNOWN_GUILD, Refusal.UNKNOWN_EMOJI)
)
def get_emoji(call: Call) -> Answer:
    """Return one of a guild's emojis."""
    guild = call.guild()
    return Answer(_shown(call, guild, _emoji(call, guild)))


@routes.on(
    "POST",
    IN_GUILD,
    Audience.EITHER,
    refuses=(
        Refusal.UNKNOWN_GUILD,
        Refusal.MISSING_PERMISSIONS,
        Refusal.TOO_MANY_EMOJIS,
        Refusal.TOO_MANY_ANIMATED_EMOJIS,
        Refusal.TOO_BIG_A_PICTURE,
        Refusal.INVALID_FORM,
    ),
)
def create_emoji(call: Call) -> Answer:
    """Make an emoji of a guild."""
    guild = call.guild()
    call.require(Permission.CREATE_GUILD_EXPRESSIONS, guild)
    name, picture, role_ids = _read_new(call, guild)
    same = [one for one in guild.emojis.values() if one.animated == picture.is_animated]
    if len(same) >= MAX_IN_GUILD:
        raise ApiError(
            Refusal.TOO_MANY_ANIMATED_EMOJIS if picture.is_animated else Refusal.TOO_MANY_EMOJIS,
        )
    emoji = emojis.create(call.hand(guild), name, picture, role_ids=role_ids)
    return Answer(_shown(call, guild, emoji), status=201)


@routes.on(
    "PATCH",
    f"{IN_GUILD}/{{emoji_id}}",
    Audience.EITHER,
    refuses=(
        Refusal.UNKNOWN_GUILD,
        Refusal.UNKNOWN_EMOJI,
        Refusal.MISSING_PERMISSIONS,
        Refusal.INVALID_FORM,
    ),
)
def edit_emoji(call: Call) -> Answer:
    """Rename a guild's emoji, or let others use it."""
    guild = call.guild()
    emoji = _emoji(call, guild)
    _refuse_to_touch(call, guild, emoji)
    errors = FormErrors()
    fields = Fields(call.form, errors)
    name, role_ids = _name(fields), _role_ids(fields, guild)
    errors.raise_any()
    emojis.edit(call.hand(guild), emoji, name=name, role_ids=role_ids if "roles" in call.form else None)
    return Answer(_shown(call, guild, emoji))


@routes.on(
    "DELETE",
    f"{IN_GUILD}/{{emoji_id}}",
    Audience.EITHER,
    refuses=(Refusal.UNKNOWN_GUILD, Refusal.UNKNOWN_EMOJI, Refusal.MISSING_PERMISSIONS),
)
def delete_emoji(call: Call) -> Answer:
    """Delete a guild's emoji."""
    guild = call.guild()
    emoji = _emoji(call, guild)
    _refuse_to_touch(call, guild, emoji)
    emojis.delete(call.hand(guild), emoji)
    return NOTHING


# -- of an application


@routes.on("GET", IN_APPLICATION, Audience.BOT, refuses=OWN)
def get_application_emojis(call: Call) -> Answer:
    """Return an application's emojis."""
    listed = named_application(call).emojis.values()
    return Answer({"items": [payloads.emoji(one, with_creator=True) for one in listed]})


@routes.on("GET", f"{IN_APPLICATION}/{{emoji_id}}", Audience.BOT, refuses=(*OWN, Refusal.UNKNOWN_EMOJI))
def get_application_emoji(call: Call) -> Answer:
    """Return one of an application's emojis."""
    return Answer(payloads.emoji(_emoji(call, named_application(call)), with_creator=True))


@routes.on(
    "POST",
    IN_APPLICATION,
    Audience.BOT,
    refuses=(*OWN, Refusal.TOO_MANY_EMOJIS, Refusal.TOO_BIG_A_PICTURE, Refusal.INVALID_FORM),
)
def create_application_emoji(call: Call) -> Answer:
    """Make an emoji of an application."""
    application = named_application(call)
    name, picture, _ = _read_new(call, None)
    if len(application.emojis) >= MAX_IN_APPLICATION:
        raise ApiError(Refusal.TOO_MANY_EMOJIS)
    emoji = emojis.create_for(call.world, application, name, picture)
    return Answer(payloads.emoji(emoji, with_creator=True), status=201)


@routes.on(
    "PATCH",
    f"{IN_APPLICATION}/{{emoji_id}}",
    Audience.BOT,
    refuses=(*OWN, Refusal.UNKNOWN_EMOJI, Refusal.INVALID_FORM),
)
def edit_application_emoji(call: Call) -> Answer:
    """Rename an application's emoji."""
    emoji = _emoji(call, named_application(call))
    errors = FormErrors()
    name = _name(Fields(call.form, errors))
    errors.raise_any()
    emoji.name = name or emoji.name
    return Answer(payloads.emoji(emoji, with_creator=True))


@routes.on("DELETE", f"{IN_APPLICATION}/{{emoji_id}}", Audience.BOT, refuses=(*OWN, Refusal.UNKNOWN_EMOJI))
def delete_application_emoji(call: Call) -> Answer:
    """Delete an application's emoji."""
    application = named_application(call)
    emojis.forget(call.world, application, _emoji(call, application))
    return NOTHING


# -- what they have in common


def _emoji(call: Call, owner: Guild | Application) -> Emoji:
    """Return the emoji in the path.

    Raises:
        ApiError: code 10014.
    """
    emoji = owner.emojis.get(call.path["emoji_id"])
    if emoji is None:
        raise ApiError(Refusal.UNKNOWN_EMOJI)
    return emoji


def _shown(call: Call, guild: Guild, emoji: Emoji) -> dict[str, object]:
    return payloads.emoji(emoji, with_creator=bool(call.bits(guild) & EITHER_PERMISSION))


def _refuse_to_touch(call: Call, guild: Guild, emoji: Emoji) -> None:
    """Go on only if the caller may change an emoji: their own, or with more permission anybody's.

    Raises:
        ApiError: code 50013.
    """
    suffices = EITHER_PERMISSION if emoji.creator is call.caller else Permission.MANAGE_GUILD_EXPRESSIONS
    if not call.bits(guild) & suffices:
        raise ApiError(Refusal.MISSING_PERMISSIONS)


def _read_new(call: Call, guild: Guild | None) -> tuple[str, Picture, list[str]]:
    """Return name, picture and roles of a new emoji.

    Raises:
        ApiError: code 50035 naming what is wrong, 50138 if the picture is too big.
    """
    errors = FormErrors()
    fields = Fields(call.form, errors)
    fields.require("name", "image")
    name, picture = _name(fields), field_kinds.picture(fields, "image")
    role_ids = [] if guild is None else _role_ids(fields, guild)
    errors.raise_any()
    if name is None or picture is None:
        raise errors.refusal()
    if len(picture.data) > MAX_PICTURE:
        raise ApiError(Refusal.TOO_BIG_A_PICTURE)
    return name, picture, role_ids


def _name(fields: Fields) -> str | None:
    name = fields.text("name", 2, 32)
    if name is not None and NAME.fullmatch(name) is None:
        fields.wrong("name", "String value did not match validation regex.")
    return name


def _role_ids(fields: Fields, guild: Guild) -> list[str]:
    """Return the roles who may use an emoji; @everyone stands for none."""
    role_ids = field_kinds.snowflakes(fields, "roles", MAX_ROLES) or []
    for index, role_id in enumerate(role_ids):
        if role_id not in guild.roles:
            fields.errors.add(("roles", index), "Unknown role")
    return [one for one in role_ids if one != guild.id]
