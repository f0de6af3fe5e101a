"""Replaces what is personal, so that a file can be given away and still be replayed.

The same value has the same stand-in all over the file, also where it is a part of a longer text: what an
actor made of it then, it makes of its stand-in now. The key is kept nowhere, so nobody finds the way back.
"""

import re
from collections.abc import Iterable, Mapping
from functools import cache
from hashlib import blake2b
from typing import Any, cast

import msgspec
from msgspec import inspect
from msgspec.structs import replace

from acore.events.base import Command, Kind
from acore.events.catalog import Catalog, reply_type
from acore.events.personal import Personal, mark_of
from acore.events.upcast import UnreadableMessageError
from acore.storage.query import Row

# Ids of Discord have 17 digits since February 2015, and fit in 63 bits.
_SMALLEST_ID, _IDS_END = 10**16, 2**63
_REMEMBERED = "actor.remembered"
_STAND_INS = 9 * 10**18
# Not in the middle of a hexadecimal word, where it is a part of an id of acore's, nor behind a decimal point.
_ID_IN_TEXT = re.compile(r"(?<![0-9A-Za-z_-])(?<![0-9]\.)[0-9]{17,19}(?![0-9A-Za-z_-])")
# A name of one letter is in every word list; as a part of a text it says nothing.
_SHORTEST_NAME = 2


