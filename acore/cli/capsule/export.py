"""`acore events export`: a piece of the journal in one file, to be replayed elsewhere."""

import importlib
import secrets
import sys
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any, cast

import click

from acore.capsule.export import Export, Wanted, header_for
from acore.capsule.form import Header, Selection
from acore.capsule.incident import Expected, Incident, fields_of, incident_of, write_test
from acore.capsule.redaction import Redactor
from acore.cli.events import Moment
from acore.cli.output import as_json, complain, progress_bar, say
from acore.cli.run import read_settings
from acore.clock import RealClock
from acore.events.base import Kind
from acore.events.catalog import CATALOG
from acore.events.personal import Personal
from acore.log import Masker, masker
from acore.replay.cast import chosen, core
from acore.runtime.actor import Actor
from acore.settings.problems import SettingsError
from acore.settings.schema import Settings
from acore.settings.secrets import Secret
from acore.storage.pieces import copy_whole

EXAMPLES = """\b
Examples:
  acore events export -o last-night.jsonl --since 2026-01-31T22:00
  acore events export -o for-you.jsonl --from 1200 --redact ids --redact names
  acore events export 812 --as-test -o tests/test_incident.py
  acore events export -o - --name 'actor.*' | jq -c 'select(.line == "row")'
"""
_STDOUT = "-"
_GAPS_TOLD = 3


@click.command(epilog=EXAMPLES)
@click.argument("key", required=False)
@click.option("-o", "--output", required=True, metavar="FILE", help="Where to; - for standard output.")
@click.option("--from", "first", type=click.IntRange(1), help="From this number of the journal on.")
@click.option("--to", "last", type=click.IntRange(1), help="Up to this number.")
@click.option("--since", type=Moment(), help="From then on: 10m, 2h, 1d, or 2026-01-31T12:00.")
@click.option("--until", type=Moment(), help="Before then.")
@click.option("--name", default="", help="Only this kind, e.g. actor.exited; * and ? stand for anything.")
@click.option("--source", default="", help="Only what this actor said.")
@click.option("--actor", default="", help="Only what this actor said, was asked, or what is said of it.")
@click.option("--correlation", default="", help="Only what came of this first cause (an id).")
@click.option(
    "--kind",
    "kinds",
    multiple=True,
    type=click.Choice([kind.value for kind in Kind]),
    help="Only this kind of entry; may be repeated.",
)
@click.option(
    "--redact",
    "redacted",
    multiple=True,
    type=click.Choice([what.value for what in Personal]),
    help="Replace Discord's ids, names, or what people wrote; the same everywhere, and for good.",
)
@click.option("--only-range", is_flag=True, help="Do not begin earlier, at the start of the bot's run.")
@click.option("--resume", is_flag=True, help="Go on with what an interrupted export has left.")
@click.option(
    "--format",
    "form",
    type=click.Choice(["jsonl", "db"]),
    default="jsonl",
    show_default=True,
    help="One JSON object a line; or a database with everything.",
)
@click.option("--as-test", is_flag=True, help="Write a test of what went wrong at the entry KEY.")
@click.option("--expect", metavar="NAME[:field=value,…]", help="With --as-test: what should have been said.")
@click.option("--actor-from", metavar="MODULE:CLASS", help="With --as-test: where an actor of yours is.")
@click.option("--json", "is_json", is_flag=True, help="Tell what was written as one JSON object.")
@click.pass_context
def export(  # noqa: PLR0917 - click passes them by name
    context: click.Context,
    key: str | None,
    output: str,
    first: int | None,
    last: int | None,
    since: datetime | None,
    until: datetime | None,
    name: str,
    source: str,
    actor: str,
    correlation: str,
    kinds: tuple[str, ...],
    redacted: tuple[str, ...],
    form: str,
    expect: str | None,
    actor_from: str | None,
    *,
    as_test: bool,
    only_range: bool,
    resume: bool,
    is_json: bool,
) -> None:
    """Write a piece of the journal to one file, which can be read, replayed and taken in elsewhere.

    A range begins where the bot's run began, so that a replay can begin there too. A file that is narrowed
    further, e.g. by name, can be read but proves nothing. No secret is ever in it.

    With --as-test, KEY is an entry's number or the beginning of its id: the end of an actor that failed, or
    an event or effect that should not have been. With --expect, it is what was handled, and what should have
    been said on it was not. The test fails until that is mended.
    """
    database: Path = context.obj
    _refuse_mixture(as_test=as_test, key=key, others=(expect, actor_from), output=output)
    selection = Selection(name=name, source=source, actor=actor, correlation=correlation, kinds=kinds)
    wanted = Wanted(
        first=first, last=last, since=since, until=until, selection=selection, leads_in=not only_range
    )
    if form == "db":
        _copy(database, output, is_narrowed=wanted != Wanted() or bool(redacted), is_json=is_json)
        return
    redactor = Redactor(map(Personal, redacted), CATALOG, secrets.token_bytes(32)) if redacted else None
    mask = mask_of(context)
    if key is not None:
        incident = incident_of(database, key, expected=_expected(expect), actor=actor)
        written = _write_test(incident, database, Path(output), actor_from or "", mask, redactor)
        if is_json:
            as_json({"test": str(written[0]), "history": str(written[1])})
        else:
            say(f"wrote {written[0]} and {written[1]}: it fails until the cause is mended")
        return
    header = header_for(database, wanted, CATALOG, RealClock().now(), redactor)
    if output == _STDOUT:
        if resume:
            raise click.UsageError("--resume goes on with a file: name it with -o")
        Export(database, header, mask=mask, redactor=redactor).into(sys.stdout.buffer)
        return
    with progress_bar("entries", header.rows or header.last - header.first + 1) as advance:
        writing = Export(database, header, mask=mask, redactor=redactor, advance=advance)
        exported = writing.to(Path(output), resume=resume)
    if is_json:
        as_json(exported)
    else:
        say(f"wrote {output}: {told(exported.header, exported.rows)}")


