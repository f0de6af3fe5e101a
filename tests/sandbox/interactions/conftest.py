"""What the tests of interactions stand on: a bot without a library, commands, and people who use them."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import pytest

from acore.sandbox import Invocation, Person, RefusedError, Sandbox
from acore.sandbox.permissions.rules import Permission
from acore.sandbox.realtime import now
from acore.sandbox.state.kinds import ChannelType
from acore.sandbox.state.records import Channel, Thread, User
from tests.sandbox.conftest import Reply
from tests.sandbox.rawbot import RawBot

type Body = dict[str, Any]


@dataclass
class Stage:
    """A sandbox with its bot, as seen from a test."""

    sandbox: Sandbox
    bot: RawBot

    async def register(self, guild_id: str | None = None, **command: object) -> Body:
        """Register a command; return it."""
        reply = await self.try_to_register(guild_id, **command)
        assert reply.status in {200, 201}, reply.body
        return reply.body

    async def try_to_register(self, guild_id: str | None = None, **command: object) -> Reply:
        """Register a command, which may be refused."""
        place = "" if guild_id is None else f"/guilds/{guild_id}"
        path = f"/applications/{self.sandbox.application_id}{place}/commands"
        body = {"name": "cmd", "description": "A command", **command}
        if body.get("type", 1) != 1:
            del body["description"]
        return await self.bot.request("POST", path, body)

    async def invoke(
        self,
        person: Person,
        command: Body,
        options: list[Body] | None = None,
        *,
        kind: int = 2,
        data: Body | None = None,
        channel_id: str | None = None,
    ) -> Body:
        """Invoke a command as somebody; return what the bot is told."""
        await self.begin(person, command, options, kind=kind, data=data, channel_id=channel_id)
        return await self.bot.asked()

    async def begin(
        self,
        person: Person,
        command: Body,
        options: list[Body] | None = None,
        *,
        kind: int = 2,
        data: Body | None = None,
        channel_id: str | None = None,
    ) -> Invocation:
        """Invoke a command as somebody; return how it goes on there."""
        sent = {key: command[key] for key in ("id", "name", "type", "version")}
        if options is not None:
            sent["options"] = options
        sent |= data or {}
        return await person.interact(kind, command["application_id"], sent, channel_id=channel_id)

    def may(self, user: User, *permissions: Permission) -> None:
        """Give somebody a role with these permissions."""
        bits = 0
        for one in permissions:
            bits |= one
        self.sandbox.world.give_role(user, self.sandbox.world.add_role("powers", permission_bits=bits))


@pytest.fixture
async def stage(sandbox: Sandbox) -> AsyncIterator[Stage]:
    """A stage whose traffic is recorded and held against Discord's description."""
    async with RawBot.connected(sandbox) as bot:
        yield Stage(sandbox, bot)


@pytest.fixture
async def rough(unrecorded: Sandbox) -> AsyncIterator[Stage]:
    """A stage without a recording, for what no bot should ever send."""
    async with RawBot.connected(unrecorded) as bot:
        yield Stage(unrecorded, bot)


def add_thread(stage: Stage, name: str = "thread", parent: Channel | None = None) -> Channel:
    """Add a thread to a channel, #general by default."""
    world = stage.sandbox.world
    thread = Channel(
        id=world.snowflakes.make(),
        type=ChannelType.PUBLIC_THREAD,
        name=name,
        guild_id=world.guild.id,
        parent_id=(parent or world.channel).id,
        thread=Thread(owner_id=world.owner.id, created_at=now(), archive_changed_at=now()),
    )
    world.guild.threads[thread.id] = world.channels[thread.id] = thread
    return thread


def wrong_fields(reply: Reply | RefusedError) -> set[str]:
    """Return the paths of the fields that a refusal with code 50035 names."""
    body = reply.body
    status = reply.status
    assert (status, body["code"]) == (400, 50035), body

    def below(tree: Body, path: str) -> set[str]:
        found = {path} if "_errors" in tree else set[str]()
        for key, inner in tree.items():
            if key != "_errors":
                found |= below(inner, f"{path}.{key}" if path else key)
        return found

    return below(body["errors"], "")
