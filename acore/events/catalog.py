"""Every message type under its wire name: registration, encoding, late decoding."""

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any, ClassVar, cast, get_args, get_origin

import msgspec

from acore.errors import AcoreError
from acore.events.base import Command, Effect, Event, Kind, Message, Policy
from acore.events.fields import flaw_in
from acore.events.upcast import (
    NO_STEPS,
    Lineage,
    Lineages,
    UnknownMessageError,
    UnreadableMessageError,
    Upcaster,
)
from acore.record import Record

# It is searched for with * and ? and names files, so it holds neither those nor a slash.
_NAME = re.compile(r"[a-z0-9_]+(\.[a-z0-9_]+)+")


class CatalogError(AcoreError):
    """A message type cannot be registered as it is."""


type Decode = Callable[[bytes | str | msgspec.Raw], Any]

_UNFIT = (msgspec.ValidationError, TypeError, ValueError, OverflowError)
_OTHER = "it would not read back as what it is (NaN, or a lossy field)"


class InvalidMessageError(AcoreError):
    """A message does not fit its own declaration, so it was not sent."""

    def __init__(self, cls: type, reason: str) -> None:
        super().__init__(f"{cls.__name__} was not sent: {reason}")


class Wire(Record):
    """How one message type is known outside this process."""

    cls: type[Message]
    name: str
    version: int
    kind: Kind
    journaled: bool
    projected: bool
    policy: Policy | None
    is_urgent: bool
    is_vital: bool = False
    is_self_resuming: bool = False


