"""What Discord demands of commands when they are registered, and what it sends back."""

from typing import Any

import pytest

from tests.sandbox.interactions.conftest import Stage, wrong_fields

type Body = dict[str, Any]


def option(kind: object = 3, name: str = "one", **more: object) -> Body:
    return {"type": kind, "name": name, "description": "An option", **more}


def choices(*values: object) -> list[Body]:
    return [{"name": f"choice {value}", "value": value} for value in values]


def sub(name: str, *options: Body) -> Body:
    return option(1, name, options=list(options))


def group(name: str, *options: Body) -> Body:
    return option(2, name, options=list(options))


@pytest.mark.parametrize(
    ("command", "field"),
    [
        ({"type": 5}, "type"),
        ({"type": True}, "type"),
        ({"name": ""}, "name"),
        ({"name": "x" * 33}, "name"),
        ({"name": "Capital"}, "name"),
        ({"name": "two words"}, "name"),
        ({"name": "dot."}, "name"),
        ({"name": 7}, "name"),
        ({"description": None}, "description"),
        ({"description": "x" * 101}, "description"),
        ({"name_localizations": {"xx": "name"}}, "name_localizations.xx"),
        ({"name_localizations": {"de": "Groß"}}, "name_localizations.de"),
        ({"name_localizations": ["de"]}, "name_localizations"),
        ({"description_localizations": {"de": ""}}, "description_localizations.de"),
        ({"default_member_permissions": "many"}, "default_member_permissions"),
        ({"default_member_permissions": -1}, "default_member_permissions"),
        ({"default_member_permissions": str(1 << 54)}, "default_member_permissions"),
        ({"contexts": [3]}, "contexts.0"),
        ({"contexts": []}, "contexts"),
        ({"contexts": [0, 0]}, "contexts.1"),
        ({"integration_types": [2]}, "integration_types.0"),
        ({"dm_permission": "yes"}, "dm_permission"),
        ({"nsfw": 1}, "nsfw"),
        ({"type": 2, "options": [option()]}, "options"),
        ({"options": "many"}, "options"),
        ({"options": [7]}, "options.0"),
        ({"options": [option(name=f"o{number}") for number in range(26)]}, "options"),
        ({"options": [option(12)]}, "options.0.type"),
        ({"options": [option([])]}, "options.0.type"),
        ({"options": [option(name="Big")]}, "options.0.name"),
        ({"options": [option(), option()]}, "options.1.name"),
        ({"options": [option(), option(name="two", required=True)]}, "options.1"),
        ({"options": [option(required="yes")]}, "options.0.required"),
        ({"options": [sub("one"), option(name="two")]}, "options.1.type"),
        ({"options": [sub("one", sub("two"))]}, "options.0.options.0.type"),
        ({"options": [group("one", group("two"))]}, "options.0.options.0.type"),
        ({"options": [group("one", option())]}, "options.0.options.0.type"),
        (
            {"options": [sub("one", option(name="a"), option(name="b", required=True))]},
            "options.0.options.1",
        ),
        ({"options": [option(3, min_value=1)]}, "options.0.min_value"),
        ({"options": [option(4, min_length=1)]}, "options.0.min_length"),
        ({"options": [option(3, min_length=-1)]}, "options.0.min_length"),
        ({"options": [option(3, min_length=6001)]}, "options.0.min_length"),
        ({"options": [option(3, max_length=0)]}, "options.0.max_length"),
        ({"options": [option(3, min_length=3, max_length=2)]}, "options.0.min_length"),
        ({"options": [option(4, min_value=1.5)]}, "options.0.min_value"),
        ({"options": [option(4, min_value=1 << 53)]}, "options.0.min_value"),
        ({"options": [option(10, max_value="9")]}, "options.0.max_value"),
        ({"options": [option(10, min_value=2, max_value=1)]}, "options.0.min_value"),
        ({"options": [option(3, channel_types=[0])]}, "options.0.channel_types"),
        ({"options": [option(7, channel_types=[99])]}, "options.0.channel_types.0"),
        ({"options": [option(5, choices=choices("a"))]}, "options.0.choices"),
        ({"options": [option(3, choices=choices(1))]}, "options.0.choices.0.value"),
        ({"options": [option(4, choices=choices("1"))]}, "options.0.choices.0.value"),
        ({"options": [option(10, choices=choices({}))]}, "options.0.choices.0.value"),
        ({"options": [option(10, choices=[{"name": "a", "value": True}])]}, "options.0.choices.0.value"),
        ({"options": [option(3, choices=choices("x" * 101))]}, "options.0.choices.0.value"),
        ({"options": [option(3, choices=[{"name": "", "value": "a"}])]}, "options.0.choices.0.name"),
        ({"options": [option(3, choices=[{"name": "a"}])]}, "options.0.choices.0.value"),
        ({"options": [option(4, choices=choices(*range(26)))]}, "options.0.choices"),
        ({"options": [option(3, choices=[*choices("a"), *choices("a")])]}, "options.0.choices.1.name"),
        ({"options": [option(3, choices=choices("a"), autocomplete=True)]}, "options.0.choices"),
        ({"options": [option(6, autocomplete=True)]}, "options.0.autocomplete"),
        ({"options": [option(3, options=[option()])]}, "options.0.options"),
    ],
)
async def test_a_command_against_the_rules_is_refused_and_the_field_named(
    rough: Stage, command: Body, field: str
) -> None:
    assert field in wrong_fields(await rough.try_to_register(**command))


