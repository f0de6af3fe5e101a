"""Finding a sandbox that runs already, in another terminal."""

from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import click

from acore.cli.sandbox.remote import NoSandboxRunsError, Remote, path_of, state_of
from acore.errors import AcoreError, ExitCode
from acore.sandbox.person.feed import GatewayLostError, PersonError
from acore.sandbox.shapes import as_object, as_objects


class NotThereError(AcoreError):
    """There is no such user or channel in the sandbox."""

    exit_code = ExitCode.USAGE


@dataclass(frozen=True, slots=True)
class Running:
    """A sandbox that runs, as its state file tells."""

    path: Path
    api: str

    def users(self) -> dict[str, str]:
        """Return the users' tokens by name, also of those who came after the state file was written.

        Raises:
            NoSandboxRunsError: nobody answers.
        """
        told = state_of(self.path)
        if "control" in told:
            told = as_object(Remote(self.path).ask("GET", "state"))
        return {str(one["username"]): str(one["token"]) for one in as_objects(told.get("users"))}


def find(state: Path | None) -> Running:
    """Return the sandbox that runs.

    Args:
        state: its state file; None takes that of the last one that was served.

    Raises:
        NoSandboxRunsError: there is none.
    """
    path = path_of(state)
    return Running(path, str(state_of(path, "api_v10", "users")["api_v10"]))


@contextmanager
def explained(running: Running) -> Generator[None]:
    """Turn what goes wrong with a sandbox into one line and an exit code.

    Raises:
        NoSandboxRunsError: nobody answers there.
        NotThereError: there is no such user or channel.
    """
    try:
        yield
    except GatewayLostError as error:
        message = f"no sandbox answers at {running.api}, which {running.path} names; was it stopped?"
        raise NoSandboxRunsError(message) from error
    except PersonError as error:
        raise NotThereError(str(error)) from error


def person_options[F: Callable[..., object]](command: F) -> F:
    """Give *command* the options that tell which sandbox is meant, and who is there, and where."""
    for option in (
        click.option(
            "--channel", metavar="NAME", help="Where; @NAME for direct messages.  [default: the first]"
        ),
        click.option("--user", metavar="NAME", help="Who.  [default: the first, who owns the server]"),
        click.option(
            "--state",
            type=click.Path(path_type=Path),
            help="State file of the sandbox.  [default: that of the last `acore sandbox serve`]",
        ),
    ):
        command = option(command)
    return command
