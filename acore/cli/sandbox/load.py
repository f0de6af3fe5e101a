"""`acore sandbox load`: many people at once, or ready-made dispatches, and what was the limit."""

import signal
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
import anyio
import click

from acore.cli.output import as_json, pairs, progress_bar, say, table
from acore.cli.sandbox.remote import path_of, remote_options, state_of
from acore.cli.sandbox.table import given_of, options_of
from acore.clock import RealClock
from acore.errors import AcoreError, ExitCode
from acore.sandbox import parameters
from acore.sandbox.load.driver import Driver, LoadError, LoadPlan
from acore.sandbox.load.flood import EVENTS, FloodPlan, FloodReport
from acore.sandbox.load.latencies import Percentiles
from acore.sandbox.load.remote import ControlRefusedError, Remote
from acore.sandbox.load.report import LoadReport, Saturation
from acore.sandbox.load.sole import sole_error
from acore.sandbox.load.tally import StreamReport
from acore.sandbox.shapes import Json, as_object

_TICKS = 1000
"""Steps of the progress bar."""


class NotDrivenError(AcoreError):
    """The sandbox is not there, or has nothing to be driven."""

    exit_code = ExitCode.UNAVAILABLE


class Rate(click.ParamType[float | None]):
    """Dispatches a second, or "max"."""

    name = "N|max"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> float | None:
        """Return the number, None for as many as there can be."""
        if value == "max":
            return None
        try:
            rate = float(str(value))
        except ValueError:
            rate = 0.0
        if not 0 < rate < float("inf"):
            self.fail(f"{value!r} is neither a positive number nor max", param, ctx)
        return rate


@click.command()
@options_of(LoadPlan, {"seconds": "for"})
@click.option("--dispatch", type=click.Choice(EVENTS), help="Send the bot such events, encoded beforehand.")
@click.option(
    "--rate",
    type=Rate(),
    metavar="N|max",
    default="max",
    show_default=True,
    help="How many a second of these.",
)
@remote_options
@click.pass_obj
def load(
    outer: object,
    *,
    dispatch: str | None,
    rate: float | None,
    state: Path | None,
    is_json: bool,
    **options: object,
) -> int:
    """Drive a sandbox that runs, and its bot; tell latencies and what was at its limit.

    People say and invoke what is due whether or not the bot answers in time, and latencies are counted from
    the moment at which it was due. Ctrl-C ends it and tells what there is.
    """
    try:
        plan = parameters.read(LoadPlan, given_of(LoadPlan, options))
    except parameters.WrongInputError as error:
        raise click.UsageError(str(error)) from error
    if not (plan.messages or plan.commands or dispatch):
        raise click.UsageError("say what to send: --messages N, --commands N or --dispatch EVENT")
    if dispatch and (plan.messages or plan.commands):
        raise click.UsageError("--dispatch stands alone; run another `acore sandbox load` beside it")
    known = state_of(path_of(state or as_object(outer).get("state")), "api_v10", "users")
    try:
        if dispatch:
            flood = FloodPlan(event=dispatch, rate=rate, seconds=plan.seconds)
            _show_flood(anyio.run(_flood, known, flood), is_json=is_json)
        else:
            _show_load(anyio.run(_drive, known, plan), is_json=is_json)
    except (LoadError, ControlRefusedError) as error:
        raise NotDrivenError(str(error)) from error
    except (aiohttp.ClientError, TimeoutError) as error:
        raise NotDrivenError(f"no sandbox answers at {known.get('api_v10')}: {error}") from error
    return ExitCode.OK


@asynccontextmanager
async def _interruptible(stop: Callable[[], None]) -> AsyncGenerator[None]:
    """Have the first Ctrl-C call *stop* instead of ending the program; the second ends it."""
    async with anyio.create_task_group() as tasks:

        async def wait() -> None:
            with anyio.open_signal_receiver(signal.SIGINT) as signals:
                await anext(signals)
            stop()

        tasks.start_soon(wait)
        try:
            yield
        finally:
            tasks.cancel_scope.cancel()


async def _drive(state: Json, plan: LoadPlan) -> LoadReport:
    with progress_bar("driving", _TICKS) as show:
        driver = Driver(state, plan, lambda passed: show(int(passed / plan.seconds * _TICKS)))
        with sole_error():
            async with _interruptible(driver.stop):
                return await driver.run()
    raise AssertionError  # it returned, or raised


