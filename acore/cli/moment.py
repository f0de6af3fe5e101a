"""Instants and places in the journal, as they are typed on the command line."""

import re
from datetime import UTC, datetime, timedelta

import click

from acore.clock import RealClock

_SPAN = re.compile(r"(\d+)([smhd])")
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}
# SQLite's numbers have 64 bits and a sign.
_HIGHEST = 2**63 - 1


class Moment(click.ParamType[datetime]):
    """An instant: `10m` ago, or an ISO date and time (UTC unless it says otherwise)."""

    name = "time"

    def convert(
        self, value: str | datetime, param: click.Parameter | None, ctx: click.Context | None
    ) -> datetime:
        """Return the instant that *value* names."""
        if isinstance(value, datetime):
            return value
        at = _instant(value)
        if at is None:
            self.fail(f"{value!r} is no time: give 10m, 2h, 1d, or 2026-01-31T12:00", param, ctx)
        return at


class Place(click.ParamType[int | datetime]):
    """A place in the journal: an entry's number, or an instant as `Moment` takes it."""

    name = "number|time"

    def convert(
        self, value: str | int | datetime, param: click.Parameter | None, ctx: click.Context | None
    ) -> int | datetime:
        """Return the number or the instant that *value* names."""
        if isinstance(value, int | datetime):
            return value
        if value.isdecimal():
            return min(int(value), _HIGHEST)
        at = _instant(value)
        if at is None:
            self.fail(
                f"{value!r} is neither an entry's number nor a time: give 1234, 10m, 2h, 1d, or "
                "2026-01-31T12:00",
                param,
                ctx,
            )
        return at


def _instant(text: str) -> datetime | None:
    if span := _SPAN.fullmatch(text):
        try:
            return RealClock().now() - timedelta(**{_UNITS[span[2]]: int(span[1])})
        except OverflowError:
            return None
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        return None
    return at if at.tzinfo else at.replace(tzinfo=UTC)
