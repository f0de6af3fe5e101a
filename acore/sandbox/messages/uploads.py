"""Files people's clients upload before they say which message, command or modal they belong to."""

import re
import secrets
from collections import deque
from dataclasses import dataclass

from acore.sandbox.messages.drafts import Upload
from acore.sandbox.state.records import User

KEPT_SLOTS = 30
"""How many announced files of one person are kept, three messages full; the oldest makes room."""


@dataclass(slots=True, eq=False)
class Slot:
    """Room for one file that was announced; *data* is there once it was uploaded."""

    key: str
    user: User
    filename: str
    data: bytes | None = None


class Uploads:
    """The files that wait to be used; each may be uploaded once and used by who announced it."""

    def __init__(self) -> None:
        self._slots: dict[str, Slot] = {}
        self._of_user: dict[str, deque[Slot]] = {}

    def announce(self, user: User, filename: str) -> Slot:
        """Make room for a file; its key is what Discord calls upload_filename."""
        name = re.sub(r"[^\w.-]", "_", filename, flags=re.ASCII)  # it becomes part of an address
        slot = Slot(f"{secrets.token_urlsafe(16)}/{name}", user, filename)
        self._slots[slot.key] = slot
        of_user = self._of_user.setdefault(user.id, deque())
        of_user.append(slot)
        if len(of_user) > KEPT_SLOTS:
            del self._slots[of_user.popleft().key]
        return slot

    def put(self, key: str, data: bytes) -> bool:
        """Fill the room made for a file; return whether there was any."""
        slot = self._slots.get(key)
        if slot is None or slot.data is not None:
            return False
        slot.data = data
        return True

    def find(self, key: str, user: User) -> Upload | None:
        """Return a file that this user uploaded; None if it was not, or was announced and never came."""
        slot = self._slots.get(key)
        if slot is None or slot.user is not user or slot.data is None:
            return None
        return Upload("", slot.filename, "application/octet-stream", slot.data)