def told(header: Header, rows: int) -> str:
    """Return what a capsule has, in a few words."""
    parts = [f"{rows:,} {'entry' if rows == 1 else 'entries'} ({header.first} to {header.last})"]
    if header.asked > header.first:
        parts.append(f"from the start of the bot's run, as {header.asked} was asked for")
    versions = sorted({run.version for run in header.runs})
    if versions:
        count = len(header.runs)
        parts.append(f"{count} {'run' if count == 1 else 'runs'} of acore {' and '.join(versions)}")
    if header.gaps:
        missing = ", ".join(f"{low} to {high}" for low, high in header.gaps[:_GAPS_TOLD])
        more = len(header.gaps) - _GAPS_TOLD
        parts.append(f"some of {missing}{f' and {more} more ranges' if more > 0 else ''} missing")
    if header.redacted:
        *others, last = header.redacted
        parts.append(f"without {', '.join(others)}{' and ' if others else ''}{last}")
    if header.selection != Selection():
        parts.append("only some of the entries of that range")
    elif header.is_whole:
        parts.append("the whole journal")
    return ", ".join(parts)


def mask_of(context: click.Context) -> Masker:
    """Return what changes a text that holds a secret of the settings, or anything like a token."""
    given = context.parent.params if context.parent is not None else {}
    try:
        settings = read_settings(given.get("config"), given.get("env_file")).settings
    except SettingsError:
        complain("the settings cannot be read, so only what looks like a token is looked for as a secret")
        return masker(())
    return masker(_secrets(settings))


def _secrets(settings: Settings) -> list[str]:
    values = (getattr(settings, name) for name in settings.__struct_fields__)
    return [value.reveal() for value in values if isinstance(value, Secret)]


def _refuse_mixture(*, as_test: bool, key: str | None, others: tuple[str | None, ...], output: str) -> None:
    if as_test != (key is not None):
        raise click.UsageError("KEY and --as-test belong together: name the entry that the test is about")
    if not as_test and any(others):
        raise click.UsageError("--expect and --actor-from are for --as-test")
    if as_test and not output.endswith(".py"):
        raise click.UsageError(f"{output} is no name of a test: give -o tests/test_what_happened.py")


def _expected(text: str | None) -> Expected | None:
    if text is None:
        return None
    try:
        return fields_of(text)
    except ValueError as error:
        raise click.UsageError(
            f"--expect {text!r} cannot be read at {str(error)!r}: give NAME, or NAME:field=value,field=value"
        ) from None


def _write_test(  # noqa: PLR0917 - all that goes into it
    incident: Incident, database: Path, to: Path, origin: str, mask: Masker, redactor: Redactor | None
) -> tuple[Path, Path]:
    return write_test(
        incident,
        to,
        database=database,
        build=_build_from(origin) if origin else chosen(core(), [incident.actor])[incident.actor],
        origin=origin,
        catalog=CATALOG,
        now=RealClock().now(),
        mask=mask,
        redactor=redactor,
    )


def _build_from(origin: str) -> Callable[[], Actor[Any]]:
    """Return the class, or the function that makes the actor, at `module:name`."""
    module, _, name = origin.partition(":")
    sys.path.insert(0, ".")  # as pytest has it, where the test will be
    try:
        found = getattr(importlib.import_module(module), name)
    except (ImportError, AttributeError, ValueError) as error:
        raise click.UsageError(
            f"--actor-from {origin}: {error}; give module:Class as an import has it"
        ) from None
    return cast("Callable[[], Actor[Any]]", found)


def _copy(database: Path, output: str, *, is_narrowed: bool, is_json: bool) -> None:
    if is_narrowed or output == _STDOUT:
        raise click.UsageError(
            "--format db copies everything into a file: leave out ranges, filters and --redact, and name it "
            "with -o"
        )
    to = Path(output)
    if to.exists():
        raise click.UsageError(f"{to} is there already: remove it, or choose another name")
    copy_whole(database, to)
    if is_json:
        as_json({"database": output, "bytes": to.stat().st_size})
    else:
        say(f"wrote {output}: the whole database, {to.stat().st_size:,} bytes")
