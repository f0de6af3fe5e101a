"""How many requests a bot may make."""

import anyio
import nextcord  # noqa: TID251 - the sandbox is tested against the real library
import pytest

from acore.sandbox import Limits, RateLimit, Sandbox, WrongInputError, realtime
from acore.sandbox.api.operations import OPERATIONS
from acore.sandbox.limits.buckets import BUCKETS, Bucket, allowance
from tests.sandbox.conftest import Ask, NewBot, NewPerson, Pretend, Reply, Running

ME = "/users/@me"
LIMITS = {f"X-RateLimit-{name}" for name in ("Limit", "Remaining", "Reset", "Reset-After", "Bucket")}
MESSAGE = "/channels/{channel_id}/messages/{message_id}"


async def until_429(ask: Ask, sandbox: Sandbox, path: str, most: int) -> tuple[int, Reply]:
    for number in range(most):
        answer = await ask(sandbox, "GET", path)
        if answer.status == 429:
            return number, answer
    raise AssertionError(f"{most} requests were within the limit")


async def test_every_answer_tells_its_limit_errors_too(unrecorded: Sandbox, ask: Ask) -> None:
    channel = f"/channels/{unrecorded.channel_id}/messages"
    answers = [
        await ask(unrecorded, "GET", ME),
        await ask(unrecorded, "POST", channel, {"content": "x"}),
        await ask(unrecorded, "POST", channel, {"content": ""}),
        await ask(unrecorded, "POST", channel, "no object"),
        await ask(unrecorded, "GET", "/channels/1"),
        await ask(unrecorded, "POST", "/interactions/1/nothing/callback", {"type": 4}),
    ]

    assert [one.status for one in answers] == [200, 200, 400, 400, 404, 404]
    assert all(one.headers.keys() >= LIMITS for one in answers)
    assert [int(one.headers["X-RateLimit-Remaining"]) for one in answers[1:4]] == [49, 48, 47]


async def test_the_global_limit_counts_what_a_bot_asks_on_all_routes(ask: Ask) -> None:
    async with Sandbox(limits=Limits(global_limit=4)) as sandbox:
        paths = [ME, "/gateway/bot", f"/channels/{sandbox.channel_id}", f"/guilds/{sandbox.guild_id}", ME]
        answers = [await ask(sandbox, "GET", path) for path in paths]
        without = await ask(sandbox, "POST", "/interactions/1/nothing/callback", {"type": 4})

    assert [one.status for one in answers] == [200, 200, 200, 200, 429]
    last = answers[-1]
    assert last.body["global"] is True
    assert 0 < last.body["retry_after"] <= 1
    assert last.headers.keys() >= LIMITS | {"Via", "Retry-After"}
    assert (last.headers["X-RateLimit-Global"], last.headers["X-RateLimit-Scope"]) == ("true", "global")
    assert without.status == 404, "what is asked with an interaction's token does not count"


async def test_a_bot_waits_out_the_global_limit(new_bot: NewBot, running: Running, pretend: Pretend) -> None:
    async with Sandbox() as sandbox:
        pretend(sandbox)
        async with running(sandbox, new_bot()) as bot:
            channel = bot.get_channel(int(sandbox.channel_id))
            assert isinstance(channel, nextcord.TextChannel)
            sandbox.limits = Limits(global_limit=3)
            async with anyio.create_task_group() as tasks:
                for number in range(6):
                    tasks.start_soon(channel.send, str(number))

        assert len(sandbox.world.channel.messages) == 6


async def test_the_scope_of_a_routes_limit_is_the_user(ask: Ask) -> None:
    async with Sandbox(limits=Limits(requests_per_second=2)) as sandbox:
        number, answer = await until_429(ask, sandbox, ME, 3)

    assert number == 2
    assert answer.headers["X-RateLimit-Scope"] == "user"
    assert "X-RateLimit-Global" not in answer.headers
    assert answer.body["code"] == 0


async def test_discords_own_limits_are_those_bots_see(ask: Ask) -> None:
    async with Sandbox(limits="discord") as sandbox:
        path = f"/channels/{sandbox.channel_id}/messages"
        answers = [await ask(sandbox, "POST", path, {"content": str(n)}) for n in range(6)]

    assert [one.status for one in answers] == [200] * 5 + [429]
    assert answers[0].headers["X-RateLimit-Limit"] == "5"
    assert 3 < answers[-1].body["retry_after"] <= 5


