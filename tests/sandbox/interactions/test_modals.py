"""Modals: what one may be made of, what a person may enter, and what the bot gets back."""

from typing import Any

import pytest

from acore.sandbox import DidNotRespondError, Person, RefusedError, Sandbox, SentFile
from tests.sandbox.conftest import NewPerson
from tests.sandbox.interactions.conftest import Stage, wrong_fields
from tests.sandbox.rawbot import RawBot, button, row

type Body = dict[str, Any]


def written(custom_id: str = "text", **more: object) -> Body:
    """Return a text input in a row, as nextcord sends it."""
    return row({"type": 4, "custom_id": custom_id, "style": 1, "label": "Text", **more})


def label(component: Body, **more: object) -> Body:
    return {"type": 18, "label": "Label", "component": component, **more}


def field(kind: int, custom_id: str = "field", **more: object) -> Body:
    return {"type": kind, "custom_id": custom_id, **more}


def options(*values: str, **more: object) -> list[Body]:
    return [{"label": value.upper(), "value": value, **more} for value in values]


async def show(stage: Stage, person: Person, *components: Body, **more: object) -> Body:
    """Have the bot show a modal; return it as the person sees it."""
    command = await stage.register()
    invocation = await stage.begin(person, command)
    data = {"custom_id": "modal", "title": "Title", "components": list(components), **more}
    reply = await stage.bot.answer(await stage.bot.asked(), 9, data)
    assert reply.status == 204, reply.body
    return await invocation.modal()


async def entered(stage: Stage, person: Person, modal: Body, **entries: object) -> Body:
    """Submit a modal; return what the bot gets."""
    await person.submit(modal, entries)
    return (await stage.bot.asked())["data"]


async def refused(person: Person, modal: Body, **entries: object) -> set[str]:
    """Submit what is refused; return the fields that are named."""
    with pytest.raises(RefusedError) as refusal:
        await person.submit(modal, entries)
    return wrong_fields(refusal.value)


WRONG: list[tuple[Body, str]] = [
    ({"custom_id": ""}, "data.custom_id"),
    ({"custom_id": "x" * 101}, "data.custom_id"),
    ({"title": None}, "data.title"),
    ({"title": "x" * 46}, "data.title"),
    ({"components": []}, "data.components"),
    ({"components": [written(str(number)) for number in range(6)]}, "data.components"),
    ({"components": [row(button())]}, "data.components.0.components.0.type"),
    ({"components": [field(4, style=1, label="Bare")]}, "data.components.0.type"),
    ({"components": [written(), written()]}, "data.components.1.components.0.custom_id"),
    ({"components": [written(label=None)]}, "data.components.0.components.0.label"),
    ({"components": [written(label="x" * 46)]}, "data.components.0.components.0.label"),
    ({"components": [written(style=3)]}, "data.components.0.components.0.style"),
    ({"components": [written(style=None)]}, "data.components.0.components.0.style"),
    ({"components": [written(min_length=4001)]}, "data.components.0.components.0.min_length"),
    ({"components": [written(max_length=0)]}, "data.components.0.components.0.max_length"),
    ({"components": [written(min_length=2, max_length=1)]}, "data.components.0.components.0.min_length"),
    ({"components": [written(value="x" * 4001)]}, "data.components.0.components.0.value"),
    ({"components": [written(placeholder="x" * 101)]}, "data.components.0.components.0.placeholder"),
    ({"components": [written(required="no")]}, "data.components.0.components.0.required"),
    ({"components": [{"type": 18, "label": "Empty"}]}, "data.components.0.component"),
    ({"components": [label(field(23), label="")]}, "data.components.0.label"),
    ({"components": [label(field(23), description="x" * 101)]}, "data.components.0.description"),
    ({"components": [label(button())]}, "data.components.0.component.type"),
    ({"components": [label(field(3))]}, "data.components.0.component.options"),
    ({"components": [label(field(5, disabled=True))]}, "data.components.0.component.disabled"),
    ({"components": [label(field(19, max_values=11))]}, "data.components.0.component.max_values"),
    ({"components": [label(field(21, options=options("a")))]}, "data.components.0.component.options"),
    (
        {"components": [label(field(21, options=options("a", "b", default=True)))]},
        "data.components.0.component.options",
    ),
    ({"components": [label(field(22, options=[]))]}, "data.components.0.component.options"),
    ({"components": [label(field(23, default="yes"))]}, "data.components.0.component.default"),
    ({"components": [{"type": 10, "content": ""}]}, "data.components.0.content"),
]


