"""The first answer, edits, deletes and follow-ups, and who sees them."""

from typing import Any

import pytest

from acore.sandbox import DidNotRespondError, Person, Sandbox
from tests.sandbox.conftest import NewPerson, Reply
from tests.sandbox.interactions.conftest import Stage, wrong_fields
from tests.sandbox.rawbot import RawBot, button, row, webhook

type Body = dict[str, Any]

EPHEMERAL, LOADING, SUPPRESS_EMBEDS = 64, 128, 4


async def pressed(stage: Stage, person: Person, message: Body, custom_id: str = "press") -> Body:
    """Press a button; return what the bot is told."""
    await person.press(message, custom_id)
    return await stage.bot.asked()


async def say(stage: Stage, **more: object) -> Body:
    """Have the bot say something with a button."""
    body = {"content": "Press", "components": [row(button())], **more}
    path = f"/channels/{stage.sandbox.channel_id}/messages"
    return (await stage.bot.request("POST", path, body)).body


async def original(stage: Stage, interaction: Body, method: str = "GET", body: object = None) -> Reply:
    return await stage.bot.request(method, f"{webhook(interaction)}/messages/@original", body)


# -- which answers there are


@pytest.mark.parametrize("kind", [1, 6, 7, 8, 11, 99, None, "four"])
async def test_a_command_is_not_answered_like_something_else(
    rough: Stage, person: NewPerson, kind: object
) -> None:
    command = await rough.register()
    async with person(rough.sandbox, "owner") as owner:
        asked = await rough.invoke(owner, command)
        path = f"/interactions/{asked['id']}/{asked['token']}/callback"
        refused = await rough.bot.request("POST", path, {"type": kind, "data": {"content": "x"}})
        accepted = await rough.bot.answer(asked, 4, {"content": "x"})

    assert wrong_fields(refused) == {"type"}
    assert accepted.status == 204


@pytest.mark.parametrize("kind", [10, 12, 13])
async def test_what_the_sandbox_has_not_is_said_to_be_unsupported(
    rough: Stage, person: NewPerson, kind: int
) -> None:
    command = await rough.register()
    async with person(rough.sandbox, "owner") as owner:
        refused = await rough.bot.answer(await rough.invoke(owner, command), kind)

    assert refused.status == 501
    assert f"callback type {kind}" in refused.body["message"]


async def test_a_bot_that_is_silent_for_three_seconds_is_too_late(person: NewPerson) -> None:
    async with Sandbox(answer_within=0.05) as sandbox, RawBot.connected(sandbox) as bot:
        stage = Stage(sandbox, bot)
        command = await stage.register()
        async with person(sandbox, "owner") as owner:
            invocation = await stage.begin(owner, command)
            asked = await bot.asked()
            with pytest.raises(DidNotRespondError):
                await invocation.answered()
            late = await bot.answer(asked, 4, {"content": "late"})

    assert (late.status, late.body["code"]) == (404, 10062)


# -- messages


async def test_an_answer_may_have_files_and_embeds_that_show_them(stage: Stage, person: NewPerson) -> None:
    command = await stage.register()
    async with person(stage.sandbox, "owner") as owner:
        invocation = await stage.begin(owner, command)
        data = {
            "embeds": [{"title": "Picture", "image": {"url": "attachment://a.png"}}],
            "attachments": [{"id": "0"}, {"id": "1", "description": "Some text"}],
        }
        files = {"a.png": b"picture", "b.txt": b"text"}
        reply = await stage.bot.answer(await stage.bot.asked(), 4, data, files=files)
        answer = await invocation.answered()

        assert reply.status == 204
        (shown,) = answer["attachments"]  # the picture is in the embed
        assert (shown["filename"], shown["description"]) == ("b.txt", "Some text")
        assert await owner.download(answer["embeds"][0]["image"]["url"]) == b"picture"


async def test_mentions_may_be_told_to_be_silent(stage: Stage, person: NewPerson) -> None:
    command = await stage.register()
    member = stage.sandbox.world.member
    async with person(stage.sandbox, "owner") as owner:
        loud = await stage.invoke(owner, command)
        await stage.bot.answer(loud, 4, {"content": f"<@{member.id}>"})
        quiet = await stage.invoke(owner, command)
        silently: Body = {"parse": []}
        data = {"content": f"<@{member.id}>", "allowed_mentions": silently}
        await stage.bot.answer(quiet, 4, data)

    assert [one["id"] for one in (await original(stage, loud)).body["mentions"]] == [member.id]
    assert (await original(stage, quiet)).body["mentions"] == []


async def test_embeds_may_be_suppressed_from_the_start_and_later(stage: Stage, person: NewPerson) -> None:
    command = await stage.register()
    async with person(stage.sandbox, "owner") as owner:
        asked = await stage.invoke(owner, command)
        await stage.bot.answer(asked, 4, {"content": "x", "flags": SUPPRESS_EMBEDS})
        assert (await original(stage, asked)).body["flags"] == SUPPRESS_EMBEDS
        assert (await stage.bot.edit(asked, {"flags": 0})).body["flags"] == 0


