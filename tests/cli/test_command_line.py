"""The command line itself: help, completion, and what it says when it is not understood."""

import sys
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from acore import __version__
from acore.cli import COMMANDS, cli
from acore.errors import ExitCode
from tests.e2e.bot import PYTHON, left_in, outcome, started


async def test_help_names_every_command(home: Path) -> None:
    told = await outcome(home, "--help")

    assert told.process.returncode == ExitCode.OK, told.output
    for name in COMMANDS:
        assert f"  {name} " in told.out
    assert "\x1b" not in told.out


@pytest.mark.parametrize(
    "arguments",
    [
        *COMMANDS,
        "sandbox serve",
        "events tail",
        "events show",
        "journal status",
        "journal verify",
        "bench start",
        "bench sandbox",
        "bench runtime",
        "bench replay",
        "sandbox load",
    ],
)
async def test_every_command_explains_itself(home: Path, arguments: str) -> None:
    told = await outcome(home, *arguments.split(), "--help")

    assert told.process.returncode == ExitCode.OK, told.output
    assert told.out.startswith(f"Usage: acore {arguments} ")
    assert told.err == ""
    assert left_in(home) == [], "asking for help leaves nothing behind"


def test_no_help_is_wider_than_80_columns() -> None:
    too_wide = {
        f"{context.command_path}: {line}"
        for context in _contexts(click.Context(cli, info_name="acore", terminal_width=80))
        for line in context.get_help().splitlines()
        if len(line) > 80
    }

    assert too_wide == set()


def _contexts(context: click.Context) -> Iterator[click.Context]:
    yield context
    if isinstance(context.command, click.Group):
        for name in context.command.list_commands(context):
            command = context.command.get_command(context, name)
            assert command is not None
            yield from _contexts(click.Context(command, context, name, terminal_width=80))


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
async def test_completion_for_each_shell(home: Path, shell: str) -> None:
    told = await outcome(home, "completion", shell)

    assert told.process.returncode == ExitCode.OK, told.output
    assert f"_ACORE_COMPLETE={shell}_complete" in told.out
    assert "acore" in told.out


async def test_what_is_completed_are_the_commands(home: Path) -> None:
    environ = {"_ACORE_COMPLETE": "bash_complete", "COMP_WORDS": "acore e", "COMP_CWORD": "1"}
    acore = Path(sys.executable).with_name("acore")
    async with started((str(acore),), home, environ) as told:
        await told.ended()

    assert told.out.split() == ["plain,events"], told.output


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["runn"], "No such command 'runn'"),
        (["run", "--fast"], "No such option"),
        (["completion", "tcsh"], "'tcsh' is not one of"),
        (["events", "show"], "Missing argument 'KEY'"),
        (["sandbox", "--port", "many"], "'many' is not a valid integer"),
    ],
)
async def test_what_is_not_understood_is_said_and_ends_with_64(
    home: Path, arguments: list[str], words: str
) -> None:
    told = await outcome(home, *arguments)

    assert told.process.returncode == ExitCode.USAGE, told.output
    assert words in told.err
    assert "Traceback" not in told.output
    assert told.out == ""


async def test_the_version_is_told(home: Path) -> None:
    told = await outcome(home, "--version")

    assert told.out == f"acore {__version__}\n"


async def test_importing_acore_imports_nothing_heavy(home: Path) -> None:
    heavy = ("nextcord", "aiohttp", "nacl", "cryptography", "matplotlib", "sqlite3", "anyio", "click", "rich")
    script = f"import acore, sys; print([name for name in {heavy!r} if name in sys.modules])"
    async with started((PYTHON, "-c", script), home, {}) as told:
        await told.ended()

    assert told.out == "[]\n", told.output


async def test_the_bot_starts_without_what_only_some_ever_need(home: Path) -> None:
    spared = [
        "acore.bench",
        "acore.capsule",
        "acore.replay",
        "acore.sandbox",
        "acore.soak",
        "acore.storage.overview",
        "acore.storage.query",
        "acore.storage.scan",
        "acore.storage.verify",
        "acore.storage.why",
        "difflib",
        "dotenv",
        "importlib.resources",
        "prompt_toolkit",
        "rich",
        "tomllib",
        "zipfile",
    ]
    script = (
        "import acore.cli.run, acore.discord.client, sys; from acore.storage.schema import migrations;"
        "migrations(); acore.cli.run.read_settings(None, None);"
        f"print([name for name in {spared!r} if name in sys.modules])"
    )
    async with started((PYTHON, "-c", script), home, {}) as told:
        await told.ended()

    assert told.out == "[]\n", told.output


@pytest.mark.parametrize("arguments", [["events", "tail"], ["status"], ["top"]])
async def test_looking_at_the_bot_loads_no_discord_library(home: Path, arguments: list[str]) -> None:
    script = (
        f"import sys; from acore.cli import invoke; sys.stdout = sys.stderr; invoke({arguments!r});"
        "sys.stdout = sys.__stdout__;"
        "print([name for name in ('nextcord', 'aiohttp', 'nacl', 'prompt_toolkit') if name in sys.modules])"
    )
    async with started((PYTHON, "-c", script), home, {}) as told:
        await told.ended()

    assert told.out == "[]\n", told.output


async def test_a_file_that_cannot_be_written_is_named(home: Path) -> None:
    told = await outcome(home, "sandbox", "--state", "/proc/nowhere/state.json", "serve")

    assert told.process.returncode == ExitCode.IO, told.output
    assert len(told.complaints) == 1
    assert "nowhere" in told.complaints[0]
    assert "Traceback" not in told.output
