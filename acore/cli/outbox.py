"""`acore outbox`: what was asked for and never heard of, and what becomes of it."""

import getpass
import os
from enum import StrEnum
from pathlib import Path
from typing import ClassVar, assert_never

import click

from acore.actors.outbox import MOST_RUNS
from acore.cli import known
from acore.cli.journal.place import Place
from acore.cli.output import as_json, raw, say, table
from acore.cli.run import data_option, settings_options
from acore.control.client import NotRunningError, ask
from acore.control.protocol import BotStatus, EffectDecided, GetStatus, SettleEffect
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
    NOT_YET = "not_yet"
    DONE_AGAIN = "done_again"
    GIVEN_UP = "given_up"
    UNDECIDED = "undecided"

    @property
    def sentence(self) -> str:
        """What becomes of it, in words."""
        match self:
            case Prospect.UNDER_WAY:
                return "under way now"
            case Prospect.NOT_YET:
                return "taken up in a moment"
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
    is_running = holder_of(directory) is not None
    # First asked, then read: what it has looked at by now, it has in hand or leaves to a person.
    is_through = is_running and _is_through(directory)
    found = leftovers(directory / DATABASE_NAME)
    prospects = [
        prospect(one, found.writer, is_running=is_running, is_through=is_through) for one in found.effects
    ]
    if is_json:
        effects = [_fields(*one) for one in zip(found.effects, prospects, strict=True)]
        as_json({"is_running": is_running, "count": found.count, "effects": effects})
        return
    _show(found, prospects, is_running=is_running)


@outbox.command()
@click.argument("key", metavar="ID", shell_complete=known.effects)
@data_option
@click.pass_obj
def retry(place: Place, key: str, data: Path | None) -> None:
    """Have it done once more: it may happen twice. ID is what `acore outbox` shows, or its first digits."""
    say(f"{_decide(place.directory(data), key, Decision.RETRY)} is done once more.")


@outbox.command()
@click.argument("key", metavar="ID", shell_complete=known.effects)
@data_option
@click.pass_obj
def drop(place: Place, key: str, data: Path | None) -> None:
    """Leave it: it may never have happened. ID is what `acore outbox` shows, or its first digits."""
    say(f"{_decide(place.directory(data), key, Decision.DROP)} is left as it is.")


def prospect(effect: OpenEffect, writer: str, *, is_running: bool, is_through: bool) -> Prospect:
    """Return what becomes of *effect*.

    Args:
        effect: It has no outcome.
        writer: The run that may write to the file, or did so last.
        is_running: Whether that run is still there.
        is_through: Whether it has looked at all that earlier runs left; what it does not have in hand
            then, it leaves to a person.
    """
    if is_running and effect.boot == writer:
        return Prospect.UNDER_WAY
    if not effect.boot and effect.policy is Policy.IDEMPOTENT and effect.resumed < MOST_RUNS:
        return Prospect.DONE_AGAIN  # it was broken off, maybe just now
    if is_through:
        return Prospect.UNDECIDED
    match effect.policy:
        case Policy.AT_MOST_ONCE:
            return Prospect.NOT_YET if is_running else Prospect.GIVEN_UP
        case Policy.IDEMPOTENT if effect.resumed < MOST_RUNS:
            return Prospect.NOT_YET if is_running else Prospect.DONE_AGAIN
        case Policy.IDEMPOTENT | Policy.ASK_OPERATOR:
            return Prospect.UNDECIDED
        case _:
            assert_never(effect.policy)


def _is_through(directory: Path) -> bool:
    """Return whether the running bot says that it has looked at all that earlier runs left."""
    try:
        return not ask(directory, GetStatus(), BotStatus).is_taking_up
    except AcoreError:  # it only begins, or says nothing: then the policies tell
        return False


def _show(found: Leftovers, prospects: list[Prospect], *, is_running: bool) -> None:
    if not found.effects:
        say("Everything that was asked for has its outcome.")
        return
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


def _fields(effect: OpenEffect, becomes: Prospect) -> dict[str, object]:
    fields = {name: getattr(effect, name) for name in effect.__struct_fields__}
    return {**fields, "payload": raw(effect.payload), "prospect": becomes}


def _decide(directory: Path, key: str, decision: Decision) -> str:
    """Have the running bot carry *decision* out; return what it was about."""
    try:
        decided = ask(directory, SettleEffect(key=key, decision=decision, by=_who()), EffectDecided)
    except NotRunningError:
        raise NobodyToDecideError(directory) from None
    if decided.problem:
        raise NotDecidedError(decided.problem)
    return f"{decided.effect} ({decided.effect_id})"


def _who() -> str:
    """Return who sits at the command line; in a container a user may have a number and no name."""
    try:
        name = getpass.getuser()
    except (KeyError, OSError):
        name = f"user {os.getuid()}"
    return f"{name} on the command line"
