"""acore as a process of its own, that begins to answer each command and does not come to the end of it."""

import importlib
from collections.abc import Mapping
from typing import Any

import msgspec
from anyio import sleep_forever

from acore import app
from acore.actors.desk import Answerer
from acore.cli import main
from acore.events.discord import InteractionReceived
from acore.events.metrics import ActivityCounted
from acore.events.status import Reply
from acore.runtime.edge import EdgeContext

_ANSWERERS = app.answerers


async def never(received: InteractionReceived, io: EdgeContext) -> Reply:
    # That it was acknowledged was said before: with this, that is on disk.
    await io.durable(io.publish(ActivityCounted()).seq)
    print(f"working on /{received.command}", flush=True)  # noqa: T201 - a sign for the test
    await sleep_forever()
    raise AssertionError


def unfinished(*given: Any) -> Mapping[str, Answerer]:  # noqa: ANN401 - whatever the real one takes
    return {name: msgspec.structs.replace(one, reply=never) for name, one in _ANSWERERS(*given).items()}


if __name__ == "__main__":
    vars(importlib.import_module("acore.app"))["answerers"] = unfinished
    main(["run"])
