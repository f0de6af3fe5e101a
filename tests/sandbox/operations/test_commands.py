"""Commands of an application, everywhere and in one guild."""

from typing import Any

import pytest

from acore.sandbox.limits.numbers import Limits
from acore.sandbox.refusals import Refusal
from tests.sandbox.operations.conftest import Api
from tests.sandbox.operations.refused import NOBODY

PING = {"name": "ping", "description": "Answer me"}


def commands(api: Api, where: str, application_id: str | None = None) -> str:
    place = where.format(guild=api.sandbox.guild_id)
    return f"/applications/{application_id or api.sandbox.application_id}{place}/commands"


async def registered(api: Api, where: str) -> tuple[str, dict[str, Any]]:
    """Register a command; return the path of all and the command."""
    path = commands(api, where)
    return path, (await api("POST", path, PING)).body


@pytest.mark.shows("POST /applications/{application_id}/commands")
@pytest.mark.shows("GET /applications/{application_id}/commands")
@pytest.mark.shows("GET /applications/{application_id}/commands/{command_id}")
@pytest.mark.shows("PATCH /applications/{application_id}/commands/{command_id}")
@pytest.mark.shows("PUT /applications/{application_id}/commands")
@pytest.mark.shows("DELETE /applications/{application_id}/commands/{command_id}")
async def test_a_command_lives_everywhere(api: Api) -> None:
    await _lives(api, "")


@pytest.mark.shows("POST /applications/{application_id}/guilds/{guild_id}/commands")
@pytest.mark.shows("GET /applications/{application_id}/guilds/{guild_id}/commands")
@pytest.mark.shows("GET /applications/{application_id}/guilds/{guild_id}/commands/{command_id}")
@pytest.mark.shows("PATCH /applications/{application_id}/guilds/{guild_id}/commands/{command_id}")
@pytest.mark.shows("PUT /applications/{application_id}/guilds/{guild_id}/commands")
@pytest.mark.shows("DELETE /applications/{application_id}/guilds/{guild_id}/commands/{command_id}")
async def test_a_command_lives_in_one_guild(api: Api) -> None:
    await _lives(api, "/guilds/{guild}")


async def _lives(api: Api, where: str) -> None:
    path, command = await registered(api, where)
    one = f"{path}/{command['id']}"
    assert (await api("GET", one)).body == command
    assert [each["id"] for each in (await api("GET", path)).body] == [command["id"]]
    changed = (await api("PATCH", one, {"description": "Answer"})).body
    assert (changed["id"], changed["description"]) == (command["id"], "Answer")
    (put,) = (await api("PUT", path, [{**PING, "description": "Again"}])).body
    assert (put["id"], put["description"]) == (command["id"], "Again")
    assert (await api("DELETE", one)).status == 204
    assert (await api("GET", path)).body == []


@pytest.mark.shows("GET /applications/{application_id}/commands", Refusal.UNKNOWN_APPLICATION)
@pytest.mark.shows("POST /applications/{application_id}/commands", Refusal.UNKNOWN_APPLICATION)
@pytest.mark.shows("PUT /applications/{application_id}/commands", Refusal.UNKNOWN_APPLICATION)
@pytest.mark.shows("GET /applications/{application_id}/commands/{command_id}", Refusal.UNKNOWN_APPLICATION)
@pytest.mark.shows("PATCH /applications/{application_id}/commands/{command_id}", Refusal.UNKNOWN_APPLICATION)
@pytest.mark.shows("DELETE /applications/{application_id}/commands/{command_id}", Refusal.UNKNOWN_APPLICATION)
@pytest.mark.shows(
    "GET /applications/{application_id}/guilds/{guild_id}/commands", Refusal.UNKNOWN_APPLICATION
)
@pytest.mark.shows(
    "POST /applications/{application_id}/guilds/{guild_id}/commands", Refusal.UNKNOWN_APPLICATION
)
@pytest.mark.shows(
    "PUT /applications/{application_id}/guilds/{guild_id}/commands", Refusal.UNKNOWN_APPLICATION
)
@pytest.mark.shows(
    "GET /applications/{application_id}/guilds/{guild_id}/commands/{command_id}", Refusal.UNKNOWN_APPLICATION
)
@pytest.mark.shows(
    "PATCH /applications/{application_id}/guilds/{guild_id}/commands/{command_id}",
    Refusal.UNKNOWN_APPLICATION,
)
@pytest.mark.shows(
    "DELETE /applications/{application_id}/guilds/{guild_id}/commands/{command_id}",
    Refusal.UNKNOWN_APPLICATION,
)
async def test_an_application_that_does_not_exist_is_unknown(api: Api) -> None:
    for where in ("", "/guilds/{guild}"):
        await _refused(api, commands(api, where, NOBODY), (404, 10002))


