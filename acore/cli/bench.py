"""`acore bench`: figures, each beside its reference in the same run."""

import anyio
import click

from acore.bench.start import measure_start
from acore.cli.output import as_json, say, table


@click.group()
def bench() -> None:
    """Measure acore beside a reference; nothing else should run on the machine meanwhile."""


@bench.command()
@click.option(
    "--rounds", type=click.IntRange(1), default=7, show_default=True, help="How often each is started."
)
@click.option("--json", "is_json", is_flag=True, help="One JSON object.")
def start(rounds: int, *, is_json: bool) -> None:
    """Time from start to ready and idle memory, beside a bare nextcord bot on the same sandbox."""

    def progress(number: int) -> None:
        if not is_json:
            click.echo(f"round {number} of {rounds}", err=True)

    report = anyio.run(measure_start, rounds, progress)
    if is_json:
        as_json(report)
        return
    rows = (
        (
            "start to ready",
            f"{report.acore_seconds:.2f} s",
            f"{report.bare_seconds:.2f} s",
            f"{report.seconds_ratio:.2f}",
        ),
        (
            "resident memory, idle",
            f"{report.acore_resident / 2**20:.1f} MiB",
            f"{report.bare_resident / 2**20:.1f} MiB",
            f"{report.resident_ratio:.2f}",
        ),
    )
    table(("what", "acore", "bare nextcord bot", "ratio"), rows)
    say(f"medians of {report.rounds} rounds; ratios are taken within each round")
