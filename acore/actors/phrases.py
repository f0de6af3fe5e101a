"""One plain sentence for each thing that is recorded, and how much it matters to who asks why.

`PHRASES` is the one place: a new kind is one entry. A kind without one is told by what the log says of it,
or by its class's docstring; what this acore does not know is shown as it was recorded.
"""

from collections.abc import Callable, Mapping
from enum import IntEnum
from types import MappingProxyType
from typing import Any, cast

import msgspec

from acore.actors.narrator import capital, line_of, part_name
from acore.events.audit import AuditNoted
from acore.events.base import Event, Kind, Message
from acore.events.catalog import CATALOG
from acore.events.discord import (
    AnswerAtOnce,
    AnswerInteraction,
    BudgetRead,
    InteractionAcknowledged,
    InteractionClosed,
    InteractionDenied,
    InteractionReceived,
    InteractionReplied,
    Link,
    LinkChanged,
    LoadBudget,
    LoadPending,
    SessionBegun,
)
from acore.events.health import CheckCompleted, CheckDue, RunCheck
from acore.events.lifecycle import DescribeActors, DescribeProcess, EndProcess, LoadLastRun, StopRequested
from acore.events.metrics import ActivityCounted, HostSampled, LoadCounters
from acore.events.outbox import (
    DecideEffect,
    EffectAbandoned,
    EffectDone,
    EffectFailed,
    EffectResumed,
    EffectsUndecided,
    LoadOpenEffects,
    WentAhead,
)
from acore.events.parts import PartNotRestarted, PartRestarted, RestartActor, RestartPart
from acore.events.row import Row
from acore.events.settings import GetSettings, LoadSettings, ReloadRequested, SettingsRead, SettingsRefused
from acore.events.status import Notice, Reply
from acore.events.store import PinJournal, ProbeStore, PurgeJournal
from acore.events.supervision import (
    ActorExited,
    ActorPatched,
    ActorRemembered,
    ActorStarted,
    ActorStopping,
    MessageRequeued,
    SupervisorGaveUp,
)
from acore.events.upcast import UnknownMessageError, UnreadableMessageError
from acore.events.why import FindCauses
from acore.record import Record

_SHORT = 100


class Weight(IntEnum):
    """How much something matters when not everything can be told; the first row matters most."""

    OUTCOME = 0
    EFFECT = 1
    DECISION = 2
    FACT = 3
    DETAIL = 4


class Phrase(Record):
    """How a kind of message is told, and how much it matters."""

    text: Callable[[Any], str]
    weight: Weight


class Sentence(Record):
    """A row of the journal in words."""

    text: str
    weight: Weight


def _told[M: Message](
    kind: type[M], weight: Weight, text: Callable[[M], str]
) -> tuple[type[Message], Phrase]:
    return kind, Phrase(text=text, weight=weight)


def _command(received: InteractionReceived) -> str:
    given = "".join(f" {one.name}={one.value}" for one in received.arguments)
    return f"{received.invoker.name} used /{received.command}{given}; allowed: {received.rule}."


def _closed(closed: InteractionClosed) -> str:
    if closed.is_answered:
        return f"The person has the answer, {duration(closed.seconds)} after asking."
    return f"The person got no answer: {closed.reason}."


def _exited(exited: ActorExited) -> str:
    if line := line_of(exited):
        return line.text
    part = capital(part_name(exited.actor))
    if exited.exit in {"normal", "shutdown", "ignored"}:
        return f"{part} stopped in good order{f' ({exited.reason})' if exited.reason else ''}."
    return f"{part} failed because of a part of it: {exited.reason}."  # a group


def _stopping(stopping: ActorStopping) -> str:
    left = f"; messages that wait for it: {stopping.unread}" if stopping.unread else ""
    return f"{capital(part_name(stopping.actor))}: told to stop{left}."


