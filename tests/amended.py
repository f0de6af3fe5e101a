"""acore as a process of its own in which one actor is of another class; to be called by a module's `main`."""

import importlib
from functools import partial
from typing import Any

from acore.app import App
from acore.cli import main
from acore.runtime.edge import EdgeActor
from acore.runtime.restart import Backoff
from acore.runtime.spec import ChildSpec, SupervisorSpec


def run_with(child: str, actor: type[EdgeActor], *, backoff: Backoff | None = None) -> None:
    """Run `acore run` with the edge actor called *child* made an *actor*, which derives from its class.

    Args:
        child: The actor's name in the tree.
        actor: What it is here.
        backoff: How soon it is started again; as ever if nothing is said.
    """

    def amend(tree: SupervisorSpec) -> SupervisorSpec:
        children = tuple(
            amend(one) if isinstance(one, SupervisorSpec) else replaced(one) if one.id == child else one
            for one in tree.children
        )
        return SupervisorSpec(id=tree.id, children=children, strategy=tree.strategy, limit=tree.limit)

    def replaced(spec: ChildSpec) -> ChildSpec:
        def start() -> EdgeActor:
            made: Any = spec.build()
            made.__class__ = actor
            return made

        return ChildSpec(id=spec.id, actor=actor, start=start, backoff=backoff or spec.backoff)

    vars(importlib.import_module("acore.cli.run"))["App"] = partial(App, amend=amend)
    main(["run"])
