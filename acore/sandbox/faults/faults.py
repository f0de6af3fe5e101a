"""The faults that are in force: what they do to requests, and what is left of them."""

import asyncio
import itertools
from collections.abc import Callable, Iterator
from random import Random

import anyio

from acore.sandbox import parameters, realtime
from acore.sandbox.faults import pointers
from acore.sandbox.faults.hold import Hold
from acore.sandbox.faults.kinds import (
    Cloudflare,
    Counted,
    Cut,
    Fault,
    HoldRequests,
    Lag,
    Lasting,
    Latency,
    Mangle,
    MangleEvent,
    Matching,
    Outage,
    RateLimit,
    Refuse,
    RefuseIdentify,
    Stall,
    Status,
)
from acore.sandbox.shapes import Json

type Ending = Status | RateLimit | Cloudflare | Cut
"""What is done instead of answering."""


class Active[F: Fault]:
    """One fault in force."""

    def __init__(self, number: str, fault: F, end: Callable[[str], object]) -> None:
        self.id = number
        self._end = end
        self._fault = fault
        self._struck = 0
        self.ended = anyio.Event()
        self.hold = Hold()
        self.timer: asyncio.TimerHandle | None = None
        self._began_at = realtime.monotonic()
        self._chances = Random(fault.seed if isinstance(fault, Lag | Latency) else 0)  # noqa: S311 - repeatable

    @property
    def fault(self) -> F:
        """What it is."""
        return self._fault

    @property
    def struck(self) -> int:
        """How often it struck."""
        return self._struck + self.hold.count

    def end(self) -> None:
        """Let it be over; harmless if it is."""
        self._end(self.id)

    def strike(self) -> None:
        """Count one stroke."""
        self._struck += 1

    @property
    def times_left(self) -> int | None:
        """How often it will strike yet; None for as often as there is a chance."""
        times = self.fault.times if isinstance(self.fault, Counted) else None
        return None if times is None else times - self.struck

    @property
    def seconds_left(self) -> float | None:
        """How long it goes on; None until it is cleared."""
        seconds = self.fault.seconds if isinstance(self.fault, Lasting) else None
        return None if seconds is None else max(0.0, self._began_at + seconds - realtime.monotonic())

    def delay(self, ms: int, jitter: int) -> float:
        """Return seconds to wait, by chance within the jitter."""
        return max(0.0, ms + self._chances.uniform(-jitter, jitter)) / 1000

    def shown(self) -> Json:
        """Return what the control API tells of it: its fields, how often it struck, what is left."""
        return {
            "id": self.id,
            "name": self.fault.name,
            **parameters.shown(self.fault),
            "is_over": self.ended.is_set(),
            "struck": self.struck,
            "times_left": self.times_left,
            "seconds_left": self.seconds_left,
        }


