"""Files people give to commands: uploaded ahead, as Discord's own clients do, or sent along."""

from typing import Any

import aiohttp
import pytest

from acore.sandbox import Person, RefusedError, SentFile
from tests.sandbox.conftest import NewPerson
from tests.sandbox.interactions.conftest import Stage, wrong_fields

type Body = dict[str, Any]

FILE: Body = {"type": 11, "name": "file", "description": "A file", "required": True}
OTHER: Body = {"type": 11, "name": "other", "description": "Another file"}


def given(number: str, name: str = "file") -> Body:
    return {"type": 11, "name": name, "value": number}


async def uploaded(stage: Stage, person: Person, filename: str, data: bytes) -> str:
    """Upload a file ahead; return the name it goes by."""
    files = [{"id": "1", "filename": filename, "file_size": len(data), "is_clip": False}]
    path = f"/channels/{stage.sandbox.channel_id}/attachments"
    (told,) = (await person.request("POST", path, {"files": files}))["attachments"]
    async with aiohttp.ClientSession() as http, http.put(told["upload_url"], data=data) as reply:
        assert reply.status == 200
    return told["upload_filename"]


async def test_a_file_that_was_uploaded_ahead_reaches_the_bot(stage: Stage, person: NewPerson) -> None:
    command = await stage.register(options=[FILE])
    async with person(stage.sandbox, "owner") as owner:
        name = await uploaded(stage, owner, "ä notes.txt", b"hello")
        listed = [{"id": "0", "filename": "ä notes.txt", "uploaded_filename": name}]
        data = (await stage.invoke(owner, command, [given("0")], data={"attachments": listed}))["data"]
        (option,) = data["options"]
        file = data["resolved"]["attachments"][option["value"]]

        assert (file["filename"], file["size"], file["ephemeral"]) == ("ä_notes.txt", 5, True)
        assert await owner.download(file["url"]) == b"hello"


async def test_files_that_are_sent_along_reach_the_bot(stage: Stage, person: NewPerson) -> None:
    await stage.register(options=[FILE, OTHER])
    async with person(stage.sandbox, "owner") as owner:
        files = {"file": SentFile("a.txt", b"a"), "other": SentFile("b.png", b"b")}
        await owner.start_invoke("cmd", files)
        data = (await stage.bot.asked())["data"]
        kept = [data["resolved"]["attachments"][one["value"]] for one in data["options"]]

        assert [one["filename"] for one in kept] == ["a.txt", "b.png"]
        assert [await owner.download(one["url"]) for one in kept] == [b"a", b"b"]


async def test_a_file_that_never_came_and_one_of_somebody_else_are_refused(
    stage: Stage, person: NewPerson
) -> None:
    command = await stage.register(options=[FILE])
    async with person(stage.sandbox, "owner") as owner, person(stage.sandbox, "member") as member:
        theirs = await uploaded(stage, member, "a.txt", b"a")
        path = f"/channels/{stage.sandbox.channel_id}/attachments"
        files = [{"id": "1", "filename": "b.txt", "file_size": 1}]
        (announced,) = (await owner.request("POST", path, {"files": files}))["attachments"]
        for number, name in (("0", theirs), ("0", announced["upload_filename"]), ("0", "x"), ("1", theirs)):
            listed = [{"id": "0", "filename": "a.txt", "uploaded_filename": name}]
            with pytest.raises(RefusedError) as refusal:
                await stage.begin(owner, command, [given(number)], data={"attachments": listed})
            assert wrong_fields(refusal.value) == {"data.options.0.value"}
