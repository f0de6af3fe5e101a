"""What one run of a core actor is remembered by: the latest instant it was told, its patches, its state."""

from collections.abc import Mapping
from datetime import datetime
from functools import cache
from hashlib import blake2b
from typing import Any, cast

import msgspec

from acore.clock import instant

REMEMBER_EVERY = 1000
"""An actor's state is remembered when it has handled so many messages since the last time."""
REMEMBER_AFTER = 600.0
"""Or when so many seconds have passed since then and it has handled any."""
# What the schema says to people only; a default does not change what can be read.
_WORDS = frozenset({"title", "description", "examples", "default"})


class Memory(msgspec.Struct, gc=False):
    """What outlives a handler and not the run. Every idle actor has one, so it is small.

    `recorded` has the patches that a run took up, by the id of the message that it did so with; None when it
    lives and takes up every one.
    """

    recorded: Mapping[str, frozenset[str]] | None = None
    latest_ns: int = 0
    patches: frozenset[str] = frozenset()

    @property
    def latest(self) -> datetime | None:
        """The latest instant that was told; None when none was."""
        return instant(self.latest_ns) if self.latest_ns else None

    def takes(self, patch: str, message_id: str) -> bool:
        """Return whether *patch* is taken up with this message, for the first time in this run."""
        return self.recorded is None or patch in self.recorded.get(message_id, ())


def canonical(state: object) -> bytes:
    """Return *state* as JSON that is the same in every process, whatever the order of a set or a dict."""
    return msgspec.json.encode(state, order="deterministic")


def digest_of(text: bytes) -> str:
    """Return the digest of a state's JSON."""
    return blake2b(text, digest_size=16).hexdigest()


@cache
def shape_of(kind: type) -> str:
    """Return the fingerprint of a state's fields: what was written with another one cannot be trusted."""
    return digest_of(canonical(_bare(msgspec.json.schema(kind))))


def _bare(schema: Any) -> Any:  # noqa: ANN401 - JSON
    if isinstance(schema, dict):
        known = cast("dict[str, Any]", schema)
        return {
            key: {name: _bare(field) for name, field in value.items()}
            if key in {"properties", "$defs"}
            else _bare(value)
            for key, value in known.items()
            if key not in _WORDS
        }
    return [_bare(one) for one in cast("list[Any]", schema)] if isinstance(schema, list) else schema
