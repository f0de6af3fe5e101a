"""DiscordGatewayActor: owns the connection to Discord."""

from collections.abc import Mapping

from anyio import CancelScope

from acore.access.rules import Decision, decide, operator_guilds
from acore.actors.desk import Answerer, Desk, Sealer, Tickets
from acore.actors.door import (
    BudgetUsedUpError,
    Choice,
    DiscordUnreachableError,
    Door,
    DoorFactory,
    Doorway,
    Request,
)
from acore.events.discord import (
    AnswerAtOnce,
    AnswerInteraction,
    Application,
    ApplicationIdentified,
    BudgetRead,
    CommandsRefused,
    GatewayReady,
    GatewayView,
    GuildLine,
    IdentifyBudget,
    InteractionClosed,
    Link,
    LinkChanged,
    LoadBudget,
    LoadPending,
    SessionBegun,
    SessionResumed,
)
from acore.events.metrics import ActivityCounted
from acore.events.parts import RestartActor
from acore.events.settings import SettingsFacts, SettingsView
from acore.events.why import FindCauses
from acore.runtime.edge import EdgeActor, EdgeContext, Outcome
from acore.runtime.handlers import handles

REPORT_INTERVAL = 5.0
"""Seconds between two counts of what passed, and two looks at the heartbeat."""
RESERVE = 5
"""New sessions that are left to people: at the last one Discord resets the token."""
FIRST_RETRY, LONGEST_RETRY = 1.0, 60.0
CLOSE_LIMIT = 5.0
LONGEST_SYNC_RETRY = 600.0
LAST_ANSWERS = 3.0
"""Seconds that an ordered stop gives to answers under way; what is open then, the next run answers."""
_LISTED_GUILDS = 50


