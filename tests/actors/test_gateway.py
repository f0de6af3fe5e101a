"""DiscordGatewayActor, as far as it needs no network: a door that does what the test says."""

from datetime import timedelta
from pathlib import Path

import pytest
from anyio import Event as Flag

from acore.actors.desk import Answerer, Tickets
from acore.actors.door import DiscordUnreachableError, Ears, Request
from acore.actors.gateway import RESERVE
from acore.app import answerers
from acore.clock import HeldClock
from acore.events.discord import (
    Application,
    ApplicationIdentified,
    BudgetRead,
    CommandsSynced,
    GatewayReady,
    GatewayView,
    GuildLine,
    IdentifyBudget,
    InteractionClosed,
    InteractionDenied,
    Invoker,
    Link,
    LinkChanged,
    Place,
)
from acore.events.metrics import ActivityCounted
from acore.events.status import Notice, Reply, StatusReport
from acore.events.supervision import ActorExited, ActorStarted
from acore.runtime.edge import EdgeContext
from acore.runtime.spec import ChildSpec
from acore.storage.vault import Vault
from tests.actors.house import BEGAN, House, core, house
from tests.failing import FragileConfig, FragileGateway, FragileLifecycle, Struck

BOT = Application(id=9, name="Robin", owners=(1,), owner_name="ann", intents_on=("guilds",), intents_off=())
GUILDS = (GuildLine(id=5, name="Home", members=3), GuildLine(id=6, name="Away", members=None))
PLENTY = IdentifyBudget(total=1000, remaining=900, resets_at=BEGAN + timedelta(days=1))


class Discord:
    """The other side: what it was told, by all the doors there were, in order."""

    def __init__(self) -> None:
        self.told: list[str] = []
        self.answers: list[Reply] = []
        self.doors: list[FakeDoor] = []
        self.budget = PLENTY
        self.is_reachable = True
        self.latency: float | None = 0.042

    def open(self, ears: Ears) -> "FakeDoor":
        self.doors.append(FakeDoor(self, ears))
        return self.doors[-1]

    @property
    def ears(self) -> Ears:
        """The one that listens now."""
        return self.doors[-1].ears


class FakeDoor:
    """A connection that is there as long as the test wants it."""

    def __init__(self, discord: Discord, ears: Ears) -> None:
        self.discord = discord
        self.ears = ears
        self.ended = Flag()

    def note(self, what: str) -> None:
        self.discord.told.append(what)
        if not self.discord.is_reachable:
            raise DiscordUnreachableError("nobody answers")

    async def open(self) -> Application:
        self.note("open")
        return BOT

    async def stay(self) -> None:
        await self.ears.before_identify(self.discord.budget)
        self.note("identify")
        self.ears.ready("Robin", GUILDS)
        self.ears.connected()
        await self.ended.wait()

    async def sync(self, guild: int | None = None) -> CommandsSynced:
        return CommandsSynced(guild=guild, commands=("botstatus",), is_changed=True)

    async def close(self) -> None:
        self.discord.told.append("close")

    async def acknowledge(self, interaction: int, token: str, *, is_ephemeral: bool) -> None:
        assert token == "right-to-answer"
        self.note(f"acknowledge {interaction}{' ephemerally' if is_ephemeral else ''}")

    async def answer(self, application: int, token: str, reply: Reply) -> None:
        assert (application, token) == (9, "right-to-answer")
        self.note("answer")
        self.discord.answers.append(reply)

    async def refuse(self, interaction: int, token: str, reply: Reply) -> None:
        assert token == "right-to-answer"
        self.note(f"refuse {interaction}")
        self.discord.answers.append(reply)

    def latency(self) -> float | None:
        return self.discord.latency

    def census(self) -> tuple[int, int]:
        return len(GUILDS), 3


def gateway(
    directory: Path, discord: Discord, known: dict[str, Answerer] | None = None
) -> tuple[ChildSpec, ...]:
    vault, tickets = Vault(directory), Tickets()
    return (
        *core(config=FragileConfig, lifecycle=FragileLifecycle),
        ChildSpec(
            id="gateway",
            actor=FragileGateway,
            start=lambda: FragileGateway(discord.open, known or answerers(), vault, tickets),
        ),
    )


