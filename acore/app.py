"""The composition root: settings, edges and registries become one tree of actors."""

import os
import platform
import secrets
import sys
import threading
from collections.abc import AsyncGenerator, Callable, Generator, Iterable, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from datetime import datetime, timedelta
from pathlib import Path
from typing import cast

from anyio import Event as Flag
from anyio import create_task_group, to_thread
from anyio.abc import TaskGroup
from loguru import logger

from acore import __version__
from acore.actors.answers import answerers
from acore.actors.control import ControlActor
from acore.actors.core import core_specs
from acore.actors.desk import Tickets
from acore.actors.door import Door, DoorFactory, Ears
from acore.actors.files import FilesActor
from acore.actors.gateway import DiscordGatewayActor
from acore.actors.host import HostActor
from acore.actors.narrator import NarratorActor
from acore.actors.outbox import OutboxActor
from acore.actors.prober import ProberActor
from acore.actors.process import ProcessActor, Signals
from acore.checks import builtin
from acore.checks.registry import checks_of
from acore.clock import Clock, RealClock
from acore.errors import AcoreError, ExitCode, FatalError
from acore.events.base import Event, Trace, outcome_id
from acore.events.bus import Bus
from acore.events.discord import INTERACTION_LIFE, GatewayView, Link
from acore.events.lifecycle import ActorLine, LifecycleView, ProcessFacts, RunFailed, StopRequested
from acore.events.parts import Part, PartNotRestarted, PartRestarted, RestartPart
from acore.garbage import seldom_collected
from acore.host.commit import commit_of
from acore.host.reader import HostReader
from acore.log import forget_secret, keep_secret
from acore.runtime.administration import ChildInfo, ChildState, NeverReadyError
from acore.runtime.cause import UNCAUSED, Cause
from acore.runtime.incarnation import inside
from acore.runtime.pulse import Pulse
from acore.runtime.report import chief, reason
from acore.runtime.restart import RestartLimit, Strategy
from acore.runtime.spec import ChildSpec, SupervisorSpec
from acore.runtime.standstill import StandstillWatch
from acore.runtime.steps import ClockWatch
from acore.runtime.system import System
from acore.runtime.watchdog import HANDLER_TIMEOUT
from acore.settings.load import Loaded
from acore.settings.schema import Settings, revision
from acore.status.parts import parts_of
from acore.storage.database import Prepare
from acore.storage.limits import MEGABYTE, Limits
from acore.storage.store import Store, open_store
from acore.storage.vault import Vault

STOP_BUDGET = 30.0
"""Seconds an ordered stop may take in all; then the process ends anyway, saying what was lost."""
# Of these, so much is for the actors; the rest is for what they said last, which is written after them.
_ACTORS_PART = 0.8
RESTART_LIMIT = 60.0
"""Seconds that a part may take to stop and start again because somebody wants it; more than any is given."""
_INTERRUPTED = 130

type Amend = Callable[[SupervisorSpec], SupervisorSpec]


class NoTokenError(FatalError):
    """There is no token to log in with."""

    exit_code = ExitCode.CONFIG

    def __init__(self) -> None:
        super().__init__(
            "DISCORD_TOKEN is not set: run `acore init`, or put it into .env; "
            "`acore sandbox` runs without one, on a Discord of your own"
        )


class EntriesLostError(FatalError):
    """Some of what happened could not be written before the end."""

    exit_code = ExitCode.IO

    def __init__(self, count: int) -> None:
        super().__init__(f"the last {count} entries could not be written and are lost; make room on the disk")


