"""The mark beside the database: what it claims is durable, and half a write does it no harm."""

import os
from hashlib import blake2b
from pathlib import Path

import pytest
from loguru import logger

from acore.clock import HeldClock
from acore.storage.mark import BLOCK, MARK_NAME, Mark, MarkFile, MarkUnreadableError, read_mark
from acore.storage.writer import MARK_EVERY
from tests.storage.world import running


def mark(seq: int, epoch: int = 1) -> Mark:
    return Mark(seq=seq, hash="ab" * 16, boot="boot-1", epoch=epoch, wall_ns=5)


def kept(path: Path, *marks: Mark) -> bytes:
    """Return what the file holds after *marks* were put into it."""
    path.unlink(missing_ok=True)
    file = MarkFile(path)
    for one in marks:
        file.put(one)
    file.close()
    return path.read_bytes()


def test_the_newest_is_read_and_the_one_before_it_is_kept(tmp_path: Path) -> None:
    path = tmp_path / MARK_NAME
    assert read_mark(path) is None
    kept(path)
    assert read_mark(path) is None

    for many in range(1, 5):
        content = kept(path, *(mark(seq) for seq in range(1, many + 1)))
        assert read_mark(path) == mark(many)
        assert len(content) == 2 * BLOCK
        # A run that goes on with the file replaces the older one.
        file = MarkFile(path)
        file.put(mark(many + 1))
        file.close()
        assert read_mark(path) == mark(many + 1)
        assert f'"seq":{many},'.encode() in path.read_bytes()


def test_of_two_runs_the_later_one_counts(tmp_path: Path) -> None:
    """J09: one that was fenced out and has come further in its own count does not."""
    kept(tmp_path / MARK_NAME, mark(5, epoch=2), mark(9, epoch=1))

    assert read_mark(tmp_path / MARK_NAME) == mark(5, epoch=2)


@pytest.mark.parametrize("before", range(4))
def test_a_write_that_was_torn_anywhere_leaves_the_one_before(tmp_path: Path, before: int) -> None:
    """J05: as after a power cut in the middle of it, at every single byte."""
    path = tmp_path / MARK_NAME
    old = kept(path, *(mark(seq) for seq in range(1, before + 1)))
    new = kept(path, *(mark(seq) for seq in range(1, before + 2)))
    start = (before % 2) * BLOCK
    whole = new[start:].index(b"\n") + 1
    torn = old
    for cut in range(whole + 1):
        torn = old[:start] + new[start : start + cut] + old[start + cut :]
        path.write_bytes(torn)
        try:
            read = read_mark(path)
        except MarkUnreadableError:
            read = None
        # The last bytes may be the same in both.
        assert read == (mark(before + 1) if torn == new else mark(before) if before else None)
    assert torn == new


GARBAGE = [
    b"x",
    b"\0",
    b"\xff" * 300,
    b'garbage {"seq":1}\n',
    f"{blake2b(b'{}', digest_size=8).hexdigest()} {{}}\n".encode(),  # whole, and of another shape
]


@pytest.mark.parametrize("garbage", GARBAGE)
def test_garbage_is_no_mark_and_is_replaced(tmp_path: Path, garbage: bytes) -> None:
    path = tmp_path / MARK_NAME
    path.write_bytes(garbage)
    with pytest.raises(MarkUnreadableError):
        read_mark(path)

    file = MarkFile(path)
    file.put(mark(3))
    file.close()

    assert read_mark(path) == mark(3)
    assert path.stat().st_size == 2 * BLOCK


async def test_what_is_durable_is_claimed_and_nothing_above_it(tmp_path: Path) -> None:
    """J05: after every commit, with the hash of the newest row."""
    async with running(tmp_path, HeldClock()) as world:
        for number in range(20):
            world.count(number)
            await world.durable()
            claimed = read_mark(tmp_path / MARK_NAME)
            assert claimed is not None
            seq, head, epoch = world.rows("SELECT seq, hash, epoch FROM progress")[0]
            assert (claimed.seq, claimed.hash) == (seq, head.hex())
            assert (claimed.epoch, claimed.boot) == (epoch, "boot-1") == (1, "boot-1")
            assert seq == world.bus.seq
    stopped = read_mark(tmp_path / MARK_NAME)
    assert stopped is not None
    assert stopped.seq == world.bus.seq


async def test_it_is_synced_once_a_second_however_much_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """J05."""
    synced: list[int] = []
    sync = os.fdatasync

    def counted(file: int) -> None:
        synced.append(file)
        sync(file)

    monkeypatch.setattr(os, "fdatasync", counted)
    clock = HeldClock()
    async with running(tmp_path, clock) as world:
        await world.durable()
        await clock.advance(2 * MARK_EVERY)
        begun = len(synced)
        for number in range(10):
            world.count(number)
            await world.durable()
        await clock.settle()
        assert len(synced) == begun + 1
        await clock.advance(MARK_EVERY)
        assert len(synced) == begun + 2
        await clock.advance(10 * MARK_EVERY)
        assert len(synced) == begun + 2, "nothing was written, so nothing is synced"


async def test_a_mark_that_cannot_be_written_is_told_once_and_holds_nothing_up(tmp_path: Path) -> None:
    (tmp_path / MARK_NAME).mkdir()
    told: list[str] = []
    handler = logger.add(told.append, level="WARNING", format="{message}")
    try:
        async with running(tmp_path, HeldClock()) as world:
            for number in range(5):
                world.count(number)
                await world.durable()
            assert world.counted() == list(range(5))
    finally:
        logger.remove(handler)

    assert len([line for line in told if "acore.mark cannot be written (Is a directory)" in line]) == 1
