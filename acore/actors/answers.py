"""How each slash command comes to its reply."""

from collections.abc import Callable, Mapping
from types import MappingProxyType

from loguru import logger

from acore.access.rules import Role
from acore.actors.desk import Answerer
from acore.actors.door import Choice
from acore.actors.narrator import capital, part_name
from acore.actors.why import part_meant, tell
from acore.events.asks import AskError
from acore.events.discord import IncidentsView, InteractionReceived
from acore.events.lifecycle import LifecycleView
from acore.events.parts import Part, RestartActor, RestartVerdict
from acore.events.status import Notice, PartsReport, StatusReport
from acore.events.why import Account, FindCauses
from acore.runtime.edge import EdgeContext
from acore.status.report import report_of

_SUGGESTED = 25  # Discord, Application Command Option Choice: no more are shown.
_CHOICE_LENGTH = 100  # Discord, Application Command Option Choice: a longer name is refused.
_WITHIN = 3.0
"""Seconds that the records have to tell why; then the person is told that they do not answer."""
_CHOICE_WORDS: Mapping[str, str] = MappingProxyType(
    {
        "last": "what went wrong last (last)",
        "denial": "who was refused something last (denial)",
        "restart": "the newest restart of a part (restart)",
        "stop": "why the bot stopped last time (stop)",
    }
)
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
        "ops why": Answerer(reply=answer_why, only_reads=True, is_ephemeral=_always, suggest=suggest_causes),
    }


async def answer_status(received: InteractionReceived, io: EdgeContext) -> StatusReport:
    """Return how the bot is, from what its actors show: it works while any of them is down."""
    return report_of(io.clock.now(), io, is_operator=Role[received.role.upper()] >= Role.OPERATOR)


async def answer_restart(received: InteractionReceived, io: EdgeContext) -> Notice:
    """Have one part restarted, and return what becomes of that wish."""
    name = _given(received, "part")
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


async def answer_why(received: InteractionReceived, io: EdgeContext) -> Account | Notice:
    """Return what led to something and what came of it, from the journal."""
    what = _given(received, "what") or "last"
    try:
        found = await io.ask(FindCauses(what=part_meant(what)), within=_WITHIN)
    except AskError as error:
        logger.warning("The records were asked why {}, and do not answer: {}", what, error)
        text = "The records do not answer now. On the bot's machine `acore why` reads them all the same."
        return Notice(text=text, is_error=True)
    if found.chain is None:
        return Notice(text=capital(found.problem), is_error=True)
    return tell(what, found.chain)


def suggest_causes(typed: str, io: EdgeContext) -> tuple[Choice, ...]:
    """Return what somebody may want to know of: the last incidents, parts that failed, the other parts."""
    incidents = io.view(IncidentsView)
    known = [Choice(name=_CHOICE_WORDS[word], value=word) for word in _CHOICE_WORDS]
    known += [
        Choice(name=f"{one.at:%H:%M} UTC: {one.what}"[:_CHOICE_LENGTH], value=str(one.number))
        for one in (incidents.recent if incidents is not None else ())
    ]
    view = io.view(LifecycleView)
    lines = sorted(view.actors if view is not None else (), key=lambda line: line.failed is None)
    for line in lines:
        why = f" failed {line.failed:%H:%M} UTC: {line.last_failure}" if line.failed else ""
        name = f"{part_name(line.name)} ({line.name}){why}"
        known.append(Choice(name=name[:_CHOICE_LENGTH], value=line.name))
    return tuple(one for one in known if typed.lower() in one.name.lower())[:_SUGGESTED]


def _given(received: InteractionReceived, option: str) -> str:
    """Return what the person gave for *option*; blank when nothing."""
    return next((given.value for given in received.arguments if given.name == option), "").strip()


def _always(_role: Role) -> bool:
    return True
