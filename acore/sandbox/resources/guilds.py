"""Guilds: reading and changing them, and what is known of one besides."""

from acore.sandbox import payloads
from acore.sandbox.api.table import Answer, Audience, Call, Routes
from acore.sandbox.forms import paging
from acore.sandbox.forms.fields import Fields
from acore.sandbox.permissions.rules import Permission
from acore.sandbox.refusals import ApiError, FormErrors, Refusal
from acore.sandbox.resources.guild_forms import read_settings
from acore.sandbox.shapes import Json, as_flag, as_list, as_snowflake
from acore.sandbox.state import guilds, members
from acore.sandbox.state.records import Guild

MAX_DAYS = 30
DEFAULT_DAYS = 7
MANAGING = (Refusal.UNKNOWN_GUILD, Refusal.MISSING_PERMISSIONS)

routes = Routes()


@routes.on("GET", "/guilds/{guild_id}", Audience.EITHER, refuses=(Refusal.UNKNOWN_GUILD,))
def get_guild(call: Call) -> Answer:
    """Return a guild, with counts if asked for."""
    guild = call.guild()
    counted = as_flag(call.query.get("with_counts"))
    return Answer(payloads.guild(guild) | (payloads.counts(guild) if counted else {}))


@routes.on(
    "PATCH",
    "/guilds/{guild_id}",
    Audience.EITHER,
    refuses=(*MANAGING, Refusal.NEEDS_BOOSTS, Refusal.INVALID_FORM),
)
def edit_guild(call: Call) -> Answer:
    """Change a guild's name, settings and pictures."""
    guild = call.guild()
    call.require(Permission.MANAGE_GUILD, guild)
    owner_id = _new_owner(call, guild)
    name, settings = read_settings(call, guild)
    guilds.edit(call.hand(guild), settings, name=name, owner_id=owner_id)
    return Answer(payloads.guild(guild))


@routes.on("GET", "/guilds/{guild_id}/preview", Audience.EITHER, refuses=(Refusal.UNKNOWN_GUILD,))
def get_preview(call: Call) -> Answer:
    """Return what those see of a guild who are not in it, if it can be found by everybody."""
    guild = call.world.guilds.get(call.path["guild_id"])
    if guild is None:
        raise ApiError(Refusal.UNKNOWN_GUILD)
    if call.caller.id not in guild.members and "DISCOVERABLE" not in as_list(
        payloads.setting(guild, "features")
    ):
        raise ApiError(Refusal.UNKNOWN_GUILD)
    return Answer(payloads.preview(guild))


@routes.on("GET", "/guilds/{guild_id}/vanity-url", Audience.EITHER, refuses=MANAGING)
def get_vanity_url(call: Call) -> Answer:
    """Return the invite code a guild has chosen: none, as that takes more boosts than a sandbox has."""
    guild = call.guild()
    call.require(Permission.MANAGE_GUILD, guild)
    return Answer({"code": payloads.setting(guild, "vanity_url_code"), "uses": 0})


@routes.on("GET", "/guilds/{guild_id}/widget", Audience.EITHER, refuses=MANAGING)
def get_widget_settings(call: Call) -> Answer:
    """Return whether a guild shows itself on other people's pages."""
    guild = call.guild()
    call.require(Permission.MANAGE_GUILD, guild)
    return Answer(_widget(guild))


@routes.on("PATCH", "/guilds/{guild_id}/widget", Audience.EITHER, refuses=(*MANAGING, Refusal.INVALID_FORM))
def edit_widget_settings(call: Call) -> Answer:
    """Say whether a guild shows itself on other people's pages, and which channel it invites to."""
    guild = call.guild()
    call.require(Permission.MANAGE_GUILD, guild)
    errors = FormErrors()
    fields = Fields(call.form, errors)
    enabled, channel_id = fields.flag("enabled"), fields.snowflake("channel_id")
    if channel_id is not None and channel_id not in guild.channels:
        fields.wrong("channel_id", "Unknown channel")
    errors.raise_any()
    settings: Json = {} if enabled is None else {"widget_enabled": enabled}
    if "channel_id" in call.form:
        settings["widget_channel_id"] = channel_id
    guilds.edit(call.hand(guild), settings)
    return Answer(_widget(guild))


