"""When a lost connection is tried again."""

import pytest

from acore.discord.staying import LASTING, LONGEST, QUICK, next_attempt, wait_before


def test_it_is_tried_at_once_then_often_enough_for_who_asked_meanwhile_and_then_ever_more_slowly() -> None:
    waits = [wait_before(attempt) for attempt in range(1, 20)]
    at = [sum(waits[:number]) for number in range(1, 20)]

    assert waits[0] == 0
    assert [one for one in at if one <= 3] == [0, 0.5, 1.0, 1.5, 2.0, 2.5, 3.0]
    assert waits[7:12] == [1, 2, 4, 8, 16]
    assert set(waits[14:]) == {LONGEST}


@pytest.mark.parametrize(
    ("attempt", "has_heard", "seconds", "expected"),
    [
        (1, False, 0.0, 2),
        (7, False, 60.0, 8),
        (9, True, LASTING, 1),
        (0, True, 0.1, 1),
        (1, True, 0.1, 2),
        (9, True, 0.1, 2),
    ],
)
def test_a_connection_that_is_always_lost_at_once_is_made_twice_a_second_and_not_more(
    attempt: int, *, has_heard: bool, seconds: float, expected: int
) -> None:
    assert next_attempt(attempt, has_heard=has_heard, seconds=seconds) == expected
    assert wait_before(2) == QUICK
