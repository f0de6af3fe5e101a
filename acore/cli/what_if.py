"""`acore what-if`: what might have happened if today's code had run."""

from datetime import datetime
from pathlib import Path

import click

from acore.actors.narrator import part_name
from acore.cli.fields import lay_out_changes, leaves, paragraph, plain
from acore.cli.moment import Place
from acore.cli.output import as_json, complain, say, tinted
from acore.cli.replay import source_of
from acore.cli.replay.progress import Watch
from acore.cli.replay.told import near
from acore.cli.run import data_option, settings_options
from acore.clock import instant
from acore.errors import ExitCode
from acore.events.base import Kind
from acore.replay.child.start import Child
from acore.replay.child.wire import Progress, WhatIfTask, WhatIfTold
from acore.replay.whatif import Otherwise, WhatIf

_LISTED = 20
_KINDS = {Kind.EVENT: "fact", Kind.EFFECT: "effect", Kind.REPLY: "answer"}


@click.command("what-if", short_help="Tell what today's code might have made of it.")
@click.argument("file", required=False, type=click.Path(path_type=Path))
@settings_options
@data_option
@click.option("--to", "last", type=Place(), help="Up to this entry or time.")
@click.option("--all", "is_whole", is_flag=True, help=f"List all that differs, not only the first {_LISTED}.")
@click.option("--json", "is_json", is_flag=True, help="One JSON object.")
def what_if(
    file: Path | None,
    config: Path | None,
    env_file: Path | None,
    data: Path | None,
    last: int | datetime | None,
    *,
    is_whole: bool,
    is_json: bool,
) -> ExitCode:
    """Let today's actors live through the journal again, and list what might have been different.

    What they say now is fed onward among them, timers ring when they would have, and what comes from
    outside is as recorded, though the outside might have answered otherwise. So this is no verdict; that
    is what `acore replay` is for. Nothing outside is touched.
    """
    task = WhatIfTask(source=source_of(file, data, config, env_file), upto=last)
    with Watch("going through what was told to") as watch, Child(task) as child:
        for reply in child.replies():
            if isinstance(reply, Progress):
                watch.see(reply)
            elif isinstance(reply, WhatIfTold):
                watch.clear()
                if is_json:
                    as_json(reply)
                else:
                    _tell(reply.result, None if is_whole else _LISTED)
                for breach in reply.breaches:
                    complain(f"{near(breach.place)} {breach.deed} ({breach.what}), which no replay may")
    return ExitCode.OK


def _tell(result: WhatIf, limit: int | None) -> None:
    for run in result.left_out:
        complain(f"entries {run.first_seq} to {run.last_seq} were not gone through: {run.why}")
    if result.left_out and not result.handled:
        return
    what = f"{result.handled:,} messages handled, {result.alike:,} things said as they were"
    if not result.otherwise and not result.not_known:
        say(f"Nothing would have been different: {what}.")
        return
    say(f"This might have been different ({what}):")
    for one in result.otherwise[:limit]:
        say()
        _tell_one(one)
    left = len(result.otherwise) - len(result.otherwise[:limit]) + result.further
    if left:
        say(tinted(f"\nand {left:,} more" + (" (--all)" if limit is not None else ""), "dim"))
    if result.not_known:
        say("\nNot known, so that from there on less is sure:")
        for unknown in result.not_known[:limit]:
            paragraph(f"entry {unknown.seq}: {part_name(unknown.actor)} {unknown.what}", tone="warn")
    say()
    paragraph(
        "What comes from outside was taken as recorded. For a verdict: acore replay", indent="", tone="dim"
    )


def _tell_one(one: Otherwise) -> None:
    kind = _KINDS.get(Kind(one.kind), one.kind)
    word, tone = ("one less", "bad") if one.then else ("one more", "good")
    if one.then and one.now:
        word, tone = "another", "warn"
    at = f"{instant(one.at_ns):%Y-%m-%d %H:%M:%S} UTC"
    say(f"{tinted(f'{word} {kind}', tone)} {one.name}  from {one.actor}, entry {one.seq}, {at}")
    if one.fields:
        lay_out_changes(one.fields, limit=_LISTED)
    else:
        content = ", ".join(f"{name} {plain(value)}".strip() for name, value in leaves(one.now or one.then))
        paragraph(content)
