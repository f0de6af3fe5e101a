"""MetricsActor: what was counted is counted once, whatever crashes."""

from datetime import timedelta
from pathlib import Path

from acore.clock import HeldClock
from acore.events.base import Envelope
from acore.events.metrics import ActivityCounted, Counters, HostSampled, MetricsView
from acore.events.supervision import ActorExited, ActorStarted
from acore.events.transport import Deliver, DirectTransport, Inbox
from tests.actors.house import SAMPLE, House, core, house
from tests.failing import FragileMetrics, Struck
from tests.replay.world import replay

ACTORS = core(metrics=FragileMetrics)


def sums(counters: Counters) -> tuple[int, int, int]:
    return counters.messages, counters.commands, counters.errors


def last_minute(home: House) -> int:
    return home.view(MetricsView).messages_last_minute(home.clock.now())


async def test_what_the_gateway_counts_is_added_up_and_shown(tmp_path: Path) -> None:
    async with house(tmp_path, *ACTORS) as home:
        await home.tell(ActivityCounted(messages=3, commands=1), ActivityCounted(messages=4, errors=2))

        assert sums(home.view(MetricsView).counters) == (7, 1, 2)
        assert last_minute(home) == 7


async def test_messages_per_minute_are_those_of_the_last_minute(tmp_path: Path) -> None:
    async with house(tmp_path, *ACTORS) as home:
        await home.tell(ActivityCounted(messages=5))
        await home.clock.advance(40)
        await home.tell(ActivityCounted(messages=2))
        assert last_minute(home) == 7

        await home.clock.advance(30)
        assert last_minute(home) == 2, "though nothing has happened since"
        await home.tell(SAMPLE)
        assert last_minute(home) == 2
        assert home.view(MetricsView).counters.messages == 7


async def test_a_clock_set_back_does_not_keep_old_messages_recent(tmp_path: Path) -> None:
    async with house(tmp_path, *ACTORS) as home:
        await home.tell(ActivityCounted(messages=5))
        home.clock.step_wall(timedelta(hours=-1))

        await home.tell(SAMPLE)

        assert last_minute(home) == 0


async def test_counts_that_overtook_a_sample_are_not_let_go_of(tmp_path: Path) -> None:
    """B02: the sample was taken before them and comes after them."""
    late: list[tuple[Inbox, Envelope]] = []

    class Slow(DirectTransport):
        def way_to(self, inbox: Inbox) -> Deliver:
            def carry(envelope: Envelope) -> None:
                if isinstance(envelope.message, HostSampled):
                    late.append((inbox, envelope))
                else:
                    inbox.accept(envelope)

            return carry

    async with house(tmp_path, *ACTORS, transport=Slow()) as home:
        await home.tell(SAMPLE)
        await home.clock.advance(1)
        await home.tell(ActivityCounted(messages=5))
        for inbox, envelope in late:
            inbox.accept(envelope)
        await home.clock.settle()

        assert home.view(MetricsView).sample == SAMPLE
        assert last_minute(home) == 5


async def test_what_is_older_than_a_minute_is_let_go_of(tmp_path: Path) -> None:
    async with house(tmp_path, *ACTORS) as home:
        await home.tell(ActivityCounted(messages=5))
        await home.clock.advance(60)
        await home.tell(ActivityCounted(messages=2))

        assert [messages for _, messages in home.view(MetricsView).recent] == [2]


async def test_the_latest_sample_of_the_host_is_shown(tmp_path: Path) -> None:
    async with house(tmp_path, *ACTORS) as home:
        assert home.view(MetricsView).sample is None
        later = HostSampled(
            cpu_percent=99.0,
            memory_percent=1.0,
            process_bytes=2,
            process_cpu_percent=3.0,
            disk_percent=4.0,
            loop_lag=0.0,
        )

        await home.tell(SAMPLE, later)

        assert home.view(MetricsView).sample == later


async def test_counters_survive_a_crash_and_what_waited_meanwhile_is_counted_once(tmp_path: Path) -> None:
    async with house(tmp_path, *ACTORS) as home:
        await home.tell(ActivityCounted(messages=10))
        before = home.seen(MetricsView)
        await home.clock.advance(7)
        home.say(Struck(actor="metrics"))
        home.say(ActivityCounted(messages=5))
        await home.clock.settle()
        assert home.seen(MetricsView) == before, "while it is down, its view and the view's age stay"

        # The store has counted the 5 as well by the time they are handed to the new run.
        await home.clock.advance(1)
        assert sums(home.view(MetricsView).counters) == (15, 0, 0)
        await home.tell(ActivityCounted(messages=1))
        assert sums(home.view(MetricsView).counters) == (16, 0, 0)

        (end,) = await home.told(ActorExited)
        assert (end.actor, end.incarnation, end.reason) == ("metrics", 1, "StruckError: metrics was struck")
        starts = [one.incarnation for one in await home.told(ActorStarted) if one.actor == "metrics"]
        assert starts == [1, 2]


async def test_counters_go_on_in_the_next_run_of_the_process(tmp_path: Path) -> None:
    clock = HeldClock()
    async with house(tmp_path, *ACTORS, boot="first", clock=clock) as home:
        await home.tell(ActivityCounted(messages=10, commands=2))
    async with house(tmp_path, *ACTORS, boot="second", clock=clock) as home:
        assert sums(home.view(MetricsView).counters) == (10, 2, 0)
        await home.tell(ActivityCounted(messages=1), Struck(actor="metrics"))
        await home.clock.advance(1)

        assert sums(home.view(MetricsView).counters) == (11, 2, 0)


async def test_a_replay_counts_the_same(tmp_path: Path) -> None:
    async with house(tmp_path, *ACTORS) as home:
        await home.tell(
            ActivityCounted(messages=3), SAMPLE, Struck(actor="metrics"), ActivityCounted(errors=1)
        )
        await home.clock.advance(1)
        await home.tell(ActivityCounted(messages=9))

        again = replay("metrics", FragileMetrics, await home.rows())

        assert again.divergences == ()
        assert bytes(again.state) == home.state("metrics")
