"""Discord answers late, refuses, or is not Discord at all: nobody is left without an answer."""

import asyncio
import gc
import signal
import sqlite3  # noqa: TID251 - somebody else's process holds the database here
import threading
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import msgspec
import nextcord  # noqa: TID251 - its client is what is connected here
import pytest
from aiohttp import web
from anyio import Event as Flag
from anyio import create_task_group, to_thread
from anyio.lowlevel import checkpoint
from nextcord.gateway import KeepAliveHandler  # noqa: TID251 - its thread is looked for
from nextcord.http import Route  # noqa: TID251 - as above

from acore.clock import RealClock
from acore.discord.client import owners_of
from acore.discord.staying import NonsenseError, stay_connected
from acore.errors import ExitCode
from acore.events.discord import GatewayView, Link
from acore.runtime.administration import ChildState
from acore.sandbox import Person, Refuse, Sandbox
from acore.storage.query import Filter, tail
from acore.storage.store import DATABASE_NAME
from tests.e2e.answers import fields
from tests.e2e.bot import ACORE, LONG, running, started
from tests.e2e.inside import inside
from tests.failing import Struck

ANSWER = ("PATCH", "*/messages/@original")
ACKNOWLEDGEMENT = ("POST", "*/callback")
LEFT = 4000
"""The code with which a connection is closed so that its session can go on."""


async def ordered_to_end(home: Path) -> None:
    """Return when the journal says that the process is to end."""
    with RealClock().deadline(10):
        while not tail(home / "data" / DATABASE_NAME, Filter(name="process.end")):
            await checkpoint()


async def test_an_answer_under_way_is_given_before_an_ordered_end(
    home: Path, sandbox: Sandbox, member: Person
) -> None:
    hold = sandbox.hold(*ANSWER)
    async with running(home, sandbox) as bot:
        invocation = await member.start_invoke("botstatus")
        await hold.reached()
        bot.signal(signal.SIGTERM)
        await ordered_to_end(home)
        hold.release()
        answer = await invocation.answered()
        assert await bot.ended() == ExitCode.OK, bot.output

    assert fields(answer)["Connection"].startswith("connected")
    assert "did not stop within" not in bot.output


async def test_a_session_that_is_given_up_before_it_begins_leaves_nothing_behind(
    home: Path, sandbox: Sandbox
) -> None:
    before = set(threading.enumerate())
    hold = sandbox.hold("GET", "/gateway/bot")
    async with inside(sandbox, home / "data", is_ready=False):
        await hold.reached()
        (heart,) = [one for one in set(threading.enumerate()) - before if isinstance(one, KeepAliveHandler)]

    with RealClock().deadline(LONG):
        while heart.is_alive():
            await checkpoint()
    assert not heart.is_alive()
    del heart
    gc.collect()  # a connection that was not closed would say so now


@asynccontextmanager
async def served(answer: Callable[[web.Request], Awaitable[web.StreamResponse]]) -> AsyncGenerator[str]:
    """Serve what *answer* says to everything, and yield where."""
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", answer)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


HELLO: dict[str, Any] = {"op": 10, "d": {"heartbeat_interval": 45000}, "s": None, "t": None}
NONSENSE: dict[str, Any] = {"op": 10, "d": {}, "s": None, "t": None}
NOBODY: dict[str, Any] = {"id": "1", "username": "bot", "discriminator": "0", "avatar": None}


class Stuck:
    """A gateway that gets stuck after its first words in the last of so many connections."""

    def __init__(self, *hellos: dict[str, Any] | None) -> None:
        self.come, self.may_go_on, self.gone = Flag(), Flag(), Flag()
        self.close_code: int | None = None
        self._hellos = list(hellos)

    async def answer(self, request: web.Request) -> web.StreamResponse:
        """Be a gateway, or tell where it is."""
        url = f"ws://{request.host}"
        if request.path != "/":
            body = msgspec.json.encode({**NOBODY, "url": url})
            return web.Response(body=body, content_type="application/json")
        socket = web.WebSocketResponse(max_msg_size=0, autoping=False)
        await socket.prepare(request)
        hello = self._hellos.pop(0)
        if hello is None:
            await socket.ping()
            await socket.receive()  # who answers that waits for the first words
        else:
            await socket.send_json(hello)
        await (self._lose(socket, url) if self._hellos else self._get_stuck(socket, request.transport))
        return socket

    async def _lose(self, socket: web.WebSocketResponse, url: str) -> None:
        # No buffer takes in what resumes a session with so long a name.
        session = {"session_id": "x" * 16_000_000, "resume_gateway_url": url}
        ready: dict[str, Any] = {
            "user": NOBODY,
            "guilds": [],
            "application": {"id": "1", "flags": 0},
            **session,
        }
        await socket.send_json({"op": 0, "d": ready, "s": 1, "t": "READY"})
        await socket.close(code=4000)

    async def _get_stuck(self, socket: web.WebSocketResponse, transport: asyncio.Transport | None) -> None:
        assert transport is not None
        transport.pause_reading()
        self.come.set()
        await self.may_go_on.wait()
        transport.resume_reading()
        async for _frame in socket:
            pass
        self.close_code = socket.close_code
        self.gone.set()


