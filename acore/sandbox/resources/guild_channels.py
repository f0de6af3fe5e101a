"""A guild's channels: which there are, making them, and their order."""

from functools import partial

from acore.sandbox import payloads
from acore.sandbox.api.table import NOTHING, Answer, Audience, Call, Routes
from acore.sandbox.forms.form import Form
from acore.sandbox.permissions.rules import Permission
from acore.sandbox.refusals import ApiError, Refusal
from acore.sandbox.resources import channel_forms, overwrites
from acore.sandbox.shapes import Json
from acore.sandbox.state import channels
from acore.sandbox.state.audience import Viewers
from acore.sandbox.state.kinds import ChannelType
from acore.sandbox.state.records import Channel, Guild, Overwrite

MAX_CHANNELS = 500  # Discord's documentation, "JSON Error Codes", 30013

routes = Routes()


@routes.on("GET", "/guilds/{guild_id}/channels", Audience.EITHER, refuses=(Refusal.UNKNOWN_GUILD,))
def get_channels(call: Call) -> Answer:
    """Return those of a guild's channels that the caller may view."""
    guild = call.guild()
    seen = [one for one in guild.channels.values() if call.caller.id in Viewers(guild, one)]
    return Answer([payloads.channel(one, seen_by=call.caller.id) for one in seen])


@routes.on(
    "POST",
    "/guilds/{guild_id}/channels",
    Audience.EITHER,
    refuses=(
        Refusal.UNKNOWN_GUILD,
        Refusal.MISSING_PERMISSIONS,
        Refusal.INVALID_FORM,
        Refusal.TAG_NAMES_NOT_UNIQUE,
        Refusal.TOO_MANY_CHANNELS,
    ),
)
def create_channel(call: Call) -> Answer:
    """Make a channel; what its category allows and denies holds for it too, unless something else is sent."""
    world, guild = call.world, call.guild()
    call.require(Permission.MANAGE_CHANNELS, guild)
    kind = channel_forms.type_of(call.form.get("type"))
    sent = channel_forms.read(call.form, kind, guild, is_new=True)
    channel = Channel(
        id=world.snowflakes.make(),
        type=kind,
        guild_id=guild.id,
        position=channels.next_position(guild, kind),
    )
    overwrites.may_set(call, guild, channel, sent)
    if len(guild.channels) >= MAX_CHANNELS:
        raise ApiError(Refusal.TOO_MANY_CHANNELS)
    channel_forms.apply(sent, channel, guild, world.snowflakes)
    if not sent.get("permission_overwrites") and channel.parent_id is not None:
        channel.overwrites = _copied(guild.channels[channel.parent_id])
    channels.add(call.hand(guild), channel)
    return Answer(payloads.channel(channel, seen_by=call.caller.id), status=201)


@routes.on(
    "PATCH",
    "/guilds/{guild_id}/channels",
    Audience.EITHER,
    refuses=(Refusal.UNKNOWN_GUILD, Refusal.MISSING_PERMISSIONS, Refusal.INVALID_FORM),
)
def move_channels(call: Call) -> Answer:
    """Put channels in another order, or into other categories."""
    guild = call.guild()
    call.require(Permission.MANAGE_CHANNELS, guild)
    form = Form.of({"channels": call.body})
    wanted: list[tuple[Channel, Json]] = []
    for one in form.several("channels", MAX_CHANNELS):
        one.snowflake("id")
        one.require("id")
        one.number("position", 0, channel_forms.MAX_POSITION)
        one.snowflake("parent_id")
        one.flag("lock_permissions")
        channel = guild.channels.get(str(one.values.get("id")))
        parent_id = one.values.get("parent_id")
        parent = guild.channels.get(str(parent_id))
        if parent_id is not None and (parent is None or parent.type is not ChannelType.GUILD_CATEGORY):
            one.wrong("parent_id", "Not a category")
        if channel is not None:
            wanted.append((channel, one.values))
        elif one.values.get("id") is not None:
            one.wrong("id", "Unknown Channel")
    form.read()
    channels.put_in_order(
        call.hand(guild), [(channel, partial(_move, channel, guild, sent)) for channel, sent in wanted]
    )
    return NOTHING


def _copied(parent: Channel) -> dict[str, Overwrite]:
    return {
        key: Overwrite(id=one.id, type=one.type, allow=one.allow, deny=one.deny)
        for key, one in parent.overwrites.items()
    }


def _move(channel: Channel, guild: Guild, sent: Json) -> None:
    if sent.get("position") is not None:
        channel.position = sent["position"]
    if "parent_id" in sent:
        channel.parent_id = sent["parent_id"]
    parent = guild.channels.get(channel.parent_id or "")
    if sent.get("lock_permissions") and parent is not None:
        channel.overwrites = _copied(parent)
