"""What is measured beside what, and how it should come out: the table of goals."""

from collections.abc import Iterable, Sequence
from enum import StrEnum

from acore.bench.runtime.shapes import Params
from acore.record import Record

FAN_OUTS = (1, 5, 50)
KINDS = ("core", "edge")
_IDLE_SECONDS = 3.0
_LARGE, _SMALL = 10_000, 100


class Unit(StrEnum):
    """In what a figure is told."""

    PER_SECOND = "/s"
    NANOSECONDS = "ns"
    MICROSECONDS = "µs"
    MILLISECONDS = "ms"
    BYTES = "bytes"
    KIB = "KiB"
    MIB = "MiB"
    TIMES = "times"
    PERCENT = "%"


class Goal(Record):
    """How large the ratio has to be, or may be at most; `must` is the floor, `stretch` the goal."""

    must: float
    stretch: float | None = None
    is_at_most: bool = False

    def meets(self, value: float, bound: float) -> bool:
        """Return whether *value* is on the good side of *bound*."""
        return value <= bound if self.is_at_most else value >= bound

    def shortfall(self, value: float) -> float:
        """Return by which part of `must` *value* misses it; 0 when it holds."""
        return max(0.0, value / self.must - 1 if self.is_at_most else 1 - value / self.must)

    def passes_gate(self, value: float) -> bool:
        """Return whether *value* is near enough to `must` for a noisy machine: at 0.75 times it."""
        return self.meets(value, self.must / _GATE if self.is_at_most else self.must * _GATE)


_GATE = 0.75


class Job(Record):
    """One contestant at one thing: what a sample is taken of."""

    what: str
    who: str
    params: Params = Params()

    @property
    def family(self) -> tuple[str, int]:
        """What all jobs share that are compared with each other."""
        return ("idle" if self.what == "spawn" else self.what), self.params.fan_out


class Figure(Record):
    """One number of those that a job brings."""

    job: Job
    key: str


class Pair(Record):
    """acore's figure, and the one it is divided by; None when acore's figure itself is the value.

    `kind` says of which kind of actor the figure is, where both are measured.
    """

    ours: Figure
    reference: Figure | None = None
    kind: str = ""


class Line(Record):
    """One line of the table. Of several pairs the one that comes out worst counts."""

    row: str
    what: str
    pairs: tuple[Pair, ...]
    unit: Unit
    goal: Goal | None = None

    @property
    def jobs(self) -> Iterable[Job]:
        """What has to be measured for it."""
        for pair in self.pairs:
            yield pair.ours.job
            if pair.reference is not None:
                yield pair.reference.job


def at_least(must: float, stretch: float | None = None) -> Goal:
    """Return the goal of what should be large."""
    return Goal(must=must, stretch=stretch)


def at_most(must: float, stretch: float | None = None) -> Goal:
    """Return the goal of what should be small."""
    return Goal(must=must, stretch=stretch, is_at_most=True)


def _tell(who: str, fan_out: int, key: str) -> Figure:
    return Figure(job=Job(what="tell", who=who, params=Params(fan_out=fan_out)), key=key)


def _ask(who: str, key: str) -> Figure:
    return Figure(job=Job(what="ask", who=who), key=key)


def _rate(beside: str) -> str:
    """Return which rate to compare: what waits for other threads is not told by its own processor time."""
    return "per_second" if beside == "peers.pykka" else "busy_per_second"


def _crash(who: str) -> Figure:
    return Figure(job=Job(what="crash", who=who), key="p50")


def _idle(who: str, key: str) -> Figure:
    # A start brings all: what a spawn takes, and then memory and processor time, which takes long to see.
    seconds = _IDLE_SECONDS if who in {"ours.core", "floors.watched"} else 0.01
    return Figure(job=Job(what="idle", who=who, params=Params(actors=_LARGE, seconds=seconds)), key=key)


def _spawn(who: str) -> Figure:
    return Figure(job=Job(what="spawn", who=who, params=Params(actors=_SMALL)), key="spawn_us")


def _told(row: str, fan_out: int, beside: str, who: str, goal: Goal | None) -> Line:
    """Compare both kinds of actor: core actors need what is recorded, edge actors do not."""
    return Line(
        row=row,
        what=f"events to {fan_out}, beside {beside}",
        pairs=tuple(
            Pair(
                ours=_tell(f"ours.{kind}", fan_out, _rate(who)),
                reference=_tell(who, fan_out, _rate(who)),
                kind=kind,
            )
            for kind in KINDS
        ),
        unit=Unit.PER_SECOND,
        goal=goal,
    )


