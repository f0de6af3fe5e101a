"""IDENTIFY and RESUME: what they must say, and what a bot may ask for."""

from dataclasses import dataclass

from acore.sandbox.gateway import intents
from acore.sandbox.gateway.codes import CloseCode, ProtocolError
from acore.sandbox.gateway.presence import Presence, read_presence
from acore.sandbox.gateway.sessions import Session
from acore.sandbox.gateway.shards import Shard, read_shard
from acore.sandbox.shapes import Json
from acore.sandbox.state.records import Application, User
from acore.sandbox.state.world import World

LARGE_THRESHOLDS = (50, 250)  # Discord's documentation, "Identify"; the first is the default


@dataclass(frozen=True, slots=True)
class Comeback:
    """What a RESUME says; a client that never was READY has neither id nor number."""

    session_id: str | None
    seq: int | None


def read_token(data: object) -> str:
    """Return the token of an IDENTIFY or RESUME.

    Raises:
        ProtocolError: there is none.
    """
    token = _object(data).get("token")
    if not isinstance(token, str):
        raise ProtocolError(CloseCode.DECODE_ERROR)
    return token.removeprefix("Bot ")


def person_session(user: User, data: object, world: World) -> Session:
    """Return the session of a person's client, which hears everything its user may know of.

    Raises:
        ProtocolError: the IDENTIFY has another shape than Discord's.
    """
    body = _object(data)
    return Session(
        id=world.randomness.token_hex(16),
        voice_id=world.randomness.token_hex(16),
        user=user,
        application=None,
        intents=int(intents.ALL),
        shard=Shard(),
        large_threshold=_large_threshold(body),
        presence=_presence(body),
    )


def bot_session(
    user: User, application: Application, data: object, world: World, *, guilds_per_shard: int
) -> Session:
    """Return the session that a bot's IDENTIFY asks for.

    Args:
        user: the bot.
        application: whose bot it is.
        data: what the IDENTIFY says.
        world: has its guilds.
        guilds_per_shard: how many of them one session may have.

    Raises:
        ProtocolError: it has another shape than Discord's, its shard does not exist or would have too many
            guilds, or its intents do not exist or are not the application's.
    """
    body = _object(data)
    if not isinstance(body.get("properties"), dict):
        raise ProtocolError(CloseCode.DECODE_ERROR)
    presence, threshold = _presence(body), _large_threshold(body)
    shard = read_shard(body.get("shard")) or Shard()
    if sum(shard.takes(one.id) for one in world.guilds_of(user.id)) > guilds_per_shard:
        raise ProtocolError(CloseCode.SHARDING_REQUIRED)
    wanted = _intents(body)
    if not intents.are_allowed(wanted, application.flags):
        raise ProtocolError(CloseCode.DISALLOWED_INTENTS)
    return Session(
        id=world.randomness.token_hex(16),
        voice_id=world.randomness.token_hex(16),
        user=user,
        application=application,
        intents=wanted,
        shard=shard,
        large_threshold=threshold,
        presence=presence,
    )


def read_comeback(data: object) -> Comeback:
    """Return which session a RESUME means.

    Raises:
        ProtocolError: it has another shape than Discord's, or a number that is none.
    """
    body = _object(data)
    session_id, seq = body.get("session_id"), body.get("seq")
    if not isinstance(session_id, str | None) or not isinstance(seq, int | None) or isinstance(seq, bool):
        raise ProtocolError(CloseCode.DECODE_ERROR)
    if seq is not None and seq < 0:
        raise ProtocolError(CloseCode.INVALID_SEQ)
    return Comeback(session_id, seq)


def _object(data: object) -> Json:
    if not isinstance(data, dict):
        raise ProtocolError(CloseCode.DECODE_ERROR)
    return data  # pyright: ignore[reportUnknownVariableType] - JSON's keys are text


def _presence(body: Json) -> Presence:
    return Presence() if body.get("presence") is None else read_presence(body["presence"])


def _large_threshold(body: Json) -> int:
    least, most = LARGE_THRESHOLDS
    wanted = body.get("large_threshold", least)
    if not isinstance(wanted, int) or isinstance(wanted, bool):
        raise ProtocolError(CloseCode.DECODE_ERROR)
    return min(max(wanted, least), most)


def _intents(body: Json) -> int:
    wanted = body.get("intents", -1)  # it may be missing up to version 7 only
    if not isinstance(wanted, int) or isinstance(wanted, bool):
        raise ProtocolError(CloseCode.DECODE_ERROR)
    if not intents.are_valid(wanted):
        raise ProtocolError(CloseCode.INVALID_INTENTS)
    return wanted