class Catalog:
    """The message types of one program, by class and by wire name."""

    _ABSTRACT: ClassVar[frozenset[type]] = frozenset({Record, Message, Event, Command, Effect})

    def __init__(self) -> None:
        self._by_class: dict[type, Wire] = {}
        self._by_name: dict[str, Wire] = {}
        self._decode: dict[type, Decode] = {}
        self._present: dict[str, tuple[int, Decode]] = {}
        self._replies: dict[type, msgspec.json.Decoder[Any]] = {}
        self._lineages = Lineages()
        self._encode = msgspec.json.Encoder().encode

    def __iter__(self) -> Iterator[Wire]:
        return iter(self._by_class.values())

    def register(
        self,
        cls: type[Message],
        name: str,
        *,
        version: int = 1,
        journaled: bool = True,
        projected: bool = False,
        policy: Policy | None = None,
        urgent: bool = False,
        vital: bool = False,
        self_resuming: bool = False,
        formerly: tuple[str, ...] = (),
        upcasters: Mapping[int, Upcaster] = NO_STEPS,
        reply_upcasters: Mapping[int, Upcaster] = NO_STEPS,
    ) -> None:
        """Take *cls* in under *name*, for ever; see `wire` for the arguments.

        Raises:
            CatalogError: A name is taken, an older version cannot be read, or the class could be changed,
                lost or misread on its way.
        """
        kind = _kind(cls)
        if cls in self._by_class:
            raise CatalogError(f"{cls.__name__} is known as {self._by_class[cls].name!r} already")
        if (kind is Kind.EFFECT) != (policy is not None):
            raise CatalogError(f"{cls.__name__}: an effect, and nothing else, declares a policy")
        if reply_upcasters and kind is not Kind.COMMAND:
            raise CatalogError(f"{cls.__name__}: a command, and nothing else, has replies to upcast")
        if not cls.__doc__ or cls.__doc__ == Message.__doc__:
            raise CatalogError(f"{cls.__name__}: its docstring is its documentation; write one")
        self._refuse_a_flaw_in(cls, is_message=True)
        replies = None
        if kind is Kind.COMMAND:
            reply = reply_type(cast("type[Command[Any]]", cls))
            self._refuse_a_flaw_in(reply, is_message=False)
            replies = msgspec.json.Decoder[Any](reply)
        lineage = Lineage(name=name, version=version, steps=upcasters, replies=reply_upcasters)
        self._take_names(cls.__name__, (name, *formerly), lineage)
        wire = Wire(
            cls=cls,
            name=name,
            version=version,
            kind=kind,
            journaled=journaled,
            projected=projected,
            policy=policy,
            is_urgent=urgent,
            is_vital=vital,
            is_self_resuming=self_resuming,
        )
        self._by_class[cls] = wire
        self._by_name |= dict.fromkeys((name, *formerly), wire)
        self._decode[cls] = msgspec.json.Decoder[Any](cls).decode
        self._present[name] = (version, self._decode[cls])
        if replies is not None:
            self._replies[cls] = replies

    def retire(self, name: str, *, version: int, upcasters: Mapping[int, Upcaster] = NO_STEPS) -> None:
        """Read no more what was recorded as *name*, whose class is gone; see `retire`.

        Raises:
            CatalogError: The name is in use, or an older version leads nowhere.
        """
        lineage = Lineage(name=name, version=version, steps=upcasters, is_retired=True)
        self._take_names(f"the retired {name}", (name,), lineage)

    def of(self, cls: type) -> Wire:
        """Return how *cls* is known.

        Raises:
            CatalogError: It was never registered.
        """
        try:
            return self._by_class[cls]
        except KeyError:
            raise _not_registered(cls) from None

    def named(self, name: str) -> Wire | None:
        """Return the type known as *name*, if there is one."""
        return self._by_name.get(name)

    def encode(self, message: Message) -> bytes:
        """Return the JSON of *message*, checked as `carry` does."""
        return self.carry(message)[1]

    def carry[M: Message](self, message: M) -> tuple[M, bytes]:
        """Return *message* as every receiver and every replay will read it, and its JSON.

        msgspec checks nothing on construction, so the way there and back is the check. What comes back
        may be equal and still not the same: 1 becomes 1.0, a text becomes the row of its enum.

        Raises:
            InvalidMessageError: It does not come back: a field of the wrong type, NaN, a value outside
                its limits.
        """
        cls = type(message)
        decode = self._decode.get(cls)
        if decode is None:
            raise _not_registered(cls)
        # Every message takes this way: it is not shared with replies, which would be one call more.
        try:
            payload = self._encode(message)
            again = decode(payload)
        except _UNFIT as reason:
            raise InvalidMessageError(cls, str(reason)) from reason
        if again != message:
            raise InvalidMessageError(cls, _OTHER)
        return again, payload

    def encode_reply(self, command: type[Message], reply: object) -> bytes:
        """Return the JSON of the *reply* to a *command*, checked as `carry_reply` does."""
        return self.carry_reply(command, reply)[1]

    def carry_reply(self, command: type[Message], reply: object) -> tuple[object, bytes]:
        """Return the *reply* to a *command* as the asker and every replay will read it, and its JSON.

        Raises:
            InvalidMessageError: The reply is not what the command promises.
        """
        return self._there_and_back(command, reply, self._replies[command])

    def knows(self, name: str, version: int) -> bool:
        """Return whether what was recorded as *name* of *version* can be read here."""
        lineage = self._lineages.of(name)
        return lineage is not None and 1 <= version <= lineage.version

    def lineage(self, name: str) -> Lineage | None:
        """Return what became of all that was recorded as *name*; None when the name is not known."""
        return self._lineages.of(name)

    def read(self, name: str, version: int, payload: bytes | msgspec.Raw) -> tuple[Message, ...]:
        """Return what a recorded message is today: one; several if it was split, none if it was retired.

        Args:
            name: Its wire name then.
            version: Its version then.
            payload: Its JSON.

        Raises:
            UnknownMessageError: Name or version are not known here.
            UnreadableMessageError: The payload does not fit, or an upcaster failed.
        """
        wire = self._by_name.get(name)
        if wire is not None and version == wire.version:
            return (self._fit(wire, payload, name, version),)
        return tuple(
            self._fit(self._by_name[today.name], today.encoded(), name, version)
            for today in self._lineages.bring_up(name, version, payload)
        )

    def decode(self, name: str, version: int, payload: bytes | msgspec.Raw) -> Message:
        """Return a recorded message that is one message today.

        Raises:
            UnknownMessageError: Name or version are not known here.
            UnreadableMessageError: The payload does not fit, or it is none or several by now.
        """
        present = self._present.get(name)
        if present is not None and present[0] == version:
            try:
                return present[1](payload)
            except msgspec.DecodeError as error:
                raise UnreadableMessageError(name, version, str(error)) from error
        messages = self.read(name, version, payload)
        if len(messages) != 1:
            raise UnreadableMessageError(name, version, f"it has become {len(messages)} messages")
        return messages[0]

    def decoder(self, name: str) -> Decode:
        """Return what decodes messages of today that are known as *name*, for who has many of them.

        Raises:
            UnknownMessageError: The name is not known here.
        """
        wire = self._by_name.get(name)
        if wire is None:
            raise UnknownMessageError(name, 1, None)
        return self._decode[wire.cls]

    def decode_reply(
        self, command: str, payload: bytes | msgspec.Raw, *, version: int | None = None
    ) -> object:
        """Return the recorded reply to the command known as *command*.

        Args:
            command: The command's wire name then.
            payload: The reply's JSON.
            version: The command's version then; None for that of today.

        Raises:
            UnknownMessageError: Name or version are not known here.
            UnreadableMessageError: The payload does not fit, or an upcaster failed.
        """
        wire = self._by_name.get(command)
        if wire is None or wire.cls not in self._replies:
            raise UnknownMessageError(command, version or 1, None)
        if version is not None and version != wire.version:
            payload = self._lineages.bring_up_reply(command, version, payload).encoded()
        try:
            return self._replies[wire.cls].decode(payload)
        except msgspec.DecodeError as error:
            raise UnreadableMessageError(command, version or wire.version, str(error)) from error

    def _fit(self, wire: Wire, payload: bytes | msgspec.Raw, name: str, version: int) -> Message:
        """Return the message in *payload*, which was recorded as *name* of *version*."""
        try:
            return self._decode[wire.cls](payload)
        except msgspec.DecodeError as error:
            raise UnreadableMessageError(name, version, str(error)) from error

    def _refuse_a_flaw_in(self, cls: Any, *, is_message: bool) -> None:  # noqa: ANN401 - as flaw_in
        if flaw := flaw_in(cls, self._ABSTRACT, is_message=is_message):
            raise CatalogError(flaw)

    def _take_names(self, what: str, names: tuple[str, ...], lineage: Lineage) -> None:
        for name in names:
            if not _NAME.fullmatch(name):
                raise CatalogError(f"{what}: {name!r} is no wire name; write `topic.what_happened`")
            if name in self._by_name:
                taken = self._by_name[name].cls.__qualname__
                raise CatalogError(f"{what}: the wire name {name!r} belongs to {taken} already")
            if self._lineages.of(name) is not None:
                raise CatalogError(f"{what}: the wire name {name!r} was retired, and old journals use it")
            if names.count(name) > 1:
                raise CatalogError(f"{what}: {name!r} is given twice")
        if flaw := lineage.flaw():
            raise CatalogError(f"{what}: {flaw}")
        for name in names:
            self._lineages.add(name, lineage)

    def _there_and_back[T](self, cls: type, value: T, decoder: msgspec.json.Decoder[T]) -> tuple[T, bytes]:
        try:
            payload = self._encode(value)
            again = decoder.decode(payload)
        except _UNFIT as reason:
            raise InvalidMessageError(cls, str(reason)) from reason
        if again != value:
            raise InvalidMessageError(cls, _OTHER)
        return again, payload


