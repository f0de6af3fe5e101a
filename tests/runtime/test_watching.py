"""Looking at the tree: who ended for good, what its end means, how everything is."""

import asyncio

import pytest
from anyio import CancelScope, create_task_group

from acore.events.base import Event
from acore.runtime.administration import (
    ChildState,
    Terminated,
)
from acore.runtime.restart import (
    AutoShutdown,
    ExitKind,
    RestartLimit,
    RestartType,
    SpecError,
    Strategy,
)
from acore.runtime.spec import ChildSpec
from tests.runtime.cast import PATIENT, Crash, End, One, Starter, infos, one, starter
from tests.runtime.stage import Stage, child, running, tree

# --- watching


class Watcher:
    """Waits for one child's end, and keeps what it was told."""

    def __init__(self, stage: Stage, name: str) -> None:
        self.stage = stage
        self.name = name
        self.told: list[Terminated] = []
        self.scope = CancelScope()

    async def __call__(self) -> None:
        with self.scope:
            self.told.append(await self.stage.system.watch(self.name))


@pytest.mark.parametrize(
    ("restart", "event", "kind"),
    [
        (RestartType.TEMPORARY, Crash(who="x"), ExitKind.CRASHED),
        (RestartType.TEMPORARY, End(who="x"), ExitKind.SHUTDOWN),
        (RestartType.TRANSIENT, End(who="x"), ExitKind.SHUTDOWN),
    ],
)
async def test_who_watches_is_told_once_of_the_end_for_good(
    restart: RestartType, event: Event, kind: ExitKind
) -> None:
    """S70a: each watcher."""
    async with running(one("x", restart)) as stage, create_task_group() as tasks:
        watchers = [Watcher(stage, "x"), Watcher(stage, "x")]
        for watcher in watchers:
            tasks.start_soon(watcher)
        await stage.clock.settle()

        await stage.tell(event)

        for watcher in watchers:
            (told,) = watcher.told
            assert (told.child, told.exit and told.exit.kind) == ("x", kind)
        assert stage.system._watchers == {}


async def test_who_watches_is_told_of_no_restart() -> None:
    """S70a: neither its own nor that of the supervisor above."""
    async with (
        running(tree(one("x"), one("y"), id="sub", limit=RestartLimit(intensity=1))) as stage,
        create_task_group() as tasks,
    ):
        watcher = Watcher(stage, "x")
        tasks.start_soon(watcher)
        await stage.clock.settle()
        await stage.tell(Crash(who="x"))
        await stage.tell(Crash(who="y"))
        assert (stage.info("sub").incarnation, stage.info("x").incarnation) == (2, 3)
        assert watcher.told == []

        stage.system.stop()
        await stage.clock.settle()

        assert [told.child for told in watcher.told] == ["x"]


async def test_who_watches_no_more_is_told_nothing() -> None:
    """S70a: not even when the end has come already and was not told yet."""
    async with running(one("x", RestartType.TEMPORARY)) as stage, create_task_group() as tasks:
        early, late = Watcher(stage, "x"), Watcher(stage, "x")
        tasks.start_soon(early)
        tasks.start_soon(late)
        await stage.clock.settle()
        early.scope.cancel()
        await stage.clock.settle()
        assert len(stage.system._watchers["x"]) == 1
        stage.system.ended("x", None, ())
        late.scope.cancel()
        await stage.clock.settle()

        assert (early.told, late.told) == ([], [])


async def test_who_watches_the_dead_is_told_at_once() -> None:
    """S70a: with how it ended, as long as that is known."""
    async with running(one("x", RestartType.TRANSIENT), one("t", RestartType.TEMPORARY)) as stage:
        await stage.tell(End(who="x"), End(who="t"))

        kept, gone = await stage.system.watch("x"), await stage.system.watch("t")

        assert kept.exit is not None
        assert kept.exit.kind is ExitKind.SHUTDOWN
        assert gone == Terminated(child="t", exit=None)


