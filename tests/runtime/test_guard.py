"""What the guard lets pass, how far it sees, and that acore's own actors and rules pass it whole."""

# ruff: noqa: ARG002 - what a handler takes is given

import http
import importlib.util
import io
import json
import linecache
import math
import tomllib
import urllib.parse
from collections.abc import Callable, Coroutine, Iterator
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache, partial, wraps
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules
from time import time  # noqa: TID251 - what the guard refuses
from types import FunctionType, MappingProxyType, ModuleType
from typing import Any

import msgspec
import pytest

import acore.app
from acore.clock import instant
from acore.events.base import Command
from acore.events.catalog import wire
from acore.runtime.actor import Actor, Context
from acore.runtime.forbidden import ForbiddenAwaitError, ForbiddenNameError
from acore.runtime.guard import is_rule, rule
from acore.runtime.reach import Reach

ROOT = Path(__file__).parents[2]


class Nothing(msgspec.Struct):
    pass


@wire("test.guard.get")
class Get(Command[int]):
    """How many?"""


NAMES = ("a", "b")
WORDS = MappingProxyType({"a": 1})
midnight = partial(datetime, 2026, 1, 1)


def now() -> float:
    return time()


KINDS: list[type] = []


class Book:
    """Has methods that no actor may call, and that none does."""

    def __init_subclass__(cls) -> None:
        KINDS.append(cls)

    def __init__(self, pages: int) -> None:
        self.pages = pages

    def __hash__(self) -> int:
        return hash(self.pages)

    @classmethod
    def load(cls) -> "Book":
        return cls(len(Path("book").read_text(encoding="utf-8")))

    def read(self) -> int:
        return self.pages


def careful[**P, R](
    method: Callable[P, Coroutine[Any, Any, R]],
) -> Callable[P, Coroutine[Any, Any, R]]:
    @wraps(method)
    async def wrapper(*args: P.args, **kwargs: P.kwargs) -> R:
        return await method(*args, **kwargs)

    return wrapper


async def count(ctx: Context) -> int:
    return await ctx.ask(Get())


class Base(Actor[Nothing]):
    async def on_start(self, ctx: Context) -> None:
        await count(ctx)

    @careful
    async def bargain(self, ctx: Context) -> int:
        return await ctx.ask(Get(), within=3 if ctx.seq else 4)

    @staticmethod
    async def peek(ctx: Context) -> int:
        return await ctx.ask(Get())


def test_coroutines_of_its_own_may_be_awaited_in_every_form() -> None:
    """R06: whatever is awaited in them is looked at too."""

    class Good(Base):
        async def on_start(self, ctx: Context) -> None:
            await super().on_start(ctx)

            async def again() -> int:
                return await ctx.ask(Get())

            try:
                found = [await self.bargain(ctx) for _ in NAMES] + [await again(), await count(ctx)]
            finally:
                await self.peek(ctx)
            assert found

    assert issubclass(Good, Actor)


def test_what_only_looks_like_it_is_allowed() -> None:
    """R06: names are taken for what they stand for where they stand."""

    class Calendar:
        def now(self) -> int:
            return 3

        def time(self) -> int:
            return 4

    class Good(Actor[Nothing]):
        async def on_start(self, ctx: Context) -> None:
            time = Calendar().time()
            open = Calendar().now  # noqa: A001 - a name that is Python's too
            open()
            later(time, ctx.now, ctx.now + timedelta(1), datetime.fromtimestamp(0, UTC), date(2026, 1, 1))
            later(urllib.parse.quote("ä"), http.HTTPStatus.OK, json.dumps({}), math.floor(1.5), midnight())
            later(io.StringIO().getvalue(), instant(0), WORDS["a"], Book(3).read(), {Book(1)})

    def later(*_things: object) -> None:
        """Stand after the class, so that its cell is still empty when the class is made."""

    assert issubclass(Good, Actor)


def test_what_is_plain_data_may_be_handed_in() -> None:
    """R06."""

    class Good(Actor[Nothing]):
        def __init__(self, *things: object) -> None:
            super().__init__()
            self.things = things
            self.table = {"a": things}

    handed = (None, 1, "a", datetime(2026, 1, 1, tzinfo=UTC), Book(3), len, Get(), {"a": Get()}, io.BytesIO())

    assert Good(*handed).things == handed


def made_of(text: str, tmp_path: Path) -> ModuleType:
    """Import a module that says *text*."""
    file = tmp_path / "made_up.py"
    file.write_text("from time import time\nimport asyncio\n" + IMPORTS + text, encoding="utf-8")
    spec = importlib.util.spec_from_file_location("made_up", file)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


IMPORTS = """
import msgspec
from acore.runtime.actor import Actor
from acore.runtime.guard import rule
class Nothing(msgspec.Struct): pass
"""
BELOW = [
    # A function below, and one below that.
    """
class Bad(Actor[Nothing]):
    async def on_start(self, ctx):
        helper()
def helper():
    return further()
def further():
    return time()  # here
""",
    # A method of a class below.
    """
class Bad(Actor[Nothing]):
    async def on_start(self, ctx):
        Helper().go()
class Helper:
    def stay(self):
        return open("never called")
    def go(self):
        return time()  # here
""",
    # Below a rule.
    """
@rule
def bad(n):
    return n + helper()
def helper():
    return time()  # here
""",
]


