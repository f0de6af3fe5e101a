"""Text that must not be seen."""

import hashlib


class Secret:
    """A text that prints as its length and fingerprint; equal when the texts are equal.

    It is no `str` and no record on purpose: joining it to a text or encoding it to JSON fails instead of
    leaking.

    Args:
        text: What to keep secret; blank means that nothing was set.
    """

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    def reveal(self) -> str:
        """Return the text itself, for the one place that sends it."""
        return self._text

    @property
    def digest(self) -> str:
        """SHA-256 of the text, in hex."""
        # A value from the environment may hold bytes that are no UTF-8; they too need a fingerprint.
        return hashlib.sha256(self._text.encode("utf-8", "surrogatepass")).hexdigest()

    @property
    def fingerprint(self) -> str:
        """The first 8 hex digits of the digest: enough to tell two secrets apart, too few to find one."""
        return self.digest[:8]

    def __bool__(self) -> bool:
        return bool(self._text)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and other._text == self._text

    def __hash__(self) -> int:
        return hash((Secret, self._text))

    def __str__(self) -> str:
        if not self._text:
            return "not set"
        return f"{len(self._text)} characters, fingerprint {self.fingerprint}"

    def __repr__(self) -> str:
        return f"Secret({self})"

    def __format__(self, spec: str) -> str:
        return format(str(self), spec)
