"""What strangers send instead of what Discord describes: values of the wrong kind in every place."""

from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import anyio
import msgspec
import pytest

from acore.sandbox import Sandbox, realtime
from acore.sandbox.limits.numbers import Limits
from tests.sandbox.conftest import Reply
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


HEADERS = {
    "reason": b"X-Audit-Log-Reason: \xff\xfe",
    "agent": b"User-Agent: \xff",
    "type": b"Content-Type: \xff/json",
}


@pytest.mark.parametrize("header", HEADERS.values(), ids=HEADERS)
async def test_no_header_that_is_no_utf_8_breaks_the_sandbox_or_its_recording(
    tmp_path: Path, header: bytes
) -> None:
    body = b'{"content": "here"}'
    async with Sandbox(record=tmp_path / "notes") as sandbox:
        request = [
            f"POST /api/v10/channels/{sandbox.channel_id}/messages HTTP/1.1".encode(),
            b"Host: here",
            f"Authorization: Bot {sandbox.bot_token}".encode(),
            f"Content-Length: {len(body)}".encode(),
            header,
        ]
        with realtime.deadline(10):
            async with await anyio.connect_tcp("127.0.0.1", sandbox.port) as stream:
                await stream.send(b"\r\n".join(request) + b"\r\n\r\n" + body)
                answer = await stream.receive()

    assert answer.startswith(b"HTTP/1.1 200 ")
    notes = tmp_path / "notes/rest.jsonl"
    [exchange] = map(msgspec.json.decode, notes.read_bytes().splitlines())
    notes.unlink()  # no bot that keeps to Discord's description sends this
    assert exchange["response_json"]["content"] == "here"


async def send_form(api: Api, *parts: bytes) -> Reply:
    """Send a message as a form of these parts, each a head and a body."""
    data = b"".join(b"--x\r\n" + part + b"\r\n" for part in parts) + b"--x--\r\n"
    headers = {
        "Authorization": f"Bot {api.sandbox.bot_token}",
        "Content-Type": "multipart/form-data; boundary=x",
    }
    url = f"{api.sandbox.api}{api.channel}/messages"
    async with api.http.post(url, data=data, headers=headers) as response:
        return Reply(response.status, msgspec.json.decode(await response.read()), dict(response.headers))


FILE = b'Content-Disposition: form-data; name="files[0]"; filename="a.unheard-of"'
PARTS = {
    "a type that is no UTF-8": (FILE + b"\r\nContent-Type: \xff", 200),
    "a type that is none": (FILE + b"\r\nContent-Type: hello there", 200),
    "a name that is no UTF-8": (FILE.replace(b"a.u", b"\xff.u"), 200),
    "a folded header": (FILE + b"\r\nContent-Type: text/a\r\n X-Evil: 1", 400),
    "a control character": (FILE + b"\r\nContent-Type: text/a\x01", 400),
    "a header without a colon": (b"nonsense", 400),
}


@pytest.mark.parametrize(("part", "status"), PARTS.values(), ids=PARTS)
async def test_no_part_of_a_form_breaks_the_sandbox(api: Api, part: bytes, status: int) -> None:
    reply = await send_form(api, part + b"\r\n\r\n<b>")

    assert reply.status == status, reply
    if status == 200:
        [file] = reply.body["attachments"]
        async with api.http.get(file["url"]) as response:
            assert response.headers["Content-Type"] == "application/octet-stream"
            assert await response.read() == b"<b>"


async def test_a_form_with_no_end_of_parts_is_refused(api: Api) -> None:
    field = b'Content-Disposition: form-data; name="%d"\r\n\r\nx'

    assert (await send_form(api, *(field % number for number in range(101)))).status == 400


async def test_a_body_that_is_not_encoded_as_it_says_is_refused(api: Api) -> None:
    headers = {"Authorization": f"Bot {api.sandbox.bot_token}", "Content-Encoding": "gzip"}
    for path in (f"/api/v10{api.channel}/messages", "/uploads/x"):
        url = f"{api.sandbox.origin}{path}"
        method = "PUT" if "uploads" in path else "POST"
        async with api.http.request(method, url, data=b"{}", headers=headers) as response:
            assert response.status == 400


async def test_json_sent_as_a_file_is_read_as_curl_means_it(api: Api) -> None:
    part = b'Content-Disposition: form-data; name="payload_json"; filename="m.json"\r\n\r\n{"content": "hi"}'

    assert (await send_form(api, part)).body["content"] == "hi"


async def test_a_page_that_was_sent_runs_no_script_in_a_browser(api: Api) -> None:
    part = b'Content-Disposition: form-data; name="files[0]"; filename="a.html"\r\n\r\n<script></script>'
    [file] = (await send_form(api, part)).body["attachments"]

    async with api.http.get(file["url"]) as response:
        assert response.headers["Content-Type"] == "text/html; charset=utf-8"
        assert response.headers["Content-Security-Policy"] == "sandbox"
        assert response.headers["X-Content-Type-Options"] == "nosniff"


async def test_a_file_whose_name_is_only_dots_is_unknown(api: Api) -> None:
    part = b'Content-Disposition: form-data; name="files[0]"; filename=".."\r\n\r\nx'
    [file] = (await send_form(api, part)).body["attachments"]

    assert file["filename"] == "unknown"
    async with api.http.get(file["url"]) as response:
        assert await response.read() == b"x"
