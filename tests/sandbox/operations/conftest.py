"""Every operation of the REST API: its happy path, and each reason for which it says no.

A test says what it shows, and fails when no such answer was given while it ran:

    @pytest.mark.shows("GET /channels/{channel_id}")
    async def test_a_channel_is_found(api: Api) -> None: ...

    @pytest.mark.shows("GET /channels/{channel_id}", Refusal.UNKNOWN_CHANNEL)
    async def test_a_channel_that_is_gone_is_unknown(api: Api) -> None: ...

`test_table.py` fails when an operation has no test of its happy path, or one of the refusals it declares
has none. Here a test fails when an operation refused for a reason that it does not declare. Bodies that
break Discord's own description go to `wrong`, which is not recorded; everything else to `api`, whose
recording can be held against that description.
"""

from collections.abc import AsyncIterator, Iterator, Mapping
from dataclasses import dataclass
from io import BytesIO
from urllib.parse import quote

import aiohttp
import msgspec
import pytest

from acore.sandbox import Sandbox
from acore.sandbox.api.requests import Exchange
from acore.sandbox.permissions.rules import Permission
from acore.sandbox.refusals import Refusal
from acore.sandbox.resources.table import every_route
from acore.sandbox.state.records import Channel, Guild, Role, User
from tests.sandbox.conftest import Reply

ANYWHERE = frozenset(
    {
        Refusal.UNAUTHORIZED,
        Refusal.INVALID_JSON,
        Refusal.TOO_LARGE,
        Refusal.NOT_SUPPORTED,
        Refusal.NO_SUCH_PLACE,
        Refusal.NO_SUCH_METHOD,
        Refusal.STOPPING,
    }
)
"""What any operation may answer, without declaring it."""
ROUTES = {f"{one.method} {one.template}": one for one in every_route().listed()}


def answers_of(refusal: Refusal) -> tuple[int, int]:
    """Return status and code by which a refusal is known."""
    return refusal.value[:2]


@dataclass(frozen=True)
class Api:
    """Asks a sandbox's REST API, as its bot or as anybody else."""

    sandbox: Sandbox
    http: aiohttp.ClientSession

    async def __call__(
        self,
        method: str,
        path: str,
        body: object = None,
        *,
        by: User | None = None,
        reason: str | None = None,
        files: Mapping[str, bytes] | None = None,
        query: Mapping[str, str] | None = None,
    ) -> Reply:
        """Ask once.

        Args:
            method: e.g. GET.
            path: below /api/v10.
            body: sent as JSON, with *files* as payload_json.
            by: who asks; the bot by default.
            reason: the X-Audit-Log-Reason header.
            files: contents by file name, sent as files[0], files[1], …
            query: what follows the question mark.
        """
        bot = self.sandbox.world.application.bot
        who = by or bot
        headers = {"Authorization": f"Bot {who.token}" if who.bot else who.token}
        if reason is not None:
            headers["X-Audit-Log-Reason"] = quote(reason)
        data: aiohttp.FormData | bytes | None = None
        if files is not None:
            data = aiohttp.FormData()
            data.add_field("payload_json", msgspec.json.encode(body or {}).decode())
            for number, (name, content) in enumerate(files.items()):
                kind = "application/octet-stream"
                data.add_field(f"files[{number}]", BytesIO(content), filename=name, content_type=kind)
        elif body is not None:
            headers["Content-Type"] = "application/json"
            data = msgspec.json.encode(body)
        url = self.sandbox.api + path
        async with self.http.request(method, url, data=data, headers=headers, params=query) as response:
            raw = await response.read()
        is_json = response.content_type == "application/json"
        answer = msgspec.json.decode(raw) if raw and is_json else (raw or None)
        return Reply(response.status, answer, dict(response.headers))

    # -- what many tests begin with

    def may(self, *permissions: Permission, guild: Guild | None = None) -> Role:
        """Give the bot a role with these permissions, above those of the people."""
        world = self.sandbox.world
        bits = 0
        for one in permissions:
            bits |= one
        role = world.add_role("powers", permission_bits=bits, guild=guild)
        world.give_role(world.application.bot, role, guild=guild)
        return role

    @property
    def guild(self) -> str:
        """The path of the first guild."""
        return f"/guilds/{self.sandbox.guild_id}"

    @property
    def channel(self) -> str:
        """The path of the first guild's #general."""
        return f"/channels/{self.sandbox.channel_id}"

    async def say(
        self, content: str = "hello", *, by: User | None = None, channel: Channel | None = None
    ) -> str:
        """Say something, in #general unless told otherwise; return the message's id."""
        path = self.channel if channel is None else f"/channels/{channel.id}"
        return str((await self("POST", f"{path}/messages", {"content": content}, by=by)).body["id"])


@pytest.fixture
async def http() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as session:
        yield session


@pytest.fixture
def api(sandbox: Sandbox, http: aiohttp.ClientSession) -> Api:
    """The API of a sandbox whose traffic is recorded."""
    return Api(sandbox, http)


@pytest.fixture
def wrong(unrecorded: Sandbox, http: aiohttp.ClientSession) -> Api:
    """The API of a sandbox that records nothing, for what no bot should ever send."""
    return Api(unrecorded, http)


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "shows(operation, refusal): what the answers to this test show")


@pytest.fixture(autouse=True)
def _what_is_shown(request: pytest.FixtureRequest, exchanges: list[Exchange]) -> Iterator[None]:
    """Fail when the test did not show what it says, or an operation refused for an undeclared reason."""
    yield
    for mark in request.node.iter_markers("shows"):
        operation, *refusals = mark.args
        answers = {(one.status, one.code) for one in exchanges if one.operation == operation}
        if refusals:
            assert answers_of(refusals[0]) in answers, f"{operation} did not refuse so: {answers}"
        else:
            assert any(200 <= status < 300 for status, _ in answers), (
                f"{operation} did not succeed: {answers}"
            )
    for one in exchanges:
        if one.operation and one.status >= 400 and one.status not in {429, 500, 502, 503, 504}:
            declared = {answers_of(each) for each in (*ROUTES[one.operation].refuses, *ANYWHERE)}
            assert (one.status, one.code) in declared, f"{one} is no refusal that the operation declares"