def request(home: House, command: str = "botstatus", who: int = 7) -> Request:
    return Request(
        interaction=1000,
        application=9,
        token="right-to-answer",
        command=command,
        arguments=(),
        invoker=Invoker(id=who, name="bob"),
        place=Place(guild=5, channel=6),
        made=home.clock.now(),
    )


@pytest.fixture
def discord() -> Discord:
    return Discord()


async def test_it_connects_and_shows_whose_bot_this_is(tmp_path: Path, discord: Discord) -> None:
    async with house(tmp_path, *gateway(tmp_path, discord)) as home:
        view = home.view(GatewayView)

        assert (view.link, view.latency, view.guilds, view.users) == (Link.READY, 0.042, 2, 3)
        assert view.application == BOT
        assert [one.link for one in await home.told(LinkChanged)] == [Link.CONNECTING, Link.READY]
        assert await home.told(ApplicationIdentified) == [ApplicationIdentified(application=BOT)]
        (ready,) = await home.told(GatewayReady)
        assert (ready.guild_count, ready.guilds) == (2, GUILDS)
        assert await home.told(BudgetRead) == [BudgetRead(budget=PLENTY)]
    assert discord.told == ["open", "identify", "close"]


async def test_a_command_is_acknowledged_then_answered(tmp_path: Path, discord: Discord) -> None:
    async with house(tmp_path, *gateway(tmp_path, discord)) as home:
        discord.ears.invoked(request(home))
        await home.clock.settle()

        assert discord.told[2:] == ["acknowledge 1000", "answer"]
        (answer,) = discord.answers
        assert isinstance(answer, StatusReport)
        assert (answer.connection, answer.operator) == ("connected", None)
        (closed,) = await home.told(InteractionClosed)
        assert closed.is_answered
        assert not [row for row in await home.rows() if "right-to-answer" in row.payload]


async def test_an_owner_sees_more_and_alone(tmp_path: Path, discord: Discord) -> None:
    async with house(tmp_path, *gateway(tmp_path, discord)) as home:
        discord.ears.invoked(request(home, who=1))
        await home.clock.settle()

        assert discord.told[2:] == ["acknowledge 1000 ephemerally", "answer"]
        (answer,) = discord.answers
        assert isinstance(answer, StatusReport)
        assert answer.operator is not None


async def test_a_command_without_a_rule_is_refused(tmp_path: Path, discord: Discord) -> None:
    async with house(tmp_path, *gateway(tmp_path, discord)) as home:
        discord.ears.invoked(request(home, "admin stop", who=1))
        await home.clock.settle()

        assert discord.told[2:] == ["refuse 1000"]
        assert discord.answers == [Notice(text="You may not use /admin stop here.", is_error=True)]
        (denied,) = await home.told(InteractionDenied)
        assert "is in no rule" in denied.rule


async def test_a_crash_loses_neither_the_view_nor_the_answer_that_is_owed(
    tmp_path: Path, discord: Discord
) -> None:
    held = Flag()

    async def slow(received: object, io: EdgeContext) -> Notice:
        del received, io
        await held.wait()
        return Notice(text="here you are")

    known = {"botstatus": Answerer(reply=slow, only_reads=True, is_ephemeral=lambda _: False)}
    async with house(tmp_path, *gateway(tmp_path, discord, known)) as home:
        discord.ears.invoked(request(home))
        await home.clock.settle()
        assert discord.told[2:] == ["acknowledge 1000"]

        before = home.seen(GatewayView)
        await home.clock.advance(1)
        home.say(Struck(actor="gateway"))
        await home.clock.settle()
        assert home.seen(GatewayView) == before, "while it is down, its view and the view's age stay"
        held.set()
        await home.clock.advance(2)

        assert discord.told[3:] == ["close", "open", "identify", "answer"]
        assert discord.answers == [Notice(text="here you are")]
        assert home.view(GatewayView).link is Link.READY
        (end,) = await home.told(ActorExited)
        assert (end.actor, end.reason) == ("gateway", "StruckError: gateway was struck")
        assert end.handling == "test.struck"
        starts = [one.incarnation for one in await home.told(ActorStarted) if one.actor == "gateway"]
        assert starts == [1, 2]


