"""The table of what the control API answers."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field

from acore.sandbox.api.table import Answer, fits
from acore.sandbox.shapes import Json


class ControlError(Exception):
    """A request to the control API that cannot be carried out; *status* is that of the answer."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


@dataclass(frozen=True, slots=True)
class ControlCall:
    """One request to the control API, read."""

    path: Mapping[str, str]
    query: Mapping[str, str]
    body: Json = field(default_factory=dict[str, object])


type ControlHandler = Callable[[ControlCall], Answer | Awaitable[Answer]]


class ControlRoutes:
    """A growing table of methods and templates below /sandbox/control, and what answers."""

    def __init__(self) -> None:
        self.listed: list[tuple[str, list[str], ControlHandler]] = []

    def on(self, method: str, template: str) -> Callable[[ControlHandler], ControlHandler]:
        """Return a decorator that makes a function answer a method and path.

        Args:
            method: e.g. GET.
            template: the path below /sandbox/control with {parameters}.
        """

        def add(handler: ControlHandler) -> ControlHandler:
            self.listed.append((method, template.strip("/").split("/"), handler))
            return handler

        return add

    def include(self, other: "ControlRoutes") -> None:
        """Add another table's routes."""
        self.listed += other.listed

    def find(self, method: str, path: str) -> tuple[ControlHandler, dict[str, str]]:
        """Return what answers, and the values of the path's parameters.

        Raises:
            ControlError: nothing does.
        """
        parts = path.strip("/").split("/")
        methods: list[str] = []
        for known, template, handler in self.listed:
            if len(template) == len(parts) and fits(template, parts):
                if known == method:
                    pairs = zip(template, parts, strict=True)
                    return handler, {one[1:-1]: part for one, part in pairs if one.startswith("{")}
                methods.append(known)
        if methods:
            raise ControlError(405, f"{method} will not do here; use {' or '.join(methods)}")
        known_paths = sorted({"/".join(template) for _, template, _ in self.listed})
        raise ControlError(404, f"there is no {path!r} here; known are {', '.join(known_paths)}")
