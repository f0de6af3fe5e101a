"""Every row carries a hash over itself and the row before it."""

from pathlib import Path
from typing import Any

import pytest

from acore.clock import HeldClock
from acore.events.base import Entry, Envelope, Event, Kind, Origin, Trace
from acore.events.bus import Bus
from acore.events.discord import BudgetRead, IdentifyBudget, TokenSealed
from acore.events.metrics import ActivityCounted
from acore.events.recorder import MemoryRecorder
from acore.storage.chain import BEGINNING, COLUMNS, Cells, hash_after, linked
from acore.storage.database import connect
from acore.storage.rows import take_over, write
from acore.storage.sqlite import Connection, transact
from tests.storage.world import rows, running

WHOLE = f"SELECT {', '.join(COLUMNS)}, hash FROM journal ORDER BY seq"  # noqa: S608 - its own names
FIRST: Cells = (1, "1-b", "event", "doorbell.rang", 1, "h", "b", 10**18, 5, "door", "", "", "1-b", 1, "{}")
SECOND: Cells = (
    *(4, "å\0é", "effect", "doorbell.strike", 300, "h", "b", -1, 2**40, "bell"),
    *("chimes", "1-b", "1-b", 2, '{"tone":"ding-dong 🔔"}'),
)


def opened(path: Path) -> Connection:
    connection = connect(path)
    transact(connection, lambda c: take_over(c, "boot-1"))
    return connection


def said(*events: Event) -> list[Entry]:
    recorder = MemoryRecorder()
    bus = Bus(HeldClock(), recorder, boot="boot-1")
    for event in events:
        bus.publish(event, Trace(source="test"))
    return list(recorder.entries)


def unwritable(seq: int) -> Entry:
    """Return an entry that no table can hold."""
    origin = Origin(node="x", boot="x")
    return Entry(Envelope(seq, 1, 1, Kind.EVENT, Event(), Trace("\ud800"), origin, f"x{seq}"), "x", 1, b"{}")


def assert_chained(found: list[Any], head: bytes) -> None:
    """Fold the rows anew: each hash follows from the row and the one before; *head* is the last."""
    previous = BEGINNING
    for *cells, own in found:
        previous = hash_after(previous, tuple(cells))
        assert own == previous
    assert head == previous


def test_the_hash_is_the_same_for_ever() -> None:
    """J05: computed by hand from the two specifications; it may never change."""
    first = hash_after(BEGINNING, FIRST)
    assert first.hex() == "e376027cc95b31a8b1594ab775521ba2"
    assert hash_after(first, SECOND).hex() == "a995b8608dce8a14c1f16cf727e0df2f"
    assert linked(BEGINNING, [FIRST, SECOND]) == (
        [(*FIRST, first), (*SECOND, hash_after(first, SECOND))],
        hash_after(first, SECOND),
    )


def test_any_other_cell_and_any_other_row_before_give_another_hash() -> None:
    """J05: each column is covered, down to one more letter or one more nanosecond."""
    hashes = {hash_after(BEGINNING, SECOND), hash_after(b"x" * 16, SECOND), hash_after(b"y" * 16, SECOND)}
    tried = len(hashes)
    for place, cell in enumerate(SECOND):
        others: tuple[int | str, ...] = (
            tuple(dict.fromkeys(("", "0", "\0", f"{cell} ", f" {cell}", cell[:-1], cell.swapcase())))
            if isinstance(cell, str)
            else (cell - 1, cell + 1, -cell, cell ^ 2**62, 2**63 - 1, -(2**63))
        )
        for other in others:
            if other != cell:
                hashes.add(hash_after(BEGINNING, (*SECOND[:place], other, *SECOND[place + 1 :])))
                tried += 1
    assert tried > 6 * len(COLUMNS) - 10
    assert len(hashes) == tried


def test_text_that_moves_from_one_cell_into_the_next_gives_another_hash() -> None:
    """J05: lengths are covered too."""
    moved = (*FIRST[:9], "doo", "r", *FIRST[11:])

    assert "".join(map(str, moved)) == "".join(map(str, FIRST))
    assert hash_after(BEGINNING, moved) != hash_after(BEGINNING, FIRST)


async def test_every_row_is_chained_to_the_one_before_over_batches_and_starts(tmp_path: Path) -> None:
    """J05: what is no row of the journal is passed over."""
    for boot in ("boot-1", "boot-2"):
        async with running(tmp_path, HeldClock(), boot=boot) as world:
            for number in range(5):
                world.say(TokenSealed(interaction=number + 1, sealed="sealed"))
                world.count(number)
                if number % 2:
                    await world.durable()

    path = tmp_path / "acore.db"
    ((head, epoch),) = rows(path, "SELECT hash, epoch FROM progress")
    found = rows(path, WHOLE)
    assert len(found) > 10
    assert_chained(found, head)
    assert epoch == 2


@pytest.mark.parametrize("size", [1, 2, 100])
def test_the_chain_is_the_same_whatever_had_to_be_left_out_and_however_it_was_batched(
    tmp_path: Path, size: int
) -> None:
    """J05, J11, J12: a row in quarantine and a repeated id are no link; one that its table did not fit is."""
    budget = IdentifyBudget(total=5, remaining=-1, resets_at=HeldClock().now())
    whole = said(
        *(ActivityCounted(messages=number) for number in range(3)),
        BudgetRead(budget=budget),
        ActivityCounted(messages=9),
    )
    again = whole[1]
    repeated = Entry(
        Envelope(
            7, 1, 1, Kind.EVENT, again.envelope.message, Trace("x"), again.envelope.origin, again.envelope.id
        ),
        again.name,
        again.version,
        again.payload,
    )
    entries = [*whole, unwritable(6), repeated]
    connection = opened(tmp_path / "acore.db")
    for start in range(0, len(entries), size):
        batch = entries[start : start + size]
        write(connection, batch, "boot-1")
        write(connection, batch, "boot-1")  # as when its outcome was not seen

    found = connection.execute(WHOLE).fetchall()
    (head,) = connection.execute("SELECT hash FROM progress").fetchone()
    connection.close()
    assert [row[0] for row in found] == [1, 2, 3, 4, 5]
    assert_chained(found, head)
    assert [row[0] for row in rows(tmp_path / "acore.db", "SELECT seq FROM quarantine ORDER BY seq")] == [
        4,
        6,
    ]


def test_a_transaction_that_is_undone_leaves_the_chain_as_it_was(tmp_path: Path) -> None:
    """J03, J05."""
    connection = opened(tmp_path / "acore.db")
    entries = said(*(ActivityCounted(messages=number) for number in range(2000)))
    write(connection, entries[:1], "boot-1")
    before = connection.execute("SELECT seq, hash FROM progress").fetchone()
    connection.execute(f"PRAGMA max_page_count = {connection.execute('PRAGMA page_count').fetchone()[0] + 5}")

    with pytest.raises(Exception, match="full"):
        write(connection, entries[1:], "boot-1")

    assert connection.execute("SELECT seq, hash FROM progress").fetchone() == before
    connection.execute("PRAGMA max_page_count = 100000")
    write(connection, entries[1:], "boot-1")
    (head,) = connection.execute("SELECT hash FROM progress").fetchone()
    assert_chained(connection.execute(WHOLE).fetchall(), head)
    connection.close()
