"""How checks are declared."""

from types import ModuleType

import pytest

from acore.checks import builtin
from acore.checks.registry import Check, Result, Surroundings, Tier, check, checks_of
from acore.errors import AcoreError
from acore.events.health import Health


@check(Tier.INFO)
async def one(_around: Surroundings) -> Result:
    """The first line is the help.

    The rest is for those who read the code.
    """
    return Result(status=Health.HEALTHY, message="")


def module(**contents: object) -> ModuleType:
    made = ModuleType("made")
    vars(made).update(contents)
    return made


def test_a_checks_name_is_the_functions_and_its_help_the_docstrings_first_line() -> None:
    assert (one.name, one.help, one.tier) == ("one", "The first line is the help.", Tier.INFO)


def test_a_check_without_help_is_refused() -> None:
    async def bare(_around: Surroundings) -> Result:
        return Result(status=Health.HEALTHY, message="")

    with pytest.raises(AcoreError, match="'bare' needs a docstring"):
        check(Tier.INFO)(bare)


def test_checks_are_found_in_the_order_of_declaration_and_nothing_else_is() -> None:
    second = Check(name="second", help="h", tier=Tier.WARNING, run=one.run)

    assert list(checks_of(module(second=second, other=3), module(first=one))) == ["second", "one"]


def test_two_checks_of_one_name_are_refused() -> None:
    with pytest.raises(AcoreError, match="two checks named 'one'"):
        checks_of(module(a=one), module(b=one))


def test_the_checks_that_every_bot_gets() -> None:
    tiers = {name: one.tier for name, one in checks_of(builtin).items()}

    assert tiers == {
        "discord_api": Tier.CRITICAL,
        "database": Tier.WARNING,
        "performance": Tier.WARNING,
    }


@pytest.mark.parametrize(
    ("tier", "setting", "seconds"),
    [
        (Tier.CRITICAL, 60, 30.0),
        (Tier.WARNING, 60, 60.0),
        (Tier.INFO, 60, 300.0),
        (Tier.CRITICAL, 5, 2.5),
        (Tier.INFO, 3600, 18_000.0),
    ],
)
def test_the_setting_scales_all_tiers_alike(tier: Tier, setting: int, seconds: float) -> None:
    assert tier.interval(setting) == seconds
