"""What holds of the core actors, whatever they go through and however their messages come."""

from collections.abc import Sequence
from datetime import timedelta
from itertools import pairwise, takewhile

import msgspec

from acore.actors.files import FilesActor
from acore.actors.health import FIRST_RUN
from acore.clock import NANOSECONDS
from acore.events.base import Message
from acore.events.health import CheckCompleted, HealthView
from acore.events.lifecycle import LifecycleView
from acore.events.metrics import ActivityCounted, HostSampled, MetricsView
from acore.events.settings import SettingsLoaded, SettingsRead, SettingsView
from acore.replay.life import EXITED, STARTED, field
from acore.storage.query import Row
from tests.actors.house import House
from tests.actors.story import CHECKS, PACES
from tests.events.unruly import SLOWEST, Unruly


class SoFar:
    """What was shown: that must never go back, though actors fail."""

    def __init__(self, home: House) -> None:
        self._home = home
        self._before: dict[str, int] = {}

    def look(self) -> None:
        """Compare what is shown with what was shown before."""
        views = self._home.bus.views
        now = {f"runs of {one.name}": one.incarnation for one in self._home.view(LifecycleView).actors}
        now["checks that have a result"] = len(health.checks) if (health := views.get(HealthView)) else 0
        now["messages that were counted"] = self._home.view(MetricsView).counters.messages
        for what, before in self._before.items():
            assert before <= now[what], what
        self._before = now


async def look_at(home: House) -> None:
    """Look whether each actor shows what is so; nothing but its own timers has happened for a while."""
    rows = await home.rows()
    config_has_in_force_what_the_files_said_last(home, rows)
    lifecycle_tells_of_each_actor_what_is_so(home)
    health_has_each_check_made_at_its_pace(home, rows)
    health_shows_what_each_check_found_last(home, rows)
    metrics_has_counted_everything_once(home, rows)
    metrics_shows_the_latest_sample_and_the_last_minute(home, rows)


def config_has_in_force_what_the_files_said_last(home: House, rows: Sequence[Row]) -> None:
    """And says so at each start, and whenever it is something else than before."""
    files = home.runs["files"][-1]
    assert isinstance(files, FilesActor)
    assert home.view(SettingsView).facts == files._facts
    loaded = [row for row in rows if row.name == "settings.loaded"]
    assert decoded(loaded[-1], SettingsLoaded).facts == files._facts
    by_id = {row.id: row for row in rows}
    causes = [by_id[row.cause] for row in loaded]
    starts = [row for row in rows if row.name == STARTED and field(row, "actor") == "config"]
    assert [row.id for row in causes if row.name == STARTED] == [row.id for row in starts]
    for (before, _), (one, cause) in pairwise(zip(loaded, causes, strict=True)):
        if cause.name != STARTED:
            assert decoded(cause, SettingsRead).facts == decoded(one, SettingsLoaded).facts
            assert before.payload != one.payload


def lifecycle_tells_of_each_actor_what_is_so(home: House) -> None:
    """Whether it is up, in which run, how often it was restarted, and why the last time."""
    shown = {one.name: one for one in home.view(LifecycleView).actors}
    for so in home.lines():
        line = shown[so.name]
        assert (line.is_up, line.incarnation, line.restarts, line.last_failure) == (
            so.is_up,
            so.incarnation,
            so.restarts,
            so.last_failure,
        ), so.name
    assert not home.view(LifecycleView).is_stopping


def health_has_each_check_made_at_its_pace(home: House, rows: Sequence[Row]) -> None:
    """None is forgotten when something is late or fails, and none is made twice in its turn."""
    restarts = sum(row.name == STARTED and field(row, "actor") == "health" for row in rows) - 1
    changes = sum(row.name == "link.changed" for row in rows)
    for place, (name, one) in enumerate(CHECKS.items(), start=1):
        runs = [row for row in rows if row.name == "check.run" and field(row, "check") == name]
        times = [row.mono_ns / NANOSECONDS for row in runs]
        slowest, fastest = one.tier.interval(max(PACES)), one.tier.interval(min(PACES))
        # A restart takes a second, and the answer to what is asked then is as late as anything else.
        late = 3 * SLOWEST + FIRST_RUN * place + 1
        assert all(later - earlier <= slowest + late for earlier, later in pairwise(times)), name
        assert home.clock.monotonic() - times[-1] <= slowest + late, name
        extra = restarts + (changes if name == "discord_api" else 0)
        assert len(times) <= (times[-1] - times[0]) / fastest + 1 + extra, name


def health_shows_what_each_check_found_last(home: House, rows: Sequence[Row]) -> None:
    """And since when it has found the same, as far as is known since the last failure."""
    came = arrivals(home, "health", rows)
    ends = [row for row in rows if row.name == EXITED and field(row, "actor") == "health"]
    began = ends[-1].mono_ns if ends else 0
    shown = {one.check: one for one in home.view(HealthView).checks}
    assert list(shown) == list(CHECKS)
    for name, state in shown.items():
        found = [row for row in rows if row.name == "check.completed" and field(row, "check") == name]
        found = [row for row in found if came.get(row.id, 0) > began]
        last = decoded(found[-1], CheckCompleted)
        assert (state.status, state.message, state.at) == (last.status, last.message, found[-1].at)
        same = takewhile(lambda row, now=last: field(row, "status") == now.status, reversed(found))
        assert state.since == list(same)[-1].at


def metrics_has_counted_everything_once(home: House, rows: Sequence[Row]) -> None:
    """Whatever failed, and however often it came."""
    counted = [decoded(row, ActivityCounted) for row in rows if row.name == "activity.counted"]
    counters = home.view(MetricsView).counters
    assert counters.messages == sum(one.messages for one in counted)
    assert counters.commands == sum(one.commands for one in counted)
    assert counters.errors == sum(one.errors for one in counted)


def metrics_shows_the_latest_sample_and_the_last_minute(home: House, rows: Sequence[Row]) -> None:
    """Though samples and counts overtake each other."""
    view, now = home.view(MetricsView), home.clock.now()
    samples = [row for row in rows if row.name == "host.sampled"]
    assert view.sample == (decoded(samples[-1], HostSampled) if samples else None)
    counts = [row for row in rows if row.name == "activity.counted" and now - row.at < timedelta(minutes=1)]
    assert view.messages_last_minute(now) == sum(decoded(row, ActivityCounted).messages for row in counts)


def arrivals(home: House, name: str, rows: Sequence[Row]) -> dict[str, int]:
    """Return when each message came to an actor, by id, in monotonic nanoseconds, if it has come."""
    transport = home.bus.transport
    if isinstance(transport, Unruly):
        return {one.id: round(at * NANOSECONDS) for at, one in transport.arrived[name]}
    return {row.id: row.mono_ns for row in rows}


def decoded[M: Message](row: Row, kind: type[M]) -> M:
    return msgspec.json.decode(row.payload, type=kind)
