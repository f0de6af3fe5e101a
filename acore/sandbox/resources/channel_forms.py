"""What is sent about a guild's channel: read, held against Discord's limits, and put into a record.

After Discord's documentation, "Create Guild Channel", "Modify Channel" and "Forum Tag Object".
"""

import re

from acore.sandbox.forms.form import Form
from acore.sandbox.refusals import ApiError, Refusal, invalid
from acore.sandbox.resources.voice import REGIONS
from acore.sandbox.shapes import Json, as_int
from acore.sandbox.state.kinds import FORUMS, NEWSY, VOICE, ChannelFlag, ChannelType, OverwriteType
from acore.sandbox.state.records import Channel, Guild, Overwrite
from acore.sandbox.state.snowflakes import Snowflakes

MAX_NAME = 100
MAX_TOPIC = {True: 4096, False: 1024}
MAX_SLOWMODE = 21600
MAX_BITRATE = 96000
"""Bits a second; guilds with boosts have more."""
MAX_STAGE_BITRATE = 64000
MAX_STAGE_USERS = 10000
MAX_USERS = 99
MAX_OVERWRITES = 100
MAX_TAGS = 20
MAX_TAG_NAME = 50
NO_ID = "None"
"""What nextcord sends as the id of a new tag."""
NO_EMOJI: Json = {"emoji_id": None, "emoji_name": None}
MAX_CHILDREN = 50
MAX_POSITION = (1 << 31) - 1
ARCHIVE_MINUTES = (60, 1440, 4320, 10080)
MAKEABLE = (
    ChannelType.GUILD_TEXT,
    ChannelType.GUILD_VOICE,
    ChannelType.GUILD_CATEGORY,
    ChannelType.GUILD_ANNOUNCEMENT,
    ChannelType.GUILD_STAGE_VOICE,
    ChannelType.GUILD_FORUM,
    ChannelType.GUILD_MEDIA,
)
WRITTEN = NEWSY | FORUMS
"""Types whose names are written as in an address: small letters, dashes for spaces."""
NOT_IN_NAMES = re.compile(r"""[!"#$%&'()*+,./:;<=>?@\[\\\]^`{|}~]""")
PLAIN: dict[str, tuple[str, object]] = {
    "topic": ("topic", None),
    "nsfw": ("nsfw", False),
    "rate_limit_per_user": ("slowmode_seconds", 0),
    "flags": ("flags", 0),
    "position": ("position", 0),
}
"""Each key with the field of the record, and what null stands for."""
EXTRA: dict[str, object] = {
    "bitrate": 64000,
    "user_limit": 0,
    "rtc_region": None,
    "video_quality_mode": 1,
    "default_auto_archive_duration": 4320,
    "default_reaction_emoji": None,
    "default_thread_rate_limit_per_user": 0,
    "default_sort_order": None,
    "default_forum_layout": 0,
    "default_tag_setting": None,
}
"""Each key that only some types have, and what null stands for."""


def type_of(sent: object) -> ChannelType:
    """Return the type of channel that was asked for, a text channel if none was.

    Raises:
        ApiError: code 50035, no channel of this type can be made in a guild.
    """
    kind = as_int(sent, -1)
    if sent is None:
        return ChannelType.GUILD_TEXT
    if kind not in MAKEABLE:
        raise invalid(("type",), f"Value must be one of {{{', '.join(str(int(one)) for one in MAKEABLE)}}}.")
    return ChannelType(kind)


def name_in(kind: ChannelType, sent: str) -> str:
    """Return a channel's name as Discord keeps it."""
    if kind not in WRITTEN:
        return sent.strip()
    dashed = re.sub(r"\s+", "-", NOT_IN_NAMES.sub("", sent.strip().lower()))
    return re.sub(r"-{2,}", "-", dashed).strip("-") or "-"


def read(body: Json, kind: ChannelType, guild: Guild, *, is_new: bool, now: Channel | None = None) -> Json:
    """Return what was sent about a channel of this type, by key; what the type does not have is left out.

    Raises:
        ApiError: code 50035, naming what is outside Discord's limits; 40061, two tags have the same name.
    """
    form = Form.of(body)
    form.text("name", 1, MAX_NAME)
    if is_new:
        form.require("name")
    form.not_null("name")
    form.number("position", 0, MAX_POSITION)
    for one in form.several("permission_overwrites", MAX_OVERWRITES):
        one.snowflake("id")
        one.require("id")
        read_bits(one)
    if kind is not ChannelType.GUILD_CATEGORY:
        form.snowflake("parent_id")
        form.flag("nsfw")
        form.number("rate_limit_per_user", 0, MAX_SLOWMODE)
        if kind in VOICE:
            _read_voice(form, kind)
        else:
            form.text("topic", 0, MAX_TOPIC[kind in FORUMS])
            form.one_of("default_auto_archive_duration", ARCHIVE_MINUTES)
            form.number("default_thread_rate_limit_per_user", 0, MAX_SLOWMODE)
        if kind in FORUMS:
            _read_forum(form)
    _check_parent(form, guild, now)
    return form.read()


