"""Journals of older and of newer programs: a real file, listed and replayed by the program of today."""

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import anyio
import msgspec
import pytest
from click.testing import CliRunner
from msgspec.structs import replace

from acore.cli.events import events
from acore.events.base import Command, Entry, Event, Kind
from acore.events.catalog import retire, wire
from acore.events.upcast import Recorded, UnknownMessageError, UnreadableMessageError
from acore.replay.report import Skipped
from acore.runtime.actor import Actor, Context
from acore.runtime.edge import EdgeActor, EdgeContext
from acore.runtime.handlers import handles
from acore.runtime.restart import Backoff
from acore.runtime.spec import ChildSpec
from acore.storage.query import Row, tail
from acore.storage.rows import take_over, write
from acore.storage.sqlite import transact
from tests.actors.house import house
from tests.replay.world import replay
from tests.storage.world import connect, database

# --- the program of today, with what it knows of those before it


def cents_of(old: dict[str, Any]) -> dict[str, Any]:
    """Version 1 had an amount in whole units."""
    return {"cents": old["amount"] * 100}


def with_a_name(old: dict[str, Any]) -> dict[str, Any]:
    """Version 2 did not say who."""
    return {**old, "who": "somebody"}


@wire("test.old.paid", version=3, formerly=("test.old.payed",), upcasters={1: cents_of, 2: with_a_name})
class Paid(Event):
    """Somebody paid."""

    cents: int
    who: str


def in_cents(old: dict[str, Any]) -> dict[str, Any]:
    """Version 1 had an amount in whole units."""
    return {"cents": old["total"] * 100}


@wire("test.old.receipt", version=2, upcasters={1: in_cents})
class Receipt(Event):
    """A receipt was given. `paper` was added at the same version."""

    cents: int
    paper: str = "plain"


@wire(
    "test.old.get_fee",
    version=2,
    upcasters={1: lambda old: {"of": old["payer"]}},
    reply_upcasters={1: lambda old: old["fee"]},
)
class GetFee(Command[int]):
    """How much does it cost to pay?"""

    of: str


@wire("test.old.get_total", version=2, reply_upcasters={1: lambda old: old * 100})
class GetTotal(Command[int]):
    """How much was paid?"""


@wire("test.old.asked")
class Asked(Event):
    """Somebody wants to know the total."""


def one_by_one(old: dict[str, Any]) -> tuple[Recorded, ...]:
    return tuple(
        Recorded(name="test.old.payed", version=1, payload={"amount": amount}) for amount in old["amounts"]
    )


retire("test.old.payed_together", version=1, upcasters={1: one_by_one})
retire("test.old.sneezed", version=1)


@wire("test.old.stamped")
class Stamped(Event):
    """A receipt got its stamp."""


def in_two(old: dict[str, Any]) -> tuple[Recorded, ...]:
    receipt = Recorded(name="test.old.receipt", version=2, payload={"cents": old["cents"]})
    return (receipt, Recorded(name="test.old.stamped", version=1, payload={}))


retire("test.old.bill", version=1, upcasters={1: in_two})


class Fees(EdgeActor):
    """Knows what it costs to pay."""

    @handles
    async def tell(self, _question: GetFee, _io: EdgeContext) -> int:
        return 0


class Sum(msgspec.Struct):
    cents: int = 0
    payers: tuple[str, ...] = ()


class Till(Actor[Sum]):
    """Adds up what was paid, and gives receipts."""

    asks = (GetFee,)

    @handles
    async def take(self, paid: Paid, ctx: Context) -> None:
        if paid.cents == 0:
            raise ZeroDivisionError("nothing was paid")
        fee = await ctx.ask(GetFee(of=paid.who))
        self.state.cents += paid.cents + fee
        self.state.payers += (paid.who,)
        ctx.publish(Receipt(cents=paid.cents))

    @handles
    async def tell(self, _question: GetTotal, _ctx: Context) -> int:
        return self.state.cents


class Bookkeeper(Actor[Sum]):
    """Asks for the total."""

    asks = (GetTotal,)

    @handles
    async def ask(self, _asked: Asked, ctx: Context) -> None:
        self.state.cents = await ctx.ask(GetTotal())


class Generous(Till):
    """Gives a receipt for more than was paid."""

    @handles
    async def take(self, paid: Paid, ctx: Context) -> None:
        await super().take(replace(paid, cents=paid.cents + 1), ctx)


