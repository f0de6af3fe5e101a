"""Errors that task groups have wrapped."""

from collections.abc import Generator
from contextlib import contextmanager
from typing import cast


@contextmanager
def sole_error() -> Generator[None]:
    """Raise an error that came alone out of one or several task groups as itself."""
    try:
        yield
    except ExceptionGroup as group:
        error = _inner(cast("Exception", group))
        raise error from error.__cause__


def _inner(error: Exception) -> Exception:
    if not isinstance(error, ExceptionGroup):
        return error
    group = cast("ExceptionGroup[Exception]", error)
    return _inner(group.exceptions[0]) if len(group.exceptions) == 1 else group
