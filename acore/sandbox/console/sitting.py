"""Sitting down at the console: at a terminal, or with lines that were written before."""

import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import msgspec

from acore.sandbox.console import lines
from acore.sandbox.console.console import Console, Lines, Users
from acore.sandbox.console.ink import is_wanted
from acore.sandbox.console.outcome import Outcome

HISTORY = Path(".local/state/acore/sandbox-history")
"""Where in the home what was typed is kept (the XDG base directory specification's default for state)."""

type Write = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Sitting:
    """How somebody sits at the console.

    Without *files* the standard input is read: at a terminal with a prompt, else line by line.
    """

    username: str | None = None
    channel: str | None = None
    files: Sequence[Path] = field(default=())
    as_json: bool = False

    @property
    def is_at_terminal(self) -> bool:
        """Whether a person types."""
        return not self.files and sys.stdin.isatty() and sys.stdout.isatty()


async def sit_down(api: str, users: Users, sitting: Sitting, write: Write = print) -> bool:
    """Let somebody type at a sandbox until they leave or the lines end; return whether all went well.

    Args:
        api: the base of the sandbox's REST API.
        users: the users' tokens by name.
        sitting: who sits there, and what is typed.
        write: puts a line before whoever looks.

    Raises:
        UnknownPlaceError: there is no such user or channel.
        GatewayLostError: the sandbox is gone.
        OSError: a file cannot be read.
    """
    if sitting.is_at_terminal:
        return await _at_terminal(api, users, sitting, write)
    show = _nowhere if sitting.as_json else write
    console = Console(api, users, show, colour=is_wanted(sys.stdout))
    typed = lines.of_files(sitting.files or [Path("-")])
    async with console.opened(sitting.username, sitting.channel):
        return await obey_all(console, typed, write if sitting.as_json else None)


async def obey_all(console: Console, typed: Lines, write_json: Write | None = None) -> bool:
    """Do what each line says; return whether all went well.

    Args:
        console: what obeys.
        typed: the lines.
        write_json: puts what came of each line, as JSON, before whoever looks.

    Raises:
        GatewayLostError: the sandbox is gone.
    """
    is_good = True
    async for line in typed:
        if not line.strip():
            continue
        who, where = console.username, console.seat.place
        came = await console.obey(line)
        is_good = came.is_good and is_good
        if write_json is not None:
            write_json(as_json(came, line=line, user=who, channel=where))
        if console.has_left:
            break
    return is_good


def as_json(came: Outcome, **about: object) -> str:
    """Return what came of something as one line of JSON, with what it is about."""
    return msgspec.json.encode({**about, **came.as_json()}).decode()


async def _at_terminal(api: str, users: Users, sitting: Sitting, write: Write) -> bool:
    # Loading prompt_toolkit takes longer than starting the sandbox; only who sits at a terminal pays for it.
    from prompt_toolkit.patch_stdout import patch_stdout  # noqa: PLC0415 - see above

    from acore.sandbox.console.prompt import Prompt  # noqa: PLC0415 - see above

    console = Console(api, users, write, colour=is_wanted(sys.stdout), is_live=True)
    with patch_stdout(raw=True):
        async with console.opened(sitting.username, sitting.channel):
            await Prompt(console, history=Path.home() / HISTORY).converse()
    return True


def _nowhere(_text: str) -> None:
    """Show nothing: what comes of each line is written as JSON."""
