"""acore as a process of its own, with a part that holds up the event loop once the bot is connected."""

import importlib
import time
from functools import partial
from pathlib import Path

from acore import app
from acore.cli import main
from acore.events.discord import GatewayReady
from acore.runtime.edge import EdgeActor, EdgeContext
from acore.runtime.handlers import handles
from acore.runtime.spec import ChildSpec, SupervisorSpec


class Clumsy(EdgeActor):
    """Does everything in the loop."""

    @handles
    async def wait(self, _ready: GatewayReady, _io: EdgeContext) -> None:
        print("holding", flush=True)  # noqa: T201 - a sign for the test
        while not Path("release").exists():  # noqa: ASYNC240 - the fault that is to be survived
            time.sleep(0.01)  # noqa: ASYNC251, TID251 - as above
        print("let go", flush=True)  # noqa: T201 - as above


def with_a_clumsy_part(tree: SupervisorSpec) -> SupervisorSpec:
    children = (*tree.children, ChildSpec(id="clumsy", actor=Clumsy))
    return SupervisorSpec(id=tree.id, children=children, strategy=tree.strategy, limit=tree.limit)


if __name__ == "__main__":
    clumsy = partial(app.App, amend=with_a_clumsy_part)
    vars(importlib.import_module("acore.cli.run"))["App"] = clumsy
    main(["run"])
