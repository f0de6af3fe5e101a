"""Ways to cheat the guard, each as somebody might write it without a thought.

All are refused, by the file and line that `# here` marks.
"""

# ruff: noqa: ANN401, ARG002, ASYNC210, ASYNC221, ASYNC230, ASYNC240, ASYNC250, B006, B007, BLE001, DTZ011, F841 - cheats
# ruff: noqa: ICN001, LOG015, PLC0415, PLW0108, PLW0603, PTH123, RUF006, S102, S110, S307, S311, SIM105 - are what these
# ruff: noqa: SIM115, T201, TID251 - rules of ruff's are against, too
# pyright: reportUnusedClass=false, reportUnusedVariable=false, reportUnusedFunction=false

import asyncio
import builtins
import dataclasses
import datetime as dt
import importlib
import inspect
import io
import itertools
import logging
import os
import random as dice
import secrets
import socket
import sqlite3
import subprocess
import sys
import threading
import time as watch
import urllib.request
from asyncio import create_task as go
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Coroutine
from datetime import UTC, date, datetime
from functools import cached_property, lru_cache, partial, wraps
from os import urandom
from pathlib import Path
from random import Random, SystemRandom, random
from time import monotonic
from time import time as t
from types import MappingProxyType
from typing import Any, Protocol, cast
from uuid import uuid4

import anyio
import msgspec
import pytest
from loguru import logger

from acore.clock import RealClock
from acore.events.base import Command, Event
from acore.events.catalog import wire
from acore.record import Record
from acore.runtime.actor import Actor, Context
from acore.runtime.forbidden import ForbiddenAwaitError, ForbiddenNameError, SharedStateError
from acore.runtime.guard import rule
from acore.runtime.handlers import handles


class Nothing(msgspec.Struct):
    pass


@wire("test.cheats.wanted")
class Wanted(Event):
    """Something is wanted."""

    n: int = 0

    def roll(self) -> float:
        return random()  # here: roll of a message


@wire("test.cheats.get")
class Get(Command[int]):
    """How many?"""


# --- tasks, time and chance, by every name they go by


def starts_a_task() -> None:
    class Bad(Actor[Nothing]):
        async def on_start(self, ctx: Context) -> None:
            asyncio.create_task(asyncio.sleep(1))  # here


def starts_a_task_by_another_name() -> None:
    class Bad(Actor[Nothing]):
        async def on_start(self, ctx: Context) -> None:
            go(self.on_stop(ctx))  # here


def starts_a_task_of_a_module_imported_inside() -> None:
    class Bad(Actor[Nothing]):
        async def on_start(self, ctx: Context) -> None:
            import asyncio  # here

            asyncio.create_task(self.on_stop(ctx))


def starts_a_task_imported_inside() -> None:
    class Bad(Actor[Nothing]):
        async def on_start(self, ctx: Context) -> None:
            from asyncio import ensure_future  # here

            ensure_future(self.on_stop(ctx))


def starts_a_thread() -> None:
    class Bad(Actor[Nothing]):
        async def on_start(self, ctx: Context) -> None:
            threading.Thread(target=print).start()  # here


def takes_the_time() -> None:
    class Bad(Actor[Nothing]):
        async def on_start(self, ctx: Context) -> None:
            began = t()  # here


def takes_the_time_of_a_renamed_module() -> None:
    class Bad(Actor[Nothing]):
        async def on_start(self, ctx: Context) -> None:
            watch.perf_counter()  # here


def asks_datetime_for_now() -> None:
    class Bad(Actor[Nothing]):
        async def on_start(self, ctx: Context) -> None:
            datetime.now(UTC)  # here


def asks_datetime_through_its_module() -> None:
    class Bad(Actor[Nothing]):
        async def on_start(self, ctx: Context) -> None:
            later = dt.timedelta(1) + dt.datetime.now(UTC)  # here


def asks_datetime_imported_inside() -> None:
    class Bad(Actor[Nothing]):
        async def on_start(self, ctx: Context) -> None:
            from datetime import datetime as when

            when.now(UTC)  # here


def asks_datetime_through_a_module_imported_inside() -> None:
    class Bad(Actor[Nothing]):
        async def on_start(self, ctx: Context) -> None:
            import datetime as d

            d.datetime.now(UTC)  # here


