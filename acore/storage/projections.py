"""Tables kept from events, in the transaction of the event that changes them.

A projector is run once for each event, in the journal's order; what it writes is a fold of the events
so far.
"""

from collections.abc import Callable
from typing import Any

import msgspec

from acore.events.audit import AuditNoted
from acore.events.base import Entry, Event, Kind, Message
from acore.events.discord import (
    BudgetRead,
    InteractionAcknowledged,
    InteractionClosed,
    InteractionDenied,
    InteractionReceived,
    InteractionReplied,
    Invoker,
    Place,
    SessionBegun,
    TokenSealed,
)
from acore.events.lifecycle import RunEnded, RunFailed, RunStarted
from acore.events.metrics import ActivityCounted
from acore.events.outbox import EffectResumed
from acore.events.supervision import LetterDied, StateKept
from acore.storage import audit, outbox, snapshots
from acore.storage.sqlite import Connection

type Projector[E: Event] = Callable[[Connection, Entry, E], None]

_PROJECTORS: dict[type[Message | None], Projector[Any]] = {}


def project(connection: Connection, entry: Entry) -> None:
    """Let what *entry* holds change the tables that are kept from it, if there are any."""
    envelope = entry.envelope
    if envelope.kind is Kind.EVENT:
        if projector := _PROJECTORS.get(type(envelope.message)):
            projector(connection, entry, envelope.message)
        if envelope.derived_id:  # an outcome's id is never one that the envelope makes up itself
            outbox.conclude(connection, envelope.derived_id)
    elif envelope.kind is Kind.EFFECT:
        outbox.ask_for(connection, entry)


def projects[E: Event](kind: type[E]) -> Callable[[Projector[E]], Projector[E]]:
    """Make the function below the projector of *kind*."""

    def register(projector: Projector[E]) -> Projector[E]:
        assert kind not in _PROJECTORS, kind  # noqa: S101 - seen by whoever adds the second one
        _PROJECTORS[kind] = projector
        return projector

    return register


# --- runs


@projects(RunStarted)
def begin_run(connection: Connection, entry: Entry, event: RunStarted) -> None:
    """Open the run's row."""
    connection.execute(
        "INSERT INTO runs (boot, seq, began_ns, version) VALUES (?, ?, ?, ?) ON CONFLICT (boot) DO NOTHING",
        (entry.envelope.origin.boot, entry.seq, entry.envelope.wall_ns, event.version),
    )


@projects(RunEnded)
def end_run(connection: Connection, entry: Entry, event: RunEnded) -> None:
    """Close the run's row."""
    connection.execute(
        "UPDATE runs SET ended_ns = ?, reason = ? WHERE boot = ?",
        (entry.envelope.wall_ns, event.reason, entry.envelope.origin.boot),
    )


@projects(RunFailed)
def fail_run(connection: Connection, entry: Entry, event: RunFailed) -> None:
    """Note why the run ends; it stays open, since it did not end in good order."""
    connection.execute(
        "UPDATE runs SET reason = ? WHERE boot = ?", (event.reason, entry.envelope.origin.boot)
    )


# --- interactions


@projects(InteractionReceived)
def receive(connection: Connection, entry: Entry, event: InteractionReceived) -> None:
    """Remember the interaction until it is closed, and who was allowed what."""
    connection.execute(
        "INSERT INTO pending (interaction, received, received_name, received_version) VALUES (?, ?, ?, ?) "
        "ON CONFLICT (interaction) DO UPDATE SET received = excluded.received, "
        "received_name = excluded.received_name, received_version = excluded.received_version",
        (event.interaction, entry.payload.decode(), entry.name, entry.version),
    )
    audit.append(
        connection,
        entry,
        AuditNoted(
            who=_person(event.invoker),
            action=f"/{event.command}",
            target=" ".join(f"{given.name}={given.value}" for given in event.arguments),
            outcome="allowed",
            rule=event.rule,
            interaction=event.interaction,
            where=_where(event.place),
        ),
    )


