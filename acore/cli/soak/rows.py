"""`acore soak rows`: a journal of millions of rows."""

import tempfile
from contextlib import ExitStack
from pathlib import Path

import click

from acore.cli.output import as_json, complain, pairs, progress_bar, say, tinted
from acore.errors import ExitCode
from acore.soak.rows import RowsReport
from acore.soak.rows import soak as soak_rows

_MIB = 2**20


@click.command()
@click.option(
    "--rows",
    type=click.IntRange(1000),
    default=10_000_000,
    show_default=True,
    help="How many rows there are.",
)
@click.option(
    "--data",
    type=click.Path(path_type=Path),
    help="Directory that is made and kept.  [default: one that is thrown away]",
)
@click.option("--json", "is_json", is_flag=True, help="One JSON object.")
def rows(rows: int, data: Path | None, *, is_json: bool) -> int:
    """Make a journal of millions of rows: it opens at once, and is read in constant memory.

    Ten million rows take 4 GB and about as many minutes. Ends with 1 when anything was found.
    """
    with ExitStack() as stack:
        if data is None:
            data = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="acore-soak-")))
        else:
            data.mkdir(parents=True)
        advance = stack.enter_context(progress_bar("rows", rows))
        report = soak_rows(rows, data, advance)
    if is_json:
        as_json(report)
    else:
        _show(report)
    return ExitCode.FAILURE if report.problems else ExitCode.OK


def _show(report: RowsReport) -> None:
    paged = report.paged
    pairs(
        {
            "rows": (
                f"{report.rows:,} in {report.file_bytes / _MIB:,.0f} MiB "
                f"({report.file_bytes / report.rows:.0f} bytes each), made in {report.build_seconds:.0f} s"
            ),
            "opened": _spread(report.open_ms),
            "last number": _spread(report.last_seq_ms),
            "newest 100": _spread(report.newest_ms),
            "a walk": (
                f"{paged.rows:,} rows in {paged.seconds:.0f} s, in {paged.bytes_at_a_tenth / _MIB:.1f} MiB "
                f"after a tenth, {paged.bytes_at_the_end / _MIB:.1f} MiB at the end"
            ),
            "log beside it": (
                f"{report.log_bytes / _MIB:.1f} MiB at most, while {report.beside:,} rows were written"
            ),
            "events tail": (
                f"{report.tail_seconds:.1f} s; {report.small_tail_seconds:.1f} s on a small journal"
            ),
            "journal verify": f"{report.verify_seconds:.0f} s, nothing found",
        }
    )
    for problem in report.problems:
        complain(problem)
    if not report.problems:
        say(tinted("it is as quick as a small one", "good"))


def _spread(taken: tuple[float, float]) -> str:
    return f"in {taken[0]:.1f} ms (median), {taken[1]:.1f} ms at most"
