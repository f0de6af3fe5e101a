"""What a journal tells of one actor's life in one run of the process: few rows, read before all others."""

from collections import defaultdict, deque
from collections.abc import Iterable, Iterator
from enum import Enum, auto
from typing import Any

import msgspec

from acore.events.asks import AskError
from acore.events.supervision import Burial
from acore.events.upcast import UnreadableMessageError
from acore.replay.upcast import noted
from acore.runtime.restart import ExitKind
from acore.storage.query import Row

STARTED, STOPPING, EXITED = "actor.started", "actor.stopping", "actor.exited"
REQUEUED, REMEMBERED, PATCHED = "message.requeued", "actor.remembered", "actor.patched"
BURIED = "letter.died"
SAID_OF_ONESELF = frozenset({STARTED, STOPPING, REQUEUED, REMEMBERED})
"""What a cell says in its actor's name; no handler does."""
_REPLACED = "a newer one took its place"


class RecordedAskError(AskError):
    """An ask that brought no reply then, for a reason that is not known here, brings none now."""


class Moment(msgspec.Struct, frozen=True, gc=False):
    """A turn in an actor's life.

    `row` is that of a start or stop, which a hook handles. `unread` messages waited then; `message` is the
    id of the one that was being handled, put back or replaced; `in_hook` when a hook was, so that it may
    still wait to be handled. `latest` and `patches` as in `ActorRemembered`; `wall_ns` and `mono_ns` are when
    it was said.
    """

    seq: int
    name: str
    incarnation: int
    row: Row | None = None
    unread: int = 0
    message: str = ""
    attempt: int = 1
    shape: str = ""
    digest: str = ""
    latest: str = ""
    patches: tuple[str, ...] = ()
    in_hook: bool = False
    wall_ns: int = 0
    mono_ns: int = 0


class Life:
    """What one actor went through in one run of the process."""

    def __init__(self, actor: str, rows: Iterable[Row]) -> None:
        """Take in *rows*, which tell of *actor*'s life, in order."""
        self._actor = actor
        self.moments: list[Moment] = []
        self.at = 0
        """How many of the moments are over, for who goes along them."""
        self.never_came: dict[str, int] = {}
        """Messages that the actor never handled, with the number of the letter that says so."""
        self.interrupted: dict[str, int] = {}
        """Messages whose handling was ended from outside, with the number of the letter."""
        self.replaced: set[str] = set()
        """Messages whose place in the queue a newer one took."""
        self._attempts: dict[str, int] = {}
        # Of what was put back: what became of it when it waited for this attempt, and the letter's number.
        self._later: dict[tuple[str, int], tuple[_Fate, int]] = {}
        self.patches: dict[int, dict[str, frozenset[str]]] = defaultdict(dict)
        """By the actor's run: which patches it took up with which message."""
        self._ends: dict[tuple[str, bool], deque[str]] = defaultdict(deque)
        stop = ""
        for row in rows:
            if row.name == STOPPING:
                stop = row.id
            self._learn(row, msgspec.json.decode(row.payload), stop)
        self.special: frozenset[str] = frozenset(
            (
                *self.never_came,
                *self.interrupted,
                *self.replaced,
                *(message for message, _ in self._ends),
                *(one.message for one in self.moments),
                *(message for some in self.patches.values() for message in some),
            )
        )
        """Messages with which something else happened than that they were handled once."""
        self.due = _due(self.moments)
        """For each moment and one more: how many messages wait when the next one comes that tells it, and the
        number of that one. How many is 0 where the actor's run ends before, the number where none comes."""
        self.ends = _next_of(self.moments, frozenset({EXITED}))
        """For each moment and one more: the number of the next end of the actor's run; 0 where none comes."""
        self.signs = _next_of(self.moments, frozenset({STOPPING, EXITED, REMEMBERED}))
        """The same of what shows that the actor was not busy any more."""

    def failure(self, message: str, *, in_hook: bool) -> str | None:
        """Return the error that the next attempt at *message* ended with; None when it ended well.

        Blank stands for a run that was ended from outside while it handled it.
        """
        ends = self._ends.get((message, in_hook))
        return ends.popleft() if ends else None

    @property
    def lost(self) -> frozenset[str]:
        """What was never handled to its end, and not for a failure of the actor's."""
        return frozenset((*self.never_came, *self.interrupted, *self.replaced))

    def queue(self, came: Iterable[Row], seq: int) -> tuple[list[Row], bool]:
        """Return how what *came*, in order, stood in the queue before number *seq*, if nothing was handled.

        And whether that is sure: a newer message may stand where one stood that is not among those.
        """
        waiting: list[Row] = []
        places: dict[str, int] = {}
        is_sure = True
        letters = deque(one for one in self.moments if one.name == BURIED and one.seq < seq)
        for row in came:
            while letters and letters[0].seq < row.seq:
                is_sure &= self._replace(letters.popleft().message, waiting, places)
            if self.never_came.get(row.id, seq) >= seq:
                places[row.id] = len(waiting)
                waiting.append(row)
        for letter in letters:
            is_sure &= self._replace(letter.message, waiting, places)
        return waiting, is_sure

    @staticmethod
    def _replace(message: str, waiting: list[Row], places: dict[str, int]) -> bool:
        """Let the newest take the place of *message*; return whether that is there."""
        place = places.pop(message, None)
        if place is None:
            return not waiting
        newest = waiting.pop()
        places[newest.id] = place
        if place < len(waiting):
            waiting[place] = newest
        return True

    @property
    def has_failures(self) -> bool:
        """Whether anything ever failed."""
        return bool(self._ends)

    def _learn(self, row: Row, told: dict[str, Any], stop: str) -> None:
        if row.name == BURIED:
            self._learn_burial(row, told)
            return
        unread, message, attempt, in_hook = told.get("unread", 0), "", 1, False
        match row.name:
            case "actor.patched":
                known = self.patches[told["incarnation"]]
                known[row.cause] = known.get(row.cause, frozenset()) | {told["patch"]}
                return
            case "message.requeued":
                message, attempt = self._learn_of_another_attempt(told["message_id"], told["attempt"])
            case "actor.exited" if told.get("handling"):
                message = row.cause
                in_hook = not told.get("is_ready", True) or row.cause == stop
                error = "" if told["exit"] == ExitKind.LOST else told.get("error", "")
                self._ends[message, in_hook].append(error)
            case _:
                pass
        self.moments.append(
            Moment(
                row.seq,
                row.name,
                told.get("incarnation", 0),
                row if row.name in {STARTED, STOPPING} else None,
                unread,
                message,
                attempt,
                told.get("shape", ""),
                told.get("digest", ""),
                told.get("latest") or "",
                tuple(told.get("patches", ())),
                in_hook,
                row.wall_ns,
                row.mono_ns,
            )
        )

    def _learn_of_another_attempt(self, message: str, attempt: int) -> tuple[str, int]:
        """Return the message that was put back (blank: a newer one had come) and for which attempt."""
        last = self.moments[-1] if self.moments else None
        if last is not None and (last.name, last.message) == (BURIED, message):
            del self.moments[-1]  # nothing took its place: it had none
            self.replaced.discard(message)
            self._later.pop((message, attempt - 1), None)
            return "", attempt
        self._attempts[message] = attempt
        return message, attempt

    def _learn_burial(self, row: Row, told: dict[str, Any]) -> None:
        reason, message = told["reason"], told["message_id"]
        if reason == Burial.LOOP:  # it is the sender's name that the letter bears: nobody received it
            self.never_came[message] = row.seq
        elif told["actor"] != self._actor or reason in {Burial.LATE_REPLY, Burial.POISON}:
            return
        else:
            is_replaced = told.get("detail") == _REPLACED
            if is_replaced:
                self.moments.append(Moment(row.seq, BURIED, 0, message=message))
            fate = _Fate.of(reason, is_replaced=is_replaced)
            if message in self._attempts:
                self._later[message, self._attempts[message]] = fate, row.seq
            else:
                self._meet(message, fate, row.seq)

    def put_back(self, message: str, attempt: int) -> None:
        """Let what becomes of a message that waits for another *attempt* be what is told of it."""
        if (later := self._later.pop((message, attempt), None)) is not None:
            self._meet(message, *later)

    def _meet(self, message: str, fate: "_Fate", seq: int) -> None:
        match fate:
            case _Fate.REPLACED:
                self.replaced.add(message)
            case _Fate.INTERRUPTED:
                self.interrupted[message] = seq
            case _Fate.GONE:
                self.never_came[message] = seq


