"""`/botstatus`."""

from collections.abc import Callable

import nextcord  # noqa: TID251 - acore.discord is where nextcord lives

from acore.actors.door import Request
from acore.discord.requests import request_of


class StatusCog(nextcord.ClientCog):
    """How the bot is."""

    def __init__(self, take: Callable[[Request], None]) -> None:
        """Hand each request to *take*."""
        self._take = take

    @nextcord.slash_command(name="botstatus", description="How the bot is, in one look.")
    async def botstatus(self, interaction: "nextcord.Interaction[nextcord.Client]") -> None:
        """Answer how the bot is."""
        self._take(request_of(interaction))
