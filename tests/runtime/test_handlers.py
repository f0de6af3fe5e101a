"""Handlers and shared state, checked when a class is made."""

# ruff: noqa: ARG002 - what a handler takes is given
# pyright: reportUnusedClass=false

from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from acore.events.base import Command, Event, Message
from acore.events.catalog import wire
from acore.runtime.actor import Actor, Context
from acore.runtime.edge import EdgeActor, EdgeContext
from acore.runtime.handlers import HandlerError, handles
from tests.runtime.postponed import named, unresolvable
from tests.runtime.stage import child, running


@wire("test.handlers.seen")
class Seen(Event):
    """Something was seen."""


@wire("test.handlers.get")
class Get(Command[int]):
    """How many?"""


@wire("test.handlers.felt")
class Felt(Event):
    """Something was felt."""


type Sensed = Seen | Felt


class Unwired(Event):
    """It has no wire name."""


class Nothing(msgspec.Struct):
    pass


def no_annotation() -> None:
    class Bad(EdgeActor):
        @handles
        async def see(self, seen, io: EdgeContext) -> None: ...  # noqa: ANN001  # pyright: ignore[reportUnknownParameterType, reportMissingParameterType]


def no_message() -> None:
    class Bad(EdgeActor):
        @handles
        async def see(self, seen: int, io: EdgeContext) -> None: ...


def not_registered() -> None:
    class Bad(EdgeActor):
        @handles
        async def see(self, seen: Unwired, io: EdgeContext) -> None: ...


def twice() -> None:
    class Bad(EdgeActor):
        @handles
        async def see(self, seen: Seen, io: EdgeContext) -> None: ...

        @handles
        async def also_see(self, seen: Seen, io: EdgeContext) -> None: ...


def no_context() -> None:
    class Bad(EdgeActor):
        @handles
        async def see(self, seen: Seen) -> None: ...


def not_async() -> None:
    class Bad(EdgeActor):
        @handles
        def see(self, seen: Seen, io: EdgeContext) -> None: ...


def keyword_only() -> None:
    class Bad(EdgeActor):
        @handles
        async def see(self, seen: Seen, *, io: EdgeContext) -> None: ...


def any_number() -> None:
    class Bad(EdgeActor):
        @handles
        async def see(self, seen: Seen, *io: EdgeContext) -> None: ...


def of_the_class() -> None:
    class Bad(EdgeActor):
        @handles
        @classmethod
        async def see(cls, seen: Seen, io: EdgeContext) -> None: ...


def of_nobody() -> None:
    class Bad(EdgeActor):
        @staticmethod
        @handles
        async def see(seen: Seen, io: EdgeContext, third: int) -> None: ...


def everything() -> None:
    class Bad(EdgeActor):
        @handles
        async def see(self, seen: object, io: EdgeContext) -> None: ...


def all_kinds() -> None:
    class Bad(EdgeActor):
        @handles
        async def see(self, seen: Message, io: EdgeContext) -> None: ...


def whatever() -> None:
    class Bad(EdgeActor):
        @handles
        async def see(self, seen: Any, io: EdgeContext) -> None: ...  # noqa: ANN401 - what is refused


def perhaps() -> None:
    class Bad(EdgeActor):
        @handles
        async def see(self, seen: Seen | None, io: EdgeContext) -> None: ...


def half_registered() -> None:
    class Bad(EdgeActor):
        @handles
        async def see(self, seen: Seen | Unwired, io: EdgeContext) -> None: ...


def twice_by_union() -> None:
    class Bad(EdgeActor):
        @handles
        async def see(self, seen: Seen, io: EdgeContext) -> None: ...

        @handles
        async def sense(self, seen: Sensed, io: EdgeContext) -> None: ...


def named_no_message() -> None:
    class Bad(EdgeActor):
        @handles(int)  # pyright: ignore[reportArgumentType] - what is refused
        async def see(self, seen: Seen, io: EdgeContext) -> None: ...


def replaced_without_a_mark() -> None:
    class Good(EdgeActor):
        @handles
        async def see(self, seen: Seen, io: EdgeContext) -> None: ...

    class Bad(Good):
        async def see(self, seen: Seen, io: EdgeContext) -> None: ...


def unknown_name() -> None:
    class Bad(EdgeActor):
        @handles
        async def see(self, seen: "Elsewhere", io: EdgeContext) -> None: ...  # noqa: F821  # pyright: ignore[reportUndefinedVariable, reportUnknownParameterType]


