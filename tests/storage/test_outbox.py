"""Which effects have no outcome, as the store remembers it."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from acore.clock import HeldClock
from acore.events.base import Effect, Event, Policy, Trace, outcome_id
from acore.events.bus import Bus
from acore.events.catalog import wire
from acore.events.discord import AnswerAtOnce
from acore.events.lifecycle import RunStarted
from acore.events.outbox import EffectAbandoned, EffectDone, EffectResumed
from acore.events.recorder import MemoryRecorder
from acore.events.status import Notice
from acore.events.supervision import Burial, LetterDied
from acore.storage.database import connect
from acore.storage.outbox import open_effects, take_up
from acore.storage.pieces import owe_nothing
from acore.storage.rows import take_over, write
from acore.storage.runs import run_before
from acore.storage.sqlite import Connection, transact

BOOT = "boot-1"
NOW = datetime(2026, 1, 1, tzinfo=UTC)


@wire("test.outbox.again", policy=Policy.IDEMPOTENT)
class Again(Effect):
    """It does no harm twice."""

    n: int = 0


@wire("test.outbox.once", policy=Policy.AT_MOST_ONCE)
class Once(Effect):
    """It must not happen twice."""


class Told:
    """A database, and what it is told."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self._recorder = MemoryRecorder()
        self._bus = Bus(HeldClock(), self._recorder, boot=BOOT)

    def asked(self, effect: Effect, own: str) -> "Told":
        self._bus.perform(effect, Trace("asker", "why", "first"), event_id=own)
        # This bus has nobody who performs anything, and says so.
        self._recorder.entries = [
            one for one in self._recorder.entries if not isinstance(one.message, LetterDied)
        ]
        return self

    def said(self, event: Event, own: str = "") -> "Told":
        self._bus.publish(event, Trace("performer"), event_id=own)
        return self

    def write(self) -> None:
        assert write(self.connection, self._recorder.entries, BOOT) == ()
        self._recorder.entries.clear()

    @property
    def open(self) -> list[str]:
        return [one.id for one in open_effects(self.connection)]


@pytest.fixture
def told(tmp_path: Path) -> Iterator[Told]:
    connection = connect(tmp_path / "acore.db")
    transact(connection, lambda c: take_over(c, BOOT))
    yield Told(connection)
    connection.close()


def test_an_effect_is_open_until_its_outcome_is_written(told: Told) -> None:
    """J02: whatever the outcome is, in the same transaction or later."""
    told.asked(Again(n=7), "a").asked(Once(), "b").asked(Again(), "c")
    told.said(EffectDone(effect="test.outbox.again"), outcome_id("c")).write()

    first, second = open_effects(told.connection)
    assert (first.id, first.name, first.policy, first.boot) == ("a", "test.outbox.again", "idempotent", BOOT)
    assert (first.source, first.cause, first.correlation) == ("asker", "why", "first")
    assert (first.payload, first.resumed) == ('{"n":7}', 0)
    assert (second.id, second.policy) == ("b", "at_most_once")

    told.said(EffectAbandoned(effect="x", asked=NOW, reason="why"), outcome_id("b")).write()
    assert told.open == ["a"]
    told.said(EffectDone(effect="some other fact of the same cause"), "a0").write()
    assert told.open == ["a"]


def test_the_next_run_is_told_what_the_one_before_still_owed(told: Told) -> None:
    """J16: with the number and the time of the last entry; also when it has taken some of it up already."""
    started = RunStarted(version="1", commit="", python="3", host="h", pid=1, settings_revision="r")
    told.said(started).asked(Again(), "a").asked(Once(), "b").asked(Again(), "c").said(EffectDone(effect="x"))
    told.said(EffectDone(effect="test.outbox.again"), outcome_id("c")).write()
    last = told.connection.execute("SELECT max(seq) FROM journal").fetchone()[0]
    transact(told.connection, lambda c: take_over(c, "boot-2"))

    for _ in range(2):
        before = run_before(told.connection, "boot-2")
        assert before is not None
        assert (before.boot, before.ended, before.last_seq) == (BOOT, None, last)
        assert (before.last_sign, before.pending_effects) == (HeldClock().now(), 2)
        take_up(told.connection, "a", 1, "boot-2")
    assert run_before(told.connection, BOOT) is None


def test_pages_of_open_effects_follow_each_other(told: Told) -> None:
    """J02."""
    for number in range(5):
        told.asked(Again(n=number), f"id{number}")
    told.write()

    found = list(open_effects(told.connection, limit=2))
    while page := open_effects(told.connection, after=found[-1].seq, limit=2):
        found += page
    assert [one.id for one in found] == [f"id{number}" for number in range(5)]


@pytest.mark.parametrize("reason", list(Burial))
def test_what_was_buried_stays_open_only_if_a_later_run_may_do_it(told: Told, reason: Burial) -> None:
    """J02, B10."""
    told.asked(Again(), "again").asked(Once(), "once")
    for own in ("again", "once"):
        told.said(LetterDied(reason=reason, actor="a", message="m", message_id=own))
    told.write()

    match reason:
        case Burial.UNHANDLED | Burial.POISON | Burial.LOOP | Burial.FULL | Burial.EXPIRED:
            assert told.open == []
        case Burial.INTERRUPTED | Burial.STALE:
            (one,) = open_effects(told.connection)
            assert (one.id, one.boot) == ("again", ""), "what must not happen twice was begun"
            owe_nothing(told.connection, ["another run"])
            assert told.open == ["again"]
            owe_nothing(told.connection, [BOOT])
            assert told.open == [], "as where it was only taken in from elsewhere"
        case _:
            assert told.open == ["again", "once"]


def test_the_outcome_that_was_recorded_first_stands(told: Told) -> None:
    """B23, J02: a repeated id adds nothing, and neither opens nor closes anything."""
    told.asked(Again(n=1), "a").said(EffectDone(effect="first"), outcome_id("a")).write()
    told.asked(Again(n=2), "a").asked(Again(n=3), "b").said(EffectDone(effect="second"), outcome_id("a"))
    told.write()

    assert told.open == ["b"]
    payloads = told.connection.execute("SELECT id, payload FROM journal ORDER BY seq").fetchall()
    assert payloads == [("a", '{"n":1}'), ("a.end", '{"effect":"first"}'), ("b", '{"n":3}')]


def test_who_took_an_effect_up_has_it_in_hand(told: Told) -> None:
    """J02."""
    told.asked(Again(), "a").write()
    told.said(EffectResumed(effect="test.outbox.again", effect_id="a", asked=NOW, run=2)).write()
    told.connection.execute("UPDATE outbox SET boot = 'before'")
    told.said(EffectResumed(effect="test.outbox.again", effect_id="a", asked=NOW, run=3)).write()

    (one,) = open_effects(told.connection)
    assert (one.resumed, one.boot) == (3, BOOT)


def test_what_its_performer_takes_up_by_itself_is_not_kept_here(told: Told) -> None:
    """J02: an answer to a person is owed by the pending interaction."""
    told.asked(AnswerAtOnce(interaction=1, reply=Notice(text="hi")), "a").write()

    assert told.open == []


def test_a_policy_of_a_newer_acore_is_left_to_a_person(told: Told) -> None:
    """J02."""
    told.asked(Again(), "a").write()
    told.connection.execute("UPDATE outbox SET policy = 'when_the_moon_is_full'")

    (one,) = open_effects(told.connection)
    assert one.policy is Policy.ASK_OPERATOR
