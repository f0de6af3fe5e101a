"""What has golden files of its own: each message, each reply, and what was retired."""

from collections.abc import Callable, Iterator
from typing import Any, cast

import msgspec

from acore.events.base import Command, Kind
from acore.events.catalog import Catalog, Wire, reply_type
from acore.events.upcast import Lineage
from acore.golden.examples import examples
from acore.golden.files import Golden, Reading
from acore.golden.shapes import Shape, describe
from acore.record import Record

RETIRED = "retired"
"""The kind of what has no class any more."""

type Readings = tuple[Reading, ...]


class Subject(Record):
    """Something with golden files of its own: a message, the reply to a command, or what was retired."""

    label: str
    name: str
    version: int
    kind: str
    read: Callable[[str, int, msgspec.Raw], Readings]
    shape: Shape | None
    make_examples: Callable[[], tuple[msgspec.Raw, ...]]
    is_skipped: bool = False


def subjects(
    catalog: Catalog, files: dict[str, list[Golden]], package: str
) -> Iterator[tuple[Subject, list[Golden]]]:
    """Yield everything that has or needs golden files, with those it has, the oldest first.

    Args:
        catalog: The messages of today.
        files: All golden files, by wire name.
        package: Whose messages are looked at, by the module of their class.
    """
    by_wire: dict[str, list[Golden]] = {}
    for name, own in files.items():
        if wire := catalog.named(name):
            by_wire.setdefault(wire.name, []).extend(own)
        elif (lineage := catalog.lineage(name)) is not None and lineage.is_retired:
            yield _retired(catalog, lineage), [one for one in own if one.kind != Kind.REPLY]
    for wire in sorted(catalog, key=lambda one: one.name):
        if wire.cls.__module__.startswith(f"{package}."):
            for subject in _of_wire(catalog, wire):
                own = [one for one in by_wire.get(wire.name, ()) if _is_kind(one, subject)]
                # A new name goes on with the version the old one had.
                own.sort(key=lambda one, name=wire.name: (one.version, one.name == name, one.revision))
                yield subject, own


def _is_kind(golden: Golden, subject: Subject) -> bool:
    is_reply = golden.kind == Kind.REPLY
    return golden.kind != RETIRED and is_reply == (subject.kind == Kind.REPLY)


def _of_wire(catalog: Catalog, wire: Wire) -> Iterator[Subject]:
    def read(name: str, version: int, payload: msgspec.Raw) -> Readings:
        return _readings(catalog, name, version, payload)

    def read_reply(name: str, version: int, payload: msgspec.Raw) -> Readings:
        reply = catalog.decode_reply(name, payload, version=version)
        again = msgspec.Raw(catalog.encode_reply(wire.cls, reply))
        return (Reading(name=wire.name, version=wire.version, payload=again),)

    called = f"{wire.cls.__name__} ({wire.name})"
    yield _subject(called, wire, wire.kind, read, wire.cls)
    if wire.kind is Kind.COMMAND:
        reply = reply_type(cast("type[Command[Any]]", wire.cls))
        yield _subject(f"The reply to {called}", wire, Kind.REPLY, read_reply, reply)


def _subject(
    label: str,
    wire: Wire,
    kind: Kind,
    read: Callable[[str, int, msgspec.Raw], Readings],
    cls: Any,  # noqa: ANN401 - a reply may be any type, also a union
) -> Subject:
    def make_examples() -> tuple[msgspec.Raw, ...]:
        made = (msgspec.Raw(msgspec.json.encode(one)) for one in examples(cls))
        written = (bytes(read(wire.name, wire.version, one)[0].payload) for one in made)
        return tuple(msgspec.Raw(one) for one in dict.fromkeys(written))

    return Subject(
        label=label,
        name=wire.name,
        version=wire.version,
        kind=kind,
        read=read,
        shape=describe(cls),
        make_examples=make_examples,
    )


def _retired(catalog: Catalog, lineage: Lineage) -> Subject:
    def read(name: str, version: int, payload: msgspec.Raw) -> Readings:
        return _readings(catalog, name, version, payload)

    return Subject(
        label=f"The retired {lineage.name}",
        name=lineage.name,
        version=lineage.version,
        kind=RETIRED,
        read=read,
        shape=None,
        make_examples=tuple,
        is_skipped=lineage.is_skipped,
    )


def _readings(catalog: Catalog, name: str, version: int, payload: msgspec.Raw) -> Readings:
    found: list[Reading] = []
    for message in catalog.read(name, version, payload):
        wire = catalog.of(type(message))
        again = msgspec.Raw(catalog.encode(message))
        found.append(Reading(name=wire.name, version=wire.version, payload=again))
    return tuple(found)