def read_bits(form: Form) -> None:
    """Read whom an overwrite is about and its permissions, which are sent as numbers or as texts."""
    form.one_of("type", (0, 1))
    form.bits("allow")
    form.bits("deny")


def overwrite(sent: Json, overwrite_id: str, guild: Guild) -> Overwrite:
    """Return the overwrite that was sent about a role or a member."""
    is_role = overwrite_id in guild.roles if sent.get("type") is None else sent["type"] == OverwriteType.ROLE
    deny: int = sent.get("deny") or 0
    return Overwrite(
        id=overwrite_id,
        type=OverwriteType.ROLE if is_role else OverwriteType.MEMBER,
        allow=(sent.get("allow") or 0) & ~deny,
        deny=deny,
    )


def apply(sent: Json, channel: Channel, guild: Guild, snowflakes: Snowflakes) -> None:
    """Put what `read` returned into a channel."""
    if "type" in sent:
        channel.type = ChannelType(sent["type"])
    if "name" in sent:
        channel.name = name_in(channel.type, sent["name"])
    for key, (field, default) in PLAIN.items():
        if key in sent:
            setattr(channel, field, default if sent[key] is None else sent[key])
    if "parent_id" in sent:
        channel.parent_id = sent["parent_id"]
    if "permission_overwrites" in sent:
        listed = [overwrite(one, one["id"], guild) for one in sent["permission_overwrites"] or ()]
        channel.overwrites = {one.id: one for one in listed}
    _apply_extra(sent, channel, snowflakes)


def _apply_extra(sent: Json, channel: Channel, snowflakes: Snowflakes) -> None:
    for key, default in EXTRA.items():
        if key in sent:
            channel.extra[key] = default if sent[key] is None else sent[key]
    if sent.get("default_reaction_emoji") is not None:
        channel.extra["default_reaction_emoji"] = NO_EMOJI | sent["default_reaction_emoji"]
    if "available_tags" in sent:
        channel.extra["available_tags"] = _tags(sent["available_tags"] or [], channel, snowflakes)


def _tags(sent: list[Json], channel: Channel, snowflakes: Snowflakes) -> list[Json]:
    """Return a forum's tags as they are to be; one that names its id stays the same tag."""
    known = {one["id"] for one in channel.extra.get("available_tags", ())}
    return [
        {
            "id": one["id"] if one.get("id") in known else snowflakes.make(),
            "name": one["name"],
            "moderated": bool(one.get("moderated")),
            "emoji_id": one.get("emoji_id"),
            "emoji_name": one.get("emoji_name"),
        }
        for one in sent
    ]


def _read_voice(form: Form, kind: ChannelType) -> None:
    is_stage = kind is ChannelType.GUILD_STAGE_VOICE
    form.number("bitrate", 8000, MAX_STAGE_BITRATE if is_stage else MAX_BITRATE)
    form.number("user_limit", 0, MAX_STAGE_USERS if is_stage else MAX_USERS)
    form.one_of("rtc_region", tuple(REGIONS))
    form.one_of("video_quality_mode", (1, 2))


def _read_forum(form: Form) -> None:
    form.one_of("default_sort_order", (0, 1))
    form.one_of("default_forum_layout", (0, 1, 2))
    form.one_of("default_tag_setting", ("match_all", "match_some"))
    form.number("flags", 0, ChannelFlag.REQUIRE_TAG | ChannelFlag.HIDE_MEDIA_DOWNLOAD_OPTIONS)
    emoji = form.within("default_reaction_emoji")
    if emoji is not None:
        _read_emoji(emoji)
    names: list[object] = []
    for one in form.several("available_tags", MAX_TAGS):
        one.text("name", 0, MAX_TAG_NAME)
        one.require("name")
        one.flag("moderated")
        if one.fields.given("id") != NO_ID:
            one.snowflake("id")
        _read_emoji(one)
        names.append(one.values.get("name"))
    if len(set(names)) < len(names):
        raise ApiError(Refusal.TAG_NAMES_NOT_UNIQUE)


def _read_emoji(form: Form) -> None:
    form.snowflake("emoji_id")
    form.text("emoji_name", 0, 100)


def _check_parent(form: Form, guild: Guild, now: Channel | None) -> None:
    parent_id = form.values.get("parent_id")
    if parent_id is None:
        return
    parent = guild.channels.get(parent_id)
    children = [one for one in guild.channels.values() if one.parent_id == parent_id and one is not now]
    if parent is None:
        form.wrong("parent_id", "Category does not exist")
    elif parent.type is not ChannelType.GUILD_CATEGORY:
        form.wrong("parent_id", "Not a category")
    elif len(children) >= MAX_CHILDREN:
        form.wrong("parent_id", f"Maximum number of channels in category reached ({MAX_CHILDREN})")
