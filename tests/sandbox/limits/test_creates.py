"""How many commands an application may create a day."""

import pytest

from acore.sandbox import Limits, Sandbox
from tests.sandbox.conftest import Ask


def command(name: str) -> dict[str, str]:
    return {"name": name, "description": "a command"}


async def test_overwriting_does_not_count_and_one_too_many_is_refused(ask: Ask) -> None:
    async with Sandbox(limits=Limits(command_creates=2)) as sandbox:
        path = f"/applications/{sandbox.application_id}/commands"
        made = [(await ask(sandbox, "POST", path, command(name))).status for name in ("a", "b", "a", "b")]
        refused = await ask(sandbox, "POST", path, command("c"))
        elsewhere = f"/applications/{sandbox.application_id}/guilds/{sandbox.guild_id}/commands"
        in_guild = await ask(sandbox, "POST", elsewhere, command("c"))

    assert made == [201, 201, 200, 200]
    assert (refused.status, refused.body["code"]) == (400, 30034)
    assert refused.body["message"] == "Max number of daily application command creates has been reached (2)"
    assert 86_000 < refused.body["retry_after"] <= 86_400
    assert int(refused.headers["Retry-After"]) == 86_400
    assert in_guild.status == 201, "each guild has a count of its own"


async def test_all_commands_at_once_count_only_the_new_ones_and_are_made_all_or_none(ask: Ask) -> None:
    async with Sandbox(limits=Limits(command_creates=3)) as sandbox:
        path = f"/applications/{sandbox.application_id}/commands"
        first = await ask(sandbox, "PUT", path, [command("a"), command("b")])
        second = await ask(sandbox, "PUT", path, [command("b"), command("c")])
        third = await ask(sandbox, "PUT", path, [command("c"), command("d")])
        left = (await ask(sandbox, "GET", path)).body

    assert [one.status for one in (first, second, third)] == [200, 200, 400]
    assert [one["name"] for one in left] == ["b", "c"]


@pytest.mark.parametrize(("more", "status"), [(3, 201), (2, 400)])
async def test_the_number_can_be_raised_in_the_course_of_the_day(ask: Ask, more: int, status: int) -> None:
    async with Sandbox(limits=Limits(command_creates=2)) as sandbox:
        path = f"/applications/{sandbox.application_id}/commands"
        for name in ("a", "b"):
            await ask(sandbox, "POST", path, command(name))
        sandbox.limits = Limits(command_creates=more)

        assert (await ask(sandbox, "POST", path, command("c"))).status == status