@pytest.mark.parametrize(
    "command",
    [
        {"name": "größe"},
        {"name": "команда"},
        {"name": "命令"},
        {"name": "आदेश"},
        {"name": "คำสั่ง"},
        {"name": "with-all_of_it'9"},
        {"name": "Two Words!", "type": 2},
        {"name": "Ask 🙂", "type": 3},
        {"options": [option(4, min_value=-(2**53) + 1, max_value=2**53 - 1)]},
        {"options": [option(3, min_length=0, max_length=6000)]},
        {"options": [option(10, choices=choices(1, 2.5))]},
        {"options": [option(required=True), option(name="two")]},
        {"options": [group("one", sub("two", option(required=True), option(name="b"))), sub("three")]},
        {"contexts": [0, 1, 2], "integration_types": [0, 1]},
        {"name_localizations": {"de": "größe", "zh-TW": "命令"}},
    ],
)
async def test_a_command_within_the_rules_is_registered(stage: Stage, command: Body) -> None:
    assert (await stage.try_to_register(**command)).status == 201


async def test_a_command_may_have_8000_characters_and_no_more(rough: Stage) -> None:
    many = [{"name": "x" * 98 + f"{number:02}", "value": "x" * 100} for number in range(25)]
    heavy = option(choices=many)
    fits = [{**heavy, "name": "a", "choices": many}, {**heavy, "name": "b", "choices": many[:14]}]

    assert (await rough.try_to_register(options=fits)).status == 201
    too_much = await rough.try_to_register(options=[*fits, {**heavy, "name": "c", "choices": many[:2]}])

    assert "options" in wrong_fields(too_much)


async def test_a_hundred_slash_commands_fit_and_fifteen_of_each_menu(stage: Stage) -> None:
    path = f"/applications/{stage.sandbox.application_id}/commands"
    slash = [{"name": f"c{number}", "description": "A command"} for number in range(100)]
    menus = [{"name": f"c{number}", "type": kind} for number in range(15) for kind in (2, 3)]

    assert (await stage.bot.request("PUT", path, slash + menus)).status == 200
    for kind in (1, 2, 3):
        one_more = await stage.try_to_register(name="more", type=kind)
        overwritten = await stage.try_to_register(name="c0", type=kind)
        assert (one_more.status, one_more.body["code"]) == (400, 30032)
        assert overwritten.status == 200
    too_many = await stage.bot.request("PUT", path, [*menus, {"name": "more", "type": 2}])
    assert wrong_fields(too_many) == {"_"}


async def test_options_are_sent_back_with_exactly_the_keys_they_came_with(stage: Stage) -> None:
    sent = [option(required=True, name_localizations=None), option(4, "two", autocomplete=True)]
    command = await stage.register(options=sent)

    assert command["options"] == sent


async def test_languages_are_sent_back_only_on_request(stage: Stage) -> None:
    await stage.register(name_localizations={"de": "befehl"}, options=[option(name_localizations=None)])
    path = f"/applications/{stage.sandbox.application_id}/commands"

    (short,) = (await stage.bot.request("GET", path)).body
    (long,) = (await stage.bot.request("GET", f"{path}?with_localizations=true")).body

    assert "name_localizations" not in short
    assert "name_localizations" not in short["options"][0]
    assert long["name_localizations"] == {"de": "befehl"}


@pytest.mark.parametrize(
    ("sent", "contexts", "may_in_direct"),
    [
        ({}, None, True),
        ({"dm_permission": False}, None, False),
        ({"contexts": [0]}, [0], False),
        ({"contexts": [0, 1]}, [0, 1], True),
    ],
)
async def test_where_a_command_may_be_used_is_sent_back(
    stage: Stage, sent: Body, contexts: list[int] | None, *, may_in_direct: bool
) -> None:
    command = await stage.register(**sent)

    assert (command["contexts"], command["dm_permission"]) == (contexts, may_in_direct)


async def test_an_edit_into_the_name_of_another_command_is_refused(stage: Stage) -> None:
    await stage.register(name="one")
    two = await stage.register(name="two")

    path = f"/applications/{stage.sandbox.application_id}/commands/{two['id']}"
    assert wrong_fields(await stage.bot.request("PATCH", path, {"name": "one"})) == {"name"}


async def test_a_whole_list_may_rename_a_command_by_its_id(stage: Stage) -> None:
    command = await stage.register(name="before")
    path = f"/applications/{stage.sandbox.application_id}/commands"
    renamed = {"id": command["id"], "name": "after", "description": "Renamed"}

    (after,) = (await stage.bot.request("PUT", path, [renamed])).body

    assert (after["id"], after["name"]) == (command["id"], "after")
    assert after["version"] != command["version"]


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"name": "one"}, "_"),
        (["one"], "_.0"),
        ([{"name": "a", "description": "a"}, {"name": "a", "description": "b"}], "1.name"),
        ([{"name": "a", "description": "a"}, {"name": "b"}], "1.description"),
    ],
)
async def test_a_list_against_the_rules_changes_nothing(rough: Stage, body: object, field: str) -> None:
    kept = await rough.register(name="kept")
    path = f"/applications/{rough.sandbox.application_id}/commands"

    assert field in wrong_fields(await rough.bot.request("PUT", path, body))
    assert [one["id"] for one in (await rough.bot.request("GET", path)).body] == [kept["id"]]
