"""Handlers and shared state, checked when a class is made."""

# ruff: noqa: ARG002 - what a handler takes is given
# pyright: reportUnusedClass=false

from collections.abc import Callable

import msgspec
import pytest

from acore.events.base import Command, Event
from acore.events.catalog import wire
from acore.runtime.actor import Actor, Context
from acore.runtime.edge import EdgeActor, EdgeContext
from acore.runtime.handlers import HandlerError, handles


@wire("test.handlers.seen")
class Seen(Event):
    """Something was seen."""


@wire("test.handlers.get")
class Get(Command[int]):
    """How many?"""


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
        (unknown_name, "cannot be resolved"),
    ],
)
def test_a_handler_that_cannot_work_is_refused_by_name(make: Callable[[], None], why: str) -> None:
    """B27."""
    with pytest.raises(HandlerError, match=rf"Bad.*{why}"):
        make()


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
