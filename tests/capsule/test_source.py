"""A capsule is replayed like the journal that it was taken from."""

from pathlib import Path

import pytest

from acore.capsule import source as capsules
from acore.capsule.export import Export, Wanted, header_for
from acore.capsule.form import Selection
from acore.capsule.importing import take_in
from acore.capsule.merging import merge
from acore.capsule.reading import header_of
from acore.capsule.redaction import Redactor
from acore.capsule.source import TooLargeError, open_capsule, unpacked
from acore.clock import HeldClock
from acore.events.catalog import CATALOG
from acore.log import masker
from acore.replay.engine import replay
from acore.replay.report import Replayed, Verdict
from acore.replay.source import DatabaseSource, Source
from acore.storage.verify import verify
from tests.capsule.lived import database_in, rows
from tests.capsule.test_redaction import CORE


def export(database: Path, to: Path, wanted: Wanted | None = None, redactor: Redactor | None = None) -> Path:
    header = header_for(database, wanted or Wanted(), CATALOG, HeldClock().now(), redactor)
    Export(database, header, mask=masker(()), redactor=redactor).to(to)
    return to


def replayed(source: Source) -> dict[str, Replayed]:
    return {name: replay(name, build, source, collect=True) for name, build in CORE.items()}


def test_export_import_and_replay_come_to_the_same(database: Path, tmp_path: Path) -> None:
    """R17: of the journal, of the file, of the journal made from the file, and of the file unpacked."""
    path = export(database, tmp_path / "all.jsonl")
    take_in(path, tmp_path / "new", CATALOG, HeldClock())
    there = replayed(DatabaseSource(database))

    assert {one.verdict for one in there.values()} == {Verdict.SAME}
    assert min(one.handled for one in there.values()) > 3
    assert replayed(open_capsule(path)) == there
    assert replayed(DatabaseSource(database_in(tmp_path / "new"))) == there
    with unpacked(path) as made:
        assert replayed(DatabaseSource(made)) == there
    assert not made.exists()


def test_a_piece_of_a_run_is_replayed_from_its_start(database: Path, tmp_path: Path) -> None:
    """R17, R10: the second run alone is what it is within the whole."""
    second = [row for row in rows(database) if row.boot == "boot-2"]
    path = export(database, tmp_path / "piece.jsonl", Wanted(first=second[30].seq))

    whole, piece = replayed(DatabaseSource(database)), replayed(open_capsule(path))

    for name, one in piece.items():
        assert (one.verdict, one.state) == (Verdict.SAME, whole[name].state), name
        assert 0 < one.handled < whole[name].handled


def test_a_piece_from_the_middle_of_a_run_begins_at_what_was_known(database: Path, tmp_path: Path) -> None:
    """R11, R17: that its beginning is missing is known of the file and of the journal made of it."""
    second = [row for row in rows(database) if row.boot == "boot-2"]
    path = export(database, tmp_path / "piece.jsonl", Wanted(first=second[60].seq, leads_in=False))
    take_in(path, tmp_path / "new", CATALOG, HeldClock())

    piece, made = replayed(open_capsule(path)), replayed(DatabaseSource(database_in(tmp_path / "new")))
    assert min(one.begins_at for one in piece.values()) > second[60].seq
    for name, one in made.items():
        assert (one.verdict, one.handled, one.begins_at) == (
            piece[name].verdict,
            piece[name].handled,
            piece[name].begins_at,
        )


def test_what_breaks_off_is_replayed_up_to_there(database: Path, tmp_path: Path) -> None:
    """R17: a file whose end is missing is a journal that ends earlier."""
    path = export(database, tmp_path / "all.jsonl")
    content = path.read_bytes()
    path.write_bytes(content[: len(content) * 2 // 3])

    for name, one in replayed(open_capsule(path)).items():
        assert one.verdict is Verdict.SAME, (name, one.divergences)
        assert one.handled > 0


def test_of_what_is_narrowed_nothing_is_judged(database: Path, tmp_path: Path) -> None:
    """R17: what an actor was not told it cannot have decided on."""
    path = export(database, tmp_path / "some.jsonl", Wanted(selection=Selection(name="a*")))

    assert not open_capsule(path).facts().is_whole


def test_nothing_is_judged_across_what_is_missing(database: Path, tmp_path: Path) -> None:
    """R12, R17: in a file of pieces, in a journal made of it or them, in what is exported from that."""
    second = next(row.seq for row in rows(database) if row.boot == "boot-2")
    low, high = second + 40, second + 60
    pieces = [
        export(database, tmp_path / "1.jsonl", Wanted(last=low - 1)),
        export(database, tmp_path / "2.jsonl", Wanted(first=high + 1, leads_in=False)),
    ]
    some = export(database, tmp_path / "some.jsonl", Wanted(selection=Selection(actor="metrics")))
    both = tmp_path / "both.jsonl"
    header = merge(pieces, both, HeldClock().now(), allows_gaps=True)
    for number, files in enumerate((pieces, [both], [some])):
        for path in files:
            take_in(path, tmp_path / f"{number}", CATALOG, HeldClock(), allows_gaps=True)
    made = [database_in(tmp_path / f"{number}") for number in range(3)]
    again = export(made[0], tmp_path / "again.jsonl")

    assert (header.gaps, header_of(again).gaps) == (((low, high),),) * 2
    for source in (open_capsule(both), open_capsule(again), *map(DatabaseSource, made)):
        for name, one in replayed(source).items():
            assert one.verdict is Verdict.APPROXIMATE, (source.facts().where, name)
            assert "are missing" in one.approximate
    assert not verify(made[0]).findings
    rest = export(database, tmp_path / "rest.jsonl", Wanted(first=low, leads_in=False))
    assert merge([both, rest], tmp_path / "all.jsonl", HeldClock().now(), skips_duplicates=True).gaps == ()


def test_a_file_that_is_too_large_says_what_to_do(
    database: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """R17: memory stays flat."""
    path = export(database, tmp_path / "all.jsonl")
    monkeypatch.setattr(capsules, "KEPT_IN_MEMORY", 10)

    with pytest.raises(
        TooLargeError, match=r"too many to be kept in memory: make a journal of it with `acore "
    ):
        open_capsule(path)
