"""`acore bench`: figures, each beside its reference in the same run."""

import sys
from collections.abc import Callable, Sequence

import anyio
import click
import msgspec

from acore.bench.journal.rows import SLOW
from acore.bench.journal.rows import lines as journal_lines
from acore.bench.runtime.harness import Progress
from acore.bench.runtime.report import (
    LineReport,
    RuntimeReport,
    Verdict,
    again,
    chosen,
    hastened,
    measure_runtime,
)
from acore.bench.runtime.rows import Line, Unit
from acore.bench.sandbox import measure_sandbox
from acore.bench.start import measure_start
from acore.cli.output import as_json, complain, say, table
from acore.errors import ExitCode

_QUICK = 0.2
_QUICK_ROUNDS = 2
_KILO, _MEGA = 1_000, 1_000_000


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


@bench.command()
@click.option(
    "--rounds", type=click.IntRange(1), default=5, show_default=True, help="How often each is measured."
)
@click.option("--gate", is_flag=True, help="End with 1 if the sandbox could be what is measured.")
@click.option("--json", "is_json", is_flag=True, help="One JSON object.")
def sandbox(rounds: int, *, gate: bool, is_json: bool) -> int:
    """How many dispatches the sandbox can send, beside how many a bare nextcord bot takes."""

    def progress(number: int) -> None:
        if not is_json:
            click.echo(f"round {number} of {rounds}", err=True)

    report = anyio.run(measure_sandbox, rounds, progress)
    if is_json:
        as_json(report)
    else:
        rows = (
            (
                "dispatches, encoded beforehand",
                f"{report.ceiling:,.0f}/s",
                f"{report.bare:,.0f}/s",
                f"{report.ratio:.2f}",
                f"≥ {report.must:g}",
            ),
        )
        table(("what", "read and inflated", "bare nextcord bot", "ratio", "must"), rows)
        say(f"the sandbox's process worked {report.sandbox_share:.0%} of the time while they were only read")
        say(
            f"a bare bot answers a command in {report.echo_p50:.1f} ms (p50), {report.echo_p99:.1f} (p99). "
            + " ".join(report.echo_verdicts)
        )
        say(
            f"medians of {report.rounds} rounds; ratios are taken within each round; "
            f"load {report.load[0]:.1f} before and {report.load[1]:.1f} after"
        )
    return ExitCode.FAILURE if gate and report.ratio < report.must else ExitCode.OK


def _measured[F: Callable[..., object]](command: F) -> F:
    """Give *command* the options of what is measured in rows."""
    for option in (
        click.option("--json", "is_json", is_flag=True, help="One JSON object."),
        click.option("--gate", is_flag=True, help="End with 1 if a row is far below what it must be, twice."),
        click.option("--quick", is_flag=True, help=f"A first look: {_QUICK_ROUNDS} short rounds."),
        click.option("--only", default="", metavar="ROWS", help="Only these rows, as in A1,A3."),
        click.option(
            "--rounds",
            type=click.IntRange(1),
            default=7,
            show_default=True,
            help="How often each is measured.",
        ),
    ):
        command = option(command)
    return command


@bench.command()
@_measured
def runtime(rounds: int, only: str, *, quick: bool, gate: bool, is_json: bool) -> int:
    """Events, questions, restarts and idle actors, beside hand-written loops and other libraries.

    docs/performance.md says what the rows mean. Other libraries take part when they are installed: in the
    checkout, pip install -c constraints.txt -e '.[bench]'.
    """
    wanted, rounds = _wanted(None, only, rounds, is_quick=quick)
    report = measure_runtime(wanted, rounds, _show_progress)
    return _judged(report, wanted, gate=gate, is_json=is_json)


