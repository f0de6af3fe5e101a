"""Every message type under its wire name: registration, encoding, late decoding."""

from collections.abc import Callable, Iterator
from typing import Any, ClassVar, cast, get_args, get_origin

import msgspec
import msgspec.inspect as shape

from acore.errors import AcoreError
from acore.events.base import Command, Effect, Event, Kind, Message, Policy
from acore.record import Record


class CatalogError(AcoreError):
    """A message type cannot be registered as it is."""


class InvalidMessageError(AcoreError):
    """A message does not fit its own declaration, so it was not sent."""

    def __init__(self, cls: type, reason: str) -> None:
        super().__init__(f"{cls.__name__} was not sent: {reason}")


class UnknownMessageError(AcoreError):
    """A recorded message has a name or version that this acore does not know."""

    def __init__(self, name: str, version: int, known: int | None) -> None:
        tail = "no such message is known" if known is None else f"this acore knows version {known}"
        super().__init__(f"cannot read a recorded {name} of version {version}: {tail}")


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


class Catalog:
    """The message types of one program, by class and by wire name."""

    _ABSTRACT: ClassVar[frozenset[type]] = frozenset({Record, Message, Event, Command, Effect})

    def __init__(self) -> None:
        self._by_class: dict[type, Wire] = {}
        self._by_name: dict[str, Wire] = {}
        self._decoders: dict[type, msgspec.json.Decoder[Any]] = {}
        self._replies: dict[type, msgspec.json.Decoder[Any]] = {}
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
    ) -> None:
        """Take *cls* in under *name*, for ever.

        Raises:
            CatalogError: The name is taken, or the class could be changed, lost or misread on its way.
        """
        kind = _kind(cls)
        if name in self._by_name:
            taken = self._by_name[name].cls
            raise CatalogError(
                f"{cls.__name__}: the wire name {name!r} belongs to {taken.__qualname__} already"
            )
        if cls in self._by_class:
            raise CatalogError(f"{cls.__name__} is known as {self._by_class[cls].name!r} already")
        if (kind is Kind.EFFECT) != (policy is not None):
            raise CatalogError(f"{cls.__name__}: an effect, and nothing else, declares a policy")
        if not cls.__doc__ or cls.__doc__ == Message.__doc__:
            raise CatalogError(f"{cls.__name__}: its docstring is its documentation; write one")
        _refuse_what_travels_badly(cls, self._ABSTRACT)
        wire = Wire(
            cls=cls,
            name=name,
            version=version,
            kind=kind,
            journaled=journaled,
            projected=projected,
            policy=policy,
            is_urgent=urgent,
        )
        self._by_class[cls] = self._by_name[name] = wire
        self._decoders[cls] = msgspec.json.Decoder(cls)
        if kind is Kind.COMMAND:
            reply = reply_type(cast("type[Command[Any]]", cls))
            _refuse_what_travels_badly(reply, self._ABSTRACT)
            self._replies[cls] = msgspec.json.Decoder(reply)

    def of(self, cls: type) -> Wire:
        """Return how *cls* is known.

        Raises:
            CatalogError: It was never registered.
        """
        try:
            return self._by_class[cls]
        except KeyError:
            raise CatalogError(f'{cls.__name__} is not registered: put @wire("…") above the class') from None

    def named(self, name: str) -> Wire | None:
        """Return the type known as *name*, if there is one."""
        return self._by_name.get(name)

    def decoder(self, cls: type[Message]) -> msgspec.json.Decoder[Any]:
        """Return what decodes a *cls* of the present version."""
        self.of(cls)
        return self._decoders[cls]

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
        decoder = self._decoders.get(cls)
        if decoder is None:
            self.of(cls)
            raise AssertionError
        return self._there_and_back(cls, message, decoder)

    def encode_reply(self, command: type[Message], reply: object) -> bytes:
        """Return the JSON of the *reply* to a *command*, checked as `carry_reply` does."""
        return self.carry_reply(command, reply)[1]

    def carry_reply(self, command: type[Message], reply: object) -> tuple[object, bytes]:
        """Return the *reply* to a *command* as the asker and every replay will read it, and its JSON.

        Raises:
            InvalidMessageError: The reply is not what the command promises.
        """
        return self._there_and_back(command, reply, self._replies[command])

    def decode(self, name: str, version: int, payload: bytes | msgspec.Raw) -> Message:
        """Return a recorded message.

        Raises:
            UnknownMessageError: Name or version are not known here.
            msgspec.ValidationError: The payload does not fit.
        """
        wire = self._by_name.get(name)
        if wire is None or version > wire.version:
            raise UnknownMessageError(name, version, wire.version if wire else None)
        return self._decoders[wire.cls].decode(payload)

    def decode_reply(self, command: str, payload: bytes | msgspec.Raw) -> object:
        """Return the recorded reply to the command known as *command*."""
        wire = self._by_name.get(command)
        if wire is None:
            raise UnknownMessageError(command, 1, None)
        return self._replies[wire.cls].decode(payload)

    def _there_and_back[T](self, cls: type, value: T, decoder: msgspec.json.Decoder[T]) -> tuple[T, bytes]:
        try:
            payload = self._encode(value)
            again = decoder.decode(payload)
        except (msgspec.ValidationError, TypeError, ValueError, OverflowError) as reason:
            raise InvalidMessageError(cls, str(reason)) from reason
        if again != value:
            raise InvalidMessageError(cls, "it would not read back as what it is (NaN, or a lossy field)")
        return again, payload