async def _refused(api: Api, path: str, answer: tuple[int, int]) -> None:
    """Ask for everything there is about commands at a path; each must be refused so."""
    for method, suffix, body in (
        ("GET", "", None),
        ("POST", "", PING),
        ("PUT", "", [PING]),
        ("GET", f"/{NOBODY}", None),
        ("PATCH", f"/{NOBODY}", {"description": "Another"}),
        ("DELETE", f"/{NOBODY}", None),
    ):
        reply = await api(method, path + suffix, body)
        assert (reply.status, reply.body["code"]) == answer, f"{method} {suffix}"


@pytest.mark.shows("GET /applications/{application_id}/commands", Refusal.NOT_YOUR_APPLICATION)
@pytest.mark.shows("POST /applications/{application_id}/commands", Refusal.NOT_YOUR_APPLICATION)
@pytest.mark.shows("PUT /applications/{application_id}/commands", Refusal.NOT_YOUR_APPLICATION)
@pytest.mark.shows("GET /applications/{application_id}/commands/{command_id}", Refusal.NOT_YOUR_APPLICATION)
@pytest.mark.shows("PATCH /applications/{application_id}/commands/{command_id}", Refusal.NOT_YOUR_APPLICATION)
@pytest.mark.shows(
    "DELETE /applications/{application_id}/commands/{command_id}", Refusal.NOT_YOUR_APPLICATION
)
@pytest.mark.shows(
    "GET /applications/{application_id}/guilds/{guild_id}/commands", Refusal.NOT_YOUR_APPLICATION
)
@pytest.mark.shows(
    "POST /applications/{application_id}/guilds/{guild_id}/commands", Refusal.NOT_YOUR_APPLICATION
)
@pytest.mark.shows(
    "PUT /applications/{application_id}/guilds/{guild_id}/commands", Refusal.NOT_YOUR_APPLICATION
)
@pytest.mark.shows(
    "GET /applications/{application_id}/guilds/{guild_id}/commands/{command_id}", Refusal.NOT_YOUR_APPLICATION
)
@pytest.mark.shows(
    "PATCH /applications/{application_id}/guilds/{guild_id}/commands/{command_id}",
    Refusal.NOT_YOUR_APPLICATION,
)
@pytest.mark.shows(
    "DELETE /applications/{application_id}/guilds/{guild_id}/commands/{command_id}",
    Refusal.NOT_YOUR_APPLICATION,
)
async def test_the_commands_of_another_application_are_none_of_a_bots_business(api: Api) -> None:
    other = api.sandbox.world.add_application("other")
    for where in ("", "/guilds/{guild}"):
        await _refused(api, commands(api, where, other.id), (403, 20012))


@pytest.mark.shows("GET /applications/{application_id}/guilds/{guild_id}/commands", Refusal.MISSING_ACCESS)
@pytest.mark.shows("POST /applications/{application_id}/guilds/{guild_id}/commands", Refusal.MISSING_ACCESS)
@pytest.mark.shows("PUT /applications/{application_id}/guilds/{guild_id}/commands", Refusal.MISSING_ACCESS)
@pytest.mark.shows(
    "GET /applications/{application_id}/guilds/{guild_id}/commands/{command_id}", Refusal.MISSING_ACCESS
)
@pytest.mark.shows(
    "PATCH /applications/{application_id}/guilds/{guild_id}/commands/{command_id}", Refusal.MISSING_ACCESS
)
@pytest.mark.shows(
    "DELETE /applications/{application_id}/guilds/{guild_id}/commands/{command_id}", Refusal.MISSING_ACCESS
)
async def test_there_are_no_commands_in_a_guild_without_the_bot(api: Api) -> None:
    world = api.sandbox.world
    elsewhere = world.add_guild("Elsewhere", users=[world.owner])
    await _refused(api, f"/applications/{world.application.id}/guilds/{elsewhere.id}/commands", (403, 50001))


