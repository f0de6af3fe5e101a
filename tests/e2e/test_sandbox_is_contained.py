"""The sandbox is held to what it promises: only the loopback, and commands that are registered once."""

from pathlib import Path

import psutil  # noqa: TID251 - the test looks at another process's sockets from outside
import pytest

from acore.errors import ExitCode
from acore.sandbox import Person, Sandbox
from acore.sandbox.api.requests import Exchange
from tests.e2e.answers import fields
from tests.e2e.bot import ACORE, Bot, running, started

CHANGES = ("POST", "PUT", "PATCH", "DELETE")


def addresses(bot: Bot) -> tuple[set[str], set[str]]:
    """Return where a process listens, and where else its sockets are bound or connected to."""
    sockets = psutil.Process(bot.pid).net_connections(kind="inet")
    listening = {one.laddr.ip for one in sockets if one.status == psutil.CONN_LISTEN}
    others = {end.ip for one in sockets for end in (one.laddr, one.raddr) if end}
    return listening, others


@pytest.mark.parametrize(
    ("command", "sign"),
    [(("sandbox", "serve"), "An embedded Discord serves at"), (("sandbox",), "Type /botstatus")],
)
async def test_only_the_loopback_is_bound(home: Path, command: tuple[str, ...], sign: str) -> None:
    async with started((*ACORE, *command), home, {"TMPDIR": str(home)}) as server:
        await server.said(sign)
        listening, others = addresses(server)

    assert listening == {"127.0.0.1"}
    assert others == {"127.0.0.1"}


async def test_a_second_start_of_acore_registers_no_command(home: Path, recording: Path) -> None:
    exchanges: list[Exchange] = []
    async with (
        Sandbox(record=recording, answer_within=30.0, observe=exchanges.append) as sandbox,
        Person(sandbox.api, sandbox.world.member.token) as member,
    ):
        async with running(home, sandbox) as bot:
            assert fields(await member.invoke("botstatus"))
            assert await bot.stop() == ExitCode.OK, bot.output
        assert changes_of_commands(exchanges), "the first start registers"

        exchanges.clear()
        async with running(home, sandbox) as bot:
            assert fields(await member.invoke("botstatus"))
            assert await bot.stop() == ExitCode.OK, bot.output
        assert changes_of_commands(exchanges) == []
        assert any(one.operation.endswith("/commands") for one in exchanges), "it has looked"


def changes_of_commands(exchanges: list[Exchange]) -> list[Exchange]:
    """Return what changed an application's commands."""
    return [
        one
        for one in exchanges
        if one.operation.startswith(CHANGES)
        and "/applications/" in one.operation
        and "commands" in one.operation
    ]
