"""When a lost connection is tried again."""

from acore.discord.staying import LONGEST, wait_before


def test_it_is_tried_at_once_then_often_enough_for_who_asked_meanwhile_and_then_ever_more_slowly() -> None:
    waits = [wait_before(attempt) for attempt in range(1, 20)]
    at = [sum(waits[:number]) for number in range(1, 20)]

    assert waits[0] == 0
    assert [one for one in at if one <= 3] == [0, 0.5, 1.0, 1.5, 2.0, 2.5, 3.0]
    assert waits[7:12] == [1, 2, 4, 8, 16]
    assert set(waits[14:]) == {LONGEST}