class _Fate(Enum):
    """What became of a message that was not handled to its end."""

    REPLACED = auto()
    INTERRUPTED = auto()
    GONE = auto()

    @classmethod
    def of(cls, reason: Burial, *, is_replaced: bool) -> "_Fate":
        if is_replaced:
            return cls.REPLACED
        return cls.INTERRUPTED if reason in {Burial.INTERRUPTED, Burial.STALE} else cls.GONE


def _due(moments: list[Moment]) -> list[tuple[int, int]]:
    due = [(0, 0)]
    for moment in reversed(moments):
        match moment.name:
            case "actor.stopping" | "actor.remembered":
                due.append((moment.unread, moment.seq))
            case "actor.started" | "actor.exited":
                due.append((0, due[-1][1]))
            case _:
                due.append(due[-1])
    return due[::-1]


def _next_of(moments: list[Moment], names: frozenset[str]) -> list[int]:
    found = [0]
    for moment in reversed(moments):
        found.append(moment.seq if moment.name in names else found[-1])
    return found[::-1]


def field(row: Row, name: str) -> Any:  # noqa: ANN401 - a field of JSON
    """Return one field of what *row* holds.

    Raises:
        UnreadableMessageError: It is not there: the disk has spoilt the row.
    """
    try:
        return msgspec.json.decode(row.payload)[name]
    except (msgspec.DecodeError, LookupError, TypeError) as error:
        raise noted(UnreadableMessageError(row.name, row.version, f"it has no field {name}"), row) from error


def recorded_error(row: Row) -> AskError:
    """Return the error that came instead of a reply, of the kind it was then."""
    name, text = field(row, "error"), field(row, "text")
    kind = next((kind for kind in _kinds(AskError) if kind.__name__ == name), RecordedAskError)
    error = kind.__new__(kind)  # its sentence is recorded, the facts it was made from are not
    error.args = (text,)
    return error


def _kinds(base: type[AskError]) -> Iterator[type[AskError]]:
    yield base
    for kind in base.__subclasses__():
        yield from _kinds(kind)
