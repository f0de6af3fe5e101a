"""What was exported becomes a journal again, and pieces become one."""

from pathlib import Path

import pytest

from acore.capsule.export import Export, Wanted, header_for
from acore.capsule.form import Selection
from acore.capsule.importing import Imported, take_in
from acore.capsule.merging import UnlikeCapsulesError, merge
from acore.capsule.problems import (
    DamagedCapsuleError,
    DuplicateEntryError,
    GapError,
    OtherEntryError,
    PartialCapsuleError,
)
from acore.capsule.reading import check
from acore.capsule.redaction import Redactor
from acore.clock import HeldClock
from acore.events.catalog import CATALOG
from acore.events.personal import Personal
from acore.log import masker
from acore.storage.database import connect
from acore.storage.lock import AlreadyRunningError, DataDirectory
from acore.storage.pieces import copy_whole
from tests.capsule.lived import database_in, rows
from tests.storage.world import dump

CLOCK = HeldClock()
TABLES = ("audit", "runs", "counters")


def export(database: Path, to: Path, wanted: Wanted | None = None) -> Path:
    header = header_for(database, wanted or Wanted(), CATALOG, CLOCK.now())
    Export(database, header, mask=masker(())).to(to)
    return to


def take(
    path: Path, directory: Path, *, skip: bool = False, gaps: bool = False, damage: bool = False
) -> Imported:
    return take_in(
        path, directory, CATALOG, CLOCK, skips_duplicates=skip, allows_gaps=gaps, accepts_damage=damage
    )


def hashes(database: Path) -> list[tuple[int, bytes]]:
    connection = connect(database)
    try:
        return connection.execute("SELECT seq, hash FROM journal ORDER BY seq").fetchall()
    finally:
        connection.close()


def kept(database: Path) -> dict[str, list[object]]:
    connection = connect(database)
    try:
        return dump(connection, TABLES)
    finally:
        connection.close()


@pytest.fixture
def middle(database: Path) -> int:
    """The first number of the second run."""
    return next(row.seq for row in rows(database) if row.boot == "boot-2")


def test_what_was_exported_is_the_same_journal_elsewhere(database: Path, tmp_path: Path) -> None:
    """R17: rows, their chain of hashes, and the tables that are kept from them."""
    taken = take(export(database, tmp_path / "all.jsonl"), tmp_path / "new")

    there = database_in(tmp_path / "new")
    assert (taken.rows, taken.skipped, taken.spoiled) == (len(rows(database)), 0, 0)
    assert rows(there) == rows(database)
    assert hashes(there) == hashes(database)
    assert kept(there) == kept(database)
    export(there, tmp_path / "again.jsonl")
    assert (tmp_path / "again.jsonl").read_bytes() == (tmp_path / "all.jsonl").read_bytes()


def test_a_bot_that_starts_on_it_does_not_do_what_another_had_to_do(database: Path, tmp_path: Path) -> None:
    """R17: nothing is asked for again, and nobody is answered."""
    take(export(database, tmp_path / "all.jsonl"), tmp_path / "new")

    connection = connect(database_in(tmp_path / "new"))
    assert connection.execute("SELECT count(*) FROM outbox").fetchone() == (0,)
    assert connection.execute("SELECT count(*) FROM pending").fetchone() == (0,)
    connection.close()


def test_numbers_under_which_nothing_was_kept_are_not_missing_for_what_a_later_one_lacks(
    database: Path, tmp_path: Path
) -> None:
    """R17: an entry in quarantine is in no row, and says nothing of where the journal begins."""
    first = rows(database)[0].seq
    connection = connect(database)
    connection.execute(
        "INSERT INTO quarantine SELECT seq, id, name, 'row', 'too large', CAST(payload AS BLOB) "
        "FROM journal WHERE seq = ?",
        (first + 9,),
    )
    connection.execute("DELETE FROM journal WHERE seq = ? OR seq < ?", (first + 9, first + 3))
    connection.close()

    path = export(database, tmp_path / "all.jsonl")
    take(path, tmp_path / "new")

    assert check(path).header.first == 1
    connection = connect(database_in(tmp_path / "new"))
    gone = connection.execute("SELECT first_seq, last_seq FROM gone").fetchall()
    connection.close()
    assert gone == [(first + 9, first + 9)]


def test_one_piece_follows_the_other(database: Path, tmp_path: Path, middle: int) -> None:
    """R17."""
    first = export(database, tmp_path / "first.jsonl", Wanted(last=middle - 1))
    second = export(database, tmp_path / "second.jsonl", Wanted(first=middle))

    take(first, tmp_path / "new")
    take(second, tmp_path / "new")

    assert rows(database_in(tmp_path / "new")) == rows(database)
    assert hashes(database_in(tmp_path / "new")) == hashes(database)


def test_duplicates_and_gaps_are_refused_unless_told(database: Path, tmp_path: Path, middle: int) -> None:
    """R17: and nothing was changed by what was refused."""
    everything = export(database, tmp_path / "all.jsonl")
    early = export(database, tmp_path / "early.jsonl", Wanted(last=middle - 9))
    late = export(database, tmp_path / "late.jsonl", Wanted(first=middle))
    some = export(database, tmp_path / "some.jsonl", Wanted(selection=Selection(name="actor.*")))
    new = tmp_path / "new"
    take(early, new)
    before = rows(database_in(new))

    with pytest.raises(DuplicateEntryError, match="entry 1 is there already: take it once with --skip-dup"):
        take(everything, new)
    with pytest.raises(GapError, match=rf"entries after {middle - 9} and before {middle} are missing"):
        take(late, new)
    with pytest.raises(PartialCapsuleError, match="has only some of the entries"):
        take(some, tmp_path / "other")
    assert rows(database_in(new)) == before

    taken = take(everything, new, skip=True)
    assert (taken.skipped, taken.rows) == (len(before), len(rows(database)) - len(before))
    assert rows(database_in(new)) == rows(database)
    assert take(late, tmp_path / "only-late", gaps=True).rows > 0
    assert take(some, tmp_path / "only-some", gaps=True).rows > 0