async def test_each_interaction_has_limits_of_its_own(ask: Ask) -> None:
    async with Sandbox(limits="discord") as sandbox:

        async def callback(token: str) -> Reply:
            return await ask(sandbox, "POST", f"/interactions/1/{token}/callback", {"type": 4})

        first = [await callback("one") for _ in range(6)]
        second = await callback("two")

    assert [one.status for one in first] == [404] * 5 + [429]
    assert second.status == 404


async def test_channels_have_limits_of_their_own_in_the_same_bucket(unrecorded: Sandbox, ask: Ask) -> None:
    other = unrecorded.world.add_channel("other")
    answers = [
        await ask(unrecorded, "GET", f"/channels/{channel}")
        for channel in (unrecorded.channel_id, unrecorded.channel_id, other.id)
    ]

    assert [one.headers["X-RateLimit-Remaining"] for one in answers] == ["49", "48", "49"]
    assert len({one.headers["X-RateLimit-Bucket"] for one in answers}) == 1


def test_reactions_share_a_bucket_and_deleting_a_message_has_its_own() -> None:
    reactions = f"{MESSAGE}/reactions/{{emoji_name}}"
    shared = {
        allowance("PUT", f"{reactions}/@me").bucket,
        allowance("DELETE", f"{reactions}/@me").bucket,
        allowance("DELETE", f"{reactions}/{{user_id}}").bucket,
    }
    apart = {allowance(method, MESSAGE).bucket for method in ("GET", "PATCH", "DELETE")}

    assert len(shared) == 1
    assert len(apart) == 3


@pytest.mark.parametrize("bucket", BUCKETS, ids=lambda one: f"{one.methods} {one.template}")
def test_every_bucket_is_of_an_operation_that_exists(bucket: Bucket) -> None:
    routes = [(method, path) for path, methods in OPERATIONS.items() for method in methods.split()]

    assert any(bucket.matches(method, path) for method, path in routes)


async def test_numbers_change_while_it_runs_and_windows_begin_anew(unrecorded: Sandbox, ask: Ask) -> None:
    unrecorded.limits = Limits(requests_per_second=1)
    assert [(await ask(unrecorded, "GET", ME)).status for _ in range(2)] == [200, 429]
    unrecorded.limits = Limits(requests_per_second=0)
    answers = [await ask(unrecorded, "GET", ME) for _ in range(3)]

    assert [one.status for one in answers] == [200] * 3


def test_numbers_that_cannot_be_are_refused() -> None:
    with pytest.raises(WrongInputError, match="invalid_seconds: nan will not do"):
        Sandbox(limits=Limits(invalid_seconds=float("nan")))
    sandbox = Sandbox()
    with pytest.raises(WrongInputError, match="routes: 'none' will not do; give one of relaxed, discord"):
        sandbox.limits = Limits(routes="none")


async def test_people_have_no_limits(person: NewPerson) -> None:
    limits = Limits(requests_per_second=1, global_limit=1)
    async with Sandbox(limits=limits) as sandbox, person(sandbox, "owner") as owner:
        for _ in range(3):
            assert (await owner.request("GET", ME))["username"] == "owner"


# -- invalid requests


async def test_after_too_many_invalid_requests_the_address_is_banned_for_a_while(ask: Ask) -> None:
    async with Sandbox(limits=Limits(invalid_limit=3, invalid_seconds=0.3)) as sandbox:
        invalid = [await ask(sandbox, "GET", ME, token="Bot nobody") for _ in range(3)]
        banned = await ask(sandbox, "GET", ME)
        began = realtime.monotonic()
        while (await ask(sandbox, "GET", ME)).status == 429:
            assert realtime.monotonic() - began < 5

    assert [one.status for one in invalid] == [401] * 3
    assert banned.status == 429
    assert "Via" not in banned.headers
    assert "1015" in banned.body
    assert int(banned.headers["Retry-After"]) == 1


async def test_what_others_used_up_is_not_counted_as_invalid(ask: Ask) -> None:
    async with Sandbox(limits=Limits(invalid_limit=2)) as sandbox:
        sandbox.inject(RateLimit(scope="shared", times=3))
        shared = [await ask(sandbox, "GET", ME) for _ in range(3)]
        after = await ask(sandbox, "GET", ME)
        sandbox.inject(RateLimit(scope="user", times=2))
        own = [await ask(sandbox, "GET", ME) for _ in range(2)]
        banned = await ask(sandbox, "GET", ME)

    assert [one.status for one in (*shared, after, *own)] == [429, 429, 429, 200, 429, 429]
    assert "1015" in banned.body
