"""What the Tab key offers."""

from pathlib import Path

import pytest
from click.shell_completion import BashComplete

from acore.cli import cli, invoke
from acore.errors import ExitCode
from acore.storage.query import Filter, tail
from acore.storage.store import DATABASE_NAME
from tests.cli.test_outbox import owe


def offered(*arguments: str) -> list[str]:
    """Return what is offered for the last of *arguments*, which is begun."""
    *before, begun = arguments
    shell = BashComplete(cli, {}, "acore", "_ACORE_COMPLETE")
    return [item.value for item in shell.get_completions(before, begun)]


def test_real_values_are_offered_from_the_data_directory(data: Path) -> None:
    place = ("--data", str(data))
    failed = str(tail(data / DATABASE_NAME, Filter(name="actor.exited", actor="lifecycle"), limit=2)[0].seq)
    assert invoke(["journal", *place, "pin", "last night", "3"]) == ExitCode.OK
    owe(data, "aa11", "check.run", "ask_operator")
    before = sorted(data.iterdir())

    assert offered("replay", *place, "--actor", "") == ["config", "lifecycle", "health", "metrics"]
    assert offered("replay", *place, "--actor", "h") == ["health"]
    assert offered("at", *place, "5", "--actor", "me") == ["metrics"]
    assert failed in offered("at", *place, "")
    assert failed in offered("at", *place, "5", "--diff", "")
    assert offered("why", *place, "")[:4] == ["last", "denial", "restart", "stop"]
    assert {failed, "metrics"} < set(offered("why", *place, ""))
    assert offered("why", *place, "st") == ["stop"]
    assert offered("journal", *place, "unpin", "") == ["last night"]
    assert offered("journal", "unpin", *place, "la") == ["last night"]
    assert "aa11" in offered("outbox", *place, "retry", "")
    assert offered("outbox", "drop", *place, "aa") == ["aa11"]
    assert sorted(data.iterdir()) == before


@pytest.mark.parametrize("wrong", ["nowhere", "a file", "no database", "damaged"])
def test_whatever_is_wrong_nothing_is_said_of_it(
    tmp_path: Path, wrong: str, capsys: pytest.CaptureFixture[str]
) -> None:
    directory = tmp_path / "data"
    match wrong:
        case "a file":
            directory.touch()
        case "no database":
            directory.mkdir()
        case "damaged":
            directory.mkdir()
            (directory / DATABASE_NAME).write_text("no database" * 1000)
        case _:
            pass
    place = ("--data", str(directory))
    for command in (("at",), ("journal", "unpin"), ("outbox", "retry"), ("outbox", "drop")):
        assert offered(*command, *place, "") == []
    assert offered("why", "--config", str(tmp_path / "none.toml"), "") == []
    said = capsys.readouterr()
    assert (said.out, said.err) == ("", "")