class Stamping(Till):
    """Stamps each receipt."""

    @handles
    async def take(self, paid: Paid, ctx: Context) -> None:
        await super().take(paid, ctx)
        ctx.publish(Stamped())


async def lived(directory: Path) -> tuple[Row, ...]:
    """Return the journal of a day: of the program of today, as there is no other."""
    slow = Backoff(first=1.0, cap=1.0, jitter=0)
    actors = (
        ChildSpec(id="fees", actor=Fees),
        ChildSpec(id="till", actor=Till, backoff=slow),
        ChildSpec(id="bookkeeper", actor=Bookkeeper),
    )
    async with house(directory, *actors) as home:
        for cents in (500, 0, 700, 200):
            home.say(Paid(cents=cents, who="somebody"))
            await home.clock.advance(3)
        await home.tell(Asked())
        await home.clock.advance(10)
        return await home.rows()


# --- the programs before it: what they would have written


def as_first(row: Row) -> tuple[Row, ...]:
    """Return what the first program wrote in the place of *row*."""
    is_reply = row.kind == Kind.REPLY
    said = msgspec.json.decode(row.payload)
    match row.name:
        case "test.old.paid":
            return (_of(row, "test.old.payed", 1, {"amount": said["cents"] // 100}),)
        case "test.old.receipt":
            return (_of(row, row.name, 1, {"total": said["cents"] // 100}),)
        case "test.old.get_fee":
            return (_of(row, row.name, 1, {"fee": said} if is_reply else {"payer": said["of"]}),)
        case "test.old.get_total" if is_reply:
            return (_of(row, row.name, 1, said // 100),)
        case "test.old.get_total":
            return (_of(row, row.name, 1, {}),)
        case _:
            return (row,)


def as_second(row: Row) -> tuple[Row, ...]:
    """Return what the second program wrote: the same version of today's, where only a default is new."""
    said = msgspec.json.decode(row.payload)
    match row.name:
        case "test.old.paid":
            return (_of(row, row.name, 2, {"cents": said["cents"], "gone": [1]}),)
        case "test.old.receipt":
            return (_of(row, row.name, 2, {"cents": said["cents"]}),)
        case _:
            return (row,)


def as_sneezing(row: Row) -> tuple[Row, ...]:
    """Return what a program wrote that sneezed before each receipt: all later ids are other ones."""
    if row.source == "till" and row.name in {"test.old.receipt", "test.old.get_fee"}:
        sneeze = replace(
            row, id=f"sneeze-{row.id}", name="test.old.sneezed", version=1, kind="event", target=""
        )
        return (replace(sneeze, payload='"not even a record"'), replace(row, id=f"later-{row.id}"))
    is_reply = row.kind == Kind.REPLY and row.name == "test.old.get_fee"
    return (replace(row, cause=f"later-{row.cause}") if is_reply else row,)


def as_billing(row: Row) -> tuple[Row, ...]:
    """Return what a program wrote whose receipts came with a stamp."""
    if row.name != "test.old.receipt":
        return (row,)
    return (_of(row, "test.old.bill", 1, {"cents": msgspec.json.decode(row.payload)["cents"]}),)


def _of(row: Row, name: str, version: int, payload: object) -> Row:
    return replace(row, name=name, version=version, payload=msgspec.json.encode(payload).decode())


def together(rows: Iterable[Row]) -> list[Row]:
    """Return what a program wrote that took the last two payments for one."""
    found = list(rows)
    first, second = [row for row in found if row.name == "test.old.paid"][-2:]
    amounts = [msgspec.json.decode(row.payload)["cents"] // 100 for row in (first, second)]
    both = _of(first, "test.old.payed_together", 1, {"amounts": amounts})
    return [
        both if row is first else replace(row, cause=first.id) if row.cause == second.id else row
        for row in found
        if row is not second
    ]


def written(directory: Path, rows: Iterable[Row]) -> Path:
    """Write *rows* into a new database, as the store does."""
    directory.mkdir()
    path = database(directory)
    entries = [
        Entry(replace(row, seq=seq).envelope(Event()), row.name, row.version, row.payload.encode())
        for seq, row in enumerate(rows, 1)
    ]
    connection = connect(path)
    transact(connection, lambda there: take_over(there, "old"))
    assert write(connection, entries, "old") == ()
    connection.close()
    return path


@pytest.fixture
def rows(tmp_path: Path) -> tuple[Row, ...]:
    return anyio.run(lived, tmp_path / "today")


def aged(rows: Iterable[Row], *ages: Callable[[Row], tuple[Row, ...]]) -> list[Row]:
    found = list(rows)
    for age in ages:
        found = [old for row in found for old in age(row)]
    return found


def read(path: Path) -> tuple[Row, ...]:
    return tail(path, limit=10_000)


@pytest.mark.parametrize(("version", "age"), [(1, as_first), (2, as_second)], ids=["first", "second"])
def test_an_old_journal_replays_as_it_was_lived(
    tmp_path: Path, rows: tuple[Row, ...], version: int, age: Callable[[Row], tuple[Row, ...]]
) -> None:
    """R13, E01, E03, E05, E07: what was told, asked, replied and said is brought up before it is compared."""
    old = read(written(tmp_path / "old", aged(rows, age)))
    assert {row.version for row in old if row.name in {"test.old.paid", "test.old.payed"}} == {version}

    for name, kind in (("till", Till), ("bookkeeper", Bookkeeper)):
        today, then = replay(name, kind, rows), replay(name, kind, old)
        assert then.divergences == today.divergences == ()
        assert (then.handled, then.state, then.skipped) == (today.handled, today.state, ())
    assert msgspec.json.decode(replay("till", Till, old).state, type=Sum).cents == 900


@pytest.mark.parametrize("age", [as_first, as_second], ids=["first", "second"])
def test_another_decision_shows_in_an_old_journal_too(
    tmp_path: Path, rows: tuple[Row, ...], age: Callable[[Row], tuple[Row, ...]]
) -> None:
    """R13: bringing up what was expected does not make everything alike."""
    old = read(written(tmp_path / "old", aged(rows, age)))

    first = replay("till", Generous, old).divergences[0]

    assert (first.kind, first.handler) == ("other payload", "take")
    assert first.actual == 'test.old.receipt {"cents":501,"paper":"plain"}'
    assert '{"cents":500' in first.expected


def test_what_was_said_and_is_retired_is_not_missed(tmp_path: Path, rows: tuple[Row, ...]) -> None:
    """E09, R13: though everything said after it had another id then."""
    old = read(written(tmp_path / "old", aged(rows, as_sneezing)))
    assert sum(row.name == "test.old.sneezed" for row in old) > 3

    then = replay("till", Till, old)

    assert then.divergences == ()
    assert then.state == replay("till", Till, rows).state
    assert replay("till", Generous, old).divergences[0].kind == "other payload"


def test_what_was_heard_as_one_is_handled_part_by_part(tmp_path: Path, rows: tuple[Row, ...]) -> None:
    """E09, R13: and all that the parts say is compared with what was said of the whole."""
    old = read(written(tmp_path / "old", together(rows)))

    then, today = replay("till", Till, old), replay("till", Till, rows)

    assert then.divergences == ()
    assert (then.state, then.handled) == (today.state, today.handled)
    other = replay("till", Generous, old).divergences
    whole = next(row.seq for row in old if row.name == "test.old.payed_together")
    assert [one.kind for one in other if one.seq == whole] == ["other payload", "other payload"]


def test_what_was_said_as_one_is_expected_part_by_part(tmp_path: Path, rows: tuple[Row, ...]) -> None:
    """E09, R13."""
    old = read(written(tmp_path / "old", aged(rows, as_billing)))

    assert replay("till", Stamping, old).divergences == ()
    assert {one.kind for one in replay("till", Stamping, rows).divergences} == {"extra output"}
    assert {(one.kind, one.expected) for one in replay("till", Till, old).divergences} == {
        ("missing output", "test.old.stamped {}")
    }


# --- what nobody here knows


def with_a_stranger(row: Row) -> tuple[Row, ...]:
    """Put a message of a newer program behind each payment."""
    if row.name != "test.old.paid":
        return (row,)
    return (row, replace(_of(row, "test.old.flown", 4, {"to": "the moon"}), id=f"flown-{row.id}"))


def as_newer(row: Row) -> tuple[Row, ...]:
    return (replace(row, version=4) if row.name == "test.old.paid" else row,)


@pytest.mark.parametrize(
    ("age", "why"),
    [
        (with_a_stranger, r"a recorded test\.old\.flown of version 4: no such message is known"),
        (as_newer, r"a recorded test\.old\.paid of version 4: this acore knows version 3"),
    ],
    ids=["stranger", "newer"],
)
def test_a_replay_stops_at_what_it_does_not_know(
    tmp_path: Path, rows: tuple[Row, ...], age: Callable[[Row], tuple[Row, ...]], why: str
) -> None:
    """E06, E10, R05: before anything is handled, and with its number."""
    old = read(written(tmp_path / "old", aged(rows, age)))
    number = next(row.seq for row in old if row.version == 4)
    built: list[Till] = []

    def build() -> Till:
        built.append(Till())
        return built[-1]

    with pytest.raises(UnknownMessageError, match=why) as caught:
        replay("till", build, old)

    assert caught.value.__notes__ == [f"It is entry {number} of the journal."]
    assert built == []


def test_a_replay_that_skips_what_it_does_not_know_says_so(tmp_path: Path, rows: tuple[Row, ...]) -> None:
    """E06: by number, name and version."""
    old = read(written(tmp_path / "old", aged(rows, with_a_stranger)))

    then = replay("till", Till, old, unknown="skip")

    assert then.divergences == ()
    assert then.state == replay("till", Till, rows).state
    assert then.skipped == tuple(
        Skipped(seq=row.seq, name="test.old.flown", version=4) for row in old if row.name == "test.old.flown"
    )
    assert len(then.skipped) == 4


def test_a_command_of_others_need_not_be_known(tmp_path: Path, rows: tuple[Row, ...]) -> None:
    """E06: an unknown event may have been anybody's, a command has its one receiver."""

    def ask_another(row: Row) -> tuple[Row, ...]:
        if row.name != "test.old.paid":
            return (row,)
        asked = _of(row, "test.old.fly", 1, {})
        return (row, replace(asked, id=f"fly-{row.id}", kind="command", source="pilot", target="wings"))

    old = read(written(tmp_path / "old", aged(rows, ask_another)))

    assert replay("till", Till, old).divergences == ()
    with pytest.raises(UnknownMessageError, match=r"test\.old\.fly"):
        replay("wings", Till, old)


def test_a_payload_that_does_not_fit_is_no_unknown_one(tmp_path: Path, rows: tuple[Row, ...]) -> None:
    """E02, E06: it is not skipped, for it is this program that cannot read what it should."""

    def spoil(row: Row) -> tuple[Row, ...]:
        return (_of(row, row.name, 1, {}) if row.name == "test.old.paid" else row,)

    old = read(written(tmp_path / "old", aged(rows, spoil)))

    with pytest.raises(UnreadableMessageError, match=r"upcaster from version 1 failed with KeyError"):
        replay("till", Till, old, unknown="skip")


# --- listing


def listed(path: Path, *arguments: str) -> str:
    told = CliRunner().invoke(events, ["--data", str(path.parent), *arguments])
    assert told.exit_code == 0, told.output
    return told.output


def test_an_old_and_a_newer_journal_are_listed_whole(tmp_path: Path, rows: tuple[Row, ...]) -> None:
    """E06, E09, E10: name, version and payload as they were recorded."""
    path = written(tmp_path / "old", aged(rows, as_first, as_sneezing))
    names = [row.name for row in read(path)]

    lines = listed(path, "tail", "-n", "10000", "--wide").splitlines()
    found = [msgspec.json.decode(line) for line in listed(path, "tail", "-n", "10000", "--json").splitlines()]

    assert [one["name"] for one in found] == [line.split("\t")[4] for line in lines[1:]] == names
    assert all(one["is_known"] for one in found)
    assert {"test.old.payed", "test.old.sneezed"} <= set(names)
    assert not any("not known here" in line for line in lines)


def test_what_nobody_knows_is_listed_with_its_version_and_its_payload(
    tmp_path: Path, rows: tuple[Row, ...]
) -> None:
    """E06, E10."""
    path = written(tmp_path / "old", aged(rows, with_a_stranger, as_newer))
    flown = next(row for row in read(path) if row.name == "test.old.flown")
    paid = next(row for row in read(path) if row.name == "test.old.paid")

    (line, *_) = listed(path, "tail", "-n", "100", "--wide", "--name", "test.old.flown").splitlines()[1:]
    found = msgspec.json.decode(listed(path, "tail", "-n", "1", "--json", "--name", "test.old.flown"))
    shown = listed(path, "show", flown.id)

    assert line.endswith('\ttest\ttest.old.flown, which is not known here: {"to":"the moon"}')
    assert (found["version"], found["payload"], found["is_known"]) == (4, {"to": "the moon"}, False)
    assert "test.old.flown (event, version 4)" in shown
    assert "this one knows nothing of that name, so it is shown as it was recorded" in shown
    assert '"to": "the moon"' in shown
    assert "this one knows version 3 of it" in listed(path, "show", paid.id)
