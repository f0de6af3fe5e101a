"""The journal is looked through, and the first entry that is wrong is named."""
# ruff: noqa: S608 - they write to the file as nobody should

import os
import shutil
from pathlib import Path

import pytest

from acore.clock import HeldClock
from acore.events.audit import AuditNoted
from acore.events.discord import TokenSealed
from acore.storage.chain import BEGINNING, COLUMNS, hash_after
from acore.storage.database import connect
from acore.storage.mark import BLOCK, MARK_NAME, Mark, MarkFile
from acore.storage.query import Filter, tail
from acore.storage.retention import needs_of_runs
from acore.storage.scan import Part, Wanted, pages
from acore.storage.sqlite import Connection, attach
from acore.storage.verify import MOST_FINDINGS, PAGE, Fault, Finding, NotChainedError, verify
from tests.storage.world import database, rows, running

ROWS = 12


@pytest.fixture
async def path(tmp_path: Path) -> Path:
    """A journal with rows 1 to 12 of a stopped bot; what follows them are the store's own."""
    async with running(tmp_path, HeldClock()) as world:
        for number in range(ROWS):
            world.count(number)
        await world.durable()
    return tmp_path / "acore.db"


def touch(path: Path, *statements: str) -> None:
    """Write to the file as no acore would."""
    connection = attach(path, "rw")
    for statement in statements:
        connection.execute(statement)
    connection.close()


def flip_a_bit(path: Path, before: bytes) -> None:
    """Set the highest bit of the second of the bytes *before*, as a disk may."""
    content = bytearray(path.read_bytes())
    content[content.index(before) + 1] |= 0x80
    path.write_bytes(content)


def counted(path: Path) -> list[int]:
    return [
        seq for (seq,) in rows(path, "SELECT seq FROM journal WHERE name = 'activity.counted' ORDER BY seq")
    ]


async def test_a_journal_that_nobody_touched_is_whole(path: Path) -> None:
    """J05."""
    told: list[int] = []
    verified = verify(path, told.append)

    assert verified.findings == ()
    assert verified.rows == rows(path, "SELECT count(*) FROM journal")[0][0] >= ROWS
    assert verified.chained_from == verified.first_seq == rows(path, "SELECT min(seq) FROM journal")[0][0]
    assert told[-1] <= verified.last_seq == rows(path, "SELECT seq FROM progress")[0][0]


FIFTH = "(SELECT seq FROM journal WHERE name = 'activity.counted' ORDER BY seq LIMIT 1 OFFSET 4)"


@pytest.mark.parametrize(
    ("fault", "place", "statement"),
    [
        (Fault.CHANGED, 4, f"UPDATE journal SET payload = '{{}}' WHERE seq = {FIFTH}"),
        (Fault.CHANGED, 4, f"UPDATE journal SET wall_ns = wall_ns + 1 WHERE seq = {FIFTH}"),
        (Fault.CHANGED, 4, f"UPDATE journal SET source = target, target = source WHERE seq = {FIFTH}"),
        (Fault.CHANGED, 4, f"UPDATE journal SET hash = x'' WHERE seq = {FIFTH}"),
        (Fault.REMOVED, 4, f"DELETE FROM journal WHERE seq = {FIFTH}"),
        (Fault.CUT, 11, f"DELETE FROM journal WHERE seq >= {FIFTH} + 7"),
        (Fault.REMOVED, 0, f"DELETE FROM journal WHERE seq < {FIFTH}"),
    ],
)
async def test_the_first_row_that_was_changed_or_is_missing_is_named(
    path: Path, fault: Fault, place: int, statement: str
) -> None:
    """J05."""
    first = 1 if not place else counted(path)[place]
    touch(path, statement)

    found = verify(path).findings[0]

    assert (found.fault, found.seq) == (fault, first)


