"""The generated pages."""

from pathlib import Path

import pytest

from acore.errors import ExitCode
from acore.events.catalog import CATALOG
from acore.reference import GOLDEN, PAGE, main, page

TOP = Path(__file__).parents[1]


def test_the_reference_page_is_what_the_program_says() -> None:
    written = (TOP / PAGE).read_text("utf-8")

    assert written == page(), "docs/reference.md is stale: run `python -m acore.reference`"


def test_the_reference_page_lists_every_exit_code() -> None:
    assert all(f"| {code.value} | {code.name} |" in page() for code in ExitCode)


def test_one_command_adds_the_golden_files_and_changes_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """E01, E02: what is there stays as it is; what it does not allow is said, and the command fails."""
    monkeypatch.chdir(tmp_path)
    for directory in (PAGE.parent, Path("config")):
        directory.mkdir()

    main()
    added = {path: path.read_bytes() for path in GOLDEN.glob("*/*")}
    assert {path.parent.name for path in added} == {
        wire.name for wire in CATALOG if wire.cls.__module__.startswith("acore.events.")
    }
    told = capsys.readouterr().out
    assert all(f"added {path}" in told for path in added)
    main()
    assert {path: path.read_bytes() for path in GOLDEN.glob("*/*")} == added
    assert "added" not in capsys.readouterr().out

    changed = GOLDEN / "check.due" / "event-1.jsonl"
    changed.write_text(changed.read_text("utf-8").replace('"what":"str"', '"what":"int"'), "utf-8")
    with pytest.raises(
        SystemExit, match=r"CheckDue \(check\.due\) has changed since version 1: `check` was int"
    ):
        main()
