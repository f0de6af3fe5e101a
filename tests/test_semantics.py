"""The page of guarantees: complete, proved, and linked to its proofs."""

import re
from pathlib import Path

import pytest

from acore.reference import GUARANTEES, TESTS, guarantees, named, with_tests

TOP = Path(__file__).parents[1]
ALL = [
    f"{letter}{number:02}"
    for letter, last in (("S", 70), ("B", 30), ("E", 10), ("J", 20), ("R", 20))
    for number in range(1, last + 1)
]


@pytest.fixture(scope="module")
def page() -> str:
    return (TOP / GUARANTEES).read_text("utf-8")


@pytest.fixture(scope="module")
def proofs() -> set[str]:
    return set(named(TOP / TESTS))


def test_every_guarantee_is_on_the_page_once(page: str) -> None:
    rows = re.findall(r"^\| (\w\d\d) \|", page, re.MULTILINE)

    assert sorted(rows) == sorted(ALL)
    assert sorted(guarantees(page)) == sorted(ALL), "a row that is not `| id | guaranteed | tests |`"


def test_every_guarantee_is_named_by_a_test(proofs: set[str]) -> None:
    unproved = [name for name in ALL if name not in proofs]

    assert unproved == [], f"no test's docstring names {', '.join(unproved)}"


def test_no_test_names_a_guarantee_that_the_page_does_not_know(page: str, proofs: set[str]) -> None:
    assert proofs - set(guarantees(page)) == set()


def test_the_links_are_those_to_the_tests_of_today(page: str) -> None:
    assert page == with_tests(page, TOP / TESTS), f"{GUARANTEES} is stale: run `python -m acore.reference`"


def test_links_to_other_pages_lead_somewhere(page: str) -> None:
    targets = {link.partition("#")[0] for link in re.findall(r"\]\(([^)]+)\)", page)}

    assert [target for target in targets if not (TOP / GUARANTEES.parent / target).exists()] == []


def test_ids_are_read_from_docstrings_of_tests_alone(tmp_path: Path) -> None:
    """Also of parametrised tests and of methods."""
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep" / "test_some.py").write_text(
        '"""S01."""\n'
        "# S02\n"
        "@pytest.mark.parametrize('x', [1])\n"
        "async def test_a(x):\n"
        '    """S03, J10, R09: also B30; not S1, S100, XS04, P08 or SHA256."""\n'
        '    """S05."""\n'
        "class TestMore:\n"
        "    def test_b(self):\n"
        '        """E10."""\n'
        "def helps():\n"
        '    """S06."""\n',
        "utf-8",
    )
    (tmp_path / "other.py").write_text('def test_c():\n    """S07."""\n', "utf-8")

    assert named(tmp_path) == dict.fromkeys(("S03", "J10", "R09", "B30", "E10"), (Path("deep/test_some.py"),))


def test_a_row_is_given_the_links_to_its_tests(tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / f"test_{name}.py").write_text('def test_it():\n    """S01."""\n', "utf-8")
    before = (
        "| id | guaranteed | tests |\n|---|---|---|\n| S01 | One `a \\| b`. | old |\n| S02 | Two. | |\nS01.\n"
    )

    after = with_tests(before, tmp_path)

    links = "[a](../tests/test_a.py) [b](../tests/test_b.py)"
    assert after == before.replace("old", links).replace("Two. | |", "Two. |  |")
    assert with_tests(after, tmp_path) == after
