"""Faults of requests: what a bot gets instead of its answer."""

import aiohttp
import anyio
import nextcord  # noqa: TID251 - the sandbox is tested against the real library
import pytest

from acore.sandbox import (
    Close,
    Cloudflare,
    Cut,
    Fault,
    HoldRequests,
    Latency,
    Mangle,
    Outage,
    RateLimit,
    RefuseIdentify,
    Sandbox,
    Status,
    WrongInputError,
    realtime,
)
from tests.sandbox.conftest import Ask, NewBot, Running

ME = "/users/@me"
UNSENT = "will not do; no socket may be closed with it; give 1000 or one from 3000 on"
LIMITS = {f"X-RateLimit-{name}" for name in ("Limit", "Remaining", "Reset", "Reset-After", "Bucket")}


async def test_a_status_comes_with_a_body_as_discords_and_as_often_as_asked(
    unrecorded: Sandbox, ask: Ask
) -> None:
    fault = unrecorded.inject(Status(path=ME, status=403, code=50013, message="No.", times=2))
    answers = [await ask(unrecorded, "GET", ME) for _ in range(3)]

    assert [one.status for one in answers] == [403, 403, 200]
    assert answers[0].body == {"code": 50013, "message": "No."}
    assert fault.ended.is_set()


async def test_a_fault_strikes_the_method_and_template_it_means_and_no_other(
    unrecorded: Sandbox, ask: Ask
) -> None:
    unrecorded.inject(Status(method="get", path="/channels/{channel_id}/messages"))
    channel = f"/channels/{unrecorded.channel_id}"

    assert (await ask(unrecorded, "GET", f"{channel}/messages")).status == 500
    assert (await ask(unrecorded, "POST", f"{channel}/messages", {"content": "x"})).status == 200
    assert (await ask(unrecorded, "GET", channel)).status == 200


async def test_people_are_not_struck(unrecorded: Sandbox, ask: Ask) -> None:
    unrecorded.inject(Status())
    unrecorded.inject(Outage())
    async with aiohttp.ClientSession() as http:
        url, headers = f"{unrecorded.api}{ME}", {"Authorization": unrecorded.users[0].token}
        async with http.get(url, headers=headers) as response:
            assert response.status == 200

    with pytest.raises(aiohttp.ServerDisconnectedError):
        await ask(unrecorded, "GET", ME)


@pytest.mark.parametrize("scope", ["user", "shared"])
async def test_a_rate_limit_on_purpose_has_all_that_discords_has(
    unrecorded: Sandbox, ask: Ask, scope: str
) -> None:
    unrecorded.inject(RateLimit(path=ME, scope=scope, retry_after=1.5, code=20028, times=1))
    usual = await ask(unrecorded, "GET", "/gateway/bot")
    answer = await ask(unrecorded, "GET", ME)
    after = await ask(unrecorded, "GET", ME)

    assert answer.status == 429
    assert answer.headers.keys() >= LIMITS | {"Via"}
    assert answer.headers["Retry-After"] == "2"
    assert answer.headers["X-RateLimit-Scope"] == scope
    assert answer.headers["X-RateLimit-Remaining"] == "0"
    assert answer.headers["X-RateLimit-Reset-After"] == "1.500"
    assert answer.headers["X-RateLimit-Bucket"] == after.headers["X-RateLimit-Bucket"]
    assert answer.headers["X-RateLimit-Bucket"] != usual.headers["X-RateLimit-Bucket"]
    assert answer.body["retry_after"] == 1.5
    assert (answer.body["global"], answer.body["code"]) == (False, 20028)
    assert "write rate limit" in answer.body["message"]
    assert after.status == 200


async def test_a_global_rate_limit_on_purpose_says_so(unrecorded: Sandbox, ask: Ask) -> None:
    unrecorded.inject(RateLimit(scope="global"))
    answer = await ask(unrecorded, "GET", ME)

    assert answer.headers["X-RateLimit-Global"] == "true"
    assert answer.headers["X-RateLimit-Scope"] == "global"
    assert answer.headers["X-RateLimit-Remaining"] != "0", "the route itself has some left"
    assert answer.body["global"] is True


async def test_cloudflare_answers_with_a_page_and_nextcord_takes_it_for_a_ban(
    unrecorded: Sandbox, new_bot: NewBot, running: Running, ask: Ask
) -> None:
    async with running(unrecorded, new_bot()) as bot:
        unrecorded.inject(Cloudflare(path="/channels/*", retry_after=7))
        channel = bot.get_channel(int(unrecorded.channel_id))
        assert isinstance(channel, nextcord.TextChannel)
        with pytest.raises(nextcord.HTTPException) as banned:
            await channel.send("hello")
        answer = await ask(
            unrecorded, "POST", f"/channels/{unrecorded.channel_id}/messages", {"content": "x"}
        )

    assert banned.value.status == 429
    assert answer.headers["Content-Type"].startswith("text/html")
    assert answer.headers["Retry-After"] == "7"
    assert "Via" not in answer.headers
    assert "1015" in answer.body


