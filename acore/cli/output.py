"""The one layer that prints: colours and tables in a terminal, plain when piped, JSON for machines."""

import sys
from collections.abc import Callable, Generator, Iterable, Mapping, Sequence
from contextlib import contextmanager

import click
import msgspec

_COLOURS = {"good": "green", "bad": "red", "warn": "yellow", "dim": "bright_black"}


def is_terminal() -> bool:
    """Return whether a person looks at standard output."""
    return sys.stdout.isatty()


def say(text: str = "") -> None:
    """Print one line."""
    click.echo(text)


def complain(text: str) -> None:
    """Print one line about what went wrong, on standard error."""
    click.echo(f"{click.style('acore:', fg='red', bold=True)} {text}", err=True)


def as_json(value: object) -> None:
    """Print *value* as one line of JSON."""
    click.echo(msgspec.json.encode(value).decode())


def raw(text: str) -> msgspec.Raw | str:
    """Return JSON to be put into other JSON; what is none goes in as a text."""
    return msgspec.Raw(text.encode()) if is_json(text) else text


def is_json(text: str) -> bool:
    """Return whether *text* is JSON."""
    try:
        msgspec.json.decode(text)
    except msgspec.DecodeError:
        return False
    return True


def tinted(text: str, tone: str) -> str:
    """Return *text* in the colour for *tone* (good, bad, warn, dim); click drops it when piped."""
    return click.style(text, fg=_COLOURS[tone])


def table(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Print a table: drawn in a terminal, tab-separated with a header when piped."""
    if not is_terminal():
        say("\t".join(columns))
        for row in rows:
            say("\t".join(cell.replace("\t", " ").replace("\n", " ") for cell in row))
        return
    # Drawing costs 40 ms of imports that a piped call should not pay.
    from rich import box  # noqa: PLC0415 - see above
    from rich.console import Console  # noqa: PLC0415 - see above
    from rich.table import Table  # noqa: PLC0415 - see above
    from rich.text import Text  # noqa: PLC0415 - see above

    drawn = Table(*columns, box=box.SIMPLE_HEAD, pad_edge=False)
    for row in rows:
        drawn.add_row(*(Text(cell) for cell in row))
    Console().print(drawn)


@contextmanager
def progress_bar(what: str, total: int, *, unit: str = "") -> Generator[Callable[[int], None]]:
    """Show how far long work is, on standard error if that is a terminal; give what tells it.

    Args:
        what: What goes on.
        total: When it is done.
        unit: What is counted; then how many are done and how many a second is shown too.
    """
    if not sys.stderr.isatty():
        yield lambda _done: None
        return
    from rich.console import Console  # noqa: PLC0415 - as in `table`
    from rich.progress import Progress, TextColumn  # noqa: PLC0415 - as in `table`

    counts = (TextColumn("{task.completed:,} of {task.total:,} " + unit), TextColumn("{task.fields[rate]}"))
    columns = (*Progress.get_default_columns(), *(counts if unit else ()))
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task(what, total=total, rate="")

        def tell(done: int) -> None:
            speed = progress.tasks[0].speed
            progress.update(task, completed=done, rate=f"{speed:,.0f}/s" if speed else "")

        yield tell


def pairs(values: Mapping[str, str]) -> None:
    """Print names and values, one a line, aligned."""
    width = max((len(name) for name in values), default=0)
    for name, value in values.items():
        say(f"{name:<{width}}  {value}")