def _started(started: ActorStarted) -> str:
    part = capital(part_name(started.actor))
    return (
        f"{part} started."
        if started.incarnation == 1
        else f"{part} started again (run {started.incarnation})."
    )


def _line(event: Event) -> str:
    """Return what the log says of *event*."""
    line = line_of(event)
    return line.text if line is not None else _by_docstring(event)


def _check(name: str) -> str:
    return name.replace("_", " ")


def _link(changed: LinkChanged) -> str:
    if line := line_of(changed):
        return line.text
    return "Connected to Discord." if changed.link is Link.READY else f"Left Discord: {changed.reason}."


def _measured(sample: HostSampled) -> str:
    return (
        f"Measured: processor {sample.cpu_percent:.0f} %, memory {sample.memory_percent:.0f} %, "
        f"disk {sample.disk_percent:.0f} %, loop late by {sample.loop_lag * 1000:.0f} ms."
    )


def _noted(noted: AuditNoted) -> str:
    why = f" ({noted.reason})" if noted.reason else ""
    return f"In the audit log: {noted.who}, {noted.action} {noted.target}, {noted.outcome}{why}."


def _pinned(pin: PinJournal) -> str:
    if pin.seq is None:
        return f"keep no longer what is pinned as {pin.name}, for {pin.by}"
    return f"keep everything from entry {pin.seq} on, pinned as {pin.name}, for {pin.by}"


def reply_text(reply: Reply) -> str:
    """Return what *reply* says, in a few words."""
    return f"“{shortened(reply.text)}”" if isinstance(reply, Notice) else "a report"


