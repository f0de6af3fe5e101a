"""What a sandbox is and what happened in it, over the control API."""

from collections.abc import Callable

from acore.sandbox.api.table import Answer
from acore.sandbox.control.table import ControlCall, ControlRoutes
from acore.sandbox.counts import Counts
from acore.sandbox.gateway.gateway import Gateway
from acore.sandbox.limits.guard import Guard
from acore.sandbox.shapes import Json


def routes(state: Callable[[], Json], gateway: Gateway, guard: Guard, counts: Counts) -> ControlRoutes:
    """Return what answers for the state.

    Args:
        state: what the state file says.
        gateway: whose sessions are told.
        guard: whose count of invalid requests is told.
        counts: what happened so far.
    """
    table = ControlRoutes()

    @table.on("GET", "/state")
    def tell(_call: ControlCall) -> Answer:
        requests = {str(status): number for status, number in sorted(counts.requests.items())}
        return Answer(
            {
                **state(),
                "counts": {
                    "sessions": gateway.sessions(),
                    "requests": requests,
                    "invalid_requests": guard.invalid.counted(),
                    "dispatches": dict(sorted(counts.dispatches.items())),
                },
            }
        )

    return table
