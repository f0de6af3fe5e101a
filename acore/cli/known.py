"""What the Tab key offers: actors, entries, pins and effects, as they are in the data directory.

Whatever is wrong there, who presses Tab wants no word of it: then nothing is offered.
"""

from collections.abc import Callable, Iterator
from functools import wraps
from pathlib import Path

import click
from click.shell_completion import CompletionItem

from acore.actors.phrases import sentence_of, shortened
from acore.cli.run import read_settings
from acore.storage.leftovers import leftovers
from acore.storage.pins import pins as all_pins
from acore.storage.query import reading
from acore.storage.sqlite import Connection, field, left_as_found
from acore.storage.store import DATABASE_NAME
from acore.storage.why import WORDS, incidents

_INCIDENTS = 10
_STARTS = 500
"""So many of the newest starts of parts are looked through for their names."""

type _Find = Callable[[Path], Iterator[CompletionItem]]
type Complete = Callable[[click.Context, click.Parameter, str], list[CompletionItem]]


def _completing(find: _Find) -> Complete:
    """Return what click asks for values: of what *find* yields, that which begins as was typed."""

    @wraps(find)
    def complete(context: click.Context, _: click.Parameter, begun: str) -> list[CompletionItem]:
        try:
            database = _directory(context) / DATABASE_NAME
            with left_as_found(database):
                found = {item.value: item for item in find(database)}
        except Exception:  # noqa: BLE001 - who presses Tab wants no word of it
            return []
        return [item for value, item in found.items() if value.startswith(begun)]

    return complete


def _directory(context: click.Context) -> Path:
    """Return the data directory that is named before or after the subcommand, or that of the settings."""
    given: dict[str, Path | None] = dict.fromkeys(("data", "config", "env_file"))
    at: click.Context | None = context
    while at is not None:
        given = {name: value or at.params.get(name) for name, value in given.items()}
        at = at.parent
    return given["data"] or Path(read_settings(given["config"], given["env_file"]).settings.acore_data_dir)


@_completing
def core_actors(_: Path) -> Iterator[CompletionItem]:
    """Yield who can be replayed."""
    from acore.actors.core import core_specs  # noqa: PLC0415 - what it takes the others do not pay

    yield from (CompletionItem(spec.id) for spec in core_specs({}))


@_completing
def entries(database: Path) -> Iterator[CompletionItem]:
    """Yield the numbers of the newest entries that tell of something that went wrong."""
    with reading(database) as connection:
        yield from _incidents(connection)


@_completing
def whats(database: Path) -> Iterator[CompletionItem]:
    """Yield what can be asked for: words, also without a journal; then the newest troubles, and parts."""
    yield from map(CompletionItem, WORDS)
    if database.is_file():
        with reading(database) as connection:
            yield from _incidents(connection)
            yield from _parts(connection)


@_completing
def pins(database: Path) -> Iterator[CompletionItem]:
    """Yield the names of the pins."""
    with reading(database) as connection:
        for pin in all_pins(connection):
            yield CompletionItem(pin.name, help=f"from entry {pin.seq} on")


@_completing
def effects(database: Path) -> Iterator[CompletionItem]:
    """Yield the ids of what has no outcome."""
    for effect in leftovers(database).effects:
        yield CompletionItem(effect.id, help=f"{effect.name}, {effect.asked:%Y-%m-%d %H:%M:%S} UTC")


def _incidents(connection: Connection) -> Iterator[CompletionItem]:
    for row in incidents(connection, _INCIDENTS):
        yield CompletionItem(str(row.seq), help=shortened(sentence_of(row).text))


def _parts(connection: Connection) -> Iterator[CompletionItem]:
    found = connection.execute(
        f"SELECT DISTINCT {field('actor')} FROM "  # noqa: S608 - ours
        "(SELECT payload FROM journal WHERE name = 'actor.started' ORDER BY seq DESC LIMIT ?) ORDER BY 1",
        (_STARTS,),
    ).fetchall()
    yield from (CompletionItem(name) for (name,) in found if isinstance(name, str))