def asks_datetime_through_a_variable() -> None:
    class Bad(Actor[Nothing]):
        async def on_start(self, ctx: Context) -> None:
            kind = datetime
            kind.now(UTC)  # here


def asks_datetime_through_a_variable_of_the_function_around() -> None:
    class Bad(Actor[Nothing]):
        async def on_start(self, ctx: Context) -> None:
            kind = datetime

            def begin() -> datetime:
                return kind.now(UTC)  # here

            begin()


what_time = datetime.now
in_london = partial(datetime.now, UTC)


def keeps_now_under_another_name() -> None:
    class Bad(Actor[Nothing]):
        async def on_start(self, ctx: Context) -> None:
            what_time(UTC)  # here


def keeps_now_in_a_partial() -> None:
    class Bad(Actor[Nothing]):
        async def on_start(self, ctx: Context) -> None:
            in_london()  # here


def gets_now_by_its_name() -> None:
    class Bad(Actor[Nothing]):
        async def on_start(self, ctx: Context) -> None:
            getattr(datetime, "now")(UTC)  # here  # noqa: B009


def gives_now_as_a_default() -> None:
    class Bad(Actor[Nothing]):
        @handles
        async def take(
            self,
            wanted: Wanted,
            ctx: Context,
            *,
            now: Callable[[Any], datetime] = datetime.now,  # here
        ) -> None:
            now(UTC)


def gives_a_time_as_a_default() -> None:
    class Bad(Actor[Nothing]):
        def began(self, at: Callable[[], float] = monotonic) -> float:  # here
            return at()


def takes_today() -> None:
    class Bad(Actor[Nothing]):
        async def on_start(self, ctx: Context) -> None:
            date.today()  # here


def rolls_dice() -> None:
    class Bad(Actor[Nothing]):
        async def on_start(self, ctx: Context) -> None:
            dice.randint(1, 6)  # here


def rolls_hidden_dice() -> None:
    class Bad(Actor[Nothing]):
        async def on_start(self, ctx: Context) -> None:
            random()  # here


def rolls_dice_of_its_own() -> None:
    class Bad(Actor[Nothing]):
        async def on_start(self, ctx: Context) -> None:
            Random(7).random()  # here


def rolls_the_dice_of_the_system() -> None:
    class Bad(Actor[Nothing]):
        async def on_start(self, ctx: Context) -> None:
            SystemRandom().random()  # here


def makes_up_an_id() -> None:
    class Bad(Actor[Nothing]):
        async def on_start(self, ctx: Context) -> None:
            uuid4()  # here


def takes_bytes_of_chance() -> None:
    class Bad(Actor[Nothing]):
        async def on_start(self, ctx: Context) -> None:
            urandom(4)  # here


def makes_up_a_token() -> None:
    class Bad(Actor[Nothing]):
        async def on_start(self, ctx: Context) -> None:
            secrets.token_hex()  # here


# --- the outside


def opens_a_file() -> None:
    class Bad(Actor[Nothing]):
        async def on_start(self, ctx: Context) -> None:
            open("notes")  # here


def opens_a_file_the_other_way() -> None:
    class Bad(Actor[Nothing]):
        async def on_start(self, ctx: Context) -> None:
            io.open("notes")  # here  # noqa: UP020


def opens_a_file_by_its_full_name() -> None:
    class Bad(Actor[Nothing]):
        async def on_start(self, ctx: Context) -> None:
            builtins.open("notes")  # here


def reads_a_path() -> None:
    class Bad(Actor[Nothing]):
        async def on_start(self, ctx: Context) -> None:
            Path("notes").read_text()  # here


def reads_the_environment() -> None:
    class Bad(Actor[Nothing]):
        async def on_start(self, ctx: Context) -> None:
            os.environ.get("HOME")  # here


def opens_a_socket() -> None:
    class Bad(Actor[Nothing]):
        async def on_start(self, ctx: Context) -> None:
            socket.create_connection(("localhost", 1))  # here


def runs_a_program() -> None:
    class Bad(Actor[Nothing]):
        async def on_start(self, ctx: Context) -> None:
            subprocess.run(["true"], check=True)  # here