@routes.on("GET", "/guilds/{guild_id}/integrations", Audience.EITHER, refuses=MANAGING)
def get_integrations(call: Call) -> Answer:
    """Return the bots of a guild, as what was integrated into it."""
    guild = call.guild()
    call.require(Permission.MANAGE_GUILD, guild)
    there = [one for one in call.world.applications.values() if one.bot.id in guild.members]
    return Answer([payloads.integration(one) for one in there])


@routes.on("GET", "/guilds/{guild_id}/prune", Audience.EITHER, refuses=(*MANAGING, Refusal.INVALID_FORM))
def count_prunable(call: Call) -> Answer:
    """Return how many members a prune would send away."""
    guild = call.guild()
    call.require(Permission.KICK_MEMBERS | Permission.MANAGE_GUILD, guild)
    errors = FormErrors()
    days = paging.number(call.query, "days", default=DEFAULT_DAYS, low=1, high=MAX_DAYS, errors=errors)
    harmless = _role_ids(",".join(call.query.getall("include_roles", [])), errors)
    errors.raise_any()
    return Answer({"pruned": len(members.inactive(guild, days, harmless))})


@routes.on("POST", "/guilds/{guild_id}/prune", Audience.EITHER, refuses=(*MANAGING, Refusal.INVALID_FORM))
def prune(call: Call) -> Answer:
    """Send members away who were not there for days; nextcord sends its yes and no as texts."""
    guild = call.guild()
    call.require(Permission.KICK_MEMBERS | Permission.MANAGE_GUILD, guild)
    errors = FormErrors()
    fields = Fields(_with_flag(call.form, "compute_prune_count"), errors)
    days = fields.number("days", 1, MAX_DAYS)
    is_counted = fields.flag("compute_prune_count")
    harmless = _role_ids(call.form.get("include_roles"), errors)
    errors.raise_any()
    days = DEFAULT_DAYS if days is None else days
    gone = members.inactive(guild, days, harmless)
    members.prune(call.hand(guild), gone, days)
    return Answer({"pruned": None if is_counted is False else len(gone)})


def _new_owner(call: Call, guild: Guild) -> str | None:
    """Return to whom a guild is given, which only its owner does (Discord's documentation, "Modify Guild").

    Raises:
        ApiError: code 50013, it is another's; 50035, it is given to nobody who is in it.
    """
    errors = FormErrors()
    fields = Fields(call.form, errors)
    owner_id = fields.snowflake("owner_id")
    if owner_id is not None and guild.owner_id != call.caller.id:
        raise ApiError(Refusal.MISSING_PERMISSIONS)
    if owner_id is not None and owner_id not in guild.members:
        fields.wrong("owner_id", "Unknown member")
    errors.raise_any()
    return owner_id


def _widget(guild: Guild) -> Json:
    return {
        "enabled": payloads.setting(guild, "widget_enabled"),
        "channel_id": payloads.setting(guild, "widget_channel_id"),
    }


def _with_flag(form: Json, key: str) -> Json:
    """Return a form whose yes or no at *key*, if it is written as text, is one."""
    value = form.get(key)
    return {**form, key: as_flag(value)} if value in ("true", "false") else form


def _role_ids(sent: object, errors: FormErrors) -> list[str]:
    """Return ids of roles, sent as a list or as a text with commas; what is none is named in *errors*."""
    ids = [one.strip() for one in sent.split(",") if one.strip()] if isinstance(sent, str) else as_list(sent)
    found = [as_snowflake(one) for one in ids]
    for index, one in enumerate(found):
        if one is None:
            errors.add(("include_roles", index), f'Value "{ids[index]}" is not snowflake.')
    return [one for one in found if one is not None]