async def test_a_bot_waits_out_a_rate_limit_on_purpose_and_succeeds(
    sandbox: Sandbox, new_bot: NewBot, running: Running
) -> None:
    async with running(sandbox, new_bot()) as bot:
        fault = sandbox.inject(RateLimit(path="/channels/*", retry_after=0.2, times=1))
        channel = bot.get_channel(int(sandbox.channel_id))
        assert isinstance(channel, nextcord.TextChannel)
        await channel.send("at last")

    assert fault.struck == 1
    assert [one.content for one in sandbox.world.channel.messages.values()] == ["at last"]


async def test_latency_lets_a_request_wait_within_its_jitter_and_the_same_each_time(
    unrecorded: Sandbox, ask: Ask
) -> None:
    waits: list[list[float]] = []
    for _ in range(2):
        fault = unrecorded.inject(Latency(path=ME, ms=60, jitter=30, seed=5))
        waits.append([fault.delay(60, 30) for _ in range(20)])
        fault.end()
    unrecorded.inject(Latency(path=ME, ms=60, jitter=10, seed=5))
    began = realtime.monotonic()
    assert (await ask(unrecorded, "GET", ME)).status == 200

    assert realtime.monotonic() - began >= 0.05
    assert waits[0] == waits[1]
    assert all(0.03 <= one <= 0.09 for one in waits[0])
    assert max(waits[0]) - min(waits[0]) > 0.02


@pytest.mark.parametrize(("when", "kept"), [("before", []), ("after", ["cut off"])])
async def test_a_request_is_cut_before_or_after_it_was_carried_out(
    unrecorded: Sandbox, ask: Ask, when: str, kept: list[str]
) -> None:
    unrecorded.inject(Cut(method="POST", when=when, times=1))
    with pytest.raises(aiohttp.ServerDisconnectedError):
        await ask(unrecorded, "POST", f"/channels/{unrecorded.channel_id}/messages", {"content": "cut off"})

    assert [one.content for one in unrecorded.world.channel.messages.values()] == kept


async def test_fields_of_an_answer_are_set_and_removed(unrecorded: Sandbox, ask: Ask) -> None:
    unrecorded.inject(Mangle(path=ME, pointer="/username", value=None))
    gone = unrecorded.inject(Mangle(path=ME, pointer="/avatar", times=1))
    never = unrecorded.inject(Mangle(path=ME, pointer="/nobody/id", value=1, times=1))
    first, second = (await ask(unrecorded, "GET", ME)).body, (await ask(unrecorded, "GET", ME)).body

    assert first["username"] is None
    assert "avatar" not in first
    assert "avatar" in second
    assert second["username"] is None
    assert unrecorded.world.application.bot.username is not None
    assert gone.ended.is_set()
    assert never.struck == 0, "where there is no such place, it did not strike"


async def test_an_outage_is_over_after_its_seconds(unrecorded: Sandbox, ask: Ask) -> None:
    fault = unrecorded.inject(Outage(seconds=0.2))
    with pytest.raises(aiohttp.ServerDisconnectedError):
        await ask(unrecorded, "GET", ME)
    assert fault.seconds_left is not None
    assert 0 < fault.seconds_left <= 0.2
    assert fault.struck >= 1  # aiohttp asks again on a connection it had
    await fault.ended.wait()

    assert (await ask(unrecorded, "GET", ME)).status == 200


async def test_what_is_held_is_carried_out_when_its_time_is_over(unrecorded: Sandbox, ask: Ask) -> None:
    fault = unrecorded.inject(HoldRequests(path=ME, seconds=0.1))
    assert (await ask(unrecorded, "GET", ME)).status == 200

    assert fault.ended.is_set()
    assert fault.struck == 1


async def test_an_outage_takes_what_is_held_with_it(unrecorded: Sandbox, ask: Ask) -> None:
    hold = unrecorded.hold("GET", ME)

    async def is_cut() -> None:
        with pytest.raises(aiohttp.ServerDisconnectedError):
            await ask(unrecorded, "GET", ME)

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(is_cut)
        await hold.reached()
        unrecorded.inject(Outage())
        hold.release()


@pytest.mark.parametrize(
    ("fault", "sentence"),
    [
        (Status(status=200), "status: 200 will not do; give a whole number from 400 to 599"),
        (Status(times=0), "times: 0 will not do; give a whole number, 1 or more"),
        (RateLimit(scope="mine"), "scope: 'mine' will not do; give one of user, global, shared"),
        (Outage(seconds=float("nan")), "seconds: nan will not do; give a number, 0.001 or more"),
        (Outage(seconds=10**400), f"seconds: {10**400} will not do; give a number, 0.001 or more"),
        (Status(code=10**30), f"code: {10**30} will not do; give a whole number, 0 or more"),
        (Close(code=1006), f"code: 1006 {UNSENT}"),
        (Close(code=2500), f"code: 2500 {UNSENT}"),
        (RefuseIdentify(code=1005), f"code: 1005 {UNSENT}"),
        (Mangle(pointer="id"), "pointer: 'id' will not do; give a JSON pointer such as /components/0/id"),
    ],
)
async def test_a_fault_that_cannot_be_is_refused(unrecorded: Sandbox, fault: Fault, sentence: str) -> None:
    with pytest.raises(WrongInputError) as wrong:
        unrecorded.inject(fault)

    assert str(wrong.value) == sentence