def _delay(key: str) -> Line:
    reference = Figure(job=Job(what="latency", who="floors.anyio_stream"), key=key)
    return Line(
        row="A6",
        what=f"one event when idle, {key}, beside anyio stream",
        pairs=tuple(
            Pair(
                ours=Figure(job=Job(what="latency", who=f"ours.{kind}"), key=key),
                reference=reference,
                kind=kind,
            )
            for kind in KINDS
        ),
        unit=Unit.NANOSECONDS,
        goal=at_most(1.0, 0.6),
    )


def _one(
    row: str, what: str, pair: tuple[Figure, Figure | None], unit: Unit, goal: Goal | None = None
) -> Line:
    return Line(row=row, what=what, pairs=(Pair(ours=pair[0], reference=pair[1]),), unit=unit, goal=goal)


def _within(job: Job, ours: str, reference: str) -> tuple[Figure, Figure]:
    """Return two figures of one job."""
    return Figure(job=job, key=ours), Figure(job=job, key=reference)


_PEERS = (
    ("pykka", "peers.pykka", at_least(2.5, 3.5)),
    ("xoscar", "peers.xoscar", at_least(6, 9.5)),
    ("bubus", "peers.bubus", at_least(300, 500)),
)
_CODEC = Job(what="codec", who="ours.codec")
_CROWD = Job(what="crowd", who="ours.crowd", params=Params(actors=_LARGE))


def _backlog(what: str, full: str, empty: str) -> Line:
    jobs = {kind: Job(what=f"{kind}_backlog", who="ours.backlog") for kind in KINDS}
    pairs = {kind: _within(job, full, empty) for kind, job in jobs.items()}
    return Line(
        row="N2",
        what=what,
        pairs=tuple(
            Pair(ours=ours, reference=reference, kind=kind) for kind, (ours, reference) in pairs.items()
        ),
        unit=Unit.NANOSECONDS,
        goal=at_most(1.3),
    )


def lines() -> Sequence[Line]:
    """Return every line of the table, in its order."""
    return (
        _told("A1", 1, "anyio stream", "floors.anyio_stream", at_least(3, 4.2)),
        _told("A1", 1, "the same unbounded", "floors.anyio_unbounded", at_least(2.2, 3.2)),
        *(_told("A2", n, "anyio stream", "floors.anyio_stream", at_least(10, 18)) for n in (5, 50)),
        *(
            _told("A2", n, "the same unbounded", "floors.anyio_unbounded", at_least(2.2, 3.2))
            for n in (5, 50)
        ),
        _told("A3", 1, "mode service", "peers.mode", at_least(1.2, 1.5)),
        _told("A3", 5, "mode service", "peers.mode", at_least(1.6, 2.2)),
        _told("A3", 50, "mode service", "peers.mode", at_least(1.8, 2.6)),
        *(_told("A4", n, name, who, goal) for name, who, goal in _PEERS for n in FAN_OUTS),
        _told("A4", 1, "thespian, inline", "peers.thespian", None),
        _told("A4", 1, "pyee, a task each", "peers.pyee", None),
        *(_told("A5", n, "limit", "floors.limit", at_least(0.13, 0.18)) for n in FAN_OUTS),
        _delay("p50"),
        _delay("p99"),
        *_asked(),
        *_recorded(),
        *_encoded(),
        *_restarted(),
        *_idled(),
        *_scaled(),
    )


def _asked() -> Iterable[Line]:
    for row, beside, who, goal in (
        ("A7", "anyio stream and future", "floors.anyio_stream", at_least(1.2, 1.6)),
        ("A8", "pykka", "peers.pykka", at_least(4, 5)),
        ("A8", "xoscar, inline", "peers.xoscar", None),
        ("A8", "thespian, inline", "peers.thespian", None),
        ("A8", "bubus", "peers.bubus", None),
    ):
        yield _one(
            row,
            f"ask and reply, beside {beside}",
            (_ask("ours.core", _rate(who)), _ask(who, _rate(who))),
            Unit.PER_SECOND,
            goal,
        )


