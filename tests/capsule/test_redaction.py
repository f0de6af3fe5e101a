"""What is personal is replaced, the same everywhere, and the rest is as it was: also for a replay."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from acore.capsule.export import Export, Wanted, header_for
from acore.capsule.form import RowLine
from acore.capsule.reading import Reader
from acore.capsule.redaction import Redactor
from acore.clock import HeldClock
from acore.events.catalog import CATALOG
from acore.events.discord import InteractionReceived
from acore.events.personal import Personal
from acore.log import masker
from acore.replay.engine import replay
from acore.replay.report import Verdict
from acore.replay.source import RowsSource
from acore.runtime.actor import Actor
from acore.storage.query import Row
from tests.actors.house import STEADY
from tests.capsule.lived import ALICE, WRITTEN, rows
from tests.failing import FragileConfig, FragileHealth, FragileLifecycle, FragileMetrics

KEY = b"a key that a test knows"
EVERYTHING = tuple(Personal)
SNOWFLAKE = re.compile(r"(?<![0-9a-z.-])[0-9]{17,19}(?![0-9a-z.-])")
CORE: dict[str, Callable[[], Actor[Any]]] = {
    "config": FragileConfig,
    "lifecycle": FragileLifecycle,
    "health": lambda: FragileHealth({name: one.tier for name, one in STEADY.items()}),
    "metrics": FragileMetrics,
}


def redacted(database: Path, to: Path, what: tuple[Personal, ...], key: bytes = KEY) -> list[Row]:
    redactor = Redactor(what, CATALOG, key)
    header = header_for(database, Wanted(), CATALOG, HeldClock().now(), redactor)
    Export(database, header, mask=masker(()), redactor=redactor).to(to)
    return [line.row() for line in Reader(to).lines() if isinstance(line, RowLine)]


def test_nothing_personal_is_left(database: Path, tmp_path: Path) -> None:
    """R17: ids, names and what people wrote; the header says which of these were replaced."""
    found = redacted(database, tmp_path / "all.jsonl", EVERYTHING)

    text = (tmp_path / "all.jsonl").read_text("utf-8")
    before = " ".join(row.payload for row in rows(database))
    personal = {ALICE.name, WRITTEN, "Cheshire", "Red Queen", *SNOWFLAKE.findall(before)}
    assert len(personal) > 10
    assert [what for what in personal if what in text] == []
    assert Reader(tmp_path / "all.jsonl").header.redacted == ("ids", "names", "text")
    assert KEY.decode() not in text
    assert [(row.seq, row.id, row.cause, row.name) for row in found] == [
        (row.seq, row.id, row.cause, row.name) for row in rows(database)
    ]


@pytest.mark.parametrize("what", [(Personal.IDS,), (Personal.NAMES,), (Personal.TEXT,), EVERYTHING])
def test_a_replay_comes_to_the_same_verdict(
    database: Path, tmp_path: Path, what: tuple[Personal, ...]
) -> None:
    """R17: every core actor says of the stand-ins what it said of what they stand for."""
    found = redacted(database, tmp_path / "all.jsonl", what)

    for name, build in CORE.items():
        now = replay(name, build, RowsSource(found))
        then = replay(name, build, RowsSource(rows(database)))
        assert (now.verdict, now.handled) == (then.verdict, then.handled), name
        assert now.verdict is Verdict.SAME


def test_the_same_has_the_same_stand_in_and_it_has_the_same_shape(database: Path, tmp_path: Path) -> None:
    """R17: so that who did several things is still one, and everything can be read."""
    found = redacted(database, tmp_path / "all.jsonl", EVERYTHING)

    received = [
        CATALOG.decode(row.name, row.version, row.payload.encode())
        for row in found
        if row.name == "interaction.received"
    ]
    assert all(isinstance(one, InteractionReceived) for one in received)
    people = {(one.invoker.id, one.invoker.name) for one in received if isinstance(one, InteractionReceived)}
    (person,) = people
    assert 10**17 <= person[0] < 2**63
    noted = next(row.payload for row in found if row.name == "audit.noted" and '"restart"' in row.payload)
    assert f'"who":"{person[1]} ({person[0]})"' in noted


def test_another_key_makes_other_stand_ins(database: Path, tmp_path: Path) -> None:
    """R17: nobody can look up in one file what stands in another."""
    one = redacted(database, tmp_path / "one.jsonl", EVERYTHING, b"one")
    other = redacted(database, tmp_path / "other.jsonl", EVERYTHING, b"other")

    ids = [set(SNOWFLAKE.findall(" ".join(row.payload for row in rows))) for rows in (one, other)]
    assert len(ids[0]) == len(ids[1]) > 3
    assert ids[0] & ids[1] == set()
    assert (
        Reader(tmp_path / "one.jsonl").header.redaction != Reader(tmp_path / "other.jsonl").header.redaction
    )


def test_what_is_not_asked_for_stays(database: Path, tmp_path: Path) -> None:
    """R17."""
    text = " ".join(row.payload for row in redacted(database, tmp_path / "a.jsonl", (Personal.IDS,)))

    assert ALICE.name in text
    assert WRITTEN in text
    assert str(ALICE.id) not in text


def test_of_what_is_not_known_every_text_is_replaced(database: Path) -> None:
    """R17, E06: nobody here can say which of them is a name."""
    row = rows(database)[0]
    strange = replace(row, name="other.thing", payload='{"who":"Alice","n":3,"list":["Dinah",null]}')

    payload = Redactor(EVERYTHING, CATALOG, KEY).row(strange).payload

    assert re.fullmatch(r'\{"who":"text-\w{8}","n":3,"list":\["text-\w{8}",null\]\}', payload)


def test_a_name_that_is_an_actors_too_is_replaced_only_as_a_name(database: Path) -> None:
    """R17: or a person could make a replay fail by what they call themselves."""
    received = next(row for row in rows(database) if row.name == "interaction.received")
    started = next(row for row in rows(database) if row.name == "actor.started")
    said = msgspec.json.decode(received.payload)
    said["command"] = said["invoker"]["name"] = "metrics"
    redactor = Redactor(EVERYTHING, CATALOG, KEY)
    redactor.row(replace(started, source="metrics"))

    changed = msgspec.json.decode(
        redactor.row(replace(received, payload=msgspec.json.encode(said).decode())).payload
    )

    assert changed["invoker"]["name"].startswith("name-")
    assert changed["command"] == "metrics"


@given(st.integers(10**16, 2**63 - 1), st.integers(10**16, 2**63 - 1))
def test_ids_stay_ids_and_different_ones_stay_different(one: int, other: int) -> None:
    """R17."""
    redactor = Redactor([Personal.IDS], CATALOG, KEY)

    first, second = int(redactor.text(str(one))), int(redactor.text(str(other)))

    assert 10**17 <= first < 2**63
    assert (first == second) == (one == other)
    assert redactor.text(f"<@{one}> and {other}, not a{one}") == f"<@{first}> and {second}, not a{one}"