def _not_registered(cls: type) -> CatalogError:
    return CatalogError(f'{cls.__name__} is not registered: put @wire("…") above the class')


CATALOG = Catalog()


def wire[M: Message](
    name: str,
    *,
    version: int = 1,
    journaled: bool = True,
    projected: bool = False,
    policy: Policy | None = None,
    urgent: bool = False,
    vital: bool = False,
    self_resuming: bool = False,
    formerly: tuple[str, ...] = (),
    upcasters: Mapping[int, Upcaster] = NO_STEPS,
    reply_upcasters: Mapping[int, Upcaster] = NO_STEPS,
    catalog: Catalog = CATALOG,
) -> Callable[[type[M]], type[M]]:
    """Register the class below under a wire name that will never change.

    Args:
        name: `topic.what_happened`; once released, it stays.
        version: Raised when a field changes its meaning or type.
        journaled: Whether the journal keeps it. A message that a core actor handles is always kept.
        projected: Whether the store's tables are told of it though the journal does not keep it.
        policy: For effects: what becomes of one whose outcome a crash took away.
        urgent: For effects: it waits for its cause to be durable only for a moment, then goes.
        vital: Whether it is taken in also while so much waits to be written that what is new is refused: what
            acore says of itself, and what ends something that was begun.
        self_resuming: For effects: whoever performs it takes up what a crash left open from records of its
            own, so that the outbox passes it over.
        formerly: Names that it had before; what is recorded under them is read as this.
        upcasters: For each version before this one, what makes the next version of its builtins.
        reply_upcasters: For commands: the same for the reply. A version needs the one, the other, or both.
        catalog: Where it is registered.
    """

    def register(cls: type[M]) -> type[M]:
        catalog.register(
            cls,
            name,
            version=version,
            journaled=journaled,
            projected=projected,
            policy=policy,
            urgent=urgent,
            vital=vital,
            self_resuming=self_resuming,
            formerly=formerly,
            upcasters=upcasters,
            reply_upcasters=reply_upcasters,
        )
        return cls

    return register


def retire(
    name: str,
    *,
    version: int,
    upcasters: Mapping[int, Upcaster] = NO_STEPS,
    catalog: Catalog = CATALOG,
) -> None:
    """Say that what was recorded as *name* has no class any more, so that old journals stay readable.

    Args:
        name: Its wire name; nothing else may ever have it.
        version: Its last version.
        upcasters: None, and it is passed over without being decoded. Or one for each version, the last of
            which returns the messages that it has become, as a tuple of `Recorded`.
        catalog: Where it is retired.

    Raises:
        CatalogError: The name is in use, or an older version leads nowhere.
    """
    catalog.retire(name, version=version, upcasters=upcasters)


def reply_type(cls: type[Command[Any]]) -> Any:  # noqa: ANN401 - a reply may be any type, also a union
    """Return what *cls* says it wants back.

    Raises:
        CatalogError: It does not say.
    """
    for base in getattr(cls, "__orig_bases__", ()):
        if get_origin(base) is Command:
            return get_args(base)[0]
    raise CatalogError(
        f"{cls.__name__}: say what it wants back, as in `class {cls.__name__}(Command[Reply])`"
    )


def _kind(cls: type[Message]) -> Kind:
    for base, kind in ((Event, Kind.EVENT), (Command, Kind.COMMAND), (Effect, Kind.EFFECT)):
        if issubclass(cls, base):
            return kind
    raise CatalogError(f"{cls.__name__} is no Event, Command or Effect")
