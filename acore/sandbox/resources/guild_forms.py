"""The body that changes a guild, read and held against what the guild may have."""

from collections.abc import Collection

from acore.sandbox import payloads
from acore.sandbox.api.table import Call
from acore.sandbox.forms import field_kinds
from acore.sandbox.forms.fields import Fields
from acore.sandbox.permissions.rules import Permission
from acore.sandbox.refusals import ApiError, FormErrors, Refusal
from acore.sandbox.shapes import Json, as_list
from acore.sandbox.state.kinds import LOCALES, ChannelType
from acore.sandbox.state.records import Guild

MAX_DESCRIPTION = 300
AFK_TIMEOUTS = (60, 300, 900, 1800, 3600)  # Discord's documentation, "Modify Guild"
SYSTEM_CHANNEL_FLAGS = (1 << 6) - 1  # Discord's documentation, "System Channel Flags"
ENUMS: dict[str, Collection[object]] = {
    "verification_level": range(5),
    "default_message_notifications": range(2),
    "explicit_content_filter": range(3),
    "preferred_locale": LOCALES,
    "afk_timeout": AFK_TIMEOUTS,
}
TEXTUAL = (ChannelType.GUILD_TEXT, ChannelType.GUILD_ANNOUNCEMENT)
CHANNELS = {
    "afk_channel_id": (ChannelType.GUILD_VOICE,),
    "system_channel_id": TEXTUAL,
    "rules_channel_id": TEXTUAL,
    "safety_alerts_channel_id": TEXTUAL,
    "public_updates_channel_id": TEXTUAL,
}
PICTURES = {
    "icon": ("icons", None),
    "splash": ("splashes", "INVITE_SPLASH"),
    "banner": ("banners", "BANNER"),
    "discovery_splash": ("discovery-splashes", "DISCOVERABLE"),
    "home_header": ("home-headers", "BANNER"),
}
"""Where each picture is read from, and the feature without which a guild has none."""
SWITCHABLE = frozenset({"COMMUNITY", "DISCOVERABLE", "INVITES_DISABLED", "RAID_ALERTS_DISABLED"})
"""Features that can be changed (Discord's documentation, "Mutable Guild Features")."""
FOR_ADMINISTRATORS = frozenset({"COMMUNITY", "DISCOVERABLE"})
COMMUNITY_NEEDS = ("rules_channel_id", "public_updates_channel_id")


def read_settings(call: Call, guild: Guild) -> tuple[str | None, Json]:
    """Return the name and the settings that a body changes, by Discord's names; pictures are kept.

    A setting that is null goes back to what a new guild has.

    Raises:
        ApiError: code 50035 naming what is wrong, 50101 for a picture the guild may not have, 50013 for a
            feature that takes an administrator.
    """
    errors = FormErrors()
    fields = Fields(call.form, errors)
    name = fields.text("name", 2, 100)
    read: Json = {
        "description": fields.text("description", 0, MAX_DESCRIPTION) or None,
        "premium_progress_bar_enabled": fields.flag("premium_progress_bar_enabled"),
        "system_channel_flags": (fields.number("system_channel_flags") or 0) & SYSTEM_CHANNEL_FLAGS,
    }
    read |= {key: fields.one_of(key, list(allowed)) for key, allowed in ENUMS.items()}
    read |= {key: _channel(fields, guild, key) for key in CHANNELS}
    read["features"] = _features(fields, guild)
    pictures = {key: field_kinds.picture(fields, key) for key in PICTURES}
    errors.raise_any()
    settings = {key: payloads.new_setting(key) if value is None else value for key, value in read.items()}
    settings = {key: value for key, value in settings.items() if key in call.form}
    _refuse_features(call, guild, settings, errors)
    for key, picture in pictures.items():
        place, feature = PICTURES[key]
        if picture is not None:
            _refuse_without(guild, feature)
            settings[key] = call.world.keep_picture(f"{place}/{guild.id}", picture)
        elif key in call.form:
            settings[key] = None
    return name, settings


def _channel(fields: Fields, guild: Guild, key: str) -> str | None:
    channel_id = fields.snowflake(key)
    if channel_id is None:
        return None
    channel = guild.channels.get(channel_id)
    if channel is None:
        fields.wrong(key, "Unknown channel")
    elif channel.type not in CHANNELS[key]:
        fields.wrong(key, "Invalid channel type")
    return channel_id


def _features(fields: Fields, guild: Guild) -> list[str] | None:
    """Return the guild's features if those that can be changed are as they were sent."""
    items = fields.items("features", 0, 1521)
    if items is None:
        return None
    for index, one in enumerate(items):
        if not isinstance(one, str):
            fields.errors.add((*fields.path, "features", index), "Could not interpret value as string.")
    kept = [one for one in as_list(payloads.setting(guild, "features")) if one not in SWITCHABLE]
    return kept + sorted(SWITCHABLE.intersection(one for one in items if isinstance(one, str)))


def _refuse_features(call: Call, guild: Guild, settings: Json, errors: FormErrors) -> None:
    """Go on only if the caller may switch features, and a community has the channels it must have."""
    if "features" not in settings:
        return
    before = set(as_list(payloads.setting(guild, "features")))
    switched = before ^ set(settings["features"])
    if switched & FOR_ADMINISTRATORS:
        call.require(Permission.ADMINISTRATOR, guild)
    if "COMMUNITY" in switched - before:
        for key in COMMUNITY_NEEDS:
            if settings.get(key, payloads.setting(guild, key)) is None:
                errors.required((key,))
    errors.raise_any()


def _refuse_without(guild: Guild, feature: str | None) -> None:
    if feature is not None and feature not in as_list(payloads.setting(guild, "features")):
        raise ApiError(Refusal.NEEDS_BOOSTS)