class App:
    """One run of acore: everything that is made anew with the process."""

    def __init__(
        self,
        loaded: Loaded,
        load: Callable[[], Loaded],
        *,
        clock: Clock | None = None,
        amend: Amend = lambda tree: tree,
        prepare: Prepare | None = None,
    ) -> None:
        """Prepare to run with settings.

        Args:
            loaded: The settings to begin with.
            load: Reads them anew.
            clock: Another clock than the machine's.
            amend: Changes the tree of actors before it is built.
            prepare: Called with each connection that writes to the database, before it is used.
        """
        self._loaded = loaded
        self._load = load
        self._clock = clock or RealClock()
        self._amend = amend
        self._prepare = prepare
        self._why = ""
        self._deadline: threading.Timer | None = None
        self._began = self._clock.now()
        self.boot = secrets.token_hex(8)
        self.system: System | None = None
        self._began_running = Flag()
        self._signals = Signals(self._clock, self.stop, _quit_now)
        self._tickets = Tickets()
        self._failure: BaseException | None = None
        self._unwritten: Callable[[], int] = int
        self._tasks: TaskGroup | None = None

    @property
    def settings(self) -> Settings:
        """The settings this run began with."""
        return self._loaded.settings

    async def run(self, on_started: Callable[[System], None] = lambda _system: None) -> None:
        """Run until asked to stop.

        Args:
            on_started: Called once, when every actor has started.

        Raises:
            NoTokenError: There is no token.
            FatalError: Something that only a person can mend.
            RestartLimitError: A part kept failing.
        """
        if not self.settings.discord_token:
            raise NoTokenError
        data_dir = Path(self.settings.acore_data_dir)
        keep_secret(self.settings.discord_token.reveal())
        try:
            with sole_error():
                async with (
                    self._listening(),
                    open_store(
                        data_dir,
                        boot=self.boot,
                        clock=self._clock,
                        prepare=self._prepare,
                        limits=_limits(self.settings),
                    ) as store,
                ):
                    outside = await to_thread.run_sync(_Outside, data_dir)
                    await self._run(store, outside, on_started)
            if store.lost:
                raise EntriesLostError(store.lost)
        finally:
            self._tickets.forget()
            forget_secret(self.settings.discord_token.reveal())
            if self._deadline is not None:
                self._deadline.cancel()

    async def _run(self, store: Store, outside: "_Outside", on_started: Callable[[System], None]) -> None:
        bus = Bus(self._clock, store.journal, node=outside.node, boot=self.boot, last_seq=store.last_seq)
        tree = self._amend(self._tree(store, outside))
        self._unwritten = lambda: store.journal.waiting
        self.system = System(
            tree, bus, on_stopping=self._limit_the_stop, stop_within=_ACTORS_PART * STOP_BUDGET
        )
        self._began_running.set()
        watch = StandstillWatch(
            self.system.cells,
            bus,
            limit=self.settings.standstill_limit,
            on_turn=_each(Pulse(self.system.supervisors, bus).look, ClockWatch(bus).look),
        )
        with watch.watching():
            async with self._announced(self.system, on_started):
                await self.system.run()

    async def connected(self) -> None:
        """Return when commands can be used on Discord."""
        await self._began_running.wait()
        assert self.system is not None  # noqa: S101 - set before the flag
        await self.system.bus.views.wait(GatewayView, lambda view: view.link is Link.READY)

    def ask_to_stop(self, by: str) -> None:
        """Want an end in good order; the lifecycle actor records who wanted it and brings it about."""
        if self.system is not None:
            self.system.bus.publish(StopRequested(by=by), Trace(source="app"))

    def stop(self, why: str, cause: Cause = UNCAUSED) -> None:
        """Stop everything in good order, within the budget; asking again changes nothing.

        Args:
            why: Who or what wants it.
            cause: What the wish comes of.
        """
        if self._why or self.system is None:
            return
        self._why = why
        self.system.stop(cause=cause)

    async def restart_actor(self, name: str, cause: Cause = UNCAUSED) -> None:
        """Stop one actor in order and start it again; return when it is up.

        Args:
            name: Which actor.
            cause: What the order comes of.

        Raises:
            AcoreError: It cannot be, and why.
        """
        assert self.system is not None  # noqa: S101 - who asks is one of its actors
        # What waits for it is not to be lost.
        await self.system.stop_child(name, drain=True, cause=cause)
        await self.system.restart_child(name, cause=cause)

    def parts(self) -> tuple[Part, ...]:
        """Return the tree of parts as it is now; never waits."""
        if self.system is None:
            return ()
        view = self.system.bus.views.get(LifecycleView)
        return parts_of(
            self.system.tree(),
            view.actors if view is not None else (),
            now=self._clock.now(),
            monotonic=self._clock.monotonic(),
        )

    def _begin_restart(self, wanted: RestartPart, trace: Trace) -> None:
        """Restart an actor in a task of the program's own: the actor that asks may be the one."""
        if self._tasks is not None:
            self._tasks.start_soon(self._restart, wanted, trace)

    async def _restart(self, wanted: RestartPart, trace: Trace) -> None:
        assert self.system is not None  # noqa: S101 - who asks is one of its actors
        inside.set(())  # this task is the program's own, also when the actor that asks is the one
        began = self._clock.monotonic()
        why = f"it took more than {RESTART_LIMIT:g} s"
        is_up = False
        try:
            with self._clock.deadline(RESTART_LIMIT):
                await self.restart_actor(wanted.actor, Cause.inherited(trace))
                is_up = True
        except Exception as error:  # noqa: BLE001 - whatever it is, whoever wanted it must hear of it
            why = str(error) if isinstance(error, AcoreError) else reason(error)
        outcome: Event = PartNotRestarted(actor=wanted.actor, by=wanted.by, reason=why)
        if is_up:
            seconds = self._clock.monotonic() - began
            outcome = PartRestarted(actor=wanted.actor, by=wanted.by, seconds=seconds)
        self.system.bus.publish(outcome, trace, event_id=outcome_id(trace.cause))

    def _limit_the_stop(self, failure: BaseException | None, cause: Cause) -> None:
        """End the process when stopping takes too long, whoever began it; record why, if it is a failure."""
        self._failure = failure
        if failure is not None and self.system is not None:
            self.system.bus.publish(_failed(failure, self._began), cause.trace("app"))
        # A thread, because what may hang is the loop itself.
        self._deadline = threading.Timer(STOP_BUDGET, self._end_late)
        self._deadline.daemon = True
        self._deadline.start()

    @asynccontextmanager
    async def _listening(self) -> AsyncGenerator[None]:
        """Hear signals as long as there is anything to stop; without, they would kill the process at once."""
        async with create_task_group() as group:
            group.start_soon(self._signals.listen)
            await self._signals.is_listening.wait()
            yield
            group.cancel_scope.cancel()

    @asynccontextmanager
    async def _announced(self, system: System, on_started: Callable[[System], None]) -> AsyncGenerator[None]:
        async def announce() -> None:
            with suppress(NeverReadyError):  # whoever runs the system is told why
                await system.wait_ready()
                on_started(system)

        async with create_task_group() as self._tasks:
            self._tasks.start_soon(announce)
            yield
            self._tasks.cancel_scope.cancel()

    def _end_late(self) -> None:
        infos = _actors(self.system.tree()) if self.system is not None else ()
        late = [info.id for info in infos if info.state not in {ChildState.STOPPED, ChildState.ABANDONED}]
        logger.error(
            "Stopping took more than {:.0f} s; ending anyway. Still up: {}", STOP_BUDGET, ", ".join(late)
        )
        if self._failure is not None:
            logger.error("It stopped because of this: {}", reason(self._failure))
        if lost := self._unwritten():
            # The log may go elsewhere, and whoever looks why the process ended looks here.
            sys.stderr.write(f"acore: {EntriesLostError(lost)}\n")
            sys.stderr.flush()
        os._exit(_exit_code(self._failure))

    # --- the tree

    def _tree(self, store: Store, outside: "_Outside") -> SupervisorSpec:
        """Return the tree: what is below is needed by what comes after."""
        known = checks_of(builtin)
        tiers = {name: check.tier for name, check in known.items()}
        facts = self._facts(outside)
        return SupervisorSpec(
            id="acore",
            strategy=Strategy.REST_FOR_ONE,
            limit=RestartLimit(intensity=3, period=300),
            children=(
                SupervisorSpec(id="store", children=store.children()),
                SupervisorSpec(
                    id="sources",
                    children=(
                        ChildSpec(id="narrator", actor=NarratorActor),
                        ChildSpec(
                            id="files", actor=FilesActor, start=lambda: FilesActor(self._loaded, self._load)
                        ),
                        ChildSpec(id="process", actor=ProcessActor, start=lambda: self._process(facts)),
                        ChildSpec(id="host", actor=HostActor, start=lambda: HostActor(outside.reader)),
                        ChildSpec(id="prober", actor=ProberActor, start=lambda: ProberActor(known)),
                    ),
                ),
                SupervisorSpec(id="core", children=core_specs(tiers)),
                SupervisorSpec(
                    id="doors",
                    children=(
                        ChildSpec(
                            id="control",
                            actor=ControlActor,
                            start=lambda: ControlActor(outside.data_dir, facts, self.parts),
                        ),
                        ChildSpec(
                            id="gateway",
                            actor=DiscordGatewayActor,
                            start=lambda: DiscordGatewayActor(
                                self._door(outside), answerers(self.parts), outside.vault, self._tickets
                            ),
                            shutdown=10.0,
                            # An answer is tried as long as Discord accepts it; then it ends by itself.
                            handler_timeout=INTERACTION_LIFE + HANDLER_TIMEOUT,
                        ),
                        # When all who perform something are up.
                        ChildSpec(id="outbox", actor=OutboxActor),
                    ),
                ),
            ),
        )

    def _door(self, outside: "_Outside") -> DoorFactory:
        settings = self.settings

        def door(ears: Ears) -> Door:
            return outside.door(ears, settings.discord_token.reveal(), settings.discord_api_base, self._clock)

        return door

    def _facts(self, outside: "_Outside") -> ProcessFacts:
        return ProcessFacts(
            version=__version__,
            commit=outside.commit,
            python=platform.python_version(),
            host=outside.node,
            pid=os.getpid(),
            began=self._began,
            settings_revision=revision(self.settings),
        )

    def _process(self, facts: ProcessFacts) -> ProcessActor:
        return ProcessActor(facts, self._describe_actors, self._signals, self.stop, self._begin_restart)

    def _describe_actors(self) -> tuple[ActorLine, ...]:
        if self.system is None:
            return ()
        now, since = self._clock.now(), self._clock.monotonic()
        return tuple(_line(info, now, since) for info in _actors(self.system.tree()))


