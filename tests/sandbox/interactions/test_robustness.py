"""Whatever stands in place of whatever in a body: it is taken or refused, and never breaks a handler."""

from collections.abc import Iterator
from typing import Any

import pytest

from acore.sandbox import Person, RefusedError
from acore.sandbox.limits.numbers import Limits
from tests.sandbox.conftest import NewPerson
from tests.sandbox.interactions.conftest import Stage
from tests.sandbox.rawbot import button, row

type Body = dict[str, Any]

WRONG: tuple[object, ...] = (
    None,
    True,
    -1,
    7,
    1.5,
    1 << 70,
    "",
    "x",
    "7",
    [],
    [None],
    [[7]],
    {},
    {"x": None},
)
OPTIONS: list[Body] = [
    {
        "type": 3,
        "name": "text",
        "description": "Text",
        "autocomplete": True,
        "required": True,
        "max_length": 9,
    },
    {"type": 4, "name": "number", "description": "Number", "choices": [{"name": "One", "value": 1}]},
    {"type": 6, "name": "user", "description": "User"},
    {"type": 7, "name": "place", "description": "Place", "channel_types": [0]},
    {"type": 11, "name": "file", "description": "File"},
]
COMMAND: Body = {
    "name": "cmd",
    "name_localizations": {"de": "befehl"},
    "description": "A command",
    "options": OPTIONS,
    "default_member_permissions": "0",
    "contexts": [0],
    "integration_types": [0],
    "nsfw": False,
}
NESTED: Body = {
    "name": "nested",
    "description": "Nested",
    "options": [
        {
            "type": 2,
            "name": "group",
            "description": "Group",
            "options": [{"type": 1, "name": "sub", "description": "Sub", "options": OPTIONS}],
        }
    ],
}
SELECT: Body = {
    "type": 3,
    "custom_id": "pick",
    "options": [{"label": "A", "value": "a", "emoji": {"id": None, "name": "🙂"}, "default": True}],
    "min_values": 0,
    "max_values": 1,
}
PLAIN: Body = {
    "content": "text",
    "flags": 0,
    "allowed_mentions": {"parse": []},
    "embeds": [{"title": "Title", "fields": [{"name": "a", "value": "b"}]}],
    "components": [
        row(button(id=5, emoji={"name": "🙂"})),
        row(SELECT),
        row({"type": 5, "custom_id": "user", "default_values": [{"id": "1", "type": "user"}]}),
    ],
}
LAYOUT: Body = {
    "flags": 1 << 15,
    "components": [
        {
            "type": 17,
            "accent_color": 1,
            "components": [
                {
                    "type": 9,
                    "components": [{"type": 10, "content": "text"}],
                    "accessory": {"type": 11, "media": {"url": "https://a/b"}},
                },
                {"type": 12, "items": [{"media": {"url": "https://a/b"}, "description": "x"}]},
                {"type": 13, "file": {"url": "attachment://a.txt"}},
                {"type": 14, "spacing": 1},
            ],
        }
    ],
}
MODAL: Body = {
    "custom_id": "modal",
    "title": "Title",
    "components": [
        row({"type": 4, "custom_id": "a", "style": 1, "label": "A", "min_length": 1, "max_length": 5}),
        {"type": 18, "label": "B", "component": SELECT},
        {"type": 18, "label": "C", "component": {"type": 19, "custom_id": "c", "required": False}},
        {
            "type": 18,
            "label": "D",
            "component": {
                "type": 21,
                "custom_id": "d",
                "options": [{"label": one, "value": one} for one in ("x", "y")],
            },
        },
    ],
}


def broken(value: Any) -> Iterator[Any]:  # noqa: ANN401 - any JSON
    """Yield copies of a value, in each of which something else stands in one place."""
    yield from WRONG
    if isinstance(value, dict):
        for key, inner in value.items():  # pyright: ignore[reportUnknownVariableType]
            for other in broken(inner):
                yield {**value, key: other}
            yield {one: each for one, each in value.items() if one != key}  # pyright: ignore[reportUnknownVariableType]
    if isinstance(value, list):
        for index, inner in enumerate(value):  # pyright: ignore[reportUnknownVariableType,reportUnknownArgumentType]
            for other in broken(inner):
                yield [*value[:index], other, *value[index + 1 :]]


@pytest.fixture
def unhurried(rough: Stage) -> Stage:
    """A stage on which a bot may ask as often as it likes."""
    rough.sandbox.limits = Limits(requests_per_second=0, global_limit=0, command_creates=1 << 30)
    return rough


TAKEN_OR_REFUSED = frozenset({200, 201, 204, 400, 403, 404, 413, 501})


@pytest.mark.parametrize("body", [COMMAND, NESTED], ids=["flat", "nested"])
async def test_no_command_breaks_its_registration(unhurried: Stage, body: Body) -> None:
    path = f"/applications/{unhurried.sandbox.application_id}/commands"
    for sent in broken(body):
        reply = await unhurried.bot.request("PUT", path, [sent])
        assert reply.status in TAKEN_OR_REFUSED, sent
        assert (await unhurried.bot.request("POST", path, sent)).status in TAKEN_OR_REFUSED, sent


