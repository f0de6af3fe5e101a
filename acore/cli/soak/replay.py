"""`acore soak replay`: random lives of every core actor, replayed."""

import secrets
from functools import partial

import anyio
import click

from acore.cli.output import as_json, complain, pairs, progress_bar, say, tinted
from acore.errors import ExitCode
from acore.events import topics
from acore.soak.replay import soak as soak_replay
from acore.soak.replay import subjects


@click.command()
@click.option("--rounds", type=click.IntRange(1), default=200, show_default=True, help="Lives of each actor.")
@click.option("--messages", type=click.IntRange(1), default=40, show_default=True, help="Messages of a run.")
@click.option("--seed", type=int, default=None, help="What all choices are made from.  [default: random]")
@click.option("--json", "is_json", is_flag=True, help="One JSON object.")
def replay(rounds: int, messages: int, seed: int | None, *, is_json: bool) -> int:
    """Let every core actor live random lives, and replay each: it has to decide the same again.

    Ends with 1 when anything differs. The seed that is shown repeats a run, and always has the same digest.
    """
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
