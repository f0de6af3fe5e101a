"""An incident as a test: the history of one actor up to what should not have happened, and the claim."""

import keyword
import re
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from pathlib import Path
from types import MappingProxyType
from typing import Any

import msgspec
from msgspec.structs import replace

from acore.capsule.export import Wanted, header_for, write_lines
from acore.capsule.form import Selection, line_of
from acore.capsule.problems import CapsuleError, SecretInJournalError
from acore.capsule.redaction import Redactor
from acore.errors import ExitCode
from acore.events.base import Kind
from acore.events.catalog import Catalog
from acore.log import Masker
from acore.record import Record
from acore.replay.source import DatabaseSource, Part, Source
from acore.replay.source import Wanted as About
from acore.runtime.actor import Actor
from acore.storage.query import Row, show
from acore.storage.scan import LIFE

_EXITED = "actor.exited"
_NO_NAME = re.compile(r"[^a-z0-9]+")


class NoIncidentError(CapsuleError):
    """A test cannot be made of an entry."""

    exit_code = ExitCode.FAILURE

    def __init__(self, row: Row, why: str) -> None:
        super().__init__(f"no test can be made of entry {row.seq} ({row.name}): {why}")


class Expected(Record):
    """What should have been said and was not: a wire name, and fields that it has to have."""

    name: str
    fields: Mapping[str, Any] = MappingProxyType({})


class Incident(Record):
    """What went wrong.

    Attributes:
        row: The entry that it was asked about.
        actor: Who did it, or did not.
        message: What the actor was handling.
        expected: What should have been said, if that is what went wrong.
    """

    row: Row
    actor: str
    message: Row
    expected: Expected | None = None


def incident_of(database: Path, key: str, *, expected: Expected | None = None, actor: str = "") -> Incident:
    """Return what went wrong at an entry.

    Args:
        database: The database with the journal.
        key: The entry's number, its id, or the first digits of its id: the end of an actor that failed; an
            event or effect that should not have been; or, with *expected*, what was handled without it.
        expected: What should have been said.
        actor: Who should have said it; blank when only one actor said anything on that message.

    Raises:
        NoIncidentError: The entry is none of these.
        AcoreError: There is no such entry, or the database cannot be read, and why.
    """
    story = show(database, key)
    row = story.row
    if expected is not None:
        speakers = {one.source for one in story.consequences} if not actor else {actor}
        whose = row.target or (speakers.pop() if len(speakers) == 1 else "")
        if not whose:
            raise NoIncidentError(row, "it is not clear who should have said something: give --actor")
        return Incident(row=row, actor=whose, message=row, expected=expected)
    if not story.causes:
        raise NoIncidentError(row, "nothing was being handled when it came about")
    message = story.causes[-1]
    if row.name == _EXITED:
        try:
            ended = msgspec.json.decode(row.payload, type=_Ended)
        except msgspec.DecodeError:
            raise NoIncidentError(row, "what it says cannot be read any more") from None
        if not ended.error:
            raise NoIncidentError(row, f"{ended.actor} did not fail there")
        return Incident(row=row, actor=ended.actor, message=message)
    if row.kind not in {Kind.EVENT, Kind.EFFECT} or row.name in LIFE:
        raise NoIncidentError(row, "give the end of an actor that failed, or an event or effect")
    return Incident(row=row, actor=row.source, message=message)


def write_test(
    incident: Incident,
    to: Path,
    *,
    database: Path,
    build: Callable[[], Actor[Any]],
    origin: str,
    catalog: Catalog,
    now: datetime,
    mask: Masker,
    redactor: Redactor | None = None,
) -> tuple[Path, Path]:
    """Write a test of what went wrong, and the history that it needs beside it; return their paths.

    Args:
        incident: From `incident_of`.
        to: The test's file; the history is called like it, with `.jsonl`.
        database: The database with the journal.
        build: Makes the actor: what it handles is what it is told.
        origin: `module:Class` of the actor; blank for one of acore's own.
        catalog: The messages of today.
        now: The present instant.
        mask: Changes a text that holds a secret.
        redactor: What replaces something, if anything is to be.

    Raises:
        SecretInJournalError: The history holds a secret.
        AcoreError: The database cannot be read, and why.
        OSError: A file cannot be written.
    """
    source = DatabaseSource(database)
    rows = _history(incident, source, build(), catalog)
    header = header_for(
        database, Wanted(first=incident.message.seq, last=rows[-1].seq), catalog, now, redactor
    )
    header = replace(
        header,
        selection=Selection(actor=incident.actor),
        asked=incident.message.seq,
        is_whole=False,
        rows=len(rows),
    )
    if redactor is not None:
        rows = [redactor.row(row) for row in rows]
        if (expected := incident.expected) is not None:
            fields = {name: redactor.value(value) for name, value in expected.fields.items()}
            incident = replace(incident, expected=replace(expected, fields=fields))
    shown = {row.id: row for row in rows}
    told = replace(
        incident,
        row=shown.get(incident.row.id, incident.row),
        message=shown.get(incident.message.id, incident.message),
    )
    text = _test(told, origin)
    if mask(text) != text:
        raise SecretInJournalError(incident.row.seq, incident.row.name)
    history = to.with_suffix(".jsonl")
    with history.open("wb") as file:
        write_lines(file, header, map(line_of, rows), mask=mask)
    to.write_text(text, "utf-8")
    return to, history