@pytest.mark.shows("GET /applications/{application_id}/commands/{command_id}", Refusal.UNKNOWN_COMMAND)
@pytest.mark.shows("PATCH /applications/{application_id}/commands/{command_id}", Refusal.UNKNOWN_COMMAND)
@pytest.mark.shows("DELETE /applications/{application_id}/commands/{command_id}", Refusal.UNKNOWN_COMMAND)
@pytest.mark.shows(
    "GET /applications/{application_id}/guilds/{guild_id}/commands/{command_id}", Refusal.UNKNOWN_COMMAND
)
@pytest.mark.shows(
    "PATCH /applications/{application_id}/guilds/{guild_id}/commands/{command_id}", Refusal.UNKNOWN_COMMAND
)
@pytest.mark.shows(
    "DELETE /applications/{application_id}/guilds/{guild_id}/commands/{command_id}", Refusal.UNKNOWN_COMMAND
)
async def test_a_command_that_is_not_registered_there_is_unknown(api: Api) -> None:
    _, everywhere = await registered(api, "")
    in_guild = commands(api, "/guilds/{guild}")
    for path in (f"{commands(api, '')}/{NOBODY}", f"{in_guild}/{everywhere['id']}"):
        for method in ("GET", "PATCH", "DELETE"):
            reply = await api(method, path, {} if method == "PATCH" else None)
            assert (reply.status, reply.body["code"]) == (404, 10063), f"{method} {path}"


@pytest.mark.shows("POST /applications/{application_id}/commands", Refusal.INVALID_FORM)
@pytest.mark.shows("PATCH /applications/{application_id}/commands/{command_id}", Refusal.INVALID_FORM)
@pytest.mark.shows("PUT /applications/{application_id}/commands", Refusal.INVALID_FORM)
@pytest.mark.shows("POST /applications/{application_id}/guilds/{guild_id}/commands", Refusal.INVALID_FORM)
@pytest.mark.shows(
    "PATCH /applications/{application_id}/guilds/{guild_id}/commands/{command_id}", Refusal.INVALID_FORM
)
@pytest.mark.shows("PUT /applications/{application_id}/guilds/{guild_id}/commands", Refusal.INVALID_FORM)
async def test_a_description_that_is_too_long_is_refused(wrong: Api) -> None:
    long = {**PING, "description": "x" * 101}
    for where in ("", "/guilds/{guild}"):
        path, command = await registered(wrong, where)
        refused = (
            await wrong("POST", path, long),
            await wrong("PATCH", f"{path}/{command['id']}", long),
            await wrong("PUT", path, [long]),
        )
        for reply in refused:
            assert (reply.status, reply.body["code"]) == (400, 50035)
        assert (await wrong("GET", f"{path}/{command['id']}")).body == command


@pytest.mark.shows("POST /applications/{application_id}/commands", Refusal.MAXIMUM_COMMANDS)
@pytest.mark.shows("POST /applications/{application_id}/guilds/{guild_id}/commands", Refusal.MAXIMUM_COMMANDS)
async def test_fifteen_commands_for_users_are_the_most_at_each_place(api: Api) -> None:
    for where in ("", "/guilds/{guild}"):
        path = commands(api, where)
        await api("PUT", path, [{"name": f"Greet {number}", "type": 2} for number in range(15)])
        reply = await api("POST", path, {"name": "One more", "type": 2})
        assert (reply.status, reply.body["code"]) == (400, 30032)


@pytest.mark.shows("POST /applications/{application_id}/commands", Refusal.DAILY_COMMAND_CREATES)
@pytest.mark.shows("PUT /applications/{application_id}/commands", Refusal.DAILY_COMMAND_CREATES)
@pytest.mark.shows(
    "POST /applications/{application_id}/guilds/{guild_id}/commands", Refusal.DAILY_COMMAND_CREATES
)
@pytest.mark.shows(
    "PUT /applications/{application_id}/guilds/{guild_id}/commands", Refusal.DAILY_COMMAND_CREATES
)
async def test_only_so_many_commands_are_new_each_day(api: Api) -> None:
    api.sandbox.limits = Limits(command_creates=1)
    for where in ("", "/guilds/{guild}"):
        path, _ = await registered(api, where)
        other = {**PING, "name": "other"}
        for reply in (await api("POST", path, other), await api("PUT", path, [PING, other])):
            assert (reply.status, reply.body["code"]) == (400, 30034)


