"""Random small trees under random crashes: what holds whatever happens."""

from collections.abc import Iterator

import anyio
import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from acore.events.base import Event
from acore.events.catalog import wire
from acore.events.supervision import ActorExited, ActorStarted
from acore.runtime.actor import Actor, Context
from acore.runtime.administration import ChildState
from acore.runtime.handlers import handles
from acore.runtime.restart import Backoff, RestartLimit, RestartLimitError, RestartType, Strategy
from acore.runtime.spec import ChildSpec, SupervisorSpec, actor_specs
from tests.runtime.stage import Stage, running


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
                    actor=draw(st.sampled_from([Mortal, Mortal, Sickly])),
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


@st.composite
def stories(draw: st.DrawFn) -> tuple[SupervisorSpec, list[tuple[Blow, float]]]:
    root = draw(trees())
    names = st.lists(st.sampled_from([spec.id for spec in actor_specs(root)]), max_size=3).map(tuple)
    blows = st.lists(
        st.tuples(st.builds(Blow, fail=names, end=names), st.sampled_from([0.0, 0.01, 0.5, 15.0])), max_size=8
    )
    return root, draw(blows)


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
    forgotten = {spec.id for spec in actor_specs(root) if spec.restart is RestartType.TEMPORARY}
    for actor, number, starts in runs(stage):
        if actor not in last:
            continue  # a supervisor tells only its end
        if starts:
            assert actor not in alive, f"two runs of {actor}: {stage.life()}"
            assert number == (1 if actor in forgotten else last[actor] + 1)
            alive[actor] = last[actor] = number
        else:
            assert alive.pop(actor) == number
    assert alive == {}


def check_last_stop(stage: Stage, actors: list[str], since: int) -> None:
    """What runs at the end is stopped in reverse order of the specs."""
    ends = [actor for actor, _, starts in list(runs(stage))[since:] if not starts and actor in actors]
    assert ends == sorted(ends, key=actors.index, reverse=True)


async def play(root: SupervisorSpec, blows: list[tuple[Blow, float]]) -> None:
    fields = {name: getattr(root, name) for name in ("id", "limit", "strategy", "backoff")}
    actors = [spec.id for spec in actor_specs(root)]
    async with running(*root.children, **fields) as stage:
        for blow, seconds in blows:
            if not stage.is_over:
                stage.say(blow)
                await stage.clock.advance(seconds)
        # Time enough for every wait, and none for anything new to fail but starts.
        await stage.clock.advance(1000)
        since = len(list(runs(stage)))
        if stage.is_over:
            assert isinstance(stage.error, RestartLimitError)
        else:
            check_at_rest(stage, root)
            assert list(stage.bus.under_way()) == []
    check_runs(stage, root)
    check_last_stop(stage, actors, since)


def check_at_rest(stage: Stage, spec: SupervisorSpec) -> None:
    for one in spec.children:
        if isinstance(one, SupervisorSpec):
            assert stage.info(one.id).state is ChildState.RUNNING
            check_at_rest(stage, one)
        elif one.restart is RestartType.PERMANENT:
            assert stage.info(one.id).state is ChildState.RUNNING
        elif one.restart is RestartType.TRANSIENT:
            assert stage.info(one.id).state in {ChildState.RUNNING, ChildState.STOPPED}


@settings(max_examples=300, deadline=None, derandomize=True)
@given(stories())
def test_whatever_crashes_no_actor_runs_twice_and_all_is_well_or_given_up(
    story: tuple[SupervisorSpec, list[tuple[Blow, float]]],
) -> None:
    """S21, S24, S25, S27, S28, S37: under random trees, crashes and ends."""
    anyio.run(play, *story)
