"""acore as a process of its own whose settings cannot be told once: the actor that asks for them fails."""

import importlib
from functools import partial
from typing import Any

from acore.actors.files import FilesActor
from acore.app import App
from acore.cli import main
from acore.events.settings import LoadSettings, SettingsFacts
from acore.runtime.edge import EdgeActor, EdgeContext
from acore.runtime.handlers import handles
from acore.runtime.spec import ChildSpec, SupervisorSpec

ASKED_IN_VAIN = 2
"""The first time is at the start; the second, after somebody had the actor restarted."""


class UnluckyFiles(FilesActor):
    _asked = 0

    @handles
    async def tell(self, _question: LoadSettings, _io: EdgeContext) -> SettingsFacts:
        UnluckyFiles._asked += 1
        if UnluckyFiles._asked == ASKED_IN_VAIN:
            raise OSError("the disk is gone")
        return self._facts


def unlucky(tree: SupervisorSpec) -> SupervisorSpec:
    children = tuple(
        unlucky(child)
        if isinstance(child, SupervisorSpec)
        else _unlucky(child)
        if child.id == "files"
        else child
        for child in tree.children
    )
    return SupervisorSpec(id=tree.id, children=children, strategy=tree.strategy, limit=tree.limit)


def _unlucky(spec: ChildSpec) -> ChildSpec:
    def start() -> EdgeActor:
        actor: Any = spec.build()
        actor.__class__ = UnluckyFiles
        return actor

    return ChildSpec(id=spec.id, actor=UnluckyFiles, start=start)


if __name__ == "__main__":
    vars(importlib.import_module("acore.cli.run"))["App"] = partial(App, amend=unlucky)
    main(["run"])
