"""Rounds of deaths: on one directory after the other, and after each death the file is compared."""

import random
import secrets
import shutil
from collections import Counter
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

from anyio import to_thread

from acore.clock import RealClock
from acore.errors import AcoreError
from acore.record import Record
from acore.soak.journal.boundaries import GROWING, KILLS, Boundary
from acore.soak.journal.check import compare
from acore.soak.journal.client import Client, Ledger
from acore.soak.journal.harm import LEAST, Harm, harm
from acore.soak.journal.victim import Orders
from acore.storage.database import connect, connect_reader
from acore.storage.schema import ForeignDatabaseError
from acore.storage.sqlite import UnreadableDatabaseError
from acore.storage.store import DATABASE_NAME

LIFE = 22
"""Deaths on one directory, before it is let go in good order and a new one is begun: each way twice."""
_NTH = 12
_FRAME = 4120
_LAST_REQUESTS = 30


class JournalReport(Record):
    """What a soak found; `problems` is empty when all is well.

    Attributes:
        seed: What all choices were made from.
        seconds: How long it took.
        deaths: How often the process died in which way.
        requests: How many the client made.
        accepted: How many it was told are accepted.
        durable: How many it was told are durable.
        effects: How many effects it saw.
        again: How many of them it saw more than once.
        outcomes: How many outcomes it was told are durable.
        cuts: How often the log was cut to where it was last synced.
        harms: How often a copy of the log was torn, or changed in its middle.
        problems: What was not as it must be; each with the run it was found in.
        kept: The directories in which something was found.
    """

    seed: int
    seconds: float
    deaths: dict[str, int]
    requests: int
    accepted: int
    durable: int
    effects: int
    again: int
    outcomes: int
    cuts: int
    harms: int
    problems: tuple[str, ...]
    kept: tuple[str, ...] = ()


class _Tally:
    """What all directories together brought."""

    def __init__(self) -> None:
        self.deaths: Counter[str] = Counter()
        self.counts: Counter[str] = Counter()
        self.problems: list[str] = []
        self.kept: list[str] = []

    def add(self, ledger: Ledger) -> None:
        self.counts += Counter(
            requests=len(ledger.asked),
            accepted=len(ledger.accepted),
            durable=len(ledger.durable),
            effects=len(ledger.seen),
            again=sum(times > 1 for times in ledger.seen.values()),
            outcomes=len(ledger.outcomes),
        )


async def soak(
    runs: int, seed: int, directory: Path, on_progress: Callable[[int], None] = lambda _runs: None
) -> JournalReport:
    """Kill a process *runs* times, and say what of its promises was not kept.

    Args:
        runs: How often; the ways to die come by turns in an order of chance.
        seed: What all choices are made from.
        directory: Where the data directories are made; those in which something is found stay there.
        on_progress: Told how many runs there were.
    """
    clock, chance, tally = RealClock(), random.Random(seed), _Tally()  # noqa: S311 - repeated from its seed
    began, done = clock.monotonic(), 0
    while done < runs:
        deaths = list(_deaths(min(LIFE, runs - done), chance))
        data = directory / f"journal-{seed}-{done}"
        before = len(tally.problems)
        await to_thread.run_sync(data.mkdir)
        client = Client(Ledger(), chance, clock)
        await _life(data, deaths, client, tally, partial(_told, on_progress, done))
        tally.add(client.ledger)
        done += len(deaths)
        if len(tally.problems) > before:
            tally.kept.append(str(data))
        else:
            await to_thread.run_sync(shutil.rmtree, data)
    return JournalReport(
        seed=seed,
        seconds=clock.monotonic() - began,
        deaths=dict(sorted(tally.deaths.items())),
        problems=tuple(tally.problems),
        kept=tuple(tally.kept),
        **{name: tally.counts[name] for name in _COUNTED},
    )


_COUNTED = ("requests", "accepted", "durable", "effects", "again", "outcomes", "cuts", "harms")


def _told(on_progress: Callable[[int], None], before: int, runs: int) -> None:
    on_progress(before + runs)


def _deaths(count: int, chance: random.Random) -> Iterator[Boundary]:
    """Yield *count* ways to die, each once before any comes again."""
    while True:
        for boundary in chance.sample(KILLS, k=len(KILLS)):
            if not count:
                return
            yield boundary
            count -= 1


async def _life(
    data: Path, deaths: list[Boundary], client: Client, tally: _Tally, on_progress: Callable[[int], None]
) -> None:
    """Let a process die on one directory in all these ways, and stop in good order in the end."""
    ledger, chance, path = client.ledger, client.chance, data / DATABASE_NAME
    for number, boundary in enumerate([*deaths, Boundary.NONE], 1):
        orders = Orders(
            directory=str(data),
            boot=f"{number:x}-{secrets.token_hex(4)}",
            boundary=boundary,
            # A log of one transaction has none before it that must outlive its harm.
            nth=chance.randint(1, _NTH) + (LEAST if boundary in GROWING else 0),
            torn=chance.randint(1, _FRAME),
            cache_pages=chance.randint(1, 8),
        )
        try:
            await client.spend(orders, requests=_LAST_REQUESTS)
            problems = list[str]()
            if boundary in GROWING:
                problems += await to_thread.run_sync(_harmed, path, ledger, chance, tally)
                if chance.random() < 1 / 2:
                    tally.counts["cuts"] += await to_thread.run_sync(_cut, path, ledger)
            problems += await to_thread.run_sync(_compared, path, ledger)
        except AcoreError as error:
            problems = [str(error)]
        tally.deaths[boundary] += 1
        tally.problems += [f"{data.name}, run {orders.boot} ({boundary}): {one}" for one in problems]
        if problems:
            break
        on_progress(min(number, len(deaths)))


def _compared(path: Path, ledger: Ledger) -> list[str]:
    try:
        connect_reader(path).close()
    except (ForeignDatabaseError, UnreadableDatabaseError):
        # It died before there were tables. Whoever comes next makes them, and so does this.
        connect(path).close()
    faults = [f"it says of itself: {fault}" for fault in ledger.faults]
    ledger.faults.clear()
    return [*faults, *compare(path, ledger)]


def _harmed(path: Path, ledger: Ledger, chance: random.Random, tally: _Tally) -> list[str]:
    """Harm copies of the log in each way; return what was not as it must be then."""
    problems = list[str]()
    for kind in Harm:
        if (found := harm(kind, path, ledger, chance)) is not None:
            tally.counts["harms"] += 1
            problems += found
    return problems


def _cut(path: Path, ledger: Ledger) -> bool:
    """Cut the log to where it was last synced, as a machine may find it that has lost its power.

    With `synchronous = FULL` SQLite syncs the log at each commit (https://www.sqlite.org/pragma.html): what
    there was of it when the last commit returned must have survived.
    """
    log = path.with_name(f"{path.name}-wal")
    if not ledger.synced or not log.exists():
        return False
    _, size = ledger.synced[-1]
    if log.stat().st_size <= size:
        return False
    with log.open("r+b") as file:
        file.truncate(size)
    return True