PHRASES: Mapping[type[Message], Phrase] = MappingProxyType(
    dict(
        (
            # What people do, and what they get.
            _told(InteractionReceived, Weight.DECISION, _command),
            _told(
                InteractionDenied,
                Weight.OUTCOME,
                lambda one: f"{one.invoker.name} used /{one.command} and was refused: {one.rule}.",
            ),
            _told(
                InteractionAcknowledged,
                Weight.DETAIL,
                lambda one: (
                    f"The person sees that the bot is thinking, {duration(one.seconds)} after asking."
                ),
            ),
            _told(
                InteractionReplied,
                Weight.DETAIL,
                lambda one: f"The answer is known: {reply_text(one.reply)}.",
            ),
            _told(InteractionClosed, Weight.OUTCOME, _closed),
            _told(AnswerInteraction, Weight.EFFECT, lambda one: f"show the person {reply_text(one.reply)}"),
            _told(AnswerAtOnce, Weight.EFFECT, lambda one: f"show the person {reply_text(one.reply)}"),
            _told(StopRequested, Weight.DECISION, lambda one: f"{one.by} wants the bot to stop."),
            _told(ReloadRequested, Weight.DECISION, lambda one: f"{one.by} wants the settings read again."),
            _told(AuditNoted, Weight.DETAIL, _noted),
            # Parts.
            _told(
                RestartActor,
                Weight.DECISION,
                lambda one: f"have {part_name(one.actor)} restarted, for {one.by}",
            ),
            _told(RestartPart, Weight.EFFECT, lambda one: f"stop and start {part_name(one.actor)}"),
            _told(PartRestarted, Weight.OUTCOME, _line),
            _told(PartNotRestarted, Weight.OUTCOME, _line),
            _told(ActorStarted, Weight.FACT, _started),
            _told(
                ActorStopping,
                Weight.DETAIL,
                _stopping,
            ),
            _told(ActorExited, Weight.FACT, _exited),
            _told(SupervisorGaveUp, Weight.OUTCOME, _line),
            _told(
                MessageRequeued,
                Weight.FACT,
                lambda one: (
                    f"{capital(part_name(one.actor))} takes {one.message} up again (attempt {one.attempt}): "
                    f"{one.reason}."
                ),
            ),
            _told(EndProcess, Weight.EFFECT, lambda one: f"stop everything in order ({one.reason})"),
            # Effects.
            _told(EffectDone, Weight.OUTCOME, lambda one: f"Done: {one.effect}."),
            _told(EffectFailed, Weight.OUTCOME, lambda one: f"{one.effect} failed: {one.reason}."),
            _told(EffectAbandoned, Weight.OUTCOME, _line),
            _told(EffectResumed, Weight.FACT, _line),
            _told(WentAhead, Weight.DETAIL, _line),
            _told(EffectsUndecided, Weight.OUTCOME, _line),
            _told(LoadOpenEffects, Weight.DETAIL, lambda _: "what has no outcome yet?"),
            _told(
                DecideEffect,
                Weight.DECISION,
                lambda one: f"{one.decision.value} the effect {one.key}, as {one.by} decides",
            ),
            # The journal, and what is kept for a replay.
            _told(PurgeJournal, Weight.DECISION, lambda one: f"remove what is old or too much, for {one.by}"),
            _told(PinJournal, Weight.DECISION, _pinned),
            _told(
                ActorPatched,
                Weight.FACT,
                lambda one: (
                    f"{capital(part_name(one.actor))} goes the way of the change {one.patch} from here on."
                ),
            ),
            _told(
                ActorRemembered,
                Weight.DETAIL,
                lambda one: f"Kept for a replay: what {part_name(one.actor)} knows.",
            ),
            # Questions.
            _told(DescribeProcess, Weight.DETAIL, lambda _: "what runs here?"),
            _told(DescribeActors, Weight.DETAIL, lambda _: "how is every part?"),
            _told(LoadLastRun, Weight.DETAIL, lambda _: "how did the run before this one go?"),
            _told(LoadCounters, Weight.DETAIL, lambda _: "what had been counted before?"),
            _told(LoadBudget, Weight.DETAIL, lambda _: "how many new sessions are left?"),
            _told(LoadPending, Weight.DETAIL, lambda _: "who waits for an answer?"),
            _told(LoadSettings, Weight.DETAIL, lambda _: "what do the files and the environment say?"),
            _told(GetSettings, Weight.DETAIL, lambda _: "which settings are in force?"),
            _told(ProbeStore, Weight.DETAIL, lambda _: "do writing and reading work?"),
            _told(FindCauses, Weight.DETAIL, lambda one: f"why {one.what}?"),
            # What is observed.
            _told(SettingsRead, Weight.FACT, lambda _: "The settings were read again and are valid."),
            _told(SettingsRefused, Weight.OUTCOME, _line),
            _told(CheckDue, Weight.DETAIL, lambda one: f"The check {_check(one.check)} is due."),
            _told(RunCheck, Weight.EFFECT, lambda one: f"run the check {_check(one.check)}"),
            _told(
                CheckCompleted,
                Weight.FACT,
                lambda one: f"The check {_check(one.check)} found: {one.status.value}, {one.message}.",
            ),
            _told(LinkChanged, Weight.FACT, _link),
            _told(
                BudgetRead,
                Weight.DETAIL,
                lambda one: f"Discord allows {one.budget.remaining} of {one.budget.total} new sessions.",
            ),
            _told(SessionBegun, Weight.DETAIL, lambda _: "A new session is asked of Discord."),
            _told(
                ActivityCounted,
                Weight.DETAIL,
                lambda one: (
                    f"Counted: {one.messages} messages, {one.commands} commands, {one.errors} errors."
                ),
            ),
            _told(HostSampled, Weight.DETAIL, _measured),
        )
    )
)
"""How each kind is told. Of an event the text is a sentence; of a command or an effect, what is wanted."""


