"""Discord: the connection, and what people ask through it."""

from datetime import datetime
from enum import StrEnum

from acore.events.base import Command, Effect, Event, Policy
from acore.events.catalog import wire
from acore.events.personal import FreeText, PersonalName
from acore.events.status import Notice, PartsReport, StatusReport
from acore.events.views import View
from acore.events.why import Account
from acore.record import Record

INTERACTION_LIFE = 15 * 60.0
"""Seconds for which an interaction can be answered (Discord, Interactions, Receiving and Responding)."""


class Link(StrEnum):
    """How the connection to Discord is."""

    OFFLINE = "offline"
    WAITING = "waiting"
    CONNECTING = "connecting"
    READY = "ready"
    LOST = "lost"


@wire("discord.link_changed", vital=True)
class LinkChanged(Event):
    """The connection to Discord is in another state than before."""

    link: Link
    reason: FreeText = ""


class Application(Record):
    """Who we are to Discord. `owners` are the owner, or the members of the owning team."""

    id: int
    name: PersonalName
    owners: tuple[int, ...]
    owner_name: PersonalName
    intents_on: tuple[str, ...]
    intents_off: tuple[str, ...]


@wire("discord.application_identified")
class ApplicationIdentified(Event):
    """Discord accepted the token and said whose it is."""

    application: Application


class GuildLine(Record):
    """A server the bot is in, and the user who owns it. None stands for what Discord has not said."""

    id: int
    name: PersonalName
    members: int | None
    owner: int | None = None


@wire("discord.ready", vital=True)
class GatewayReady(Event):
    """Discord sent everything; commands can be used. `guilds` holds the first fifty."""

    user: PersonalName
    guild_count: int
    guilds: tuple[GuildLine, ...]
    seconds: float


@wire("discord.commands_synced")
class CommandsSynced(Event):
    """Discord's list of our commands is right. `guild` None stands for everywhere."""

    guild: int | None
    commands: tuple[str, ...]
    is_changed: bool


@wire("discord.commands_refused")
class CommandsRefused(Event):
    """Discord did not take our commands; it keeps those it had, and is asked again."""

    reason: FreeText


@wire("discord.session_resumed", vital=True)
class SessionResumed(Event):
    """The connection is back, and nothing was missed."""


class IdentifyBudget(Record):
    """How many new sessions Discord still allows (session_start_limit). Used up, the token is reset."""

    total: int
    remaining: int
    resets_at: datetime


@wire("discord.budget_read", vital=True)
class BudgetRead(Event):
    """Discord said how many new sessions it still allows."""

    budget: IdentifyBudget


@wire("discord.session_begun", vital=True)
class SessionBegun(Event):
    """A new session was asked for; it counts against the budget."""


@wire("discord.load_budget")
class LoadBudget(Command[IdentifyBudget | None]):
    """How many new sessions were left when this was last known?"""


class Argument(Record):
    """One option of a command as the person filled it in."""

    name: str
    value: FreeText


class Place(Record):
    """Where a command was used. `guild` is None in direct messages."""

    guild: int | None
    channel: int | None


class Invoker(Record):
    """Who used a command, with their roles there."""

    id: int
    name: PersonalName
    roles: tuple[int, ...] = ()


@wire("interaction.received")
class InteractionReceived(Event):
    """Somebody used a command and may."""

    interaction: int
    application: int
    command: str
    arguments: tuple[Argument, ...]
    invoker: Invoker
    place: Place
    is_ephemeral: bool
    role: str
    rule: str
    received: datetime


@wire("interaction.denied")
class InteractionDenied(Event):
    """Somebody used a command and may not."""

    interaction: int
    command: str
    invoker: Invoker
    place: Place
    rule: str


@wire("interaction.token_sealed", journaled=False, projected=True, vital=True)
class TokenSealed(Event):
    """The right to answer an interaction, sealed; kept beside the journal, never in it."""

    interaction: int
    sealed: str


@wire("interaction.acknowledged", vital=True)
class InteractionAcknowledged(Event):
    """The person sees that the bot is thinking. `seconds` since the interaction was made."""

    interaction: int
    seconds: float


@wire("interaction.replied", vital=True)
class InteractionReplied(Event):
    """What is to be answered is known."""

    interaction: int
    reply: StatusReport | Notice | PartsReport | Account


@wire("interaction.answer", policy=Policy.IDEMPOTENT, vital=True, self_resuming=True)
class AnswerInteraction(Effect):
    """Show the reply to the person who asked."""

    interaction: int
    reply: StatusReport | Notice | PartsReport | Account


@wire("interaction.answer_at_once", policy=Policy.IDEMPOTENT, urgent=True, vital=True, self_resuming=True)
class AnswerAtOnce(Effect):
    """Show a reply that decided nothing: it is given also when nothing can be written."""

    interaction: int
    reply: StatusReport | Notice | PartsReport | Account


@wire("interaction.closed", vital=True)
class InteractionClosed(Event):
    """An interaction needs nothing more: it was answered, or it cannot be any more."""

    interaction: int
    is_answered: bool
    reason: FreeText = ""
    seconds: float = 0.0


class Pending(Record):
    """An interaction that was not closed yet, as the store remembers it."""

    received: InteractionReceived
    sealed: str
    is_acknowledged: bool
    reply: StatusReport | Notice | PartsReport | Account | None


@wire("interaction.load_pending", journaled=False)
class LoadPending(Command[tuple[Pending, ...]]):
    """Which interactions wait for their answer?"""


class Incident(Record):
    """A command that was refused, or failed. `number` is the interaction's, which the person was told."""

    number: int
    what: str
    at: datetime


class IncidentsView(View):
    """The last incidents, the newest first."""

    recent: tuple[Incident, ...]


class GatewayView(View):
    """The connection to Discord, and whose bot this is. None stands for what is not known yet."""

    link: Link
    since: datetime
    reason: FreeText
    latency: float | None
    guilds: int | None
    users: int | None
    application: Application | None
