"""Two bots in one process, each on a Discord of its own."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

from nextcord.http import Route  # noqa: TID251 - that it stays as it is, is what is tested

from acore.sandbox import Person, Sandbox
from tests.e2e.answers import fields, requests
from tests.e2e.inside import inside


@asynccontextmanager
async def world(folder: Path) -> AsyncGenerator[tuple[Sandbox, Person]]:
    async with (
        Sandbox(record=folder, answer_within=30.0) as sandbox,
        Person(sandbox.api, sandbox.world.member.token) as person,
    ):
        yield sandbox, person


async def test_two_bots_in_one_process_answer_each_on_their_own_discord(tmp_path: Path) -> None:
    base = Route.BASE
    async with (
        world(tmp_path / "one") as (one, at_one),
        world(tmp_path / "two") as (two, at_two),
        inside(one, tmp_path / "data-one", amend=lambda tree: tree),
        inside(two, tmp_path / "data-two", amend=lambda tree: tree),
    ):
        two.world.add_guild("Only there", users=[two.world.member, two.world.application.bot])
        first, second = await at_one.invoke("botstatus"), await at_two.invoke("botstatus")
        again = await at_one.invoke("botstatus")

    assert first["application_id"] == again["application_id"] == one.application_id
    assert second["application_id"] == two.application_id
    assert fields(first)["Servers"] == "1"
    assert base == Route.BASE == "https://discord.com/api/v10"
    for folder, times in (("one", 2), ("two", 1)):
        answers = requests(tmp_path / folder, "PATCH", "/messages/@original")
        assert [answer["status"] for answer in answers] == times * [200]
        assert not [one for one in requests(tmp_path / folder, "GET", "") if one["status"] == 401]
