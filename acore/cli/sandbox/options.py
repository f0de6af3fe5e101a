"""Options that several commands about the sandbox share, and the sandbox they ask for."""

from collections.abc import Callable
from pathlib import Path
from typing import TypedDict, cast

import click

from acore.errors import AcoreError, ExitCode
from acore.sandbox import KeptFileError, Sandbox, WorldFileError
from acore.sandbox.permissions import rules as permissions
from acore.sandbox.permissions.rules import Permission

PATH = click.Path(path_type=Path)
BOT_PERMISSIONS = {
    "ordinary": int(permissions.EVERYONE_MAY),
    "all": int(permissions.ALL_BUT_ADMINISTRATOR),
    "administrator": int(Permission.ADMINISTRATOR),
}


class ServerOptions(TypedDict):
    """What `server_options` gives a command; None where nothing was said."""

    port: int | None
    state: Path | None
    record: Path | None
    world: Path | None
    seed: int | None
    keep: Path | None
    bot_permissions: str | None


class WorldRefusedError(AcoreError):
    """The world file says something that cannot be."""

    exit_code = ExitCode.CONFIG


class KeptStateRefusedError(AcoreError):
    """The file of kept state is of no use."""

    exit_code = ExitCode.DATA


def server_options[F: Callable[..., object]](command: F) -> F:
    """Give *command* the options of the embedded Discord."""
    for option in (
        click.option(
            "--bot-permissions",
            type=click.Choice(list(BOT_PERMISSIONS)),
            help="What the bot is invited with: what everybody may; all but Administrator, so that channels "
            "and higher roles still hold it back; or Administrator.  [default: all]",
        ),
        click.option("--keep", type=PATH, help="File in which everything there outlives a restart."),
        click.option(
            "--seed", type=int, help="Make tokens and the ends of ids the same each time, for tests."
        ),
        click.option("--world", type=PATH, help="TOML that says what there is, as config/sandbox.toml does."),
        click.option("--record", type=PATH, help="Folder for what bots and the sandbox say, as JSONL."),
        click.option("--state", type=PATH, help="File that gets addresses, ids and tokens once it serves."),
        click.option(
            "--port",
            type=click.IntRange(0, 65535),
            help="Where it listens on 127.0.0.1.  [default: any free one]",
        ),
    ):
        command = option(command)
    return command


def together(outer: ServerOptions, given: ServerOptions) -> ServerOptions:
    """Return what was said after a subcommand, and what was said before it where nothing was."""
    return cast("ServerOptions", {**outer, **{name: one for name, one in given.items() if one is not None}})


def new_sandbox(given: ServerOptions) -> Sandbox:
    """Return the sandbox that the options ask for, not started yet.

    Raises:
        WorldRefusedError: the world file says something that cannot be.
        KeptStateRefusedError: the file of kept state is of no use.
        OSError: one of the files cannot be read.
    """
    try:
        return Sandbox(
            port=given["port"] or 0,
            state_file=given["state"],
            record=given["record"],
            world_file=given["world"],
            seed=given["seed"],
            keep=given["keep"],
            bot_permissions=BOT_PERMISSIONS[given["bot_permissions"] or "all"],
        )
    except WorldFileError as error:
        raise WorldRefusedError(str(error)) from error
    except KeptFileError as error:
        raise KeptStateRefusedError(str(error)) from error
