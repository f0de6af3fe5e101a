"""`/ops`: what operators need beside `/botstatus`."""

from collections.abc import Callable

import nextcord  # noqa: TID251 - acore.discord is where nextcord lives
from loguru import logger

from acore.actors.door import Choice, Request
from acore.discord.requests import request_of, unfinished_request_of


def ops_cog(
    take: Callable[[Request], None], suggest: Callable[[Request, str], tuple[Choice, ...]]
) -> nextcord.ClientCog:
    """Return a cog that hands each request to *take*, and asks *suggest* while somebody types."""

    # As for /botstatus, each client needs a class of its own.
    class OpsCog(nextcord.ClientCog):
        """What operators need."""

        @nextcord.slash_command(name="ops", description="For operators of the bot.")
        async def ops(self, interaction: "nextcord.Interaction[nextcord.Client]") -> None:
            """Hold the sub-commands; Discord never calls it."""

        @ops.subcommand(name="actors", description="How each part of the bot is.")  # pyright: ignore[reportUnknownMemberType] - a bare Callable
        async def actors(self, interaction: "nextcord.Interaction[nextcord.Client]") -> None:
            """Answer how each part is."""
            take(request_of(interaction))

        @ops.subcommand(name="restart", description="Stop one part and start it again.")  # pyright: ignore[reportUnknownMemberType] - as above
        async def restart(
            self,
            interaction: "nextcord.Interaction[nextcord.Client]",
            part: str = nextcord.SlashOption(description="Which part.", required=True),  # noqa: ARG002 - the request has it
        ) -> None:
            """Have one part restarted."""
            take(request_of(interaction))

        @restart.on_autocomplete("part")
        async def suggest_part(self, interaction: "nextcord.Interaction[nextcord.Client]", part: str) -> None:
            """Show which parts there are."""
            await _offer(interaction, suggest(unfinished_request_of(interaction), part))

        @ops.subcommand(name="why", description="Why something happened, and what came of it.")  # pyright: ignore[reportUnknownMemberType] - as above
        async def why(
            self,
            interaction: "nextcord.Interaction[nextcord.Client]",
            what: str = nextcord.SlashOption(  # noqa: ARG002 - the request has it
                description="An incident, a part, a setting, an entry's number; else what went wrong last.",
                required=False,
                default="last",
            ),
        ) -> None:
            """Answer what led to something, and what came of it."""
            take(request_of(interaction))

        @why.on_autocomplete("what")
        async def suggest_what(self, interaction: "nextcord.Interaction[nextcord.Client]", what: str) -> None:
            """Show what went wrong lately."""
            await _offer(interaction, suggest(unfinished_request_of(interaction), what))

    return OpsCog()


async def _offer(interaction: "nextcord.Interaction[nextcord.Client]", choices: tuple[Choice, ...]) -> None:
    """Show *choices* to somebody who is still typing."""
    try:
        await interaction.response.send_autocomplete(  # pyright: ignore[reportUnknownMemberType] - a bare dict
            {one.name: one.value for one in choices}
        )
    except nextcord.HTTPException as error:
        # The person has typed on or has gone; what is typed can be sent all the same.
        logger.debug("Suggestions came too late: {}", error)
