"""What the journal says of one actor in one run of the process, as a replay looks it up."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import msgspec

from acore.clock import NANOSECONDS
from acore.events.asks import AskError
from acore.events.base import Kind
from acore.events.supervision import Burial
from acore.runtime.restart import ExitKind
from acore.runtime.watchdog import HANDLER_TIMEOUT
from acore.storage.query import Row

STARTED, STOPPING, EXITED = "actor.started", "actor.stopping", "actor.exited"
REQUEUED = "message.requeued"
REMEMBERED = "actor.remembered"
_BURIED = "letter.died"
_LIFE = frozenset({STARTED, STOPPING, EXITED, REQUEUED, _BURIED})
_SAID = frozenset({Kind.EVENT, Kind.EFFECT})
# How long an actor may have been busy with a message, e.g. waiting for a reply, when the journal ended.
_BUSY_AT_MOST = int(HANDLER_TIMEOUT) * NANOSECONDS


class RecordedAskError(AskError):
    """An ask that brought no reply then, for a reason that is not known here, brings none now."""


class Past:
    """What one actor was told, said, asked and went through, from the rows of one run of the process."""

    def __init__(self, actor: str, rows: Sequence[Row], parts: Mapping[str, Sequence[Row]]) -> None:
        """Look *rows* up; *parts* has what became of those that were split."""
        self._actor = actor
        self.by_id = {row.id: row for row in rows}
        self.replies = {row.cause: row for row in rows if row.kind in {Kind.REPLY, Kind.NO_REPLY}}
        own = [
            row
            for row in rows
            if row.source == actor and row.name not in {STARTED, STOPPING, REQUEUED, REMEMBERED}
        ]
        self.said = _by_cause(part for row in own if row.kind in _SAID for part in parts.get(row.id, (row,)))
        self.asked = _by_cause(row for row in own if row.kind == Kind.COMMAND)
        self.never_came: dict[str, int] = {}
        """Messages that the actor never handled, with the number of the letter that says so."""
        self.interrupted: set[str] = set()
        self._ends: dict[tuple[str, bool], list[str]] = {}
        self._began = max((self.by_id[row.cause].seq for row in own if row.cause in self.by_id), default=0)
        self._end_ns = rows[-1].mono_ns if rows else 0
        for row in rows:
            self._learn(row)

    def is_about(self, row: Row) -> bool:
        """Return whether *row* tells of the actor's own starts, stops and ends."""
        return row.name in _LIFE and row.kind == Kind.EVENT and field(row, "actor") == self._actor

    def failure(self, row: Row, *, in_hook: bool) -> str | None:
        """Return the error that the next attempt at *row* ended with; None when it ended well.

        Blank stands for a run that was ended from outside while it handled it.
        """
        if row.id in self.interrupted:
            return ""
        ends = self._ends.get((row.id, in_hook))
        return ends.pop(0) if ends else None

    def may_be_cut(self, row: Row) -> bool:
        """Return whether what came of *row* may be missing only because the journal ends."""
        return row.seq >= self._began and self._end_ns - row.mono_ns <= _BUSY_AT_MOST

    def _learn(self, row: Row) -> None:
        if row.name == _BURIED:
            self._learn_burial(row)
        elif not self.is_about(row):
            return
        elif row.name == STOPPING:
            self._began = max(self._began, row.seq)
        elif row.name == EXITED and row.cause in self.by_id:
            cause = self.by_id[row.cause]
            in_hook = not field(row, "is_ready") or cause.name == STOPPING
            error = "" if field(row, "exit") == ExitKind.LOST else field(row, "error")
            self._ends.setdefault((cause.id, in_hook), []).append(error)
            self._began = max(self._began, cause.seq)
        elif row.name == EXITED:
            self._began = max(self._began, row.seq)

    def _learn_burial(self, row: Row) -> None:
        reason, message = field(row, "reason"), field(row, "message_id")
        if reason == Burial.LOOP:  # it is the sender's name that the letter bears: nobody received it
            self.never_came[message] = row.seq
        elif field(row, "actor") != self._actor or reason == Burial.LATE_REPLY:
            return
        elif reason == Burial.INTERRUPTED:
            self.interrupted.add(message)
        else:
            self.never_came[message] = row.seq


def field(row: Row, name: str) -> Any:  # noqa: ANN401 - a field of JSON
    """Return one field of what *row* holds."""
    return msgspec.json.decode(row.payload)[name]


def unread(stopping: Row) -> int:
    """Return how many messages the actor left in its mailbox when it was stopped, as far as was recorded."""
    count: int = msgspec.json.decode(stopping.payload).get("unread", 0)
    return count


def recorded_error(row: Row) -> AskError:
    """Return the error that came instead of a reply, of the kind it was then."""
    name, text = field(row, "error"), field(row, "text")
    kind = next((kind for kind in _kinds(AskError) if kind.__name__ == name), RecordedAskError)
    error = kind.__new__(kind)  # its sentence is recorded, the facts it was made from are not
    error.args = (text,)
    return error


def _kinds(base: type[AskError]) -> Iterable[type[AskError]]:
    yield base
    for kind in base.__subclasses__():
        yield from _kinds(kind)


def _by_cause(rows: Iterable[Row]) -> dict[str, dict[str, Row]]:
    found: dict[str, dict[str, Row]] = {}
    for row in rows:
        found.setdefault(row.cause, {})[row.id] = row
    return found
