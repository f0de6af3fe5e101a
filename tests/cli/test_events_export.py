"""`acore events export`, `verify`, `import` and `merge`, as they are typed, beside a bot with secrets."""

import json
from pathlib import Path
from typing import Any

import pytest

from acore.cli import invoke
from acore.errors import ExitCode
from acore.sandbox import Person, Sandbox
from tests.capsule.lived import WRITTEN
from tests.e2e.bot import left_in, outcome, running


@pytest.fixture
def _at_home(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(home)


@pytest.mark.usefixtures("_at_home")
async def test_a_journal_goes_from_one_machine_to_another_without_any_secret(
    home: Path,
    sandbox: Sandbox,
    member: Person,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """R17, J06: from beside the running bot; neither its token nor a right to answer is in any file."""

    def typed(*arguments: str, code: ExitCode = ExitCode.OK) -> tuple[str, str]:
        assert invoke(["events", *arguments]) == code
        return capsys.readouterr()

    hold = sandbox.hold("PATCH", "*/messages/@original")
    async with running(home, sandbox) as bot:
        left = await member.start_invoke("botstatus")
        await hold.reached()
        told = await outcome(home, "events", "export", "-o", "all.jsonl")
        typed("export", "-o", "copy.db", "--format", "db")
        refused = typed("import", "all.jsonl", "--skip-duplicates", code=ExitCode.TEMPORARY)
        hold.release()
        await left.answered()
        await bot.kill()

    assert (told.process.returncode, told.err) == (ExitCode.OK, ""), told.output
    assert told.out.startswith("wrote all.jsonl: ")
    assert "1 run of acore 0." in told.out
    assert "stop it first, or choose another data directory" in refused[1]
    secrets = {sandbox.bot_token, *(one.token for one in sandbox.interactions.listed())}
    assert len(secrets) == 2
    for name in ("all.jsonl", "copy.db"):
        content = (home / name).read_bytes()
        assert [secret for secret in secrets if secret.encode() in content] == []
    assert b"interaction.received" in (home / "copy.db").read_bytes()

    assert "it is what was written" in typed("verify", "all.jsonl")[0]
    typed("import", "all.jsonl", "--data", "elsewhere")
    typed("--data", "elsewhere", "export", "-o", "again.jsonl")
    assert _rows(home / "again.jsonl") == _rows(home / "all.jsonl")


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        ("export", ExitCode.USAGE, "Missing option '-o'"),
        ("export -o x --redact all", ExitCode.USAGE, "'all' is not one of 'ids', 'names', 'text'"),
        ("export -o x", ExitCode.UNAVAILABLE, "there is no database at"),
        ("export -o - --format db", ExitCode.USAGE, "--format db copies everything"),
        ("verify missing", ExitCode.IO, "missing: No such file or directory"),
        ("verify .env", ExitCode.DATA, ".env is nothing that `acore"),
        ("import .env --data new", ExitCode.DATA, ".env is nothing that `acore"),
        ("merge .env .env -o x", ExitCode.DATA, ".env is nothing that `acore"),
    ],
)
@pytest.mark.usefixtures("_at_home")
def test_what_cannot_be_is_said_in_one_line(
    home: Path, capsys: pytest.CaptureFixture[str], arguments: str, code: ExitCode, words: str
) -> None:
    """R17: with a documented exit code, and nothing is left behind."""
    (home / ".env").write_text("DISCORD_TOKEN=x\n")

    assert invoke(["events", *arguments.split()]) == code

    assert words in capsys.readouterr().err
    assert left_in(home) == [".env"]


def test_a_secret_in_the_journal_stops_an_export(
    data: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """R17: what a person types goes into the journal; the sentence names the entry and what to do."""
    monkeypatch.chdir(data)
    monkeypatch.setenv("DISCORD_TOKEN", WRITTEN)

    assert invoke(["events", "--data", ".", "export", "-o", "all.jsonl"]) == ExitCode.FAILURE

    assert "(interaction.received) holds a secret of the settings" in capsys.readouterr().err
    assert [name for name in left_in(data) if name.startswith("all")] == []
    assert invoke(["events", "--data", ".", "export", "-o", "all.jsonl", "--redact", "text"]) == ExitCode.OK


def _rows(path: Path) -> list[dict[str, Any]]:
    lines = [json.loads(line) for line in path.read_text("utf-8").splitlines()]
    return [{**line, "sum": ""} for line in lines if line["line"] == "row"]
