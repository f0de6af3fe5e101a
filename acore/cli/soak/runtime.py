"""`acore soak runtime`: actors that crash at random."""

import secrets
import tempfile
from contextlib import ExitStack
from pathlib import Path

import anyio
import click

from acore.cli.output import as_json, complain, pairs, progress_bar, say, tinted
from acore.errors import ExitCode
from acore.soak.runtime import SoakReport
from acore.soak.runtime import soak as soak_runtime


@click.command()
@click.option(
    "--crashes", type=click.IntRange(10), default=100_000, show_default=True, help="How many crashes."
)
@click.option("--seed", type=int, default=None, help="What all choices are made from.  [default: random]")
@click.option("--memory", is_flag=True, help="Count the journal in memory instead of writing it.")
@click.option("--json", "is_json", is_flag=True, help="One JSON object.")
def runtime(crashes: int, seed: int | None, *, memory: bool, is_json: bool) -> int:
    """Let the actors of a tree crash at random: no message lost or doubled, nothing left behind.

    Ends with 1 when anything was found. The seed that is shown repeats a run.
    """
    seed = secrets.randbelow(2**32) if seed is None else seed
    with ExitStack() as stack:
        directory = None if memory else Path(stack.enter_context(tempfile.TemporaryDirectory()))
        advance = stack.enter_context(progress_bar("crashes", crashes))
        report = anyio.run(soak_runtime, crashes, seed, directory, advance)
    if is_json:
        as_json(report)
    else:
        _show(report)
    return ExitCode.FAILURE if report.problems else ExitCode.OK


def _show(report: SoakReport) -> None:
    pairs(
        {
            "seed": str(report.seed),
            "crashes": f"{report.crashes:,} in {report.seconds:.0f} s",
            "restarts": f"{report.restarts:,}",
            "messages": f"{report.messages:,}, {report.given_up:,} of them given up after their attempts",
            "lost": f"{report.lost:,}",
            "doubled": f"{report.doubled:,}",
            "objects": f"{report.objects_before:,} after a tenth, {report.objects_after:,} at the end",
        }
    )
    for problem in report.problems:
        complain(problem)
    if not report.problems:
        say(tinted("nothing was lost, doubled or left behind; journal and tree agree", "good"))