async def test_what_is_stopped_by_hand_has_ended_for_those_who_watch_it_or_what_is_below() -> None:
    """S70a: until somebody starts it again."""
    async with running(tree(one("x"), id="sub")) as stage, create_task_group() as tasks:
        above, below = Watcher(stage, "sub"), Watcher(stage, "x")
        tasks.start_soon(above)
        tasks.start_soon(below)
        await stage.clock.settle()

        await stage.system.stop_child("sub")
        await stage.clock.settle()
        assert [told.child for told in (*above.told, *below.told)] == ["sub", "x"]
        assert (await stage.system.watch("x")).child == "x"

        await stage.system.restart_child("sub")
        again = Watcher(stage, "x")
        tasks.start_soon(again)
        await stage.clock.settle()
        assert again.told == []
        again.scope.cancel()


async def test_who_watches_a_child_that_waits_to_be_restarted_goes_on_watching() -> None:
    """S70a: also when it is its supervisor that waits."""
    async with (
        running(
            tree(one("x"), id="sub", limit=RestartLimit(intensity=0), backoff=PATIENT),
            one("y", backoff=PATIENT),
        ) as stage,
        create_task_group() as tasks,
    ):
        await stage.tell(Crash(who="x"), Crash(who="y"))
        assert [state for _, state, _ in infos(stage)] == [ChildState.BACKOFF] * 2
        watchers = [Watcher(stage, "x"), Watcher(stage, "y")]
        for watcher in watchers:
            tasks.start_soon(watcher)
        await stage.clock.advance(61)
        assert [watcher.told for watcher in watchers] == [[], []]
        for watcher in watchers:
            watcher.scope.cancel()


# --- significance


def significant(name: str, restart: RestartType = RestartType.TRANSIENT) -> ChildSpec:
    return child(One, id=name, restart=restart, is_significant=True)


@pytest.mark.parametrize(
    ("restart", "event"),
    [
        (RestartType.TRANSIENT, End(who="s")),
        (RestartType.TEMPORARY, End(who="s")),
        (RestartType.TEMPORARY, Crash(who="s")),
    ],
)
async def test_the_end_of_a_significant_child_ends_its_supervisor(restart: RestartType, event: Event) -> None:
    """S70b: any of them, in order, as a good end."""
    async with running(
        one("a"), significant("s", restart), one("c"), auto_shutdown=AutoShutdown.ANY
    ) as stage:
        await stage.tell(event)

        assert stage.is_over
        assert stage.error is None
        assert stage.life()[-2:] == ["c#1 shutdown", "a#1 shutdown"]


async def test_with_all_only_the_last_significant_child_ends_its_supervisor() -> None:
    """S70b."""
    async with running(significant("s"), significant("t"), one("a"), auto_shutdown=AutoShutdown.ALL) as stage:
        await stage.tell(End(who="s"))
        assert not stage.is_over

        await stage.tell(End(who="t"))

        assert stage.is_over


@pytest.mark.parametrize("auto", [AutoShutdown.ANY, AutoShutdown.ALL])
async def test_neither_a_stop_by_hand_nor_a_crash_nor_a_siblings_crash_ends_the_supervisor(
    auto: AutoShutdown,
) -> None:
    """S70b."""
    async with running(
        one("a"),
        significant("s"),
        significant("t", RestartType.TEMPORARY),
        strategy=Strategy.ONE_FOR_ALL,
        auto_shutdown=auto,
    ) as stage:
        await stage.tell(Crash(who="s"))
        assert infos(stage) == [("a", ChildState.RUNNING, 2), ("s", ChildState.RUNNING, 2)]
        await stage.tell(Crash(who="a"))
        await stage.system.stop_child("s")

        assert not stage.is_over
        assert infos(stage) == [("a", ChildState.RUNNING, 3), ("s", ChildState.STOPPED, 3)]


async def test_a_significant_branch_that_ends_well_ends_what_is_above() -> None:
    """S70b."""
    branch = tree(
        one("a"),
        significant("s"),
        id="sub",
        auto_shutdown=AutoShutdown.ANY,
        restart=RestartType.TRANSIENT,
        is_significant=True,
    )
    async with running(one("top"), branch, auto_shutdown=AutoShutdown.ANY) as stage:
        await stage.tell(End(who="s"))

        assert stage.is_over
        assert stage.error is None
        assert stage.life()[-3:] == ["a#1 shutdown", "sub#1 shutdown", "top#1 shutdown"]


