"""Files that were cut, changed, made by a newer acore, or are no capsules at all."""

from pathlib import Path

import pytest

from acore.capsule.export import Export, Wanted, header_for
from acore.capsule.form import Seal
from acore.capsule.problems import DamagedCapsuleError, NewerCapsuleError, NoCapsuleError
from acore.capsule.reading import check, is_capsule, usable
from acore.clock import HeldClock
from acore.events.catalog import CATALOG
from acore.log import masker


@pytest.fixture
def capsule(database: Path, tmp_path: Path) -> Path:
    path = tmp_path / "all.jsonl"
    header = header_for(database, Wanted(), CATALOG, HeldClock().now())
    Export(database, header, mask=masker(())).to(path)
    return path


def test_a_last_line_that_is_cut_off_is_reported_and_the_rest_usable(capsule: Path) -> None:
    """R17."""
    lines = capsule.read_bytes().splitlines(keepends=True)
    capsule.write_bytes(b"".join(lines[:20]) + lines[20][:-30])

    found = usable(capsule)

    assert (found.rows + found.snapshots, found.cut, found.damaged, found.is_whole) == (19, 21, 0, False)
    assert found.complaint(capsule) == (
        f"{capsule} breaks off at line 21: the {found.rows} entries before it are used"
    )
    assert found.rows > 5


def test_a_file_that_lacks_its_last_line_is_reported_too(capsule: Path) -> None:
    """R17: though all lines that are there are good."""
    lines = capsule.read_bytes().splitlines(keepends=True)
    capsule.write_bytes(b"".join(lines[:-1]))

    assert check(capsule).cut == len(lines)


@pytest.mark.parametrize(
    ("line", "old", "new"),
    [
        (17, b'"attempt":1', b'"attempt":2'),
        (17, b'"sum":"', b'"sum":"0'),
        (22, b'"line":"row"', b'"line":"raw"'),
    ],
)
def test_a_changed_line_is_named_and_refused(capsule: Path, line: int, old: bytes, new: bytes) -> None:
    """R17: what stands before it is used only by whoever accepts that."""
    lines = capsule.read_bytes().splitlines(keepends=True)
    assert old in lines[line - 1]
    lines[line - 1] = lines[line - 1].replace(old, new)
    capsule.write_bytes(b"".join(lines))

    with pytest.raises(DamagedCapsuleError, match=rf"line {line} of .*all\.jsonl is not what was written"):
        usable(capsule)
    found = usable(capsule, accept_damaged=True)
    assert found.rows + found.snapshots == line - 2


def test_a_line_that_is_missing_doubled_moved_or_added_is_noticed(capsule: Path) -> None:
    """R17: each line stands on all before it."""
    lines = capsule.read_bytes().splitlines(keepends=True)
    orders = {
        "missing": [*lines[:5], *lines[6:]],
        "doubled": [*lines[:6], *lines[5:]],
        "moved": [*lines[:5], lines[6], lines[5], *lines[7:]],
    }
    for what, order in orders.items():
        capsule.write_bytes(b"".join(order))
        assert check(capsule).damaged in {6, 7}, what
    capsule.write_bytes(b"".join([*lines, lines[-1]]))
    assert check(capsule).damaged == len(lines) + 1


def test_a_header_that_was_changed_is_noticed(capsule: Path) -> None:
    """R17."""
    capsule.write_bytes(capsule.read_bytes().replace(b'"is_whole":true', b'"is_whole":false', 1))

    with pytest.raises(DamagedCapsuleError, match="line 1 of"):
        check(capsule)


def test_a_newer_format_is_refused(capsule: Path) -> None:
    """R17: with what to do about it, and however its lines look."""
    lines = capsule.read_bytes().splitlines(keepends=True)
    lines[0] = b'{"line":"header","capsule":99,"sum":"of another kind"}\n'
    capsule.write_bytes(b"".join(lines))

    with pytest.raises(NewerCapsuleError, match="has format 99 and this acore knows 1: read it"):
        check(capsule)
    assert is_capsule(capsule)


@pytest.mark.parametrize("content", [b"", b"hello\n", b'{"line":"row"}\n', b"\xff\xfe", b'{"capsule":"x"}'])
def test_something_else_is_no_capsule(tmp_path: Path, content: bytes) -> None:
    """R17."""
    path = tmp_path / "other.txt"
    path.write_bytes(content)

    with pytest.raises(NoCapsuleError, match=r"other\.txt is nothing that `acore"):
        check(path)
    assert not is_capsule(path)


def test_a_checksum_covers_all_lines_before() -> None:
    """R17: the same line has another one at another place."""
    line = b'{"a":1}'

    assert not Seal().fits(line)
    assert not Seal(b"0" * 16).fits(line + b"\n")
