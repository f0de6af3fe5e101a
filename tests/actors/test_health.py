"""HealthActor and its prober: each check at its pace, and none harms another."""

from pathlib import Path

import pytest
from anyio import sleep_forever

from acore.actors.health import FIRST_RUN
from acore.checks.registry import TIME_LIMIT, Result, Surroundings, Tier, check
from acore.events.asks import AskTimeoutError
from acore.events.discord import Link, LinkChanged
from acore.events.health import CheckCompleted, Health, HealthView, RunCheck
from acore.events.settings import SettingsRead
from acore.events.supervision import ActorExited, ActorStarted
from tests.actors.house import core, facts, health, house, loaded, prober, steady
from tests.failing import FragileConfig, FragileHealth, Struck
from tests.replay.world import replay


@check(Tier.WARNING)
async def hanging(_around: Surroundings) -> Result:
    """A check that never ends."""
    await sleep_forever()
    raise AssertionError


@check(Tier.WARNING)
async def raising(_around: Surroundings) -> Result:
    """A check with a mistake in it."""
    raise ZeroDivisionError("a mistake")


@check(Tier.INFO)
async def unanswered(_around: Surroundings) -> Result:
    """A check whose question nobody answers."""
    raise AskTimeoutError("reader", "ProbeStore", 5.0, "idle, 0 queued")


@check(Tier.CRITICAL)
async def discord_api(_around: Surroundings) -> Result:
    """A check of the connection."""
    return Result(status=Health.HEALTHY, message="connected")


ALL = {one.name: one for one in (steady, hanging, raising, unanswered)}
ACTORS = (prober(), *core(config=FragileConfig), health(FragileHealth))


def done(status: Health, message: str = "found") -> CheckCompleted:
    return CheckCompleted(check="steady", status=status, message=message, seconds=0.0)


async def test_nothing_is_shown_as_checked_before_a_check_has_run(tmp_path: Path) -> None:
    async with house(tmp_path, *ACTORS) as home:
        assert home.view(HealthView).checks == ()

        await home.clock.advance(FIRST_RUN)

        (found,) = home.view(HealthView).checks
        assert (found.check, found.status, found.message) == ("steady", Health.HEALTHY, "all well")


@pytest.mark.parametrize("setting", [5, 60, 600])
@pytest.mark.parametrize("tier", Tier)
async def test_each_tier_has_its_pace_and_the_setting_scales_it(
    tmp_path: Path, tier: Tier, setting: int
) -> None:
    @check(tier)
    async def paced(_around: Surroundings) -> Result:
        """A check of this tier."""
        return Result(status=Health.HEALTHY, message="fine")

    pace = tier.value * setting / 60
    actors = (prober({"paced": paced}), *core(config=FragileConfig), health(checks={"paced": paced}))
    async with house(tmp_path, *actors, settings=loaded(HEALTH_CHECK_INTERVAL=str(setting))) as home:
        await home.clock.advance(FIRST_RUN + 3 * pace)
        assert len(await home.told(RunCheck)) == 4

        await home.clock.advance(pace - 0.01)
        assert len(await home.told(RunCheck)) == 4, "and not a moment sooner"


async def test_a_changed_pace_holds_from_the_next_run(tmp_path: Path) -> None:
    async with house(tmp_path, *ACTORS) as home:
        await home.clock.advance(FIRST_RUN)
        await home.tell(SettingsRead(facts=facts(HEALTH_CHECK_INTERVAL="10")))
        await home.clock.advance(30)
        assert len(await home.told(RunCheck)) == 2, "the run that was set up already keeps its time"

        await home.clock.advance(50)

        assert len(await home.told(RunCheck)) == 12


async def test_a_result_keeps_since_when_it_is_the_same(tmp_path: Path) -> None:
    async with house(tmp_path, *ACTORS) as home:
        await home.tell(done(Health.DEGRADED, "97% used"))
        began = home.view(HealthView).checks[0].since
        await home.clock.advance(0.2)
        await home.tell(done(Health.DEGRADED, "98% used"))
        (found,) = home.view(HealthView).checks
        assert (found.since, found.message) == (began, "98% used")
        assert found.at > began

        await home.tell(done(Health.UNHEALTHY))

        assert home.view(HealthView).checks[0].since > began


@pytest.mark.parametrize(
    ("link", "runs"),
    [(Link.READY, 1), (Link.LOST, 1), (Link.WAITING, 1), (Link.OFFLINE, 0), (Link.CONNECTING, 0)],
)
async def test_the_connection_is_looked_at_as_soon_as_it_changes(
    tmp_path: Path, link: Link, runs: int
) -> None:
    checks = {"discord_api": discord_api}
    actors = (prober(checks), *core(config=FragileConfig), health(checks=checks))
    async with house(tmp_path, *actors) as home:
        await home.clock.advance(FIRST_RUN)
        before = len(await home.told(RunCheck))

        await home.tell(LinkChanged(link=link))

        assert len(await home.told(RunCheck)) == before + runs


