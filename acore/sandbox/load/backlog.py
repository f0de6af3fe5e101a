"""What the clients of some sockets have not read yet, on the way and at their end."""

from collections.abc import Iterable
from pathlib import Path
from typing import Protocol

TABLE = Path("/proc/net/tcp")
"""Linux tells of every connection of this machine here (proc_pid_net(5)); on the loopback, of both ends."""


class Line(Protocol):
    """A connection to a client."""

    @property
    def ports(self) -> tuple[int, int] | None:
        """The port of the server's end and that of the client's."""
        ...

    @property
    def unsent_bytes(self) -> int:
        """What was not handed to the system yet."""
        ...


def unread_bytes(lines: Iterable[Line], table: str | None) -> int:
    """Return how much clients were sent and have not read yet.

    Args:
        lines: the connections.
        table: what `TABLE` says; without it only what this process still holds is known.
    """
    known = {one.ports: one.unsent_bytes for one in lines}
    unread = sum(known.values())
    for row in [] if table is None else table.splitlines()[1:]:
        columns = row.split()
        here, there = (int(address.rpartition(":")[2], 16) for address in columns[1:3])
        sending, receiving = (int(queue, 16) for queue in columns[4].split(":"))
        if (here, there) in known:
            unread += sending
        elif (there, here) in known:
            unread += receiving
    return unread


def read_table() -> str | None:
    """Return what the system says of its connections, None if it does not; it blocks for a moment."""
    try:
        return TABLE.read_text()
    except OSError:
        return None
