"""Op 8: members of a guild, asked for by name or by id, sent in chunks."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import batched

from anyio import lowlevel

from acore.sandbox import payloads
from acore.sandbox.gateway.codes import CloseCode, ProtocolError
from acore.sandbox.gateway.intents import Intent
from acore.sandbox.gateway.sessions import Session
from acore.sandbox.gateway.sockets import GatewaySocket
from acore.sandbox.shapes import Json, as_flag, as_int, as_list, as_snowflake
from acore.sandbox.state.records import Guild, Member
from acore.sandbox.state.world import World

# All after Discord's documentation, "Request Guild Members".
MEMBERS_PER_CHUNK = 1000
MOST_BY_QUERY = 100
MOST_BY_ID = 100
NONCE_BYTES = 32


@dataclass(frozen=True, slots=True)
class Found:
    """What an op 8 asks for; *nonce* is None if it has none that is valid."""

    guild: Guild
    members: list[Member]
    not_found: list[str]
    nonce: str | None
    with_presences: bool


def find_members(world: World, session: Session, data: Json) -> Found | None:
    """Return what a client asks for; None if it is not answered.

    That is so with a guild where the client is not or which is another shard's, and with the whole list of
    members without the intent GUILD_MEMBERS.

    Raises:
        ProtocolError: there is no guild_id, or neither query nor user_ids.
    """
    guild = world.guilds.get(_guild_id(data.get("guild_id")))
    nonce = data.get("nonce")
    query, ids = data.get("query"), data.get("user_ids")
    if (query is None and ids is None) or not isinstance(query, str | None):
        raise ProtocolError(CloseCode.DECODE_ERROR)
    if guild is None or session.user.id not in guild.members or not session.has_guild(guild.id):
        return None
    if ids is None and not query and not session.intents & Intent.GUILD_MEMBERS:
        return None
    members, not_found = _by_query(guild, query or "", as_int(data.get("limit"))), list[str]()
    if ids is not None:
        asked = [] if ids == [] else as_list(ids) or [ids]
        wanted = [as_snowflake(one) or str(one) for one in asked][:MOST_BY_ID]
        members = [guild.members[one] for one in wanted if one in guild.members]
        not_found = [one for one in wanted if one not in guild.members]
    return Found(
        guild,
        members,
        not_found,
        nonce if isinstance(nonce, str) and len(nonce.encode()) <= NONCE_BYTES else None,
        with_presences=bool(session.intents & Intent.GUILD_PRESENCES) and _is_true(data.get("presences")),
    )


async def send_members(session: Session, socket: GatewaySocket, found: Found) -> None:
    """Dispatch the chunks, as fast as the client takes them."""
    if found.guild.id in session.pending:
        session.tell_guild(session.pending.pop(found.guild.id))
    for chunk in _chunks(found):
        if session.socket is not socket or socket.is_closing:
            return
        session.dispatch("GUILD_MEMBERS_CHUNK", chunk)
        await socket.room()
        await lowlevel.checkpoint()


def _chunks(found: Found) -> Iterator[Json]:
    pages = list(batched(found.members, MEMBERS_PER_CHUNK)) or [()]
    for index, page in enumerate(pages):
        chunk: Json = {
            "guild_id": found.guild.id,
            "members": [payloads.member(one) for one in page],
            "chunk_index": index,
            "chunk_count": len(pages),
        }
        if found.not_found:
            chunk["not_found"] = found.not_found
        if found.with_presences:
            online = (one.user for one in page if one.user.presence["status"] != "offline")
            chunk["presences"] = [payloads.presence(one, found.guild.id) for one in online]
        if found.nonce is not None:
            chunk["nonce"] = found.nonce
        yield chunk


def _guild_id(value: object) -> str:
    """Return the id of one guild, which may stand in an array of one."""
    several = as_list(value)
    if len(several) > 1:
        raise ProtocolError(CloseCode.DECODE_ERROR)
    guild_id = as_snowflake(several[0] if several else value)
    if guild_id is None:
        raise ProtocolError(CloseCode.DECODE_ERROR)
    return guild_id


def _by_query(guild: Guild, query: str, limit: int) -> list[Member]:
    """Return the members whose name begins so; all of them only without a query and a limit."""
    start = query.casefold()
    found = [
        one
        for one in guild.members.values()
        if any(name.casefold().startswith(start) for name in _names(one))
    ]
    if query:
        return found[: min(limit, MOST_BY_QUERY) if limit > 0 else MOST_BY_QUERY]
    return found[:limit] if limit > 0 else found


def _names(member: Member) -> list[str]:
    return [one for one in (member.user.username, member.user.global_name, member.nick) if one is not None]


def _is_true(value: object) -> bool:
    return as_flag(value) if isinstance(value, str) else bool(value)
