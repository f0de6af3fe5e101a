"""What a core actor or a rule comes to use: everything that can be followed from name to name."""

import ast
import inspect
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from functools import cached_property, lru_cache, partial, partialmethod
from types import FunctionType, MappingProxyType, MemberDescriptorType, MethodType, ModuleType
from typing import NamedTuple, TypeAliasType, cast, get_args

from acore.runtime.forbidden import (
    ForbiddenAwaitError,
    ForbiddenNameError,
    Remedy,
    SharedStateError,
    is_followed,
    is_pure,
    is_shared_state,
    remedy_for,
)
from acore.runtime.places import place_in, place_of_default
from acore.runtime.reading import Awaited, Body, Use, attribute, read

# What an actor is made of knows the event loop and hands out only what a replay can repeat.
_TRUSTED = frozenset({f"acore.runtime.{room}" for room in ("actor", "driver", "guard", "handlers")})
_CALLED_WHEN_MADE = frozenset({"__init_subclass__", "__set_name__", "__class_getitem__"})

# What the runtime itself writes into an actor's class.
_OWN_WORK = frozenset({"handlers", "state_type"})
_HOLDERS: dict[type, tuple[str, ...]] = {
    staticmethod: ("__func__",),
    classmethod: ("__func__",),
    MethodType: ("__func__", "__self__"),
    property: ("fget", "fset", "fdel"),
    cached_property: ("func",),
    partial: ("func", "args", "keywords"),
    partialmethod: ("func", "args", "keywords"),
}

type Place = Callable[[], str]
"""Tells `file:line`; found out only when it is asked for."""
type Route = tuple[tuple[str, Place], ...]
"""The names on the way to something, and where each stands."""


class _Named(NamedTuple):
    """A class that was come to: what it is made of, and the way there."""

    members: tuple[tuple[type | Body, str, object], ...]
    route: Route
    cls: type | None