def fetches_a_page() -> None:
    class Bad(Actor[Nothing]):
        async def on_start(self, ctx: Context) -> None:
            urllib.request.urlopen("http://localhost")  # here


def opens_a_database() -> None:
    class Bad(Actor[Nothing]):
        async def on_start(self, ctx: Context) -> None:
            sqlite3.connect(":memory:")  # here


def prints() -> None:
    class Bad(Actor[Nothing]):
        async def on_start(self, ctx: Context) -> None:
            print("started")  # here


def waits_for_the_keyboard() -> None:
    class Bad(Actor[Nothing]):
        async def on_start(self, ctx: Context) -> None:
            input()  # here


def writes_to_standard_error() -> None:
    class Bad(Actor[Nothing]):
        async def on_start(self, ctx: Context) -> None:
            sys.stderr.write("started")  # here


def logs() -> None:
    class Bad(Actor[Nothing]):
        async def on_start(self, ctx: Context) -> None:
            logging.info("started")  # here


def logs_as_acore_does() -> None:
    class Bad(Actor[Nothing]):
        async def on_start(self, ctx: Context) -> None:
            logger.info("started")  # here


# --- by ways on which no name is to be seen


def imports_by_name() -> None:
    class Bad(Actor[Nothing]):
        async def on_start(self, ctx: Context) -> None:
            importlib.import_module("time").time()  # here


def imports_by_the_builtin() -> None:
    class Bad(Actor[Nothing]):
        async def on_start(self, ctx: Context) -> None:
            __import__("time").time()  # here


def evaluates() -> None:
    class Bad(Actor[Nothing]):
        async def on_start(self, ctx: Context) -> None:
            eval("watch.time()")  # here


def executes() -> None:
    class Bad(Actor[Nothing]):
        async def on_start(self, ctx: Context) -> None:
            exec("watch.time()")  # here


def looks_among_the_globals() -> None:
    class Bad(Actor[Nothing]):
        async def on_start(self, ctx: Context) -> None:
            globals()["watch"].time()  # here


def decides_by_a_hash() -> None:
    class Bad(Actor[Nothing]):
        async def on_start(self, ctx: Context) -> None:
            hash(ctx.actor)  # here


def decides_by_an_identity() -> None:
    class Bad(Actor[Nothing]):
        async def on_start(self, ctx: Context) -> None:
            id(self)  # here


# --- not in the handler itself


def hides_it_in_a_static_method() -> None:
    class Bad(Actor[Nothing]):
        @staticmethod
        def roll() -> float:
            return random()  # here


def hides_it_in_a_class_method() -> None:
    class Bad(Actor[Nothing]):
        @classmethod
        def roll(cls) -> float:
            return random()  # here


def hides_it_in_a_property() -> None:
    class Bad(Actor[Nothing]):
        @property
        def roll(self) -> float:
            return random()  # here


def hides_it_in_a_cached_property() -> None:
    class Bad(Actor[Nothing]):
        @cached_property
        def roll(self) -> float:
            return random()  # here


def hides_it_in_a_function_inside() -> None:
    class Bad(Actor[Nothing]):
        async def on_start(self, ctx: Context) -> None:
            def roll() -> float:
                return random()  # here

            roll()


def hides_it_in_a_lambda() -> None:
    class Bad(Actor[Nothing]):
        async def on_start(self, ctx: Context) -> None:
            sorted(
                [1, 2],
                key=lambda _: random(),  # here
            )


def hides_it_in_a_lambda_of_the_class() -> None:
    class Bad(Actor[Nothing]):
        roll: Callable[[Any], float] = lambda _: random()  # here


def keeps_it_as_an_attribute() -> None:
    class Bad(Actor[Nothing]):
        """Ticks."""

        asks = ()
        ticks = monotonic  # here


def keeps_it_as_a_static_attribute() -> None:
    class Bad(Actor[Nothing]):
        ticks = staticmethod(monotonic)  # here


def timed[**P, R](method: Callable[P, R]) -> Callable[P, R]:
    @wraps(method)
    def wrapper(*args: P.args, **kwargs: P.kwargs) -> R:
        began = monotonic()  # here
        return method(*args, **kwargs)

    return wrapper