# -- who may use them


@pytest.mark.shows("PUT /applications/{application_id}/guilds/{guild_id}/commands/{command_id}/permissions")
@pytest.mark.shows("GET /applications/{application_id}/guilds/{guild_id}/commands/{command_id}/permissions")
@pytest.mark.shows("GET /applications/{application_id}/guilds/{guild_id}/commands/permissions")
async def test_what_a_person_sets_is_what_the_bot_reads(api: Api) -> None:
    _, command = await registered(api, "")
    path, owner = commands(api, "/guilds/{guild}"), api.sandbox.world.owner
    one = f"{path}/{command['id']}/permissions"
    entry = {"id": owner.id, "type": 2, "permission": True}

    stored = (await api("PUT", one, {"permissions": [entry]}, by=owner)).body

    assert stored["permissions"] == [entry]
    assert (await api("GET", one)).body == stored
    assert (await api("GET", f"{path}/permissions")).body == [stored]
    assert (await api("GET", f"{path}/permissions", by=owner)).body == [stored]


@pytest.mark.shows(
    "PUT /applications/{application_id}/guilds/{guild_id}/commands/{command_id}/permissions",
    Refusal.BOTS_MAY_NOT,
)
async def test_a_bot_cannot_set_who_may_use_a_command(api: Api) -> None:
    _, command = await registered(api, "")
    path = f"{commands(api, '/guilds/{guild}')}/{command['id']}/permissions"
    reply = await api("PUT", path, {"permissions": []})
    assert (reply.status, reply.body) == (403, {"code": 20001, "message": "Bots cannot use this endpoint"})


@pytest.mark.shows(
    "GET /applications/{application_id}/guilds/{guild_id}/commands/{command_id}/permissions",
    Refusal.UNKNOWN_COMMAND_PERMISSIONS,
)
async def test_permissions_that_nobody_set_are_unknown(api: Api) -> None:
    _, command = await registered(api, "/guilds/{guild}")
    reply = await api("GET", f"{commands(api, '/guilds/{guild}')}/{command['id']}/permissions")
    assert (reply.status, reply.body["code"]) == (404, 10066)


@pytest.mark.shows(
    "GET /applications/{application_id}/guilds/{guild_id}/commands/{command_id}/permissions",
    Refusal.UNKNOWN_COMMAND,
)
@pytest.mark.shows(
    "PUT /applications/{application_id}/guilds/{guild_id}/commands/{command_id}/permissions",
    Refusal.UNKNOWN_COMMAND,
)
async def test_there_are_no_permissions_of_a_command_that_is_not_there(api: Api) -> None:
    path = f"{commands(api, '/guilds/{guild}')}/{NOBODY}/permissions"
    put = await api("PUT", path, {"permissions": []}, by=api.sandbox.world.owner)
    for reply in (await api("GET", path), put):
        assert (reply.status, reply.body["code"]) == (404, 10063)


@pytest.mark.shows(
    "GET /applications/{application_id}/guilds/{guild_id}/commands/{command_id}/permissions",
    Refusal.UNKNOWN_APPLICATION,
)
@pytest.mark.shows(
    "PUT /applications/{application_id}/guilds/{guild_id}/commands/{command_id}/permissions",
    Refusal.UNKNOWN_APPLICATION,
)
@pytest.mark.shows(
    "GET /applications/{application_id}/guilds/{guild_id}/commands/permissions", Refusal.UNKNOWN_APPLICATION
)
async def test_there_are_no_permissions_of_an_application_that_does_not_exist(api: Api) -> None:
    path, owner = commands(api, "/guilds/{guild}", NOBODY), api.sandbox.world.owner
    for reply in (
        await api("GET", f"{path}/permissions"),
        await api("GET", f"{path}/{NOBODY}/permissions"),
        await api("GET", f"{path}/{NOBODY}/permissions", by=owner),
        await api("PUT", f"{path}/{NOBODY}/permissions", {"permissions": []}, by=owner),
    ):
        assert (reply.status, reply.body["code"]) == (404, 10002)