async def test_a_significant_branch_that_fails_is_restarted() -> None:
    """S70b."""
    branch = tree(
        one("a"),
        id="sub",
        limit=RestartLimit(intensity=0),
        restart=RestartType.TRANSIENT,
        is_significant=True,
    )
    async with running(branch, auto_shutdown=AutoShutdown.ANY) as stage:
        await stage.tell(Crash(who="a"))

        assert (stage.info("sub").state, stage.info("sub").incarnation) == (ChildState.RUNNING, 2)


@pytest.mark.parametrize(
    ("restart", "auto", "named"),
    [
        (RestartType.PERMANENT, AutoShutdown.ANY, "fits no permanent child"),
        (RestartType.TRANSIENT, AutoShutdown.NEVER, "means nothing where auto_shutdown is never"),
    ],
)
def test_a_significance_that_means_nothing_is_refused(
    restart: RestartType, auto: AutoShutdown, named: str
) -> None:
    """S01, S70b."""
    with pytest.raises(SpecError, match=f"'s': is_significant {named}"):
        Stage(tree(significant("s", restart), auto_shutdown=auto))


# --- looking


async def test_the_tree_tells_of_every_child_at_any_moment() -> None:
    """S70c: state, runs, restarts, since when, until when, the last end, what waits and what was done."""
    slow = Starter("ok", "hold")
    async with running(
        one("a", backoff=PATIENT),
        tree(starter("b", slow), one("c"), id="sub"),
        one("d", RestartType.TRANSIENT),
    ) as stage:
        began = stage.clock.monotonic()
        await stage.tell(Crash(who="a"), Crash(who="b"), End(who="d"))
        await stage.tell(*(Crash(who="nobody") for _ in range(5)))
        began_look = asyncio.get_running_loop().time()
        found = stage.system.tree()
        assert asyncio.get_running_loop().time() - began_look < 0.01

        a, sub, d = found
        assert (a.state, a.due, a.restarts, a.queued) == (ChildState.BACKOFF, began + 60, 1, 7)
        assert a.last_exit is not None
        assert (a.last_exit.kind, a.last_exit.reason) == (ExitKind.CRASHED, "ValueError: a")
        assert (sub.state, sub.is_supervisor, sub.incarnation) == (ChildState.RUNNING, True, 1)
        b, c = sub.children
        assert (b.state, b.since, b.incarnation) == (ChildState.STARTING, began, 2)
        assert (c.state, c.handled, c.queued) == (ChildState.RUNNING, 8, 0)
        assert (d.state, d.last_exit and d.last_exit.kind) == (ChildState.STOPPED, ExitKind.SHUTDOWN)
        slow.flag.set()


async def test_a_supervisor_can_be_pinged_through_the_queue_of_its_steps(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """S62: whoever looks from another thread sees how long it has not come back."""

    def never(*_: object) -> None: ...

    async with running(tree(one("a"), id="sub")) as stage:
        root, sub = stage.system.supervisors["root"], stage.system.supervisors["sub"]
        root.ping()
        sub.ping()
        assert (root.pinged_at, sub.pinged_at) == (stage.clock.monotonic(), stage.clock.monotonic())
        await stage.clock.settle()
        assert (root.pinged_at, sub.pinged_at) == (None, None)

        with monkeypatch.context() as patch:
            patch.setattr(sub.current, "post", never)  # its steps are taken no more
            sub.ping()
        began = stage.clock.monotonic()
        await stage.clock.advance(30)
        sub.ping()
        assert sub.pinged_at == began

        await stage.system.stop_child("sub")
        sub.ping()
        assert sub.pinged_at is None
        await stage.system.restart_child("sub")
        sub.ping()
        await stage.clock.settle()
        assert sub.pinged_at is None


async def test_a_ping_of_a_run_that_has_ended_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """S62: the next run has nothing to do with it."""

    def never(*_: object) -> None: ...

    async with running(tree(one("a"), id="sub", limit=RestartLimit(intensity=0))) as stage:
        sub = stage.system.supervisors["sub"]
        with monkeypatch.context() as patch:
            patch.setattr(sub.current, "post", never)
            sub.ping()
        await stage.tell(Crash(who="a"))

        assert stage.info("sub").incarnation == 2
        assert sub.pinged_at is None
