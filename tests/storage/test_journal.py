import asyncio

import pytest
from anyio import create_task_group
from anyio.lowlevel import checkpoint

from acore.clock import HeldClock
from acore.events.base import Entry, Envelope, Event, Kind, Origin, Trace
from acore.events.bus import Bus
from acore.storage.journal import HIGH_MARK, LOW_MARK, Journal, SequenceError


def entry(seq: int) -> Entry:
    envelope = Envelope(seq, seq, seq, Kind.EVENT, Event(), Trace("test"), Origin(node="n", boot="b"))
    return Entry(envelope, "test.said", 1, b"{}")


def filled(*seqs: int) -> Journal:
    journal = Journal()
    for seq in seqs:
        journal.append(entry(seq))
    return journal


async def turns(count: int = 5) -> None:
    for _ in range(count):
        await checkpoint()


def test_numbers_never_go_back() -> None:
    """J13."""
    journal = Journal(last_seq=7)
    journal.append(entry(9))

    for seq in (9, 8, 7):
        with pytest.raises(SequenceError, match=f"entry {seq} comes after entry 9"):
            journal.append(entry(seq))


def test_a_batch_stays_until_it_is_committed() -> None:
    """J15: whoever writes may die at any moment."""
    journal = filled(1, 2, 4)

    assert [one.seq for one in journal.batch(2)] == [1, 2]
    assert [one.seq for one in journal.batch(2)] == [1, 2]
    journal.committed(2)

    assert [one.seq for one in journal.batch(2)] == [4]
    assert (journal.waiting, journal.durable_seq) == (1, 3)


async def test_what_is_on_disk_is_not_waited_for() -> None:
    journal = filled(1, 2)
    journal.committed(1)

    await journal.wait_durable(1)
    await Journal(5).wait_durable(3)
    await Journal(5).wait_durable(99)


async def test_each_waits_for_its_own_number() -> None:
    """J01."""
    journal = filled(1, 2, 3)
    woken: list[int] = []

    async def wait(seq: int) -> None:
        await journal.wait_durable(seq)
        woken.append(seq)

    async with create_task_group() as group:
        for seq in (3, 1, 2, 2):
            group.start_soon(wait, seq)
        await turns()
        journal.committed(1)
        await turns()
        assert woken == [1]
        journal.committed(3)
    assert sorted(woken) == [1, 2, 2, 3]


async def test_a_number_that_the_journal_does_not_keep_waits_for_those_before_it() -> None:
    """A command that is not journaled has a number too; what was said before it is to be seen."""
    journal = filled(1, 2)
    async with create_task_group() as group:
        group.start_soon(journal.wait_durable, 5)
        await turns()
        journal.append(entry(6))
        journal.committed(2)


async def test_one_that_stops_waiting_wakes_nobody_and_leaves_nothing() -> None:
    journal = filled(1)
    done: list[str] = []

    async def wait(name: str) -> None:
        await journal.wait_durable(1)
        done.append(name)

    async with create_task_group() as group:
        group.start_soon(wait, "patient")
        async with create_task_group() as hasty:
            for n in range(500):
                hasty.start_soon(journal.wait_durable, 1 + n)
            await turns()
            hasty.cancel_scope.cancel()
        assert done == []
        assert len(journal._waiters) <= 1 + 64
        journal.committed(1)
    assert done == ["patient"]
    assert not journal._waiters


async def test_a_waiter_cancelled_natively_takes_nobody_with_it() -> None:
    journal = filled(1)
    waits = [asyncio.get_running_loop().create_task(journal.wait_durable(1)) for _ in range(3)]
    await turns()

    waits[0].cancel()
    await turns()
    journal.committed(1)
    await asyncio.gather(*waits[1:])

    assert waits[0].cancelled()


async def test_the_writer_is_woken_by_an_entry_and_by_hand() -> None:
    journal = Journal()
    async with create_task_group() as group:
        group.start_soon(journal.gathered)
        await turns()
        journal.append(entry(1))
    journal.committed(1)
    async with create_task_group() as group:
        group.start_soon(journal.gathered)
        await turns()
        journal.wake()


def test_what_goes_on_is_named_while_it_does() -> None:
    journal = Journal()
    with journal.doing("writing"):
        assert list(journal.under_way()) == ["writing"]
    assert list(journal.under_way()) == []


async def test_sources_wait_while_too_much_is_to_be_written_and_go_on_at_the_low_mark() -> None:
    """B12: the journal holds them back as a mailbox does, and a commit lets them look again."""
    journal = filled(*range(1, HIGH_MARK + 2))
    bus = Bus(HeldClock(), journal, boot="b", last_seq=journal.last_seq)
    went_on = False

    async def wait() -> None:
        nonlocal went_on
        await bus.ready(within=60)
        went_on = True

    async with create_task_group() as tasks:
        tasks.start_soon(wait)
        await turns()
        assert list(bus.pressed()) == ["the journal"]

        journal.committed(HIGH_MARK - LOW_MARK)
        await turns()
        assert not went_on, "the high mark is past, the low one is not reached"

        journal.committed(HIGH_MARK + 1 - LOW_MARK)
        await turns()
        assert went_on
