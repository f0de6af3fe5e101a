"""Bodies that are no plain JSON: forms as curl and other clients send them, and what breaks."""

import io

import aiohttp
import pytest

from acore.sandbox import Sandbox

PART = b"--b\r\nContent-Disposition: form-data; name=a\r\n\r\nx"
END = b"\r\n\r\nx\r\n--b--"
FORM = "application/x-www-form-urlencoded"


async def post(sandbox: Sandbox, data: object, kind: str | None = None) -> tuple[int, dict[str, object]]:
    """Say something in #general; return status and answer."""
    headers = {"Authorization": f"Bot {sandbox.bot_token}"}
    if kind is not None:
        headers["Content-Type"] = kind
    url = f"{sandbox.api}/channels/{sandbox.channel_id}/messages"
    async with aiohttp.ClientSession() as http, http.post(url, data=data, headers=headers) as response:
        return response.status, await response.json()


async def test_the_fields_of_a_form_are_those_of_a_message(unrecorded: Sandbox) -> None:
    form = aiohttp.FormData()
    form.add_field("content", "hello ✓")
    form.add_field("tts", "false")
    form.add_field("flags", "4")
    form.add_field("file", io.BytesIO(b"x"), filename="x.txt")

    status, said = await post(unrecorded, form)

    assert (status, said["content"], said["tts"], said["flags"]) == (200, "hello ✓", False, 4)
    assert isinstance(said["attachments"], list)
    assert len(said["attachments"]) == 1  # pyright: ignore[reportUnknownArgumentType]


@pytest.mark.parametrize(
    "data", ["content=hello+%E2%9C%93", 'payload_json={"content":"hello ✓"}'], ids=["fields", "json"]
)
async def test_a_form_without_files_is_read_too(unrecorded: Sandbox, data: str) -> None:
    status, said = await post(unrecorded, data.encode(), FORM)

    assert (status, said["content"]) == (200, "hello ✓")


@pytest.mark.parametrize(
    ("data", "kind", "status", "code"),
    [
        (b"{", None, 400, 50109),
        (b'{"content": "x", "more": ' + b"[" * 100 + b"]" * 100 + b"}", None, 400, 50109),
        (b'{"content": "\xff"}', None, 400, 50109),
        (b"", None, 400, 50006),
        (b"[1]", None, 400, 50035),
        (b'"text"', None, 400, 50035),
        (b"payload_json={", FORM, 400, 50109),
        (b"no form", "multipart/form-data", 400, 50035),
        (b"no form", "multipart/form-data; boundary=b", 400, 50035),
        (PART, "multipart/form-data; boundary=b", 400, 50035),
        (b"--b\r\nno header\r\n\r\nx\r\n--b--", "multipart/form-data; boundary=b", 400, 50035),
        (b"--b\r\nA: " + b"a" * 9999 + END, "multipart/form-data; boundary=b", 400, 50035),
        (b"--b\r\n" + b"A: a\r\n" * 999 + END, "multipart/form-data; boundary=b", 400, 50035),
        (b"".join([PART + b"\r\n"] * 101) + b"--b--", "multipart/form-data; boundary=b", 400, 50035),
        (bytes(64 * 1024 * 1024 + 1), None, 413, 40005),
    ],
    ids=[
        "cut",
        "too deep",
        "no text",
        "nothing",
        "a list",
        "a text",
        "cut form",
        "no boundary",
        "no part",
        "no end",
        "no header",
        "long header",
        "many headers",
        "many parts",
        "too large",
    ],
)
async def test_a_body_that_cannot_be_read_is_refused(
    unrecorded: Sandbox, data: bytes, kind: str | None, status: int, code: int
) -> None:
    answered, body = await post(unrecorded, io.BytesIO(data), kind)

    assert (answered, body["code"]) == (status, code)


async def test_a_body_that_is_not_compressed_as_it_says_is_refused(unrecorded: Sandbox) -> None:
    headers = {"Authorization": f"Bot {unrecorded.bot_token}", "Content-Encoding": "gzip"}
    url = f"{unrecorded.api}/channels/{unrecorded.channel_id}/messages"
    async with aiohttp.ClientSession() as http:
        async with http.post(url, data=b"{}", headers=headers) as response:
            assert (response.status, (await response.json())["code"]) == (400, 50035)
        del headers["Content-Encoding"]
        async with http.post(url, json={"content": "next"}, headers=headers) as response:
            assert response.status == 200


async def test_an_address_may_be_as_long_as_a_query_with_many_ids(unrecorded: Sandbox) -> None:
    headers = {"Authorization": unrecorded.users[0].token}
    url = f"{unrecorded.api}/guilds/{unrecorded.guild_id}/prune?include_roles="
    url += ",".join([unrecorded.guild_id] * 1000)
    async with aiohttp.ClientSession() as http, http.get(url, headers=headers) as response:
        assert response.status == 200


async def test_a_form_with_more_than_64_mib_is_refused(unrecorded: Sandbox) -> None:
    form = aiohttp.FormData()
    for number in range(5):
        form.add_field(f"files[{number}]", io.BytesIO(bytes(13 * 1024 * 1024 + 1)), filename="x.bin")

    answered, body = await post(unrecorded, form)

    assert (answered, body["code"]) == (413, 40005)
