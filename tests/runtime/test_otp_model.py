"""Random trees, ends, failing starts, an operator's orders and time that passes, against OTP's rules.

After every step the running tree and the model must agree: who is there, who runs, in which run, who was
restarted with which count, who gave up, and what the operator was told.

More than the usual number of stories: `python -m pytest tests/runtime/test_otp_model.py
--hypothesis-profile=thorough --timeout=0`.
"""

import asyncio
from collections.abc import Awaitable, Iterable, Iterator
from functools import partial

import anyio
import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from acore.errors import AcoreError
from acore.events.base import Event
from acore.events.catalog import wire
from acore.events.supervision import ActorRestarting, SupervisorGaveUp
from acore.runtime.actor import Actor, Context
from acore.runtime.administration import (
    AlreadyPresentError,
    AlreadyStartedError,
    ChildInfo,
    ChildRunningError,
    ChildState,
    SupervisorStoppedError,
    UnknownChildError,
)
from acore.runtime.handlers import handles
from acore.runtime.incarnation import Ignore
from acore.runtime.restart import RestartLimit, RestartLimitError, RestartType, StartFailedError, Strategy
from acore.runtime.spec import ChildSpec, SupervisorSpec
from tests.runtime.otp_model import Child, Group, ended
from tests.runtime.stage import Stage, running

EXAMPLES = 5_000 if settings.get_current_profile_name() == "thorough" else 800


@wire("test.otp.end")
class EndThem(Event):
    """These actors fail on it, and these stop themselves."""

    fail: tuple[str, ...] = ()
    stop: tuple[str, ...] = ()


class Nothing(msgspec.Struct):
    pass


class Player(Actor[Nothing]):
    """Starts as the plan says, and ends as it is told."""

    def __init__(self, plan: list[str]) -> None:
        super().__init__()
        self.plan = plan

    async def on_start(self, ctx: Context) -> None:
        match self.plan.pop(0) if self.plan else "ok":
            case "fail":
                raise OSError(ctx.actor)
            case "ignore":
                raise Ignore
            case _:
                pass

    @handles
    async def end(self, end: EndThem, ctx: Context) -> None:
        if ctx.actor in end.fail:
            raise ValueError(ctx.actor)
        if ctx.actor in end.stop:
            ctx.stop()


class Step(msgspec.Struct, frozen=True):
    """One thing that happens; *at* picks whom it happens to."""

    what: str
    at: int = 0
    plan: tuple[str, ...] = ()
    restart: RestartType = RestartType.PERMANENT
    seconds: float = 0.0