@bench.command()
@_measured
def journal(rounds: int, only: str, *, quick: bool, gate: bool, is_json: bool) -> int:
    """What it takes until a fact is on the disk, beside SQLite alone; and what a busy bot writes in a day.

    docs/performance.md says what the rows mean. C7 and C8 run a whole bot for a while, and do so once.
    """
    wanted, rounds = _wanted(journal_lines(), only, rounds, is_quick=quick)
    reports = [
        measure_runtime(some, times, _show_progress)
        for some, times in (
            ([line for line in wanted if line.row not in SLOW], rounds),
            ([line for line in wanted if line.row in SLOW], 1),
        )
        if some
    ]
    told = tuple(line for report in reports for line in report.lines)
    load = reports[0].load[0], reports[-1].load[1]
    report = msgspec.structs.replace(reports[0], lines=told, load=load, peers={})
    return _judged(report, wanted, gate=gate, is_json=is_json)


def _wanted(
    lines: Sequence[Line] | None, only: str, rounds: int, *, is_quick: bool
) -> tuple[tuple[Line, ...], int]:
    """Return the lines of the rows named in *only*, and how often they are measured."""
    wanted = chosen([row.strip().upper() for row in only.split(",") if row.strip()], lines)
    if not is_quick:
        return wanted, rounds
    return tuple(hastened(line, _QUICK) for line in wanted), _QUICK_ROUNDS


def _judged(report: RuntimeReport, wanted: Sequence[Line], *, gate: bool, is_json: bool) -> int:
    if gate and report.weak:
        click.echo(f"once more: {_rows(report)}", err=True)
        report = again(report, wanted, _show_progress)
    if is_json:
        as_json(report)
    else:
        _show(report)
    unfit = report.weak if gate else report.broken
    for line in unfit:
        complain(f"{line.row}, {line.what}: {line.failure or _miss(line)}")
    return ExitCode.FAILURE if unfit else ExitCode.OK


@bench.command()
@click.option(
    "--events",
    type=click.IntRange(1000),
    default=200_000,
    show_default=True,
    help="How many entries each of the two journals has that are written and replayed.",
)
@click.option(
    "--rounds", type=click.IntRange(1), default=5, show_default=True, help="How often each is measured."
)
@click.option(
    "--seconds",
    type=click.FloatRange(0.1),
    default=2.0,
    show_default=True,
    help="How long a bot's facts are measured at a time, beside a replay and without.",
)
@click.option("--gate", is_flag=True, help="End with 1 if it is slower than it must be, twice.")
@click.option("--json", "is_json", is_flag=True, help="One JSON object.")
def replay(events: int, rounds: int, seconds: float, *, gate: bool, is_json: bool) -> int:
    """How fast a journal is replayed, in what memory, and what that costs a bot that writes it meanwhile."""
    # Its messages are registered when it is imported, and are nobody else's.
    from acore.bench.replay.measure import measure_replay  # noqa: PLC0415 - see above

    def progress(what: str, done: int, total: int) -> None:
        if sys.stderr.isatty():
            click.echo(f"\r\x1b[K{what}: {done:,} of {total:,}", nl=False, err=True)
        elif not done and not is_json:
            click.echo(what, err=True)

    report = measure_replay(events, rounds, progress, seconds)
    if gate and not report.passes:
        click.echo("once more", err=True)
        report = measure_replay(events, rounds, progress, seconds)
    if is_json:
        as_json(report)
    else:
        table(
            ("row", "what", "acore", "beside it", "ratio", "must", "stretch"),
            (
                (
                    "C6",
                    "an entry scanned, decoded and handled, beside a bare scan",
                    f"{report.silent_us:.2f} µs",
                    f"{report.scan_us:.2f} µs",
                    f"{report.scan_ratio:.2f}",
                    f"≥ {report.scan_must:g}",
                    f"≥ {report.scan_stretch:g}",
                ),
                (
                    "R19",
                    "messages handled, what each led to compared",
                    f"{report.per_second / _KILO:.1f} k/s",
                    "",
                    "",
                    f"≥ {report.rate_must // _KILO} k/s",
                    "",
                ),
                (
                    "R18",
                    "a fact of a bot until it is durable, beside a replay of its file and without",
                    "",
                    "",
                    f"{report.slowdown:.2f}",
                    f"≤ {report.slowdown_must:g}",
                    "",
                ),
            ),
        )
        say(
            f"{report.rows:,} entries in each journal; the last replay took {report.whole_seconds:.1f} s; "
            f"resident memory {report.resident / 2**20:.0f} MiB before it, and at most "
            f"{report.grown / 2**20:.1f} MiB more during it"
        )
        say(f"medians of {report.rounds} rounds in processor time; ratios are taken within each round")
    return ExitCode.FAILURE if gate and not report.passes else ExitCode.OK