class Reach:
    """Follows names from a class or a function, and refuses what a replay could not repeat.

    Which object a method is called on is known only when it runs: of a class that is named on the way,
    every method counts whose name is used anywhere on the way.
    """

    def __init__(self, who: str, module: str, *, is_rule: bool = False) -> None:
        """Begin at nothing.

        Args:
            who: Whom a refusal names.
            module: Where it stands: code of its package is looked into.
            is_rule: Whether nothing may be awaited at all.
        """
        self._who = who
        self._package = module.partition(".")[0]
        self._is_rule = is_rule
        self._words: set[str] = set()
        # By identity, and kept so that no other object gets the same one.
        self._functions: dict[int, object] = {}
        self._classes: dict[int, _Named] = {}
        self._members: set[tuple[int, str]] = set()

    def copy(self) -> "Reach":
        """Return one that has come as far, to try what may be refused."""
        other = Reach(self._who, self._package, is_rule=self._is_rule)
        other._words |= self._words
        other._functions |= self._functions
        other._classes |= self._classes
        other._members |= self._members
        return other

    def take_class(self, cls: type) -> None:
        """Look at all that *cls* and its bases are made of, whether it is called or not."""
        for owner in cls.__mro__:
            if owner is object or owner.__module__ == "typing" or owner.__module__ in _TRUSTED:
                continue
            for name, value in tuple(vars(owner).items()):
                # Names like `_this_` and `__this__` are Python's and its enums', for work of theirs.
                is_pythons = name.startswith("_") and name.endswith("_")
                if name not in _OWN_WORK and (not is_pythons or isinstance(value, FunctionType)):
                    place = partial(place_in, owner, name)
                    if is_shared_state(value):
                        raise self._refusal(SharedStateError, name, place, (), Remedy.SHARED)
                    self.take(value, name, place, owner=cls)

    def settle(self) -> None:
        """Look at what is used of the classes on the way, until no other name turns up.

        Raises:
            ForbiddenNameError: A forbidden module or function is used.
            SharedStateError: A global that changes is used.
            ForbiddenAwaitError: Something is awaited that must not be.
        """
        is_settled = False
        while not is_settled:
            is_settled = True
            for named in tuple(self._classes.values()):
                for owner, name, value in named.members:
                    if (id(owner), name) in self._members or not self._is_used(name, value):
                        continue
                    is_settled = False
                    self._members.add((id(owner), name))
                    self.take(value, name, partial(place_in, owner, name), named.route, owner=named.cls)

    def take(
        self, value: object, name: str, place: Place, route: Route = (), *, owner: type | None = None
    ) -> None:
        """Look at *value*, and into it where it is code of acore's or of the package looked at.

        Args:
            value: What is used.
            name: What it is called there.
            place: Where it is used.
            route: The way there.
            owner: The class it is a method of, if it is one.
        """
        if remedy := remedy_for(value):
            raise self._refusal(ForbiddenNameError, name, place, route, remedy)
        kind = type(value)
        for inner in _inside(value):
            self.take(inner, name, place, route, owner=None if kind is staticmethod else owner)
        match value:
            case Body() if not value.is_function:
                members = tuple((value, one.code.co_name, one) for one in value.inner())
                self._classes.setdefault(id(value.code), _Named(members, (*route, (name, place)), None))
            case Body() | FunctionType():
                self.take_function(value, route if owner else (*route, (name, place)), owner=owner)
            case ModuleType():
                pass
            case type():
                self._take_type(value, name, place, route)
            case _:
                self._take_type(kind, name, place, route)

    def _take_type(self, cls: type, name: str, place: Place, route: Route) -> None:
        if id(cls) in self._classes or not self._is_followed(cls.__module__):
            return
        way = (*route, (name, place))
        owners = [owner for owner in cls.__mro__ if self._is_followed(owner.__module__)]
        members = tuple(
            (owner, key, value)
            for owner in owners
            for key, value in vars(owner).items()
            if not isinstance(value, MemberDescriptorType)
        )
        self._classes[id(cls)] = _Named(members, way, cls)
        for field, factory in _factories(cls):
            self.take(factory, field, partial(place_in, cls, field), way)
        for owner in owners:
            self._take_annotations(owner, name, place, route)

    def _take_annotations(self, thing: FunctionType | type, name: str, place: Place, route: Route) -> None:
        """Look at the classes that fields or parameters are declared to have."""
        # From Python 3.14 on, a name among them may not be there yet.
        with suppress(NameError):
            for one in _declared_in(thing):
                self._take_type(one, name, place, route)

    def take_function(
        self, function: FunctionType | Body, route: Route = (), *, owner: type | None = None
    ) -> None:
        """Look into *function*, a method of *owner* if it has one, which *route* has led to."""
        body = function if isinstance(function, Body) else Body.of(function)
        key = id(body.code) if isinstance(function, Body) else id(function)
        if key in self._functions or not self._is_followed(str(body.names.get("__name__"))):
            return
        self._functions[key] = function
        reading = read(body)
        self._words |= reading.words
        for awaited in reading.awaited:
            if not self._may_await(awaited, body, owner):
                what = awaited.words or _shown(awaited.expression)
                remedy = Remedy.RULE if self._is_rule else Remedy.AWAIT
                raise self._refusal(ForbiddenAwaitError, what, partial(body.at, awaited.line), route, remedy)
        for name, line in reading.rebound:
            raise self._refusal(SharedStateError, name, partial(body.at, line), route, Remedy.SHARED)
        for use in reading.uses:
            self._take_use(use, body, route)
        if isinstance(function, FunctionType):
            self._take_signature(function, route)

    def _take_use(self, use: Use, body: Body, route: Route) -> None:
        place = partial(body.place_of, use)
        for index, value in enumerate(use.values):
            after = use.values[index + 1 :]
            if isinstance(value, ModuleType) and any(map(is_pure, after)):
                continue
            # A hash may be made of hashes: sets and dictionaries never show it.
            if value is hash and body.code.co_name == "__hash__":
                continue
            is_globally_known = use.is_global and all(
                isinstance(one, ModuleType) for one in use.values[:index]
            )
            if is_globally_known and is_shared_state(value):
                raise self._refusal(SharedStateError, use.name, place, route, Remedy.SHARED)
            self.take(value, use.name, place, route)

    def _take_signature(self, function: FunctionType, route: Route) -> None:
        """Look at what *function* is given when nothing else is, and at the classes of what it is given."""
        code = function.__code__
        positional = code.co_varnames[: code.co_argcount]
        defaults = function.__defaults__ or ()
        given = dict(zip(positional[len(positional) - len(defaults) :], defaults, strict=True))
        given |= function.__kwdefaults__ or {}
        for name, value in given.items():
            place = partial(place_of_default, function, name)
            if is_shared_state(value):
                raise self._refusal(SharedStateError, name, place, route, Remedy.SHARED)
            self.take(value, name, place, route)
        place = partial(Body.of(function).at, code.co_firstlineno)
        self._take_annotations(function, function.__name__, place, route)

    def _may_await(self, awaited: Awaited, body: Body, owner: type | None) -> bool:
        if self._is_rule or awaited.words:
            return False
        if awaited.expression is None:  # there is no source to read: the driver sees what really waits
            return True
        path = awaited.expression.func if isinstance(awaited.expression, ast.Call) else None
        me = body.code.co_varnames[0] if owner is not None and body.code.co_argcount else ""
        match path:
            case None:
                return False
            case ast.Attribute(value=ast.Name(id=name), attr="ask") if name in body.parameters - {me}:
                return True
            case ast.Attribute(value=ast.Name(id=name), attr=method) if name == me:
                called = attribute(owner, method)
            case ast.Attribute(value=ast.Call(func=ast.Name(id="super")), attr=method):
                called = attribute(owner, method)
            case _:
                called = body.resolve(path)
        return self._is_own_coroutine(called)

    def _is_own_coroutine(self, value: object) -> bool:
        """Return whether *value* is a coroutine function that is looked into too."""
        while isinstance(value, staticmethod | classmethod):
            value = cast("object", value.__func__)
        if isinstance(value, FunctionType):
            value = Body.of(value)
        if not isinstance(value, Body) or not value.is_coroutine:
            return False
        module = str(value.names.get("__name__"))
        return module in _TRUSTED or self._is_followed(module)

    def _is_followed(self, module: object) -> bool:
        return isinstance(module, str) and module not in _TRUSTED and is_followed(module, self._package)

    def _is_used(self, name: str, value: object) -> bool:
        if name in self._words:
            return True
        # Python calls these by itself.
        is_pythons = name.startswith("__") and name.endswith("__") and name not in _CALLED_WHEN_MADE
        return is_pythons and isinstance(value, FunctionType | staticmethod | classmethod | Body)

    def _refusal(
        self,
        kind: type[ForbiddenNameError | SharedStateError | ForbiddenAwaitError],
        name: str,
        place: Place,
        route: Route,
        remedy: Remedy,
    ) -> ForbiddenNameError | SharedStateError | ForbiddenAwaitError:
        way = "".join(f", by way of {step} at {at()}" for step, at in reversed(route))
        return kind(self._who, name, f"{place()}{way}", Remedy.RULE if self._is_rule else remedy)


