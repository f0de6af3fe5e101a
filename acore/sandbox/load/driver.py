"""Drives a sandbox as many people would: so many messages and commands a second, whatever comes back."""

import random
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from itertools import count

import aiohttp
import anyio
import anyio.lowlevel

from acore.sandbox import realtime
from acore.sandbox.load.arrivals import Arrivals, moments
from acore.sandbox.load.caller import Caller, Heard
from acore.sandbox.load.remote import Remote
from acore.sandbox.load.report import LoadReport, Saturation, limit_of
from acore.sandbox.load.sole import sole_error
from acore.sandbox.load.tally import Remembered, Sent, Tally
from acore.sandbox.parameters import parameter
from acore.sandbox.person import forms
from acore.sandbox.shapes import Json, as_object, as_objects
from acore.sandbox.state.kinds import MessageFlag

MAX_CONNECTED = 50
"""People with a gateway connection; everybody else only asks over REST."""
MAX_WAITING = 2000
"""Requests on their way; beyond, nothing more is sent and each that was due counts as a failure."""
MAX_RATE = 100_000
"""Messages or commands a second that may be wanted; more than any machine sends, so that planning ends."""
PATIENCE = 5.0
"""Seconds to wait in the end for answers still to come; Discord gives a bot three for the first."""
REST_SECONDS = 30.0
TOO_MANY = f"not sent, as {MAX_WAITING} requests were waiting for an answer"
UNANSWERED = "the bot did not respond"
UNFINISHED = f"no answer within {PATIENCE:g} s of the end"


class LoadError(Exception):
    """There is nothing to drive."""


class NobodyThereError(LoadError):
    """No user of the sandbox can say anything anywhere."""

    def __init__(self) -> None:
        super().__init__("no user of this sandbox is in a guild with a channel; give it some with --world")


class NoCommandError(LoadError):
    """There is no command that can be used."""

    def __init__(self, name: str | None, known: Iterable[str]) -> None:
        there_are = ", ".join(f"/{one}" for one in known) or "none; does the bot run?"
        if name is None:
            super().__init__(f"no command can be used without options; there are: {there_are}")
        else:
            super().__init__(
                f"/{name} cannot be used without options or does not exist; there are: {there_are}"
            )


@dataclass(frozen=True, kw_only=True)
class LoadPlan:
    """What is asked for."""

    messages: float = parameter(0.0, "Messages a second.", minimum=0, maximum=MAX_RATE)
    commands: float = parameter(0.0, "Commands a second.", minimum=0, maximum=MAX_RATE)
    users: int = parameter(10, "From how many people.", minimum=1)
    guilds: int = parameter(1, "In how many guilds at most.", minimum=1)
    command: str | None = parameter(None, "Which command, e.g. ping; any that needs no options if none.")
    seconds: float = parameter(10.0, "How many seconds it goes on.", minimum=0.1, maximum=86400)
    arrivals: str = parameter(
        Arrivals.POISSON.value,
        "When things are sent: at random as many people do, or evenly.",
        choices=tuple(one.value for one in Arrivals),
    )
    seed: int | None = parameter(None, "Makes the moments and choices of people the same again.")


