"""Searching what was said in a guild."""

from collections.abc import Iterator

from acore.sandbox import payloads
from acore.sandbox.api.table import Answer, Audience, Call, Routes
from acore.sandbox.messages import reading, search
from acore.sandbox.messages.search import Search
from acore.sandbox.permissions.rules import Permission
from acore.sandbox.refusals import Refusal
from acore.sandbox.shapes import Json
from acore.sandbox.state.records import Channel, Guild, Message

READING = Permission.VIEW_CHANNEL | Permission.READ_MESSAGE_HISTORY

routes = Routes()


@routes.on(
    "GET",
    "/guilds/{guild_id}/messages/search",
    Audience.EITHER,
    refuses=(Refusal.UNKNOWN_GUILD, Refusal.MISSING_PERMISSIONS, Refusal.INVALID_FORM),
)
def search_messages(call: Call) -> Answer:
    """Return a page of the messages that are looked for; reactions are never among what is told of them."""
    guild = call.guild()
    wanted = search.read(call.query)
    call.require(Permission.READ_MESSAGE_HISTORY, guild)
    found = search.run(wanted, _readable(call, guild, wanted))
    page = found[wanted.offset : wanted.offset + wanted.limit]
    body: Json = {
        "doing_deep_historical_index": False,
        "total_results": len(found),
        "messages": [[_hit(call, one)] for one in page],
    }
    ids = dict.fromkeys(one.channel_id for one in page)
    threads = [guild.threads[one] for one in ids if one in guild.threads]
    if threads:
        shown = [payloads.channel(one, seen_by=call.caller.id) for one in threads]
        body["threads"] = shown
        body["members"] = [one["member"] for one in shown if "member" in one]
    return Answer(body)


def _readable(call: Call, guild: Guild, wanted: Search) -> Iterator[Message]:
    """Yield every message of a guild that the caller may see and read."""
    channels: list[Channel] = [*guild.channels.values(), *guild.threads.values()]
    for channel in channels:
        is_wanted = not wanted.channel_ids or channel.id in wanted.channel_ids
        if not is_wanted or (channel.nsfw and not wanted.with_nsfw):
            continue
        if call.bits(channel) & READING == READING:
            for message in channel.messages.values():
                if reading.may_read(call.world, message, call.caller):
                    yield message


def _hit(call: Call, message: Message) -> Json:
    body = call.house.messages.payload(message, seen_by=call.caller)
    body.pop("reactions", None)
    return {**body, "hit": True}
