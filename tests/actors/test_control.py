"""ControlActor: the socket in the data directory, for as long as the bot runs, whatever happens to it."""

import socket
from pathlib import Path

import pytest
from anyio import connect_unix, to_thread
from loguru import logger

from acore.actors.control import RETRY, ControlActor
from acore.actors.outbox import OutboxActor
from acore.clock import HeldClock
from acore.control.address import SOCKET_NAME
from acore.control.client import NotRunningError, ask, call
from acore.control.protocol import BotStatus, GetStatus, PartsNow, Reply, WatchParts
from acore.events.discord import Application, GatewayView, Link
from acore.events.parts import Part, PartState
from acore.runtime.edge import EdgeActor, EdgeContext
from acore.runtime.handlers import handles
from acore.runtime.spec import ChildSpec
from tests.actors.house import BEGAN, PROCESS, core, house
from tests.failing import FragileLifecycle, Struck, fail_if

OUTBOX = ChildSpec(id="outbox", actor=OutboxActor)
PARTS = (Part(name="core", state=PartState.RUNNING, since=BEGAN),)
BOT = Application(id=9, name="Robin", owners=(1,), owner_name="ann", intents_on=(), intents_off=())


class Fragile(ControlActor):
    @handles
    async def fail(self, struck: Struck, _io: EdgeContext) -> None:
        fail_if("control", struck)


class Discord(EdgeActor):
    """Shows the connection that a test wants to be seen."""

    async def run(self, io: EdgeContext) -> None:
        link = GatewayView(
            link=Link.READY, since=BEGAN, reason="", latency=0.04, guilds=2, users=3, application=BOT
        )
        io.show(link)
        await super().run(io)


def control(directory: Path) -> ChildSpec:
    return ChildSpec(id="control", actor=Fragile, start=lambda: Fragile(directory, PROCESS, lambda: PARTS))


async def status_of(directory: Path) -> BotStatus:
    return await to_thread.run_sync(ask, directory, GetStatus(), BotStatus)


async def test_it_tells_how_the_bot_is_out_of_what_is_shown(tmp_path: Path) -> None:
    discord = ChildSpec(id="discord", actor=Discord)
    async with house(tmp_path, OUTBOX, *core(lifecycle=FragileLifecycle), discord, control(tmp_path)):
        told = await status_of(tmp_path)

    assert (told.pid, told.version, told.boot) == (PROCESS.pid, "1.2.3", "boot-1")
    assert (told.name, told.is_connected, told.is_stopping) == ("Robin", True, False)
    assert told.report.connection == "connected"
    assert told.report.operator is not None
    assert {line.name for line in told.report.operator.actors} >= {"lifecycle", "control"}


async def test_it_tells_that_nothing_is_known_yet(tmp_path: Path) -> None:
    async with house(tmp_path, OUTBOX, control(tmp_path)):
        told = await status_of(tmp_path)

    assert (told.name, told.is_connected) == ("", False)
    assert told.report.connection == "not started yet"


async def test_it_tells_of_the_parts(tmp_path: Path) -> None:
    """S70: what the tree tells is told at any moment."""

    def look() -> Reply:
        with call(tmp_path, WatchParts()) as line:
            return line.wait(5)

    async with house(tmp_path, OUTBOX, control(tmp_path)):
        told = await to_thread.run_sync(look)

    assert isinstance(told, PartsNow)
    assert (told.parts, told.pid) == (PARTS, PROCESS.pid)


async def test_the_socket_is_there_as_long_as_the_bot_runs(tmp_path: Path) -> None:
    path = tmp_path / SOCKET_NAME
    async with house(tmp_path, OUTBOX, control(tmp_path)):
        assert path.is_socket()
        assert path.stat().st_mode & 0o777 == 0o600

    assert not path.exists()
    with pytest.raises(NotRunningError):
        await status_of(tmp_path)


async def test_after_a_failure_it_answers_again_in_the_same_place(tmp_path: Path) -> None:
    """S10, S52: a new run has a new socket, and who called the one before is hung up on."""
    async with house(tmp_path, OUTBOX, control(tmp_path)) as home:
        async with await connect_unix(tmp_path / SOCKET_NAME):
            await home.tell(Struck(actor="control"))
            await home.clock.advance(1)

        assert len(home.runs["control"]) == 2
        assert (await status_of(tmp_path)).pid == PROCESS.pid


async def test_what_a_killed_process_left_behind_is_replaced(tmp_path: Path) -> None:
    path = tmp_path / SOCKET_NAME
    with socket.socket(socket.AF_UNIX) as left_behind:
        left_behind.bind(str(path))

    async with house(tmp_path, OUTBOX, control(tmp_path)):
        assert (await status_of(tmp_path)).pid == PROCESS.pid


async def test_a_path_too_long_for_a_socket_changes_nothing(tmp_path: Path) -> None:
    directory = tmp_path.joinpath(*("a-rather-long-name" for _ in range(8)))
    directory.mkdir(parents=True)

    async with house(tmp_path, OUTBOX, control(directory)):
        assert (await status_of(directory)).pid == PROCESS.pid


async def test_without_a_socket_the_bot_runs_on_says_so_and_tries_again(tmp_path: Path) -> None:
    lines: list[str] = []
    sink = logger.add(lines.append, format="{level} {message}")
    path = tmp_path / SOCKET_NAME
    path.write_text("something else")
    try:
        async with house(tmp_path, OUTBOX, control(tmp_path)) as home:
            assert len(home.runs["control"]) == 1
            path.unlink()
            await home.clock.advance(RETRY)

            assert (await status_of(tmp_path)).pid == PROCESS.pid
            assert len(home.runs["control"]) == 1, "that was no failure"
    finally:
        logger.remove(sink)

    assert (
        f"WARNING `acore top` and `acore status` cannot reach this bot, for want of a socket at {path}: "
        "something else is in its place\n"
    ) in lines


async def test_it_stops_at_once_while_somebody_watches(tmp_path: Path) -> None:
    """S37: nobody who only looks holds up the end."""
    clock = HeldClock()
    async with house(tmp_path, OUTBOX, control(tmp_path), clock=clock):
        watching = await connect_unix(tmp_path / SOCKET_NAME)
        await watching.send(b'{"v":1,"request":"parts","interval":3600}\n')
        assert await watching.receive()
        before = clock.monotonic()

    async with watching:
        assert clock.monotonic() - before <= 3, "the house stops in steps of a second"
