"""session_start_limit, which nextcord throws away."""

from collections.abc import Mapping
from datetime import datetime, timedelta

from acore.events.discord import IdentifyBudget


def budget_of(limit: Mapping[str, int], now: datetime) -> IdentifyBudget:
    """Return the budget that Discord's session_start_limit object describes at *now*.

    `reset_after` counts milliseconds (Discord, Get Gateway Bot).
    """
    return IdentifyBudget(
        total=limit["total"],
        remaining=limit["remaining"],
        resets_at=now + timedelta(milliseconds=limit["reset_after"]),
    )
