"""What the start makes of a database that is not the one that was written, or not all of it."""

import shutil
from collections.abc import Generator
from pathlib import Path

import pytest
from loguru import logger

from acore.actors.narrator import line_of
from acore.clock import HeldClock
from acore.errors import ExitCode
from acore.events.store import JournalLost, Loss, ProbeStore
from acore.storage.damaged import NOTE_NAME, note_damage
from acore.storage.mark import MARK_NAME, read_mark
from acore.storage.opening import take
from acore.storage.overview import overview
from acore.storage.schema import ForeignDatabaseError, NewerDatabaseError, tables
from acore.storage.sqlite import Connection, DamagedDatabaseError, attach
from acore.storage.store import DATABASE_NAME
from acore.storage.verify import verify
from tests.storage.world import World, rows, running

FRAME_HEADER, LOG_HEADER = 24, 32
NOW = HeldClock().now()


def never_checkpoint(connection: Connection) -> None:
    connection.execute("PRAGMA wal_autocheckpoint = 0")


def photograph(directory: Path, to: Path) -> Path:
    """Copy the files of a running bot as a kill at this moment would leave them."""
    to.mkdir(mode=0o700, exist_ok=True)
    for name in (DATABASE_NAME, f"{DATABASE_NAME}-wal", MARK_NAME):
        if (directory / name).exists():
            shutil.copyfile(directory / name, to / name)
    return to / DATABASE_NAME


@pytest.fixture
async def killed(tmp_path: Path) -> Path:
    """The data directory of a bot that was killed after fifteen batches; all are in its log."""
    async with running(tmp_path / "alive", HeldClock(), prepare=never_checkpoint) as world:
        for number in range(15):
            world.count(number)
            await world.durable()
        photograph(tmp_path / "alive", tmp_path / "killed")
    return tmp_path / "killed"


@pytest.fixture
def told() -> Generator[list[str]]:
    """What is logged from WARNING on."""
    lines: list[str] = []
    handler = logger.add(lines.append, level="WARNING", format="{level} {message}")
    yield lines
    logger.remove(handler)


def claimed(directory: Path) -> int:
    mark = read_mark(directory / MARK_NAME)
    assert mark is not None
    return mark.seq


def losses(world: World) -> list[tuple[str, int, int]]:
    return world.rows(
        "SELECT payload ->> '$.loss', payload ->> '$.first_seq', payload ->> '$.last_seq' FROM journal "
        "WHERE name = 'journal.lost' ORDER BY seq"
    )


def log_of(directory: Path) -> Path:
    return directory / f"{DATABASE_NAME}-wal"


def frames(log: bytes | bytearray) -> list[int]:
    """Return where each frame of a write-ahead log begins (https://www.sqlite.org/fileformat2.html#walformat)."""
    page = int.from_bytes(log[8:12])
    return list(range(LOG_HEADER, len(log), FRAME_HEADER + page))


