"""`@handles`: a method's annotated parameter declares which messages it gets."""

from collections.abc import Callable, Mapping
from inspect import iscoroutinefunction
from types import FunctionType
from typing import Any, cast, get_type_hints

from acore.errors import AcoreError
from acore.events.base import Command, Effect, Event, Message
from acore.events.catalog import CATALOG, CatalogError

_MARK = "__acore_handles__"


class HandlerError(AcoreError):
    """A class's handlers cannot work as they are written."""


def handles[F: Callable[..., Any]](method: F) -> F:
    """Subscribe *method* to the message type that its first parameter is annotated with."""
    setattr(method, _MARK, True)
    return method


def collect(cls: type) -> Mapping[type[Message], str]:
    """Return the handlers of *cls*: message type to method name.

    Raises:
        HandlerError: A handler has no annotation, the wrong number of parameters, a type that is not
            registered, or a type that another one handles.
    """
    found: dict[type[Message], str] = {}
    for name in dir(cls):
        method = getattr(cls, name, None)
        if not isinstance(method, FunctionType) or not hasattr(method, _MARK):
            continue
        kind = _message_type(cls, method)
        if kind in found:
            raise HandlerError(f"{cls.__qualname__}: {found[kind]} and {name} both handle {kind.__name__}")
        found[kind] = name
    return found


def split(
    handlers: Mapping[type[Message], str],
) -> tuple[list[type[Event]], list[type[Command[Any]]], list[type[Effect]]]:
    """Return the handled types by kind: events, commands, effects."""
    events = [kind for kind in handlers if issubclass(kind, Event)]
    commands = [cast("type[Command[Any]]", kind) for kind in handlers if issubclass(kind, Command)]
    effects = [kind for kind in handlers if issubclass(kind, Effect)]
    return events, commands, effects


def _message_type(cls: type, method: FunctionType) -> type[Message]:
    where = f"{cls.__qualname__}.{method.__name__}"
    if not iscoroutinefunction(method):
        raise HandlerError(f"{where} must be `async def`")
    parameters = method.__code__.co_varnames[: method.__code__.co_argcount]
    if len(parameters) != 3:  # noqa: PLR2004 - self, the message, the context
        raise HandlerError(f"{where} takes {', '.join(parameters)}; it must take self, the message and ctx")
    try:
        hints = get_type_hints(method)
    except NameError as error:
        raise HandlerError(
            f"{where}: its annotation cannot be resolved ({error}); import the type"
        ) from error
    kind = hints.get(parameters[1])
    if not isinstance(kind, type) or not issubclass(kind, Message):
        raise HandlerError(f"{where}: annotate {parameters[1]} with the Event, Command or Effect it handles")
    if kind is not Event:
        try:
            CATALOG.of(kind)
        except CatalogError as error:
            raise HandlerError(f"{where}: {error}") from error
    return kind