def is_decorated() -> None:
    class Bad(Actor[Nothing]):
        @timed
        def sum_up(self) -> int:
            return 1


class Mixin:
    def roll(self) -> float:
        return random()  # here


def inherits_it() -> None:
    class Bad(Mixin, Actor[Nothing]):
        pass


def roll_for(_n: int) -> float:
    return random()  # here


def calls_a_function_that_does() -> None:
    class Bad(Actor[Nothing]):
        async def on_start(self, ctx: Context) -> None:
            roll_for(1)


def roll_twice(n: int) -> float:
    return roll_for(n) + roll_for(n)


@lru_cache
def roll_once(n: int) -> float:
    return roll_twice(n)


def calls_a_function_that_calls_one_that_does() -> None:
    class Bad(Actor[Nothing]):
        async def on_start(self, ctx: Context) -> None:
            roll_once(1)


class Die:
    def __init__(self) -> None:
        self.last = random()  # here: made of a class

    def throw(self) -> float:
        return t()  # here: method of an object

    @classmethod
    def load(cls) -> "Die":
        return open("die") and cls()  # here: never called


def makes_an_object_that_does() -> None:
    class Bad(Actor[Nothing]):
        async def on_start(self, ctx: Context) -> None:
            Die()


class Bowl:
    def throw(self) -> float:
        return t()  # here


bowl = Bowl()


def uses_an_object_that_does() -> None:
    class Bad(Actor[Nothing]):
        async def on_start(self, ctx: Context) -> None:
            bowl.throw()


def uses_acores_own_clock() -> None:
    class Bad(Actor[Nothing]):
        async def on_start(self, ctx: Context) -> None:
            RealClock().now()


def uses_a_method_of_its_message() -> None:
    class Bad(Actor[Nothing]):
        @handles
        async def take(self, wanted: Wanted, ctx: Context) -> None:
            wanted.roll()


class Shaker:
    def shake(self) -> float:
        return t()  # here


type Shakers = tuple[Shaker | None, ...]


def uses_a_method_of_what_it_is_given() -> None:
    class Bad(Actor[Nothing]):
        def shake_all(self, shakers: Shakers) -> None:
            for one in shakers:
                if one is not None:
                    one.shake()


class Ticking(msgspec.Struct):
    began: float = msgspec.field(default_factory=t)  # here


def has_a_state_that_is_made_of_it() -> None:
    class Bad(Actor[Ticking]):
        pass


class Counting(msgspec.Struct):
    n: int = 0

    def throw(self) -> None:
        self.n += dice.randint(1, 6)  # here


def has_a_state_that_does() -> None:
    class Bad(Actor[Counting]):
        async def on_start(self, ctx: Context) -> None:
            self.state.throw()


@dataclasses.dataclass
class Ticket:
    number: object = dataclasses.field(default_factory=uuid4)  # here


def makes_a_dataclass_that_does() -> None:
    class Bad(Actor[Nothing]):
        async def on_start(self, ctx: Context) -> None:
            Ticket()


TABLE = MappingProxyType({"roll": roll_for})


def looks_up_a_function_that_does() -> None:
    class Bad(Actor[Nothing]):
        async def on_start(self, ctx: Context) -> None:
            TABLE["roll"](1)


# --- awaits, also those that would never suspend and so never reach the driver


class Awaiting(Protocol):
    """Whatever an actor was handed."""

    def acquire(self) -> Awaitable[bool]: ...
    def get(self) -> Awaitable[int]: ...
    def ask(self, what: object) -> Awaitable[int]: ...
    async def __aenter__(self) -> None: ...
    async def __aexit__(self, *_: object) -> None: ...
    def __aiter__(self) -> AsyncIterator[int]: ...


def awaits_a_lock_that_is_free() -> None:
    class Bad(Actor[Nothing]):
        lock: Awaiting

        async def on_start(self, ctx: Context) -> None:
            await self.lock.acquire()  # here


def awaits_a_queue_that_is_not_empty() -> None:
    class Bad(Actor[Nothing]):
        queue: Awaiting

        async def on_start(self, ctx: Context) -> None:
            got = (
                1 + await self.queue.get()  # here
            )