class DiscordGatewayActor(EdgeActor):
    """Keeps a connection to Discord, hears commands, and sees that each one is answered.

    A connection that cannot be made is tried again by itself; what only a person can mend ends the process.
    """

    # The last two are asked by the answers to /ops restart and /ops why.
    asks = (LoadBudget, LoadPending, RestartActor, FindCauses)

    at_once = 50

    def __init__(
        self,
        factory: DoorFactory,
        answerers: Mapping[str, Answerer],
        vault: Sealer,
        tickets: Tickets,
    ) -> None:
        """Prepare to connect.

        Args:
            factory: Makes a connection; a new one for each attempt.
            answerers: How each command comes to its reply, by full name.
            vault: Seals the tokens of interactions that are not answered yet.
            tickets: What is owed; give every run of the actor the same.
        """
        self._tickets = tickets
        self._failures = 0
        self._factory = factory
        self._answerers = answerers
        self._vault = vault
        self._doorway = Doorway()
        self._synced: dict[int | None, Door] = {}
        self._application: Application | None = None
        self._budget: IdentifyBudget | None = None
        self._link = Link.OFFLINE
        self._reason = ""
        self._began = 0.0
        self._counted = ActivityCounted()

    async def run(self, io: EdgeContext) -> None:
        """Recall what is owed, then stay connected."""
        self._io = io
        self._desk = Desk(
            io,
            self._doorway,
            self._answerers,
            vault=self._vault,
            tickets=self._tickets,
            on_failure=self.failed,
        )
        self._since = io.clock.now()
        self._budget = await io.ask(LoadBudget())
        pending = await io.ask(LoadPending())
        self._show()
        io.ready()
        try:
            async with io.until_stopped() as self._tasks:
                self._tasks.spawn(self._report, forever=True)
                for ticket in self._tickets:
                    io.spawn(self._desk.go_on, ticket)
                for one in pending:
                    io.spawn(self._desk.resume, one)
                await self._stay_connected()
            self._change(Link.OFFLINE, "stopping")
        finally:
            self._doorway.close()

    # --- the connection

    async def _stay_connected(self) -> None:
        while True:
            door = self._factory(self)
            try:
                self.connecting()
                await self._admit(door)
                await door.stay()
                wait, why = FIRST_RETRY, "the connection ended"
            except DiscordUnreachableError as error:
                self._failures += 1
                grown = min(LONGEST_RETRY, FIRST_RETRY * 2 ** min(self._failures - 1, 10))
                wait, why = max(grown, error.wait), str(error)
            except BudgetUsedUpError as error:
                wait = max(FIRST_RETRY, (error.budget.resets_at - self._io.clock.now()).total_seconds())
                why = f"{error}; the count starts anew at {error.budget.resets_at:%Y-%m-%d %H:%M} UTC"
            finally:
                await self._leave(door)
            self._change(Link.WAITING, f"{why}; trying again in {wait:.0f} s")
            await self._io.clock.sleep(wait)

    async def _admit(self, door: Door) -> None:
        self._refuse_if_used_up(self._budget)
        application = await door.open()
        self._doorway.open(door)
        if application != self._application:
            self._application = application
            self._io.publish(ApplicationIdentified(application=application))
        self._show()

    async def _leave(self, door: Door) -> None:
        """Close *door* whatever happens: left open, its socket and threads would live on."""
        if self._io.stopping.is_set():
            # What is being answered is answered first: the door is the way there.
            with CancelScope(shield=True), self._io.clock.deadline(LAST_ANSWERS):
                await self._tickets.all_closed()
        self._doorway.shut()
        with CancelScope(shield=True), self._io.clock.deadline(CLOSE_LIMIT):
            await door.close()

    def _refuse_if_used_up(self, budget: IdentifyBudget | None) -> None:
        if budget is not None and budget.remaining <= RESERVE and budget.resets_at > self._io.clock.now():
            raise BudgetUsedUpError(budget)

    # --- what the door tells

    def connecting(self) -> None:
        """Note that a connection is being made."""
        self._began = self._io.clock.monotonic()
        self._change(Link.CONNECTING)

    def ready(self, user: str, guilds: tuple[GuildLine, ...]) -> None:
        """Note that commands can be used."""
        self._failures = 0
        self._change(Link.READY)
        seconds = self._io.clock.monotonic() - self._began
        listed = guilds[:_LISTED_GUILDS]
        self._io.publish(GatewayReady(user=user, guild_count=len(guilds), guilds=listed, seconds=seconds))
        self._register_for_operators(guilds)

    def joined(self, guild: GuildLine) -> None:
        """Note that there is one more server."""
        self._register_for_operators((guild,))

    def resumed(self) -> None:
        """Note that the connection is back."""
        self._failures = 0
        self._change(Link.READY)
        self._io.publish(SessionResumed())

    def lost(self, reason: str) -> None:
        """Note that the connection is gone."""
        if self._link is Link.READY:
            self._change(Link.LOST, reason)

    def message(self) -> None:
        """Count a message."""
        self._count(messages=1)

    def failed(self) -> None:
        """Count a failure."""
        self._count(errors=1)

    def connected(self) -> None:
        """Have the commands for everybody registered."""
        self._register(None)

    def _register_for_operators(self, guilds: tuple[GuildLine, ...]) -> None:
        for guild in operator_guilds(guilds, self._settings(), self._application):
            self._register(guild)

    def _register(self, guild: int | None) -> None:
        """Have commands registered, once for each door."""
        door = self._doorway.door
        if door is not None and self._synced.get(guild) is not door:
            self._synced[guild] = door
            self._tasks.spawn(self._sync, door, guild)

    async def _sync(self, door: Door, guild: int | None) -> None:
        """Register the commands; while Discord refuses, the old ones stay and it is tried again."""
        wait = FIRST_RETRY
        while self._doorway.door is door:
            try:
                self._io.publish(await door.sync(guild))
            except DiscordUnreachableError as error:
                where = "" if guild is None else f"in server {guild}: "
                self._io.publish(CommandsRefused(reason=f"{where}{error}"))
                wait = min(LONGEST_SYNC_RETRY, max(2 * wait, error.wait))
                await self._io.clock.sleep(wait)
            else:
                return

    async def before_identify(self, budget: IdentifyBudget) -> None:
        """Keep the budget across processes, and refuse to use up what is left to people."""
        self._budget = budget
        self._io.publish(BudgetRead(budget=budget))
        self._refuse_if_used_up(budget)
        begun = self._io.publish(SessionBegun())
        # A crash loop that forgot its sessions would use them all up: this one is on disk before it counts.
        with self._io.clock.deadline(CLOSE_LIMIT):
            await self._io.durable(begun.seq)

    def invoked(self, request: Request) -> None:
        """Decide at once whether the command may be used, and hand it to the desk."""
        self._count(commands=1)
        self._desk.take(request, self._decide(request))

    def suggestions(self, request: Request, typed: str) -> tuple[Choice, ...]:
        """Return what somebody may mean who is still typing, out of what is known at once."""
        return self._desk.suggestions(request, self._decide(request), typed)

    def _decide(self, request: Request) -> Decision:
        return decide(request.command, request.invoker, request.place, self._settings(), self._application)

    def _settings(self) -> SettingsFacts | None:
        view = self._io.view(SettingsView)
        return view.facts if view else None

    @handles
    async def answer(self, wanted: AnswerInteraction, io: EdgeContext) -> InteractionClosed | Outcome | None:
        """Show the reply to the person who asked."""
        return await self._desk.answer(wanted, io)

    @handles
    async def answer_at_once(
        self, wanted: AnswerAtOnce, io: EdgeContext
    ) -> InteractionClosed | Outcome | None:
        """Show the reply to the person who asked; it need not be on disk first."""
        return await self._desk.answer(wanted, io)

    # --- what is shown and counted

    async def _report(self) -> None:
        while True:
            await self._io.clock.sleep(REPORT_INTERVAL)
            # What cannot be recorded now is told with the next counts.
            if self._counted != ActivityCounted() and not self._io.publish(self._counted).was_refused:
                self._counted = ActivityCounted()
            self._show()

    def _count(self, *, messages: int = 0, commands: int = 0, errors: int = 0) -> None:
        before = self._counted
        self._counted = ActivityCounted(
            messages=before.messages + messages,
            commands=before.commands + commands,
            errors=before.errors + errors,
        )

    def _change(self, link: Link, reason: str = "") -> None:
        if (link, reason) == (self._link, self._reason):
            return
        if link is not self._link:
            self._since = self._io.clock.now()
        self._link, self._reason = link, reason
        self._io.publish(LinkChanged(link=link, reason=reason))
        self._show()

    def _show(self) -> None:
        door = self._doorway.door
        guilds, users = door.census() if door and self._link is Link.READY else (None, None)
        self._io.show(
            GatewayView(
                link=self._link,
                since=self._since,
                reason=self._reason,
                latency=_finite(door.latency()) if door else None,
                guilds=guilds,
                users=users,
                application=self._application,
            )
        )


def _finite(latency: float | None) -> float | None:
    """Return *latency*; None before the first heartbeat and in an outage: inf or nan."""
    return latency if latency is not None and latency < float("inf") else None
