"""Where a command finds the bot's journal: the options that say so, and what is wrong with what they name."""

from collections.abc import Callable
from pathlib import Path
from typing import ClassVar, override

import click

from acore.cli.late import LateGroup
from acore.cli.output import complain
from acore.cli.run import data_option, read_settings, settings_options
from acore.errors import AcoreError, ExitCode
from acore.storage.sqlite import left_as_found
from acore.storage.store import DATABASE_NAME

_PLACES = ("--data", "--config", "--env-file")


class NotADirectoryGivenError(AcoreError):
    """The database itself was given as data directory."""

    exit_code: ClassVar[ExitCode] = ExitCode.USAGE

    def __init__(self, path: Path) -> None:
        super().__init__(
            f"--data {path} is a file, the database: give the directory that it is in, {path.parent}"
        )


class NotAllowedError(AcoreError):
    """The data directory is another user's."""

    exit_code: ClassVar[ExitCode] = ExitCode.IO

    def __init__(self, path: Path) -> None:
        super().__init__(
            f"{path} may not be read (permission denied): run this as the user who runs the bot, or as root"
        )


def place_options[F: Callable[..., object]](command: F) -> F:
    """Give *command* the options that say where the bot's data are."""
    return settings_options(data_option(command))


class PlacedGroup(LateGroup):
    """A group whose options say where the bot's data are: they may also follow the subcommand."""

    @override
    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        return super().parse_args(ctx, _hoisted(args))


def _hoisted(args: list[str]) -> list[str]:
    """Return *args* with what says where the data are in front, wherever it stands before a `--`."""
    end = args.index("--") if "--" in args else len(args)
    places: list[str] = []
    others: list[str] = []
    at = 0
    while at < end:
        is_place = args[at].partition("=")[0] in _PLACES
        taken = 2 if args[at] in _PLACES else 1
        (places if is_place else others).extend(args[at : min(at + taken, end)])
        at += taken
    return [*places, *others, *args[end:]]


def database_of(config: Path | None, env_file: Path | None, data: Path | None) -> Path:
    """Return the database that the options name; it need not be there.

    Instead of a data directory, `--data` may name a file that `acore events export` wrote: it is unpacked for
    as long as the command runs.

    Raises:
        NotADirectoryGivenError: The data directory is a file.
        NotAllowedError: It may not be looked into.
        SettingsError: The settings, which name the directory, are not valid.
    """
    directory = data or Path(read_settings(config, env_file).settings.acore_data_dir)
    path = directory / DATABASE_NAME
    if directory.name == DATABASE_NAME and directory.is_file():
        raise NotADirectoryGivenError(directory)
    try:
        if directory.is_file():
            # Most look into a data directory, and do without what reads files.
            from acore.capsule.source import unpacked  # noqa: PLC0415 - see above

            return click.get_current_context().with_resource(unpacked(directory, complain=complain))
        if path.exists():
            with path.open("rb"):
                pass
            click.get_current_context().with_resource(left_as_found(path))
    except PermissionError:
        raise NotAllowedError(path) from None
    return path