def enters_a_lock() -> None:
    class Bad(Actor[Nothing]):
        lock: Awaiting

        async def on_start(self, ctx: Context) -> None:
            async with self.lock:  # here
                ctx.stop()


def goes_through_a_stream() -> None:
    class Bad(Actor[Nothing]):
        stream: Awaiting

        async def on_start(self, ctx: Context) -> None:
            async for one in self.stream:  # here
                ctx.stop()


def collects_a_stream() -> None:
    class Bad(Actor[Nothing]):
        stream: Awaiting

        async def on_start(self, ctx: Context) -> None:
            found = [one async for one in self.stream]  # here


def yields() -> None:
    class Bad(Actor[Nothing]):
        async def numbers(self) -> AsyncGenerator[int]:  # here
            yield 1


def tidies_up() -> None:
    class Bad(Actor[Nothing]):
        lock: Awaiting

        async def on_start(self, ctx: Context) -> None:
            try:
                await ctx.ask(Get())
            finally:
                await self.lock.acquire()  # here


def hides_the_error() -> None:
    class Bad(Actor[Nothing]):
        lock: Awaiting

        async def on_start(self, ctx: Context) -> None:
            try:
                await self.lock.acquire()  # here
            except BaseException:
                pass


def awaits_another_ask() -> None:
    class Bad(Actor[Nothing]):
        bus: Awaiting

        async def on_start(self, ctx: Context) -> None:
            await self.bus.ask(Get())  # here


def awaits_another_ask_under_a_short_name() -> None:
    class Bad(Actor[Nothing]):
        bus: Awaiting

        async def on_start(self, ctx: Context) -> None:
            bus = self.bus
            await bus.ask(Get())  # here


def awaits_what_it_kept() -> None:
    class Bad(Actor[Nothing]):
        async def on_start(self, ctx: Context) -> None:
            asked = ctx.ask(Get())
            await asked  # here


def awaits_what_it_is_given() -> None:
    class Bad(Actor[Nothing]):
        async def wait(self, done: Awaitable[None]) -> None:
            await done  # here


def begin(what: Awaiting) -> Awaitable[bool]:
    return what.acquire()


def awaits_what_a_function_returns() -> None:
    class Bad(Actor[Nothing]):
        lock: Awaiting

        async def on_start(self, ctx: Context) -> None:
            await begin(self.lock)  # here


async def take_turn(what: Awaiting) -> None:
    await what.acquire()  # here


def awaits_in_a_coroutine_of_its_own() -> None:
    class Bad(Actor[Nothing]):
        lock: Awaiting

        async def on_start(self, ctx: Context) -> None:
            await take_turn(self.lock)


def patient[**P](method: Callable[P, Coroutine[Any, Any, None]]) -> Callable[P, Coroutine[Any, Any, None]]:
    @wraps(method)
    async def wrapper(*args: P.args, **kwargs: P.kwargs) -> None:
        for one in args:
            await cast("Awaiting", one).acquire()  # here
        await method(*args, **kwargs)

    return wrapper


def awaits_in_a_decorator() -> None:
    class Bad(Actor[Nothing]):
        @patient
        async def wait(self, ctx: Context) -> None:
            await ctx.ask(Get())


REFUSED_AWAITS: list[tuple[Callable[[], None], str, Callable[..., Any] | None]] = [
    (awaits_a_lock_that_is_free, "self.lock.acquire()", None),
    (awaits_a_queue_that_is_not_empty, "self.queue.get()", None),
    (enters_a_lock, "its turn in an `async with`", None),
    (goes_through_a_stream, "each step of an `async for`", None),
    (collects_a_stream, "each step of an `async for`", None),
    (yields, "between the steps of an async generator", None),
    (tidies_up, "self.lock.acquire()", None),
    (hides_the_error, "self.lock.acquire()", None),
    (awaits_another_ask, "self.bus.ask(Get())", None),
    (awaits_another_ask_under_a_short_name, "bus.ask(Get())", None),
    (awaits_what_it_kept, "asked", None),
    (awaits_what_it_is_given, "done", None),
    (awaits_what_a_function_returns, "begin(self.lock)", None),
    (awaits_in_a_coroutine_of_its_own, "what.acquire()", take_turn),
    (awaits_in_a_decorator, "cast('Awaiting', one).acquire()", patient),
]


