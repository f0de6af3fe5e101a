"""`acore top`: every part of the running bot, as it changes."""

import os
import select
import sys
import termios
import tty
from collections.abc import Generator, Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from acore.actors.narrator import GROUPS, PARTS, capital, part_name, span
from acore.cli.output import as_json, is_terminal, say, table
from acore.cli.run import data_option, read_settings, settings_options
from acore.control.client import PATIENCE, Call, LineMissingError, NotRunningError, call
from acore.control.protocol import NotUnderstoodError, PartsNow, Reply, WatchParts
from acore.errors import ExitCode
from acore.events.parts import Part, PartState
from acore.record import Record
from acore.status.parts import WORDS, leaves
from acore.storage.lock import holder_of

if TYPE_CHECKING:
    from rich.console import Group

_WHAT = "what it does"
_COLUMNS = ("part", _WHAT, "state", "for", "restarts", "waiting", "messages/s", "last failure")
_TONES: Mapping[PartState, tuple[str, str]] = {
    PartState.RUNNING: ("●", "green"),
    PartState.STARTING: ("◌", "yellow"),
    PartState.STOPPING: ("◌", "yellow"),
    PartState.WAITING: ("◌", "yellow"),
    PartState.STOPPED: ("○", "bright_black"),
    PartState.ABANDONED: ("✗", "red"),
}
_UNKNOWN = "—"
# Columns of a terminal that has room for what the parts do.
_WIDE = 100
_SHORTEST, _LONGEST = 0.1, 3600.0


class Glance(Record):
    """Every part at one moment, with the messages a second since the moment before; None at the first."""

    now: PartsNow
    rates: Mapping[str, float] | None


@click.command()
@settings_options
@data_option
@click.option(
    "--interval",
    type=click.FloatRange(_SHORTEST, _LONGEST),
    default=1.0,
    show_default=True,
    help="Seconds between two looks.",
)
@click.option("--count", type=click.IntRange(1), help="How many looks.  [default: 1 when piped]")
@click.option("-f", "--follow", "is_followed", is_flag=True, help="Go on until Ctrl-C, also when piped.")
@click.option("--json", "is_json", is_flag=True, help="One JSON object a look.")
def top(
    config: Path | None,
    env_file: Path | None,
    data: Path | None,
    interval: float,
    count: int | None,
    *,
    is_followed: bool,
    is_json: bool,
) -> ExitCode:
    """Show every part of the running bot: its state, restarts, what waits for it, messages a second.

    In a terminal the picture is live until q or Ctrl-C; piped, it is one table, or with --follow one after
    the other.
    """
    directory = data or Path(read_settings(config, env_file).settings.acore_data_dir)
    is_live = is_terminal() and not is_json
    looks = count if count is not None or is_followed or is_live else 1
    try:
        with call(directory, WatchParts(interval=interval)) as line:
            if is_live:
                _live(line, interval, looks)
            else:
                for number, glance in enumerate(_glances(line, interval, looks)):
                    _print(glance, is_json=is_json, is_first=not number)
    except NotRunningError:
        if (holder := holder_of(directory)) is not None:
            raise LineMissingError(directory, holder.pid) from None
        raise
    except KeyboardInterrupt:
        pass  # it is how one leaves
    return ExitCode.OK


def _glances(line: Call, interval: float, looks: int | None) -> Iterator[Glance]:
    """Yield what is seen at each moment; the first one only serves to count from."""
    before = _parts_in(line.wait(PATIENCE))
    while looks is None or looks > 0:
        now = _parts_in(line.wait(interval + PATIENCE))
        yield Glance(now=now, rates=rates(before, now))
        before = now
        looks = None if looks is None else looks - 1


def rates(before: PartsNow, now: PartsNow) -> dict[str, float]:
    """Return messages a second of each part and group, from one moment to the next.

    Counts that went back, because another process answers now, count as nothing.
    """
    seconds = now.monotonic - before.monotonic
    earlier = {part.name: part.handled for part in _every(before.parts)}
    if seconds <= 0 or before.pid != now.pid:
        return {}
    return {
        part.name: max(0, part.handled - earlier.get(part.name, part.handled)) / seconds
        for part in _every(now.parts)
    }


def _parts_in(reply: Reply) -> PartsNow:
    if not isinstance(reply, PartsNow):
        raise NotUnderstoodError(f"the bot answered {type(reply).__name__} where parts were asked for")
    return reply


def _every(parts: Iterable[Part]) -> Iterator[Part]:
    for part in parts:
        yield part
        yield from _every(part.parts)


# --- piped


def _print(glance: Glance, *, is_json: bool, is_first: bool) -> None:
    if is_json:
        as_json(_public(glance))
        return
    if not is_first:
        say()
    table(_COLUMNS, (_cells(part, depth, glance) for part, depth in _indented(glance.now.parts)))


def _public(glance: Glance) -> dict[str, object]:
    def public(part: Part) -> dict[str, object]:
        return {
            "name": part.name,
            "is": PARTS.get(part.name) or GROUPS.get(part.name, ""),
            "state": part.state,
            "since": part.since,
            "due": part.due,
            "restarts": part.restarts,
            "waiting": part.queued,
            "handled": part.handled,
            "per_second": _rate(part, glance),
            "last_failure": part.last_failure,
            "failed": part.failed,
            "parts": [public(child) for child in part.parts],
        }

    now = glance.now
    return {
        "at": now.at,
        "pid": now.pid,
        "version": now.version,
        "parts": [public(part) for part in now.parts],
    }


