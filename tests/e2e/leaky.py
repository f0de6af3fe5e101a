"""acore as a process of its own whose connection fails once with the token in what it says."""

import importlib
from functools import partial
from typing import Any

from acore import log
from acore.actors.gateway import DiscordGatewayActor
from acore.app import App
from acore.cli import main
from acore.events.discord import InteractionAcknowledged
from acore.runtime.edge import EdgeActor, EdgeContext
from acore.runtime.handlers import handles
from acore.runtime.restart import Backoff
from acore.runtime.spec import ChildSpec, SupervisorSpec


class LeakyGateway(DiscordGatewayActor):
    _has_leaked = False

    @handles
    async def leak(self, _fact: InteractionAcknowledged, _io: EdgeContext) -> None:
        if not LeakyGateway._has_leaked:
            LeakyGateway._has_leaked = True
            token = next(iter(self._tickets)).token
            client: Any = self._doorway.door
            raise RuntimeError(f"cannot go on with {client._token} and {token}")


def leaky(tree: SupervisorSpec) -> SupervisorSpec:
    children = tuple(
        leaky(child)
        if isinstance(child, SupervisorSpec)
        else _leaky(child)
        if child.id == "gateway"
        else child
        for child in tree.children
    )
    return SupervisorSpec(id=tree.id, children=children, strategy=tree.strategy, limit=tree.limit)


def _leaky(spec: ChildSpec) -> ChildSpec:
    def start() -> EdgeActor:
        actor: Any = spec.build()
        actor.__class__ = LeakyGateway
        return actor

    return ChildSpec(id=spec.id, actor=LeakyGateway, start=start, backoff=Backoff(first=0.05, cap=0.05))


if __name__ == "__main__":
    log._CONTAINER_FILES = ()
    vars(importlib.import_module("acore.cli.run"))["App"] = partial(App, amend=leaky)
    main(["run"])