# --- state that no restart empties

SEEN: list[int] = []
KNOWN: dict[str, int] = {}
NUMBERS = itertools.count()
total = 0


def gathers_in_a_global() -> None:
    class Bad(Actor[Nothing]):
        async def on_start(self, ctx: Context) -> None:
            SEEN.append(ctx.seq)  # here


def remembers_in_a_global() -> None:
    class Bad(Actor[Nothing]):
        async def on_start(self, ctx: Context) -> None:
            KNOWN[ctx.actor] = 1  # here


def counts_in_a_global() -> None:
    class Bad(Actor[Nothing]):
        async def on_start(self, ctx: Context) -> None:
            next(NUMBERS)  # here


def rebinds_a_global() -> None:
    class Bad(Actor[Nothing]):
        async def on_start(self, ctx: Context) -> None:
            global total
            total = ctx.seq  # here


def remembers_in_a_default() -> None:
    class Bad(Actor[Nothing]):
        def note(self, n: int, seen: list[int] = []) -> None:  # here
            seen.append(n)


def counts_in_the_class() -> None:
    class Bad(Actor[Nothing]):
        numbers = itertools.count()  # here


class Tally:
    n = 0


def counts_in_another_class() -> None:
    class Bad(Actor[Nothing]):
        async def on_start(self, ctx: Context) -> None:
            Tally.n += 1  # here


def sets_what_a_module_says() -> None:
    class Bad(Actor[Nothing]):
        async def on_start(self, ctx: Context) -> None:
            dt.MINYEAR = 3  # here  # pyright: ignore[reportAttributeAccessIssue] - that is the cheat


SHARED: list[tuple[Callable[[], None], str]] = [
    (gathers_in_a_global, "SEEN.append"),
    (remembers_in_a_global, "KNOWN"),
    (counts_in_a_global, "NUMBERS"),
    (rebinds_a_global, "total"),
    (remembers_in_a_default, "seen"),
    (counts_in_the_class, "numbers"),
    (counts_in_another_class, "Tally.n"),
    (sets_what_a_module_says, "dt.MINYEAR"),
]


# --- rules


def level_from_a_file() -> None:
    @rule
    def level(n: int) -> int:
        return len(Path("levels").read_text()) + n  # here


def level_from_an_opened_file() -> None:
    @rule
    def level(n: int) -> int:
        with open("levels") as file:  # here
            return len(file.read()) + n


def level_of_today() -> None:
    @rule
    def level(n: int, today: Callable[[], date] = date.today) -> int:  # here
        return today().day + n


def level_by_chance() -> None:
    @rule
    def level(n: int) -> float:
        return roll_for(n)


def level_of_an_object() -> None:
    @rule
    def level(n: int) -> float:
        return Bowl().throw() + n


def level_of_a_record() -> None:
    @rule
    class level(Record):  # noqa: N801 - the refusals of rules are all alike here
        n: int

        def is_due(self) -> bool:
            return t() > self.n  # here


REFUSED_RULES: list[tuple[Callable[[], None], str, Callable[..., Any] | None]] = [
    (level_from_a_file, "Path", None),
    (level_from_an_opened_file, "open", None),
    (level_of_today, "today", None),
    (level_by_chance, "random", roll_for),
    (level_of_an_object, "t", Bowl),
    (level_of_a_record, "t", None),
]


