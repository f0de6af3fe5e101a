"""session_start_limit, as Discord sends it."""

from datetime import UTC, datetime, timedelta

from acore.discord.budget import budget_of
from acore.events.discord import IdentifyBudget

NOW = datetime(2026, 1, 2, tzinfo=UTC)


def test_the_budget_says_when_it_starts_anew() -> None:
    limit = {"total": 1000, "remaining": 997, "reset_after": 14_400_500, "max_concurrency": 1}

    assert budget_of(limit, NOW) == IdentifyBudget(
        total=1000, remaining=997, resets_at=NOW + timedelta(hours=4, milliseconds=500)
    )