def _show_progress(progress: Progress) -> None:
    """Tell every sample to a person who looks on, and else every round."""
    text = f"round {progress.round} of {progress.rounds}: {progress.sample} of {progress.samples}"
    if sys.stderr.isatty():
        click.echo(f"\r\x1b[K{text}", nl=progress.sample == progress.samples, err=True)
    elif progress.sample == progress.samples:
        click.echo(text, err=True)


def _show(report: RuntimeReport) -> None:
    rows = (
        (
            line.row,
            line.what,
            _ours(line),
            "" if line.reference is None else _figure(line.reference, line.unit),
            f"{line.value:.3g}" if line.ratios and line.value is not None else "",
            _bound(line, line.must),
            _bound(line, line.stretch),
            _verdict(line),
        )
        for line in report.lines
    )
    table(("row", "what", "acore", "beside it", "ratio", "must", "stretch", "verdict"), rows)
    say(
        f"medians of {report.rounds} rounds; ratios are taken within each round; "
        f"Python {report.python}, {report.processors} processors ({report.machine}), "
        f"load {report.load[0]:.1f} before and {report.load[1]:.1f} after"
    )
    if report.had_company:
        say(
            "Something else was at work on this machine: do not trust latencies, restarts and what stands "
            "beside pykka, whose threads wait for a free processor."
        )
    if report.peers:
        say(", ".join(f"{name} {number}" for name, number in report.peers.items()))
    if report.absent:
        say(
            f"Not installed and left out: {', '.join(report.absent)}. "
            "In the checkout, pip install -c constraints.txt -e '.[bench]' brings them."
        )


def _ours(line: LineReport) -> str:
    if line.ours is None:
        return ""
    return _figure(line.ours, line.unit) + (f" ({line.kind})" if line.kind else "")


def _rows(report: RuntimeReport) -> str:
    named = {line.row for line in report.weak}
    return ", ".join(row for row in dict.fromkeys(line.row for line in report.lines) if row in named)


def _bound(line: LineReport, bound: float | None) -> str:
    if bound is None:
        return ""
    unit = "" if line.ratios else f" {line.unit}"
    return f"{'≤' if line.is_at_most else '≥'} {bound:g}{unit}"


def _verdict(line: LineReport) -> str:
    match line.verdict:
        case Verdict.MISSES | Verdict.FAILS:
            return f"{line.verdict} by {line.shortfall:.0%}"
        case Verdict.BROKEN:
            return f"{line.verdict}: {line.failure}"
        case _:
            return line.verdict


def _miss(line: LineReport) -> str:
    return f"{line.value:.3g}, must be {_bound(line, line.must)}"


def _figure(value: float, unit: Unit) -> str:
    match unit:
        case Unit.PER_SECOND if value >= _MEGA:
            return f"{value / _MEGA:.2f} M/s"
        case Unit.PER_SECOND if value >= _KILO:
            return f"{value / _KILO:.1f} k/s"
        case Unit.NANOSECONDS if value >= _KILO:
            return f"{value / _KILO:.1f} µs"
        case Unit.TIMES | Unit.BYTES | Unit.MIB:
            return f"{value:,.0f} {unit}"
        case _:
            return f"{value:.3g} {unit}"
