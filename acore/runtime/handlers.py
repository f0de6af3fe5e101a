"""`@handles`: a method's annotated parameter declares which messages it gets."""

from collections.abc import Callable, Iterator, Mapping
from inspect import Parameter, Signature, getattr_static, iscoroutinefunction, signature
from types import FunctionType, UnionType
from typing import Any, TypeAliasType, Union, cast, get_args, get_origin, get_type_hints, overload

from acore.errors import AcoreError
from acore.events.base import Command, Effect, Event, Message
from acore.events.catalog import CATALOG, CatalogError

_MARK = "__acore_handles__"


class HandlerError(AcoreError, TypeError):
    """A class's handlers cannot work as they are written."""


@overload
def handles[F: Callable[..., Any]](
    kind: type[Message] | UnionType, /, *more: type[Message]
) -> Callable[[F], F]: ...
@overload
def handles[F: Callable[..., Any]](method: F, /) -> F: ...
def handles(method: Any, /, *more: Any) -> Any:
    """Subscribe a method to the message type that its first parameter is annotated with.

    A union subscribes it to each of its types, a base class also to all that derive from it; `Event`
    itself stands for every event there is. Where the annotation cannot be resolved, e.g. for a class
    local to a function, the types are given: `@handles(CheckDue)`.
    """
    if _is_method(method) and not more:
        return _marked(method, ())

    def mark[F](below: F) -> F:
        return _marked(below, (method, *more))

    return mark


def collect(cls: type) -> Mapping[type[Message], str]:
    """Return the handlers of *cls*: message type to method name.

    Raises:
        HandlerError: A handler has no annotation, the wrong number of parameters, a type that is not
            registered, or a type that another one handles; or what replaces a handler is none.
    """
    found: dict[type[Message], str] = {}
    for name in dir(cls):
        method = getattr_static(cls, name, None)
        if not _is_marked(method):
            _refuse_forgotten_mark(cls, name)
            continue
        for kind in _message_types(cls, name, method):
            if kind in found:
                raise HandlerError(
                    f"{cls.__qualname__}: {found[kind]} and {name} both handle {kind.__name__}"
                )
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


def _is_method(given: object) -> bool:
    return isinstance(given, FunctionType | classmethod | staticmethod)


def _is_marked(method: object) -> bool:
    return hasattr(method, _MARK) or hasattr(getattr(method, "__func__", None), _MARK)


def _marked[F](method: F, kinds: tuple[object, ...]) -> F:
    setattr(method, _MARK, kinds)
    return method


def _message_types(cls: type, name: str, method: object) -> tuple[type[Message], ...]:
    where = f"{cls.__qualname__}.{name}"
    if not isinstance(method, FunctionType):
        raise HandlerError(f"{where} must be an ordinary method: `async def {name}(self, message, ctx)`")
    if not iscoroutinefunction(method):
        raise HandlerError(f"{where} must be `async def`")
    message = _message_parameter(where, method)
    given: tuple[object, ...] = getattr(method, _MARK)
    kinds = tuple(_each(*(given or (_annotation(where, method, message),))))
    for kind in kinds:
        if not isinstance(kind, type) or not issubclass(kind, Message):
            said = "what @handles names is no" if given else f"annotate {message} with the"
            raise HandlerError(f"{where}: {said} Event, Command or Effect{'' if given else ' it handles'}")
        if kind is not Event:
            try:
                CATALOG.of(kind)
            except CatalogError as error:
                raise HandlerError(f"{where}: {error}") from error
    return cast("tuple[type[Message], ...]", kinds)


def _message_parameter(where: str, method: FunctionType) -> str:
    parameters = tuple(signature(method).parameters.values())
    plain = {Parameter.POSITIONAL_ONLY, Parameter.POSITIONAL_OR_KEYWORD}
    if len(parameters) != 3 or any(one.kind not in plain for one in parameters):  # noqa: PLR2004 - self, the message, the context
        bare = Signature([one.replace(annotation=Parameter.empty) for one in parameters])
        takes = str(bare).strip("()") or "nothing"
        raise HandlerError(f"{where} takes {takes}; it must take self, the message and ctx")
    return parameters[1].name


def _annotation(where: str, method: FunctionType, parameter: str) -> object:
    try:
        return get_type_hints(method).get(parameter)
    except NameError as error:
        raise HandlerError(
            f"{where}: its annotation cannot be resolved ({error}); import the type where the class can see "
            "it, or name it: @handles(TheType)"
        ) from error


def _each(*kinds: object) -> Iterator[object]:
    """Yield the types of unions, also of named ones."""
    for kind in kinds:
        if isinstance(kind, TypeAliasType):
            yield from _each(kind.__value__)
        elif get_origin(kind) in {UnionType, Union}:
            yield from _each(*get_args(kind))
        else:
            yield kind


def _refuse_forgotten_mark(cls: type, name: str) -> None:
    """Refuse a method that replaces a handler and is none: nobody would notice what is not handled."""
    method = vars(cls).get(name)
    if isinstance(method, FunctionType) and any(hasattr(vars(base).get(name), _MARK) for base in cls.__mro__):
        raise HandlerError(
            f"{cls.__qualname__}.{name} replaces a handler: mark it with @handles, or call it otherwise"
        )
