"""`acore soak journal`: a process that is killed again and again."""

import secrets
import tempfile
from contextlib import ExitStack
from pathlib import Path

import anyio
import click

from acore.cli.output import as_json, complain, pairs, progress_bar, say, tinted
from acore.errors import ExitCode
from acore.soak.journal.soak import JournalReport
from acore.soak.journal.soak import soak as soak_journal


@click.command()
@click.option(
    "--runs", type=click.IntRange(1), default=300, show_default=True, help="How often it is killed."
)
@click.option("--seed", type=int, default=None, help="What all choices are made from.  [default: random]")
@click.option("--json", "is_json", is_flag=True, help="One JSON object.")
def journal(runs: int, seed: int | None, *, is_json: bool) -> int:
    """Kill a process that writes a journal: what a client was told is compared with the file.

    It is killed at each step from a request to the outcome of its effect, and at random moments; half of the
    logs that it leaves behind unsynced are cut to where they were last synced. Ends with 1 when anything was
    found; the data is kept then. The seed that is shown repeats the choices, not the machine's timing.
    """
    seed = secrets.randbelow(2**32) if seed is None else seed
    with ExitStack() as stack:
        folder = Path(tempfile.mkdtemp(prefix="acore-soak-"))
        advance = stack.enter_context(progress_bar("kills", runs))
        report = anyio.run(soak_journal, runs, seed, folder, advance)
    if not report.kept:
        folder.rmdir()
    if is_json:
        as_json(report)
    else:
        _show(report)
    return ExitCode.FAILURE if report.problems else ExitCode.OK


def _show(report: JournalReport) -> None:
    died = ", ".join(f"{name} {count}" for name, count in report.deaths.items())
    pairs(
        {
            "seed": str(report.seed),
            "runs": f"{sum(report.deaths.values()):,} in {report.seconds:.0f} s",
            "ended at": died,
            "log cut": f"{report.cuts:,} times to where it was last synced",
            "log harmed": f"{report.harms:,} copies, torn or with other bytes in the middle",
            "requests": f"{report.requests:,}, {report.accepted:,} accepted, {report.durable:,} durable",
            "effects": f"{report.effects:,} seen, {report.again:,} of them more than once, as they may be",
            "outcomes": f"{report.outcomes:,} durable",
        }
    )
    for problem in report.problems:
        complain(problem)
    if report.problems:
        complain(f"the data is kept: {', '.join(report.kept)}")
    else:
        say(tinted("the journal kept every promise", "good"))
