"""Percentiles from bounded memory are those of all values, to a thousandth."""

import math
import random

import pytest

from acore.sandbox.load.latencies import PERCENTILES, Latencies

KINDS = ["equal", "small", "uniform", "exponential", "far apart"]


def values(kind: str, count: int) -> list[float]:
    source = random.Random(f"{kind} {count}")  # noqa: S311 - examples are no secrets
    make = {
        "equal": lambda: 0.25,
        "small": lambda: source.randrange(0, 3) / 1_000_000,
        "uniform": lambda: source.uniform(0, 2),
        "exponential": lambda: source.expovariate(100),
        "far apart": lambda: 10 ** source.uniform(-6, 4),
    }[kind]
    return [make() for _ in range(count)]


@pytest.mark.parametrize("count", [1, 2, 3, 10, 999, 20_000])
@pytest.mark.parametrize("kind", KINDS)
def test_a_percentile_is_the_value_of_that_rank_or_at_most_a_thousandth_more(kind: str, count: int) -> None:
    latencies = Latencies()
    for one in values(kind, count):
        latencies.add(one)
    ranked = sorted(round(one * 1_000_000) for one in values(kind, count))

    for percent in (*PERCENTILES, 0.1, 25.0, 100.0):
        exact = ranked[max(1, math.ceil(count * percent / 100)) - 1]
        told = round(latencies.percentile(percent) * 1_000_000)
        assert exact <= told <= exact * (1 + 1 / 1000), (percent, exact, told)
    assert round(latencies.greatest * 1_000_000) == ranked[-1]


def test_memory_is_bounded_however_many_values_there_are() -> None:
    latencies = Latencies()
    source = random.Random(1)  # noqa: S311 - examples are no secrets
    for _ in range(200_000):
        latencies.add(10 ** source.uniform(-6, 5))

    assert latencies.count == 200_000
    assert len(latencies._buckets) < 1024 * 40  # of each power of two a thousand, up to a day and more


def test_what_is_told_is_in_milliseconds() -> None:
    latencies = Latencies()
    for number in range(1, 1001):
        latencies.add(number / 1000)
    told = latencies.told()

    assert told is not None
    assert told.count == 1000
    assert told.max == 1000
    assert told.p50 == pytest.approx(500, rel=0.001)
    assert told.p90 == pytest.approx(900, rel=0.001)
    assert told.p99 == pytest.approx(990, rel=0.001)
    assert told.p999 == pytest.approx(999, rel=0.001)


def test_of_nothing_there_are_no_percentiles() -> None:
    assert Latencies().told() is None
    assert Latencies().percentile(50) == 0


def test_a_clock_that_is_read_in_another_order_gives_no_negative_duration() -> None:
    latencies = Latencies()
    latencies.add(-0.001)

    assert latencies.percentile(50) == 0
