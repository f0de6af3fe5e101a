"""Voice regions, and how members are in voice channels; going there is the gateway's affair."""

from acore.sandbox import payloads, realtime
from acore.sandbox.api.table import NOTHING, Answer, Audience, Call, Routes
from acore.sandbox.forms import field_kinds
from acore.sandbox.forms.fields import Fields
from acore.sandbox.permissions.rules import Permission
from acore.sandbox.refusals import ApiError, FormErrors, Refusal
from acore.sandbox.shapes import Json
from acore.sandbox.state import voice
from acore.sandbox.state.kinds import ChannelType
from acore.sandbox.state.records import Channel, Guild, VoiceState

REGIONS = {
    "brazil": "Brazil",
    "hongkong": "Hong Kong",
    "india": "India",
    "japan": "Japan",
    "rotterdam": "Rotterdam",
    "singapore": "Singapore",
    "southafrica": "South Africa",
    "sydney": "Sydney",
    "us-central": "US Central",
    "us-east": "US East",
    "us-south": "US South",
    "us-west": "US West",
}
OPTIMAL = "rotterdam"
CHANGING = (
    Refusal.UNKNOWN_GUILD,
    Refusal.UNKNOWN_VOICE_STATE,
    Refusal.CANNOT_ACT_ON_CHANNEL_TYPE,
    Refusal.MISSING_PERMISSIONS,
    Refusal.INVALID_FORM,
)

routes = Routes()


@routes.on("GET", "/voice/regions", Audience.EITHER)
def get_regions(_call: Call) -> Answer:
    """Return every region that sound could come from."""
    return Answer(_regions())


@routes.on("GET", "/guilds/{guild_id}/regions", Audience.EITHER, refuses=(Refusal.UNKNOWN_GUILD,))
def get_guild_regions(call: Call) -> Answer:
    """Return the regions of a guild; none has any of its own."""
    call.guild()
    return Answer(_regions())


@routes.on(
    "GET",
    "/guilds/{guild_id}/voice-states/@me",
    Audience.EITHER,
    refuses=(Refusal.UNKNOWN_GUILD, Refusal.UNKNOWN_VOICE_STATE),
)
def get_own_state(call: Call) -> Answer:
    """Return how the caller is in voice."""
    guild = call.guild()
    return Answer(payloads.voice_state(_state(guild, call.caller.id), guild))


@routes.on(
    "GET",
    "/guilds/{guild_id}/voice-states/{user_id}",
    Audience.EITHER,
    refuses=(Refusal.UNKNOWN_GUILD, Refusal.UNKNOWN_VOICE_STATE),
)
def get_state(call: Call) -> Answer:
    """Return how a member is in voice, if the caller sees the channel."""
    guild = call.guild()
    state = _state(guild, call.path["user_id"])
    if not call.bits(guild.channels[state.channel_id]) & Permission.VIEW_CHANNEL:
        raise ApiError(Refusal.UNKNOWN_VOICE_STATE)
    return Answer(payloads.voice_state(state, guild))


@routes.on("PATCH", "/guilds/{guild_id}/voice-states/@me", Audience.EITHER, refuses=CHANGING)
def edit_own_state(call: Call) -> Answer:
    """Let the caller speak on a stage or be silent, ask to speak or no longer."""
    guild = call.guild()
    state = _state(guild, call.caller.id)
    stage, fields = _stage(guild, state, call.form)
    suppress, asked_at = fields.flag("suppress"), field_kinds.moment(fields, "request_to_speak_timestamp")
    fields.errors.raise_any()
    if suppress is False:
        call.require(Permission.MUTE_MEMBERS, stage)
    if asked_at is not None:
        call.require(Permission.REQUEST_TO_SPEAK, stage)
    if suppress is not None:
        state.is_suppressed = suppress
    if "request_to_speak_timestamp" in call.form:
        state.asked_to_speak_at = asked_at
    voice.tell(call.world, guild, state.user_id)
    return NOTHING


@routes.on("PATCH", "/guilds/{guild_id}/voice-states/{user_id}", Audience.EITHER, refuses=CHANGING)
def edit_state(call: Call) -> Answer:
    """Let a member speak on a stage or be silent.

    A person who may speak is invited, which shows in when they asked to speak; a bot speaks at once
    (Discord's documentation, "Modify User Voice State").
    """
    guild = call.guild()
    state = _state(guild, call.path["user_id"])
    stage, fields = _stage(guild, state, call.form)
    suppress = fields.flag("suppress")
    fields.errors.raise_any()
    call.require(Permission.MUTE_MEMBERS, stage)
    if suppress is not None:
        state.is_suppressed = suppress
        is_invited = not suppress and not guild.members[state.user_id].user.bot
        state.asked_to_speak_at = realtime.now() if is_invited else None
        voice.tell(call.world, guild, state.user_id)
    return NOTHING


def _regions() -> list[Json]:
    return [
        {"id": key, "name": name, "custom": False, "deprecated": False, "optimal": key == OPTIMAL}
        for key, name in REGIONS.items()
    ]


def _state(guild: Guild, user_id: str) -> VoiceState:
    """Return somebody's voice state.

    Raises:
        ApiError: they are in no voice channel.
    """
    state = guild.voice_states.get(user_id)
    if state is None:
        raise ApiError(Refusal.UNKNOWN_VOICE_STATE)
    return state


def _stage(guild: Guild, state: VoiceState, form: Json) -> tuple[Channel, Fields]:
    """Return the stage somebody is on, and the fields of a change to it.

    Raises:
        ApiError: the channel is no stage, or not the one that is named.
    """
    fields = Fields(form, FormErrors())
    named = fields.snowflake("channel_id")
    channel = guild.channels[state.channel_id]
    if named is not None and named != channel.id:
        fields.wrong("channel_id", "The user is not in this channel.")
    fields.errors.raise_any()
    if channel.type is not ChannelType.GUILD_STAGE_VOICE:
        raise ApiError(Refusal.CANNOT_ACT_ON_CHANNEL_TYPE)
    return channel, fields
