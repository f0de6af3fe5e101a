"""Suggestions while a person types."""

from typing import Any

import pytest

from acore.sandbox import RefusedError
from tests.sandbox.conftest import NewPerson
from tests.sandbox.interactions.conftest import Stage, wrong_fields

type Body = dict[str, Any]

TEXT: Body = {"type": 3, "name": "text", "description": "Some text", "autocomplete": True, "required": True}
NUMBER: Body = {"type": 4, "name": "number", "description": "A number", "autocomplete": True, "min_value": 5}
SHARE: Body = {"type": 10, "name": "share", "description": "A share", "autocomplete": True}
PLAIN: Body = {"type": 3, "name": "plain", "description": "Typed in full"}


def typed(option: Body, value: object) -> Body:
    """Return an option that is being typed."""
    return {"type": option["type"], "name": option["name"], "value": value, "focused": True}


@pytest.mark.parametrize(
    ("option", "value"), [(TEXT, ""), (TEXT, "ab"), (NUMBER, "1"), (NUMBER, 1), (SHARE, "0.")]
)
async def test_what_is_typed_so_far_reaches_the_bot(
    stage: Stage, person: NewPerson, option: Body, value: object
) -> None:
    command = await stage.register(options=[TEXT, NUMBER, SHARE])
    async with person(stage.sandbox, "owner") as owner:
        asked = await stage.invoke(owner, command, [typed(option, value)], kind=4)

    assert asked["type"] == 4
    assert asked["data"]["options"] == [typed(option, value)]


@pytest.mark.parametrize(
    ("options", "field"),
    [
        ([], "data.options"),
        ([{"type": 3, "name": "text", "value": "a"}], "data.options"),
        ([typed(TEXT, "a"), typed(NUMBER, "1")], "data.options.1.focused"),
        ([typed(PLAIN, "a")], "data.options.0.focused"),
        ([typed(TEXT, None)], "data.options.0.value"),
        ([typed(TEXT, ["a"])], "data.options.0.value"),
    ],
)
async def test_exactly_one_option_is_typed(
    rough: Stage, person: NewPerson, options: list[Body], field: str
) -> None:
    command = await rough.register(options=[TEXT, NUMBER, PLAIN])
    async with person(rough.sandbox, "owner") as owner:
        with pytest.raises(RefusedError) as refusal:
            await rough.begin(owner, command, options, kind=4)

    assert field in wrong_fields(refusal.value)


@pytest.mark.parametrize(
    ("option", "choice"),
    [
        (TEXT, {"name": "A", "value": 1}),
        (TEXT, {"name": "A", "value": "x" * 101}),
        (TEXT, {"name": "", "value": "a"}),
        (TEXT, {"name": "x" * 101, "value": "a"}),
        (TEXT, {"value": "a"}),
        (TEXT, {"name": "A"}),
        (NUMBER, {"name": "A", "value": "1"}),
        (NUMBER, {"name": "A", "value": 1.5}),
        (NUMBER, {"name": "A", "value": 1 << 53}),
        (SHARE, {"name": "A", "value": "1"}),
        (SHARE, {"name": "A", "value": True}),
        (TEXT, "a"),
    ],
)
async def test_a_choice_that_does_not_suit_the_option_is_refused(
    rough: Stage, person: NewPerson, option: Body, choice: object
) -> None:
    command = await rough.register(options=[TEXT, NUMBER, SHARE])
    async with person(rough.sandbox, "owner") as owner:
        asked = await rough.invoke(owner, command, [typed(option, "1")], kind=4)
        good = {"name": "One", "value": "1" if option is TEXT else 1}
        refused = await rough.bot.answer(asked, 8, {"choices": [good, choice]})
        accepted = await rough.bot.answer(asked, 8, {"choices": [good]})

    fields = wrong_fields(refused)
    assert all(one.startswith("data.choices.1") for one in fields)
    assert accepted.status == 204


async def test_at_most_25_choices_go_to_the_one_who_types(rough: Stage, person: NewPerson) -> None:
    command = await rough.register(options=[TEXT])
    many = [{"name": str(number), "value": str(number)} for number in range(26)]
    async with person(rough.sandbox, "owner") as owner, person(rough.sandbox, "member") as member:
        invocation = await rough.begin(owner, command, [typed(TEXT, "a")], kind=4)
        asked = await rough.bot.asked()
        too_many = await rough.bot.answer(asked, 8, {"choices": many})
        fit = await rough.bot.answer(asked, 8, {"choices": many[:25]})
        offered = await invocation.settled()
        await member.catch_up()

        assert wrong_fields(too_many) == {"data.choices"}
        assert (fit.status, offered.data["choices"]) == (204, many[:25])
        assert not [one for one in member.events if one.name.startswith("APPLICATION_COMMAND_AUTO")]


async def test_suggestions_are_the_only_answer_to_typing_and_end_the_token(
    stage: Stage, person: NewPerson
) -> None:
    command = await stage.register(options=[TEXT])
    async with person(stage.sandbox, "owner") as owner:
        asked = await stage.invoke(owner, command, [typed(TEXT, "a")], kind=4)
        as_message = await stage.bot.answer(asked, 4, {"content": "a"})
        await stage.bot.answer(asked, 8, {"choices": []})
        again = await stage.bot.answer(asked, 8, {"choices": []})
        follow_up = await stage.bot.follow_up(asked, {"content": "a"})

    assert wrong_fields(as_message) == {"type"}
    assert (again.status, again.body["code"]) == (400, 40060)
    assert (follow_up.status, follow_up.body["code"]) == (404, 10015)


async def test_suggestions_are_no_answer_to_a_command(stage: Stage, person: NewPerson) -> None:
    command = await stage.register()
    async with person(stage.sandbox, "owner") as owner:
        asked = await stage.invoke(owner, command)

        assert wrong_fields(await stage.bot.answer(asked, 8, {"choices": []})) == {"type"}