@asynccontextmanager
async def client_of(gateway: Stuck, monkeypatch: pytest.MonkeyPatch) -> AsyncGenerator[nextcord.Client]:
    """Log in where *gateway* is the gateway; the client is closed only after the block."""
    async with served(gateway.answer) as origin:
        monkeypatch.setattr(Route, "BASE", origin)
        client = nextcord.Client(
            guild_ready_timeout=0,
            rollout_associate_known=False,
            rollout_delete_unknown=False,
            rollout_register_new=False,
            rollout_update_known=False,
        )
        await client.login("token")
        try:
            yield client
        finally:
            gateway.may_go_on.set()
            await client.close()


def hearts_before(client: nextcord.Client) -> list[KeepAliveHandler]:
    """Return the threads of connections that the client has not been given yet."""
    hearts = [one for one in threading.enumerate() if isinstance(one, KeepAliveHandler)]
    return [one for one in hearts if one.ws is not client.ws]  # pyright: ignore[reportUnknownMemberType]


async def test_a_connection_on_which_nothing_was_said_is_closed_where_it_is_given_up(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    gateway = Stuck(None)
    async with client_of(gateway, monkeypatch) as client:
        async with create_task_group() as tasks:
            tasks.start_soon(stay_connected, client, RealClock())
            await gateway.come.wait()
            tasks.cancel_scope.cancel()
        gateway.may_go_on.set()
        with RealClock().deadline(LONG):
            await gateway.gone.wait()
    assert gateway.close_code == LEFT


async def test_a_connection_that_begins_with_nonsense_is_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    gateway = Stuck(NONSENSE)
    gateway.may_go_on.set()
    async with client_of(gateway, monkeypatch) as client:
        with pytest.raises(NonsenseError):
            await stay_connected(client, RealClock())
        with RealClock().deadline(LONG):
            await gateway.gone.wait()
    assert gateway.close_code == LEFT


async def test_a_session_that_is_given_up_before_it_goes_on_leaves_nothing_behind(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    gateway = Stuck(HELLO, HELLO)
    async with client_of(gateway, monkeypatch) as client:
        async with create_task_group() as tasks:
            tasks.start_soon(stay_connected, client, RealClock())
            await gateway.come.wait()
            with RealClock().deadline(LONG):
                while not hearts_before(client):
                    await checkpoint()
            assert hearts_before(client)
            tasks.cancel_scope.cancel()
        gateway.may_go_on.set()
        with RealClock().deadline(LONG):
            await gateway.gone.wait()
            while hearts_before(client):
                await checkpoint()
        assert not hearts_before(client)
    assert gateway.close_code == LEFT


async def test_an_answer_that_cannot_be_given_does_not_hold_up_the_end_and_comes_from_the_next_run(
    home: Path, sandbox: Sandbox, member: Person
) -> None:
    hold = sandbox.hold(*ANSWER)
    async with running(home, sandbox) as bot:
        invocation = await member.start_invoke("botstatus")
        await hold.reached()
        assert await bot.stop() == ExitCode.OK, bot.output
    assert "did not stop within" not in bot.output

    hold.release()
    async with running(home, sandbox):
        assert fields(await invocation.answered())


@pytest.mark.parametrize("status", [429, 502])
@pytest.mark.parametrize("where", [ANSWER, ACKNOWLEDGEMENT])
async def test_what_discord_wants_later_is_sent_later(
    home: Path, where: tuple[str, str], status: int
) -> None:
    # Not recorded: such a 429, without a body of Discord's, comes from what stands before it.
    async with (
        Sandbox(answer_within=30.0) as sandbox,
        Person(sandbox.api, sandbox.world.member.token) as member,
        running(home, sandbox) as bot,
    ):
        sandbox.fail(*where, status=status, times=1)
        answer = await member.invoke("botstatus")

    assert fields(answer)["Connection"].startswith("connected"), bot.output


async def test_without_a_gateway_it_is_tried_again_ever_more_slowly_and_introduces_itself_once(
    home: Path, sandbox: Sandbox
) -> None:
    refusal = sandbox.inject(Refuse())
    async with running(home, sandbox, ready="trying again in 4 s") as bot:
        assert bot.output.count("This is sandbox-bot") == 1, bot.output
        assert "trying again in 2 s" in bot.output
        refusal.end()
        await bot.said("Connected as")


async def log_in(_request: web.Request) -> web.StreamResponse:
    """Answer what a hotel's network says to everything: 200, and a page to log in."""
    return web.Response(text="<html>Room number?</html>", content_type="text/html")


async def test_what_is_not_discord_is_named_and_tried_again(home: Path) -> None:
    async with served(log_in) as origin:
        base = f"{origin}/api/v10"
        environ = {"DISCORD_TOKEN": "nobody", "DISCORD_API_BASE": base}
        async with started((*ACORE, "run"), home, environ) as bot:
            await bot.said(f"{base} does not answer as Discord does; check DISCORD_API_BASE")
            await bot.said("trying again in 2 s")
            assert await bot.stop() == ExitCode.OK, bot.output


async def test_commands_that_discord_refuses_are_registered_a_little_later(
    home: Path, sandbox: Sandbox, member: Person
) -> None:
    sandbox.fail("GET", "*/commands", status=403, times=1)
    async with running(home, sandbox) as bot:
        await bot.said("could not be registered, Discord keeps the old ones")
        await bot.said("/botstatus is now registered everywhere")

        assert fields(await member.invoke("botstatus"))


async def test_the_log_says_that_a_lost_connection_is_back(home: Path, sandbox: Sandbox) -> None:
    async with running(home, sandbox) as bot:
        sandbox.close_gateway(4000)
        await bot.said("Lost the connection to Discord")
        await bot.said("The connection to Discord is back, and nothing was missed.")


async def test_an_answer_survives_a_crash_of_the_connection_while_nothing_can_be_written(
    home: Path, sandbox: Sandbox, member: Person
) -> None:
    async with inside(sandbox, home / "data") as program:
        await program.journaled()
        other = sqlite3.connect(home / "data" / DATABASE_NAME, isolation_level=None, check_same_thread=False)
        await to_thread.run_sync(other.execute, "BEGIN IMMEDIATE")
        hold = sandbox.hold(*ANSWER)
        invocation = await member.start_invoke("botstatus")
        await hold.reached()
        program.say(Struck(actor="gateway"))
        await program.sees(GatewayView, lambda view: view.link is Link.CONNECTING)
        hold.release()
        answer = await invocation.answered(within=30)
        await to_thread.run_sync(other.execute, "ROLLBACK")
        other.close()

        assert program.actor("gateway").incarnation == 2
        assert program.actor("gateway").state is ChildState.RUNNING
    assert fields(answer)


async def test_all_parts_are_up_again_after_a_group_was_restarted(
    home: Path, sandbox: Sandbox, owner: Person
) -> None:
    """The groups themselves are no parts that an operator knows."""
    async with inside(sandbox, home / "data") as program:
        for run in range(1, 8):
            program.say(Struck(actor="metrics"))
            with RealClock().deadline(10):
                while program.actor("metrics").incarnation <= run:
                    await checkpoint()
        # Discord gives up on what is asked while nobody is connected.
        await program.sees(GatewayView, lambda view: view.link is Link.READY)
        parts = fields(await owner.invoke("botstatus", within=30))["Parts"]

    assert "core" not in parts
    assert "doors" not in parts


TEAM = {
    "owner": {"id": "1", "username": "team"},
    "team": {
        "owner_user_id": "10",
        "members": [
            {"user": {"id": "10"}, "membership_state": 2, "role": ""},
            {"user": {"id": "11"}, "membership_state": 2, "role": "admin"},
            {"user": {"id": "12"}, "membership_state": 2, "role": "developer"},
            {"user": {"id": "13"}, "membership_state": 2, "role": "read_only"},
            {"user": {"id": "14"}, "membership_state": 1, "role": "admin"},
            {"user": {"id": "15"}, "membership_state": 2},
        ],
    },
}


def test_of_a_team_its_owner_and_those_who_accepted_and_may_change_it_are_owners() -> None:
    assert owners_of(TEAM) == (10, 11, 12)
    assert owners_of({"owner": {"id": "7"}, "team": None}) == (7,)
