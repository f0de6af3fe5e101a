"""The generated pages."""

from pathlib import Path

from acore.errors import ExitCode
from acore.reference import PAGE, page

TOP = Path(__file__).parents[1]


def test_the_reference_page_is_what_the_program_says() -> None:
    written = (TOP / PAGE).read_text("utf-8")

    assert written == page(), "docs/reference.md is stale: run `python -m acore.reference`"


def test_the_reference_page_lists_every_exit_code() -> None:
    assert all(f"| {code.value} | {code.name} |" in page() for code in ExitCode)
