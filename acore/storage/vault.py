"""Seals what must not be readable in the database, under a key that is not in it."""

import base64
import os
from pathlib import Path

from acore.errors import ExitCode, FatalError

KEY_FILE = "vault.key"
_KEY_BYTES = 32


class VaultError(FatalError):
    """The vault's key cannot be used."""

    exit_code = ExitCode.CANT_CREATE


class BrokenSealError(Exception):
    """A sealed text was changed, or sealed under another key."""


class Vault:
    """Authenticated encryption (XChaCha20-Poly1305) under a key file that only its owner reads."""

    def __init__(self, data_dir: Path) -> None:
        """Use the key in *data_dir*; it is made when there is none.

        Raises:
            VaultError: The key file cannot be read or made, or holds no key.
        """
        # The library costs memory and start-up time that commands without secrets should not pay.
        from nacl.secret import Aead  # noqa: PLC0415

        self._box = Aead(_key(data_dir / KEY_FILE))

    def seal(self, text: str, purpose: str) -> str:
        """Return *text* sealed; it opens only for the same *purpose*, e.g. the id it belongs to."""
        sealed = self._box.encrypt(text.encode(), purpose.encode())
        return base64.urlsafe_b64encode(sealed).decode()

    def open(self, sealed: str, purpose: str) -> str:
        """Return the text that was sealed for *purpose*.

        Raises:
            BrokenSealError: It was not sealed here, or not for this purpose.
        """
        from nacl.exceptions import CryptoError  # noqa: PLC0415 - as above

        try:
            return self._box.decrypt(base64.urlsafe_b64decode(sealed), purpose.encode()).decode()
        except (CryptoError, ValueError) as error:
            raise BrokenSealError(purpose) from error


def _key(path: Path) -> bytes:
    try:
        try:
            handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except FileExistsError:
            return _read(path)
        key = os.urandom(_KEY_BYTES)
        with os.fdopen(handle, "wb") as file:
            file.write(key)
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        raise VaultError(f"{path}: {error.strerror}; acore keeps the key for its secrets there") from error
    return key


def _read(path: Path) -> bytes:
    key = path.read_bytes()
    if len(key) != _KEY_BYTES:
        raise VaultError(
            f"{path}: {len(key)} bytes, not {_KEY_BYTES}; put the right key back, or remove the file: "
            "what was sealed under it is lost then"
        )
    return key