async def test_a_text_that_the_disk_spoilt_is_named_and_keeps_nobody_from_reading_the_rest(
    path: Path,
) -> None:
    """J05: one bit of one letter is another, which leaves no UTF-8; SQLite itself does not mind."""
    fifth = counted(path)[4]
    flip_a_bit(path, b'"messages":4,')

    assert [(one.fault, one.seq) for one in verify(path).findings] == [(Fault.CHANGED, fifth)]
    assert [row.seq for row in tail(path, limit=2, after=fifth - 1)] == [fifth, fifth + 1]
    wanted = Wanted(part=Part.INPUTS, actor="x", names=("activity.counted",))
    (page,) = pages(path, wanted, after=0, upto=100, size=100)
    assert len(page) == ROWS
    assert [row.seq for row in page if "\ufffd" in row.payload] == [fifth]


async def test_json_that_the_disk_spoilt_keeps_nobody_from_the_rest(tmp_path: Path) -> None:
    """J05, J18: neither who asks for an actor nor the bot when it tidies up; SQLite refuses such a row."""
    async with running(tmp_path, HeldClock()) as world:
        await world.durable()
    path = tmp_path / "acore.db"
    starts = "SELECT seq, payload ->> '$.actor' FROM journal WHERE name = 'actor.started' ORDER BY seq"
    first, *others = rows(path, starts)
    touch(path, f"UPDATE journal SET payload = 'z' || substr(payload, 2) WHERE seq = {first[0]}")

    assert [(one.fault, one.seq) for one in verify(path).findings] == [(Fault.CHANGED, first[0])]
    assert first[0] not in {row.seq for row in tail(path, Filter(actor="reader"))} != set()
    wanted = Wanted(part=Part.LIFE, actor="reader")
    started = [
        r.seq
        for page in pages(path, wanted, after=0, upto=100, size=100)
        for r in page
        if "started" in r.name
    ]
    assert started == [seq for seq, actor in others if actor == "reader"] != []
    connection = attach(path, "ro")
    assert [need.seq for need in needs_of_runs(connection, ("writer", "reader"))] == started
    connection.close()


async def test_a_row_put_in_where_a_number_was_free_is_no_link(tmp_path: Path) -> None:
    """J05: free numbers are those of what is no row."""
    async with running(tmp_path, HeldClock()) as world:
        world.count(1)
        free = world.say(TokenSealed(interaction=1, sealed="s")).seq
        world.say(TokenSealed(interaction=2, sealed="s"))
        world.count(2)
        await world.durable()
    path = tmp_path / "acore.db"
    columns = ", ".join(COLUMNS[2:])
    forge = (
        f"INSERT INTO journal (seq, id, {columns}, hash) "
        f"SELECT {{0}}, 'x{{0}}', {columns}, hash FROM journal LIMIT 1"
    )

    touch(path, forge.format(free))
    assert verify(path).findings == (Finding(fault=Fault.ADDED, seq=free, after=free - 1),)
    touch(path, forge.format(free + 1))
    assert [(one.fault, one.seq) for one in verify(path).findings] == [
        (Fault.ADDED, free),
        (Fault.ADDED, free + 1),
    ]
    end = rows(path, "SELECT seq FROM progress")[0][0]
    touch(path, "DELETE FROM journal WHERE id LIKE 'x%'", forge.format(end + 5))
    assert verify(path).findings == (Finding(fault=Fault.ADDED, seq=end + 5, after=end),)


async def test_a_forger_who_computes_the_chain_anew_is_betrayed_by_the_mark(path: Path) -> None:
    """J05: nothing in the file tells; the hash outside of it does."""
    seq, head, boot, epoch = rows(path, "SELECT seq, hash, writer, epoch FROM progress")[0]
    put(path, Mark(seq=seq, hash=head.hex(), boot=boot, epoch=epoch, wall_ns=1))
    assert verify(path).findings == ()

    touch(path, f"UPDATE journal SET payload = '{{}}' WHERE seq = {FIFTH}")
    rechain(path)

    assert verify(path).findings == (Finding(fault=Fault.OTHER, seq=seq, after=0),)