def test_the_journal_of_another_bot_is_refused(database: Path, tmp_path: Path) -> None:
    """R17: also when duplicates would be passed over."""
    take(export(database, tmp_path / "all.jsonl"), tmp_path / "new")
    connection = connect(database_in(tmp_path / "new"))
    connection.execute("UPDATE journal SET payload = '{}' WHERE name = 'run.started'")
    connection.close()

    with pytest.raises(OtherEntryError, match=r"is run\.started in one and run\.started in the other: these"):
        take(tmp_path / "all.jsonl", tmp_path / "new", skip=True)


def test_nothing_is_taken_into_the_data_of_a_running_bot(database: Path, tmp_path: Path) -> None:
    """R17."""
    everything = export(database, tmp_path / "all.jsonl")

    with DataDirectory(tmp_path / "new", boot="running", clock=CLOCK), pytest.raises(AlreadyRunningError):
        take(everything, tmp_path / "new")


def test_of_a_cut_file_the_rest_is_taken_and_of_a_damaged_one_only_if_accepted(
    database: Path, tmp_path: Path
) -> None:
    """R17."""
    path = export(database, tmp_path / "all.jsonl")
    whole = path.read_bytes()
    path.write_bytes(whole[:-700])
    taken = take(path, tmp_path / "cut")
    assert "breaks off" in taken.complaint
    assert rows(database_in(tmp_path / "cut")) == rows(database)[: taken.rows]

    path.write_bytes(whole.replace(b'"seq":9,', b'"seq":8,'))
    with pytest.raises(DamagedCapsuleError):
        take(path, tmp_path / "damaged")
    assert not (tmp_path / "damaged").exists()
    assert take(path, tmp_path / "damaged", damage=True).last < 9


def test_pieces_become_one(database: Path, tmp_path: Path, middle: int) -> None:
    """R17: in any order; the result cannot be told from what was exported at once."""
    second = export(database, tmp_path / "second.jsonl", Wanted(first=middle))
    first = export(database, tmp_path / "first.jsonl", Wanted(last=middle - 1))

    header = merge([second, first], tmp_path / "both.jsonl", CLOCK.now())

    assert (header.first, header.last) == (1, check(second).header.last)
    take(tmp_path / "both.jsonl", tmp_path / "new")
    assert rows(database_in(tmp_path / "new")) == rows(database)
    assert [run.boot for run in header.runs] == ["boot-1", "boot-2"]


def test_pieces_that_overlap_or_leave_a_gap_are_refused_unless_told(
    database: Path, tmp_path: Path, middle: int
) -> None:
    """R17: what both have must be the same."""
    to = tmp_path / "both.jsonl"
    first = export(database, tmp_path / "first.jsonl", Wanted(last=middle + 5))
    second = export(database, tmp_path / "second.jsonl", Wanted(first=middle))
    early = export(database, tmp_path / "early.jsonl", Wanted(last=middle - 9))

    with pytest.raises(DuplicateEntryError, match=f"entry {middle} is there already"):
        merge([first, second], to, CLOCK.now())
    with pytest.raises(GapError):
        merge([early, second], to, CLOCK.now())
    assert list(tmp_path.glob("both.jsonl*")) == []

    merge([first, second], to, CLOCK.now(), skips_duplicates=True)
    assert check(to).rows == len(rows(database))
    merge([early, second], to, CLOCK.now(), allows_gaps=True)
    assert check(to).is_whole


def test_pieces_of_different_kinds_are_refused(database: Path, tmp_path: Path, middle: int) -> None:
    """R17: narrowed differently, or with stand-ins made from different keys."""
    first = export(database, tmp_path / "first.jsonl", Wanted(last=middle - 1))
    some = export(database, tmp_path / "some.jsonl", Wanted(first=middle, selection=Selection(name="a*")))
    redactor = Redactor([Personal.IDS], CATALOG, b"key")
    header = header_for(database, Wanted(first=middle), CATALOG, CLOCK.now(), redactor)
    Export(database, header, mask=masker(()), redactor=redactor).to(tmp_path / "redacted.jsonl")

    for other, why in ((some, "narrowed in different ways"), (tmp_path / "redacted.jsonl", "personal")):
        with pytest.raises(UnlikeCapsulesError, match=why):
            merge([first, other], tmp_path / "both.jsonl", CLOCK.now())


def test_a_copy_of_the_whole_database_has_what_was_written_last(database: Path, tmp_path: Path) -> None:
    """J06, R17: also of one that is open and has not yet moved its last rows into the file itself."""
    connection = connect(database)
    connection.execute("INSERT INTO pending (interaction, sealed) VALUES (1, 'a right to answer')")
    assert database.with_name("acore.db-wal").stat().st_size > 0

    copy_whole(database, tmp_path / "copy.db")

    connection.close()
    assert rows(tmp_path / "copy.db") == rows(database)
    assert b"a right to answer" not in (tmp_path / "copy.db").read_bytes()
    restored = tmp_path / "restored"
    restored.mkdir()
    (tmp_path / "copy.db").rename(database_in(restored))
    assert kept(database_in(restored)) == kept(database)
