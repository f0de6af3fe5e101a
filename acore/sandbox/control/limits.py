"""Limits over the control API: every number can be read and changed while the sandbox runs."""

from acore.sandbox import parameters
from acore.sandbox.api.table import Answer
from acore.sandbox.control.table import ControlCall, ControlRoutes
from acore.sandbox.limits.guard import Guard
from acore.sandbox.limits.numbers import Limits


def routes(guard: Guard) -> ControlRoutes:
    """Return what answers for limits."""
    table = ControlRoutes()

    @table.on("GET", "/limits")
    def tell(_call: ControlCall) -> Answer:
        return Answer(parameters.shown(guard.numbers))

    @table.on("PATCH", "/limits")
    def change(call: ControlCall) -> Answer:
        guard.change(parameters.read(Limits, parameters.shown(guard.numbers) | call.body))
        return Answer(parameters.shown(guard.numbers))

    return table
