"""acore as a process of its own whose connection fails once with the token in what it says."""

from typing import Any

from acore import log
from acore.actors.gateway import DiscordGatewayActor
from acore.events.discord import InteractionAcknowledged
from acore.runtime.edge import EdgeContext
from acore.runtime.handlers import handles
from acore.runtime.restart import Backoff
from tests.amended import run_with


class LeakyGateway(DiscordGatewayActor):
    _has_leaked = False

    @handles
    async def leak(self, _fact: InteractionAcknowledged, _io: EdgeContext) -> None:
        if not LeakyGateway._has_leaked:
            LeakyGateway._has_leaked = True
            token = next(iter(self._tickets)).token
            client: Any = self._doorway.door
            raise RuntimeError(f"cannot go on with {client._token} and {token}")


if __name__ == "__main__":
    log._CONTAINER_FILES = ()
    run_with("gateway", LeakyGateway, backoff=Backoff(first=0.05, cap=0.05))
