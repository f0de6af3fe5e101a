"""`acore sandbox`: a Discord of one's own on the loopback, and acore in it."""

import tempfile
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path

import anyio
import click

from acore.app import App, sole_error
from acore.cli.output import say
from acore.cli.run import start_logging
from acore.cli.tree import show_tree
from acore.errors import AcoreError, ExitCode
from acore.runtime.system import System
from acore.sandbox import PortInUseError, Sandbox
from acore.sandbox.console.console import console
from acore.settings.load import Loaded, load
from acore.settings.schema import LogLevel

_PATH = click.Path(path_type=Path)


class PortTakenError(AcoreError):
    """Somebody else listens where the sandbox should."""

    exit_code = ExitCode.UNAVAILABLE


def _server_options[F: Callable[..., object]](command: F) -> F:
    """Give *command* the options of the embedded Discord."""
    for option in (
        click.option("--record", type=_PATH, help="Folder for what bots and the sandbox say, as JSONL."),
        click.option("--state", type=_PATH, help="File that gets addresses, ids and tokens once it serves."),
        click.option(
            "--port",
            type=click.IntRange(0, 65535),
            help="Where it listens on 127.0.0.1.  [default: any free one]",
        ),
    ):
        command = option(command)
    return command


@click.group(invoke_without_command=True)
@_server_options
@click.option("--data", type=_PATH, help="Data directory of acore.  [default: one that is thrown away]")
@click.option(
    "--log-level",
    type=click.Choice([level.value for level in LogLevel], case_sensitive=False),
    default=LogLevel.INFO.value,
    show_default=True,
    help="How much acore says.",
)
@click.pass_context
def sandbox(  # noqa: PLR0917 - click passes them by name
    context: click.Context,
    port: int | None,
    state: Path | None,
    record: Path | None,
    data: Path | None,
    log_level: str,
) -> None:
    """Run acore on an embedded Discord: no token, no internet. Type /botstatus at the prompt.

    With `serve`, only the embedded Discord runs, for any bot made with nextcord.
    """
    if context.invoked_subcommand is not None:
        context.obj = {"port": port, "state": state, "record": record}
        return
    server = Sandbox(port=port or 0, state_file=state, record=record)
    with _data_directory(data) as directory:
        anyio.run(_play, server, directory, log_level)


@sandbox.command()
@_server_options
@click.pass_context
def serve(context: click.Context, port: int | None, state: Path | None, record: Path | None) -> int:
    """Serve an embedded Discord until Ctrl-C, for any nextcord bot."""
    given = context.obj
    server = Sandbox(
        port=(given["port"] if port is None else port) or 0,
        state_file=state or given["state"],
        record=record or given["record"],
    )
    try:
        anyio.run(_serve, server)
    except KeyboardInterrupt:
        say("ended")
    return ExitCode.OK


async def _serve(server: Sandbox) -> None:
    await _start(server)
    try:
        say(f"An embedded Discord serves at {server.api}")
        say(f"The bot's token is {server.bot_token}")
        say("Point a nextcord bot at it, before it starts:")
        say(f'    nextcord.http.Route.BASE = "{server.api}"')
        say(f'    bot.run("{server.bot_token}")')
        say("Ctrl-C ends it.")
        await anyio.sleep_forever()
    finally:
        await server.stop()


async def _start(server: Sandbox) -> None:
    try:
        await server.start()
    except PortInUseError as error:
        raise PortTakenError(str(error)) from error


async def _play(server: Sandbox, data: Path, log_level: str) -> None:
    """Run acore in the sandbox beside a prompt, until the prompt ends or acore does."""
    await _start(server)
    try:
        loaded = _settings(server, data, log_level)
        app = App(loaded, lambda: loaded)
        logging = start_logging(loaded)
        try:
            with sole_error():
                await _beside_a_prompt(app, server)
        finally:
            logging.close()
    finally:
        await server.stop()


async def _beside_a_prompt(app: App, server: Sandbox) -> None:
    async with anyio.create_task_group() as group:

        async def run() -> None:
            await app.run(_show)
            group.cancel_scope.cancel()

        group.start_soon(run)
        await app.connected()
        say("Type /botstatus, or !help. Ctrl-D leaves.")
        await console(server.api, {user.username: user.token for user in server.users})
        app.ask_to_stop("the prompt was left")


def _settings(server: Sandbox, data: Path, log_level: str) -> Loaded:
    """Return settings that hold nothing of the person's own: no file, no variable, no real token."""
    return load(
        toml=None,
        env_file=None,
        environ={
            "DISCORD_TOKEN": server.bot_token,
            "DISCORD_API_BASE": server.api,
            "ACORE_DATA_DIR": str(data),
            "LOG_TO_FILE": "false",
            "LOG_LEVEL": log_level.upper(),
        },
    )


@contextmanager
def _data_directory(given: Path | None) -> Generator[Path]:
    if given is not None:
        yield given
        return
    with tempfile.TemporaryDirectory(prefix="acore-sandbox-") as name:
        yield Path(name) / "data"


def _show(system: System) -> None:
    show_tree("acore", system.tree())