class Play:
    """A tree that runs, and the model of it."""

    def __init__(self, root: Group) -> None:
        self.root = root
        self.plans: dict[str, list[str]] = {}
        self.said: list[tuple[str, int]] = []
        self.is_over = False

    # --- the model

    def path(self, name: str) -> list[Group]:
        """Return the groups that *name* is in, outermost first; nothing when it is not there."""

        def look(group: Group) -> list[Group]:
            for child in group.children:
                if child.name == name:
                    return [group]
                if isinstance(child, Group) and (below := look(child)):
                    return [group, *below]
            return []

        return look(self.root)

    def child(self, name: str) -> Child:
        return next(child for child in self.path(name)[-1].children if child.name == name)

    def all(self, group: Group | None = None) -> Iterator[Child]:
        for child in (group or self.root).children:
            yield child
            if isinstance(child, Group):
                yield from self.all(child)

    def workers(self) -> list[str]:
        """Return the actors that run."""
        return [child.name for child in self.all() if child.is_up and not isinstance(child, Group)]

    def end(self, names: Iterable[str], now: float, *, is_abnormal: bool) -> None:
        names = list(names)
        groups = {name: self.path(name) for name in names}
        children = {name: self.child(name) for name in names}
        runs = {name: child.number for name, child in children.items()}
        for child in children.values():
            child.end()
        for name, child in children.items():
            # Who was restarted with the one before is not the one that ended.
            is_stale = child.number != runs[name] or child.is_up or child not in groups[name][-1].children
            if not is_stale and all(group.is_up for group in groups[name]):
                self.said += ended(groups[name], child, is_abnormal=is_abnormal, now=now)
        self.is_over = not self.root.is_up

    def order(self, what: str, name: str) -> type[AcoreError] | None:
        """Follow an operator's order; return what is refused."""
        path = self.path(name)
        if not path:
            return UnknownChildError
        group, child = path[-1], self.child(name)
        if not all(one.is_up for one in path):
            return SupervisorStoppedError
        if what == "stop":
            child.end()
            child.is_held = True
            group.forget(child, child.restart == "temporary")
        elif child.is_up:
            return ChildRunningError
        elif what == "delete":
            group.forget(child, is_gone=True)
        else:
            child.is_held = child.begin() == "fail"
            return StartFailedError if child.is_held else None
        return None

    def add(self, name: str, step: Step, group: Group) -> type[AcoreError] | None:
        if not all(one.is_up for one in (*self.path(group.name), group)):
            return SupervisorStoppedError
        known = next((child for child in group.children if child.name == name), None)
        if known is not None:
            return AlreadyStartedError if known.is_up else AlreadyPresentError
        self.plans[name] = [*step.plan]
        child = Child(name, step.restart, [*step.plan])
        group.children.append(child)
        outcome = child.begin()
        group.forget(child, outcome == "fail" or (outcome == "ignore" and child.restart == "temporary"))
        return StartFailedError if outcome == "fail" else None

    # --- the tree that runs

    def spec(self, child: Child) -> ChildSpec | SupervisorSpec:
        restart = RestartType(child.restart)
        if not isinstance(child, Group):
            start = partial(Player, self.plans.setdefault(child.name, []))
            return ChildSpec(id=child.name, actor=Player, start=start, restart=restart, backoff=None)
        return SupervisorSpec(
            id=child.name,
            children=tuple(self.spec(one) for one in child.own),
            strategy=Strategy(child.strategy),
            limit=RestartLimit(intensity=child.intensity, period=child.period),
            restart=restart,
            backoff=None,
        )

    async def take(self, step: Step, stage: Stage) -> None:
        """Have *step* happen to the model and to the tree."""
        if step.what == "wait":
            await stage.clock.advance(step.seconds)
        elif step.what in {"add", "stop", "restart", "delete"}:
            refused, wanted = self.ordered(step, stage)
            assert await outcome(wanted) is refused
        elif step.what == "plan":
            if actors := [child for child in self.all() if not isinstance(child, Group)]:
                child = pick(actors, step.at)
                child.plan, self.plans[child.name][:] = [*step.plan], step.plan
        elif workers := self.workers():
            self.hit(step.what, pick(workers, step.at), stage)

    def hit(self, what: str, name: str, stage: Stage) -> None:
        """Have the actor *name* end by itself."""
        names = together(self, name, stage) if what == "crash-two" else [name]
        if what == "cancel":
            next(task for task in asyncio.all_tasks() if task.get_name() == name).cancel()
        elif what == "end":
            stage.say(EndThem(stop=(name,)))
        else:
            stage.say(EndThem(fail=tuple(names)))
        self.end(names, stage.clock.monotonic(), is_abnormal=what != "end")

    def ordered(self, step: Step, stage: Stage) -> tuple[type[AcoreError] | None, Awaitable[object]]:
        """Return what the model makes of an operator's order, and what asks the tree to follow it."""
        system = stage.system
        if step.what == "add":
            group = pick([self.root, *(child for child in self.all() if isinstance(child, Group))], step.at)
            name = f"{group.name}+{len(step.plan) % 2}"
            refused = self.add(name, step, group)
            return refused, system.start_child(group.name, self.spec(Child(name, step.restart)))
        name = pick([*(child.name for child in self.all()), "nobody"], step.at)
        refused = self.order(step.what, name)
        wanted = {"stop": system.stop_child, "restart": system.restart_child, "delete": system.delete_child}
        return refused, wanted[step.what](name)

    def check(self, stage: Stage) -> None:
        """Compare the model with the tree."""
        assert restarts(stage) == self.said
        assert stage.is_over is self.is_over
        if self.is_over:
            assert isinstance(stage.error, RestartLimitError)
        else:
            there = [(child.name, child.is_up, child.number) for child in self.all()]
            assert list(runs(stage.system.tree())) == there