@pytest.mark.parametrize("text", BELOW)
def test_what_stands_further_down_in_the_module_is_seen_already(text: str, tmp_path: Path) -> None:
    """R06: it is refused when the class is made, not when its helper is."""
    with pytest.raises(ForbiddenNameError) as refused:
        made_of(text, tmp_path)

    lines = (tmp_path / "made_up.py").read_text(encoding="utf-8").splitlines()
    line = next(number for number, line in enumerate(lines, start=1) if "# here" in line)
    assert f"uses time at {tmp_path / 'made_up.py'}:{line}, by way of " in str(refused.value)
    assert "by way of helper at " in str(refused.value).lower()


def test_what_stands_further_down_and_is_not_called_is_no_fault(tmp_path: Path) -> None:
    """R06: of a class below, only methods count whose names are used."""
    text = """
class Good(Actor[Nothing]):
    async def on_start(self, ctx):
        Helper().stay(ctx.now)
        await further(ctx)
class Helper:
    def stay(self, at):
        return at
    def go(self):
        return time()
async def further(ctx):
    await ctx.ask(None)
"""
    assert issubclass(made_of(text, tmp_path).Good, Actor)


def test_where_there_is_no_source_names_are_refused_all_the_same() -> None:
    """R06: by what is compiled; what is awaited is left to the driver then."""
    text = IMPORTS + "class Bad(Actor[Nothing]):\n    async def on_start(self, ctx):\n        time()\n"
    names: dict[str, Any] = {"__name__": "nowhere", "time": time}

    with pytest.raises(ForbiddenNameError, match=r"Bad uses time at <nowhere>:8"):
        exec(compile(text, "<nowhere>", "exec"), names)  # noqa: S102 - as somebody at a prompt would

    assert not linecache.getlines("<nowhere>")


def test_a_rule_awaits_nothing_also_where_there_is_no_source() -> None:
    """R06."""
    text = IMPORTS + "@rule\nasync def level(ctx):\n    return await ctx.ask(None)\n"

    with pytest.raises(ForbiddenAwaitError, match=r"the rule level awaits something at <nowhere>:8: a rule"):
        exec(compile(text, "<nowhere>", "exec"), {"__name__": "nowhere"})  # noqa: S102 - as above


def test_a_refusal_says_what_to_do_instead() -> None:
    """R06."""
    with pytest.raises(
        ForbiddenNameError, match=r"take the instant from ctx\.now, and wait with ctx\.schedule$"
    ):

        class Bad(Actor[Nothing]):  # pyright: ignore[reportUnusedClass] - it is never made
            async def on_start(self, ctx: Context) -> None:
                time()


def test_a_rule_may_be_kept_in_a_cache() -> None:
    """R06: what is in it is looked into."""

    @rule
    @lru_cache
    def doubled(n: int) -> int:
        return 2 * n

    assert is_rule(doubled)
    assert doubled(2) == 4
    with pytest.raises(ForbiddenNameError, match=r"the rule .* uses time at "):

        @rule
        @lru_cache
        def late(n: int) -> float:  # pyright: ignore[reportUnusedFunction] - it is never made
            return time() + n


def test_a_rule_stays_the_function_it_is() -> None:
    """R06."""

    @rule
    def doubled(n: int) -> int:
        """Return twice *n*."""
        return 2 * n

    assert is_rule(doubled)
    assert doubled(2) == 4
    assert not is_rule(now)


# --- all of acore


def every_core_actor(above: type[Actor[Any]] = Actor) -> Iterator[type[Actor[Any]]]:
    for cls in above.__subclasses__():
        yield from every_core_actor(cls)
        if cls.__module__.startswith("acore."):
            yield cls


def rule_rooms() -> list[str]:
    """Return the packages of rules: the floor in pyproject.toml that acore.access stands on."""
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    layers: list[str] = settings["tool"]["importlinter"]["contracts"][0]["layers"]
    return next(layer for layer in layers if "acore.access" in layer).split(" | ")


def rule_modules() -> Iterator[ModuleType]:
    for room in rule_rooms():
        package = import_module(room)
        yield package
        yield from (import_module(f"{room}.{one.name}") for one in iter_modules(package.__path__))


def own_things(module: ModuleType) -> Iterator[tuple[str, Any]]:
    for name, thing in vars(module).items():
        if getattr(thing, "__module__", None) == module.__name__:
            yield name, thing


def test_every_core_actor_passes_when_all_is_loaded() -> None:
    """R06, R20: nothing that was not there yet when its class was made is forbidden either."""
    actors = set(every_core_actor())

    assert acore.app.__name__
    assert {cls.__name__ for cls in actors} >= {
        "ConfigActor",
        "LifecycleActor",
        "HealthActor",
        "MetricsActor",
    }
    for cls in actors:
        reach = Reach(cls.__qualname__, cls.__module__)
        reach.take_class(cls)
        reach.settle()


def test_every_public_function_in_a_room_of_rules_is_one() -> None:
    """R06: so that what it reaches is looked at when it is made, and again here when all is loaded."""
    rules = 0
    for module in rule_modules():
        for name, thing in own_things(module):
            reach = Reach(name, module.__name__, is_rule=True)
            if isinstance(thing, type):
                reach.take_class(thing)
            elif isinstance(thing, FunctionType):
                assert name.startswith("_") or is_rule(thing), f"put @rule before {module.__name__}.{name}"
                rules += 1
                reach.take_function(thing)
            reach.settle()
    assert rules > 5
