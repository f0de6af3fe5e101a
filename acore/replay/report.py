"""What a replay found: where an actor does something else than it did, and how to say that to a person."""

from collections.abc import Iterator, Mapping
from enum import StrEnum
from typing import Any, ClassVar, cast

import msgspec

from acore.errors import AcoreError, ExitCode
from acore.record import Record
from acore.storage.query import Row

LAST_INPUTS = 10
"""So many messages that led to a difference are told with it."""
KEPT_DIVERGENCES = 1000
"""A replay that goes on after the first difference keeps so many, and counts the rest."""


class DivergenceKind(StrEnum):
    """In what a replay differs from what is recorded; a closed set."""

    MISSING_OUTPUT = "missing output"
    EXTRA_OUTPUT = "extra output"
    OTHER_TYPE = "other type"
    OTHER_PAYLOAD = "other payload"
    OTHER_ORDER = "other order"
    OTHER_FAILURE = "other failure"
    OTHER_EFFECT = "other effect"
    OTHER_STATE = "other state"


class Verdict(StrEnum):
    """What a replay may be taken for."""

    SAME = "same"
    DIFFERENT = "different"
    APPROXIMATE = "approximate"
    NOTHING = "nothing"


class FieldDifference(Record):
    """One field in which two values differ: where it stands, and its JSON in each; blank where it is not."""

    path: str
    expected: str
    actual: str


class LastInput(Record):
    """A message that the actor handled before the difference, or that led to it."""

    seq: int
    name: str
    handler: str


class Divergence(Record):
    """An actor did something else than it did then.

    Attributes:
        kind: In what it differs.
        seq: The journal's number of the message that was being handled.
        message: Its wire name.
        actor: Who handled it.
        incarnation: In which run, counted from 1.
        handler: The method that handled it.
        place: File and line of that method.
        expected: What is recorded; blank when nothing is.
        actual: What was done now; blank when nothing was.
        fields: What differs within what was said, where both are of one type.
        last_inputs: What the actor handled last, this message at the end.
        written_by: The version of acore that wrote the journal; blank when that is not recorded.
        replayed_by: The version that replays it.
    """

    kind: DivergenceKind
    seq: int
    message: str
    actor: str
    incarnation: int
    handler: str
    place: str
    expected: str
    actual: str
    fields: tuple[FieldDifference, ...] = ()
    last_inputs: tuple[LastInput, ...] = ()
    written_by: str = ""
    replayed_by: str = ""

    def lines(self) -> Iterator[str]:
        """Yield the difference as sentences and lists, one line each."""
        yield f"{_TOLD[self.kind]}: {self.actor} at entry {self.seq}, {self.message}"
        yield f"  handled by  {self.handler}  {self.place}  (run {self.incarnation} of the actor)"
        yield f"  then        {self.expected or 'nothing'}"
        yield f"  now         {self.actual or 'nothing'}"
        for field in self.fields:
            yield f"  {field.path}: {field.expected or 'not there'} → {field.actual or 'not there'}"
        written_by = self.written_by or "of an unknown version"
        yield f"  written by acore {written_by}, replayed by {self.replayed_by}"
        yield "  last handled:"
        for one in self.last_inputs:
            yield f"    {one.seq}  {one.name}  {one.handler}"

    def text(self) -> str:
        """Return it for a person to read, in several lines."""
        return "\n".join(self.lines())

    def json(self) -> bytes:
        """Return it for a machine to read, as one line of JSON."""
        return msgspec.json.encode(self)


_TOLD: Mapping[DivergenceKind, str] = {
    DivergenceKind.MISSING_OUTPUT: "Something that was said is not said now",
    DivergenceKind.EXTRA_OUTPUT: "Something is said that was not said",
    DivergenceKind.OTHER_TYPE: "Something else is said",
    DivergenceKind.OTHER_PAYLOAD: "The same is said with another content",
    DivergenceKind.OTHER_ORDER: "The same is said in another order",
    DivergenceKind.OTHER_FAILURE: "It fails otherwise",
    DivergenceKind.OTHER_EFFECT: "Something else is requested",
    DivergenceKind.OTHER_STATE: "It knows something else",
}


class NondeterminismError(AcoreError):
    """An actor did not decide as it did when the journal was written."""

    exit_code: ClassVar[ExitCode] = ExitCode.FAILURE

    def __init__(self, divergence: Divergence) -> None:
        super().__init__(divergence.text())
        self.divergence = divergence


class Said(Record):
    """What a handler said or asked; `due` in seconds for what was set for later, `kind` as in the journal."""

    kind: str
    name: str
    payload: str
    due: float | None = None


