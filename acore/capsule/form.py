"""How a capsule is written: one JSON object a line, each sealed with a checksum over all before it.

The first line is the header and the last one the footer; what `grep` and `jq` show of the lines between them
is what the journal holds. A file without a footer is one whose end is missing.
"""

from datetime import datetime
from hashlib import blake2b

import msgspec

from acore.events.catalog import Catalog
from acore.record import Record
from acore.storage.query import Row
from acore.storage.snapshots import Snapshot

FORMAT = 1
"""Raised when an older acore would misread a file."""
_DIGEST = 8
_BEFORE, _AFTER = b',"sum":"', b'"}\n'
_TAIL = len(_BEFORE) + 2 * _DIGEST + len(_AFTER)


class Writing(Record):
    """A run of the program that wrote some of the rows. `settings` is their fingerprint; no value of any."""

    boot: str
    began: datetime
    version: str
    python: str = ""
    settings: str = ""


class Selection(Record):
    """Which rows were asked for beside the range; blank for all of them."""

    name: str = ""
    source: str = ""
    actor: str = ""
    correlation: str = ""
    kinds: tuple[str, ...] = ()


class Header(Record, tag="header", tag_field="line"):
    """What the file is, and what stands behind it.

    Attributes:
        capsule: The format.
        acore: The version that made the file.
        python: On which Python.
        made: When.
        schema: The shape of the database that it was taken from.
        catalog: Fingerprint of the messages that this acore knew: names and versions.
        first: From this number of the journal on.
        last: Up to this number.
        asked: The number that was asked for; what lies before it is there so that a replay can begin.
        selection: What narrows the rows beside their range; a replay of such a file is no proof.
        is_whole: Whether these are all rows that the journal had.
        gaps: The ranges within that of which rows are missing: they were not in what this was made from.
        rows: How many there are, where that was known before.
        redacted: What was replaced: ids, names, text.
        redaction: Fingerprint of the key of that; what was replaced under another one does not fit together.
        runs: The runs of the program whose rows these are.
    """

    capsule: int
    acore: str
    python: str
    made: datetime
    schema: int
    catalog: str
    first: int
    last: int
    asked: int
    selection: Selection = Selection()
    is_whole: bool = False
    gaps: tuple[tuple[int, int], ...] = ()
    rows: int | None = None
    redacted: tuple[str, ...] = ()
    redaction: str = ""
    runs: tuple[Writing, ...] = ()


class RowLine(Record, tag="row", tag_field="line", omit_defaults=True):
    """One row of the journal. `text` holds what was no JSON; it can be shown and not be replayed.

    Its fields are those of `Row`, written out once more: this is the format of files that are read for ever,
    and must not change because the record in memory does.
    """

    seq: int
    id: str
    kind: str
    name: str
    version: int
    node: str
    boot: str
    wall_ns: int
    mono_ns: int
    source: str
    target: str
    cause: str
    correlation: str
    attempt: int
    payload: msgspec.Raw
    text: str = ""

    def row(self) -> Row:
        """Return it as the journal has it."""
        payload = self.text or bytes(self.payload).decode()
        return Row(**{name: getattr(self, name) for name in _SHARED}, payload=payload)


class SnapshotLine(Record, tag="snapshot", tag_field="line"):
    """What an actor knew after everything up to a number: a row of the table of that name."""

    actor: str
    seq: int
    boot: str
    incarnation: int
    unread: int
    shape: str
    digest: str
    state: msgspec.Raw

    def kept(self) -> Snapshot:
        """Return it as the database has it."""
        return Snapshot(
            actor=self.actor,
            seq=self.seq,
            boot=self.boot,
            incarnation=self.incarnation,
            unread=self.unread,
            shape=self.shape,
            digest=self.digest,
            state=bytes(self.state).decode(),
        )


class Footer(Record, tag="footer", tag_field="line"):
    """The end: how many rows there are, and that nothing comes after it."""

    rows: int
    snapshots: int


type Line = Header | RowLine | SnapshotLine | Footer

_SHARED = tuple(name for name in RowLine.__struct_fields__ if name not in {"payload", "text"})
_ENCODE = msgspec.json.Encoder().encode
_ANY_JSON = msgspec.json.Decoder(msgspec.Raw)
_DECODE = msgspec.json.Decoder[Line](Header | RowLine | SnapshotLine | Footer)


class Seal:
    """The checksum over all lines so far; each line carries its own."""

    def __init__(self, so_far: bytes = b"") -> None:
        """Go on from *so_far*, the checksum in the last line; blank at the beginning."""
        self.so_far = so_far

    def sealed(self, line: Line) -> bytes:
        """Return *line* as it stands in the file."""
        body = _ENCODE(line)
        self.so_far = _checksum(self.so_far, body)
        return b"".join((body[:-1], _BEFORE, self.so_far, _AFTER))

    def fits(self, line: bytes) -> bool:
        """Return whether *line* is what was written after those before it; only then is it taken in."""
        if line[-_TAIL : -_TAIL + len(_BEFORE)] != _BEFORE or not line.endswith(_AFTER):
            return False
        found = line[-_TAIL + len(_BEFORE) : -len(_AFTER)]
        if _checksum(self.so_far, line[:-_TAIL] + b"}") != found:
            return False
        self.so_far = found
        return True


def line_of(row: Row) -> RowLine:
    """Return *row* as a line."""
    payload, text = row.payload.encode(), ""
    if not is_json_line(payload):
        payload, text = b"null", row.payload
    return RowLine(**{name: getattr(row, name) for name in _SHARED}, payload=msgspec.Raw(payload), text=text)


def decoded(line: bytes) -> Line:
    """Return what a line of the file says.

    Raises:
        msgspec.DecodeError: It is none.
    """
    return _DECODE.decode(line)


def fingerprint(catalog: Catalog) -> str:
    """Return 16 hex digits that are the same for catalogs with the same names and versions."""
    known = sorted((wire.name, wire.version) for wire in catalog)
    return blake2b(msgspec.json.encode(known), digest_size=8).hexdigest()


def _checksum(so_far: bytes, body: bytes) -> bytes:
    return blake2b(so_far + body, digest_size=_DIGEST).hexdigest().encode()


def is_json_line(payload: bytes) -> bool:
    """Return whether *payload* is JSON that fits into one line."""
    if b"\n" in payload:
        return False
    try:
        _ANY_JSON.decode(payload)
    except msgspec.DecodeError:
        return False
    return True