def sentence_of(row: Row) -> Sentence:
    """Return what *row* says, in words."""
    if row.kind in {Kind.REPLY, Kind.NO_REPLY}:
        whom = f" {part_name(row.target)}" if row.target else ""
        return Sentence(
            text=f"{capital(part_name(row.source))} answers{whom}: {answer_text(row)}.", weight=Weight.DETAIL
        )
    try:
        messages = CATALOG.read(row.name, row.version, row.payload.encode())
    except UnreadableMessageError as error:
        # Another acore wrote it, or the disk has spoilt it.
        why = "is not known here" if isinstance(error, UnknownMessageError) else "cannot be read"
        text = f"{row.name}, which {why}: {shortened(row.payload)}"
        return Sentence(text=text, weight=Weight.FACT)
    told = [_sentence(message) for message in messages]
    if not told:  # one that was retired
        return Sentence(text=f"{row.name}: {shortened(row.payload)}", weight=Weight.DETAIL)
    text, weight = " ".join(one.text for one in told), min(one.weight for one in told)
    match row.kind:
        case Kind.EFFECT:
            return Sentence(text=f"To do: {text}.", weight=weight)
        case Kind.COMMAND:
            whom = part_name(row.target) if row.target else "whoever knows"
            asks = f"{capital(part_name(row.source))} asks {whom}"
            return Sentence(text=f"{asks}: {text}{'' if text.endswith('?') else '.'}", weight=weight)
        case _:
            return Sentence(text=text, weight=weight)


def answer_text(row: Row) -> str:
    """Return what a reply says, in a few words; of one that did not come, why."""
    try:
        value: Any = msgspec.json.decode(row.payload)
    except msgspec.DecodeError:
        return f"what cannot be read: {shortened(row.payload)}"
    if row.kind == Kind.NO_REPLY:
        said = cast("dict[str, Any]", value).get("text") if isinstance(value, dict) else None
        return f"no answer came: {said or shortened(row.payload)}"
    match value:
        case None:
            return "nothing"
        case bool() | int() | float() | str():
            return shortened(str(value).replace("_", " "))
        case _:
            return "what was asked for"


def duration(seconds: float) -> str:
    """Return *seconds* as people say it: in ms below a tenth of a second."""
    if seconds < 0:
        return f"-{duration(-seconds)}"
    if seconds < 0.1:  # noqa: PLR2004 - below it, tenths say nothing
        return f"{seconds * 1000:.0f} ms"
    if seconds < 10:  # noqa: PLR2004 - above it, tenths are noise
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    days, hours = divmod(hours, 24)
    parts = ((days, "d"), (hours, "h"), (minutes, "min"), (rest, "s"))
    return " ".join([f"{number} {unit}" for number, unit in parts if number][:2])


def shortened(text: str, limit: int = _SHORT) -> str:
    """Return *text* in one line of at most *limit* characters."""
    line = " ".join(text.split())
    return line if len(line) <= limit else f"{line[: limit - 1]}…"


def _sentence(message: Message) -> Sentence:
    phrase = PHRASES.get(type(message))
    if phrase is not None:
        weight = phrase.weight
        # A part that fails is no mere fact, and so with an answer that is none.
        if _is_trouble(message):
            weight = Weight.OUTCOME
        return Sentence(text=phrase.text(message), weight=weight)
    if isinstance(message, Event) and (line := line_of(message)):
        weight = Weight.OUTCOME if line.level in {"WARNING", "ERROR", "CRITICAL"} else Weight.FACT
        return Sentence(text=line.text, weight=weight)
    return Sentence(text=_by_docstring(message), weight=Weight.FACT)


def _is_trouble(message: Message) -> bool:
    match message:
        case ActorExited():
            return message.exit not in {"normal", "shutdown", "ignored"}
        case InteractionReplied(reply=Notice(is_error=True)):
            return True
        case _:
            return False


def _by_docstring(message: Message) -> str:
    """Return the first sentence of what documents the kind of *message*, with what this one says."""
    first, dot, _ = (type(message).__doc__ or type(message).__name__).strip().partition(".")
    fields = msgspec.to_builtins(message)
    given = ", ".join(
        f"{name}={value}" for name, value in fields.items() if value not in (None, "", 0, [], {})
    )
    return f"{' '.join(first.split())}{f' ({shortened(given)})' if given else ''}{dot}"