@pytest.mark.parametrize(
    ("make", "why"),
    [
        (no_annotation, "annotate seen with"),
        (no_message, "annotate seen with"),
        (not_registered, "Unwired is not registered"),
        (twice, "also_see and see both handle Seen"),
        (no_context, "takes self, seen; it must take self, the message and ctx"),
        (not_async, "must be `async def`"),
        (keyword_only, r"see takes self, seen, \*, io; it must take self, the message and ctx"),
        (any_number, r"see takes self, seen, \*io; it must"),
        (of_the_class, r"see must be an ordinary method"),
        (of_nobody, r"see must be an ordinary method"),
        (everything, "see: annotate seen with the Event, Command or Effect it handles"),
        (all_kinds, "Message is not registered"),
        (whatever, "annotate seen with"),
        (perhaps, "annotate seen with"),
        (half_registered, "Unwired is not registered"),
        (twice_by_union, "see and sense both handle Seen"),
        (named_no_message, "see: what @handles names is no Event, Command or Effect"),
        (replaced_without_a_mark, "see replaces a handler: mark it with @handles"),
        (unknown_name, "cannot be resolved"),
        (unresolvable, r"name 'Hidden' is not defined.*or name it: @handles\(TheType\)"),
    ],
)
def test_a_handler_that_cannot_work_is_refused_by_name(make: Callable[[], None], why: str) -> None:
    """B27: a TypeError when the class is made, which names class and method."""
    with pytest.raises(HandlerError, match=rf"Bad.*{why}") as caught:
        make()
    assert isinstance(caught.value, TypeError)


def test_a_type_is_named_where_its_annotation_cannot_be_resolved() -> None:
    """B27: `from __future__ import annotations` and a class local to a function."""
    local, actor = named()
    assert actor.handlers == {local: "see"}


def test_a_union_subscribes_to_each_of_its_types() -> None:
    """B05, B27: in the annotation, under a name, and in the decorator."""

    class Written(EdgeActor):
        @handles
        async def sense(self, it: Seen | Felt, io: EdgeContext) -> None: ...

    class Aliased(EdgeActor):
        @handles
        async def sense(self, it: Sensed, io: EdgeContext) -> None: ...

    class Listed(EdgeActor):
        @handles(Seen, Felt)
        async def sense(self, it: Event, io: EdgeContext) -> None: ...

    class Named(EdgeActor):
        @handles(Seen | Felt)
        async def sense(self, it: Event, io: EdgeContext) -> None: ...

    for kind in (Written, Aliased, Listed, Named):
        assert kind.handlers == {Seen: "sense", Felt: "sense"}, kind


HEARD: list[str] = []


class Some(EdgeActor):
    @handles
    async def sense(self, it: Seen | Felt, io: EdgeContext) -> None:
        HEARD.append(f"some {type(it).__name__}")


class Every(EdgeActor):
    @handles
    async def note(self, it: Event, io: EdgeContext) -> None:
        if isinstance(it, Seen | Felt):
            HEARD.append(f"every {type(it).__name__}")

    @handles
    async def feel(self, it: Felt, io: EdgeContext) -> None:
        HEARD.append("every feeling")


async def test_a_message_of_a_union_or_of_all_comes_once() -> None:
    """B04, B05: `Event` stands for all, which has to be written; the nearest handler gets it."""
    HEARD.clear()
    async with running(child(Some), child(Every)) as stage:
        await stage.tell(Seen(), Felt())

    assert sorted(HEARD) == ["every Seen", "every feeling", "some Felt", "some Seen"]


async def test_a_handler_of_a_base_gets_kinds_that_are_made_while_it_runs() -> None:
    """B05."""
    HEARD.clear()
    async with running(child(Some), child(Every)) as stage:
        await stage.tell(Seen())

        @wire("test.handlers.glimpsed")
        class Glimpsed(Seen):
            """It was seen for a moment."""

        await stage.tell(Glimpsed())

    assert sorted(HEARD) == ["every Glimpsed", "every Seen", "some Glimpsed", "some Seen"]


@pytest.mark.parametrize("shared", [[], {}, set[int](), bytearray()])
def test_state_shared_by_all_runs_is_refused(shared: object) -> None:
    """S10: what one run left there the next would find."""
    with pytest.raises(HandlerError, match="seen is shared by every run"):
        type("Bad", (Actor,), {"seen": shared})


def test_handlers_are_inherited_and_can_be_replaced() -> None:
    class Base(Actor[Nothing]):
        @handles
        async def see(self, seen: Seen, ctx: Context) -> None: ...

    class Sub(Base):
        @handles
        async def get(self, get: Get, ctx: Context) -> int:
            return 1

    assert Sub.handlers == {Seen: "see", Get: "get"}
    assert Sub.state_type is Nothing


def test_a_hook_that_is_no_coroutine_is_refused_when_the_class_is_made() -> None:
    """B27."""
    with pytest.raises(HandlerError, match=r"Blunt\.on_start must be `async def`"):

        class Blunt(Actor[msgspec.Struct]):  # pyright: ignore[reportUnusedClass] - it is never made
            def on_start(self, ctx: Context) -> None: ...  # pyright: ignore[reportIncompatibleMethodOverride]
