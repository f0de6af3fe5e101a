"""What a client was told, compared with the file."""

from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path

import msgspec

from acore.actors.outbox import MOST_RUNS
from acore.events.base import Policy, effect_of
from acore.events.catalog import CATALOG
from acore.soak.journal.client import Ledger
from acore.soak.journal.messages import STRIKES, Asked, Struck
from acore.storage.database import connect_reader
from acore.storage.query import Row, last_run, tail
from acore.storage.verify import verify

_PAGE = 5000
_STRIKES = frozenset(CATALOG.of(kind).name for kind in STRIKES.values())
_ASKED = msgspec.json.Decoder(Asked)
_STRUCK = msgspec.json.Decoder(Struck)


class Found(msgspec.Struct):
    """What the file holds.

    Attributes:
        asked: The journal's numbers of each request.
        strikes: The id of every effect that was asked for, with the name it is known by.
        concluded: The ids of the effects that have an outcome.
        struck: The journal's numbers of each outcome.
        counted: How many rows tell of something counted.
        last: The last row's number.
        upto: The highest number given so far, as the file says.
    """

    asked: dict[int, list[int]]
    strikes: dict[str, str]
    concluded: set[str]
    struck: dict[int, list[int]]
    counted: int = 0
    last: int = 0
    upto: int = 0


def read(path: Path) -> Iterator[Row]:
    """Yield every row of the journal at *path*, in order."""
    after = 0
    while page := tail(path, limit=_PAGE, after=after):
        yield from page
        after = page[-1].seq


def compare(path: Path, ledger: Ledger) -> Iterator[str]:
    """Yield everything in which the file at *path* is not what *ledger* says it must be."""
    problems = list[str]()
    found = _found(path, ledger, problems)
    yield from problems
    yield from _told(found, ledger)
    yield from _performed(found, ledger)
    yield from _owed(path, found, ledger)
    yield from _whole(path, found, ledger)
    for finding in verify(path).findings:
        yield f"verifying: {finding.fault} at entry {finding.seq}, after {finding.after}"
    ledger.upto = found.upto


def _found(path: Path, ledger: Ledger, problems: list[str]) -> Found:
    found = Found(
        asked=defaultdict(list),
        strikes={},
        concluded=set(),
        struck=defaultdict(list),
        upto=_upto(path),
    )
    ids = set[str]()
    before: Row | None = None
    order = {boot: number for number, boot in enumerate(ledger.boots)}
    for row in read(path):
        if row.id in ids:
            problems.append(f"row {row.seq}: its id {row.id} is there twice")
        ids.add(row.id)
        if before is not None and order.get(row.boot, -1) < order.get(before.boot, -1):
            problems.append(f"row {row.seq} is of run {row.boot}, the one before of a later run")
        before = row
        if effect := effect_of(row.id):
            found.concluded.add(effect)
        if row.name == "soak.asked":
            found.asked[_ASKED.decode(row.payload).number].append(row.seq)
        elif row.name == "soak.struck":
            found.struck[_STRUCK.decode(row.payload).number].append(row.seq)
        elif row.name in _STRIKES:
            found.strikes[row.id] = row.name
        elif row.name == "activity.counted":
            found.counted += 1
    found.last = before.seq if before else 0
    return found


def _upto(path: Path) -> int:
    """Return the highest number given so far, by the file's own word: a row beyond it is found."""
    connection = connect_reader(path)
    try:
        (seq,) = connection.execute("SELECT seq FROM progress").fetchone()
    finally:
        connection.close()
    return int(seq)


def _told(found: Found, ledger: Ledger) -> Iterator[str]:
    """J01, J13: what was called durable is there, once, under the number that was told."""
    for what, durable, there in (
        ("request", ledger.durable, found.asked),
        ("outcome of request", ledger.outcomes, found.struck),
    ):
        for number, seq in durable.items():
            if seq not in there.get(number, ()):
                yield f"{what} {number} was called durable as {seq} and is not there"
    for number, seqs in found.asked.items():
        if len(seqs) > 1:
            yield f"request {number} is there {len(seqs)} times, as {', '.join(map(str, seqs))}"
        if number in ledger.refused:
            yield f"request {number} was refused and is there"
        if number not in ledger.asked:
            yield f"request {number} is there and nobody asked for it"
        elif ledger.accepted.get(number, seqs[0]) != seqs[0]:
            yield f"request {number} was accepted as {ledger.accepted[number]} and is there as {seqs[0]}"
    if found.upto < ledger.durable_seq:
        yield f"the file goes up to {found.upto}, and {ledger.durable_seq} was called durable"


def _performed(found: Found, ledger: Ledger) -> Iterator[str]:
    """J02: nothing is seen outside before its cause is on disk, nor more often than its policy allows."""
    numbers = dict[str, int]()
    for number, effect in ledger.effects:
        numbers[effect] = number
    for effect, times in ledger.seen.items():
        number = numbers[effect]
        if effect not in found.strikes:
            yield f"the effect of request {number} was seen and is not in the journal"
        policy = ledger.asked[number]
        if times > 1 and policy is not Policy.IDEMPOTENT:
            yield f"the effect of request {number} ({policy}) was seen {times} times"
    several = Counter(numbers.values())
    for number, times in several.items():
        if times > 1:
            yield f"request {number} has {times} effects with different ids"


def _owed(path: Path, found: Found, ledger: Ledger) -> Iterator[str]:
    """J02: an effect is owed until it has an outcome; in the end only what waits for a person is."""
    connection = connect_reader(path)
    try:
        owed = {
            effect: (Policy(policy), resumed)
            for effect, policy, resumed in connection.execute("SELECT id, policy, resumed FROM outbox")
        }
    finally:
        connection.close()
    without = found.strikes.keys() - found.concluded
    for effect in without - owed.keys():
        yield f"{found.strikes[effect]} {effect} has no outcome, and the store knows nothing of it"
    for effect in owed.keys() - without:
        yield f"{effect} is owed, and was never asked for or has its outcome"
    for effect, (policy, resumed) in owed.items():
        waits = policy is Policy.ASK_OPERATOR or (policy is Policy.IDEMPOTENT and resumed >= MOST_RUNS)
        if ledger.has_ended and not waits:
            yield f"{effect} ({policy}) is owed after a run that ended in good order"


def _whole(path: Path, found: Found, ledger: Ledger) -> Iterator[str]:
    """J03, J16: a batch is there as a whole or not at all, and so is what the tables keep of it."""
    if ledger.is_heard and found.upto not in {*ledger.batches, ledger.upto}:
        yield f"the file ends with {found.upto}, where no batch ended"
    connection = connect_reader(path)
    try:
        (counted,) = connection.execute(
            "SELECT coalesce((SELECT value FROM counters WHERE name = 'messages'), 0)"
        ).fetchone()
        (state,) = connection.execute("PRAGMA integrity_check").fetchone()
    finally:
        connection.close()
    if counted != found.counted:
        yield f"the journal tells of {found.counted} things counted, the counters of {counted}"
    if found.last > found.upto:
        yield f"the last row is {found.last}, beyond the highest number given, {found.upto}"
    if state != "ok":
        yield f"SQLite says of the file: {state}"
    run, present = last_run(path), ledger.boots[-1]
    if run is not None and run.boot == present and (run.ended is not None) != ledger.has_ended:
        how = "stopped in good order" if ledger.has_ended else "was killed"
        yield f"run {present} {how}, and the file tells otherwise"
    if ledger.has_ended and (run is None or run.boot != present):
        yield f"run {present} stopped in good order and is not in the file"
