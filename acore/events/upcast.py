"""How recorded messages of older versions become those of today: step by step, when they are read."""

from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType
from typing import Any, ClassVar

import msgspec

from acore.errors import AcoreError, ExitCode
from acore.record import Record


class UnreadableMessageError(AcoreError):
    """A recorded message cannot be read as it is."""

    exit_code: ClassVar[ExitCode] = ExitCode.DATA

    def __init__(self, name: str, version: int, reason: str) -> None:
        super().__init__(f"cannot read a recorded {name} of version {version}: {reason}")


class UnknownMessageError(UnreadableMessageError):
    """A recorded message has a name or version that this acore does not know."""

    def __init__(self, name: str, version: int, known: int | None) -> None:
        tail = "no such message is known" if known is None else f"this acore knows version {known}"
        super().__init__(name, version, tail)


class Recorded(Record):
    """A message as the journal has it: its JSON, in builtins, under the name and version of then."""

    name: str
    version: int
    payload: Any

    def encoded(self) -> bytes:
        """Return the payload's JSON.

        Raises:
            UnreadableMessageError: It is not made of builtins that JSON has.
        """
        try:
            return msgspec.json.encode(self.payload)
        except (TypeError, ValueError, OverflowError) as error:
            raise UnreadableMessageError(self.name, self.version, f"an upcaster failed: {error}") from error


type Upcaster = Callable[[Any], Any]
"""Takes the builtins of one version and returns those of the next, or the messages that they have become: a
tuple of `Recorded`, possibly empty."""

NO_STEPS: Mapping[int, Upcaster] = MappingProxyType({})


class Lineage(Record):
    """What became of the older versions of one message. `steps` go from a version to the next one.

    One that was retired has no version of today: its last step, if it has any, leads to other messages.
    """

    name: str
    version: int
    steps: Mapping[int, Upcaster] = NO_STEPS
    replies: Mapping[int, Upcaster] = NO_STEPS
    is_retired: bool = False

    @property
    def is_skipped(self) -> bool:
        """Whether nothing is left of it, so that it need not even be decoded."""
        return self.is_retired and not self.steps

    def flaw(self) -> str | None:
        """Return why the steps do not lead from the first version to the last one; None when they do."""
        if self.version < 1:
            return f"versions begin at 1, not {self.version}"
        given = set(self.steps) | set(self.replies)
        wanted = set[int]() if self.is_skipped else set(range(1, self.version + self.is_retired))
        if missing := sorted(wanted - given):
            return f"version {self.version} needs an upcaster from version {missing[0]}"
        if beyond := sorted(given - wanted):
            return (
                f"an upcaster from version {beyond[0]} leads nowhere: the version is {self.version}; raise it"
            )
        return None


class Lineages:
    """All that was ever recorded under a name or version that is not today's."""

    def __init__(self) -> None:
        self._by_name: dict[str, Lineage] = {}

    def add(self, name: str, lineage: Lineage) -> None:
        """Read what is recorded as *name* along *lineage*."""
        self._by_name[name] = lineage

    def of(self, name: str) -> Lineage | None:
        """Return the lineage of what is recorded as *name*; None when the name is not known."""
        return self._by_name.get(name)

    def bring_up(self, name: str, version: int, payload: bytes | msgspec.Raw) -> Iterator[Recorded]:
        """Yield what a recorded message is today: usually one, of a split one several, of a retired one none.

        Raises:
            UnreadableMessageError: Name or version are not known, or an upcaster failed.
        """
        if self._known(name, version).is_skipped:
            return
        builtins = _decode(name, version, payload)
        yield from self._go(Recorded(name=name, version=version, payload=builtins), frozenset())

    def bring_up_reply(self, command: str, version: int, payload: bytes | msgspec.Raw) -> Recorded:
        """Return what the recorded reply to *command* is today.

        Raises:
            UnreadableMessageError: As `bring_up`.
        """
        lineage = self._known(command, version)
        reply = _decode(command, version, payload)
        for at in range(version, lineage.version):
            if step := lineage.replies.get(at):
                reply = _take(step, Recorded(name=command, version=at, payload=reply))
        return Recorded(name=lineage.name, version=lineage.version, payload=reply)

    def _go(self, one: Recorded, been: frozenset[tuple[str, int]]) -> Iterator[Recorded]:
        lineage = self._known(one.name, one.version)
        if (one.name, one.version) in been:
            raise UnreadableMessageError(one.name, one.version, "its upcasters lead back to it")
        payload = one.payload
        for at in range(one.version, lineage.version + lineage.is_retired):
            if (step := lineage.steps.get(at)) is None:
                continue
            payload = _take(step, Recorded(name=one.name, version=at, payload=payload))
            if isinstance(payload, tuple):
                for part in _parts(payload, one, at):  # pyright: ignore[reportUnknownArgumentType] - it checks each
                    yield from self._go(part, been | {(one.name, one.version)})
                return
        if lineage.is_skipped:
            return
        if lineage.is_retired:
            reason = f"its last upcaster, from version {lineage.version}, must return a tuple of Recorded"
            raise UnreadableMessageError(one.name, one.version, reason)
        yield Recorded(name=lineage.name, version=lineage.version, payload=payload)

    def _known(self, name: str, version: int) -> Lineage:
        lineage = self._by_name.get(name)
        if lineage is None or not 1 <= version <= lineage.version:
            raise UnknownMessageError(name, version, lineage.version if lineage else None)
        return lineage


def _decode(name: str, version: int, payload: bytes | msgspec.Raw) -> object:
    try:
        return msgspec.json.decode(payload)
    except msgspec.DecodeError as error:
        raise UnreadableMessageError(name, version, str(error)) from error


def _take(step: Upcaster, one: Recorded) -> Any:  # noqa: ANN401 - builtins, or what they became
    try:
        return step(one.payload)
    except Exception as error:
        reason = f"its upcaster from version {one.version} failed with {error!r}"
        raise UnreadableMessageError(one.name, one.version, reason) from error


def _parts(made: tuple[object, ...], one: Recorded, at: int) -> Iterator[Recorded]:
    for part in made:
        if not isinstance(part, Recorded):
            reason = f"its upcaster from version {at} returned {part!r} in a tuple, which is not Recorded"
            raise UnreadableMessageError(one.name, one.version, reason)
        yield part
