"""How each slash command comes to its reply."""

from collections.abc import Callable, Mapping
from types import MappingProxyType

from acore.access.rules import Role
from acore.actors.desk import Answerer
from acore.actors.door import Choice
from acore.actors.narrator import part_name
from acore.events.discord import InteractionReceived
from acore.events.lifecycle import LifecycleView
from acore.events.parts import Part, RestartActor, RestartVerdict
from acore.events.status import Notice, PartsReport, StatusReport
from acore.runtime.edge import EdgeContext
from acore.status.report import report_of

_SUGGESTED = 25  # Discord, Application Command Option Choice: no more are shown.
_NOT_RESTARTED: Mapping[RestartVerdict, str] = MappingProxyType(
    {
        RestartVerdict.UNKNOWN: "There is no part called {name} that can be restarted. `/ops actors` shows "
        "what there is; of a group, restart the parts.",
        RestartVerdict.UNDER_WAY: "Already restarting {part}: `/ops actors` shows how that goes.",
        RestartVerdict.STOPPING: "The bot is stopping, so nothing is started again.",
    }
)


def answerers(parts: Callable[[], tuple[Part, ...]] = tuple) -> dict[str, Answerer]:
    """Return how each slash command comes to its reply, by full name.

    Args:
        parts: Returns the tree of parts as it is now.
    """

    async def answer_parts(_received: InteractionReceived, io: EdgeContext) -> PartsReport:
        """Return how each part is: it works while any of them is down."""
        return PartsReport(at=io.clock.now(), parts=parts())

    return {
        "botstatus": Answerer(
            reply=answer_status, only_reads=True, is_ephemeral=lambda role: role >= Role.OPERATOR
        ),
        "ops actors": Answerer(reply=answer_parts, only_reads=True, is_ephemeral=_always),
        "ops restart": Answerer(
            reply=answer_restart, only_reads=False, is_ephemeral=_always, suggest=suggest_parts
        ),
    }


async def answer_status(received: InteractionReceived, io: EdgeContext) -> StatusReport:
    """Return how the bot is, from what its actors show: it works while any of them is down."""
    return report_of(io.clock.now(), io, is_operator=Role[received.role.upper()] >= Role.OPERATOR)


async def answer_restart(received: InteractionReceived, io: EdgeContext) -> Notice:
    """Have one part restarted, and return what becomes of that wish."""
    name = next((given.value for given in received.arguments if given.name == "part"), "").strip()
    verdict = await io.ask(
        RestartActor(
            actor=name,
            by=received.invoker.name,
            user=received.invoker.id,
            interaction=received.interaction,
        )
    )
    part = part_name(name)
    if verdict is RestartVerdict.ACCEPTED:
        return Notice(text=f"Restarting {part}. `/ops actors` shows how that goes.")
    return Notice(text=_NOT_RESTARTED[verdict].format(name=name, part=part), is_error=True)


def suggest_parts(typed: str, io: EdgeContext) -> tuple[Choice, ...]:
    """Return the parts whose name, or what operators call them, contains what was *typed*."""
    view = io.view(LifecycleView)
    lines = view.actors if view is not None else ()
    known = [Choice(name=f"{part_name(line.name)} ({line.name})", value=line.name) for line in lines]
    return tuple(one for one in known if typed.lower() in one.name.lower())[:_SUGGESTED]


def _always(_role: Role) -> bool:
    return True
