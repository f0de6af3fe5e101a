"""Who is at the console, and where they look."""

from typing import TYPE_CHECKING

from acore.sandbox.console import grammar
from acore.sandbox.console.names import place_name
from acore.sandbox.console.orders.table import done, order
from acore.sandbox.console.outcome import Outcome

if TYPE_CHECKING:
    from acore.sandbox.console.console import Console


@order("user NAME", "users")
async def user(console: "Console", rest: str) -> Outcome:
    """Go on as another user, who sees what they missed."""
    await console.become(_name(rest).removeprefix("@"))
    return done()


@order("users")
async def users(console: "Console", _rest: str) -> Outcome:
    """List the users you can be."""
    return done("\n".join(f"{'→' if one == console.username else ' '} {one}" for one in console.users()))


@order("channel NAME", "channels")
async def channel(console: "Console", rest: str) -> Outcome:
    """Look at another channel."""
    await console.look_at(await console.channel_named(_name(rest)))
    return done()


@order("dm NAME", "members")
async def dm(console: "Console", rest: str) -> Outcome:
    """Look at your direct messages with somebody."""
    await console.look_at(await console.channel_named(f"@{_name(rest).removeprefix('@')}"))
    return done()


@order("channels")
async def channels(console: "Console", _rest: str) -> Outcome:
    """List the channels you see, and what is unread."""
    seat, places = console.seat, console.person.places
    guild_id = seat.guild_id or console.person.guild_id
    ids = [str(one["id"]) for one in places.talkable(guild_id)] + list(places.direct)
    lines = [
        f"{'→' if one == seat.channel_id else ' '} {place_name(places, one)}"
        + (f"  {seat.unread[one]} new" if seat.unread.get(one) else "")
        for one in ids
    ]
    return done("\n".join(lines))


@order("server NAME", "servers")
async def server(console: "Console", rest: str) -> Outcome:
    """Look at another server; without a name, list all."""
    places = console.person.places
    if not rest:
        here = console.seat.guild_id
        lines = [f"{'→' if key == here else ' '} {one.get('name')}" for key, one in places.guilds.items()]
        return done("\n".join(lines))
    await console.look_at(places.first_talkable(places.guild_named(_name(rest))))
    return done()


def _name(rest: str) -> str:
    """Return a name that may stand in quotes."""
    return " ".join(grammar.split(rest))
