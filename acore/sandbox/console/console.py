"""A chat window in a terminal: a person speaks and invokes commands, and sees what Discord would show.

`/name option:value` invokes a command, plain text is said, and a word after `!` is for the console itself.
"""

from collections.abc import AsyncGenerator, AsyncIterator, Callable, Coroutine, Mapping, Sequence
from contextlib import asynccontextmanager

import anyio
from anyio.abc import TaskGroup, TaskStatus

from acore.sandbox.console import grammar, orders, outcome
from acore.sandbox.console.ink import clean
from acore.sandbox.console.outcome import Outcome, Result
from acore.sandbox.console.screen import Screen, Show
from acore.sandbox.console.seats import Seat
from acore.sandbox.person.feed import GatewayLostError, PersonError, SeenEvent
from acore.sandbox.person.forms import UnknownCommandError
from acore.sandbox.person.invocation import Invocation
from acore.sandbox.person.person import Person
from acore.sandbox.person.places import UnknownPlaceError
from acore.sandbox.shapes import Json

ANSWER_SECONDS = 60.0

type Lines = AsyncIterator[str]
"""What a person types, line by line."""
type Users = Callable[[], Mapping[str, str]]
"""Tells the users' tokens by name, as they are now; the first is who begins."""


class Console:
    """One person at a time in front of a sandbox.

    Args:
        api: the base of the sandbox's REST API.
        users: the users' tokens by name.
        show: puts text before the person.
        colour: whether it may be coloured.
        width: how many columns it may have; the terminal's by default.
        is_live: whether a line is done as soon as Discord has it, and answers appear as they come; otherwise
            each line is followed to its end.
    """

    def __init__(
        self,
        api: str,
        users: Users,
        show: Show,
        *,
        colour: bool = False,
        width: int | None = None,
        is_live: bool = False,
    ) -> None:
        self.users = users
        self.screen = Screen(show, colour=colour, width=width)
        self.has_left = False
        self.on_form: Callable[[], None] = _nothing
        """Called when a bot shows a form to the user at the console."""
        self.on_news: Callable[[], None] = _nothing
        """Called when something has changed that may be seen."""
        self._api = api
        self._is_live = is_live
        self._seats: dict[str, Seat] = {}
        self._tasks: TaskGroup | None = None
        self._is_closing = False
        self.username = ""

    @property
    def seat(self) -> Seat:
        """Who is at the console."""
        return self._seats[self.username]

    @property
    def person(self) -> Person:
        """The client of who is at the console."""
        return self.seat.person

    @property
    def is_live(self) -> bool:
        """Whether answers appear as they come."""
        return self._is_live

    @asynccontextmanager
    async def opened(
        self, username: str | None = None, channel: str | None = None
    ) -> AsyncGenerator["Console"]:
        """Connect, as this user and looking at this channel; by default the first ones.

        Raises:
            UnknownPlaceError: there is no such user or channel.
            GatewayLostError: the sandbox is gone, now or later.
        """
        try:
            async with anyio.create_task_group() as tasks:
                self._tasks = tasks
                await self.become(username or next(iter(self.users())))
                if channel is not None:
                    await self.look_at(await self.channel_named(channel))
                yield self
                self._is_closing = True
                tasks.cancel_scope.cancel()
        except BaseExceptionGroup as group:
            errors = _flat(group)
            # Whatever else went wrong is also why the connection was lost.
            others = [one for one in errors if not isinstance(one, PersonError)]
            if len(others) <= 1:
                raise (others or errors)[0] from None
            raise

    async def obey(self, line: str) -> Outcome:
        """Do what a line says, show what is to be seen of it, and return what came of it.

        Raises:
            GatewayLostError: the sandbox is gone.
        """
        return await self.perform(self._do(line.strip()))

    async def perform(self, act: Coroutine[object, object, Outcome]) -> Outcome:
        """Do something, show what is to be seen of it, and return what came of it.

        Raises:
            GatewayLostError: the sandbox is gone.
        """
        try:
            done = await act
        except GatewayLostError:
            raise
        except (PersonError, TimeoutError) as error:
            done = outcome.of_error(error)
        self._report(done)
        return done

    async def _do(self, line: str) -> Outcome:
        if line.startswith("/"):
            return await self._invoke(line[1:])
        if line.startswith("!"):
            return await orders.obey(self, line[1:])
        if line:
            return await self.say(line)
        return Outcome(Result.DONE)

    def _report(self, done: Outcome) -> None:
        if done.error is not None:
            self.screen.fail(done.error)
        if done.modal is not None:
            self.screen.form(done.modal)
            self.on_form()
        if done.note is not None:
            self.screen.show(clean(done.note))

    # -- what a line may do

    async def say(self, text: str, reply_to: Json | None = None) -> Outcome:
        """Say something where the user looks; @name and #name become mentions.

        Raises:
            RefusedError: Discord would not take it.
        """
        seat = self.seat
        said = await self.person.say(
            self.person.around(seat.channel_id).with_mentions(text),
            channel_id=seat.channel_id,
            reply_to=None if reply_to is None else reply_to["id"],
        )
        await self.person.catch_up()
        return Outcome(Result.DONE, messages=[said])

    async def _invoke(self, typed: str) -> Outcome:
        words = grammar.split(typed)
        if not words:
            return Outcome(Result.DONE, note=orders.help_text())
        return await self.follow(await self.start(words), f"/{words[0]}")

    async def start(self, words: Sequence[str]) -> Invocation:
        """Invoke a slash command where the user looks, without waiting for the bot.

        Args:
            words: its name, those of group and sub-command, and name:value for each option.

        Raises:
            PersonError: there is no such command, or it does not take this.
        """
        read = grammar.command_line(words)
        if not read.names:
            raise UnknownCommandError(words[0])
        channel_id = self.seat.channel_id
        declared = await self.person.command(read.names[0], channel_id=channel_id)
        around = self.person.around(channel_id)
        values = await grammar.option_values(declared, read.names[1:], read.options, around)
        return await self.person.start_invoke(" ".join(read.names), values, channel_id=channel_id)

    async def follow(self, invocation: Invocation, what: str) -> Outcome:
        """Wait for what a bot makes of something; live, that is reported when it comes."""
        seat = self.seat
        seat.waiting.append(what)
        if not self._is_live:
            return await self._followed(seat, invocation, what)
        self._task_group.start_soon(self._watch, seat, invocation, what)
        return Outcome(Result.DONE)

    async def _followed(self, seat: Seat, invocation: Invocation, what: str) -> Outcome:
        try:
            return await outcome.follow(seat.person, invocation, ANSWER_SECONDS)
        finally:
            seat.waiting.remove(what)

    async def _watch(self, seat: Seat, invocation: Invocation, what: str) -> None:
        done = await self._followed(seat, invocation, what)
        if seat is self.seat:
            self._report(done)
        self.on_news()

    # -- who, and where

    async def become(self, username: str) -> None:
        """Go on as another user, who sees what they have missed.

        Raises:
            UnknownPlaceError: there is no such user.
            GatewayLostError: the sandbox is gone.
        """
        tokens = self.users()
        if username not in tokens:
            raise UnknownPlaceError("user", username, list(tokens))
        before = self._seats.get(self.username)
        if username not in self._seats:
            person = await self._task_group.start(self._keep, tokens[username])
            self._seats[username] = await self._seated(username, person, before)
        await self._seats[username].person.catch_up()
        self.username = username
        seat = self.seat
        held, seat.held = seat.held, []
        for event, was in held:
            self.screen.happened(seat, event, was, is_late=True)
        self.on_news()

    async def _seated(self, username: str, person: Person, before: Seat | None) -> Seat:
        """Return a new seat, looking where the user before looked if this one may."""
        known = person.places.channel(before.channel_id) if before is not None else {}
        is_shared = before is not None and known and before.guild_id is not None
        seat = Seat(username, person, before.channel_id if before and is_shared else person.channel_id)
        person.listen(lambda event: self._heard(seat, event))
        await seat.read_back(seat.channel_id)
        return seat

    async def _keep(self, token: str, *, task_status: TaskStatus[Person]) -> None:
        async with Person(self._api, token) as person:
            task_status.started(person)
            await person.lost()
            if not self._is_closing:
                raise GatewayLostError

    async def look_at(self, channel_id: str) -> None:
        """Look at another channel, and show what is new there.

        Raises:
            RefusedError: the user may not.
        """
        seat = self.seat
        await seat.read_back(channel_id)
        seat.channel_id = channel_id
        fresh = seat.unread.pop(channel_id, 0)
        for message in seat.here[-fresh:] if fresh else []:
            self.screen.message(seat, message)
        self.on_news()

    async def channel_named(self, name: str) -> str:
        """Return the id of a channel, or with `@` before the name that of the direct message with somebody.

        Raises:
            UnknownPlaceError: there is none.
        """
        if name.startswith("@"):
            return await self.person.direct_channel(self.person.user_named(name))
        return self.person.channel_named(name, self.seat.guild_id)

    def _heard(self, seat: Seat, event: SeenEvent) -> None:
        before = seat.take(event)
        if seat is self._seats.get(self.username):
            self.screen.happened(seat, event, before)
            self.on_news()
        else:
            seat.held.append((event, before))

    @property
    def _task_group(self) -> TaskGroup:
        assert self._tasks is not None  # noqa: S101 - nothing is done before it is opened
        return self._tasks


def _nothing() -> None:
    """Do nothing: nobody looks."""


def _flat(group: BaseExceptionGroup[BaseException]) -> list[BaseException]:
    """Return the errors of a group that are no groups themselves."""
    found: list[BaseException] = []
    for error in group.exceptions:
        match error:
            case BaseExceptionGroup():
                found += _flat(error)
            case _:
                found.append(error)
    return found