async def test_a_file_that_ends_before_the_mark_is_behind(path: Path) -> None:
    """J04, J05."""
    seq = rows(path, "SELECT seq FROM progress")[0][0]
    put(path, Mark(seq=seq + 30, hash="00", boot="b", epoch=1, wall_ns=1))

    assert verify(path).findings == (Finding(fault=Fault.BEHIND, seq=seq + 1, after=seq, other=seq + 30),)


@pytest.mark.parametrize("content", [b"", b" " * 2 * BLOCK, b"garbage\n" * 2000, b"\0" * BLOCK])
async def test_a_mark_that_says_nothing_is_told_and_no_finding(path: Path, content: bytes) -> None:
    """J05."""
    path.with_name(MARK_NAME).write_bytes(content)

    verified = verify(path)

    assert (verified.findings, verified.mark) == ((), None)
    assert verified.mark_problem


@pytest.mark.parametrize("upto", [2, 4, 11])
async def test_what_was_removed_on_purpose_is_passed_over(path: Path, upto: int) -> None:
    """J05, J18: the chain goes on from the hash that is kept of the last of it."""
    last = counted(path)[upto]
    seq, head = rows(path, "SELECT seq, hash FROM progress")[0]
    own = rows(path, "SELECT hash FROM journal WHERE seq = ?", last)[0][0]
    remove = f"DELETE FROM journal WHERE seq <= {last}"
    note = f"INSERT INTO gone VALUES (1, {last}, 3, x'{own.hex()}', 5, 'age')"
    put(path, Mark(seq=seq, hash=head.hex(), boot="b", epoch=1, wall_ns=1))
    touch(path, remove)
    assert [one.fault for one in verify(path).findings] == [Fault.REMOVED]

    touch(path, note)
    assert verify(path).findings == ()

    touch(path, f"DELETE FROM journal WHERE seq = {last + 1}")
    assert verify(path).findings[0].seq == last + 1


async def test_a_forged_note_of_a_removal_hides_no_hole(path: Path) -> None:
    """J05, J18: acore removes from the beginning only; so neither the middle nor the end can be told away."""
    for first, last, fault in ((5, 7, Fault.REMOVED), (ROWS, None, Fault.CUT)):
        copy = path.with_name(f"{first}.db")
        shutil.copyfile(path, copy)
        until = last or rows(path, "SELECT seq FROM progress")[0][0]
        own = rows(copy, "SELECT hash FROM journal WHERE seq = ?", until)[0][0].hex()
        touch(
            copy,
            f"DELETE FROM journal WHERE seq BETWEEN {first} AND {until}",
            f"INSERT INTO gone VALUES ({first}, {until}, 3, x'{own}', 5, 'age')",
        )
        assert [(one.fault, one.seq) for one in verify(copy).findings] == [(fault, first)]


async def test_what_all_was_removed_leaves_a_chain_that_can_be_continued(path: Path) -> None:
    """J05, J18: also when the mark stands within what is gone."""
    seq, head = rows(path, "SELECT seq, hash FROM progress")[0]
    put(path, Mark(seq=seq - 3, hash="ab", boot="b", epoch=1, wall_ns=1))
    touch(path, "DELETE FROM journal", f"INSERT INTO gone VALUES (1, {seq}, 3, x'{head.hex()}', 5, 'size')")
    assert verify(path).findings == ()

    async with running(path.parent, HeldClock(), boot="boot-2") as world:
        world.count(1)
        await world.durable()
    assert verify(path).findings == ()


async def test_rows_of_before_the_chain_are_passed_over_and_told(path: Path) -> None:
    """J05, J20."""
    fifth = counted(path)[4]
    touch(path, f"UPDATE journal SET hash = x'' WHERE seq < {fifth}")
    rechain(path, first=fifth)
    path.with_name(MARK_NAME).unlink()

    verified = verify(path)

    assert (verified.findings, verified.chained_from) == ((), fifth)
    assert verified.first_seq is not None
    assert verified.first_seq < fifth


