"""Who may do what, as tables."""

from types import MappingProxyType

import pytest

from acore.access.rules import NEEDS, Role, decide, is_for_operators, operator_guilds, role_of
from acore.app import answerers
from acore.events.discord import Application, GuildLine, Invoker, Place
from acore.events.settings import SettingsFacts
from tests.actors.house import facts
from tests.discord.slash import commands_of, every_cog

OWNER, TEAM, ADMIN, STRANGER = 1, 2, 3, 4
ADMIN_ROLE, OTHER_ROLE = 70, 80
BOT = Application(
    id=9, name="bot", owners=(OWNER, TEAM), owner_name="somebody", intents_on=(), intents_off=()
)
SETTINGS = facts(ADMIN_USERS=str(ADMIN), ADMIN_ROLES=str(ADMIN_ROLE))
GUILD, DIRECT = Place(guild=5, channel=6), Place(guild=None, channel=6)
RULES = MappingProxyType(
    {"look": Role.VIEWER, "mend": Role.OPERATOR, "rule": Role.ADMIN, "own all": Role.OWNER}
)


def person(number: int, *roles: int) -> Invoker:
    return Invoker(id=number, name=f"person {number}", roles=roles)


@pytest.mark.parametrize(
    ("invoker", "place", "role", "why"),
    [
        (person(OWNER), GUILD, Role.OWNER, "owner or team member"),
        (person(TEAM), DIRECT, Role.OWNER, "owner or team member"),
        (person(ADMIN), GUILD, Role.ADMIN, "ADMIN_USERS"),
        (person(ADMIN), DIRECT, Role.ADMIN, "ADMIN_USERS"),
        (person(STRANGER, OTHER_ROLE, ADMIN_ROLE), GUILD, Role.ADMIN, "ADMIN_ROLES"),
        (person(STRANGER, ADMIN_ROLE), DIRECT, Role.VIEWER, "everybody"),
        (person(STRANGER, OTHER_ROLE), GUILD, Role.VIEWER, "everybody"),
        (person(STRANGER), GUILD, Role.VIEWER, "everybody"),
        (person(OWNER, ADMIN_ROLE), GUILD, Role.OWNER, "owner or team member"),
        # A role's number is no person's.
        (person(ADMIN_ROLE), GUILD, Role.VIEWER, "everybody"),
        (person(STRANGER, ADMIN), GUILD, Role.VIEWER, "everybody"),
    ],
)
def test_the_highest_role_counts_and_the_rule_is_named(
    invoker: Invoker, place: Place, role: Role, why: str
) -> None:
    found, rule = role_of(invoker, place, SETTINGS, BOT)

    assert found is role
    assert why in rule


@pytest.mark.parametrize(
    ("settings", "application", "invoker", "role"),
    [
        (None, None, person(OWNER), Role.VIEWER),
        (None, None, person(ADMIN), Role.VIEWER),
        (None, None, person(STRANGER, ADMIN_ROLE), Role.VIEWER),
        (SETTINGS, None, person(OWNER), Role.VIEWER),
        (SETTINGS, None, person(ADMIN), Role.ADMIN),
        (None, BOT, person(OWNER), Role.OWNER),
        (None, BOT, person(ADMIN), Role.VIEWER),
        (facts(), BOT, person(ADMIN), Role.VIEWER),
    ],
)
def test_what_is_not_known_yet_gives_nothing(
    settings: SettingsFacts | None, application: Application | None, invoker: Invoker, role: Role
) -> None:
    assert role_of(invoker, GUILD, settings, application)[0] is role


@pytest.mark.parametrize(
    ("command", "may"),
    [
        ("look", (True, True, True)),
        ("mend", (False, True, True)),
        ("rule", (False, True, True)),
        ("own all", (False, False, True)),
        ("own", (False, False, False)),
        ("", (False, False, False)),
        ("LOOK", (False, False, False)),
        ("nonsense", (False, False, False)),
    ],
)
def test_a_command_needs_its_role_and_one_without_a_rule_is_refused_to_everybody(
    command: str, may: tuple[bool, bool, bool]
) -> None:
    decisions = [
        decide(command, person(who), GUILD, SETTINGS, BOT, needs=RULES) for who in (STRANGER, ADMIN, OWNER)
    ]

    assert tuple(one.is_allowed for one in decisions) == may
    for one in decisions:
        assert one.is_allowed or f"/{command}" in one.rule


def test_a_refusal_tells_what_is_needed_and_what_the_person_is() -> None:
    refused = decide("rule", person(STRANGER), GUILD, SETTINGS, BOT, needs=RULES)

    assert refused.rule == "/rule needs admin; viewer by everybody"


def test_every_slash_command_has_a_rule_and_an_answer() -> None:
    commands = {name for cog in every_cog() for name in commands_of(cog)}

    assert "botstatus" in commands
    assert commands == set(NEEDS) == set(answerers())


def test_the_status_is_for_everybody() -> None:
    assert decide("botstatus", person(STRANGER), DIRECT, None, None).is_allowed


def test_what_operators_use_is_refused_to_everybody_else() -> None:
    for command in ("ops actors", "ops restart"):
        for who in (OWNER, ADMIN):
            assert decide(command, person(who), GUILD, SETTINGS, BOT).is_allowed
        assert not decide(command, person(STRANGER), GUILD, SETTINGS, BOT).is_allowed


@pytest.mark.parametrize(
    ("command", "expected"), [("botstatus", False), ("ops", True), ("look", False), ("mend", True)]
)
def test_a_command_of_which_nothing_is_for_everybody_is_for_operators(
    command: str, *, expected: bool
) -> None:
    needs = {**NEEDS, **RULES, "look closer": Role.ADMIN}

    assert is_for_operators(command, needs=needs) is expected


HOME = GuildLine(id=10, name="Home", members=3, owner=OWNER)
CREW = GuildLine(id=20, name="Crew", members=None, owner=ADMIN)
AWAY = GuildLine(id=30, name="Away", members=None)


@pytest.mark.parametrize(
    ("settings", "application", "expected"),
    [
        (facts(), BOT, (10,)),
        (facts(OPERATOR_GUILDS="20,30,99"), BOT, (20, 30)),
        (facts(OPERATOR_GUILDS="99"), BOT, ()),
        (None, BOT, (10,)),
        (facts(), None, ()),
        (facts(OPERATOR_GUILDS="20"), None, (20,)),
    ],
)
def test_operators_commands_are_for_the_servers_named_or_else_the_owners(
    settings: SettingsFacts | None, application: Application | None, expected: tuple[int, ...]
) -> None:
    assert operator_guilds((HOME, CREW, AWAY), settings, application) == expected
