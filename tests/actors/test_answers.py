"""What slash commands are answered, as far as nothing else runs."""

from datetime import UTC, datetime

import pytest

from acore.access.rules import Role
from acore.actors.answers import answer_restart, answerers, suggest_parts
from acore.events.base import Command
from acore.events.discord import Argument, InteractionReceived, Invoker, Place
from acore.events.lifecycle import ActorLine, LifecycleView
from acore.events.parts import Part, PartState, RestartActor, RestartVerdict
from acore.events.status import PartsReport
from acore.events.views import View

NOW = datetime(2026, 1, 2, tzinfo=UTC)


class Surroundings:
    """Answers a restart as the test wants, and shows these parts."""

    def __init__(self, verdict: RestartVerdict = RestartVerdict.ACCEPTED, *names: str) -> None:
        self.asked: list[Command[object]] = []
        self._verdict = verdict
        self._view = LifecycleView(
            began=NOW,
            version="1",
            commit="",
            is_stopping=False,
            previous=None,
            actors=tuple(ActorLine(name=name, is_up=True, incarnation=1, since=NOW) for name in names),
        )

    @property
    def clock(self) -> "Surroundings":
        return self

    def now(self) -> datetime:
        return NOW

    async def ask(self, command: Command[object]) -> RestartVerdict:
        self.asked.append(command)
        return self._verdict

    def view(self, kind: type[View]) -> View | None:
        return self._view if kind is LifecycleView and self._view.actors else None


def received(command: str, **arguments: str) -> InteractionReceived:
    return InteractionReceived(
        interaction=1000,
        application=9,
        command=command,
        arguments=tuple(Argument(name=name, value=value) for name, value in arguments.items()),
        invoker=Invoker(id=7, name="ann"),
        place=Place(guild=5, channel=6),
        is_ephemeral=True,
        role="owner",
        rule="owner",
        received=NOW,
    )


@pytest.mark.parametrize(
    ("verdict", "part", "words", "is_error"),
    [
        (
            RestartVerdict.ACCEPTED,
            "gateway",
            "Restarting the Discord connection. `/ops actors`",
            False,
        ),
        (
            RestartVerdict.UNKNOWN,
            "nonsense",
            "There is no part called nonsense that can be restarted. `/ops actors` shows",
            True,
        ),
        (
            RestartVerdict.UNDER_WAY,
            "metrics",
            "Already restarting the counters: `/ops actors`",
            True,
        ),
        (RestartVerdict.STOPPING, "metrics", "The bot is stopping, so nothing is started again.", True),
    ],
)
async def test_what_becomes_of_a_wish_to_restart_is_said_in_a_sentence(
    verdict: RestartVerdict, part: str, words: str, *, is_error: bool
) -> None:
    around = Surroundings(verdict)
    notice = await answer_restart(received("ops restart", part=f" {part} "), around)  # pyright: ignore[reportArgumentType] - what it needs of one

    assert words in notice.text
    assert notice.is_error is is_error
    assert around.asked == [RestartActor(actor=part, by="ann", user=7, interaction=1000)]


async def test_the_tree_is_told_without_asking_anybody() -> None:
    """S70: it is told also while every actor is busy."""
    parts = (Part(name="core", state=PartState.RUNNING, since=NOW),)
    around = Surroundings()
    told = await answerers(lambda: parts)["ops actors"].reply(received("ops actors"), around)  # pyright: ignore[reportArgumentType] - as above

    assert told == PartsReport(at=NOW, parts=parts)
    assert around.asked == []


@pytest.mark.parametrize(
    ("typed", "found"),
    [
        ("", ["gateway", "metrics", "writer"]),
        ("gate", ["gateway"]),
        ("DISCORD", ["gateway"]),
        ("the", ["gateway", "metrics"]),
        ("zzz", []),
    ],
)
def test_parts_are_suggested_by_name_and_by_what_operators_call_them(typed: str, found: list[str]) -> None:
    around = Surroundings(RestartVerdict.ACCEPTED, "gateway", "metrics", "writer")
    suggested = suggest_parts(typed, around)  # pyright: ignore[reportArgumentType] - as above

    assert [one.value for one in suggested] == found
    assert all(one.value in one.name for one in suggested)


def test_no_more_is_suggested_than_discord_shows() -> None:
    """Discord, Application Command Option Choice: 25 at most."""
    around = Surroundings(RestartVerdict.ACCEPTED, *(f"part {number}" for number in range(40)))

    assert len(suggest_parts("part", around)) == 25  # pyright: ignore[reportArgumentType] - as above


def test_before_anything_is_known_nothing_is_suggested() -> None:
    assert suggest_parts("", Surroundings()) == ()  # pyright: ignore[reportArgumentType] - as above


def test_what_operators_ask_is_seen_by_them_alone() -> None:
    known = answerers()

    assert all(known[name].is_ephemeral(role) for name in ("ops actors", "ops restart") for role in Role)
    assert (known["ops actors"].only_reads, known["ops restart"].only_reads) == (True, False)