async def test_the_audit_log_is_verified_with_it(tmp_path: Path) -> None:
    """J05."""
    async with running(tmp_path, HeldClock()) as world:
        seq = [
            world.say(AuditNoted(who="a", action=f"{n}", target="t", outcome="done")).seq for n in range(3)
        ][1]
        await world.durable()
    path = tmp_path / "acore.db"
    assert verify(path).findings == ()

    touch(path, f"UPDATE audit SET who = 'eve' WHERE seq = {seq}")

    assert [(one.fault, one.seq) for one in verify(path).findings] == [(Fault.AUDIT, seq)]


async def test_a_file_that_was_spoilt_all_over_is_not_listed_row_by_row(path: Path) -> None:
    touch(
        path,
        "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 5000) INSERT INTO journal "
        "SELECT 10000 + i, 'y' || i, 'event', 'n', 1, '', '', 0, 0, '', '', '', '', 1, '{}', randomblob(16) "
        "FROM n",
        "UPDATE progress SET seq = 20000",
    )

    verified = verify(path)

    assert len(verified.findings) >= MOST_FINDINGS
    assert len(verified.findings) < PAGE + MOST_FINDINGS
    assert not verified.is_whole


async def test_a_page_that_cannot_be_read_is_a_finding(tmp_path: Path) -> None:
    """J05, J20: what stands before it is verified."""
    async with running(tmp_path, HeldClock()) as world:
        for number in range(3 * PAGE):
            world.count(number)
        await world.durable()
    path = tmp_path / "acore.db"
    connection = attach(path, "rw")
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
    root = connection.execute("SELECT rootpage FROM sqlite_schema WHERE name = 'journal'").fetchone()[0]
    size = connection.execute("PRAGMA page_size").fetchone()[0]
    connection.close()
    with path.open("r+b") as file:
        file.seek((root - 1) * size)
        page = file.read(size)
        # The last child of the table's root: the newest part.
        child = int.from_bytes(page[8:12])
        file.seek((child - 1) * size)
        file.write(os.urandom(size))

    verified = verify(path)

    assert [one.fault for one in verified.findings] == [Fault.DAMAGED]
    assert not verified.is_whole
    assert verified.rows % PAGE == 0
    assert verified.findings[0].after == rows_upto(path, verified.rows)


def rows_upto(path: Path, count: int) -> int:
    if not count:
        return 0
    connection = attach(path, "ro")
    try:
        return int(
            connection.execute(
                "SELECT seq FROM journal ORDER BY seq LIMIT 1 OFFSET ?", (count - 1,)
            ).fetchone()[0]
        )
    finally:
        connection.close()


async def test_a_running_bot_writes_on_while_its_journal_is_verified(tmp_path: Path) -> None:
    """J05, J17: what comes meanwhile is no finding, and no read transaction outlives a page."""
    async with running(tmp_path, HeldClock()) as world:
        for number in range(PAGE + 5):
            world.count(number)
        await world.durable()
        writer = connect(world.store.path)
        seen: list[int] = []

        def write_meanwhile(seq: int) -> None:
            seen.append(seq)
            # Would wait for a reader and fail if one was in the middle of something.
            assert writer.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0] == 0

        verified = verify(world.store.path, write_meanwhile)
        writer.close()

    assert len(seen) == 2
    assert verified.findings == ()


def test_a_file_of_before_the_chain_says_what_to_do(tmp_path: Path) -> None:
    path = database(tmp_path)
    touch(path, "PRAGMA user_version = 1")

    with pytest.raises(NotChainedError, match="start acore once"):
        verify(path)


def put(path: Path, mark: Mark) -> None:
    file = MarkFile(path.with_name(MARK_NAME))
    file.put(mark)
    file.close()


def rechain(path: Path, first: int = 0) -> None:
    """Compute all hashes anew, as somebody would who knows how."""
    connection: Connection = attach(path, "rw")
    previous = BEGINNING
    for row in connection.execute(
        f"SELECT {', '.join(COLUMNS)} FROM journal WHERE seq >= ? ORDER BY seq",
        (first,),
    ).fetchall():
        previous = hash_after(previous, row)
        connection.execute("UPDATE journal SET hash = ? WHERE seq = ?", (previous, row[0]))
    connection.execute("UPDATE progress SET hash = ?", (previous,))
    connection.close()