def pick[T](some: list[T], at: int) -> T:
    return some[at % len(some)]


def together(play: Play, name: str, stage: Stage) -> list[str]:
    """Return *name* and its siblings that run, as they get an event; *name* alone where starts may fail."""
    siblings = [one for one in play.path(name)[-1].children if one.is_up and not isinstance(one, Group)]
    if any(one.plan for one in play.all()):
        return [name]
    order = list(stage.bus._inboxes)
    return sorted((one.name for one in siblings), key=order.index)[:2]


def runs(infos: tuple[ChildInfo, ...]) -> Iterator[tuple[str, bool, int]]:
    for info in infos:
        yield info.id, info.state is ChildState.RUNNING, info.incarnation
        yield from runs(info.children)


def restarts(stage: Stage) -> list[tuple[str, int]]:
    """Return each restart with its count, and with 0 each supervisor that gave up, in order."""
    found: list[tuple[str, int]] = []
    for entry in stage.entries(ActorRestarting, SupervisorGaveUp):
        match entry.message:
            case ActorRestarting(actor=actor, restarts=count):
                found.append((actor, count))
            case SupervisorGaveUp(supervisor=supervisor):
                found.append((supervisor, 0))
            case _:
                pass
    return found


async def outcome(wanted: Awaitable[object]) -> type[AcoreError] | None:
    try:
        await wanted
    except AcoreError as refused:
        return type(refused)
    return None


async def perform(root: Group, steps: list[Step]) -> None:
    """Have *steps* happen to a tree and to the model of it, and compare the two after each."""
    play = Play(root)
    spec = play.spec(root)
    assert isinstance(spec, SupervisorSpec)
    root.begin()
    async with running(*spec.children, strategy=spec.strategy, limit=spec.limit) as stage:
        play.check(stage)
        for step in steps:
            if not play.is_over:
                await play.take(step, stage)
                await stage.clock.settle()
                play.check(stage)


@st.composite
def groups(draw: st.DrawFn, depth: int = 2, name: str = "root") -> Group:
    own: list[Child] = []
    for n in range(draw(st.integers(1, 4))):
        below = f"{name}-{n}"
        if depth and draw(st.integers(0, 2)) == 0:
            own.append(draw(groups(depth=depth - 1, name=below)))
        else:
            own.append(Child(below, draw(st.sampled_from(RestartType))))
    return Group(
        name,
        draw(st.sampled_from(RestartType)),
        strategy=draw(st.sampled_from(Strategy)),
        intensity=draw(st.sampled_from([0, 1, 2, 3, 4, 6])),
        period=10.0,
        own=own,
    )


STEPS = st.builds(
    Step,
    what=st.sampled_from(
        "crash crash crash-two end cancel plan plan wait stop restart delete add".split()  # noqa: SIM905 - weights, read at a glance
    ),
    at=st.integers(0, 5039),
    plan=st.lists(st.sampled_from(["ok", "fail", "fail", "ignore"]), max_size=4).map(tuple),
    restart=st.sampled_from(RestartType),
    seconds=st.sampled_from([1.0, 4.0, 11.0]),
)


@settings(max_examples=EXAMPLES, deadline=None, derandomize=EXAMPLES < 1000)
@given(groups(), st.lists(STEPS, min_size=5, max_size=40))
def test_a_tree_does_what_the_rules_of_otp_say(root: Group, steps: list[Step]) -> None:
    """S07, S11-S15, S18-S29, S68: whatever happens in whatever order."""
    anyio.run(perform, root, steps)
