"""Where the gateway is."""

from acore.sandbox.api.table import Answer, Audience, Call, Routes
from acore.sandbox.refusals import ApiError, Refusal

routes = Routes()


@routes.on("GET", "/gateway", Audience.ANYONE)
def get_gateway(call: Call) -> Answer:
    """Return the gateway's address, to which clients append their query."""
    return Answer({"url": call.house.gateway.url})


@routes.on("GET", "/gateway/bot", Audience.BOT)
def get_gateway_bot(call: Call) -> Answer:
    """Return the gateway's address and how often the bot may still IDENTIFY."""
    if call.application is None:
        raise ApiError(Refusal.UNAUTHORIZED)
    gateway = call.house.gateway
    return Answer({"url": gateway.url, **gateway.starts(call.application)})