@pytest.mark.parametrize("body", [PLAIN, LAYOUT], ids=["plain", "layout"])
async def test_no_message_breaks_its_sending(unhurried: Stage, person: NewPerson, body: Body) -> None:
    command = await unhurried.register()
    async with person(unhurried.sandbox, "owner") as owner:
        asked = await unhurried.invoke(owner, command)
        await unhurried.bot.answer(asked, 5)
        for sent in broken(body):
            assert (await unhurried.bot.edit(asked, sent)).status in TAKEN_OR_REFUSED, sent


async def test_no_answer_breaks_an_interaction(unhurried: Stage, person: NewPerson) -> None:
    command = await unhurried.register(options=OPTIONS)
    text = {"type": 3, "name": "text", "value": "a"}
    choices: Body = {"choices": [{"name": "A", "value": "a", "name_localizations": {"de": "B"}}]}
    async with person(unhurried.sandbox, "owner") as owner:
        for kind, data in ((9, MODAL), (8, choices), (4, {"content": "x", "flags": 64})):
            for sent in broken(data):
                typed = [{**text, "focused": True}] if kind == 8 else [text]
                asked = await unhurried.invoke(owner, command, typed, kind=4 if kind == 8 else 2)
                path = f"/interactions/{asked['id']}/{asked['token']}/callback"
                reply = await unhurried.bot.request("POST", path, {"type": kind, "data": sent})
                assert reply.status in TAKEN_OR_REFUSED, sent


async def ask(person: Person, method: str, path: str, body: object) -> int:
    """Ask as a person; return the status."""
    try:
        await person.request(method, path, body)
    except RefusedError as refusal:
        return refusal.status
    return 200


async def test_nothing_a_person_sends_breaks_an_invocation(unhurried: Stage, person: NewPerson) -> None:
    sandbox = unhurried.sandbox
    flat, nested = await unhurried.register(options=OPTIONS), await unhurried.register(**NESTED)
    values = {
        "text": "a",
        "number": 1,
        "user": sandbox.world.owner.id,
        "place": sandbox.channel_id,
        "file": "0",
    }
    given = [{"type": one["type"], "name": one["name"], "value": values[one["name"]]} for one in OPTIONS]
    inner = [{"type": 2, "name": "group", "options": [{"type": 1, "name": "sub", "options": given}]}]
    message = (
        await unhurried.bot.request(
            "POST", f"/channels/{sandbox.channel_id}/messages", {**PLAIN, "embeds": []}
        )
    ).body
    place = {"application_id": sandbox.application_id, "channel_id": sandbox.channel_id, "nonce": "1"}
    files = [{"id": "0", "filename": "a.txt", "uploaded_filename": "a/b"}]
    async with person(sandbox, "owner") as owner:
        for kind, data, more in (
            (2, {**identity(flat), "options": given, "attachments": files}, {}),
            (4, {**identity(nested), "options": inner}, {}),
            (3, {"custom_id": "pick", "component_type": 3, "values": ["a"]}, {"message_id": message["id"]}),
        ):
            for sent in broken({"type": kind, **place, **more, "data": data}):
                assert await ask(owner, "POST", "/interactions", sent) in TAKEN_OR_REFUSED, sent


async def test_nothing_a_person_enters_breaks_a_modal(unhurried: Stage, person: NewPerson) -> None:
    command = await unhurried.register()
    entered = [
        row({"type": 4, "custom_id": "a", "value": "abc"}),
        {"type": 18, "component": {"type": 3, "custom_id": "pick", "values": ["a"]}},
        {"type": 18, "component": {"type": 19, "custom_id": "c", "values": ["0"]}},
        {"type": 18, "component": {"type": 21, "custom_id": "d", "value": "x"}},
    ]
    async with person(unhurried.sandbox, "owner") as owner:
        for sent in broken({"custom_id": "modal", "components": entered}):
            asked = await unhurried.invoke(owner, command)
            await unhurried.bot.answer(asked, 9, MODAL)
            body = {
                "type": 5,
                "application_id": command["application_id"],
                "channel_id": unhurried.sandbox.channel_id,
                "data": sent,
            }
            assert await ask(owner, "POST", "/interactions", body) in TAKEN_OR_REFUSED, sent


async def test_no_permissions_break_their_setting(unhurried: Stage, person: NewPerson) -> None:
    command = await unhurried.register()
    sandbox = unhurried.sandbox
    place = f"/applications/{sandbox.application_id}/guilds/{sandbox.guild_id}"
    path = f"{place}/commands/{command['id']}/permissions"
    async with person(sandbox, "owner") as owner:
        entry = {"id": sandbox.guild_id, "type": 1, "permission": True}
        for sent in broken({"permissions": [entry]}):
            assert await ask(owner, "PUT", path, sent) in TAKEN_OR_REFUSED, sent


async def test_no_announcement_of_files_breaks_an_upload(unhurried: Stage, person: NewPerson) -> None:
    path = f"/channels/{unhurried.sandbox.channel_id}/attachments"
    async with person(unhurried.sandbox, "owner") as owner:
        file = {"id": "1", "filename": "a.txt", "file_size": 1}
        for sent in broken({"files": [file]}):
            assert await ask(owner, "POST", path, sent) in TAKEN_OR_REFUSED, sent


def identity(command: Body) -> Body:
    return {key: command[key] for key in ("id", "name", "type", "version")}
