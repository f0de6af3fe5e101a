"""`acore why`: what led to something, and what came of it — also while the bot is dead."""

import shutil
import textwrap
from collections.abc import Iterator
from pathlib import Path

import click
import msgspec

from acore.actors.phrases import duration, sentence_of
from acore.actors.why import MOST_LINES, left_out, part_meant, tell
from acore.cli import known
from acore.cli.output import as_json, is_terminal, raw, say, tinted
from acore.cli.places import database_of, place_options
from acore.events import topics
from acore.events.why import Account, Chain, Line
from acore.storage.lock import holder_of
from acore.storage.why import explain

EXAMPLES = """\
\b
WHAT is one of:
  last            the newest thing that went wrong or was refused to somebody
  denial          who was refused something last
  restart         the newest restart of a part
  stop            why the bot stopped last time
  4711            an entry's number (`acore events tail` shows them)
  7af0c2          an id, or its first digits
  15758488…       the number of a command: the incident somebody was told
  gateway         the last end of a part, also as "the Discord connection"
  LOG_LEVEL       what changed a setting last
"""


@click.command(epilog=EXAMPLES)
@click.argument("what", nargs=-1, shell_complete=known.whats)
@click.option("--all", "is_whole", is_flag=True, help=f"More than {MOST_LINES} lines: everything found.")
@click.option("--back", "is_back", is_flag=True, help="Only what led to it.")
@click.option("--forward", "is_forward", is_flag=True, help="Only what came of it.")
@click.option("--json", "is_json", is_flag=True, help="One JSON object with everything found.")
@place_options
def why(
    what: tuple[str, ...],
    config: Path | None,
    env_file: Path | None,
    data: Path | None,
    *,
    is_whole: bool,
    is_back: bool,
    is_forward: bool,
    is_json: bool,
) -> None:
    """Tell why something happened: what led to it, with times, and what came of it.

    Without WHAT, of the newest thing that went wrong or was decided against somebody.
    """
    if is_back and is_forward:
        raise click.UsageError("--back and --forward exclude each other: leave out both to see both.")
    topics.load()
    path = database_of(config, env_file, data)
    asked = " ".join(what) or "last"
    chain = explain(path, part_meant(asked), is_running=holder_of(path.parent) is not None)
    if is_back or is_forward:
        chain = _half(chain, is_back=is_back)
    if is_json:
        _show_json(asked, chain)
        return
    for line in _told(asked, chain, is_whole=is_whole):
        say(line)


def _told(asked: str, chain: Chain, *, is_whole: bool) -> list[str]:
    """Return what is printed: all of it, or as much as fits into the lines that a person wants to read."""
    lines: list[str] = []
    for most in (None,) if is_whole else range(MOST_LINES, 0, -1):
        account = tell(asked, chain, most=most)
        lines = [
            *_paragraph(chain.headline),
            *(drawn(account) if is_terminal() else plain(account)),
            *(tinted(note, "dim") for note in account.notes),
        ]
        if rest := left_out(account):
            lines.append(tinted(f"{rest}{'' if is_whole else f': `acore why {chain.asked} --all`'}", "dim"))
        if len(lines) <= MOST_LINES:
            break
    return lines


def _paragraph(text: str) -> list[str]:
    """Return *text* as lines of the terminal; piped, as one."""
    if not text:
        return []
    return textwrap.wrap(text, shutil.get_terminal_size().columns) if is_terminal() else [text]


def plain(account: Account) -> Iterator[str]:
    """Yield a line for each thing that happened: number, time and sentence, set apart by tabs."""
    for line in account.lines:
        yield f"{line.seq}\t{_time(line, account)}\t{'  ' * line.depth}{line.text}"


def drawn(account: Account, width: int | None = None) -> Iterator[str]:
    """Yield the same as a tree.

    Args:
        account: What is told.
        width: Columns to draw in; None for the terminal's.
    """
    width = width or shutil.get_terminal_size().columns
    if not account.lines:
        return
    yield tinted(f"{account.lines[0].at:%Y-%m-%d %H:%M:%S.%f}"[:-3] + " UTC", "dim")
    times = ["", *(_time(line, account) for line in account.lines[1:])]
    numbers = [f"#{line.seq}" for line in account.lines]
    number_width, time_width = max(map(len, numbers)), max(map(len, times))
    for line, number, time, (stem, below) in zip(
        account.lines, numbers, times, branches(account.lines), strict=True
    ):
        head = f"{number:>{number_width}} {time:>{time_width}} "
        room = max(20, width - len(head) - len(stem))
        first, *more = textwrap.wrap(line.text, room) or [""]
        yield f"{tinted(head, 'dim')}{stem}{_marked(first, line)}"
        for text in more:
            yield f"{' ' * len(head)}{below}{_marked(text, line)}"


def _marked(text: str, line: Line) -> str:
    return click.style(text, bold=True) if line.is_asked else text


def branches(lines: tuple[Line, ...]) -> list[tuple[str, str]]:
    """Return for each line of a tree what is drawn before it, and before the lines it is wrapped into."""
    found: list[tuple[str, str]] = []
    goes_on: list[bool] = []  # at each depth, whether another line of that depth follows below the same one
    for line in reversed(lines):
        depth = line.depth
        has_next = goes_on[depth] if depth < len(goes_on) else False
        has_children = len(goes_on) > depth + 1 and goes_on[depth + 1]
        del goes_on[depth + 1 :]
        goes_on += [False] * (depth + 1 - len(goes_on))
        goes_on[depth] = True
        rails = "".join("│ " if goes_on[one] else "  " for one in range(1, depth))
        if depth == 0:
            found.append(("", "│ " if has_children else "  "))
            continue
        below = f"{rails}{'│ ' if has_next else '  '}{'│ ' if has_children else '  '}"
        found.append((f"{rails}{'├ ' if has_next else '└ '}", below))
    return found[::-1]


def _half(chain: Chain, *, is_back: bool) -> Chain:
    """Return only what led to the entry, or only what came of it."""
    if is_back:
        rows = tuple(row for row in chain.rows if row.seq in chain.path)
        return msgspec.structs.replace(chain, rows=rows, has_more=False)
    ids = {row.id for row in chain.rows if row.seq == chain.asked}
    rows = tuple(row for row in chain.rows if row.seq == chain.asked)
    for row in chain.rows:
        if row.cause in ids and row.seq not in chain.path:
            ids.add(row.id)
            rows = (*rows, row)
    return msgspec.structs.replace(chain, rows=rows, path=(chain.asked,), between=0, is_cut=False)


def _time(line: Line, account: Account) -> str:
    if line is account.lines[0]:
        return f"{line.at:%Y-%m-%d %H:%M:%S.%f}"[:-3]
    return duration(line.after) if line.after < 0 else f"+{duration(line.after)}"


def _show_json(what: str, chain: Chain) -> None:
    entries: list[dict[str, object]] = []
    for row in chain.rows:
        fields: dict[str, object] = {name: getattr(row, name) for name in row.__struct_fields__}
        entries.append({**fields, "at": row.at, "payload": raw(row.payload), "text": sentence_of(row).text})
    told = {name: getattr(chain, name) for name in chain.__struct_fields__ if name != "rows"}
    as_json({"what": what, **told, "entries": entries})
