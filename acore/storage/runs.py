"""Runs of the program, as the store remembers them."""

import msgspec

from acore.clock import instant
from acore.events.lifecycle import PastRun
from acore.storage.sqlite import Connection


def newest_run(connection: Connection, other_than: str = "") -> PastRun | None:
    """Return the run that began last, not counting the one called *other_than*."""
    row = connection.execute(
        "SELECT CAST(boot AS TEXT), CAST(began_ns AS INTEGER), CAST(version AS TEXT), "
        "CAST(ended_ns AS INTEGER), CAST(reason AS TEXT) FROM runs WHERE boot <> ? ORDER BY seq DESC LIMIT 1",
        (other_than,),
    ).fetchone()
    if row is None:
        return None
    boot, began_ns, version, ended_ns, reason = row
    ended = None if ended_ns is None else instant(ended_ns)
    return PastRun(boot=boot, began=instant(began_ns), version=version, ended=ended, reason=reason)


def run_before(connection: Connection, boot: str) -> PastRun | None:
    """Return the run before the one called *boot*, with what it left behind."""
    run = newest_run(connection, other_than=boot)
    if run is None:
        return None
    # Between where the two began, so that neither is read through.
    last = connection.execute(
        "SELECT seq, CAST(wall_ns AS INTEGER) FROM journal WHERE boot = :it "
        "AND seq >= (SELECT seq FROM runs WHERE boot = :it) "
        "AND seq < coalesce((SELECT seq FROM runs WHERE boot = :me), 9223372036854775807) "
        "ORDER BY seq DESC LIMIT 1",
        {"it": run.boot, "me": boot},
    ).fetchone()
    if last is None:
        return run
    seq, wall_ns = last
    # Whoever has them in hand by now: what has an outcome is not there any more.
    owed: int = connection.execute("SELECT count(*) FROM outbox WHERE seq <= ?", (seq,)).fetchone()[0]
    return msgspec.structs.replace(run, last_seq=seq, last_sign=instant(wall_ns), pending_effects=owed)
