"""Speaking to a sandbox that runs in another process, over its control API."""

import http.client
from collections.abc import Callable
from pathlib import Path
from urllib.parse import quote, urlsplit

import click
import msgspec

from acore.errors import AcoreError, ExitCode
from acore.sandbox import whereabouts
from acore.sandbox.shapes import Json, as_object
from acore.sandbox.whereabouts import NoSandboxError

_PATIENCE = 10.0
"""Seconds until a sandbox that says nothing is given up."""
_OK = range(200, 300)


class NoSandboxRunsError(AcoreError):
    """There is no sandbox to speak to."""

    exit_code = ExitCode.UNAVAILABLE


class NotAStateFileError(NoSandboxRunsError):
    """What should tell where a sandbox is tells something else."""

    def __init__(self, path: Path) -> None:
        super().__init__(f"{path} is not the state file of a sandbox")


class SandboxRefusedError(AcoreError):
    """The sandbox does not take what was asked of it."""

    exit_code = ExitCode.USAGE


def path_of(state: Path | None) -> Path:
    """Return the state file that is meant; without any, that of the sandbox that was served last.

    Raises:
        NoSandboxRunsError: none runs.
    """
    try:
        return state or whereabouts.latest_path()
    except NoSandboxError as error:
        raise NoSandboxRunsError(str(error)) from error


def state_of(path: Path, *needed: str) -> Json:
    """Return what the state file of a sandbox says.

    Args:
        path: where it is.
        needed: what it must tell.

    Raises:
        NoSandboxRunsError: there is no such file.
        NotAStateFileError: it is another's.
    """
    try:
        state = whereabouts.read(path)
    except NoSandboxError as error:
        raise NoSandboxRunsError(str(error)) from error
    except (msgspec.DecodeError, UnicodeDecodeError):
        state = {}
    if not state.keys() >= set(needed):
        raise NotAStateFileError(path)
    return state


def remote_options[F: Callable[..., object]](command: F) -> F:
    """Give *command* the options that tell which sandbox is meant and how it shows its answer."""
    for option in (
        click.option("--json", "is_json", is_flag=True, help="One JSON value."),
        click.option(
            "--state",
            type=click.Path(path_type=Path),
            help="State file of the sandbox.  [default: that of the last `acore sandbox serve`]",
        ),
    ):
        command = option(command)
    return command


class Remote:
    """A sandbox in another process.

    Args:
        state: its state file; None takes that of the last one that was served.

    Raises:
        NoSandboxRunsError: there is none.
    """

    def __init__(self, state: Path | None) -> None:
        self._path = path_of(state)
        control = as_object(state_of(self._path, "control")["control"])
        try:
            self._url, self._token = urlsplit(str(control["url"])), str(control["token"])
            self._address = str(self._url.hostname), self._url.port
        except (KeyError, ValueError) as error:
            raise NotAStateFileError(self._path) from error

    def ask(self, method: str, path: str, body: Json | None = None) -> object:
        """Return what the control API answers; None if it has nothing to say.

        Raises:
            NoSandboxRunsError: nobody answers.
            SandboxRefusedError: the answer is no success.
        """
        # No proxy of the environment has anything to do with the loopback: http.client asks none.
        connection = http.client.HTTPConnection(*self._address, timeout=_PATIENCE)
        headers = {"Authorization": f"Control {self._token}", "Content-Type": "application/json"}
        data = None if body is None else msgspec.json.encode(body)
        try:
            connection.request(method, f"{self._url.path}/{quote(path)}", body=data, headers=headers)
            response = connection.getresponse()
            raw = response.read()
        except (OSError, http.client.HTTPException) as error:
            raise NoSandboxRunsError(
                f"no sandbox answers at {self._url.netloc}, which {self._path} names; "
                "start one with `acore sandbox serve`"
            ) from error
        finally:
            connection.close()
        try:
            answer: object = msgspec.json.decode(raw) if raw else None
        except msgspec.DecodeError as error:
            raise NoSandboxRunsError(f"what answers at {self._url.netloc} is no sandbox") from error
        if response.status not in _OK:
            raise SandboxRefusedError(str(as_object(answer).get("message", response.status)))
        return answer
