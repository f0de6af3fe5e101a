"""Effects without an outcome: a row from the moment one is asked for until it is known what became of it."""

from acore.clock import instant
from acore.events.base import Entry, Policy, effect_of
from acore.events.catalog import CATALOG
from acore.events.outbox import OpenEffect
from acore.events.supervision import BROKEN_OFF, Burial
from acore.storage.sqlite import Connection

# After these nothing comes any more, whichever run it is.
_FOR_GOOD = frozenset({Burial.UNHANDLED, Burial.POISON, Burial.LOOP, Burial.FULL, Burial.EXPIRED})


def ask_for(connection: Connection, entry: Entry) -> None:
    """Keep the effect in *entry* open."""
    envelope, wire = entry.envelope, CATALOG.named(entry.name)
    if wire is None or wire.policy is None or wire.is_self_resuming:
        return
    connection.execute(
        "INSERT INTO outbox "
        "(id, seq, name, version, policy, boot, wall_ns, source, cause, correlation, payload) "
        "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) "
        "ON CONFLICT (id) DO NOTHING",
        (
            envelope.id,
            envelope.seq,
            entry.name,
            entry.version,
            wire.policy,
            envelope.origin.boot,
            envelope.wall_ns,
            envelope.source,
            envelope.cause,
            envelope.correlation,
            entry.payload.decode(),
        ),
    )


def conclude(connection: Connection, event_id: str) -> None:
    """Close the effect whose outcome the event with this id is, if it is one's."""
    if effect := effect_of(event_id):
        connection.execute("DELETE FROM outbox WHERE id = ?", (effect,))


def bury(connection: Connection, message_id: str, reason: Burial) -> None:
    """Close an effect that found no way to be done, unless it may be begun again."""
    if reason in _FOR_GOOD:
        connection.execute("DELETE FROM outbox WHERE id = ?", (message_id,))
    elif reason in BROKEN_OFF:
        # It was begun, so one that must not happen twice is not begun again; of others none has it in hand.
        connection.execute(
            "DELETE FROM outbox WHERE id = ? AND policy = ?", (message_id, Policy.AT_MOST_ONCE)
        )
        connection.execute("UPDATE outbox SET boot = '' WHERE id = ?", (message_id,))


def take_up(connection: Connection, effect_id: str, run: int, boot: str) -> None:
    """Note that the run *boot* has the effect in hand now; it is the *run*-th that took it up again."""
    connection.execute("UPDATE outbox SET resumed = ?, boot = ? WHERE id = ?", (run, boot, effect_id))


def open_effects(connection: Connection, *, after: int = 0, limit: int = 500) -> tuple[OpenEffect, ...]:
    """Return effects without an outcome, oldest first: the next ones after number *after*."""
    rows = connection.execute(
        "SELECT CAST(id AS TEXT), CAST(seq AS INTEGER), CAST(name AS TEXT), CAST(version AS INTEGER), "
        "CAST(policy AS TEXT), CAST(boot AS TEXT), CAST(wall_ns AS INTEGER), CAST(source AS TEXT), "
        "CAST(cause AS TEXT), CAST(correlation AS TEXT), CAST(resumed AS INTEGER), CAST(payload AS TEXT) "
        "FROM outbox WHERE seq > ? ORDER BY seq LIMIT ?",
        (after, limit),
    )
    return tuple(_effect(*row) for row in rows)


def _effect(  # noqa: PLR0917 - a row's columns have places
    own: str,
    seq: int,
    name: str,
    version: int,
    policy: str,
    boot: str,
    wall_ns: int,
    source: str,
    cause: str,
    correlation: str,
    resumed: int,
    payload: str,
) -> OpenEffect:
    # A policy that this acore does not know is the newer one's, and a person's to judge.
    known = Policy(policy) if policy in tuple(Policy) else Policy.ASK_OPERATOR
    return OpenEffect(
        id=own,
        seq=seq,
        name=name,
        version=version,
        policy=known,
        boot=boot,
        asked=instant(wall_ns),
        source=source,
        cause=cause,
        correlation=correlation,
        resumed=resumed,
        payload=payload,
    )
