"""What the commands say of a database that is not as acore left it: a sentence, or a line that is marked."""

import json
import sqlite3  # noqa: TID251 - damage is done to the file here
from contextlib import closing
from pathlib import Path

import pytest

from acore.cli import invoke
from acore.errors import ExitCode
from acore.storage.query import Filter, tail
from acore.storage.schema import tables
from acore.storage.store import DATABASE_NAME

ONE = "seq = (SELECT max(seq) FROM journal WHERE name = 'actor.exited')"
ALL = "1"
TEXTS = ("id", "kind", "name", "node", "boot", "source", "target", "cause", "correlation", "payload")
NUMBERS = ("version", "wall_ns", "mono_ns", "attempt")


def entries(*columns: str, to: str, which: str) -> str:
    """Return what puts one value into *columns* of entries."""
    return f"UPDATE journal SET {', '.join(f'{one} = {to}' for one in columns)} WHERE {which}"  # noqa: S608 - a test's own


SPOILT = {
    **{f"no table {table}": f"DROP TABLE {table}" for table in sorted(tables())},
    "empty progress": "DELETE FROM progress",
    "unfit progress": "UPDATE progress SET seq = 'x', epoch = 'y', hash = 'z', writer = x'ff'",
    **{
        f"{what} in {where}": entries("payload", to=payload, which=which)
        for where, which in (("one entry", ONE), ("every entry", ALL))
        for what, payload in (
            ("no JSON", "'{not json'"),
            ("no object", "'[1, 2]'"),
            ("nothing", "'{}'"),
            ("no UTF-8", "CAST(x'7bff' AS TEXT)"),
        )
    },
    **{f"bytes as {column}": entries(column, to="x'ff61'", which=ONE) for column in TEXTS},
    **{f"text as {column}": entries(column, to="'x'", which=ONE) for column in NUMBERS},
    "bytes in every text": entries(*TEXTS[1:], to="x'ff'", which=ALL),
    "text in every number": entries(*NUMBERS, to="'x'", which=ALL),
    "text as the last hash": entries("hash", to="'x'", which="seq = (SELECT max(seq) FROM journal)"),
    "a negative number": entries("seq", to="-seq", which=ONE),
    "negative numbers": entries("seq", to="-seq", which=ALL),
    "an unknown name": entries("name", to="'no.such'", which=ONE),
    "an unknown version": entries("version", to="99", which=ONE),
    "an unknown kind": entries("kind", to="'hearsay'", which=ONE),
    "unfit lines of what is gone": "INSERT INTO gone VALUES (1, 'x', 'y', 'z', 'w', x'ff')",
    "an unfit pin": "INSERT INTO pins VALUES (x'ff', 'x', 'y', x'ff')",
    "unfit runs": "UPDATE runs SET began_ns = 'x', ended_ns = 'y', version = x'ff'",
    "an unfit effect": (
        "INSERT INTO outbox VALUES ('abc', 'x', 'n', 'v', 'p', x'ff', 'w', 's', 'c', 'c', 'r', x'ff')"
    ),
    "unfit states": "UPDATE snapshots SET state = x'ff', unread = 'x', incarnation = 'y'",
    "an unfit audit log": "UPDATE audit SET wall_ns = 'x', who = x'ff', interaction = 'y'",
}
"""What may have become of the file: by a disk, or by another program, which no STRICT table keeps from it."""


def spoil(path: Path, statement: str) -> None:
    """Do to the database what no STRICT table would let through."""
    strict = (
        "UPDATE sqlite_schema SET sql = replace(sql, ') STRICT', ')') WHERE type = 'table'",
        statement,
        "UPDATE sqlite_schema SET sql = sql || ' STRICT' WHERE type = 'table'",
    )
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        for each in strict:
            connection.execute(f"PRAGMA writable_schema = {'OFF' if each == statement else 'ON'}")
            connection.execute(each)
            connection.execute("PRAGMA writable_schema = RESET")


