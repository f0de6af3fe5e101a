"""READY, and the GUILD_CREATEs that follow it."""

from anyio import lowlevel

from acore.sandbox import payloads, realtime
from acore.sandbox.gateway.sessions import Session
from acore.sandbox.gateway.sockets import GatewaySocket
from acore.sandbox.shapes import Json
from acore.sandbox.state.records import Guild

SLICE_SECONDS = 0.005
"""For so long guilds are described at a stretch; others have their turn in between."""


def ready(session: Session, guilds: list[Guild], *, url: str, version: int) -> Json:
    """Return what READY says.

    Args:
        session: whose.
        guilds: those it will hear of.
        url: where it may be resumed.
        version: of the API, as the client asked.
    """
    body: Json = {
        "v": version,
        "user": payloads.own_user(session.user),
        "guilds": [{"id": guild.id, "unavailable": True} for guild in guilds],
        "session_id": session.id,
        "resume_gateway_url": url,
        "private_channels": [],
        "presences": [],
    }
    if session.application is not None:
        body["application"] = {"id": session.application.id, "flags": int(session.application.flags)}
        body["shard"] = [session.shard.number, session.shard.count]
    return body


async def tell_guilds(session: Session, socket: GatewaySocket) -> None:
    """Dispatch the GUILD_CREATE of every guild that is still pending, as fast as the client takes them."""
    while session.pending and session.socket is socket and not socket.is_closing:
        until = realtime.monotonic() + SLICE_SECONDS
        while session.pending and realtime.monotonic() < until:
            session.tell_guild(session.pending.pop(next(iter(session.pending))))
        await socket.room()
        await lowlevel.checkpoint()