def _recorded() -> Iterable[Line]:
    for n in FAN_OUTS:
        pair = _tell("ours.journaled", n, "busy_ns"), _tell("ours.edge", n, "busy_ns")
        what = f"a delivery of an event to {n} with the journal, beside without"
        yield _one("A9", what, pair, Unit.NANOSECONDS, at_most(1.6, 1.35))


def _encoded() -> Iterable[Line]:
    for what, ours, bare, goal in (
        ("check a message (there and back), beside bare codec", "carry", "bare_carry", at_most(1.3, 1.1)),
        ("decode a message, beside bare decoder", "decode", "bare_decode", at_most(1.3, 1.1)),
        ("encode with the check, beside bare encoder without", "encode", "bare_encode", None),
    ):
        yield _one("B1", what, _within(_CODEC, ours, bare), Unit.NANOSECONDS, goal)
    pydantic = Job(what="codec", who="peers.pydantic")
    what = "check a message (there and back), beside pydantic"
    yield _one("B2", what, _within(pydantic, "carry", "pydantic"), Unit.NANOSECONDS, at_most(0.25, 0.2))
    what = "encode with the check and decode again, beside pydantic"
    yield _one("B2", what, _within(pydantic, "encode_decode", "pydantic"), Unit.NANOSECONDS)


def _restarted() -> Iterable[Line]:
    for row, kind, beside, who, goal in (
        ("D1", "core", "anyio task for each run", "floors.anyio_stream", at_most(2, 1.3)),
        ("D1", "edge", "anyio task for each run", "floors.anyio_stream", None),
        ("D2", "core", "mode supervisor", "peers.mode", at_most(0.4, 0.25)),
        ("D2", "core", "pykka", "peers.pykka", at_most(0.9, 0.5)),
    ):
        pair = _crash(f"ours.{kind}"), _crash(who)
        yield _one(row, f"crash to running, {kind} actor, p50, beside {beside}", pair, Unit.NANOSECONDS, goal)


def _idled() -> Iterable[Line]:
    core = "ours.core"
    kib, edge_kib = _idle(core, "kib"), _idle("ours.edge", "kib")
    stream_kib, mode_kib = _idle("floors.anyio_stream", "kib"), _idle("peers.mode", "kib")
    yield _one("D3", "resident memory of an idle core actor", (kib, None), Unit.KIB, at_most(8, 6))
    yield _one("D3", "the same, beside anyio loop and stream", (kib, stream_kib), Unit.KIB, at_most(0.9))
    yield _one("D3", "the same, beside mode service", (kib, mode_kib), Unit.KIB, at_most(0.67))
    yield _one("D3", "resident memory of an idle edge actor", (edge_kib, None), Unit.KIB)
    cpu, watched = _idle(core, "cpu_percent"), _idle("floors.watched", "cpu_percent")
    yield _one("D4", "processor time of 10 000 idle actors", (cpu, None), Unit.PERCENT, at_most(0.5, 0.15))
    yield _one("D4", "the same, beside one watching task", (cpu, watched), Unit.PERCENT)
    large, start = _idle(core, "spawn_us"), _idle("floors.anyio_start", "spawn_us")
    small, start_small = _spawn(core), _spawn("floors.anyio_start")
    goal = at_most(2, 1.4)
    yield _one("D5", "start of each of 10 000, beside anyio start", (large, start), Unit.MICROSECONDS, goal)
    yield _one(
        "D5", "start of each of 100, beside anyio start", (small, start_small), Unit.MICROSECONDS, goal
    )
    yield _one(
        "D6", "start of each of 10 000, beside of 100", (large, small), Unit.MICROSECONDS, at_most(3, 2)
    )


def _scaled() -> Iterable[Line]:
    for what, many, few, goal in (
        ("an event to 1 among 10 000, beside alone", "among", "alone", at_most(1.3)),
        ("the same, mean with the collector's pauses", "among_mean", "alone_mean", None),
        ("events to 10 000 by turns of 100, beside the same 100", "turns", "group", at_most(1.3)),
    ):
        yield _one("N1", what, _within(_CROWD, many, few), Unit.NANOSECONDS, goal)
    yield _backlog("an event with 9 000 waiting, beside none", "full", "empty")
    yield _backlog("the same, handling alone", "full_handling", "empty_handling")
