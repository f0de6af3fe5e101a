"""Env files as operators have them: read as python-dotenv reads them, changed in one place alone."""

import io
from collections.abc import Iterable
from itertools import product
from pathlib import Path

import pytest
from dotenv import dotenv_values
from hypothesis import given
from hypothesis import strategies as st

from acore.settings.envfile import Entry, UnwritableError, parse, with_value, without

CORPUS = sorted(Path(__file__).with_name("env").iterdir())
VALUES = ("", "new", "two words", "it's", 'say "hi"', "a # b", "back\\slash\\", "é😀", "x=$y")
"""What an operator may want to set; a line end, and what cannot be seen, are refused before it comes here."""

_SMALL = 15


def text_of(path: Path) -> str:
    return path.read_bytes().decode("utf-8-sig")


def said(text: str) -> list[tuple[str | None, str | None]]:
    return [(entry.key, entry.value) for entry in parse(text)]


def as_dotenv(text: str) -> dict[str, str | None]:
    return dict(dotenv_values(stream=io.StringIO(text, newline=""), interpolate=False))


def as_mapping(entries: tuple[Entry, ...]) -> dict[str, str | None]:
    return {entry.key: entry.value for entry in entries if entry.key is not None}


def some(keys: Iterable[str]) -> list[str]:
    """Return all *keys* of a small file, and of a large one some that are spread over it."""
    names = list(keys)
    return names if len(names) <= _SMALL else names[:: len(names) // _SMALL]


def assert_only_one_statement_differs(before: str, after: str) -> None:
    """Take away the lines that begin and end both: one statement is left of what was there before."""
    old, new = before.splitlines(keepends=True), after.splitlines(keepends=True)
    while old and new and old[0] == new[0]:
        del old[0], new[0]
    while old and new and old[-1] == new[-1]:
        del old[-1], new[-1]
    assert len(parse("".join(old))) <= 1


def test_the_corpus_has_the_variety_of_real_ones() -> None:
    assert len(CORPUS) >= 20
    assert max(text_of(path).count("\n") for path in CORPUS) > 300


@pytest.mark.parametrize("path", CORPUS, ids=lambda path: path.stem)
def test_each_file_is_read_as_python_dotenv_reads_it(path: Path) -> None:
    assert as_mapping(parse(text_of(path))) == as_dotenv(text_of(path))


@pytest.mark.parametrize("path", CORPUS, ids=lambda path: path.stem)
def test_a_value_that_is_set_is_read_again_and_all_else_stays(path: Path) -> None:
    """Whatever form the statement has; the last one of a key is the one that counts."""
    text = text_of(path)
    before = as_dotenv(text)
    for key, value in product(
        [*some(before), "A_NEW_KEY"], VALUES if len(before) <= _SMALL else VALUES[1:4:2]
    ):
        changed = with_value(text, key, value)

        assert as_dotenv(changed) == {**before, key: value}
        assert_only_one_statement_differs(text, changed)
        assert with_value(changed, key, value) == changed


@pytest.mark.parametrize("path", CORPUS, ids=lambda path: path.stem)
def test_setting_what_is_set_already_changes_nothing_that_is_read(path: Path) -> None:
    text = text_of(path)
    values = as_mapping(parse(text))
    for key in some(values):
        value = values[key]
        assert said(with_value(text, key, value or "")) in (
            said(text),
            [(name, "" if name == key and old is None else old) for name, old in said(text)],
        )


@pytest.mark.parametrize("path", CORPUS, ids=lambda path: path.stem)
def test_a_key_that_is_taken_out_is_gone_and_all_else_stays(path: Path) -> None:
    text = text_of(path)
    for key in some(as_mapping(parse(text))):
        left = without(text, key)

        assert said(left) == [(name, value) for name, value in said(text) if name != key]
    assert without(text, "A_NEW_KEY") == text


@pytest.mark.parametrize(
    ("before", "value", "after"),
    [
        ("A=1 # one\n", "2", "A=2 # one\n"),
        ("export  A = 'x'# c\r\nB=1\r\n", "it's", "export  A = 'it\\'s'# c\r\nB=1\r\n"),
        ('A="x"  # c', 'a"b\\', 'A="a\\"b\\\\"  # c'),
        ("A= # nothing yet\n", "some", "A= some # nothing yet\n"),
        ("A=some # c\n", "", "A= # c\n"),
        ("A=#ff8800\n", "#fff", "A='#fff'\n"),
        ("A\n", "1", "A=1\n"),
        ("A # c\n", "1", "A=1 # c\n"),
        ("\n\n  A=1\n", "2", "\n\n  A=2\n"),
        ("A=1\nA=2\n", "3", "A=1\nA=3\n"),
        ("B=1", "2", "B=1\nA=2\n"),
        ("B=1\r\n", "2", "B=1\r\nA=2\r\n"),
        ("", "two words", "A='two words'\n"),
        ('A="one\ntwo"\nB=1\n', "1", 'A="1"\nB=1\n'),
        ("'A'=1\n", "2", "'A'=2\n"),
    ],
)
def test_the_form_of_a_statement_stays(before: str, value: str, after: str) -> None:
    """Quotes, comment, indentation, `export` and line ends are the operator's."""
    assert with_value(before, "A", value) == after


def test_what_stood_between_statements_stays_when_one_is_taken_out() -> None:
    assert without("# one\n\nA=1\n\n  B=2\n# two\nA=3", "A") == "# one\n\n\n  B=2\n# two\n"


def test_a_line_that_would_be_swallowed_by_an_open_quote_is_not_written() -> None:
    """What follows would be read as part of the value: a file is not changed to say something else."""
    with pytest.raises(UnwritableError, match="A: an env file has no way to say this"):
        with_value("B='open\n", "A", "it's")


lines = st.text(alphabet="AB= \t'\"\\#\n\rx${}é", max_size=60)


@given(
    text=lines, key=st.sampled_from(["A", "B", "AB"]), value=st.text(alphabet="ab '\"\\#=${}é", max_size=12)
)
def test_any_text_is_changed_as_asked_or_not_at_all(text: str, key: str, value: str) -> None:
    """Whatever was written before, and whatever is to be written."""
    assert as_mapping(parse(text)) == as_dotenv(text)
    try:
        changed = with_value(text, key, value)
    except UnwritableError:
        return
    assert as_dotenv(changed) == {**as_dotenv(text), key: value}
    assert said(without(changed, key)) == [(name, old) for name, old in said(text) if name != key]