@pytest.mark.shows(
    "GET /applications/{application_id}/guilds/{guild_id}/commands/{command_id}/permissions",
    Refusal.NOT_YOUR_APPLICATION,
)
@pytest.mark.shows(
    "GET /applications/{application_id}/guilds/{guild_id}/commands/permissions", Refusal.NOT_YOUR_APPLICATION
)
async def test_a_bot_does_not_read_another_applications_permissions(api: Api) -> None:
    other = api.sandbox.world.add_application("other")
    path = commands(api, "/guilds/{guild}", other.id)
    for suffix in ("/permissions", f"/{NOBODY}/permissions"):
        reply = await api("GET", path + suffix)
        assert (reply.status, reply.body["code"]) == (403, 20012)


@pytest.mark.shows(
    "GET /applications/{application_id}/guilds/{guild_id}/commands/{command_id}/permissions",
    Refusal.MISSING_ACCESS,
)
@pytest.mark.shows(
    "PUT /applications/{application_id}/guilds/{guild_id}/commands/{command_id}/permissions",
    Refusal.MISSING_ACCESS,
)
@pytest.mark.shows(
    "GET /applications/{application_id}/guilds/{guild_id}/commands/permissions", Refusal.MISSING_ACCESS
)
async def test_only_who_is_in_the_guild_asks_for_its_permissions(api: Api) -> None:
    world = api.sandbox.world
    elsewhere = world.add_guild("Elsewhere", users=[world.owner])
    path = f"/applications/{world.application.id}/guilds/{elsewhere.id}/commands"
    with_bot = world.add_guild("With the bot", users=[world.owner, world.application.bot])
    there = f"/applications/{world.application.id}/guilds/{with_bot.id}/commands"
    for reply in (
        await api("GET", f"{path}/permissions"),
        await api("GET", f"{path}/{NOBODY}/permissions"),
        await api("PUT", f"{path}/{NOBODY}/permissions", {"permissions": []}, by=world.owner),
        await api("GET", f"{there}/permissions", by=world.member),
    ):
        assert (reply.status, reply.body["code"]) == (403, 50001)


@pytest.mark.shows(
    "GET /applications/{application_id}/guilds/{guild_id}/commands/{command_id}/permissions",
    Refusal.MISSING_PERMISSIONS,
)
@pytest.mark.shows(
    "PUT /applications/{application_id}/guilds/{guild_id}/commands/{command_id}/permissions",
    Refusal.MISSING_PERMISSIONS,
)
@pytest.mark.shows(
    "GET /applications/{application_id}/guilds/{guild_id}/commands/permissions", Refusal.MISSING_PERMISSIONS
)
async def test_a_person_who_does_not_manage_the_guild_sets_nothing(api: Api) -> None:
    _, command = await registered(api, "")
    path, member = commands(api, "/guilds/{guild}"), api.sandbox.world.member
    one = f"{path}/{command['id']}/permissions"
    for reply in (
        await api("GET", f"{path}/permissions", by=member),
        await api("GET", one, by=member),
        await api("PUT", one, {"permissions": []}, by=member),
    ):
        assert (reply.status, reply.body["code"]) == (403, 50013)


@pytest.mark.shows(
    "PUT /applications/{application_id}/guilds/{guild_id}/commands/{command_id}/permissions",
    Refusal.INVALID_FORM,
)
async def test_permissions_are_of_roles_users_and_channels_that_exist(wrong: Api) -> None:
    _, command = await registered(wrong, "")
    owner = wrong.sandbox.world.owner
    path = f"{commands(wrong, '/guilds/{guild}')}/{command['id']}/permissions"
    good = {"id": wrong.sandbox.guild_id, "type": 1, "permission": True}
    for entry in (
        {**good, "type": 4},
        {**good, "type": 2},
        {**good, "id": NOBODY},
        {**good, "permission": "yes"},
        {"id": good["id"], "type": 1},
    ):
        reply = await wrong("PUT", path, {"permissions": [entry]}, by=owner)
        assert (reply.status, reply.body["code"]) == (400, 50035), entry
    many = await wrong("PUT", path, {"permissions": [good] * 101}, by=owner)
    assert (many.status, many.body["code"]) == (400, 50035)
