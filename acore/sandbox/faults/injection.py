"""Putting a fault in force: what happens at once, and what stays until it ends."""

from typing import Protocol

from acore.sandbox import parameters
from acore.sandbox.faults.faults import Active, Faults
from acore.sandbox.faults.kinds import Close, Drop, Fault, Invalidate, Outage, Reconnect, Revoke


class Target(Protocol):
    """What faults that happen at once happen to."""

    def close_gateway(self, code: int | None = ...) -> None:
        """Close the sockets of all bots with this code; None cuts the connections."""
        ...

    def reconnect(self) -> None:
        """Ask all bots with op 7 to connect anew."""
        ...

    def invalidate_sessions(self, *, resumable: bool) -> None:
        """Tell all bots with op 9 that their sessions are invalid."""
        ...

    def revoke_token(self) -> str:
        """Reset the bot's token, and return the new one."""
        ...


def inject(faults: Faults, target: Target, fault: Fault) -> Active[Fault]:
    """Put a fault in force.

    Args:
        faults: where it stays if it lasts.
        target: what it happens to if it happens at once.
        fault: what it is.

    Returns:
        The fault and what is left of it; one that happens at once is over already.

    Raises:
        WrongInputError: one of its fields will not do.
    """
    parameters.check(fault)
    fault.check()
    match fault:
        case Drop():
            target.close_gateway(None)
        case Close():
            target.close_gateway(fault.code)
        case Reconnect():
            target.reconnect()
        case Invalidate():
            target.invalidate_sessions(resumable=fault.resumable)
        case Revoke():
            target.revoke_token()
        case Outage():
            active = faults.add(fault)
            target.close_gateway(None)
            return active
        case _:
            return faults.add(fault)
    return faults.over(fault)
