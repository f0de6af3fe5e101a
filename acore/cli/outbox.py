"""`acore outbox`: what was asked for and never heard of, and what becomes of it."""

import getpass
from enum import StrEnum
from pathlib import Path
from typing import ClassVar, assert_never

import click
import msgspec

from acore.actors.outbox import MOST_RUNS
from acore.cli.journal.place import Place
from acore.cli.output import as_json, say, table
from acore.cli.run import data_option, settings_options
from acore.control.client import NotRunningError, ask
from acore.control.protocol import EffectDecided, SettleEffect
from acore.errors import AcoreError, ExitCode
from acore.events.base import Policy
from acore.events.outbox import Decision, OpenEffect
from acore.storage.leftovers import Leftovers, leftovers
from acore.storage.lock import holder_of
from acore.storage.store import DATABASE_NAME

_ID_WIDTH = 12
_DETAILS_WIDTH = 60


class NobodyToDecideError(AcoreError):
    """A decision needs the bot to carry it out, and it does not run."""

    exit_code: ClassVar[ExitCode] = ExitCode.UNAVAILABLE

    def __init__(self, directory: Path) -> None:
        super().__init__(
            f"the bot carries out what you decide, and none runs on {directory}: start it (`acore run`), "
            "then decide"
        )


class NotDecidedError(AcoreError):
    """The bot does not carry a decision out, and why."""

    exit_code: ClassVar[ExitCode] = ExitCode.FAILURE


class Prospect(StrEnum):
    """What becomes of an effect that has no outcome."""

    UNDER_WAY = "under_way"
    DONE_AGAIN = "done_again"
    GIVEN_UP = "given_up"
    UNDECIDED = "undecided"

    @property
    def sentence(self) -> str:
        """What becomes of it, in words."""
        match self:
            case Prospect.UNDER_WAY:
                return "under way now"
            case Prospect.DONE_AGAIN:
                return "the next start does it again"
            case Prospect.GIVEN_UP:
                return "the next start gives it up"
            case Prospect.UNDECIDED:
                return "waits for your decision"
            case _:
                assert_never(self)


@click.group(invoke_without_command=True)
@settings_options
@data_option
@click.option("--json", "is_json", is_flag=True, help="One JSON object.")
@click.pass_context
def outbox(
    context: click.Context, config: Path | None, env_file: Path | None, data: Path | None, *, is_json: bool
) -> None:
    """Show what was asked for and has no known outcome; decide what only a person can.

    What is still without an outcome when the bot dies is dealt with when it starts again: done once more if
    that does no harm, given up if it must not happen twice, or left to you. The bot may be running or dead.
    """
    context.obj = place = Place(config=config, env_file=env_file, data=data)
    if context.invoked_subcommand is not None:
        return
    directory = place.directory(None)
    found = leftovers(directory / DATABASE_NAME)
    is_running = holder_of(directory) is not None
    if is_json:
        as_json(
            {
                "is_running": is_running,
                "count": found.count,
                "effects": [_fields(one, found, is_running=is_running) for one in found.effects],
            }
        )
        return
    _show(found, is_running=is_running)


@outbox.command()
@click.argument("key", metavar="ID")
@data_option
@click.pass_obj
def retry(place: Place, key: str, data: Path | None) -> None:
    """Have it done once more: it may happen twice. ID is what `acore outbox` shows, or its first digits."""
    say(f"{_decide(place.directory(data), key, Decision.RETRY)} is done once more.")


@outbox.command()
@click.argument("key", metavar="ID")
@data_option
@click.pass_obj
def drop(place: Place, key: str, data: Path | None) -> None:
    """Leave it: it may never have happened. ID is what `acore outbox` shows, or its first digits."""
    say(f"{_decide(place.directory(data), key, Decision.DROP)} is left as it is.")


def prospect(effect: OpenEffect, writer: str, *, is_running: bool) -> Prospect:
    """Return what becomes of *effect*.

    Args:
        effect: It has no outcome.
        writer: The run that may write to the file, or did so last.
        is_running: Whether that run is still there.
    """
    if is_running:  # what it does not have in hand, it did not take up
        return Prospect.UNDER_WAY if effect.boot == writer else Prospect.UNDECIDED
    match effect.policy:
        case Policy.AT_MOST_ONCE:
            return Prospect.GIVEN_UP
        case Policy.IDEMPOTENT if effect.resumed < MOST_RUNS:
            return Prospect.DONE_AGAIN
        case Policy.IDEMPOTENT | Policy.ASK_OPERATOR:
            return Prospect.UNDECIDED
        case _:
            assert_never(effect.policy)


def _show(found: Leftovers, *, is_running: bool) -> None:
    if not found.effects:
        say("Everything that was asked for has its outcome.")
        return
    prospects = [prospect(one, found.writer, is_running=is_running) for one in found.effects]
    table(
        ("id", "what", "asked for (UTC)", "taken up again", "what becomes of it", "details"),
        [
            (
                one.id if len(one.id) <= _ID_WIDTH else one.id[:_ID_WIDTH],
                one.name,
                f"{one.asked:%Y-%m-%d %H:%M:%S}",
                str(one.resumed),
                becomes.sentence,
                one.payload
                if len(one.payload) <= _DETAILS_WIDTH
                else one.payload[: _DETAILS_WIDTH - 1] + "…",
            )
            for one, becomes in zip(found.effects, prospects, strict=True)
        ],
    )
    if found.count > len(found.effects):
        say(f"These are the oldest {len(found.effects)} of {found.count}.")
    if Prospect.UNDECIDED in prospects:
        say(
            "Look whether it happened, then decide: `acore outbox retry ID` does it once more, "
            "`acore outbox drop ID` leaves it." + ("" if is_running else " The bot has to run for that.")
        )


def _fields(effect: OpenEffect, found: Leftovers, *, is_running: bool) -> dict[str, object]:
    fields = {name: getattr(effect, name) for name in effect.__struct_fields__}
    becomes = prospect(effect, found.writer, is_running=is_running)
    return {**fields, "payload": msgspec.Raw(effect.payload.encode()), "prospect": becomes}


def _decide(directory: Path, key: str, decision: Decision) -> str:
    """Have the running bot carry *decision* out; return what it was about."""
    by = f"{getpass.getuser()} on the command line"
    try:
        decided = ask(directory, SettleEffect(key=key, decision=decision, by=by), EffectDecided)
    except NotRunningError:
        raise NobodyToDecideError(directory) from None
    if decided.problem:
        raise NotDecidedError(decided.problem)
    return f"{decided.effect} ({decided.effect_id})"
