"""acore as a process of its own, with a part that holds up the event loop when it is to stop."""

import importlib
import time
from functools import partial

from acore import app
from acore.cli import main
from acore.runtime.edge import EdgeActor, EdgeContext
from acore.runtime.spec import ChildSpec, SupervisorSpec


class Stubborn(EdgeActor):
    """Does not stop."""

    async def run(self, io: EdgeContext) -> None:
        io.ready()
        await io.stopping.wait()
        time.sleep(60)  # noqa: ASYNC251, TID251 - the fault that is to be survived


def with_a_stubborn_part(tree: SupervisorSpec) -> SupervisorSpec:
    children = (*tree.children, ChildSpec(id="stubborn", actor=Stubborn))
    return SupervisorSpec(id=tree.id, children=children, strategy=tree.strategy, limit=tree.limit)


if __name__ == "__main__":
    app.STOP_BUDGET = 0.5
    stubborn = partial(app.App, amend=with_a_stubborn_part)
    vars(importlib.import_module("acore.cli.run"))["App"] = stubborn
    main(["run"])
