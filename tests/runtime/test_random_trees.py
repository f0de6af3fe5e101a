"""Random small trees, with crashes and orders in the midst of each other: what holds whatever happens."""

from collections.abc import Awaitable, Callable, Iterator
from functools import partial

import anyio
import msgspec
from anyio import create_task_group
from hypothesis import given, settings
from hypothesis import strategies as st

from acore.errors import AcoreError
from acore.events.base import Event
from acore.events.catalog import wire
from acore.events.supervision import ActorExited, ActorStarted, Order, SupervisorObeyed
from acore.runtime.actor import Actor, Context
from acore.runtime.administration import ChildInfo, ChildState
from acore.runtime.edge import EdgeActor, EdgeContext
from acore.runtime.handlers import handles
from acore.runtime.restart import (
    Backoff,
    RestartLimit,
    RestartLimitError,
    RestartType,
    StartFailedError,
    Strategy,
)
from acore.runtime.spec import ChildSpec, SupervisorSpec, actor_specs, every
from tests.runtime.stage import Stage, running

EXAMPLES = 5_000 if settings.get_current_profile_name() == "thorough" else 300


@wire("test.trees.blow")
class Blow(Event):
    """These actors fail on it, and these stop themselves."""

    fail: tuple[str, ...]
    end: tuple[str, ...]


class Luck(msgspec.Struct):
    pass


class Mortal(Actor[Luck]):
    @handles
    async def blow(self, blow: Blow, ctx: Context) -> None:
        if ctx.actor in blow.fail:
            raise ValueError(ctx.actor)
        if ctx.actor in blow.end:
            ctx.stop()


class Sickly(Mortal):
    """Fails at every third start."""

    async def on_start(self, ctx: Context) -> None:
        if ctx.incarnation % 3 == 0:
            raise OSError(ctx.actor)


class Slow(EdgeActor):
    """Takes its time to start and to stop."""

    @handles
    async def blow(self, blow: Blow, io: EdgeContext) -> None:
        if io.actor in blow.fail:
            raise ValueError(io.actor)

    async def run(self, io: EdgeContext) -> None:
        await io.clock.sleep(0.3)
        io.ready()
        await io.stopping.wait()
        await io.clock.sleep(0.7)


@st.composite
def trees(draw: st.DrawFn, depth: int = 2, name: str = "root") -> SupervisorSpec:
    children: list[ChildSpec | SupervisorSpec] = []
    for n in range(draw(st.integers(1, 4))):
        below = f"{name}-{n}"
        wait = draw(st.sampled_from([0.01, 1.0, 20.0]))
        if depth and draw(st.booleans()):
            children.append(draw(trees(depth=depth - 1, name=below)))
        else:
            children.append(
                ChildSpec(
                    id=below,
                    actor=draw(st.sampled_from([Mortal, Mortal, Sickly, Slow])),
                    restart=draw(st.sampled_from(RestartType)),
                    backoff=Backoff(first=wait, cap=2 * wait, jitter=0),
                )
            )
    return SupervisorSpec(
        id=name,
        children=tuple(children),
        strategy=draw(st.sampled_from(Strategy)),
        limit=RestartLimit(intensity=draw(st.integers(0, 6)), period=10),
        backoff=Backoff(first=0.1, cap=0.5, jitter=0),
    )


class Chapter(msgspec.Struct, frozen=True):
    """What happens at one moment, and how long nothing does afterwards."""

    blow: Blow
    orders: tuple[tuple[str, str], ...]
    seconds: float


VERBS = ("stop", "stop", "drain", "restart", "restart", "retry", "delete", "start", "watch")


@st.composite
def stories(draw: st.DrawFn, verbs: tuple[str, ...] = ()) -> tuple[SupervisorSpec, list[Chapter]]:
    root = draw(trees())
    names = st.lists(st.sampled_from([spec.id for spec in actor_specs(root)]), max_size=3).map(tuple)
    everyone = [spec.id for spec in every(root)][1:]
    orders = st.lists(
        st.tuples(st.sampled_from(verbs or VERBS), st.sampled_from(everyone)), max_size=3 if verbs else 0
    )
    chapters = st.builds(
        Chapter,
        blow=st.builds(Blow, fail=names, end=names),
        orders=orders.map(tuple),
        seconds=st.sampled_from([0.0, 0.01, 0.5, 15.0]),
    )
    return root, draw(st.lists(chapters, max_size=8))


def runs(stage: Stage) -> Iterator[tuple[str, int, bool]]:
    for entry in stage.entries(ActorStarted, ActorExited):
        match entry.message:
            case ActorStarted(actor=actor, incarnation=number):
                yield actor, number, True
            case ActorExited(actor=actor, incarnation=number):
                yield actor, number, False
            case _:
                pass


