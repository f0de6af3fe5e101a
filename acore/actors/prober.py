"""The edge that runs the checks."""

from collections.abc import Mapping

from acore.checks.registry import TIME_LIMIT, Check, Result
from acore.clock import Clock
from acore.events.asks import AskError
from acore.events.base import Command
from acore.events.health import CheckCompleted, Health, RunCheck
from acore.events.settings import SettingsFacts, SettingsView
from acore.events.store import ProbeStore
from acore.events.views import Seen, View
from acore.runtime.edge import EdgeActor, EdgeContext
from acore.runtime.handlers import handles
from acore.runtime.report import reason


class ProberActor(EdgeActor):
    """Runs checks side by side, each within its time limit; none can harm another."""

    asks = (ProbeStore,)

    def __init__(self, checks: Mapping[str, Check]) -> None:
        """Know the *checks* by name."""
        self._checks = checks

    @handles
    async def run_check(self, wanted: RunCheck, io: EdgeContext) -> CheckCompleted:
        """Run one check and tell what it found."""
        began = io.clock.monotonic()
        result = Result(status=Health.UNHEALTHY, message=f"no answer within {TIME_LIMIT:g} s")
        with io.clock.deadline(TIME_LIMIT):
            result = await self._result(wanted.check, io)
        return CheckCompleted(
            check=wanted.check,
            status=result.status,
            message=result.message,
            seconds=io.clock.monotonic() - began,
        )

    async def _result(self, name: str, io: EdgeContext) -> Result:
        known = self._checks.get(name)
        if known is None:
            return Result(status=Health.UNKNOWN, message="there is no such check any more")
        try:
            return await known.run(_Around(io))
        except AskError as error:
            return Result(status=Health.UNHEALTHY, message=str(error))
        except Exception as error:  # noqa: BLE001 - a broken check is a finding about that check alone
            return Result(status=Health.UNKNOWN, message=f"the check itself failed: {reason(error)}")


class _Around:
    """What a check may look at, through the prober's own context."""

    def __init__(self, io: EdgeContext) -> None:
        self._io = io

    @property
    def clock(self) -> Clock:
        return self._io.clock

    def settings(self) -> SettingsFacts | None:
        view = self._io.view(SettingsView)
        return view.facts if view else None

    def seen[V: View](self, kind: type[V]) -> Seen[V] | None:
        return self._io.seen(kind)

    async def ask[R](self, command: Command[R]) -> R:
        return await self._io.ask(command, within=TIME_LIMIT)
