"""An event on its way to many sessions: encoded once for all who read the same of it."""

import msgspec

from acore.sandbox.gateway import intents
from acore.sandbox.shapes import Json

ABOUT_A_GUILD = frozenset({"GUILD_CREATE", "GUILD_UPDATE", "GUILD_DELETE"})
"""Events whose `id` is the guild's."""
TO_EVERY_SHARD = frozenset({"USER_UPDATE"})


class Announcement:
    """One event.

    Args:
        event: its name.
        payload: its data as somebody sees it who may see everything.
    """

    def __init__(self, event: str, payload: Json) -> None:
        self.event = event
        self.payload = payload
        guild_id = payload.get("id" if event in ABOUT_A_GUILD else "guild_id")
        self.guild_id = None if guild_id is None else str(guild_id)
        self._encoded: msgspec.Raw | None = None

    @property
    def encoded(self) -> msgspec.Raw:
        """The whole payload as JSON."""
        if self._encoded is None:
            self._encoded = msgspec.Raw(msgspec.json.encode(self.payload))
        return self._encoded

    def as_read_by(self, wanted: int, user_id: str) -> tuple[Json, msgspec.Raw]:
        """Return the payload as a bot with these intents sees it, and its JSON."""
        shown = intents.as_read_by(wanted, self.event, self.payload, user_id)
        if shown is self.payload:
            return shown, self.encoded
        return shown, msgspec.Raw(msgspec.json.encode(shown))
