"""Channels."""

from acore.sandbox import payloads
from acore.sandbox.api.refusals import Refusal
from acore.sandbox.api.table import Answer, Audience, Call, Routes

routes = Routes()


@routes.on(
    "GET",
    "/channels/{channel_id}",
    Audience.EITHER,
    refuses=(Refusal.UNKNOWN_CHANNEL, Refusal.MISSING_ACCESS),
)
def get_channel(call: Call) -> Answer:
    """Return a channel."""
    return Answer(payloads.channel(call.channel(), seen_by=call.caller.id))
