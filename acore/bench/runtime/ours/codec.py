"""acore's catalog beside an encoder and a decoder that know the one type."""

from typing import cast

import msgspec

from acore.bench.runtime.calls import TYPES, measure_calls
from acore.bench.runtime.sample import FIELDS
from acore.bench.runtime.shapes import Figures, Params
from acore.events.base import Event
from acore.events.catalog import Catalog
from acore.record import RecordMeta


def catalog_of_many() -> tuple[Catalog, Event]:
    """Return a catalog of many message types, and a message of one in its middle."""
    catalog, kinds = Catalog(), list[type[Event]]()
    for number in range(TYPES):
        namespace = {
            "__doc__": "A reading.",
            "__module__": __name__,
            "__annotations__": {name: type(value) for name, value in FIELDS.items()},
        }
        kind = cast("type[Event]", RecordMeta(f"Reading{number}", (Event,), namespace))
        catalog.register(kind, _name(number))
        kinds.append(kind)
    return catalog, kinds[TYPES // 2](**FIELDS)


def name_of_one() -> str:
    """Return the wire name of the message that `catalog_of_many` returns."""
    return _name(TYPES // 2)


def _name(number: int) -> str:
    return f"bench.reading_{number}"


async def codec(params: Params) -> Figures:
    """Measure what publishing does (there and back, as a check), and what reading the journal does."""
    catalog, message = catalog_of_many()
    name = name_of_one()
    encode = msgspec.json.Encoder().encode
    decode = msgspec.json.Decoder(type(message)).decode
    payload = encode(message)
    return measure_calls(
        {
            "carry": lambda: catalog.carry(message),
            "bare_carry": lambda: decode(encode(message)),
            "encode": lambda: catalog.encode(message),
            "bare_encode": lambda: encode(message),
            "decode": lambda: catalog.decode(name, 1, payload),
            "bare_decode": lambda: decode(payload),
        },
        params,
    )