@pytest.fixture(scope="module")
def capsule(_lived: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return what was exported before anything was spoilt."""
    path = tmp_path_factory.mktemp("exported") / "all.jsonl"
    assert invoke(["events", "export", "-o", str(path), "--data", str(_lived)]) == ExitCode.OK
    return path


def commands(data: Path, seq: int, capsule: Path) -> list[list[str]]:
    """Return what reads a journal, but for what goes through all of it in a process of its own.

    What changes it comes last.
    """
    place = ["--data", str(data)]
    both = [
        ["events", "tail", "-n", "1000"],
        ["events", "show", str(seq)],
        ["events", "stats"],
        ["journal", "status"],
        ["journal", "verify"],
        ["journal", "pins"],
        ["journal", "purge", "--dry-run"],
        ["outbox"],
        ["status"],
        *(["why", what] for what in ("last", "stop", "restart", "denial", str(seq), "LOG_LEVEL", "metrics")),
    ]
    return [
        *([*command, *place] for command in both),
        *([*command, *place, "--json"] for command in both),
        ["why", str(seq), "--all", *place],
        ["events", "tail", "--wide", *place],
        ["events", "tail", "--actor", "metrics", *place],
        ["events", "export", "-o", str(data / "given.jsonl"), *place],
        ["events", "import", str(capsule), "--skip-duplicates", *place],
        ["journal", "purge", *place],
    ]


@pytest.mark.parametrize("what", SPOILT)
def test_whatever_has_become_of_the_file_each_command_ends_with_a_sentence(
    data: Path, what: str, capsule: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """J05."""
    seq = tail(data / DATABASE_NAME, Filter(name="actor.exited"), limit=1)[0].seq
    spoil(data / DATABASE_NAME, SPOILT[what])
    for command in commands(data, seq, capsule):
        code = invoke(command)

        said = capsys.readouterr()
        assert code in tuple(ExitCode), command
        assert code != ExitCode.SOFTWARE, said.err
        assert code == ExitCode.OK or said.out or said.err.startswith("acore: "), command
        if "--json" in command:
            assert all(json.loads(line) for line in said.out.splitlines()), command
        if "no such table" in said.err:
            assert code == ExitCode.DATA, command
            assert "is damaged (no such table" in said.err
            assert "put a backup in its place, or start acore" in said.err


@pytest.mark.parametrize("what", ["no JSON in one entry", "no object in one entry", "nothing in one entry"])
def test_what_would_have_happened_names_the_entry_that_cannot_be_read(
    data: Path, what: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """R15, J05."""
    seq = tail(data / DATABASE_NAME, Filter(name="actor.exited"), limit=1)[0].seq
    spoil(data / DATABASE_NAME, SPOILT[what])

    assert invoke(["what-if", "--data", str(data)]) == ExitCode.DATA
    said = capsys.readouterr().err
    assert said.startswith("acore: cannot read a recorded actor.exited of version 1: ")
    assert f"It is entry {seq} of the journal." in said


@pytest.mark.parametrize("command", [["at", "5"], ["at", "1970-01-02T00:00"], ["what-if"], ["replay"]])
def test_going_through_negative_numbers_comes_to_an_end(
    data: Path, command: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    """R15, R18, J05."""
    spoil(data / DATABASE_NAME, SPOILT["negative numbers"])

    code = invoke([command[0], "--data", str(data), *command[1:]])

    said = capsys.readouterr()
    assert code in tuple(ExitCode)
    assert code != ExitCode.SOFTWARE, said.err
    assert said.out or said.err.startswith("acore: ")


@pytest.mark.parametrize("command", [["status"], ["verify"]])
def test_a_journal_that_does_not_tell_how_far_it_has_come_is_called_damaged(
    data: Path, command: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    """J05: and it is said what to do."""
    spoil(data / DATABASE_NAME, SPOILT["empty progress"])

    assert invoke(["journal", *command, "--data", str(data)]) == ExitCode.DATA
    assert capsys.readouterr().err == (
        f"acore: {data / DATABASE_NAME} is damaged (it does not tell any more how far it has come): put a "
        "backup in its place, or start acore, which moves it aside and begins a new one\n"
    )


def test_what_an_entry_says_is_shown_as_it_is_when_it_is_no_json(
    data: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    seq = tail(data / DATABASE_NAME, Filter(name="actor.exited"), limit=1)[0].seq
    spoil(data / DATABASE_NAME, SPOILT["no JSON in one entry"])

    assert invoke(["events", "show", str(seq), "--data", str(data)]) == ExitCode.OK
    shown = capsys.readouterr().out
    assert "actor.exited, which cannot be read: {not json\n" in shown
    assert "\n{not json\n" in shown
    assert "what it says is no JSON any more, so it is shown as it is" in shown
    assert invoke(["events", "show", str(seq), "--data", str(data), "--json"]) == ExitCode.OK
    assert json.loads(capsys.readouterr().out)["entry"][0]["payload"] == "{not json"


def test_a_dead_bots_file_that_lacks_a_table_is_not_tidied_up(
    data: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for table, command in (("pins", ["pin", "here", "5"]), ("pins", ["unpin", "x"]), ("journal", ["purge"])):
        spoil(data / DATABASE_NAME, f"DROP TABLE IF EXISTS {table}")

        assert invoke(["journal", *command, "--data", str(data)]) == ExitCode.DATA
        assert f"no such table: {table}" in capsys.readouterr().err