def spoil_the_middle(directory: Path) -> None:
    """Flip a byte of one frame in the middle: SQLite takes it and all that follows for never written."""
    content = bytearray(log_of(directory).read_bytes())
    begins = frames(content)
    content[begins[len(begins) // 2] + 200] ^= 1
    log_of(directory).write_bytes(content)


def cut_the_end(directory: Path) -> None:
    content = log_of(directory).read_bytes()
    log_of(directory).write_bytes(content[: frames(content)[-4] + 100])


def remove_the_log(directory: Path) -> None:
    log_of(directory).unlink()


def remove_the_database(directory: Path) -> None:
    log_of(directory).unlink()
    (directory / DATABASE_NAME).unlink()


@pytest.mark.parametrize("harm", [spoil_the_middle, cut_the_end, remove_the_log, remove_the_database])
async def test_entries_that_sqlite_lost_without_a_word_raise_the_alarm(killed: Path, harm: object) -> None:
    """J04, J05, J13: the numbers that are missing are named, noted as gone, and never given again."""
    assert callable(harm)
    last = claimed(killed)
    harm(killed)

    async with running(killed, HeldClock(), boot="boot-2") as world:
        await world.durable()
        ((loss, first, upto),) = losses(world)
        assert (loss, upto) == ("behind", last)
        assert 1 <= first <= last
        assert world.rows("SELECT max(seq) FROM journal WHERE seq <= ?", last)[0][0] in {first - 1, None}
        assert world.rows("SELECT first_seq, last_seq, rows, reason FROM gone") == [
            (first, last, last - first + 1, "lost")
        ]
        assert world.rows("SELECT min(seq) > ? FROM journal WHERE boot = 'boot-2'", last) == [(1,)]
        assert world.rows("PRAGMA integrity_check") == [("ok",)], "SQLite itself finds nothing wrong"
        assert world.view.lost == JournalLost(
            loss=Loss.BEHIND, first_seq=first, last_seq=last, marked=HeldClock().now()
        )
        world.count(99)
        await world.durable()
    assert verify(killed / DATABASE_NAME).findings == ()

    async with running(killed, HeldClock(), boot="boot-3") as world:
        await world.durable()
        assert len(losses(world)) == 1, "it is told once"
        assert world.view.lost is None


async def test_a_killed_bot_whose_files_are_whole_raises_no_alarm(killed: Path, told: list[str]) -> None:
    """J03, J05."""
    async with running(killed, HeldClock(), boot="boot-2") as world:
        await world.durable()
        assert losses(world) == []
        assert world.counted() == list(range(15))
    assert told == []


async def test_an_older_copy_in_place_of_the_database_raises_the_alarm(tmp_path: Path) -> None:
    """J05, J06: also one of before an earlier start."""
    home, old = tmp_path / "home", tmp_path / "old"
    async with running(home, HeldClock()) as world:
        world.count(1)
        await world.durable()
    photograph(home, old)
    kept = claimed(home)
    async with running(home, HeldClock(), boot="boot-2") as world:
        world.count(2)
        await world.durable()
    last = claimed(home)
    shutil.copyfile(old / DATABASE_NAME, home / DATABASE_NAME)

    async with running(home, HeldClock(), boot="boot-3") as world:
        world.count(3)
        await world.durable()
        assert losses(world) == [("behind", kept + 1, last)]
        assert world.counted() == [1, 3]
        assert world.rows("SELECT epoch FROM progress") == [(3,)], "it is the third run all the same"


async def test_another_database_in_its_place_raises_the_alarm(tmp_path: Path) -> None:
    """J05: one that has come further, so that only the hash at the mark's number tells."""
    for home, many in (("mine", 3), ("theirs", 9)):
        async with running(tmp_path / home, HeldClock(), boot=f"of {home}") as world:
            for number in range(many):
                world.count(number)
            await world.durable()
    last = claimed(tmp_path / "mine")
    shutil.copyfile(tmp_path / "theirs" / DATABASE_NAME, tmp_path / "mine" / DATABASE_NAME)

    assert [(one.fault, one.seq) for one in verify(tmp_path / "mine" / DATABASE_NAME).findings] == [
        ("other", last)
    ]
    async with running(tmp_path / "mine", HeldClock(), boot="boot-2") as world:
        await world.durable()
        assert losses(world) == [("other", 1, last)]
        assert world.rows("SELECT * FROM gone") == []
        assert world.rows("SELECT min(seq) FROM journal WHERE boot = 'boot-2'")[0][0] > claimed(
            tmp_path / "theirs"
        )
    async with running(tmp_path / "mine", HeldClock(), boot="boot-3") as world:
        await world.durable()
        assert len(losses(world)) == 1


async def test_an_alarm_that_a_kill_kept_from_being_recorded_is_raised_again(killed: Path) -> None:
    """J05: the mark goes on only with the entry that tells of it."""
    last = claimed(killed)
    remove_the_log(killed)
    for boot in ("killed-1", "killed-2"):
        opening = take(killed / DATABASE_NAME, boot, NOW)  # and nothing is ever written
        assert opening.last_seq == last
        assert opening.lost is not None

    async with running(killed, HeldClock(), boot="boot-2") as world:
        await world.durable()
        assert [(loss, upto) for loss, _, upto in losses(world)] == [("behind", last)]


async def test_a_loss_right_after_a_loss_gives_no_number_again_either(tmp_path: Path) -> None:
    """J05, J13: the log was left behind at each of three moves, so that also the alarms are lost."""
    last = 0
    for number in range(3):
        home = tmp_path / f"{number}"
        async with running(home, HeldClock(), boot=f"boot-{number}", prepare=never_checkpoint) as world:
            await world.durable()
            assert world.rows("SELECT min(seq) FROM journal") == [(last + 1,)]
            lost = world.view.lost
            assert (lost and (lost.loss, lost.first_seq, lost.last_seq)) == (
                (Loss.BEHIND, 1, last) if number else None
            )
            photograph(home, tmp_path / f"{number + 1}")
        remove_the_log(tmp_path / f"{number + 1}")
        last = claimed(tmp_path / f"{number + 1}")
    found = rows(tmp_path / "3" / DATABASE_NAME, "SELECT first_seq, last_seq, rows FROM gone ORDER BY 1")
    assert [first for first, *_ in found] == [1, found[0][1] + 1]
    assert sum(many for *_, many in found) == found[-1][1]


@pytest.mark.parametrize("content", [None, b"", b"garbage", b"\xff" * 8192])
async def test_a_mark_that_is_gone_or_garbage_is_told_and_made_anew(
    killed: Path, told: list[str], content: bytes | None
) -> None:
    """J05: without it nothing can be compared, which is no reason not to start."""
    (killed / MARK_NAME).unlink()
    if content is not None:
        (killed / MARK_NAME).write_bytes(content)

    async with running(killed, HeldClock(), boot="boot-2") as world:
        await world.durable()
        assert losses(world) == []
        assert claimed(killed) == world.bus.seq
    assert len(told) == 1
    assert told[0].startswith("WARNING acore.mark: ")


async def test_a_first_start_has_nothing_to_tell(tmp_path: Path, told: list[str]) -> None:
    async with running(tmp_path, HeldClock()) as world:
        await world.durable()
    assert told == []


# --- damage


def spoil_a_page(path: Path, table: str) -> None:
    """Overwrite the first page of *table*; the header stays, so the file still opens."""
    connection = attach(path, "rw")
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
    root = connection.execute("SELECT rootpage FROM sqlite_schema WHERE name = ?", (table,)).fetchone()[0]
    size = connection.execute("PRAGMA page_size").fetchone()[0]
    connection.close()
    with path.open("r+b") as file:
        file.seek((root - 1) * size)
        file.write(b"\xee" * size)


def files(directory: Path) -> dict[str, bytes]:
    return {file.name: file.read_bytes() for file in directory.iterdir()}


@pytest.mark.parametrize("has_mark", [True, False])
async def test_a_damaged_file_is_moved_aside_with_its_log_and_a_new_one_begun_with_an_alarm(
    killed: Path,
    has_mark: bool,  # noqa: FBT001 - pytest's
) -> None:
    """J13, J20: nothing of it is deleted, and numbers go on above all that were given."""
    path = killed / DATABASE_NAME
    last = claimed(killed)
    if not has_mark:
        (killed / MARK_NAME).unlink()
    path.write_bytes(b"\xff" * 100 + path.read_bytes()[100:])
    log_of(killed).write_bytes(b"\xff" * 100 + log_of(killed).read_bytes()[100:])
    before = files(killed)

    async with running(killed, HeldClock(), boot="boot-2") as world:
        world.count(7)
        await world.durable()
        lost = world.view.lost
        assert lost is not None
        assert lost.kept_as == "acore.db.damaged-20260101T000000Z"
        assert losses(world) == [("damaged", 1, last if has_mark else 0)]
        assert world.counted() == [7]
        assert world.rows("SELECT min(seq) FROM journal")[0][0] == (last + 1 if has_mark else 1)
        assert world.rows("SELECT epoch FROM progress") == [(2 if has_mark else 1,)]
    after = files(killed)
    for suffix in ("", "-wal"):
        assert after[f"{lost.kept_as}{suffix}"] == before[f"{DATABASE_NAME}{suffix}"]
    assert verify(path).findings == ()
    line = line_of(lost)
    assert line is not None
    assert line.level == "CRITICAL"
    assert "It is kept as acore.db.damaged-20260101T000000Z" in line.text


@pytest.mark.parametrize("left", [None, b""])
async def test_a_log_whose_database_is_gone_is_kept_so_that_it_can_be_put_back(
    killed: Path, left: bytes | None
) -> None:
    """J06, J20: SQLite would delete it as the log of nothing, and the newest entries stand in it alone."""
    path = killed / DATABASE_NAME
    path.rename(killed / "elsewhere")
    if left is not None:
        path.write_bytes(left)
    log = log_of(killed).read_bytes()
    last = claimed(killed)

    async with running(killed, HeldClock(), boot="boot-2") as world:
        await world.durable()
        assert losses(world) == [("damaged", 1, last)]
        lost = world.view.lost
        assert lost is not None
    kept = killed / f"{lost.kept_as}-wal"
    assert kept.read_bytes() == log
    assert overview(path).set_aside == (lost.kept_as,)

    (killed / "elsewhere").rename(killed / lost.kept_as)
    assert rows(killed / lost.kept_as, "SELECT count(*) FROM journal")[0][0] >= 15


async def test_a_log_that_a_killed_start_has_held_is_kept_by_the_next_one(killed: Path) -> None:
    """J20: SQLite had deleted the log of a file with a bad header, and the kill came before it was moved."""
    path = killed / DATABASE_NAME
    path.write_bytes(b"\xff" * 100 + path.read_bytes()[100:])
    log = log_of(killed).read_bytes()
    log_of(killed).rename(killed / f"{DATABASE_NAME}-wal.held")

    lost = take(path, "boot-2", NOW).lost

    assert lost is not None
    assert (killed / f"{lost.kept_as}-wal").read_bytes() == log
    assert not (killed / f"{DATABASE_NAME}-wal.held").exists()


@pytest.mark.parametrize("table", ["progress", "journal"])
async def test_the_last_number_is_read_from_what_the_damage_has_left(killed: Path, table: str) -> None:
    """J13: without a mark."""
    path = killed / DATABASE_NAME
    (killed / MARK_NAME).unlink()
    last = rows(path, "SELECT max(seq) FROM journal")[0][0]
    spoil_a_page(path, table)
    note_damage(path, "it was bad")

    opening = take(path, "boot-2", NOW)

    assert opening.last_seq >= last
    assert opening.lost is not None
    assert opening.lost.loss is Loss.DAMAGED


async def test_a_database_that_forgot_how_far_it_came_is_a_damaged_one(killed: Path) -> None:
    """J13, J20: as after somebody has saved what could be saved of another."""
    path = killed / DATABASE_NAME
    last = claimed(killed)
    rows(path, "DELETE FROM progress")

    opening = take(path, "boot-2", NOW)

    assert opening.last_seq == last
    assert opening.lost is not None
    assert opening.lost.reason == "it does not tell any more how far it has come"


@pytest.mark.parametrize("table", sorted(tables()))
async def test_a_database_that_lacks_a_table_is_a_damaged_one(killed: Path, table: str) -> None:
    """J13, J20: as every command says that looks into it."""
    path = killed / DATABASE_NAME
    last = claimed(killed)
    rows(path, f"DROP TABLE {table}")

    opening = take(path, "boot-2", NOW)

    assert opening.last_seq == last
    assert opening.lost is not None
    assert opening.lost.reason == f"no such table: {table}"
    assert rows(path, f"SELECT count(*) FROM {table}")  # noqa: S608 - one of acore's own


async def test_a_run_that_meets_damage_ends_and_the_next_one_moves_the_file_aside(tmp_path: Path) -> None:
    """J20: the file opens, so only the word that the run left behind tells the next one."""
    path = tmp_path / DATABASE_NAME
    async with running(tmp_path, HeldClock()) as world:
        world.count(1)
        await world.durable()
    spoil_a_page(path, "counters")

    with pytest.RaisesGroup(DamagedDatabaseError, flatten_subgroups=True) as caught:
        async with running(tmp_path, HeldClock(), boot="boot-2") as world:
            world.count(2)
            await world.durable()
    error = caught.value.exceptions[0]
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    assert isinstance(error, DamagedDatabaseError)
    assert error.exit_code is ExitCode.DATA
    assert (tmp_path / NOTE_NAME).read_text("utf-8").strip() == error.reason

    async with running(tmp_path, HeldClock(), boot="boot-3") as world:
        world.count(3)
        await world.durable()
        assert [loss for loss, *_ in losses(world)] == ["damaged"]
        assert world.counted() == [3]
    assert not (tmp_path / NOTE_NAME).exists()
    assert overview(path).set_aside == ("acore.db.damaged-20260101T000000Z",)


async def test_damage_that_a_look_at_the_file_finds_has_it_moved_aside_at_the_next_start(
    tmp_path: Path,
) -> None:
    """J20: while it runs, the bot goes on with what it does not need of the file."""
    path = tmp_path / DATABASE_NAME
    async with running(tmp_path, HeldClock()) as world:
        world.count(1)
        await world.durable()
        spoil_a_page(path, "snapshots")
        seen = await world.ask(ProbeStore())
        assert "start acore, which moves it aside" in seen.integrity
        assert (tmp_path / NOTE_NAME).exists()

    async with running(tmp_path, HeldClock(), boot="boot-2") as world:
        await world.durable()
        assert [loss for loss, *_ in losses(world)] == ["damaged"]


async def test_a_good_file_in_the_damaged_ones_place_is_used(tmp_path: Path, told: list[str]) -> None:
    """J20: a backup that somebody put there is not moved aside because of what was there before."""
    async with running(tmp_path, HeldClock()) as world:
        world.count(1)
        await world.durable()
    (tmp_path / NOTE_NAME).write_text("it was bad\n", "utf-8")

    async with running(tmp_path, HeldClock(), boot="boot-2") as world:
        await world.durable()
        assert world.counted() == [1]
        assert losses(world) == []
    assert len(told) == 1
    assert "read through now and is whole" in told[0]
    assert not (tmp_path / NOTE_NAME).exists()


def test_two_damaged_files_of_one_second_are_both_kept(tmp_path: Path) -> None:
    """J20."""
    path = tmp_path / DATABASE_NAME
    for number in range(3):
        path.write_bytes(f"garbage {number}\n".encode() * 200)
        take(path, f"boot-{number}", NOW)

    kept = sorted(tmp_path.glob("acore.db.damaged-*"))
    assert [file.name.removeprefix("acore.db.damaged-20260101T000000Z") for file in kept] == ["", "-2", "-3"]
    assert [file.read_bytes()[:9] for file in kept] == [b"garbage 0", b"garbage 1", b"garbage 2"]


def test_another_programs_file_and_a_newer_acores_are_refused_and_not_moved(tmp_path: Path) -> None:
    """J20: they are not damaged, and not acore's to move."""
    theirs, newer = tmp_path / "theirs.db", tmp_path / "newer.db"
    connection = attach(theirs, "rwc")
    connection.execute("CREATE TABLE cookies (a TEXT)")
    connection.close()
    take(newer, "boot-1", NOW)
    connection = attach(newer, "rw")
    connection.execute("PRAGMA user_version = 99")
    connection.close()

    for path, error in ((theirs, ForeignDatabaseError), (newer, NewerDatabaseError)):
        with pytest.raises(error):
            take(path, "boot-2", NOW)
        assert path.exists()
    assert [file.name for file in tmp_path.iterdir() if "damaged" in file.name] == []
