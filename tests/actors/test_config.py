"""ConfigActor: the settings in force, and when they change."""

from pathlib import Path

from acore.actors.config import ConfigActor
from acore.events.settings import GetSettings, SettingsLoaded, SettingsRead, SettingsView
from acore.events.supervision import ActorExited, ActorStarted
from tests.actors.house import core, facts, house, loaded
from tests.failing import FragileConfig, Struck
from tests.replay.world import replay

FASTER = facts(HEALTH_CHECK_INTERVAL="30")


async def test_settings_are_in_force_and_shown_once_it_has_started(tmp_path: Path) -> None:
    settings = loaded(ADMIN_USERS="7,8")
    async with house(tmp_path, *core(config=ConfigActor), settings=settings) as home:
        assert home.view(SettingsView).facts.admin_users == (7, 8)
        assert await home.ask(GetSettings()) == facts(ADMIN_USERS="7,8")
        assert await home.told(SettingsLoaded) == [SettingsLoaded(facts=facts(ADMIN_USERS="7,8"))]


async def test_other_settings_come_into_force_when_they_were_read(tmp_path: Path) -> None:
    async with house(tmp_path, *core(config=ConfigActor)) as home:
        await home.tell(SettingsRead(facts=FASTER))

        assert home.view(SettingsView).facts == FASTER
        assert (await home.told(SettingsLoaded))[-1].facts == FASTER


async def test_the_same_settings_read_again_are_no_news(tmp_path: Path) -> None:
    async with house(tmp_path, *core(config=ConfigActor)) as home:
        await home.tell(SettingsRead(facts=facts()), SettingsRead(facts=facts()))

        assert len(await home.told(SettingsLoaded)) == 1


async def test_a_secret_is_known_by_its_fingerprint_alone(tmp_path: Path) -> None:
    token = "MTIz.secret.token"
    async with house(tmp_path, *core(config=ConfigActor), settings=loaded(DISCORD_TOKEN=token)) as home:
        shown = {setting.key: setting.value for setting in home.view(SettingsView).facts.settings}

        assert "fingerprint" in shown["DISCORD_TOKEN"]
        assert not [row for row in await home.rows() if token in row.payload]


async def test_a_crash_loses_neither_the_view_nor_what_was_queued(tmp_path: Path) -> None:
    async with house(tmp_path, *core(config=FragileConfig)) as home:
        before = home.seen(SettingsView)
        await home.clock.advance(7)
        home.say(Struck(actor="config"))
        home.say(SettingsRead(facts=FASTER))
        await home.clock.settle()
        assert home.seen(SettingsView) == before, "while it is down, its view and the view's age stay"

        await home.clock.advance(1)

        assert home.view(SettingsView).facts == FASTER
        assert home.seen(SettingsView).at > before.at
        (end,) = await home.told(ActorExited)
        assert (end.actor, end.incarnation, end.exit) == ("config", 1, "crashed")
        assert (end.reason, end.handling) == ("StruckError: config was struck", "test.struck")
        assert "failing.py:" in end.place
        starts = [one.incarnation for one in await home.told(ActorStarted) if one.actor == "config"]
        assert starts == [1, 2]


async def test_settings_that_were_read_while_it_was_down_are_announced(tmp_path: Path) -> None:
    async with house(tmp_path, *core(config=FragileConfig)) as home:
        home.say(Struck(actor="config"))
        home.say(SettingsRead(facts=FASTER))
        await home.clock.advance(1)

        assert [one.facts.revision for one in await home.told(SettingsLoaded)][-1] == FASTER.revision


async def test_a_replay_says_and_knows_the_same(tmp_path: Path) -> None:
    async with house(tmp_path, *core(config=FragileConfig)) as home:
        await home.tell(SettingsRead(facts=FASTER), Struck(actor="config"), SettingsRead(facts=FASTER))
        await home.clock.advance(1)

        again = replay("config", FragileConfig, await home.rows())

        assert again.divergences == ()
        assert again.handled == 4 + 1  # two starts, the struck one, and each message
        assert bytes(again.state) == home.state("config")
