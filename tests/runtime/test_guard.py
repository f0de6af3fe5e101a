"""What a core actor's class may not use, refused when the class is made."""

# ruff: noqa: ARG002, S311, TID251 - everything here is what a core actor must not do
# pyright: reportUnusedClass=false

import asyncio
import datetime as dt
import random as dice
import time as watch
from collections.abc import Callable
from datetime import UTC, date, datetime
from functools import cached_property
from os import urandom
from random import random
from time import monotonic

import msgspec
import pytest

from acore.runtime.actor import Actor, Context
from acore.runtime.guard import ForbiddenNameError


class Nothing(msgspec.Struct):
    pass


def uses_asyncio() -> None:
    class Bad(Actor[Nothing]):
        async def on_start(self, ctx: Context) -> None:
            await asyncio.sleep(1)


def uses_time_by_another_name() -> None:
    class Bad(Actor[Nothing]):
        async def on_start(self, ctx: Context) -> None:
            watch.perf_counter()


def uses_a_function_of_time() -> None:
    class Bad(Actor[Nothing]):
        async def on_start(self, ctx: Context) -> None:
            monotonic()


def uses_random_by_another_name() -> None:
    class Bad(Actor[Nothing]):
        async def on_start(self, ctx: Context) -> None:
            dice.randint(1, 6)


def uses_a_method_of_the_hidden_generator() -> None:
    class Bad(Actor[Nothing]):
        async def on_start(self, ctx: Context) -> None:
            random()


def uses_a_function_that_os_borrows() -> None:
    class Bad(Actor[Nothing]):
        async def on_start(self, ctx: Context) -> None:
            urandom(4)


def uses_datetime_now() -> None:
    class Bad(Actor[Nothing]):
        async def on_start(self, ctx: Context) -> None:
            datetime.now(UTC)


def uses_datetime_through_its_module() -> None:
    class Bad(Actor[Nothing]):
        async def on_start(self, ctx: Context) -> None:
            dt.datetime.now(UTC)


def uses_today() -> None:
    class Bad(Actor[Nothing]):
        async def on_start(self, ctx: Context) -> None:
            date.today()  # noqa: DTZ011


def uses_open() -> None:
    class Bad(Actor[Nothing]):
        async def on_start(self, ctx: Context) -> None:
            open("/etc/passwd")  # noqa: SIM115, PTH123, ASYNC230


def imports_inside() -> None:
    class Bad(Actor[Nothing]):
        async def on_start(self, ctx: Context) -> None:
            from time import time  # noqa: PLC0415

            time()


def imports_datetime_inside() -> None:
    class Bad(Actor[Nothing]):
        async def on_start(self, ctx: Context) -> None:
            from datetime import datetime as when  # noqa: PLC0415

            when.now(UTC)


def hides_it_in_a_static_method() -> None:
    class Bad(Actor[Nothing]):
        @staticmethod
        def roll() -> float:
            return random()


def hides_it_in_a_property() -> None:
    class Bad(Actor[Nothing]):
        @property
        def roll(self) -> float:
            return random()


def hides_it_in_a_cached_property() -> None:
    class Bad(Actor[Nothing]):
        @cached_property
        def roll(self) -> float:
            return random()


def hides_it_in_a_nested_function() -> None:
    class Bad(Actor[Nothing]):
        async def on_start(self, ctx: Context) -> None:
            def roll() -> float:
                return random()

            roll()


class Mixin:
    def roll(self) -> float:
        return random()


def inherits_it() -> None:
    class Bad(Mixin, Actor[Nothing]):
        pass


def keeps_it_as_an_attribute() -> None:
    class Bad(Actor[Nothing]):
        ticks = monotonic


@pytest.mark.parametrize(
    ("make", "name"),
    [
        (uses_asyncio, "asyncio"),
        (uses_time_by_another_name, "watch"),
        (uses_a_function_of_time, "monotonic"),
        (uses_random_by_another_name, "dice"),
        (uses_a_method_of_the_hidden_generator, "random"),
        (uses_a_function_that_os_borrows, "urandom"),
        (uses_datetime_now, "datetime.now"),
        (uses_datetime_through_its_module, "dt.datetime.now"),
        (uses_today, "date.today"),
        (uses_open, "open"),
        (imports_inside, "time"),
        (imports_datetime_inside, "when.now"),
        (hides_it_in_a_static_method, "random"),
        (hides_it_in_a_property, "random"),
        (hides_it_in_a_cached_property, "random"),
        (hides_it_in_a_nested_function, "random"),
        (inherits_it, "random"),
        (keeps_it_as_an_attribute, "ticks"),
    ],
)
def test_what_a_replay_could_not_repeat_is_refused(make: Callable[[], None], name: str) -> None:
    """R06, R20."""
    with pytest.raises(ForbiddenNameError, match=f"uses {name} at "):
        make()


def test_the_refusal_names_file_and_line() -> None:
    with pytest.raises(ForbiddenNameError) as refused:
        uses_a_function_of_time()

    line = uses_a_function_of_time.__code__.co_firstlineno + 3
    assert f"{__file__}:{line}" in str(refused.value)


def test_what_only_looks_like_it_is_allowed() -> None:
    class Calendar:
        def now(self) -> int:
            return 3

    class Good(Actor[Nothing]):
        async def on_start(self, ctx: Context) -> None:
            later(Calendar().now(), ctx.now, datetime.fromtimestamp(0, UTC))

    def later(*_things: object) -> None:
        """Stand after the class, so that its cell is still empty when the class is made."""

    assert Good.handlers == {}
