"""`acore sandbox serve`: the embedded Discord alone, for any bot."""

import signal
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Unpack

import anyio
import click

from acore.cli.output import say
from acore.cli.sandbox.options import ServerOptions, new_sandbox, server_options, together
from acore.cli.sandbox.table import limit_options
from acore.errors import AcoreError, ExitCode
from acore.sandbox import Limits, PortInUseError, Sandbox, WrongInputError, whereabouts
from acore.sandbox.shapes import Json


class PortTakenError(AcoreError):
    """Somebody else listens where the sandbox should."""

    exit_code = ExitCode.UNAVAILABLE


@click.command()
@limit_options
@server_options
@click.pass_context
def serve(context: click.Context, *, limits: Json, **given: Unpack[ServerOptions]) -> int:
    """Serve an embedded Discord until Ctrl-C, for any nextcord bot."""
    server = new_sandbox(together(context.obj, given))
    try:
        server.limits = Limits(**limits)
    except WrongInputError as error:
        raise click.UsageError(str(error)) from error
    try:
        anyio.run(_serve, server)
    except KeyboardInterrupt:
        say("ended")
    return ExitCode.OK


async def _serve(server: Sandbox) -> None:
    async with serving(server):
        say(f"An embedded Discord serves at {server.api}")
        say(f"The bot's token is {server.bot_token}")
        say("Point a nextcord bot at it, before it starts:")
        say(f'    nextcord.http.Route.BASE = "{server.api}"')
        say(f'    bot.run("{server.bot_token}")')
        say("Ctrl-C ends it.")
        with anyio.open_signal_receiver(signal.SIGTERM) as signals:
            await anext(signals)


@asynccontextmanager
async def serving(server: Sandbox) -> AsyncGenerator[None]:
    """Serve during the block, and let `acore sandbox` commands of other terminals find it.

    Raises:
        PortTakenError: somebody else listens on the port.
    """
    try:
        await server.start()
    except PortInUseError as error:
        raise PortTakenError(str(error)) from error
    # A file that was asked for stays; the one at the usual place is there as long as the sandbox.
    usual = None if server.state_file else whereabouts.default_path()
    try:
        if usual is not None:
            whereabouts.write(usual, server.state())
        yield
    finally:
        await server.stop()
        if usual is not None:
            whereabouts.forget(usual, server.state())
