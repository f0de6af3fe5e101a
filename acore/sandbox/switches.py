"""What can be done to a sandbox while it runs: trouble on purpose, other limits, a look at its sessions."""

from acore.sandbox.faults.faults import Active, Faults
from acore.sandbox.faults.hold import Hold
from acore.sandbox.faults.injection import inject
from acore.sandbox.faults.kinds import Fault, Status
from acore.sandbox.gateway.codes import CloseCode
from acore.sandbox.gateway.gateway import Gateway
from acore.sandbox.gateway.sessions import Session
from acore.sandbox.limits.guard import Guard
from acore.sandbox.limits.numbers import Limits
from acore.sandbox.state.records import User
from acore.sandbox.state.world import World


class Switches:
    """The switches of a sandbox; what goes wrong strikes bots alone.

    Args:
        world: what there is.
        gateway: where bots are connected.
        faults: what is in force.
        guard: how much bots may do.
    """

    def __init__(self, world: World, gateway: Gateway, faults: Faults, guard: Guard) -> None:
        self.world = world
        self._gateway = gateway
        self._faults = faults
        self._guard = guard

    def hold(self, method: str, path_pattern: str) -> Hold:
        """Let matching requests of bots wait until released.

        One whose client goes away meanwhile is not carried out.

        Args:
            method: e.g. POST; * for all.
            path_pattern: a glob over the path below /api/vN whose * spans slashes, e.g. "/webhooks/*".
        """
        return self._faults.hold(method, path_pattern)

    def fail(self, method: str, path_pattern: str, status: int = 500, times: int = 1) -> None:
        """Answer the next *times* matching requests of bots with *status* instead of carrying them out."""
        self.inject(Status(method=method, path=path_pattern, status=status, times=times))

    def inject(self, fault: Fault) -> Active[Fault]:
        """Put any fault in force; return it with what is left of it: one that happens at once is over.

        Raises:
            WrongInputError: one of its fields will not do.
        """
        return inject(self._faults, self, fault)

    def clear_faults(self) -> None:
        """End all faults that are in force."""
        self._faults.clear()

    @property
    def limits(self) -> Limits:
        """How much a bot may do; set it to change that from now on."""
        return self._guard.numbers

    @limits.setter
    def limits(self, limits: Limits) -> None:
        self._guard.change(limits)

    def close_gateway(self, code: int | None = 4000) -> None:
        """Close the sockets of all bots with this code; None cuts the connections without a word."""
        self._gateway.close_bots(code)

    def reconnect(self) -> None:
        """Ask all bots with op 7 to connect anew, which they do with a RESUME."""
        self._gateway.ask_to_reconnect()

    def ask_for_heartbeats(self) -> None:
        """Ask all bots with op 1 for a heartbeat, which they send at once."""
        self._gateway.ask_for_heartbeats()

    def invalidate_sessions(self, *, resumable: bool) -> None:
        """Tell all bots with op 9 that their sessions are invalid; if *resumable*, they may RESUME."""
        self._gateway.invalidate_bots(resumable=resumable)

    def revoke_token(self) -> str:
        """Reset the bot's token: its sockets close with 4004, and the old token answers 401.

        Returns:
            The new token.
        """
        token = self.world.issue_token(self.world.application.bot)
        self._gateway.end_sessions(self.world.application.bot, CloseCode.AUTHENTICATION_FAILED)
        return token

    def sessions_of(self, user: User) -> list[Session]:
        """Return somebody's gateway sessions, e.g. to send them frames that were made elsewhere."""
        return self._gateway.sessions_of(user)

    def is_connected(self, user: User) -> bool:
        """Return whether somebody is connected to the gateway as this user."""
        return self._gateway.is_connected(user)