def _history(incident: Incident, source: Source, actor: Actor[Any], catalog: Catalog) -> list[Row]:
    """Return what concerns the actor, from the start of the program's run until all came of the message."""
    boot = next(one for one in source.facts().boots if one.boot == incident.message.boot)
    names = tuple(
        dict.fromkeys(one.name for one in source.names() if _is_told(one.kind, one.name, actor, catalog))
    )
    last = max(incident.row.seq, incident.message.seq)
    found: dict[int, Row] = {row.seq: row for row in (incident.message, incident.row)}
    for part in Part:
        about = About(actor=incident.actor, part=part, names=names)
        for page in source.rows(about, after=boot.first_seq - 1, upto=boot.last_seq):
            for row in page:
                if row.seq <= last or row.cause == incident.message.id:
                    found[row.seq] = row
    return [found[seq] for seq in sorted(found)]


def _is_told(kind: str, name: str, actor: Actor[Any], catalog: Catalog) -> bool:
    """Return whether *actor* is told an event, or may be: of what is not known here nobody can say."""
    if kind != Kind.EVENT:
        return False
    wire = catalog.named(name)
    return wire is None or issubclass(wire.cls, tuple(actor.handlers))


# --- the file


def _test(incident: Incident, origin: str) -> str:
    row, message, actor = incident.row, incident.message, incident.actor
    module, _, name = origin.partition(":")
    # Who reads the test later has neither the journal nor the complaint.
    what, claim, call = _claim(incident)
    build = name or f'core()["{actor}"]'
    imports = ["from acore.capsule.retelling import Retelling"]
    imports.append(f"from {module} import {name}" if origin else "from acore.replay.cast import core")
    function = _NO_NAME.sub("_", f"test_{actor}_{claim}".lower()).strip("_")
    return f'''"""{_line(what)}

That was at {row.at:%Y-%m-%d %H:%M:%S} UTC, entry {row.seq}, on {message.name}, entry {message.seq}.
The history of {actor} up to there lies beside this file. The test fails until the cause is mended.
"""

from pathlib import Path

{chr(10).join(sorted(imports))}

HISTORY = Path(__file__).with_suffix(".jsonl")


def {function}() -> None:
    retold = Retelling(HISTORY, {_literal(actor)}, {build})

{call}
'''


def _claim(incident: Incident) -> tuple[str, str, str]:
    """Return what went wrong, the claim that makes the test's name, and the call that checks it."""
    row, message, actor = incident.row, incident.message, incident.actor
    if incident.expected is not None:
        given = [_literal(message.id), _literal(incident.expected.name)]
        given += [f"{field}={_literal(value)}" for field, value in incident.expected.fields.items()]
        call = _call("says", given)
        return (
            f"{actor} did not say {incident.expected.name}.",
            f"says {incident.expected.name} on {message.name}",
            call,
        )
    if row.name == _EXITED:
        ended = msgspec.json.decode(row.payload, type=_Ended)
        place = f" at {ended.place}" if ended.place else ""
        return (
            f"{actor} failed{place}: {ended.reason or ended.error}",
            f"does not fail on {message.name}",
            _call("does_not_fail", [_literal(message.id)]),
        )
    return (
        f"{actor} said {row.name}, and should not have.",
        f"does not say {row.name} on {message.name}",
        _call("does_not_say", [_literal(message.id), _literal(row.name), _literal(row.payload)]),
    )


def _call(method: str, given: list[str]) -> str:
    """Return a line of the generated test; a literal that is wider than it may be excuses itself there."""
    line = f"    retold.{method}({', '.join(given)})"
    if len(line) <= _WIDTH:
        return line
    parts = "".join(
        f"        {part},{'  # noqa: E501' if len(part) > _WIDTH - 9 else ''}\n" for part in given
    )
    return f"    retold.{method}(\n{parts}    )"


_WIDTH = 110


def _literal(value: object) -> str:
    if isinstance(value, str):
        text = msgspec.json.encode(value).decode()
        return text if "\\" not in text else repr(value)
    return repr(value)


def _line(text: str) -> str:
    """Return *text* as the first line of a docstring."""
    plain = " ".join(text.replace("\\", "/").replace('"', "'").split())
    return plain if len(plain) <= _WIDTH - 5 else plain[: _WIDTH - 6] + "…"


def fields_of(text: str) -> Expected:
    """Return what `NAME[:field=value,…]` says; a value that is no JSON is a text.

    Raises:
        ValueError: It says nothing that could be looked for.
    """
    name, _, rest = text.partition(":")
    fields = dict(_pairs(rest))
    if not name:
        raise ValueError(text)
    return Expected(name=name, fields=fields)


def _pairs(text: str) -> Iterator[tuple[str, Any]]:
    for part in filter(None, text.split(",")):
        field, is_there, value = part.partition("=")
        if not is_there or not field.isidentifier() or keyword.iskeyword(field):
            raise ValueError(part)
        try:
            yield field, msgspec.json.decode(value)
        except msgspec.DecodeError:
            yield field, value


class _Ended(msgspec.Struct):
    actor: str
    error: str = ""
    reason: str = ""
    place: str = ""