@projects(InteractionDenied)
def deny(connection: Connection, entry: Entry, event: InteractionDenied) -> None:
    """Note who was refused what."""
    audit.append(
        connection,
        entry,
        AuditNoted(
            who=_person(event.invoker),
            action=f"/{event.command}",
            target="",
            outcome="denied",
            rule=event.rule,
            interaction=event.interaction,
            where=_where(event.place),
        ),
    )


@projects(TokenSealed)
def seal(connection: Connection, _: Entry, event: TokenSealed) -> None:
    """Keep the right to answer; it may be told before or after the interaction itself."""
    connection.execute(
        "INSERT INTO pending (interaction, sealed) VALUES (?, ?) "
        "ON CONFLICT (interaction) DO UPDATE SET sealed = excluded.sealed",
        (event.interaction, event.sealed),
    )


@projects(InteractionAcknowledged)
def acknowledge(connection: Connection, _: Entry, event: InteractionAcknowledged) -> None:
    """Remember that the person sees the bot thinking."""
    connection.execute("UPDATE pending SET acknowledged = 1 WHERE interaction = ?", (event.interaction,))


@projects(InteractionReplied)
def reply(connection: Connection, entry: Entry, event: InteractionReplied) -> None:
    """Remember what is to be answered."""
    connection.execute(
        "UPDATE pending SET replied = ?, replied_name = ?, replied_version = ? WHERE interaction = ?",
        (entry.payload.decode(), entry.name, entry.version, event.interaction),
    )


@projects(InteractionClosed)
def close(connection: Connection, _: Entry, event: InteractionClosed) -> None:
    """Forget the interaction, and with it the right to answer."""
    connection.execute("DELETE FROM pending WHERE interaction = ?", (event.interaction,))


# --- what actors knew


@projects(StateKept)
def keep_state(connection: Connection, entry: Entry, event: StateKept) -> None:
    """Keep the state, and of the older ones the fewer, the older they are."""
    snapshots.keep(connection, entry.envelope.origin.boot, event)


# --- effects without an outcome; that one was asked for, or has its outcome, every entry tells by itself


@projects(EffectResumed)
def take_up(connection: Connection, entry: Entry, event: EffectResumed) -> None:
    """Note which run has the effect in hand."""
    outbox.take_up(connection, event.effect_id, event.run, entry.envelope.origin.boot)


@projects(LetterDied)
def bury(connection: Connection, _: Entry, event: LetterDied) -> None:
    """Close an effect that cannot be done any more."""
    outbox.bury(connection, event.message_id, event.reason)


# --- counters


@projects(ActivityCounted)
def count(connection: Connection, _: Entry, event: ActivityCounted) -> None:
    """Add to the counters."""
    connection.executemany(
        "INSERT INTO counters VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = value + excluded.value",
        [(name, number) for name, number in msgspec.structs.asdict(event).items() if number],
    )


# --- the budget for new sessions


@projects(BudgetRead)
def read_budget(connection: Connection, _: Entry, event: BudgetRead) -> None:
    """Take Discord's word for it."""
    budget = event.budget
    connection.execute(
        "INSERT OR REPLACE INTO identify_budget VALUES (1, ?, ?, ?)",
        (budget.total, budget.remaining, budget.resets_at.isoformat()),
    )


@projects(SessionBegun)
def spend_session(connection: Connection, _: Entry, __: SessionBegun) -> None:
    """Count down until Discord says again."""
    connection.execute("UPDATE identify_budget SET remaining = max(remaining - 1, 0)")


# --- the audit log


@projects(AuditNoted)
def note(connection: Connection, entry: Entry, event: AuditNoted) -> None:
    """Add the entry to the chain."""
    audit.append(connection, entry, event)


def _person(invoker: Invoker) -> str:
    return f"{invoker.name} ({invoker.id})"


def _where(place: Place) -> str:
    if place.guild is None:
        return "direct message"
    return f"guild {place.guild}" + ("" if place.channel is None else f", channel {place.channel}")
