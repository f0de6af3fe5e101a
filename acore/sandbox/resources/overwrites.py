"""What a channel allows and denies single roles and members."""

from functools import partial

from acore.sandbox.api.table import NOTHING, Answer, Audience, Call, Routes
from acore.sandbox.forms.form import Form
from acore.sandbox.permissions.rules import EVERYTHING, Permission
from acore.sandbox.refusals import ApiError, Refusal, invalid
from acore.sandbox.resources import channel_forms
from acore.sandbox.shapes import Json
from acore.sandbox.state import channels
from acore.sandbox.state.records import Channel, Guild, Overwrite

routes = Routes()

SEEING = (Refusal.UNKNOWN_CHANNEL, Refusal.MISSING_ACCESS)


@routes.on(
    "PUT",
    "/channels/{channel_id}/permissions/{overwrite_id}",
    Audience.EITHER,
    refuses=(
        *SEEING,
        Refusal.MISSING_PERMISSIONS,
        Refusal.INVALID_FORM,
        Refusal.UNKNOWN_OVERWRITE,
        Refusal.CANNOT_ACT_ON_CHANNEL_TYPE,
    ),
)
def put_overwrite(call: Call) -> Answer:
    """Say what a channel allows and denies a role or a member."""
    guild, channel = _overwritable(call)
    call.require(Permission.MANAGE_ROLES, channel)
    form = Form.of(call.form)
    channel_forms.read_bits(form)
    target = call.path["overwrite_id"]
    one = channel_forms.overwrite(form.read(), target, guild)
    if target not in (guild.members if one.type else guild.roles):
        raise ApiError(Refusal.UNKNOWN_OVERWRITE)
    _check_bits(call, guild, channel, channel.overwrites | {target: one})
    apply = partial(channel.overwrites.__setitem__, target, one)
    channels.change(call.hand(guild), channel, apply)
    return NOTHING


@routes.on(
    "DELETE",
    "/channels/{channel_id}/permissions/{overwrite_id}",
    Audience.EITHER,
    refuses=(
        *SEEING,
        Refusal.MISSING_PERMISSIONS,
        Refusal.UNKNOWN_OVERWRITE,
        Refusal.CANNOT_ACT_ON_CHANNEL_TYPE,
    ),
)
def delete_overwrite(call: Call) -> Answer:
    """Let a role or a member have in a channel what they have in the guild."""
    guild, channel = _overwritable(call)
    call.require(Permission.MANAGE_ROLES, channel)
    target = call.path["overwrite_id"]
    if target not in channel.overwrites:
        raise ApiError(Refusal.UNKNOWN_OVERWRITE)
    _check_bits(call, guild, channel, {k: one for k, one in channel.overwrites.items() if k != target})
    apply = partial(channel.overwrites.__delitem__, target)
    channels.change(call.hand(guild), channel, apply)
    return NOTHING


def _overwritable(call: Call) -> tuple[Guild, Channel]:
    channel = call.channel()
    guild = call.world.guild_of(channel)
    if guild is None or channel.is_thread:
        raise ApiError(Refusal.CANNOT_ACT_ON_CHANNEL_TYPE)
    return guild, channel


def may_set(call: Call, guild: Guild, channel: Channel, sent: Json) -> None:
    """Go on only if the caller may set the overwrites that were sent with a channel.

    Raises:
        ApiError: code 50013, or 50035 for a role or member that the guild does not have.
    """
    listed: list[Json] | None = sent.get("permission_overwrites")
    if listed is None:
        return
    for index, one in enumerate(listed):
        if one["id"] not in guild.roles and one["id"] not in guild.members:
            raise invalid(("permission_overwrites", index, "id"), "Role or member does not exist")
    wanted = {one["id"]: channel_forms.overwrite(one, one["id"], guild) for one in listed}
    if channel.id in guild.channels and not _differing(channel.overwrites, wanted):
        return
    if listed and channel.id in guild.channels:
        call.require(Permission.MANAGE_ROLES, channel)
    elif listed:
        call.require(Permission.MANAGE_ROLES, guild)
    _check_bits(call, guild, channel, wanted)


def _check_bits(call: Call, guild: Guild, channel: Channel, wanted: dict[str, Overwrite]) -> None:
    """Go on only if the caller has every permission whose overwrite is to be another.

    Only administrators can set MANAGE_ROLES itself (Discord's documentation, "Edit Channel Permissions").

    Raises:
        ApiError: code 50013.
    """
    own = call.bits(guild)
    if own == EVERYTHING:
        return
    if channel.id in guild.channels:
        own |= call.bits(channel)
    if _differing(channel.overwrites, wanted) & ~(own & ~Permission.MANAGE_ROLES):
        raise ApiError(Refusal.MISSING_PERMISSIONS)


def _differing(before: dict[str, Overwrite], after: dict[str, Overwrite]) -> int:
    """Return the bits that are allowed or denied otherwise than before."""
    bits = 0
    for key in {**before, **after}:
        old, new = before.get(key), after.get(key)
        bits |= (old.allow if old else 0) ^ (new.allow if new else 0)
        bits |= (old.deny if old else 0) ^ (new.deny if new else 0)
    return bits