class Step(Record):
    """One message, handled again.

    Attributes:
        row: The message, or the fact of the start or stop that set off a hook.
        actor: Who handles it.
        incarnation: In which run, from 1.
        handler: The method.
        place: File and line of the method.
        attempt: Which attempt at the message, from 1.
        before: The state before, as canonical JSON; blank unless states are wanted.
        after: The state after.
        outputs: What was said, in order; nothing when it failed.
        error: The error that it ended with, as `Type: text`; blank when it ended well.
        divergences: In what it differs from what is recorded, and what was found to be missing since the step
            before.
    """

    row: Row
    actor: str
    incarnation: int
    handler: str
    place: str
    attempt: int
    before: str
    after: str
    outputs: tuple[Said, ...]
    error: str
    divergences: tuple[Divergence, ...]


class Skipped(Record):
    """A row that nobody here can read, and that was left out."""

    seq: int
    name: str
    version: int


class Replayed(Record):
    """What came of a replay.

    Attributes:
        handled: How many messages were handled again.
        judged: For how many of them what was said is compared.
        divergences: Where it differs, in order; none when the result is approximate.
        state: What the actor knows at the end, as canonical JSON.
        skipped: Unknown messages that were left out: what the actor made of them then it cannot do now.
        approximate: Why nothing is judged, in a sentence; blank when it is.
        begins_at: The number of the first entry that could be fed, or of the snapshot begun at; 0 for the
            beginning.
        warnings: What else a person should know, e.g. of a snapshot that was passed over.
        outputs: A digest of all that was said.
        digest: A digest of the state.
        further: How many divergences were counted and not kept.
    """

    handled: int
    judged: int
    divergences: tuple[Divergence, ...]
    state: msgspec.Raw
    skipped: tuple[Skipped, ...] = ()
    approximate: str = ""
    begins_at: int = 0
    warnings: tuple[str, ...] = ()
    outputs: str = ""
    digest: str = ""
    further: int = 0

    @property
    def verdict(self) -> Verdict:
        """What this may be taken for."""
        if self.approximate:
            return Verdict.APPROXIMATE
        if self.divergences:
            return Verdict.DIFFERENT
        return Verdict.SAME if self.judged else Verdict.NOTHING

    @property
    def first(self) -> Divergence | None:
        """The first difference; None when there is none."""
        return self.divergences[0] if self.divergences else None

    def check(self) -> None:
        """Let a difference be an error.

        Raises:
            NondeterminismError: The actor did something else than it did then.
        """
        if self.divergences:
            raise NondeterminismError(self.divergences[0])


def place_of(kind: type, method: str) -> str:
    """Return file and line of an actor's *method*; of its class when it has no such method."""
    code = getattr(getattr(kind, method, None), "__code__", None)
    return f"{code.co_filename}:{code.co_firstlineno}" if code is not None else kind.__qualname__


def differences(expected: bytes | str, actual: bytes | str) -> tuple[FieldDifference, ...]:
    """Return in which fields two JSON texts differ, each named by its path, such as `alerts.disk.streak`."""
    return tuple(_differing("", msgspec.json.decode(expected), msgspec.json.decode(actual)))


def _differing(path: str, then: Any, now: Any) -> Iterator[FieldDifference]:  # noqa: ANN401 - values of JSON
    if isinstance(then, dict) and isinstance(now, dict):
        old, new = cast("dict[str, Any]", then), cast("dict[str, Any]", now)
        for key in dict.fromkeys((*old, *new)):
            yield from _member(f"{path}.{key}" if path else key, old, new, key)
    elif isinstance(then, list) and isinstance(now, list):
        before, after = dict(enumerate(cast("list[Any]", then))), dict(enumerate(cast("list[Any]", now)))
        for index in dict.fromkeys((*before, *after)):
            yield from _member(f"{path}[{index}]", before, after, index)
    elif (expected := _json(cast("object", then))) != (actual := _json(cast("object", now))):
        yield FieldDifference(path=path or "value", expected=expected, actual=actual)


def _member(path: str, old: dict[Any, Any], new: dict[Any, Any], key: Any) -> Iterator[FieldDifference]:  # noqa: ANN401 - a key of JSON
    if key not in new:
        yield FieldDifference(path=path, expected=_json(old[key]), actual="")
    elif key not in old:
        yield FieldDifference(path=path, expected="", actual=_json(new[key]))
    else:
        yield from _differing(path, old[key], new[key])


def _json(value: object) -> str:
    return msgspec.json.encode(value, order="deterministic").decode()