CATALOG = Catalog()


def wire[M: Message](
    name: str,
    *,
    version: int = 1,
    journaled: bool = True,
    projected: bool = False,
    policy: Policy | None = None,
    urgent: bool = False,
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
        catalog: Where it is registered.
    """

    def register(cls: type[M]) -> type[M]:
        catalog.register(
            cls, name, version=version, journaled=journaled, projected=projected, policy=policy, urgent=urgent
        )
        return cls

    return register


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


_LOSSY = (
    shape.AnyType,
    shape.ByteArrayType,
    shape.CustomType,
    shape.DataclassType,
    shape.DictType,
    shape.FrozenSetType,
    shape.ListType,
    shape.MemoryViewType,
    shape.NamedTupleType,
    shape.SetType,
    shape.TypedDictType,
)


def _refuse_what_travels_badly(cls: Any, abstract: frozenset[type]) -> None:  # noqa: ANN401 - see reply_type
    """Refuse what a receiver could change, or what would decode into something else without an error."""
    name = getattr(cls, "__name__", str(cls))
    seen: set[type] = set()
    todo: list[tuple[shape.Type, str]] = [(shape.type_info(cls), "")]
    while todo:
        node, path = todo.pop()
        if isinstance(node, _LOSSY):
            what = type(node).__name__.removesuffix("Type").lower()
            raise CatalogError(
                f"{name}{path}: a {what} cannot travel; use a tuple, or a record with named fields"
            )
        if isinstance(node, shape.StructType) and node.cls not in seen:
            seen.add(node.cls)
            if reason := _flaw(node, abstract, is_field=bool(path)):
                raise CatalogError(f"{name}{path}: {reason}")
            todo += [(field.type, f"{path}.{field.name}") for field in node.fields]
        todo += [(part, path) for part in _parts(node)]


def _flaw(node: shape.StructType, abstract: frozenset[type], *, is_field: bool) -> str | None:
    if node.cls in abstract or (is_field and node.tag is None and node.cls.__subclasses__()):
        return f"{node.cls.__name__} has subclasses whose fields would be lost; use a tagged union"
    if node.array_like or node.forbid_unknown_fields:
        return "array_like and forbid_unknown_fields make old journals unreadable"
    return None if node.cls.__struct_config__.frozen else f"{node.cls.__name__} is not frozen"


def _parts(node: shape.Type) -> tuple[shape.Type, ...]:
    """Return the types of what a union or tuple holds."""
    if isinstance(node, shape.UnionType):
        return tuple(node.types)
    if isinstance(node, shape.TupleType):
        return tuple(node.item_types)
    return (node.item_type,) if isinstance(node, shape.VarTupleType) else ()
