"""The command line: one file per group of subcommands."""

import sys
from collections.abc import Sequence
from types import MappingProxyType

import click

from acore import __version__
from acore.cli.late import LateGroup
from acore.cli.output import complain
from acore.errors import AcoreError, ExitCode

_INTERRUPTED = 130
COMMANDS = (
    "run",
    "status",
    "top",
    "why",
    "events",
    "journal",
    "replay",
    "at",
    "outbox",
    "sandbox",
    "init",
    "bench",
    "soak",
    "completion",
)


class _Commands(LateGroup):
    package = "acore.cli"
    names = COMMANDS
    modules = MappingProxyType({"what-if": "acore.cli.what_if:what_if"})


@click.group(
    cls=_Commands,
    invoke_without_command=True,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.version_option(__version__, "-V", "--version", prog_name="acore", message="%(prog)s %(version)s")
@click.pass_context
def cli(context: click.Context) -> None:
    """Run, watch and administer a Discord bot, and find out what happened to it.

    Without a command, acore runs the bot (as `acore run` does).
    """
    if context.invoked_subcommand is None:
        run = (
            context.command.get_command(context, "run") if isinstance(context.command, click.Group) else None
        )
        assert run is not None  # noqa: S101 - it is among the names above
        context.invoke(run)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line and end the process with one of the documented exit codes."""
    sys.exit(invoke(arguments))


def invoke(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return the exit code; whatever goes wrong becomes one line each."""
    output = sys.stdout
    try:
        result = cli.main(args=arguments, prog_name="acore", standalone_mode=False)
    except (click.ClickException, click.Abort, KeyboardInterrupt, AcoreError, OSError) as error:
        return _explain(error)
    except SystemExit:
        # When a reader has seen enough (`| head`), click replaces the stream and ends with 1. Nothing failed.
        if sys.stdout is not output:
            return ExitCode.OK
        raise
    return result if isinstance(result, int) else ExitCode.OK


def _explain(error: BaseException) -> int:
    """Say what went wrong, in one line for each problem, and return the exit code."""
    # Settings are read by some commands only; their errors come with their module.
    from acore.settings.problems import SettingsError  # noqa: PLC0415 - see above

    match error:
        case click.UsageError():
            error.show()
            return ExitCode.USAGE
        case click.ClickException():
            complain(error.format_message())
            return ExitCode.USAGE
        case SettingsError():
            for problem in error.problems:
                complain(str(problem))
            return error.exit_code
        case AcoreError():
            for line in str(error).splitlines():
                complain(line)
            return error.exit_code
        case OSError():
            complain(f"{error.filename or 'input or output'}: {error.strerror or error}")
            return ExitCode.IO
        case _:
            complain("stopped")
            return _INTERRUPTED
