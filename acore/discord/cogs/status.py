"""`/botstatus`."""

from collections.abc import Callable

import nextcord  # noqa: TID251 - acore.discord is where nextcord lives

from acore.actors.door import Request
from acore.discord.requests import request_of


def status_cog(take: Callable[[Request], None]) -> nextcord.ClientCog:
    """Return a cog that hands each request to *take*."""

    # nextcord notes on the class's own command whose cog it is: a class that two clients shared would hand
    # everything to the later one.
    class StatusCog(nextcord.ClientCog):
        """How the bot is."""

        @nextcord.slash_command(name="botstatus", description="How the bot is, in one look.")
        async def botstatus(self, interaction: "nextcord.Interaction[nextcord.Client]") -> None:
            """Answer how the bot is."""
            take(request_of(interaction))

    return StatusCog()
