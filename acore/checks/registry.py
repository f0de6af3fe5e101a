"""How a check is declared, and all that are."""

from collections.abc import Awaitable, Callable, Mapping
from enum import Enum
from types import ModuleType
from typing import Protocol

from acore.clock import Clock
from acore.errors import AcoreError
from acore.events.base import Command
from acore.events.health import Health
from acore.events.settings import SettingsFacts
from acore.events.views import Seen, View
from acore.record import Record

TIME_LIMIT = 5.0
"""Seconds a check may take (requirement S57)."""


class Tier(Enum):
    """How soon a person wants to know; the value is seconds between two runs at HEALTH_CHECK_INTERVAL=60."""

    CRITICAL = 30
    WARNING = 60
    INFO = 300

    def interval(self, health_check_interval: int) -> float:
        """Return seconds between two runs; the setting scales all tiers alike."""
        return self.value * health_check_interval / 60


class Result(Record):
    """What a check found, in a status and a sentence."""

    status: Health
    message: str


class Surroundings(Protocol):
    """What a check may look at."""

    @property
    def clock(self) -> Clock:
        """The clock everybody here goes by."""
        ...

    def settings(self) -> SettingsFacts | None:
        """Return the settings in force; None before they are known."""
        ...

    def seen[V: View](self, kind: type[V]) -> Seen[V] | None:
        """Return the latest view of *kind* and since when it is shown."""
        ...

    async def ask[R](self, command: Command[R]) -> R:
        """Ask an actor."""
        ...


type CheckFunction = Callable[[Surroundings], Awaitable[Result]]


class Check(Record):
    """A declared check. Its name is the function's, its help the docstring."""

    name: str
    help: str
    tier: Tier
    run: CheckFunction


def check(tier: Tier) -> Callable[[CheckFunction], Check]:
    """Turn the function below into a check of *tier*.

    Raises:
        AcoreError: It has no docstring.
    """

    def declare(function: CheckFunction) -> Check:
        text = (function.__doc__ or "").strip()
        if not text:
            raise AcoreError(
                f"check {function.__name__!r} needs a docstring: it is the help that operators read"
            )
        return Check(name=function.__name__, help=text.splitlines()[0], tier=tier, run=function)

    return declare


def checks_of(*modules: ModuleType) -> Mapping[str, Check]:
    """Return the checks that *modules* declare, by name, in the order of declaration.

    Raises:
        AcoreError: Two checks have one name.
    """
    found: dict[str, Check] = {}
    for module in modules:
        for one in vars(module).values():
            if isinstance(one, Check):
                if one.name in found:
                    raise AcoreError(f"there are two checks named {one.name!r}")
                found[one.name] = one
    return found