class Faults:
    """What is done to bots on purpose, as long as it is in force."""

    def __init__(self) -> None:
        self._active: dict[str, Active[Fault]] = {}
        self._numbers = itertools.count(1)

    # -- coming and going

    def add(self, fault: Fault) -> Active[Fault]:
        """Put a fault in force; to be called in the running event loop.

        Raises:
            WrongInputError: one of its fields will not do.
        """
        parameters.check(fault)
        fault.check()
        active = self._new(fault)
        self._active[active.id] = active
        if isinstance(fault, Lasting) and fault.seconds is not None:
            active.timer = asyncio.get_running_loop().call_later(fault.seconds, self.remove, active.id)
        return active

    def over(self, fault: Fault) -> Active[Fault]:
        """Return a fault that has happened and is over."""
        active = self._new(fault)
        active.strike()
        active.ended.set()
        return active

    def _new(self, fault: Fault) -> Active[Fault]:
        return Active(str(next(self._numbers)), fault, self.remove)

    def hold(self, method: str, path: str) -> Hold:
        """Hold matching requests from now on."""
        return self.add(HoldRequests(method=method, path=path)).hold

    def listed(self) -> list[Active[Fault]]:
        """Return what is in force, the oldest first."""
        return [one for one in self._active.values() if not one.hold.is_released]

    def remove(self, number: str) -> bool:
        """End one fault; return whether it was in force."""
        active = self._active.pop(number, None)
        if active is None:
            return False
        if active.timer is not None:
            active.timer.cancel()
        active.hold.release()
        active.ended.set()
        return True

    def clear(self) -> int:
        """End all faults; return how many were in force."""
        return sum([self.remove(number) for number in list(self._active)])

    def stop(self) -> None:
        """End all faults and refuse those who wait, because the sandbox stops."""
        for active in self.listed():
            active.hold.abandon()
        self.clear()

    def _of[F: Fault](self, kind: type[F]) -> Iterator[Active[F]]:
        for active in self.listed():
            if isinstance(active.fault, kind):
                yield active  # pyright: ignore[reportReturnType] - narrowed by its fault

    def _on[F: Matching](self, kind: type[F], method: str, path: str) -> Iterator[Active[F]]:
        return (one for one in self._of(kind) if one.fault.pattern.matches(method, path))

    def _strike[F: Fault](self, active: Active[F]) -> F:
        """Count one stroke; the last one ends the fault."""
        active.strike()
        if active.times_left == 0:
            active.end()
        return active.fault

    # -- requests

    def is_cut_off(self) -> bool:
        """Return whether nothing can be reached, and count what was tried."""
        outages = list(self._of(Outage))
        for outage in outages:
            outage.strike()
        return bool(outages)

    async def wait(self, method: str, path: str) -> None:
        """Let a request wait as long as it is held and is to be late.

        Raises:
            ApiError: the sandbox stops meanwhile.
        """
        for late in list(self._on(Latency, method, path)):
            seconds = late.delay(late.fault.ms, late.fault.jitter)
            self._strike(late)
            await realtime.sleep(seconds)
        for held in list(self._on(HoldRequests, method, path)):
            await held.hold.wait()

    def ending(self, method: str, path: str) -> Ending | None:
        """Return what is done to a request instead of carrying it out and answering; None for nothing."""
        for active in self.listed():
            fault = active.fault
            if isinstance(fault, Status | RateLimit | Cloudflare | Cut) and fault.pattern.matches(
                method, path
            ):
                self._strike(active)
                return fault
        return None

    def is_mangling(self, method: str, path: str) -> bool:
        """Return whether the body of an answer is to be changed."""
        return any(self._on(Mangle, method, path))

    def mangled(self, method: str, path: str, body: object) -> object:
        """Return the body of an answer as it is to be sent."""
        for active in list(self._on(Mangle, method, path)):
            body = self._mangle(active, body)
        return body

    # -- the gateway

    def is_refusing(self) -> bool:
        """Return whether a new gateway socket is refused, and count that."""
        refusing = next(self._of(Refuse), None)
        if refusing is not None:
            self._strike(refusing)
        return refusing is not None

    def identify_refusal(self) -> int | None:
        """Return the code that answers a bot's IDENTIFY, and count that; None lets it in."""
        refusing = next(self._of(RefuseIdentify), None)
        return None if refusing is None else self._strike(refusing).code

    @property
    def slow_frames(self) -> bool:
        """Whether a gateway frame of a bot is to wait."""
        return any(isinstance(one.fault, Lag | Stall) for one in self.listed())

    async def let_frame_pass(self) -> None:
        """Wait as long as a gateway frame of a bot is to wait."""
        for lag in list(self._of(Lag)):
            lag.strike()
            await realtime.sleep(lag.delay(lag.fault.ms, lag.fault.jitter))
        while (stall := next(self._of(Stall), None)) is not None:
            stall.strike()
            await stall.ended.wait()

    def mangled_event(self, event: str, data: object) -> object:
        """Return the data of an event as it is to be sent to a bot."""
        for active in list(self._of(MangleEvent)):
            if active.fault.event in {"*", event}:
                data = self._mangle(active, data)
        return data

    def _mangle(self, active: Active[Mangle] | Active[MangleEvent], document: object) -> object:
        fault = active.fault
        document, was_changed = pointers.changed(document, pointers.split(fault.pointer), fault.value)
        if was_changed:
            self._strike(active)
        return document