def _indented(parts: Iterable[Part], depth: int = 0) -> Iterator[tuple[Part, int]]:
    for part in parts:
        yield part, depth
        yield from _indented(part.parts, depth + 1)


def _cells(part: Part, depth: int, glance: Glance) -> tuple[str, ...]:
    return (f"{'  ' * depth}{part.name}", *_figures(part, glance), _failure(part, glance.now.at))


def _figures(part: Part, glance: Glance) -> tuple[str, ...]:
    at, rate = glance.now.at, _rate(part, glance)
    state = WORDS[part.state]
    if part.due is not None:
        state = f"starts again in {span(max(0.0, (part.due - at).total_seconds()))}"
    name = part_name(part.name)
    return (
        name if name != part.name else "",
        state,
        span(max(0.0, (at - part.since).total_seconds())),
        str(part.restarts),
        str(part.queued),
        _UNKNOWN if rate is None else f"{rate:.1f}",
    )


def _rate(part: Part, glance: Glance) -> float | None:
    return None if glance.rates is None else round(glance.rates.get(part.name, 0.0), 3)


def _failure(part: Part, at: datetime) -> str:
    if not part.last_failure or part.failed is None:
        return part.last_failure
    return f"{span(max(0.0, (at - part.failed).total_seconds()))} ago: {part.last_failure}"


# --- live


def _live(line: Call, interval: float, looks: int | None) -> None:
    """Draw what is seen, again and again, until a key or the last look."""
    # Drawing costs 40 ms of imports that a piped call should not pay.
    from rich.live import Live  # noqa: PLC0415 - see above

    before: PartsNow | None = None
    with _keys() as keys, Live(auto_refresh=False, screen=True) as screen:
        while looks is None or looks > 0:
            waited_for = [line, sys.stdin] if keys else [line]
            awaited = select.select(waited_for, [], [], interval + PATIENCE)[0]
            if sys.stdin in awaited and _wants_to_leave():
                return
            if not awaited:
                line.wait(0)  # says that it is silent
            for reply in line.replies() if line in awaited else ():
                now = _parts_in(reply)
                rate = None if before is None else rates(before, now)
                glance = Glance(now=now, rates=rate)
                screen.update(drawn(glance, is_wide=screen.console.width >= _WIDE), refresh=True)
                before = now
                looks = None if looks is None else looks - 1


def _wants_to_leave() -> bool:
    """Return whether q is among the keys that were pressed, or the terminal is gone."""
    # Past Python's own buffer: what it kept, `select` would not tell of.
    pressed = os.read(sys.stdin.fileno(), 64)
    return not pressed or b"q" in pressed.lower()


@contextmanager
def _keys() -> Generator[bool]:
    """Let single keys be read, unseen; yield whether there is anybody to press them."""
    if not sys.stdin.isatty():
        yield False
        return
    before = termios.tcgetattr(sys.stdin)
    try:
        tty.setcbreak(sys.stdin)
        yield True
    finally:
        termios.tcsetattr(sys.stdin, termios.TCSADRAIN, before)


def drawn(glance: Glance, *, is_wide: bool = True) -> "Group":
    """Return the picture of one moment; a narrow one leaves out what the parts do."""
    from rich import box  # noqa: PLC0415 - as above
    from rich.console import Group  # noqa: PLC0415 - as above
    from rich.table import Table  # noqa: PLC0415 - as above
    from rich.text import Text  # noqa: PLC0415 - as above

    now, every = glance.now, tuple(leaves(glance.now.parts))
    running = sum(part.state is PartState.RUNNING for part in every)
    head = Text(f"acore {now.version}, process {now.pid}: {running} of {len(every)} parts run")
    head.append(f"   {now.at:%H:%M:%S} UTC   q leaves", style="bright_black")
    drawing = Table(box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 1, 0, 0))
    for name in _COLUMNS[:-1]:
        if name == _WHAT and not is_wide:
            continue
        is_figure = name in {"restarts", "waiting", "messages/s"}
        drawing.add_column(name, justify="right" if is_figure else "left", no_wrap=True)
    for part, tree in _branches(now.parts):
        mark, colour = _TONES[part.state]
        name = Text.assemble((tree, "bright_black"), (mark, colour), f" {part.name}")
        what, state, *figures = _figures(part, glance)
        words = [Text(what, style="bright_black")] if is_wide else []
        drawing.add_row(name, *words, Text(state, style=colour), *map(Text, figures))
    failed = [part for part in every if part.last_failure]
    news = [
        Text(f"{capital(part_name(part.name))} failed {_failure(part, now.at)}", style="red")
        for part in failed
    ]
    return Group(head, drawing, *news)


def _branches(parts: tuple[Part, ...], indent: str = "") -> Iterator[tuple[Part, str]]:
    for place, part in enumerate(parts, start=1):
        is_last = place == len(parts)
        yield part, f"{indent}{'└─ ' if is_last else '├─ '}"
        yield from _branches(part.parts, indent + ("   " if is_last else "│  "))
