"""The actors that can be replayed, by their names in the journal."""

import importlib
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from typing import Any, ClassVar, cast

from acore.actors.core import core_specs
from acore.checks import builtin
from acore.checks.registry import checks_of
from acore.errors import AcoreError, ExitCode
from acore.runtime.actor import Actor
from acore.runtime.spec import ChildSpec

type Build = Callable[[], Actor[Any]]
type Cast = Mapping[str, Build]


class NoSuchActorError(AcoreError):
    """An actor was named that is none of those that can be replayed."""

    exit_code: ClassVar[ExitCode] = ExitCode.USAGE

    def __init__(self, name: str, known: Iterable[str]) -> None:
        super().__init__(
            f"{name!r} is no actor that can be replayed: only those that decide can, which are "
            f"{', '.join(known)}"
        )


def core() -> Cast:
    """Return how each of acore's own core actors is made."""
    tiers = {name: check.tier for name, check in checks_of(builtin).items()}
    return {spec.id: partial(_build, spec) for spec in core_specs(tiers)}


def cast_at(place: str) -> Cast:
    """Return what the function at *place*, `module:function`, returns."""
    module, _, function = place.partition(":")
    return cast("Callable[[], Cast]", getattr(importlib.import_module(module), function))()


def chosen(cast: Cast, names: Iterable[str]) -> Cast:
    """Return those of *cast* that are named, or all when none is.

    Raises:
        NoSuchActorError: One is not among them.
    """
    wanted = tuple(dict.fromkeys(names)) or tuple(cast)
    for name in wanted:
        if name not in cast:
            raise NoSuchActorError(name, cast)
    return {name: cast[name] for name in wanted}


def _build(spec: ChildSpec) -> Actor[Any]:
    actor = spec.build()
    assert isinstance(actor, Actor)  # noqa: S101 - core_specs describes no others
    return actor
