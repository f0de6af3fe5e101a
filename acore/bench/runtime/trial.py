"""One sample, in an interpreter of its own.

`python -m acore.bench.runtime.trial tell ours.core '{"fan_out": 5}'` prints one line of JSON.
"""

import os
import sys
from collections.abc import Awaitable, Callable
from importlib import import_module

import anyio
import msgspec

from acore.bench.runtime import measures
from acore.bench.runtime.shapes import Figures, Params

_PACKAGE = "acore.bench.runtime"
_MEASURES: dict[str, tuple[Callable[..., Awaitable[Figures]], str]] = {
    "tell": (measures.measure_tell, "tell"),
    "latency": (measures.measure_latency, "tell"),
    "ask": (measures.measure_ask, "ask"),
    "crash": (measures.measure_crash, "crash"),
    "idle": (measures.measure_idle, "idle"),
    "spawn": (measures.measure_spawn, "idle"),
}


async def take_sample(what: str, who: str, params: Params) -> Figures:
    """Return what the contestant *who* brings at *what*: a module of this package, or one by its whole name.

    What is in no list is measured by a function of the contestant's own, called like it.
    """
    module = import_module(who if who.startswith("acore.") else f"{_PACKAGE}.{who}")
    if what not in _MEASURES:
        own: Callable[[Params], Awaitable[Figures]] = getattr(module, what)
        return await own(params)
    measure, offer = _MEASURES[what]
    return await measure(getattr(module, offer), params, is_threaded=getattr(module, "IS_THREADED", False))


def main(what: str, who: str, params: str) -> None:
    """Take one sample and print it."""
    figures = anyio.run(take_sample, what, who, msgspec.json.decode(params, type=Params))
    sys.stdout.write(msgspec.json.encode(figures).decode() + "\n")
    sys.stdout.flush()
    # What a library does when the interpreter ends is not measured, and some of them fail there.
    os._exit(0)


if __name__ == "__main__":
    main(*sys.argv[1:])