async def test_whether_an_answer_is_ephemeral_is_decided_when_it_is_made(
    stage: Stage, person: NewPerson
) -> None:
    command = await stage.register()
    async with person(stage.sandbox, "owner") as owner:
        public, private = await stage.invoke(owner, command), await stage.invoke(owner, command)
        await stage.bot.answer(public, 4, {"content": "public"})
        await stage.bot.answer(private, 4, {"content": "private", "flags": EPHEMERAL})

        for asked, flags in ((public, 0), (private, EPHEMERAL)):
            for sent in (0, EPHEMERAL):
                assert (await stage.bot.edit(asked, {"content": "x", "flags": sent})).body["flags"] == flags


@pytest.mark.parametrize(("deferred", "sent"), [(0, EPHEMERAL), (EPHEMERAL, 0)])
async def test_the_deferral_decides_who_sees_the_first_follow_up(
    stage: Stage, person: NewPerson, deferred: int, sent: int
) -> None:
    command = await stage.register()
    async with person(stage.sandbox, "owner") as owner, person(stage.sandbox, "member") as member:
        asked = await stage.invoke(owner, command)
        await stage.bot.answer(asked, 5, {"flags": deferred, "content": "not yet"})
        thinking = (await original(stage, asked)).body
        first = (await stage.bot.follow_up(asked, {"content": "first", "flags": sent})).body
        second = (await stage.bot.follow_up(asked, {"content": "second", "flags": sent})).body
        await member.catch_up()
        seen = {one.data["content"] for one in member.events if one.name == "MESSAGE_UPDATE"}

    assert (thinking["content"], thinking["flags"]) == ("", deferred | LOADING)
    assert (first["id"], first["flags"]) == (thinking["id"], deferred)
    assert (second["flags"], second["message_reference"]["message_id"]) == (sent, first["id"])
    assert seen == (set() if deferred else {"first"})


async def test_thinking_that_was_deleted_is_not_taken_up_again(stage: Stage, person: NewPerson) -> None:
    command = await stage.register()
    async with person(stage.sandbox, "owner") as owner:
        asked = await stage.invoke(owner, command)
        await stage.bot.answer(asked, 5)
        thinking = (await original(stage, asked)).body
        assert (await original(stage, asked, "DELETE")).status == 204
        gone = await owner.wait_for(lambda event: event.name == "MESSAGE_DELETE", within=5)
        follow_up = (await stage.bot.follow_up(asked, {"content": "anyway"})).body
        edit = await stage.bot.edit(asked, {"content": "x"})

    assert gone.data["id"] == thinking["id"]
    assert follow_up["id"] != thinking["id"]
    assert (edit.status, edit.body["code"]) == (404, 10008)


async def test_there_may_be_any_number_of_follow_ups_each_changed_and_deleted_alone(
    stage: Stage, person: NewPerson
) -> None:
    command = await stage.register()
    async with person(stage.sandbox, "owner") as owner:
        asked = await stage.invoke(owner, command)
        await stage.bot.answer(asked, 4, {"content": "0"})
        sent = [
            (
                await stage.bot.follow_up(asked, {"content": str(number), "flags": EPHEMERAL * (number % 2)})
            ).body
            for number in range(1, 8)
        ]
        for message in sent:
            await stage.bot.edit(asked, {"content": f"{message['content']}!"}, message["id"])
        for message in sent[:2]:
            path = f"{webhook(asked)}/messages/{message['id']}"
            assert (await stage.bot.request("DELETE", path)).status == 204
        await owner.catch_up()
        listed = await owner.messages()
        deleted = [one.data["id"] for one in owner.events if one.name == "MESSAGE_DELETE"]

    assert [one["content"] for one in reversed(listed)] == ["0", "4!", "6!"]
    assert deleted == [one["id"] for one in sent[:2]]


async def test_an_ephemeral_message_is_out_of_the_ordinary_routes_reach(
    stage: Stage, person: NewPerson
) -> None:
    command = await stage.register()
    async with person(stage.sandbox, "owner") as owner:
        asked = await stage.invoke(owner, command)
        await stage.bot.answer(asked, 4, {"content": "secret", "flags": EPHEMERAL})
        message = (await original(stage, asked)).body
        path = f"/channels/{stage.sandbox.channel_id}/messages/{message['id']}"
        for method, body in (("GET", None), ("PATCH", {"content": "x"}), ("DELETE", None)):
            reply = await stage.bot.request(method, path, body)
            assert (reply.status, reply.body["code"]) == (404, 10008)
        assert (await original(stage, asked)).body["content"] == "secret"