def check_runs(stage: Stage, root: SupervisorSpec) -> None:
    """No two runs of one actor at once; numbers grow by one; all runs have ended."""
    alive: dict[str, int] = {}
    last = {spec.id: 0 for spec in actor_specs(root)}
    # One that was forgotten counts anew when its supervisor brings it back.
    forgotten = {spec.id for spec in every(root) if spec.restart is RestartType.TEMPORARY}
    forgotten |= {one.actor for one in stage.messages(SupervisorObeyed) if one.order is Order.DELETE}
    forgotten = {below.id for spec in every(root) if spec.id in forgotten for below in every(spec)}
    for actor, number, starts in runs(stage):
        if actor not in last:
            continue  # a supervisor tells only its end
        if starts:
            assert actor not in alive, f"two runs of {actor}: {stage.life()}"
            assert number == last[actor] + 1 or (number == 1 and actor in forgotten)
            alive[actor] = last[actor] = number
        else:
            assert alive.pop(actor) == number
    assert alive == {}


def check_last_stop(stage: Stage, actors: list[str], since: int) -> None:
    """What runs at the end is stopped in reverse order of the specs."""
    ends = [actor for actor, _, starts in list(runs(stage))[since:] if not starts and actor in actors]
    assert ends == sorted(ends, key=actors.index, reverse=True)


async def give(stage: Stage, order: tuple[str, str], answers: list[str]) -> None:
    """Give *order*, and note that it was answered, whatever the answer."""
    verb, name = order
    system, answer = stage.system, "done"
    new = ChildSpec(id=f"{name}+", actor=Sickly, restart=RestartType.TEMPORARY)
    wanted: dict[str, Callable[[], Awaitable[object]]] = {
        "stop": partial(system.stop_child, name),
        "drain": partial(system.stop_child, name, drain=True),
        "restart": partial(system.restart_child, name),
        "retry": partial(system.retry_now, name),
        "delete": partial(system.delete_child, name),
        "start": partial(system.start_child, name, new),
        "watch": partial(system.watch, name),
    }
    try:
        await wanted[verb]()
    except AcoreError as refused:
        answer = type(refused).__name__
    answers.append(f"{verb} {name}: {answer}")


async def play(root: SupervisorSpec, chapters: list[Chapter]) -> None:
    fields = {name: getattr(root, name) for name in ("id", "limit", "strategy", "backoff")}
    actors = [spec.id for spec in actor_specs(root)]
    answers: list[str] = []
    asked = 0
    async with create_task_group() as orders:
        async with running(*root.children, **fields) as stage:
            for chapter in chapters:
                if not stage.is_over:
                    stage.say(chapter.blow)
                    asked += len(chapter.orders)
                    for order in chapter.orders:
                        orders.start_soon(give, stage, order, answers)
                    await stage.clock.advance(chapter.seconds)
            # Time enough for every wait, and none for anything new to fail but starts.
            await stage.clock.advance(1000)
            since = len(list(runs(stage)))
            if stage.is_over:
                assert isinstance(stage.error, RestartLimitError | StartFailedError)
            else:
                check_at_rest(stage, stage.system.tree(), root)
                assert list(stage.bus.under_way()) == []
        check_runs(stage, root)
        check_last_stop(stage, actors, since)
    assert len(answers) == asked


def check_at_rest(stage: Stage, infos: tuple[ChildInfo, ...], root: SupervisorSpec) -> None:
    restart = {spec.id: spec.restart for spec in every(root)}
    ordered = {one.actor for one in stage.messages(SupervisorObeyed)}
    for info in infos:
        assert info.state in {ChildState.RUNNING, ChildState.STOPPED}
        if restart.get(info.id) is RestartType.PERMANENT and info.id not in ordered:
            assert info.state is ChildState.RUNNING
        if info.state is ChildState.RUNNING:
            check_at_rest(stage, info.children, root)


@settings(max_examples=300, deadline=None, derandomize=True)
@given(stories())
def test_whatever_crashes_no_actor_runs_twice_and_all_is_well_or_given_up(
    story: tuple[SupervisorSpec, list[Chapter]],
) -> None:
    """S21, S24, S25, S27, S28, S37: under random trees, crashes and ends."""
    anyio.run(play, *story)


@settings(max_examples=EXAMPLES, deadline=None, derandomize=EXAMPLES < 1000)
@given(stories(VERBS))
def test_whatever_is_ordered_meanwhile_every_order_is_answered_and_no_actor_runs_twice(
    story: tuple[SupervisorSpec, list[Chapter]],
) -> None:
    """S33, S34, S45, S48, S68, S70a: in the midst of starts, stops, waits and restarts."""
    anyio.run(play, *story)
