"""What strangers send instead of what Discord describes: values of the wrong kind in every place."""

from collections.abc import AsyncIterator

import aiohttp
import pytest

from acore.sandbox import Sandbox
from acore.sandbox.limits.numbers import Limits
from tests.sandbox.operations.conftest import Api

AWKWARD: list[object] = [
    None, True, False, 0, 1, -1, 1.5, 10**30, "", "x", "²", "--5", "9" * 5000, "\0", "🎉", [], {}, [None],
    [{}], [[]], ["x"], [1], {"a": 1}, {"id": {}}, [{"id": []}], "https://[", "attachment://a", "0001-01-01",
    "1575780033492942852", 1575780033492942852,
]  # fmt: skip
FIELDS = {
    "": ("content", "embeds", "flags", "attachments", "nonce", "enforce_nonce", "tts", "allowed_mentions",
         "message_reference", "components", "sticker_ids", "poll"),
    "embeds": ("title", "description", "url", "color", "timestamp", "fields", "author", "image", "footer"),
    "attachments": ("id", "filename", "description", "uploaded_filename"),
    "allowed_mentions": ("parse", "users", "roles", "replied_user"),
    "message_reference": ("message_id", "channel_id", "guild_id", "type", "fail_if_not_exists"),
    "components": ("type", "components", "custom_id", "id", "accessory", "items"),
}  # fmt: skip
LISTS = ("embeds", "attachments", "components")
PARAMETERS = {
    "/messages": ("limit", "before", "after", "around"),
    "/messages/pins": ("limit", "before"),
    "/messages/search": (
        "limit", "offset", "content", "author_id", "has", "min_id", "max_id", "channel_id", "pinned", "slop",
    ),
}  # fmt: skip


@pytest.fixture
async def api() -> AsyncIterator[Api]:
    limits = Limits(global_limit=0, requests_per_second=0, invalid_limit=0)
    async with Sandbox(limits=limits) as sandbox, aiohttp.ClientSession() as http:
        yield Api(sandbox, http)


@pytest.mark.parametrize("within", FIELDS)
async def test_no_field_of_a_message_breaks_the_sandbox(api: Api, within: str) -> None:
    path = f"{api.channel}/messages/" + await api.say()
    for key in FIELDS[within]:
        for value in AWKWARD:
            inner = {key: value}
            wrapped: object = [inner] if within in LISTS else inner
            body = {"content": "c", within: wrapped} if within else inner
            for reply in (await api("POST", f"{api.channel}/messages", body), await api("PATCH", path, body)):
                assert reply.status in {200, 400, 404, 501}, (body, reply)
                assert isinstance(reply.body, dict)


async def test_no_list_of_messages_to_delete_breaks_the_sandbox(api: Api) -> None:
    for body in (
        *AWKWARD,
        *({"messages": one} for one in AWKWARD),
        *({"messages": [one]} for one in AWKWARD),
    ):
        reply = await api("POST", f"{api.channel}/messages/bulk-delete", body)
        assert reply.status in {400, 403}, (body, reply)


@pytest.mark.parametrize("path", PARAMETERS)
async def test_no_query_breaks_the_sandbox(api: Api, path: str) -> None:
    place = api.guild if path.endswith("search") else api.channel
    for key in PARAMETERS[path]:
        for value in AWKWARD:
            reply = await api("GET", f"{place}{path}", query={key: str(value)})
            assert reply.status in {200, 400}, (key, value, reply)


async def test_no_depth_of_nesting_breaks_the_sandbox(api: Api) -> None:
    headers = {"Authorization": f"Bot {api.sandbox.bot_token}", "Content-Type": "application/json"}
    for depth in (500, 100_000):
        data = b'{"embeds": ' + b"[" * depth + b"]" * depth + b"}"
        url = f"{api.sandbox.api}{api.channel}/messages"
        async with api.http.post(url, data=data, headers=headers) as response:
            assert response.status == 400