async def test_an_answer_that_is_owed_is_given_by_the_next_run_of_the_process(
    tmp_path: Path, discord: Discord
) -> None:
    clock = HeldClock()

    async def never(received: object, io: EdgeContext) -> Notice:
        del received
        await io.clock.sleep(1_000_000)
        raise AssertionError

    known = {"botstatus": Answerer(reply=never, only_reads=True, is_ephemeral=lambda _: False)}
    async with house(tmp_path, *gateway(tmp_path, discord, known), boot="first", clock=clock) as home:
        discord.ears.invoked(request(home))
        await home.clock.settle()
    async with house(tmp_path, *gateway(tmp_path, discord), boot="second", clock=clock):
        (answer,) = discord.answers
        assert isinstance(answer, StatusReport)


async def test_what_passes_is_counted_every_few_seconds_and_never_what_it_says(
    tmp_path: Path, discord: Discord
) -> None:
    async with house(tmp_path, *gateway(tmp_path, discord)) as home:
        for _ in range(3):
            discord.ears.message()
        discord.ears.failed()
        assert await home.told(ActivityCounted) == []

        await home.clock.advance(11)

        assert await home.told(ActivityCounted) == [ActivityCounted(messages=3, errors=1)]


@pytest.mark.parametrize("latency", [float("inf"), float("nan"), None])
async def test_b19_a_heartbeat_that_is_not_answered_shows_no_latency(
    tmp_path: Path, discord: Discord, latency: float | None
) -> None:
    discord.latency = latency
    async with house(tmp_path, *gateway(tmp_path, discord)) as home:
        assert home.view(GatewayView).latency is None


async def test_a_lost_connection_is_shown_and_so_is_its_return(tmp_path: Path, discord: Discord) -> None:
    async with house(tmp_path, *gateway(tmp_path, discord)) as home:
        discord.ears.lost("code 1006")
        view = home.view(GatewayView)
        assert (view.link, view.reason, view.guilds) == (Link.LOST, "code 1006", None)

        discord.ears.resumed()

        assert home.view(GatewayView).link is Link.READY


async def test_a_discord_that_cannot_be_reached_is_tried_again_ever_more_slowly(
    tmp_path: Path, discord: Discord
) -> None:
    discord.is_reachable = False
    async with house(tmp_path, *gateway(tmp_path, discord)) as home:
        await home.clock.advance(1 + 2 + 4 + 0.1)
        assert discord.told.count("open") == 4
        view = home.view(GatewayView)
        assert (view.link, view.reason) == (Link.WAITING, "nobody answers; trying again in 8 s")
        assert await home.told(ActorExited) == []
        discord.is_reachable = True

        await home.clock.advance(8)

        assert home.view(GatewayView).link is Link.READY


async def test_the_last_sessions_are_left_to_people_also_after_a_restart(
    tmp_path: Path, discord: Discord
) -> None:
    clock = HeldClock()
    discord.budget = IdentifyBudget(
        total=1000, remaining=RESERVE, resets_at=clock.now() + timedelta(minutes=10)
    )
    async with house(tmp_path, *gateway(tmp_path, discord), boot="first", clock=clock) as home:
        assert home.view(GatewayView).link is Link.WAITING
        assert "5 of 1000 new sessions are left" in home.view(GatewayView).reason
    assert discord.told == ["open", "close"]
    async with house(tmp_path, *gateway(tmp_path, discord), boot="second", clock=clock) as home:
        assert discord.told == ["open", "close", "close"], "it is known without asking Discord"
        discord.budget = PLENTY

        await home.clock.advance(700)

        assert home.view(GatewayView).link is Link.READY
