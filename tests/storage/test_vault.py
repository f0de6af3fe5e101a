"""The vault: what is sealed opens here, for its purpose, and unchanged; nothing else does."""

import base64
import stat
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as some

from acore.storage.vault import KEY_FILE, BrokenSealError, Vault, VaultError

TOKEN = "aW50ZXJhY3Rpb24.token"


@pytest.fixture
def vault(tmp_path: Path) -> Vault:
    return Vault(tmp_path)


@pytest.mark.parametrize("text", [TOKEN, "", "schön 🟢", "x" * 10_000])
def test_what_was_sealed_opens_for_its_purpose(vault: Vault, text: str) -> None:
    assert vault.open(vault.seal(text, "42"), "42") == text


def test_it_opens_after_a_restart(tmp_path: Path) -> None:
    sealed = Vault(tmp_path).seal(TOKEN, "42")

    assert Vault(tmp_path).open(sealed, "42") == TOKEN


def test_the_sealed_text_shows_nothing_and_never_looks_the_same(vault: Vault) -> None:
    first, second = vault.seal(TOKEN, "42"), vault.seal(TOKEN, "42")

    assert first != second
    assert TOKEN.encode() not in base64.urlsafe_b64decode(first)


def test_it_does_not_open_for_another_purpose(vault: Vault) -> None:
    sealed = vault.seal(TOKEN, "42")

    for purpose in ("43", "", "4", "420"):
        with pytest.raises(BrokenSealError):
            vault.open(sealed, purpose)


def test_no_changed_byte_goes_unnoticed(vault: Vault) -> None:
    sealed = base64.urlsafe_b64decode(vault.seal(TOKEN, "42"))

    for place in range(len(sealed)):
        changed = bytearray(sealed)
        changed[place] ^= 1
        with pytest.raises(BrokenSealError):
            vault.open(base64.urlsafe_b64encode(changed).decode(), "42")


def test_another_key_does_not_open_it(vault: Vault, tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()

    with pytest.raises(BrokenSealError):
        Vault(tmp_path / "other").open(vault.seal(TOKEN, "42"), "42")


@given(nonsense=some.text())
def test_nonsense_is_a_broken_seal(nonsense: str, tmp_path_factory: pytest.TempPathFactory) -> None:
    with pytest.raises(BrokenSealError):
        Vault(tmp_path_factory.getbasetemp()).open(nonsense, "42")


def test_the_key_is_readable_by_its_owner_alone(vault: Vault, tmp_path: Path) -> None:
    assert vault.seal(TOKEN, "42")
    key = tmp_path / KEY_FILE

    assert stat.S_IMODE(key.stat().st_mode) == 0o600
    assert len(key.read_bytes()) == 32


@pytest.mark.parametrize("length", [0, 31, 33])
def test_a_key_file_of_another_length_is_refused_with_what_to_do(tmp_path: Path, length: int) -> None:
    (tmp_path / KEY_FILE).write_bytes(b"k" * length)

    with pytest.raises(VaultError, match=f"{KEY_FILE}: {length} bytes, not 32; put the right key back"):
        Vault(tmp_path)


def test_a_directory_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(VaultError, match=r"nowhere.*No such file"):
        Vault(tmp_path / "nowhere")