@pytest.mark.parametrize("kind", ["follow-up", "answer to its button"])
async def test_a_public_message_that_follows_an_ephemeral_one_does_not_show_it(
    stage: Stage, person: NewPerson, kind: str
) -> None:
    command = await stage.register()
    async with person(stage.sandbox, "owner") as owner, person(stage.sandbox, "member") as member:
        asked = await stage.invoke(owner, command)
        data = {"content": "secret", "flags": EPHEMERAL, "components": [row(button())]}
        await stage.bot.answer(asked, 4, data)
        private = (await stage.bot.follow_up(asked, {"content": "whispered", "flags": EPHEMERAL})).body
        if kind == "follow-up":
            await stage.bot.follow_up(asked, {"content": "public"})
        else:
            press = await pressed(stage, owner, (await original(stage, asked)).body)
            await stage.bot.answer(press, 4, {"content": "public"})
        await member.catch_up()
        told = [one.data for one in member.events if one.name == "MESSAGE_CREATE"]
        told += await member.messages()

    assert private["referenced_message"]["content"] == "secret"
    assert [one["content"] for one in told] == ["public", "public"]
    assert [one["referenced_message"] for one in told] == [None, None]
    assert "secret" not in str(told)


async def test_the_callback_tells_what_it_did_if_asked(stage: Stage, person: NewPerson) -> None:
    command = await stage.register()
    query = "?with_response=true"
    async with person(stage.sandbox, "owner") as owner:
        asked = await stage.invoke(owner, command)
        said = (await stage.bot.answer(asked, 4, {"content": "x", "flags": EPHEMERAL}, query=query)).body
        shown = await stage.bot.answer(
            await stage.invoke(owner, command),
            9,
            {"custom_id": "m", "title": "M", "components": [FORM]},
            query=query,
        )
        message = await say(stage)
        updated = await stage.bot.answer(
            await pressed(stage, owner, message), 7, {"content": "y"}, query=query
        )

    assert said["interaction"] == {
        "id": asked["id"],
        "type": 2,
        "channel_id": asked["channel_id"],
        "guild_id": asked["guild_id"],
        "response_message_id": said["resource"]["message"]["id"],
        "response_message_loading": False,
        "response_message_ephemeral": True,
    }
    assert said["resource"]["type"] == 4
    assert "resource" not in shown.body
    assert updated.body["resource"]["type"] == 7
    assert updated.body["resource"]["message"]["id"] == message["id"]


FORM: Body = row({"type": 4, "custom_id": "text", "style": 1, "label": "Text"})


# -- what follows a component


async def test_a_button_may_change_its_message_or_leave_it(stage: Stage, person: NewPerson) -> None:
    message = await say(stage)
    async with person(stage.sandbox, "owner") as owner:
        later = await pressed(stage, owner, message)
        assert (await stage.bot.answer(later, 6)).status == 204
        assert (await original(stage, later)).body["content"] == "Press"
        assert (await stage.bot.edit(later, {"content": "Pressed"})).body["id"] == message["id"]

        at_once = await pressed(stage, owner, message)
        await stage.bot.answer(at_once, 7, {"content": "Again", "components": []})
        changed = (await original(stage, at_once)).body
        said = (await stage.bot.follow_up(at_once, {"content": "more"})).body
        assert (await original(stage, at_once, "DELETE")).status == 204

        assert (changed["id"], changed["content"], changed["components"]) == (message["id"], "Again", [])
        assert [one["id"] for one in await owner.messages()] == [said["id"]]


async def test_a_button_may_be_answered_with_a_message_that_refers_to_it(
    stage: Stage, person: NewPerson
) -> None:
    message = await say(stage)
    async with person(stage.sandbox, "owner") as owner:
        asked = await pressed(stage, owner, message)
        await stage.bot.answer(asked, 4, {"content": "Thank you"})
        answer = (await original(stage, asked)).body

    assert answer["message_reference"]["message_id"] == message["id"]
    assert answer["interaction_metadata"]["interacted_message_id"] == message["id"]
    assert answer["interaction_metadata"]["type"] == 3


async def test_an_ephemeral_message_is_changed_by_its_own_button(stage: Stage, person: NewPerson) -> None:
    command = await stage.register()
    async with person(stage.sandbox, "owner") as owner, person(stage.sandbox, "member") as member:
        asked = await stage.invoke(owner, command)
        data = {"content": "Press", "flags": EPHEMERAL, "components": [row(button())]}
        await stage.bot.answer(asked, 4, data)
        message = (await original(stage, asked)).body
        press = await pressed(stage, owner, message)
        assert press["message"]["flags"] == EPHEMERAL
        await stage.bot.answer(press, 7, {"content": "Pressed", "components": []})
        changed = (await original(stage, press)).body
        assert (await original(stage, press, "DELETE")).status == 204
        await member.catch_up()

        assert (changed["id"], changed["content"], changed["flags"]) == (message["id"], "Pressed", EPHEMERAL)
        assert not [one for one in member.events if one.data.get("id") == message["id"]]
