"""`acore soak`: long runs that look for leaks, losses and disagreements."""

import secrets
import tempfile
from contextlib import ExitStack
from functools import partial
from pathlib import Path

import anyio
import click

from acore.cli.output import as_json, complain, pairs, progress_bar, say, tinted
from acore.errors import ExitCode
from acore.events import topics
from acore.soak.runtime import SoakReport
from acore.soak.runtime import soak as soak_runtime


@click.group()
def soak() -> None:
    """Run for long under trouble, and count what is lost, doubled or left behind."""


@soak.command()
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


@soak.command("replay")
@click.option("--rounds", type=click.IntRange(1), default=200, show_default=True, help="Lives of each actor.")
@click.option("--messages", type=click.IntRange(1), default=40, show_default=True, help="Messages of a run.")
@click.option("--seed", type=int, default=None, help="What all choices are made from.  [default: random]")
@click.option("--json", "is_json", is_flag=True, help="One JSON object.")
def replay(rounds: int, messages: int, seed: int | None, *, is_json: bool) -> int:
    """Let every core actor live random lives, and replay each: it has to decide the same again.

    Ends with 1 when anything differs. The seed that is shown repeats a run, and always has the same digest.
    """
    # Every actor there is, which the other soaks do without.
    from acore.soak.replay import soak as soak_replay  # noqa: PLC0415 - see above
    from acore.soak.replay import subjects  # noqa: PLC0415 - see above

    topics.load()
    seed = secrets.randbelow(2**32) if seed is None else seed
    with progress_bar("lives", rounds * len(subjects())) as advance:
        report = anyio.run(partial(soak_replay, rounds, seed, messages=messages, on_progress=advance))
    if is_json:
        as_json(report)
        return ExitCode.FAILURE if report.problems else ExitCode.OK
    pairs(
        {
            "seed": str(report.seed),
            "lives": f"{report.lives:,} in {report.seconds:.0f} s",
            "messages": f"{report.messages:,} sent, {report.handled:,} handled again",
            "crashes": f"{report.crashes:,}",
            "digest": report.digest,
        }
    )
    for problem in report.problems:
        complain(problem)
    if not report.problems:
        say(tinted("every actor decided again what it had decided", "good"))
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