class Driver:
    """One run against a running sandbox.

    Args:
        state: what its state file says.
        plan: what is asked for.
        on_progress: told how many seconds have passed.
    """

    def __init__(self, state: Json, plan: LoadPlan, on_progress: Callable[[float], None]) -> None:
        self._api = str(state["api_v10"])
        self._tokens = [str(one["token"]) for one in as_objects(state["users"])][: plan.users]
        self._control = Remote(as_object(state.get("control")))
        self._saturation: Saturation | None = None
        self._plan = plan
        self._on_progress = on_progress
        self._random = random.Random(plan.seed)  # noqa: S311 - no secret
        self._messages, self._commands = Tally(plan.messages), Tally(plan.commands)
        self._said, self._replied_to = Remembered[str](), Remembered[str]()
        self._started, self._begun = Remembered[str](), Remembered[str]()
        self._numbers = count(self._random.randrange(10**17, 10**18))
        self._callers: list[Caller] = []
        self._speaking: list[Caller] = []
        self._everybody: list[Caller] = []
        self._waiting = 0
        self._sending = anyio.CancelScope()
        self._data: Json = {}
        self._application_id = ""

    def stop(self) -> None:
        """Send nothing more; the report is about what was."""
        self._sending.cancel()

    async def run(self) -> LoadReport:
        """Drive, and return how it went.

        Raises:
            LoadError: there is nobody to say anything, or nothing to use.
            aiohttp.ClientError: the sandbox cannot be reached.
            TimeoutError: it does not let people in.
        """
        connector = aiohttp.TCPConnector(limit=0)
        timeout = aiohttp.ClientTimeout(total=REST_SECONDS)
        with sole_error():
            async with aiohttp.ClientSession(connector=connector, timeout=timeout) as http:
                try:
                    return await self._run(http)
                finally:
                    with anyio.CancelScope(shield=True):
                        for caller in self._callers:
                            await caller.close()
        raise AssertionError  # it returned, or raised

    async def _run(self, http: aiohttp.ClientSession) -> LoadReport:
        seconds, share = 0.0, 0.0
        missing = self._plan.users - len(self._tokens)
        if missing > 0:
            self._tokens += await self._control.people(http, missing, self._plan.guilds)
        await self._connect(http)
        if self._plan.commands:
            await self._find_command(http)
        await self._control.measure(http, self._plan.seconds + PATIENCE)
        async with anyio.create_task_group() as listening:
            for caller in self._callers:
                listening.start_soon(caller.listen)
            began, worked = realtime.monotonic(), realtime.processor_seconds()
            await self._send(began)
            seconds = max(realtime.monotonic() - began, 1e-9)
            share = (realtime.processor_seconds() - worked) / seconds
            with suppress(aiohttp.ClientError):  # it is gone, which the report tells
                self._saturation = await self._control.measured(http)
            await self._wait_for_answers()
            listening.cancel_scope.cancel()
        return self._report(min(seconds, self._plan.seconds), share)

    # -- before

    async def _connect(self, http: aiohttp.ClientSession) -> None:
        """Let people in, as many of them as may be connected.

        Raises:
            NobodyThereError: none of them can say anything anywhere.
        """
        places: dict[str, list[str]] = {}
        silent: list[Caller] = []
        for number, token in enumerate(self._tokens):
            caller = Caller(http, self._api, token, self._hear)
            if number < MAX_CONNECTED:
                self._callers.append(caller)
                await caller.connect()
                caller.channels = dict(list(caller.channels.items())[: self._plan.guilds])
                places |= caller.channels
            else:
                caller.channels = places
                silent.append(caller)
        self._speaking = [one for one in self._callers if one.channels]
        self._everybody = self._speaking + silent
        if not self._speaking:
            raise NobodyThereError

    async def _find_command(self, http: aiohttp.ClientSession) -> None:
        """Find the command that is meant, or any that needs no options.

        Raises:
            NoCommandError: there is none.
        """
        first = self._speaking[0]
        url = f"{self._api}/guilds/{next(iter(first.channels))}/application-command-index"
        async with http.get(url, headers=first.headers) as response:
            listed = as_objects(as_object(await response.json()).get("application_commands"))
        slash = [one for one in listed if one.get("type", 1) == 1]
        known = [path for one in slash for path, _ in forms.paths(one)]
        for one in slash:
            for path, level in forms.paths(one):
                needs = any(option.get("required") for option in as_objects(level.get("options")))
                if not needs and self._plan.command in {None, path}:
                    self._data, _ = forms.command_data(one, path.split()[1:], {})
                    self._application_id = str(one["application_id"])
                    return
        raise NoCommandError(self._plan.command, known)

    # -- meanwhile

    async def _send(self, began: float) -> None:
        plan = self._plan
        with self._sending:
            async with anyio.create_task_group() as tasks:
                for rate, tally, act in (
                    (plan.messages, self._messages, self._say),
                    (plan.commands, self._commands, self._invoke),
                ):
                    source = random.Random(self._random.random())  # noqa: S311 - no secret
                    due = moments(rate, plan.seconds, Arrivals(plan.arrivals), source)
                    tasks.start_soon(self._at_moments, began, due, tally, act)
                tasks.start_soon(self._tell_progress, began)

    async def _at_moments(
        self,
        began: float,
        due: Iterable[float],
        tally: Tally,
        act: Callable[[Sent], Awaitable[None]],
    ) -> None:
        """Act at each moment, without waiting for what becomes of it."""
        async with anyio.create_task_group() as acting:
            async for moment in at_moments(began, due):
                if self._waiting >= MAX_WAITING:
                    tally.refuse(TOO_MANY)
                else:
                    self._waiting += 1
                    acting.start_soon(self._act, act, tally.send(moment, realtime.monotonic()))

    async def _act(self, act: Callable[[Sent], Awaitable[None]], sent: Sent) -> None:
        try:
            await act(sent)
        finally:
            self._waiting -= 1

    async def _say(self, sent: Sent) -> None:
        caller = self._random.choice(self._everybody)
        channel = self._random.choice(self._random.choice(list(caller.channels.values())))
        nonce = str(next(self._numbers))
        self._said.keep(nonce, sent)
        body: Json = {"content": f"load {nonce}", "nonce": nonce}
        refusal = await caller.post(f"/channels/{channel}/messages", body)
        if refusal is None:
            self._messages.acknowledge(sent, realtime.monotonic())
        else:
            self._messages.fail(sent, refusal.why)

    async def _invoke(self, sent: Sent) -> None:
        caller = self._random.choice(self._speaking)
        guild_id = self._random.choice(list(caller.channels))
        nonce = str(next(self._numbers))
        self._started.keep(nonce, sent)
        body: Json = {
            "type": 2,
            "application_id": self._application_id,
            "guild_id": guild_id,
            "channel_id": caller.channels[guild_id][0],
            "session_id": caller.session_id,
            "nonce": nonce,
            "data": self._data,
        }
        refusal = await caller.post("/interactions", body)
        if refusal is not None:
            self._commands.fail(sent, refusal.why)

    async def _tell_progress(self, began: float) -> None:
        while (passed := realtime.monotonic() - began) < self._plan.seconds:
            self._on_progress(passed)
            await realtime.sleep(min(0.1, self._plan.seconds - passed))

    def _hear(self, event: str, heard: Heard) -> None:
        now = realtime.monotonic()
        nonce = None if heard.nonce is None else str(heard.nonce)
        match event:
            case "MESSAGE_CREATE" | "MESSAGE_UPDATE":
                self._hear_message(heard, nonce, now)
            case "INTERACTION_CREATE":
                started = self._started.get(nonce)
                if started is not None:
                    self._begun.keep(str(heard.id), started)
            case "INTERACTION_SUCCESS":
                if (started := self._started.get(nonce)) is not None:
                    self._commands.acknowledge(started, now)
            case "INTERACTION_MODAL_CREATE":
                if (started := self._started.drop(nonce)) is not None:
                    self._commands.answer(started, now)
            case _:
                if (started := self._started.drop(nonce)) is not None:
                    self._commands.fail(started, UNANSWERED)

    def _hear_message(self, heard: Heard, nonce: str | None, now: float) -> None:
        said = self._said.drop(nonce)
        if said is not None:
            self._replied_to.keep(str(heard.id), said)
        if heard.message_reference is not None:
            replied = self._replied_to.drop(heard.message_reference.message_id)
            if replied is not None:
                self._messages.answer(replied, now)
        source = heard.interaction_metadata
        begun = None if source is None else self._begun.get(source.id)
        if begun is not None:
            if heard.flags & MessageFlag.LOADING:
                self._commands.acknowledge(begun, now)
            else:
                self._commands.answer(begun, now)

    # -- afterwards

    async def _wait_for_answers(self) -> None:
        until = realtime.monotonic() + PATIENCE
        while self._started.open() and realtime.monotonic() < until:
            await realtime.sleep(0.02)
        for sent in self._started.open():
            self._commands.fail(sent, UNFINISHED)

    def _report(self, seconds: float, share: float) -> LoadReport:
        messages, commands = self._messages, self._commands
        streams = [
            messages.report(seconds, messages.acknowledgements.count) if self._plan.messages else None,
            commands.report(seconds, commands.answered) if self._plan.commands else None,
        ]
        unanswered = commands.failures[UNANSWERED] + commands.failures[UNFINISHED]
        sandbox = self._saturation
        limit = limit_of([one for one in streams if one is not None], share, sandbox, unanswered)
        return LoadReport(
            seconds=seconds,
            arrivals=self._plan.arrivals,
            users=len(self._everybody),
            connected=len(self._speaking),
            guilds=len({guild for one in self._speaking for guild in one.channels}),
            was_interrupted=self._sending.cancel_called,
            messages=streams[0],
            commands=streams[1],
            driver_processor_share=share,
            sandbox=sandbox,
            limit=limit,
            verdict=limit.sentence,
        )


async def at_moments(began: float, due: Iterable[float]) -> AsyncGenerator[float]:
    """Yield each moment when it has come: what is late comes at once, with the moment at which it was due.

    Args:
        began: when the first second began, of the clock that never steps back.
        due: seconds from there.
    """
    for offset in due:
        pause = began + offset - realtime.monotonic()
        if pause > 0:
            await realtime.sleep(pause)
        else:
            await anyio.lowlevel.checkpoint()
        yield began + offset
