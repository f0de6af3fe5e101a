"""The pure functions that say who restarts, when, and with whom."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from acore.runtime.restart import (
    Backoff,
    Exit,
    ExitKind,
    Failure,
    RestartLimit,
    RestartType,
    Strategy,
    affected,
    calls_for_restart,
    delay,
    outdated,
)

SECONDS = st.floats(min_value=0.001, max_value=1e6)


@st.composite
def backoffs(draw: st.DrawFn) -> Backoff:
    first = draw(SECONDS)
    return Backoff(
        first=first, cap=draw(st.floats(first, 1e7)), jitter=draw(st.floats(min_value=0, max_value=10))
    )


@given(backoffs(), st.integers(min_value=1, max_value=10**9), st.floats(min_value=0, max_value=1))
def test_a_wait_is_never_nothing_and_never_above_the_cap(
    backoff: Backoff, failures: int, random: float
) -> None:
    """S31: the jitter comes before the cap, and no number of failures overflows."""
    assert 0 < delay(backoff, failures, random) <= backoff.cap


@given(backoffs(), st.integers(min_value=1, max_value=100), st.floats(min_value=0, max_value=1))
def test_a_wait_never_shrinks_from_one_failure_to_the_next(
    backoff: Backoff, failures: int, random: float
) -> None:
    """S31."""
    assert delay(backoff, failures, random) <= delay(backoff, failures + 1, random)


def test_without_jitter_the_wait_doubles_exactly_up_to_the_cap() -> None:
    """S31."""
    backoff = Backoff(first=0.5, cap=5, jitter=0)

    assert [delay(backoff, n, 0.77) for n in range(1, 7)] == [0.5, 1, 2, 4, 5, 5]


def test_jitter_adds_its_share_at_most() -> None:
    """S31."""
    backoff = Backoff(first=1, cap=100, jitter=0.2)

    assert [delay(backoff, 3, random) for random in (0, 0.5, 1)] == pytest.approx([4, 4.4, 4.8])


def test_a_row_of_failures_is_forgotten_after_half_of_first_and_cap() -> None:
    """S32: Akka's default."""
    assert Backoff(first=2, cap=30).reset_after == 16


@given(
    st.lists(st.floats(min_value=0, max_value=1000), max_size=30).map(sorted),
    st.floats(min_value=0, max_value=100),
    st.floats(min_value=0.1, max_value=100),
)
def test_the_window_slides(instants: list[float], later: float, period: float) -> None:
    """S26: neither a fixed window nor one that never forgets."""
    now = (instants[-1] if instants else 0) + later
    limit = RestartLimit(period=period)
    failures = [Failure(at=at, reason="tried") for at in instants]

    kept = failures[outdated(failures, now, limit) :]

    assert kept == failures[len(failures) - len(kept) :]
    assert all(now - one.at <= period for one in kept)
    assert all(now - one.at > period for one in failures[: len(failures) - len(kept)])
    assert outdated(kept, now, limit) == 0


@given(st.lists(st.integers(), min_size=1, unique=True), st.data())
def test_who_is_restarted_with_whom(order: list[int], data: st.DataObject) -> None:
    failed = data.draw(st.sampled_from(order))
    at = order.index(failed)

    assert affected(Strategy.ONE_FOR_ONE, order, failed) == (failed,)
    assert affected(Strategy.ONE_FOR_ALL, order, failed) == tuple(order)
    assert affected(Strategy.REST_FOR_ONE, order, failed) == tuple(order[at:])


@pytest.mark.parametrize("kind", ExitKind)
def test_what_calls_for_a_restart(kind: ExitKind) -> None:
    """S07, S11, S12: permanent always, transient only after an end nobody asked for, none when ignored."""
    end = Exit(kind=kind)

    assert calls_for_restart(RestartType.PERMANENT, end) is (kind != "ignored")
    assert calls_for_restart(RestartType.TRANSIENT, end) is (kind not in {"normal", "shutdown", "ignored"})
    assert not calls_for_restart(RestartType.TEMPORARY, end)
