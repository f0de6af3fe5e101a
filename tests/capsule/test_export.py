"""A piece of the journal in one file: what is in it, what is not, and what an interruption leaves."""

import json
import subprocess
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest

from acore.capsule.export import Export, Exported, Wanted, header_for
from acore.capsule.form import FORMAT, Selection
from acore.capsule.problems import NothingToExportError, NotResumableError, SecretInJournalError
from acore.capsule.reading import check
from acore.clock import HeldClock
from acore.events.catalog import CATALOG
from acore.log import masker
from acore.storage.chain import COLUMNS
from acore.storage.database import connect
from tests.capsule.lived import WRITTEN, rows

NOW = HeldClock().now()


def exported(
    database: Path,
    to: Path,
    wanted: Wanted | None = None,
    *,
    resume: bool = False,
    secrets: tuple[str, ...] = (),
) -> Exported:
    header = header_for(database, wanted or Wanted(), CATALOG, NOW)
    return Export(database, header, mask=masker(secrets)).to(to, resume=resume)


def lines_of(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]


def rows_of(path: Path) -> list[dict[str, Any]]:
    return [line for line in lines_of(path) if line["line"] == "row"]


def test_the_whole_journal_is_one_json_object_a_line(database: Path, tmp_path: Path) -> None:
    """R17: in order, with a header that says what it is and a footer that says that it is complete."""
    written = exported(database, tmp_path / "all.jsonl")
    header, *found, footer = lines_of(tmp_path / "all.jsonl")

    journal = rows(database)
    assert (header["line"], header["capsule"], header["is_whole"]) == ("header", FORMAT, True)
    assert [run["version"] for run in header["runs"]] == ["1.2.3", "1.2.3"]
    assert [run["settings"] for run in header["runs"]] == ["feed", "feed"]
    assert footer["rows"] == written.rows == len(journal)
    kept = [line for line in found if line["line"] == "row"]
    assert [line["seq"] for line in kept] == [row.seq for row in journal]
    assert [line["payload"] for line in kept] == [json.loads(row.payload) for row in journal]
    assert check(tmp_path / "all.jsonl").is_whole
    assert oct((tmp_path / "all.jsonl").stat().st_mode)[-3:] == "600"
    assert list(tmp_path.glob("*.part")) == []


def test_a_range_begins_where_the_run_began(database: Path, tmp_path: Path) -> None:
    """R17: so that a replay can begin there; unless only the range is wanted."""
    second = next(row.seq for row in rows(database) if row.boot == "boot-2")
    last = rows(database)[-1].seq

    wide = exported(database, tmp_path / "wide.jsonl", Wanted(first=last - 3, last=last - 1)).header
    narrow = exported(
        database, tmp_path / "narrow.jsonl", Wanted(first=last - 3, last=last - 1, leads_in=False)
    ).header

    assert (wide.first, wide.asked, wide.last) == (second, last - 3, last - 1)
    assert [run.boot for run in wide.runs] == ["boot-2"]
    assert (narrow.first, narrow.asked) == (last - 3, last - 3)
    assert not wide.is_whole
    assert {row["boot"] for row in rows_of(tmp_path / "wide.jsonl")} == {"boot-2"}


def test_a_time_is_a_range_too(database: Path, tmp_path: Path) -> None:
    """R17."""
    journal = rows(database)
    middle = next(row for row in journal if row.boot == "boot-2")

    exported(database, tmp_path / "late.jsonl", Wanted(since=middle.at))
    exported(database, tmp_path / "early.jsonl", Wanted(until=middle.at))

    late = [row["seq"] for row in rows_of(tmp_path / "late.jsonl")]
    early = [row["seq"] for row in rows_of(tmp_path / "early.jsonl")]
    assert late == [row.seq for row in journal if row.boot == "boot-2"]
    assert early == [row.seq for row in journal if row.at < middle.at]