async def test_a_changed_connection_without_its_check_changes_nothing(tmp_path: Path) -> None:
    async with house(tmp_path, *ACTORS) as home:
        await home.tell(LinkChanged(link=Link.LOST))

        assert await home.told(RunCheck) == []


async def test_a_check_that_hangs_ends_at_its_limit_and_harms_no_other(tmp_path: Path) -> None:
    actors = (prober(ALL), *core(config=FragileConfig), health(checks=ALL))
    async with house(tmp_path, *actors) as home:
        await home.clock.advance(4 * FIRST_RUN)
        found = {one.check: one for one in home.view(HealthView).checks}
        assert set(found) == {"steady", "raising", "unanswered"}, "the others are there, it is not yet"

        await home.clock.advance(TIME_LIMIT)

        found = {one.check: one for one in home.view(HealthView).checks}
        assert (found["hanging"].status, found["hanging"].message) == (
            Health.UNHEALTHY,
            "no answer within 5 s",
        )
        (run,) = [one for one in await home.told(CheckCompleted) if one.check == "hanging"]
        assert run.seconds == TIME_LIMIT


async def test_a_check_that_raises_is_unknown_and_says_why(tmp_path: Path) -> None:
    actors = (prober(ALL), *core(config=FragileConfig), health(checks=ALL))
    async with house(tmp_path, *actors) as home:
        await home.clock.advance(4 * FIRST_RUN)

        found = {one.check: one for one in home.view(HealthView).checks}
        assert found["raising"].status is Health.UNKNOWN
        assert found["raising"].message == "the check itself failed: ZeroDivisionError: a mistake"
        assert await home.told(ActorExited) == []


async def test_a_check_whose_question_gets_no_answer_is_unhealthy(tmp_path: Path) -> None:
    actors = (prober(ALL), *core(config=FragileConfig), health(checks=ALL))
    async with house(tmp_path, *actors) as home:
        await home.clock.advance(4 * FIRST_RUN)

        (found,) = [one for one in home.view(HealthView).checks if one.check == "unanswered"]
        assert found.status is Health.UNHEALTHY
        assert "no reply to ProbeStore" in found.message


async def test_a_check_that_is_not_there_any_more_is_unknown(tmp_path: Path) -> None:
    actors = (prober({}), *core(config=FragileConfig), health())
    async with house(tmp_path, *actors) as home:
        await home.clock.advance(FIRST_RUN)

        assert home.view(HealthView).checks[0].status is Health.UNKNOWN


async def test_a_crash_loses_neither_the_view_nor_what_was_queued(tmp_path: Path) -> None:
    async with house(tmp_path, *ACTORS) as home:
        await home.clock.advance(FIRST_RUN)
        before = home.seen(HealthView)
        await home.clock.advance(7)
        home.say(Struck(actor="health"))
        home.say(done(Health.DEGRADED, "was queued"))
        await home.clock.settle()
        assert home.seen(HealthView) == before, "while it is down, its view and the view's age stay"

        await home.clock.advance(0.2)

        assert home.view(HealthView).checks[0].message == "was queued"
        await home.clock.advance(FIRST_RUN)
        assert home.view(HealthView).checks[0].message == "all well", "checks go on at once"
        (end,) = await home.told(ActorExited)
        assert (end.actor, end.reason) == ("health", "StruckError: health was struck")
        assert [one.incarnation for one in await home.told(ActorStarted) if one.actor == "health"] == [1, 2]


async def test_after_a_crash_the_old_results_are_shown_until_all_are_new(tmp_path: Path) -> None:
    actors = (prober(ALL), *core(config=FragileConfig), health(FragileHealth, ALL))
    async with house(tmp_path, *actors) as home:
        await home.clock.advance(10)
        before = home.seen(HealthView)
        assert len(before.view.checks) == 4

        await home.tell(Struck(actor="health"))
        await home.clock.advance(4)
        assert home.seen(HealthView) == before, "one of the checks takes five seconds"

        await home.clock.advance(4)

        after = home.seen(HealthView)
        assert len(after.view.checks) == 4
        assert after.at > before.at


async def test_a_replay_has_the_same_checks_run_also_over_crashes_and_timers(tmp_path: Path) -> None:
    actors = (prober(ALL), *core(config=FragileConfig), health(FragileHealth, ALL))
    tiers = {name: one.tier for name, one in ALL.items()}
    async with house(tmp_path, *actors) as home:
        for _ in range(3):
            await home.clock.advance(70)
            await home.tell(Struck(actor="health"), LinkChanged(link=Link.LOST))
        await home.clock.advance(20)

        again = replay("health", lambda: FragileHealth(tiers), await home.rows())

        assert again.divergences == ()
        assert again.handled > 20
        assert bytes(again.state) == home.state("health")