class Redactor:
    """Replaces ids, names or texts in rows, consistently."""

    def __init__(self, what: Iterable[Personal], catalog: Catalog, key: bytes) -> None:
        """Replace *what*.

        Args:
            what: What is to be replaced.
            catalog: The messages of today: their fields say which are names and texts.
            key: Random; whoever has it can find out what was replaced.
        """
        self.what = frozenset(what)
        self._catalog = catalog
        self._key = key
        self._names: dict[str, str] = {}
        self._pattern: re.Pattern[str] | None = None
        self._actors: set[str] = set()

    @property
    def fingerprint(self) -> str:
        """What tells keys apart without giving any away."""
        return blake2b(b"fingerprint", key=self._key, digest_size=4).hexdigest()

    def row(self, row: Row) -> Row:
        """Return *row* without what is to be replaced.

        A row of an older version becomes one of today: only of those is known what is personal.
        """
        self._actors |= {row.source, row.target}
        row = self._renewed(row)
        said = _builtins(row.payload)
        changed = self._known(row, said)
        if row.name == _REMEMBERED and isinstance(changed, dict):
            # Of the stand-ins the digest would be another one, and of what they stand for it says too much.
            changed = {**cast("dict[str, Any]", changed), "digest": ""}
        payload = msgspec.json.encode(changed).decode()
        node = self._name(row.node) if Personal.NAMES in self.what else row.node
        return replace(row, node=node, payload=payload)

    def text(self, value: str) -> str:
        """Return *value* with all ids and names replaced that occur in it."""
        if (known := self._names.get(value)) is not None:
            return known
        if Personal.IDS in self.what:
            value = _ID_IN_TEXT.sub(lambda found: str(self._id(int(found[0]))), value)
        if self._pattern is not None:
            value = self._pattern.sub(lambda found: self._names[found[0]], value)
        return value

    def value(self, value: Any) -> Any:  # noqa: ANN401 - as decoded from JSON
        """Return *value* with all ids and names replaced that occur in it."""
        return self._any(value)

    def _renewed(self, row: Row) -> Row:
        wire = self._catalog.named(row.name)
        if wire is None or (wire.name, wire.version) == (row.name, row.version):
            return row
        payload = row.payload.encode()
        try:
            match row.kind:
                case Kind.REPLY:
                    reply = self._catalog.decode_reply(row.name, payload, version=row.version)
                    now = self._catalog.encode_reply(wire.cls, reply)
                case Kind.NO_REPLY:
                    now = payload
                case _:
                    message = self._catalog.decode(row.name, row.version, payload)
                    now = self._catalog.encode(message)
        except UnreadableMessageError:
            return row
        return replace(row, name=wire.name, version=wire.version, payload=now.decode())

    def _known(self, row: Row, said: object) -> object:
        """Return *said* redacted as its type says; of what is not known, every text is replaced."""
        wire = self._catalog.named(row.name)
        if row.kind == Kind.NO_REPLY and isinstance(said, dict):
            told = cast("dict[str, Any]", said)
            text = str(told.get("text", ""))
            hidden = self._stand_in("text", text) if Personal.TEXT in self.what else self.text(text)
            return {**told, "text": hidden}
        if wire is None or wire.version != row.version:
            return self._any(said, is_known=False)
        kind = reply_type(cast("type[Command[Any]]", wire.cls)) if row.kind == Kind.REPLY else wire.cls
        return self._walk(_shape(kind), said)

    def _walk(self, node: inspect.Type, value: Any) -> Any:  # noqa: ANN401, PLR0911 - builtins of JSON; a case a type
        mark = mark_of(node)
        if mark in self.what and isinstance(value, str):
            return self._name(value) if mark is Personal.NAMES else self._stand_in("text", value)
        while isinstance(node, inspect.Metadata):
            node = node.type
        match node, value:
            case inspect.StructType(), dict():
                return self._record(node, cast("dict[str, Any]", value))
            case inspect.UnionType(), _:
                return self._walk(_option(node, value), value)
            case inspect.VarTupleType(), list():
                return [self._walk(node.item_type, item) for item in cast("list[Any]", value)]
            case inspect.TupleType(), list():
                items = cast("list[Any]", value)
                return [self._walk(kind, item) for kind, item in zip(node.item_types, items, strict=False)]
            case inspect.EnumType() | inspect.LiteralType() | inspect.DateTimeType(), _:
                return value
            case _:
                return self._any(value)

    def _record(self, node: inspect.StructType, value: Mapping[str, Any]) -> dict[str, Any]:
        types = {field.encode_name: field.type for field in node.fields}
        return {
            name: self._walk(types[name], item) if name in types else item if name == node.tag_field else None
            for name, item in value.items()
            if name in types or name == node.tag_field  # what is not known any more nobody will miss
        }

    def _any(self, value: Any, *, is_known: bool = True) -> Any:  # noqa: ANN401, PLR0911 - as above
        match value:
            case bool():
                return value
            case int():
                return self._id(value) if Personal.IDS in self.what else value
            case str() if is_known or not self.what & {Personal.NAMES, Personal.TEXT}:
                return self.text(value)
            case str():
                return self._stand_in("text", value)
            case list():
                return [self._any(item, is_known=is_known) for item in cast("list[Any]", value)]
            case dict():
                items = cast("dict[str, Any]", value).items()
                return {name: self._any(item, is_known=is_known) for name, item in items}
            case _:
                return value

    def _id(self, value: int) -> int:
        if not _SMALLEST_ID <= value < _IDS_END:
            return value
        digest = blake2b(f"id {value}".encode(), key=self._key, digest_size=16).digest()
        return _SMALLEST_ID * 10 + int.from_bytes(digest) % (_STAND_INS - _SMALLEST_ID * 10)

    def _name(self, value: str) -> str:
        known = self._names.get(value)
        if known is None:
            known = self._stand_in("name", value)
            self._names[value] = known
            if len(value) >= _SHORTEST_NAME and value not in self._actors:
                self._learn()
        return known

    def _learn(self) -> None:
        names = sorted(
            (name for name in self._names if len(name) >= _SHORTEST_NAME and name not in self._actors),
            key=len,
            reverse=True,
        )
        self._pattern = re.compile(rf"(?<!\w)(?:{'|'.join(map(re.escape, names))})(?!\w)")

    def _stand_in(self, kind: str, value: str) -> str:
        if not value:
            return value
        return f"{kind}-{blake2b(f'{kind} {value}'.encode(), key=self._key, digest_size=4).hexdigest()}"


_WRITTEN_AS_TEXT = (inspect.StrType, inspect.EnumType, inspect.LiteralType, inspect.DateTimeType)


def _builtins(payload: str) -> object:
    try:
        return msgspec.json.decode(payload)
    except msgspec.DecodeError:
        return payload


def _option(node: inspect.UnionType, value: Any) -> inspect.Type:  # noqa: ANN401 - builtins of JSON
    """Return which of a union's types *value* is; msgspec allows one for each kind of JSON."""
    for whole in node.types:
        option = _bare(whole)
        match option:
            case inspect.StructType() if isinstance(value, dict):
                said = cast("dict[str, Any]", value)
                if option.tag is None or option.tag == said.get(option.tag_field or ""):
                    return whole
            case inspect.VarTupleType() | inspect.TupleType() if isinstance(value, list):
                return whole
            case other if isinstance(value, str) and isinstance(other, _WRITTEN_AS_TEXT):
                return whole
            case _:
                pass
    return inspect.AnyType()


def _bare(node: inspect.Type) -> inspect.Type:
    while isinstance(node, inspect.Metadata):
        node = node.type
    return node


@cache
def _shape(kind: Any) -> inspect.Type:  # noqa: ANN401 - a reply may be any type, also a union
    return inspect.type_info(kind)
