"""What is due is sent when it is due, whatever comes back, and counted from when it was due."""

import random

import pytest

from acore.sandbox import realtime
from acore.sandbox.load.arrivals import Arrivals, moments
from acore.sandbox.load.driver import at_moments
from acore.sandbox.load.tally import MAX_KINDS, MAX_REMEMBERED, Remembered, Tally


def due(rate: float, seconds: float, arrivals: Arrivals, seed: int = 1) -> list[float]:
    return list(moments(rate, seconds, arrivals, random.Random(seed)))  # noqa: S311 - examples are no secrets


def test_uniform_arrivals_are_one_as_long_after_the_other_as_the_next() -> None:
    assert due(4, 1.0, Arrivals.UNIFORM) == [0.25, 0.5, 0.75, 1.0]


def test_uniform_arrivals_do_not_drift() -> None:
    found = due(3, 10_000, Arrivals.UNIFORM)

    assert len(found) == 30_000
    assert found[-1] == 10_000


def test_poisson_arrivals_have_the_rate_and_vary_as_chance_does() -> None:
    found = due(50, 2000, Arrivals.POISSON)
    gaps = [after - before for before, after in zip([0.0, *found], found, strict=False)]
    mean = sum(gaps) / len(gaps)
    variance = sum((one - mean) ** 2 for one in gaps) / len(gaps)

    assert len(found) == pytest.approx(100_000, rel=0.02)
    assert min(gaps) > 0
    # Gaps of a Poisson process are exponential: as wide as they are long on average, and most are shorter.
    assert variance**0.5 == pytest.approx(mean, rel=0.02)
    assert sum(one < mean for one in gaps) / len(gaps) == pytest.approx(1 - 1 / 2.718281828, rel=0.02)


def test_the_same_seed_gives_the_same_moments() -> None:
    assert due(10, 50, Arrivals.POISSON, 7) == due(10, 50, Arrivals.POISSON, 7)
    assert due(10, 50, Arrivals.POISSON, 7) != due(10, 50, Arrivals.POISSON, 8)


def test_of_nothing_nothing_is_due() -> None:
    assert due(0, 10, Arrivals.POISSON) == []


async def test_moments_that_have_passed_come_at_once_and_are_still_their_own() -> None:
    began = realtime.monotonic() - 1000.0

    found = [moment async for moment in at_moments(began, [1.0, 2.0, 999.0])]

    assert found == [began + 1.0, began + 2.0, began + 999.0]
    assert realtime.monotonic() < began + 1001.0


async def test_a_moment_never_comes_before_its_time() -> None:
    began = realtime.monotonic()

    async for moment in at_moments(began, [0.01, 0.02, 0.05]):
        assert realtime.monotonic() >= moment


def test_latency_is_counted_from_when_it_was_due_not_from_when_it_was_sent() -> None:
    tally = Tally(wanted_rate=1.0)
    sent = tally.send(due=10.0, now=14.0)
    tally.acknowledge(sent, 15.0)
    tally.answer(sent, 17.0)
    report = tally.report(seconds=1.0, done=1)

    assert report.late is not None
    assert report.late.max == 4000
    assert report.acknowledgement is not None
    assert report.acknowledgement.max == 5000
    assert report.answer is not None
    assert report.answer.max == 7000


def test_a_stall_is_seen_in_the_latency_of_all_that_was_due_meanwhile() -> None:
    """What a closed loop would have hidden: it asks nothing while it waits."""
    tally = Tally(wanted_rate=100.0)
    for number in range(200):
        at = number / 100
        answered = max(at, 1.0) if at > 0.5 else at  # nothing is answered between 0.5 and 1 s
        tally.answer(tally.send(at, answered), answered)
    report = tally.report(seconds=2.0, done=200)

    assert report.answer is not None
    assert report.answer.max == pytest.approx(490)
    assert report.answer.p90 == pytest.approx(290, abs=15)


def test_each_is_acknowledged_answered_or_failed_once() -> None:
    tally = Tally(wanted_rate=2.0)
    one, other = tally.send(0, 0), tally.send(0, 0)
    for _ in range(3):
        tally.answer(one, 1)
        tally.fail(one, "late")
        tally.fail(other, "refused")
        tally.answer(other, 9)
        tally.acknowledge(other, 9)
    report = tally.report(seconds=4.0, done=1)

    assert (report.sent, report.acknowledged, report.answered, report.failed) == (2, 1, 1, 1)
    assert report.failures == {"refused": 1}
    assert (report.wanted_rate, report.sent_rate, report.done_rate) == (2.0, 0.5, 0.25)


def test_kinds_of_failure_are_bounded_and_none_is_lost() -> None:
    tally = Tally(wanted_rate=1.0)
    for number in range(100):
        tally.refuse(f"kind {number}")
    report = tally.report(seconds=1.0, done=0)

    assert sum(report.failures.values()) == report.failed == 100
    assert len(report.failures) == MAX_KINDS + 1
    assert report.failures["other"] == 100 - MAX_KINDS


def test_what_is_never_answered_is_forgotten_in_the_end() -> None:
    remembered, tally = Remembered[int](), Tally(wanted_rate=1.0)
    for number in range(MAX_REMEMBERED + 10):
        remembered.keep(number, tally.send(0, 0))

    assert remembered.get(9) is None
    assert remembered.get(10) is not None
    assert len(remembered.open()) == MAX_REMEMBERED
    assert remembered.drop(10) is not None
    assert remembered.get(10) is None
    assert remembered.drop(None) is None
