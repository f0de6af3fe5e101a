"""The night of docs/last-night.md: the real bot, with a fault in it, on the sandbox; and what is done then.

`python -m tests.night` lives through it anew and writes what the commands print into the page.
"""

import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import anyio

from acore.sandbox import Person, Sandbox
from acore.storage.query import Filter, tail
from acore.storage.store import DATABASE_NAME
from tests.cli.terminal import shown_in_a_terminal
from tests.e2e.bot import running

TOP = Path(__file__).parents[1]
PAGE = TOP / "docs/last-night.md"
PLACE = Path("acore/actors/lifecycle.py")
RIGHT = "        if actor not in self.state.actors:\n"
WRONG = "        if not self.state.actors[actor].incarnation:\n"
EDITOR = f"$EDITOR {PLACE}"
_COLUMNS = 80
_BLOCK = re.compile(r"(?<=```console\n).*?(?=```)", re.DOTALL)


async def live(home: Path) -> str:
    """Let the bot with the fault live through the night in *home*; return what the log said of it."""
    for part in ("acore", "migrations"):
        shutil.copytree(TOP / part, home / part, ignore=shutil.ignore_patterns("__pycache__"))
    place = home / PLACE
    text = place.read_text("utf-8")
    assert text.count(RIGHT) == 1, "the fault has no place any more: choose another one"
    place.write_text(text.replace(RIGHT, WRONG), "utf-8")
    (home / "steps").write_text("find part.restart\nfind part.restart\n", "utf-8")
    async with (
        Sandbox(answer_within=30.0) as sandbox,
        Person(sandbox.api, sandbox.world.owner.token) as owner,
        Person(sandbox.api, sandbox.world.member.token) as member,
        running(home, sandbox) as bot,
    ):
        await bot.said("/ops is now registered in server")
        await member.invoke("botstatus")
        await owner.invoke("ops restart", {"part": "metrics"})
        await bot.said("owner restarted the counters; that took")
        await member.invoke("ops restart", {"part": "gateway"})
        answer = await owner.invoke("ops restart", {"part": "the counters"})
        assert "is not answering right now" in str(answer), answer
        await bot.said("Restarting start and stop in")
        await owner.invoke("botstatus")
        await bot.stop()
        return bot.output


def failure_in(home: Path) -> int:
    """Return the number of the entry that tells of the failure."""
    (row,) = tail(home / "data" / DATABASE_NAME, Filter(name="actor.exited", actor="lifecycle"), limit=2)[:1]
    return row.seq


def blocks(page: str) -> list[str]:
    """Return what *page* shows of a terminal."""
    return _BLOCK.findall(page)


def commands(page: str) -> Iterator[str]:
    """Yield the commands that *page* shows, in order."""
    for block in blocks(page):
        yield from (line[2:] for line in block.splitlines() if line.startswith("$ "))


def renumbered(page: str, home: Path) -> str:
    """Return *page* with the number of the failure in the journal of *home*."""
    (number, *_) = re.findall(r"^\$ acore at (\d+)", page, re.MULTILINE)
    return re.sub(rf"\b{number}\b", str(failure_in(home)), page)


def outcome(home: Path, command: str) -> tuple[int, str]:
    """Return the exit code of *command* and what it prints in a terminal of 80 columns."""
    if command == EDITOR:
        place = home / PLACE
        place.write_text(place.read_text("utf-8").replace(WRONG, RIGHT), "utf-8")
        return 0, ""
    program, *arguments = command.split()
    if program == "acore":
        return shown_in_a_terminal(home, *arguments, columns=_COLUMNS)
    assert program == "pytest", command
    done = subprocess.run(
        (sys.executable, "-m", "pytest", "-q", "--no-header", "-p", "no:cacheprovider", *arguments),
        cwd=home,
        env={"PATH": os.defpath, "PYTHONDONTWRITEBYTECODE": "1", "COLUMNS": str(_COLUMNS)},
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode, done.stdout


def _with_output(block: str, home: Path) -> str:
    lines: list[str] = []
    for command in (line[2:] for line in block.splitlines() if line.startswith("$ ")):
        _, said = outcome(home, command)
        said = said.replace(str(home), "…").replace(str(TOP), "…").replace("\r", "")
        lines += [f"$ {command}", *(line.rstrip() for line in said.splitlines())]
    return "\n".join(lines) + "\n"


def main() -> None:
    """Live through the night and write the page anew."""
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder) / "bot"
        home.mkdir()
        anyio.run(live, home)
        page = renumbered(PAGE.read_text("utf-8"), home)
        PAGE.write_text(_BLOCK.sub(lambda found: _with_output(found[0], home), page), "utf-8")


if __name__ == "__main__":
    main()
