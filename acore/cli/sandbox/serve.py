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

SHOWN_NAMES = 5
IDENTIFY_SECONDS = 5.0  # between two IDENTIFYs (Discord's documentation, "Rate Limiting")


class PortTakenError(AcoreError):
    """Somebody else listens where the sandbox should."""

    exit_code = ExitCode.UNAVAILABLE


@click.command()
@server_options
@limit_options(has_defaults=True)
@click.pass_context
def serve(context: click.Context, *, limits: Json, **given: Unpack[ServerOptions]) -> int:
    """Serve an embedded Discord until Ctrl-C, for any bot made with nextcord or discord.py.

    As on Discord, a bot may IDENTIFY once in five seconds, unless --identify-interval says otherwise. What
    bots may do can be changed later too, with `acore sandbox limits`.
    """
    server = new_sandbox(together(context.obj, given))
    try:
        paced: Json = {"identify_interval": IDENTIFY_SECONDS, **limits}
        server.limits = Limits(**paced)
    except WrongInputError as error:
        raise click.UsageError(str(error)) from error
    try:
        anyio.run(_serve, server)
    except KeyboardInterrupt:
        say("ended")
    return ExitCode.OK


async def _serve(server: Sandbox) -> None:
    async with serving(server):
        for line in guide(server):
            say(line)
        with anyio.open_signal_receiver(signal.SIGTERM) as signals:
            await anext(signals)


def guide(server: Sandbox) -> list[str]:
    """Return what to do with a sandbox that serves: where it is, and how a bot and a person get in."""
    applications = list(server.world.applications.values())
    known_as = "" if server.state_file is None else f" --state {server.state_file}"
    names = [user.username for user in server.users]
    return [
        f"An embedded Discord serves at {server.api}",
        f"The bot's token is {server.bot_token}",
        *(
            f"The token of {one.name} is {one.bot.token}"
            for one in applications
            if one.bot.token != server.bot_token
        ),
        "Point a nextcord bot at it, before it starts:",
        f'    nextcord.http.Route.BASE = "{server.api}"',
        f'    bot.run("{server.bot_token}")',
        "With discord.py:",
        f'    discord.http.Route.BASE = "{server.api}"',
        f'    discord.gateway.DiscordWebSocket.DEFAULT_GATEWAY = yarl.URL("{server.gateway_url}")',
        f'    bot.run("{server.bot_token}")',
        f"Talk to it from another terminal, as {_or(names)}:",
        f"    acore sandbox chat{known_as} --user {names[-1]}",
        f"    acore sandbox invoke COMMAND{known_as} --user {names[-1]}",
        "Ctrl-C ends it.",
    ]


def _or(names: list[str]) -> str:
    """Return names as a person says them; of many only the first."""
    shown = names if len(names) <= SHOWN_NAMES else [*names[:SHOWN_NAMES], "others"]
    return shown[0] if len(shown) == 1 else f"{', '.join(shown[:-1])} or {shown[-1]}"


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
    usual = None if server.state_file else whereabouts.own_path()
    try:
        if usual is not None:
            whereabouts.write(usual, server.state())
        yield
    finally:
        await server.stop()
        if usual is not None:
            whereabouts.forget()
