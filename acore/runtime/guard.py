"""Refuses core actors and rules that a replay could not repeat, when they are made."""

from collections.abc import Callable, Iterable
from functools import partial, wraps
from types import BuiltinFunctionType, FunctionType, MappingProxyType, MethodType
from typing import Any, cast

from acore.runtime.places import place_in, place_of_assignment
from acore.runtime.reach import Reach

_MARK = "__acore_rule__"
_CONTAINERS = (dict, MappingProxyType, list, tuple, set, frozenset)
# Two of one of these kinds may differ in what they do.
_DIFFER = (FunctionType, BuiltinFunctionType, MethodType, partial, type, *_CONTAINERS)


def guard(cls: type) -> None:
    """Refuse *cls* if it, or anything that it comes to use by name, could not be replayed.

    What its `__init__` is handed is looked at in the same way, each time one is made.

    Raises:
        ForbiddenNameError: It uses a forbidden module or function, under whatever name.
        SharedStateError: It uses a global that changes.
        ForbiddenAwaitError: It awaits anything but `ctx.ask(…)`, or a coroutine of its own that does.
    """
    reach = Reach(cls.__qualname__, cls.__module__)
    reach.take_class(cls)
    state = getattr(cls, "state_type", cls)
    reach.take(state, state.__name__, partial(place_in, cls, state.__name__))
    reach.settle()
    if isinstance(init := vars(cls).get("__init__"), FunctionType):
        setattr(cls, "__init__", _watched(init, reach))  # noqa: B010 - type checkers refuse to see it assigned


def rule[F: Callable[..., Any]](decides: F) -> F:
    """Declare that *decides* is a rule: records and an instant in, records out, and nothing else.

    Args:
        decides: A function, or a record whose methods decide.

    Raises:
        ForbiddenNameError: It uses a forbidden module or function, under whatever name.
        SharedStateError: It uses a global that changes.
        ForbiddenAwaitError: It awaits something.
    """
    reach = Reach(f"the rule {decides.__qualname__}", decides.__module__, is_rule=True)
    made = cast("object", decides)
    if isinstance(made, type):
        reach.take_class(made)
    elif isinstance(made, FunctionType):
        reach.take_function(made)
    else:
        reach.take(made, decides.__name__, lambda: decides.__module__)
    reach.settle()
    setattr(decides, _MARK, True)
    return decides


def is_rule(thing: object) -> bool:
    """Return whether *thing* was declared a rule."""
    return getattr(thing, _MARK, False) is True


def _watched(init: FunctionType, reach: Reach) -> Callable[..., None]:
    """Return *init* with a look, after it, at what the actor holds now: a lock, a file, a function."""
    harmless: set[type] = set()

    @wraps(init)
    def watched(actor: object, *args: object, **kwargs: object) -> None:
        init(actor, *args, **kwargs)
        for name, held in vars(actor).items():
            if type(held) in harmless:
                continue
            for value in _held(held):
                if (kind := type(value)) in harmless:
                    continue
                trial = reach.copy()
                trial.take(value, f"self.{name}", partial(place_of_assignment, init, name))
                trial.settle()
                if not issubclass(kind, _DIFFER):
                    harmless.add(kind)

    return watched


def _held(value: object) -> Iterable[object]:
    """Return what is in *value*, or *value* alone."""
    if isinstance(value, dict | MappingProxyType):
        return cast("dict[object, object]", value).values()
    if isinstance(value, list | tuple | set | frozenset):
        return cast("Iterable[object]", value)
    return (value,)
