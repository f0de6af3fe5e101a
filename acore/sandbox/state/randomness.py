"""Where tokens and other things nobody can guess come from."""

import base64
import random
import secrets


class Randomness:
    """The system's own randomness, or with a seed the same things in the same order each time.

    A seed is for tests that shall run the same way twice: whoever knows it knows every token.

    Args:
        seed: any whole number; None takes the system's randomness.
    """

    def __init__(self, seed: int | None = None) -> None:
        self.seed = seed
        self._source = secrets.SystemRandom() if seed is None else random.Random(seed)  # noqa: S311 - see above

    def restart(self, after: int) -> None:
        """Go on with other things than those given before; *after* tells this restart from others."""
        if self.seed is not None:
            self._source = random.Random(f"{self.seed} {after}")  # noqa: S311 - see above

    def token_bytes(self, count: int) -> bytes:
        """Return *count* bytes."""
        return self._source.randbytes(count)

    def token_hex(self, count: int) -> str:
        """Return *count* bytes as hexadecimal digits, twice as many characters."""
        return self.token_bytes(count).hex()

    def token_urlsafe(self, count: int) -> str:
        """Return *count* bytes in the alphabet of addresses, about a third more characters."""
        return base64.urlsafe_b64encode(self.token_bytes(count)).rstrip(b"=").decode()

    def bits(self, count: int) -> int:
        """Return a whole number of *count* bits."""
        return self._source.getrandbits(count)
