"""acore in a Discord of one's own, with a prompt beside it."""

import tempfile
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import anyio

from acore.app import App, sole_error
from acore.cli.output import say
from acore.cli.run import start_logging
from acore.cli.sandbox.serve import serving
from acore.cli.tree import show_tree
from acore.runtime.system import System
from acore.sandbox import Sandbox
from acore.sandbox.console.sitting import Sitting, sit_down
from acore.settings.load import Loaded, load


def play(server: Sandbox, data: Path | None, log_level: str) -> None:
    """Run acore in a sandbox beside a prompt.

    Args:
        server: The sandbox, not started yet.
        data: acore's data directory; None takes one that is thrown away.
        log_level: How much acore says.
    """
    with _data_directory(data) as directory:
        anyio.run(_play, server, directory, log_level)


async def _play(server: Sandbox, data: Path, log_level: str) -> None:
    """Run acore in the sandbox beside a prompt, until the prompt ends or acore does."""
    async with serving(server):
        loaded = _settings(server, data, log_level)
        app = App(loaded, lambda: loaded)
        logging = start_logging(loaded)
        try:
            with sole_error():
                await _beside_a_prompt(app, server)
        finally:
            logging.close()


async def _beside_a_prompt(app: App, server: Sandbox) -> None:
    async with anyio.create_task_group() as group:

        async def run() -> None:
            await app.run(_show)
            group.cancel_scope.cancel()

        group.start_soon(run)
        await app.connected()
        say("Type /botstatus, or !help. Ctrl-D leaves.")
        await sit_down(server.api, lambda: {one.username: one.token for one in server.users}, Sitting())
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
