"""pydantic, frozen models in a discriminated union, as a catalog of many message types would be written."""

from importlib import import_module
from typing import Annotated, Any, Literal

from acore.bench.runtime.calls import TYPES, measure_calls
from acore.bench.runtime.ours.codec import catalog_of_many, name_of_one
from acore.bench.runtime.sample import FIELDS
from acore.bench.runtime.shapes import Figures, Params

pydantic: Any = import_module("pydantic")


def _models() -> list[Any]:
    fields = {name: (type(value), ...) for name, value in FIELDS.items()}
    frozen = pydantic.ConfigDict(frozen=True)
    return [
        pydantic.create_model(
            f"Reading{number}",
            __config__=frozen,
            type=(Literal[f"reading_{number}"], f"reading_{number}"),
            **fields,
        )
        for number in range(TYPES)
    ]


async def codec(params: Params) -> Figures:
    """Measure a message's way to JSON and back, with acore's catalog and with pydantic, by turns."""
    models = _models()
    union = models[0]
    for model in models[1:]:
        union |= model
    adapter = pydantic.TypeAdapter(Annotated[union, pydantic.Field(discriminator="type")])
    model = models[TYPES // 2](**FIELDS)
    catalog, message = catalog_of_many()
    name = name_of_one()
    return measure_calls(
        {
            "carry": lambda: catalog.carry(message),
            "encode_decode": lambda: catalog.decode(name, 1, catalog.encode(message)),
            "pydantic": lambda: adapter.validate_json(model.model_dump_json()),
        },
        params,
    )
