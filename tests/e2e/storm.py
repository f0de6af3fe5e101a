"""acore as a process of its own, with counters that fail as soon as they run."""

import importlib
from functools import partial

from acore.actors.metrics import MetricsActor
from acore.app import App
from acore.cli import main
from acore.events.base import Event
from acore.events.catalog import wire
from acore.runtime.actor import Context
from acore.runtime.handlers import handles
from acore.runtime.restart import Backoff
from acore.runtime.spec import ChildSpec, SupervisorSpec


@wire("test.storm")
class Storm(Event):
    """It is time to fail."""


class StormyMetrics(MetricsActor):
    async def on_start(self, ctx: Context) -> None:
        await super().on_start(ctx)
        ctx.schedule(0.02, Storm())

    @handles
    async def fail(self, _storm: Storm, ctx: Context) -> None:
        raise RuntimeError(f"the disk sang {ctx.incarnation} time(s)")


def stormy(tree: SupervisorSpec) -> SupervisorSpec:
    quick = Backoff(first=0.01, cap=0.01)
    children: list[ChildSpec | SupervisorSpec] = [
        stormy(child)
        if isinstance(child, SupervisorSpec)
        else ChildSpec(id=child.id, actor=StormyMetrics, backoff=quick)
        if child.id == "metrics"
        else child
        for child in tree.children
    ]
    return SupervisorSpec(
        id=tree.id, children=tuple(children), strategy=tree.strategy, limit=tree.limit, backoff=quick
    )


if __name__ == "__main__":
    vars(importlib.import_module("acore.cli.run"))["App"] = partial(App, amend=stormy)
    main(["run"])
