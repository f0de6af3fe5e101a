"""How golden files are written and read: one JSON object a line, so that a difference shows which one."""

import re
from pathlib import Path

import msgspec

from acore.errors import AcoreError
from acore.golden.shapes import Shape
from acore.record import Record

_NAME = re.compile(r"(?P<kind>[a-z]+)-(?P<version>\d+)(\.(?P<revision>\d+))?\.jsonl")


class StrayFileError(AcoreError):
    """Something that is no golden file lies among them."""

    def __init__(self, path: Path) -> None:
        super().__init__(f"{path} is no golden file, which is called like event-1.jsonl: take it away")


class Reading(Record):
    """A message as it was read: its name, its version, and its JSON."""

    name: str
    version: int
    payload: msgspec.Raw


class Head(Record, tag="shape", tag_field="line"):
    """The first line: what its class looked like."""

    shape: Shape


class Example(Record, tag="example", tag_field="line"):
    """What such a class wrote into the journal."""

    payload: msgspec.Raw


class Became(Record, tag="became", tag_field="line"):
    """What an example of the file before this one was read as when this one was added."""

    payload: msgspec.Raw
    messages: tuple[Reading, ...]


class Golden(Record):
    """One file: what one version of an event, command, reply or effect looked like.

    A compatible change makes a revision. The last file of a message that was split when it was retired
    has no shape and no examples.
    """

    name: str
    kind: str
    version: int
    revision: int
    shape: Shape | None
    examples: tuple[msgspec.Raw, ...]
    became: tuple[Became, ...] = ()

    def path(self) -> Path:
        """Return where it lies, from the directory of all."""
        revision = "" if self.revision == 1 else f".{self.revision}"
        return Path(self.name, f"{self.kind}-{self.version}{revision}.jsonl")

    def add(self, directory: Path) -> Path:
        """Write it below *directory*, and return its path.

        Raises:
            FileExistsError: It is there already: a golden file is never written again.
        """
        path = directory / self.path()
        path.parent.mkdir(parents=True, exist_ok=True)
        lines: list[Head | Example | Became] = [] if self.shape is None else [Head(shape=self.shape)]
        lines += [Example(payload=payload) for payload in self.examples]
        lines += self.became
        with path.open("xb") as file:
            file.write(msgspec.json.Encoder().encode_lines(lines))
        return path


_LINES = msgspec.json.Decoder(Head | Example | Became)


def read_all(directory: Path) -> dict[str, list[Golden]]:
    """Return the golden files below *directory*, by wire name, the oldest first.

    Raises:
        StrayFileError: Another file is among them.
    """
    found: dict[str, list[Golden]] = {}
    for path in sorted(directory.glob("*/*")):
        found.setdefault(path.parent.name, []).append(_read(path))
    return {name: sorted(files, key=lambda one: (one.version, one.revision)) for name, files in found.items()}


def _read(path: Path) -> Golden:
    match = _NAME.fullmatch(path.name)
    if match is None:
        raise StrayFileError(path)
    lines = _LINES.decode_lines(path.read_bytes())
    return Golden(
        name=path.parent.name,
        kind=match["kind"],
        version=int(match["version"]),
        revision=int(match["revision"] or 1),
        shape=next((line.shape for line in lines if isinstance(line, Head)), None),
        examples=tuple(line.payload for line in lines if isinstance(line, Example)),
        became=tuple(line for line in lines if isinstance(line, Became)),
    )