REFUSED_NAMES: list[tuple[Callable[[], None], str, Callable[..., Any] | type | None]] = [
    (starts_a_task, "asyncio.create_task", None),
    (starts_a_task_by_another_name, "go", None),
    (starts_a_task_of_a_module_imported_inside, "asyncio", None),
    (starts_a_task_imported_inside, "asyncio.ensure_future", None),
    (starts_a_thread, "threading.Thread", None),
    (takes_the_time, "t", None),
    (takes_the_time_of_a_renamed_module, "watch.perf_counter", None),
    (asks_datetime_for_now, "datetime.now", None),
    (asks_datetime_through_its_module, "dt.datetime.now", None),
    (asks_datetime_imported_inside, "when.now", None),
    (asks_datetime_through_a_module_imported_inside, "d.datetime.now", None),
    (asks_datetime_through_a_variable, "kind.now", None),
    (asks_datetime_through_a_variable_of_the_function_around, "kind.now", None),
    (keeps_now_under_another_name, "what_time", None),
    (keeps_now_in_a_partial, "in_london", None),
    (gets_now_by_its_name, "datetime.now", None),
    (gives_now_as_a_default, "now", None),
    (gives_a_time_as_a_default, "at", None),
    (takes_today, "date.today", None),
    (rolls_dice, "dice.randint", None),
    (rolls_hidden_dice, "random", None),
    (rolls_dice_of_its_own, "Random", None),
    (rolls_the_dice_of_the_system, "SystemRandom", None),
    (makes_up_an_id, "uuid4", None),
    (takes_bytes_of_chance, "urandom", None),
    (makes_up_a_token, "secrets.token_hex", None),
    (opens_a_file, "open", None),
    (opens_a_file_the_other_way, "io.open", None),
    (opens_a_file_by_its_full_name, "builtins.open", None),
    (reads_a_path, "Path", None),
    (reads_the_environment, "os.environ.get", None),
    (opens_a_socket, "socket.create_connection", None),
    (runs_a_program, "subprocess.run", None),
    (fetches_a_page, "urllib.request.urlopen", None),
    (opens_a_database, "sqlite3.connect", None),
    (prints, "print", None),
    (waits_for_the_keyboard, "input", None),
    (writes_to_standard_error, "sys.stderr.write", None),
    (logs, "logging.info", None),
    (logs_as_acore_does, "logger.info", None),
    (imports_by_name, "importlib.import_module", None),
    (imports_by_the_builtin, "__import__", None),
    (evaluates, "eval", None),
    (executes, "exec", None),
    (looks_among_the_globals, "globals", None),
    (decides_by_a_hash, "hash", None),
    (decides_by_an_identity, "id", None),
    (hides_it_in_a_static_method, "random", None),
    (hides_it_in_a_class_method, "random", None),
    (hides_it_in_a_property, "random", None),
    (hides_it_in_a_cached_property, "random", None),
    (hides_it_in_a_function_inside, "random", None),
    (hides_it_in_a_lambda, "random", None),
    (hides_it_in_a_lambda_of_the_class, "random", None),
    (keeps_it_as_an_attribute, "ticks", None),
    (keeps_it_as_a_static_attribute, "ticks", None),
    (is_decorated, "monotonic", timed),
    (inherits_it, "random", Mixin),
    (calls_a_function_that_does, "random", roll_for),
    (calls_a_function_that_calls_one_that_does, "random", roll_for),
    (makes_an_object_that_does, "random", Die.__init__),
    (uses_an_object_that_does, "t", Bowl),
    (uses_a_method_of_its_message, "random", Wanted),
    (uses_a_method_of_what_it_is_given, "t", Shaker),
    (has_a_state_that_is_made_of_it, "began", Ticking),
    (has_a_state_that_does, "dice.randint", Counting),
    (makes_a_dataclass_that_does, "number", Ticket),
    (looks_up_a_function_that_does, "random", roll_for),
]


def place_of(thing: Callable[..., Any] | type) -> str:
    """Return `file:line` of the mark in the source of *thing*."""
    lines, first = inspect.getsourcelines(thing)
    return f"{__file__}:{first + next(i for i, line in enumerate(lines) if '# here' in line)}"


def named(value: object) -> str | None:
    """Return the name of the way to cheat, for the list of tests."""
    return value.__name__ if inspect.isfunction(value) and value.__module__ == __name__ else None


@pytest.mark.parametrize(("make", "name", "where"), REFUSED_NAMES, ids=named)
def test_what_a_replay_could_not_repeat_is_refused_when_the_class_is_made(
    make: Callable[[], None], name: str, where: Callable[..., Any] | type | None
) -> None:
    """R06, R20: also through functions, classes and objects that are only named in it."""
    with pytest.raises(ForbiddenNameError) as refused:
        make()

    assert f"Bad uses {name} at {place_of(where or make)}" in str(refused.value)