@pytest.mark.parametrize(("change", "named"), WRONG)
async def test_a_modal_against_the_rules_is_refused_and_may_be_shown_right(
    rough: Stage, person: NewPerson, change: Body, named: str
) -> None:
    command = await rough.register()
    right = {"custom_id": "modal", "title": "Title", "components": [written()]}
    async with person(rough.sandbox, "owner") as owner:
        asked = await rough.invoke(owner, command)
        wrong = await rough.bot.answer(asked, 9, {**right, **change})
        accepted = await rough.bot.answer(asked, 9, right)

    assert named in wrong_fields(wrong)
    assert accepted.status == 204


async def test_what_is_entered_comes_back_in_the_modals_own_layout(stage: Stage, person: NewPerson) -> None:
    async with person(stage.sandbox, "owner") as owner:
        modal = await show(
            stage,
            owner,
            written("short"),
            {"type": 10, "content": "Read this"},
            label(field(4, "long", style=2)),
            label(field(23, "agree")),
        )
        data = await entered(stage, owner, modal, short="a", long="b\nc", agree=True)

    assert data["custom_id"] == "modal"
    assert [one["type"] for one in data["components"]] == [1, 10, 18, 18]
    assert data["components"][0]["components"][0]["value"] == "a"
    assert data["components"][2]["component"]["value"] == "b\nc"
    assert data["components"][3]["component"]["value"] is True


async def test_what_is_picked_comes_back_with_what_it_stands_for(stage: Stage, person: NewPerson) -> None:
    world = stage.sandbox.world
    async with person(stage.sandbox, "owner") as owner:
        first = await show(
            stage,
            owner,
            label(field(3, "texts", options=options("a", "b", "c"), max_values=2)),
            label(field(5, "users")),
            label(field(6, "roles")),
            label(field(7, "both", max_values=2)),
            label(field(8, "channels", channel_types=[0])),
        )
        picked = await entered(
            stage,
            owner,
            first,
            texts=["c", "a"],
            users=[world.member.id],
            roles=[world.guild.id],
            both=[world.owner.id, world.guild.id],
            channels=[world.channel.id],
        )
        second = await show(
            stage,
            owner,
            label(field(21, "radio", options=options("a", "b"))),
            label(field(22, "boxes", options=options("a", "b", "c"))),
            label(field(19, "files", max_values=2)),
        )
        files = [SentFile("a.txt", b"a"), SentFile("b.txt", b"bc")]
        more = await entered(stage, owner, second, radio="b", boxes=["a", "c"], files=files)

        values = [one["component"]["values"] for one in picked["components"]]
        assert values[0] == ["c", "a"]
        assert set(picked["resolved"]["users"]) == {world.member.id, world.owner.id}
        assert set(picked["resolved"]["roles"]) == {world.guild.id}
        assert set(picked["resolved"]["channels"]) == {world.channel.id}
        radio, boxes, uploads = (one["component"] for one in more["components"])
        assert (radio["value"], boxes["values"]) == ("b", ["a", "c"])
        kept = [more["resolved"]["attachments"][one] for one in uploads["values"]]
        assert [one["filename"] for one in kept] == ["a.txt", "b.txt"]
        assert await owner.download(kept[1]["url"]) == b"bc"


async def test_what_does_not_suit_an_input_is_refused(rough: Stage, person: NewPerson) -> None:
    async with person(rough.sandbox, "owner") as owner:
        modal = await show(
            rough,
            owner,
            label(field(4, "text", style=1, min_length=2, max_length=3)),
            label(field(3, "pick", options=options("a", "b"), required=False)),
            label(field(21, "radio", options=options("a", "b"))),
            label(field(19, "files", required=False)),
            label(field(23, "agree")),
        )
        right: Body = {"text": "abc", "radio": "a"}
        for entry, named in (
            ({"text": ""}, "data.components.0.component.value"),
            ({"text": "a"}, "data.components.0.component.value"),
            ({"text": "abcd"}, "data.components.0.component.value"),
            ({"text": 5}, "data.components.0.component.value"),
            ({"pick": ["c"]}, "data.components.1.component.values.0"),
            ({"pick": ["a", "b"]}, "data.components.1.component.values"),
            ({"radio": "c"}, "data.components.2.component.value"),
            ({"radio": None}, "data.components.2.component.value"),
            ({"files": [SentFile("a", b""), SentFile("b", b"")]}, "data.components.3.component.values"),
            ({"agree": "yes"}, "data.components.4.component.value"),
        ):
            assert named in await refused(owner, modal, **right | entry), entry
        data = await entered(rough, owner, modal, **right)

    text, pick, _, files, agree = (one["component"] for one in data["components"])
    assert (text["value"], pick["values"], files["values"], agree["value"]) == ("abc", [], [], False)