def _shown(expression: ast.expr | None) -> str:
    return "something" if expression is None else ast.unparse(expression)


def _factories(cls: type) -> Iterator[tuple[str, object]]:
    """Yield what makes the values of fields that are not given, in msgspec's structs and dataclasses."""
    defaults: tuple[object, ...] = getattr(cls, "__struct_defaults__", ())
    fields: tuple[str, ...] = getattr(cls, "__struct_fields__", ())
    yield from (
        (field, getattr(default, "factory", None))
        for field, default in zip(fields[len(fields) - len(defaults) :], defaults, strict=True)
    )
    declared: dict[str, object] = getattr(cls, "__dataclass_fields__", {})
    yield from ((name, getattr(field, "default_factory", None)) for name, field in declared.items())


@lru_cache  # The same few are come to from each actor and each rule.
def _declared_in(thing: FunctionType | type) -> tuple[type, ...]:
    kinds = inspect.get_annotations(thing).values()
    return tuple(dict.fromkeys(one for kind in kinds for one in _types_in(kind)))


def _types_in(annotation: object) -> Iterator[type]:
    if isinstance(annotation, type) and not get_args(annotation):
        yield annotation
    inside = (annotation.__value__,) if isinstance(annotation, TypeAliasType) else get_args(annotation)
    for one in inside:
        yield from _types_in(one)


def _inside(value: object) -> Iterator[object]:
    """Yield what *value* wraps or holds, as far as Python's own ways to do so tell."""
    if isinstance(value, tuple | frozenset | list | set):
        yield from cast("Iterable[object]", value)
    elif isinstance(value, dict | MappingProxyType):
        yield from cast("Mapping[object, object]", value).values()
    else:
        for kind, names in _HOLDERS.items():
            if isinstance(value, kind):
                yield from (getattr(value, name) for name in names)
        # functools keeps here what its decorators, and those made with its `wraps`, are around.
        if callable(value) and not isinstance(value, type):
            yield attribute(value, "__wrapped__")
