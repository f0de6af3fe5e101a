"""`acore sandbox serve`: the embedded Discord alone, for any bot."""

import signal
from typing import Unpack

import anyio
import click

from acore.cli.output import say
from acore.cli.sandbox.options import ServerOptions, new_sandbox, server_options, together
from acore.errors import AcoreError, ExitCode
from acore.sandbox import PortInUseError, Sandbox


class PortTakenError(AcoreError):
    """Somebody else listens where the sandbox should."""

    exit_code = ExitCode.UNAVAILABLE


@click.command()
@server_options
@click.pass_context
def serve(context: click.Context, **given: Unpack[ServerOptions]) -> int:
    """Serve an embedded Discord until Ctrl-C, for any nextcord bot."""
    server = new_sandbox(together(context.obj, given))
    try:
        anyio.run(_serve, server)
    except KeyboardInterrupt:
        say("ended")
    return ExitCode.OK


async def _serve(server: Sandbox) -> None:
    await start(server)
    try:
        say(f"An embedded Discord serves at {server.api}")
        say(f"The bot's token is {server.bot_token}")
        say("Point a nextcord bot at it, before it starts:")
        say(f'    nextcord.http.Route.BASE = "{server.api}"')
        say(f'    bot.run("{server.bot_token}")')
        say("Ctrl-C ends it.")
        with anyio.open_signal_receiver(signal.SIGTERM) as signals:
            await anext(signals)
    finally:
        await server.stop()


async def start(server: Sandbox) -> None:
    """Begin to serve.

    Raises:
        PortTakenError: somebody else listens on the port.
    """
    try:
        await server.start()
    except PortInUseError as error:
        raise PortTakenError(str(error)) from error