async def test_a_required_input_that_is_left_out_and_one_that_was_not_shown_are_refused(
    rough: Stage, person: NewPerson
) -> None:
    async with person(rough.sandbox, "owner") as owner:
        modal = await show(rough, owner, written("text"), written("free", required=False))
        data: Body = {"id": modal["id"], "custom_id": "modal", "components": []}
        with pytest.raises(RefusedError) as missing:
            await owner.interact(5, rough.sandbox.application_id, data)
        data["components"] = [written("text", value="a"), written("other", value="b")]
        with pytest.raises(RefusedError) as unknown:
            await owner.interact(5, rough.sandbox.application_id, data)

    assert wrong_fields(missing.value) == {"data.components.text.value"}
    assert wrong_fields(unknown.value) == {"data.components.1.components.0.custom_id"}


async def test_a_modal_is_submitted_once_by_the_one_who_was_shown_it(stage: Stage, person: NewPerson) -> None:
    async with person(stage.sandbox, "owner") as owner, person(stage.sandbox, "member") as member:
        modal = await show(stage, owner, written())
        assert await refused(member, modal, text="mine") == {"data.custom_id"}
        await entered(stage, owner, modal, text="once")
        assert await refused(owner, modal, text="twice") == {"data.custom_id"}


async def test_a_modal_is_submitted_again_when_the_bot_did_not_answer(person: NewPerson) -> None:
    async with Sandbox(answer_within=0.2) as sandbox, RawBot.connected(sandbox) as bot:
        stage = Stage(sandbox, bot)
        async with person(sandbox, "owner") as owner:
            modal = await show(stage, owner, written())
            ignored = await owner.submit(modal, {"text": "once"})
            with pytest.raises(DidNotRespondError):
                await ignored.answered()
            await bot.asked()
            again = await owner.submit(modal, {"text": "twice"})
            await bot.answer(await bot.asked(), 4, {"content": "at last"})

            assert (await again.answered())["content"] == "at last"


async def test_a_modal_from_a_button_may_change_the_buttons_message(stage: Stage, person: NewPerson) -> None:
    path = f"/channels/{stage.sandbox.channel_id}/messages"
    body = {"content": "Press", "components": [row(button())]}
    message = (await stage.bot.request("POST", path, body)).body
    async with person(stage.sandbox, "owner") as owner:
        press = await owner.press(message, "press")
        pressed = await stage.bot.asked()
        modal = {"custom_id": "modal", "title": "Title", "components": [written()]}
        await stage.bot.answer(pressed, 9, modal)
        await owner.submit(await press.modal(), {"text": "a"})
        submitted = await stage.bot.asked()
        assert submitted["message"]["id"] == message["id"]
        await stage.bot.answer(submitted, 7, {"content": "Submitted"})
        (changed,) = await owner.messages()
        follow_up = (await stage.bot.follow_up(submitted, {"content": "more"})).body

    assert (changed["id"], changed["content"]) == (message["id"], "Submitted")
    triggering = follow_up["interaction_metadata"]["triggering_interaction_metadata"]
    assert (triggering["id"], triggering["interacted_message_id"]) == (pressed["id"], message["id"])


@pytest.mark.parametrize("kind", [7, 8, 9])
async def test_a_modal_from_a_command_has_no_message_to_change_and_shows_no_other(
    rough: Stage, person: NewPerson, kind: int
) -> None:
    async with person(rough.sandbox, "owner") as owner:
        modal = await show(rough, owner, written())
        await owner.submit(modal, {"text": "a"})
        submitted = await rough.bot.asked()
        data = {"custom_id": "modal", "title": "Title", "components": [written()]}

        assert wrong_fields(await rough.bot.answer(submitted, kind, data)) == {"type"}


async def test_a_command_that_showed_a_modal_may_still_be_followed_up(
    stage: Stage, person: NewPerson
) -> None:
    command = await stage.register()
    async with person(stage.sandbox, "owner") as owner:
        asked = await stage.invoke(owner, command)
        modal = {"custom_id": "modal", "title": "Title", "components": [written()]}
        await stage.bot.answer(asked, 9, modal)
        said = await stage.bot.follow_up(asked, {"content": "meanwhile"})
        edit = await stage.bot.edit(asked, {"content": "x"})

    assert said.body["content"] == "meanwhile"
    assert (edit.status, edit.body["code"]) == (404, 10008)


async def test_a_modal_from_a_command_may_be_closed_without_a_word(stage: Stage, person: NewPerson) -> None:
    async with person(stage.sandbox, "owner") as owner:
        modal = await show(stage, owner, written())
        invocation = await owner.submit(modal, {"text": "a"})
        submitted = await stage.bot.asked()
        assert (await stage.bot.answer(submitted, 6)).status == 204
        assert (await invocation.settled()).name == "INTERACTION_SUCCESS"
        edit = await stage.bot.edit(submitted, {"content": "x"})
        said = await stage.bot.follow_up(submitted, {"content": "later"})

    assert (edit.status, edit.body["code"]) == (404, 10008)
    assert said.body["content"] == "later"
