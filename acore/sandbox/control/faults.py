"""Faults over the control API."""

from collections.abc import Callable

from acore.sandbox import parameters
from acore.sandbox.api.table import NOTHING, Answer
from acore.sandbox.control.table import ControlCall, ControlError, ControlRoutes
from acore.sandbox.faults.faults import Active, Faults
from acore.sandbox.faults.kinds import KINDS, Fault
from acore.sandbox.parameters import WrongInputError


def routes(faults: Faults, inject: Callable[[Fault], Active[Fault]]) -> ControlRoutes:
    """Return what answers for faults.

    Args:
        faults: those in force.
        inject: puts one in force.
    """
    table = ControlRoutes()

    @table.on("POST", "/faults")
    def begin(call: ControlCall) -> Answer:
        kind = KINDS.get(str(call.body.get("name")))
        if kind is None:
            raise WrongInputError("name", call.body.get("name"), f"give one of {', '.join(KINDS)}")
        fields = {name: value for name, value in call.body.items() if name != "name"}
        return Answer(inject(parameters.read(kind, fields)).shown(), 201)

    @table.on("GET", "/faults")
    def what_is_in_force(_call: ControlCall) -> Answer:
        return Answer([one.shown() for one in faults.listed()])

    @table.on("DELETE", "/faults")
    def clear(_call: ControlCall) -> Answer:
        return Answer({"cleared": faults.clear()})

    @table.on("DELETE", "/faults/{fault_id}")
    def end(call: ControlCall) -> Answer:
        if not faults.remove(call.path["fault_id"]):
            message = f"no fault with the number {call.path['fault_id']!r} is in force"
            raise ControlError(404, message)
        return NOTHING

    return table
