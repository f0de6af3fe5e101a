"""The control API: who may use it, and what it does."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, Protocol

import aiohttp
import msgspec
import pytest

from acore.sandbox import Limits, Sandbox
from acore.sandbox.faults.kinds import KINDS
from tests.sandbox.conftest import Ask, NewPerson, Reply
from tests.sandbox.gateway.wire import wire

ME = "/users/@me"


class Control(Protocol):
    """Asks the control API of the sandbox without a recording."""

    async def __call__(self, method: str, path: str, body: object = None, **headers: str) -> Reply: ...


@pytest.fixture
async def control(unrecorded: Sandbox) -> AsyncIterator[Control]:
    async with aiohttp.ClientSession() as http:

        async def ask(method: str, path: str, body: object = None, **headers: str) -> Reply:
            known = unrecorded.state()["control"]
            headers = {"Authorization": f"Control {known['token']}"} | headers
            data = body if body is None or isinstance(body, bytes) else msgspec.json.encode(body)
            url = f"{known['url']}/{path}"
            async with http.request(method, url, data=data, headers=headers) as response:
                raw = await response.read()
            answer: Any = msgspec.json.decode(raw) if raw else None
            return Reply(response.status, answer, dict(response.headers))

        yield ask


async def test_a_fault_is_put_in_force_listed_with_what_is_left_and_ended(
    unrecorded: Sandbox, control: Control, ask: Ask
) -> None:
    begun = await control("POST", "faults", {"name": "status", "path": ME, "status": 502, "times": 3})
    timed = await control("POST", "faults", {"name": "hold", "path": "/nowhere", "seconds": 60})
    assert (await ask(unrecorded, "GET", ME)).status == 502
    listed = (await control("GET", "faults")).body
    ended = await control("DELETE", f"faults/{begun.body['id']}")
    assert (await ask(unrecorded, "GET", ME)).status == 200
    cleared = await control("DELETE", "faults")

    assert (begun.status, begun.headers["Content-Type"]) == (201, "application/json")
    assert [one["id"] for one in listed] == [begun.body["id"], timed.body["id"]]
    assert listed[0] == {
        "id": begun.body["id"],
        "name": "status",
        "method": "*",
        "path": ME,
        "status": 502,
        "code": 0,
        "message": "",
        "times": 3,
        "seconds": None,
        "is_over": False,
        "struck": 1,
        "times_left": 2,
        "seconds_left": None,
    }
    assert 50 < listed[1]["seconds_left"] <= 60
    assert ended.status == 204
    assert cleared.body == {"cleared": 1}
    assert (await control("GET", "faults")).body == []


async def test_a_fault_that_happens_at_once_is_over_when_it_is_answered(
    unrecorded: Sandbox, control: Control
) -> None:
    async with wire(unrecorded) as client:
        await client.identify()
        answer = await control("POST", "faults", {"name": "close", "code": 4009})
        assert await client.end() == 4009

    assert answer.body["is_over"] is True
    assert (await control("GET", "faults")).body == []


async def test_a_mangled_field_may_be_set_to_null(unrecorded: Sandbox, control: Control, ask: Ask) -> None:
    await control("POST", "faults", {"name": "mangle", "pointer": "/id", "value": None})
    await control("POST", "faults", {"name": "mangle", "pointer": "/avatar"})
    body = (await ask(unrecorded, "GET", ME)).body

    assert body["id"] is None
    assert "avatar" not in body


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        ({"name": "flood"}, f"name: 'flood' will not do; give one of {', '.join(KINDS)}"),
        ({"name": "close", "code": 99999}, "code: 99999 will not do; give a whole number from 1000 to 4999"),
        ({"name": "close", "code": True}, "code: True will not do; give a whole number from 1000 to 4999"),
        ({"name": "drop", "code": 4000}, "code: 4000 will not do; there are no fields"),
        ({"name": "mangle"}, "pointer: None will not do; give a text"),
        ({"name": "mangle", "pointer": 7}, "pointer: 7 will not do; give a text"),
        ({"name": "outage", "seconds": "long"}, "seconds: 'long' will not do; give a number, 0.001 or more"),
        (b"[]", "body: '[]' will not do; give a JSON object"),
        (b"\xff", "body: '\ufffd' will not do; give a JSON object"),
        (b'{"\xff": 1}', "body: '{\"\ufffd\": 1}' will not do; give a JSON object"),
        (b"[" * 100_000, f"body: '{'[' * 100}' will not do; give a JSON object"),
    ],
)
async def test_wrong_input_is_named_with_value_and_remedy(
    control: Control, body: object, sentence: str
) -> None:
    answer = await control("POST", "faults", body)

    assert (answer.status, answer.body) == (400, {"message": sentence})
    assert (await control("GET", "faults")).body == []


@pytest.mark.parametrize("name", KINDS)
async def test_every_fault_can_be_had(control: Control, name: str) -> None:
    needed = {"mangle": {"pointer": "/x"}, "mangle-event": {"event": "READY", "pointer": "/x"}}
    answer = await control("POST", "faults", {"name": name, **needed.get(name, {})})

    assert (answer.status, answer.body["name"]) == (201, name)


async def test_who_does_not_know_the_token_is_not_let_in(unrecorded: Sandbox, control: Control) -> None:
    for wrong in ("", "Control", "Control nobody", "Control \u00e9", f"Bot {unrecorded.bot_token}"):
        answer = await control("GET", "faults", Authorization=wrong)
        assert answer.status == 401, wrong
        assert "state file" in answer.body["message"]
    browser = await control("GET", "faults", Origin="http://127.0.0.1")
    assert browser.status == 403


async def test_what_is_not_there_is_named(control: Control) -> None:
    gone = await control("DELETE", "faults/999")
    method = await control("PUT", "faults")
    path = await control("GET", "nothing")

    assert (gone.status, method.status, path.status) == (404, 405, 404)
    assert "'999'" in gone.body["message"]
    assert "GET" in method.body["message"]
    assert "limits" in path.body["message"]


async def test_limits_are_read_and_changed(unrecorded: Sandbox, control: Control, ask: Ask) -> None:
    before = (await control("GET", "limits")).body
    changed = await control("PATCH", "limits", {"requests_per_second": 1})
    statuses = [(await ask(unrecorded, "GET", ME)).status for _ in range(2)]
    refused = await control("PATCH", "limits", {"global_limit": -1})

    assert before == {**msgspec.to_builtins(Limits(global_limit=0))}
    assert changed.body == before | {"requests_per_second": 1}
    assert statuses == [200, 429]
    assert refused.body == {"message": "global_limit: -1 will not do; give a whole number, 0 or more"}


async def test_the_state_counts_what_happened(
    unrecorded: Sandbox, control: Control, ask: Ask, person: NewPerson
) -> None:
    await ask(unrecorded, "GET", ME)
    await ask(unrecorded, "GET", ME, token="Bot nobody")
    async with wire(unrecorded) as client, person(unrecorded, "owner"):
        await client.identify(1)
        state = (await control("GET", "state")).body

    assert {name: state[name] for name in unrecorded.state()} == unrecorded.state()
    counts = state["counts"]
    assert counts["requests"] == {"200": 1, "401": 1}
    assert counts["invalid_requests"] == 1
    assert counts["dispatches"]["READY"] == 1, "what people get is not counted"
    assert sorted((one["is_bot"], one["is_connected"]) for one in counts["sessions"]) == [
        (False, True),
        (True, True),
    ]


async def test_the_control_token_is_in_the_state_file_and_never_in_the_recording(tmp_path: Path) -> None:
    path, folder = tmp_path / "state.json", tmp_path / "recording"
    async with Sandbox(state_file=path, record=folder) as sandbox, aiohttp.ClientSession() as http:
        known = msgspec.json.decode(path.read_bytes())["control"]
        headers = {"Authorization": f"Control {known['token']}"}
        async with http.get(f"{known['url']}/faults", headers=headers) as response:
            assert response.status == 200
        assert known == sandbox.state()["control"]

    assert all(known["token"] not in file.read_text() for file in folder.iterdir())