class _Outside:
    """What is read from the machine once, before the tree: made in a thread, since it reads files."""

    def __init__(self, data_dir: Path) -> None:
        # nextcord is most of the start and of the memory: the store is open before it comes.
        with seldom_collected():
            from acore.discord.client import OwnedDoor  # noqa: PLC0415 - see above

        self.data_dir = data_dir
        self.door = OwnedDoor
        self.vault = Vault(data_dir)
        self.reader = HostReader(data_dir)
        self.commit = commit_of(Path.cwd())
        self.node = platform.node()


@contextmanager
def sole_error() -> Generator[None]:
    """Raise what went wrong in the block as itself: each task group on its way has wrapped it once."""
    try:
        yield
    except BaseExceptionGroup as group:
        raise chief(cast("BaseException", group)) from None


def _each(*looks: Callable[[], None]) -> Callable[[], None]:
    def look() -> None:
        for one in looks:
            one()

    return look


def _limits(settings: Settings) -> Limits:
    return Limits(
        memory_bytes=settings.journal_memory_mb * MEGABYTE,
        days=settings.journal_retention_days,
        max_bytes=settings.journal_max_mb * MEGABYTE,
        replayed=tuple(spec.id for spec in core_specs({})),
    )


def _failed(failure: BaseException, began: datetime) -> RunFailed:
    return RunFailed(
        error=type(failure).__name__,
        reason=str(failure) if isinstance(failure, AcoreError) else reason(failure),
        exit_code=_exit_code(failure),
        began=began,
    )


def _exit_code(failure: BaseException | None) -> ExitCode:
    return failure.exit_code if isinstance(failure, AcoreError) else ExitCode.SOFTWARE


def _quit_now() -> None:
    """End the process at once; what was durable stays so."""
    os._exit(_INTERRUPTED)


def _actors(infos: Iterable[ChildInfo]) -> Iterator[ChildInfo]:
    """Yield the actors of a tree, without the supervisors."""
    for info in infos:
        yield from _actors(info.children)
        if not info.is_supervisor:
            yield info


def _line(info: ChildInfo, now: datetime, monotonic: float) -> ActorLine:
    return ActorLine(
        name=info.id,
        is_up=info.state in {ChildState.RUNNING, ChildState.STARTING},
        incarnation=info.incarnation,
        since=now - timedelta(seconds=monotonic - info.since) if info.incarnation else now,
        restarts=max(0, info.incarnation - 1),
        last_failure=info.last_exit.reason if info.last_exit else "",
    )