def test_what_is_narrowed_says_so(database: Path, tmp_path: Path) -> None:
    """R17: its header names the filter, and it is not called whole."""
    only = Selection(name="actor.*")

    header = exported(database, tmp_path / "some.jsonl", Wanted(selection=only)).header

    assert (header.selection, header.is_whole, header.rows) == (only, False, None)
    assert {row["name"] for row in rows_of(tmp_path / "some.jsonl")} == {
        row.name for row in rows(database) if row.name.startswith("actor.")
    }
    with pytest.raises(NothingToExportError, match="no entry of the journal matches"):
        exported(database, tmp_path / "none.jsonl", Wanted(first=10**9))


def test_grep_and_jq_read_it(database: Path, tmp_path: Path) -> None:
    """R17: the file is text, a row is a line."""
    exported(database, tmp_path / "all.jsonl")

    found = subprocess.run(
        ["grep", "-c", '"name":"actor.exited"', tmp_path / "all.jsonl"], capture_output=True, check=True
    )

    assert int(found.stdout) == sum(row.name == "actor.exited" for row in rows(database))


def test_a_stream_gets_the_same(database: Path, tmp_path: Path) -> None:
    """R17: `-o -`."""
    exported(database, tmp_path / "all.jsonl")
    out = BytesIO()
    Export(database, header_for(database, Wanted(), CATALOG, NOW), mask=masker(())).into(out)

    assert out.getvalue() == (tmp_path / "all.jsonl").read_bytes()


@pytest.mark.parametrize("keep", [0.2, 0.5, 0.99])
def test_an_interrupted_export_goes_on_after_its_last_good_line(
    database: Path, tmp_path: Path, keep: float
) -> None:
    """R17: wherever the file breaks off, what comes out is the same."""
    exported(database, tmp_path / "all.jsonl")
    whole = (tmp_path / "all.jsonl").read_bytes()
    part = tmp_path / "again.jsonl.part"
    part.write_bytes(whole[: int(len(whole) * keep)])

    exported(database, tmp_path / "again.jsonl", resume=True)

    assert (tmp_path / "again.jsonl").read_bytes() == whole
    assert not part.exists()


def test_what_does_not_belong_to_it_is_not_gone_on_with(database: Path, tmp_path: Path) -> None:
    """R17: the part of another range is refused, and one that is not there."""
    exported(database, tmp_path / "other.jsonl", Wanted(first=5, leads_in=False))
    (tmp_path / "other.jsonl").rename(tmp_path / "all.jsonl.part")

    with pytest.raises(NotResumableError, match="another range"):
        exported(database, tmp_path / "all.jsonl", resume=True)
    with pytest.raises(NotResumableError, match="there is no"):
        exported(database, tmp_path / "missing.jsonl", resume=True)


def test_what_was_written_after_an_interrupted_export_began_is_not_in_it(
    database: Path, tmp_path: Path
) -> None:
    """R17: the range is fixed when the export begins; a bot that writes on does not make it endless."""
    exported(database, tmp_path / "all.jsonl")
    whole = (tmp_path / "all.jsonl").read_bytes()
    (tmp_path / "all.jsonl").write_bytes(whole[: len(whole) // 2])
    (tmp_path / "all.jsonl").rename(tmp_path / "all.jsonl.part")
    connection = connect(database)
    others = ", ".join(COLUMNS[2:])
    connection.execute(
        f"INSERT INTO journal (seq, id, {others}) SELECT seq + 1000, id || 'x', {others} FROM journal LIMIT 1"  # noqa: S608 - its own names
    )
    connection.execute("UPDATE progress SET seq = seq + 1000")
    connection.close()

    exported(database, tmp_path / "all.jsonl", resume=True)

    assert (tmp_path / "all.jsonl").read_bytes() == whole


def test_a_secret_in_the_journal_is_not_given_away(database: Path, tmp_path: Path) -> None:
    """R17: neither one of the settings' nor what looks like a token; the sentence names the entry."""
    entry = next(row for row in rows(database) if WRITTEN in row.payload)

    with pytest.raises(SecretInJournalError, match=rf"entry {entry.seq} \(interaction\.received\) holds"):
        exported(database, tmp_path / "all.jsonl", secrets=(WRITTEN,))

    assert list(tmp_path.glob("all.jsonl*")) == []
    exported(database, tmp_path / "all.jsonl", secrets=("nothing like it",))