async def _flood(state: Json, plan: FloodPlan) -> FloodReport:
    stop, clock = anyio.Event(), RealClock()
    began = clock.monotonic()
    with progress_bar("dispatching", _TICKS) as show, sole_error():
        async with _interruptible(stop.set):
            return await Remote(as_object(state.get("control"))).flood(
                plan, lambda _sent: show(int((clock.monotonic() - began) / plan.seconds * _TICKS)), stop
            )
    raise AssertionError  # it returned, or raised


# -- showing


def _show_load(report: LoadReport, *, is_json: bool) -> None:
    if is_json:
        as_json(report)
        return
    streams = {"messages": report.messages, "commands": report.commands}
    rows: list[tuple[str, ...]] = []
    for name, stream in streams.items():
        if stream is not None:
            rows += _stream_rows(name, stream)
    table(("what", "count", "p50 ms", "p90", "p99", "p99.9", "max"), rows)
    told = {name: _rates(stream) for name, stream in streams.items() if stream is not None}
    interrupted = ", interrupted" if report.was_interrupted else ""
    told["load"] = (
        f"{report.seconds:.1f} s{interrupted}, {report.arrivals} arrivals, {report.users} users "
        f"({report.connected} connected), {report.guilds} guild{'' if report.guilds == 1 else 's'}"
    )
    told["driver"] = f"worked {report.driver_processor_share:.0%} of the time"
    if report.sandbox is not None:
        told["sandbox"] = _fared(report.sandbox)
    pairs(told)
    for stream in streams.values():
        for why, number in ({} if stream is None else stream.failures).items():
            say(f"{number} failed: {why}")
    say(report.verdict)


def _stream_rows(name: str, stream: StreamReport) -> list[tuple[str, ...]]:
    kinds = (
        (f"{name}, sent late by", stream.late),
        (f"{name}, taken after", stream.acknowledgement),
        (f"{name}, answered after", stream.answer),
    )
    return [(what, *_figures(found)) for what, found in kinds if found is not None]


def _figures(found: Percentiles) -> tuple[str, ...]:
    values = (found.p50, found.p90, found.p99, found.p999, found.max)
    return (str(found.count), *(f"{one:.1f}" for one in values))


def _rates(stream: StreamReport) -> str:
    return (
        f"{stream.wanted_rate:g}/s wanted, {stream.sent_rate:.1f}/s sent, {stream.done_rate:.1f}/s done; "
        f"{stream.sent} sent, {stream.failed} failed"
    )


def _fared(sandbox: Saturation) -> str:
    lag, rest = sandbox.loop_lag, sandbox.rest
    told = [f"worked {sandbox.processor_share:.0%} of the time"]
    if lag is not None:
        told.append(f"event loop late by {lag.p50:.1f} ms (p50), {lag.p99:.1f} (p99), {lag.max:.1f} (max)")
    if rest is not None:
        told.append(f"REST within {rest.p50:.1f} ms (p50), {rest.p99:.1f} (p99)")
    told.append(
        f"bots had up to {sandbox.backlog_bytes} bytes to read, {sandbox.last_backlog_bytes} in the end"
    )
    return "; ".join(told)


def _show_flood(report: FloodReport, *, is_json: bool) -> None:
    if is_json:
        as_json(report)
        return
    wanted = "as many as can be" if report.wanted_rate is None else f"{report.wanted_rate:g}/s wanted"
    taken = "not all was read" if report.taken_rate is None else f"{report.taken_rate:,.0f}/s read"
    interrupted = ", interrupted" if report.was_interrupted else ""
    behind = f"{report.backlog_bytes:,} bytes at most, "
    if report.drained_seconds is None:
        behind += "and not read in the end"
    else:
        behind += f"read {report.drained_seconds:.2f} s after the last was written"
    pairs(
        {
            report.event: f"{wanted}, {report.sent_rate:,.0f}/s written, {taken}",
            "written": f"{report.sent:,} in {report.seconds:.1f} s{interrupted}, {report.sent_bytes:,} bytes",
            "bot behind": behind,
            "sandbox": (
                f"worked {report.processor_share:.0%} of the time, "
                f"waited for the bot {report.waited_share:.0%} of it"
            ),
        }
    )
    say(report.verdict)