@pytest.mark.parametrize(("make", "what", "where"), REFUSED_AWAITS, ids=named)
def test_what_is_no_question_to_an_actor_is_not_awaited(
    make: Callable[[], None], what: str, where: Callable[..., Any] | None
) -> None:
    """R06, R08: what completes without suspending, such as a free lock, would never reach the driver."""
    with pytest.raises(ForbiddenAwaitError) as refused:
        make()

    assert f"Bad awaits {what} at {place_of(where or make)}" in str(refused.value)


@pytest.mark.parametrize(("make", "name"), SHARED, ids=named)
def test_what_outlives_a_run_is_refused(make: Callable[[], None], name: str) -> None:
    """S10, R01: a restart begins at nothing, and so does a replay."""
    with pytest.raises(SharedStateError) as refused:
        make()

    assert f"Bad uses {name}, which is shared by every run, at {place_of(make)}" in str(refused.value)


@pytest.mark.parametrize(("make", "name", "where"), REFUSED_RULES, ids=named)
def test_a_rule_that_looks_outside_is_refused_when_it_is_made(
    make: Callable[[], None], name: str, where: Callable[..., Any] | None
) -> None:
    """R06."""
    with pytest.raises(
        ForbiddenNameError, match=r"the rule .*a rule takes records and an instant"
    ) as refused:
        make()

    assert f"level uses {name} at {place_of(where or make)}{': ' if where is None else ', by '}" in str(
        refused.value
    )


def test_a_rule_awaits_nothing() -> None:
    """R06."""

    def make() -> None:
        @rule
        async def level(ctx: Context) -> int:
            return await ctx.ask(Get())  # here

    with pytest.raises(ForbiddenAwaitError) as refused:
        make()

    assert f"level awaits ctx.ask(Get()) at {place_of(make)}" in str(refused.value)


# --- what is handed in


class Handed(Actor[Nothing]):
    def __init__(self, thing: Any) -> None:
        super().__init__()
        self.n = 1
        self.thing = thing  # here

    def play(self) -> None:
        self.n += self.thing.throw()


def take_turns(n: int) -> int:
    return n % 2


def read_notes() -> str:
    return Path("notes").read_text()  # here


@pytest.mark.parametrize(
    "make",
    [
        asyncio.Lock,
        asyncio.Queue,
        anyio.Lock,
        lambda: RealClock().monotonic,
        lambda: monotonic,
        lambda: partial(monotonic),
        lambda: (1, monotonic),
        lambda: {"now": datetime.now},
        lambda: Random(3),
        lambda: open(os.devnull),
        threading.Lock,
        lambda: logging.getLogger("acore"),
        lambda: watch,
    ],
)
def test_what_a_replay_cannot_be_handed_is_refused_when_the_actor_is_made(make: Callable[[], object]) -> None:
    """R06: each time, so that a restart gets no further."""
    thing = make()
    for _ in range(2):
        with pytest.raises(ForbiddenNameError) as refused:
            Handed(thing)

        assert "Handed uses " in str(refused.value)
        assert place_of(Handed) in str(refused.value)
    if hasattr(thing, "close"):
        cast("io.TextIOWrapper", thing).close()


@pytest.mark.parametrize(
    ("thing", "where"),
    [(read_notes, read_notes), (lambda: read_notes(), read_notes), (Bowl(), Bowl), ((Bowl(),), Bowl)],
)
def test_what_is_handed_in_is_looked_into(thing: object, where: Callable[..., Any] | type) -> None:
    """R06: a method of it that the actor calls by name, a function in whole."""
    for _ in range(2):
        with pytest.raises(ForbiddenNameError) as refused:
            Handed(thing)

        assert f" at {place_of(where)}, by way of " in str(refused.value)
        assert f"self.thing at {place_of(Handed)}: " in str(refused.value)


def test_that_something_harmless_was_handed_in_once_excuses_nothing() -> None:
    """R06: two functions differ in what they do."""
    pairs: list[tuple[object, object]] = [
        (take_turns, read_notes),
        (len, monotonic),
        (partial(len), partial(monotonic)),
        (((len,),), ((monotonic,),)),
        ({"a": [len]}, {"a": [monotonic]}),
    ]
    for harmless, bad in pairs:
        assert Handed(harmless).thing is harmless
        with pytest.raises(ForbiddenNameError):
            Handed(bad)
