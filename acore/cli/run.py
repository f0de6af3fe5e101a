"""`acore run`: the bot, on real Discord or wherever DISCORD_API_BASE points."""

import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path

import anyio
import click

from acore.app import App, NoTokenError
from acore.cli.output import complain, is_terminal
from acore.cli.tree import show_tree
from acore.log import Logging, configure, under_service_manager
from acore.runtime.system import System
from acore.settings.load import DEFAULT_ENV_FILE, DEFAULT_TOML, Loaded, if_there, load, process_environment


def settings_options[F: Callable[..., object]](command: F) -> F:
    """Give *command* the options that say where settings come from."""
    path = click.Path(path_type=Path)
    command = click.option(
        "--env-file", type=path, default=None, help=f"Env file with the token.  [default: {DEFAULT_ENV_FILE}]"
    )(command)
    return click.option(
        "--config", type=path, default=None, help=f"Settings file.  [default: {DEFAULT_TOML}]"
    )(command)


def data_option[F: Callable[..., object]](command: F) -> F:
    """Give *command* the option that names a data directory."""
    return click.option(
        "--data", type=click.Path(path_type=Path), help="Data directory.  [default: that of the settings]"
    )(command)


def read_settings(config: Path | None, env_file: Path | None) -> Loaded:
    """Return the settings: a file that is named must be there, a default one may be missing."""
    return load(
        toml=config or if_there(DEFAULT_TOML),
        env_file=env_file or if_there(DEFAULT_ENV_FILE),
        environ=process_environment(),
    )


@click.command()
@settings_options
def run(config: Path | None = None, env_file: Path | None = None) -> None:
    """Run the bot until it is told to stop (Ctrl-C, SIGTERM); a second time stops it at once."""
    reread = partial(read_settings, config, env_file)
    loaded = reread()
    app = App(loaded, reread)
    logging = start_logging(loaded)
    try:
        anyio.run(app.run, _show)
    except NoTokenError:
        # A slip in its name is what most often makes a token missing.
        for warning in loaded.warnings:
            complain(warning)
        raise
    finally:
        logging.close()


def start_logging(loaded: Loaded) -> Logging:
    """Begin to log as the settings say; under a service manager to standard output alone."""
    settings = loaded.settings
    is_managed = under_service_manager(process_environment(), terminal=sys.stderr.isatty())
    to_file = Path(settings.acore_data_dir) / "acore.log"
    return configure(
        level=settings.log_level,
        to_file=to_file if settings.log_to_file and not is_managed else None,
        max_bytes=settings.log_max_bytes,
        backups=settings.log_backup_count,
        to_stdout=is_managed,
        secrets=[settings.discord_token.reveal()],
    )


def _show(system: System) -> None:
    if is_terminal():
        show_tree("acore", system.tree())
