"""The one table of what each command needs, and the one decision in front of all of them."""

from collections.abc import Iterable, Mapping
from enum import IntEnum
from types import MappingProxyType

from acore.events.discord import Application, GuildLine, Invoker, Place
from acore.events.settings import SettingsFacts
from acore.record import Record
from acore.runtime.guard import rule


class Role(IntEnum):
    """What somebody is to the bot, each including those before it."""

    VIEWER = 1
    OPERATOR = 2
    ADMIN = 3
    OWNER = 4


NEEDS: Mapping[str, Role] = MappingProxyType(
    {
        "botstatus": Role.VIEWER,
        "ops actors": Role.OPERATOR,
        "ops restart": Role.ADMIN,
        "ops why": Role.OPERATOR,
    }
)
"""The least role for each command by its full name; what is not here is refused."""


class Decision(Record):
    """Whether a command may be used, and the rule that decided."""

    is_allowed: bool
    role: Role
    rule: str


@rule
def role_of(
    invoker: Invoker, place: Place, settings: SettingsFacts | None, application: Application | None
) -> tuple[Role, str]:
    """Return the highest role of *invoker* in *place*, and what gives it.

    What is not known yet gives nothing: right after the start everybody is a viewer.
    """
    if application is not None and invoker.id in application.owners:
        return Role.OWNER, "owner or team member of the application"
    if settings is not None and invoker.id in settings.admin_users:
        return Role.ADMIN, "ADMIN_USERS"
    if settings is not None and place.guild is not None and set(invoker.roles) & set(settings.admin_roles):
        return Role.ADMIN, "ADMIN_ROLES"
    return Role.VIEWER, "everybody"


@rule
def decide(
    command: str,
    invoker: Invoker,
    place: Place,
    settings: SettingsFacts | None,
    application: Application | None,
    *,
    needs: Mapping[str, Role] = NEEDS,
) -> Decision:
    """Return whether *invoker* may use *command* in *place*: refused unless a rule allows it.

    Args:
        command: The command's full name, e.g. "botstatus" or "admin restart".
        invoker: Who, with their roles there.
        place: Where; roles of a server count only in it.
        settings: The settings in force, as far as they are known.
        application: Whose bot this is, as far as it is known.
        needs: The least role for each command.
    """
    role, why = role_of(invoker, place, settings, application)
    needed = needs.get(command)
    if needed is None:
        return Decision(is_allowed=False, role=role, rule=f"/{command} is in no rule, so nobody may use it")
    if role < needed:
        return Decision(
            is_allowed=False,
            role=role,
            rule=f"/{command} needs {needed.name.lower()}; {role.name.lower()} by {why}",
        )
    return Decision(is_allowed=True, role=role, rule=f"{role.name.lower()} by {why}")


@rule
def is_for_operators(command: str, *, needs: Mapping[str, Role] = NEEDS) -> bool:
    """Return whether nothing below the top-level *command* is for everybody: it is not shown everywhere then.

    Args:
        command: The first word of its name, e.g. "ops".
        needs: The least role for each command by its full name.
    """
    return all(role >= Role.OPERATOR for name, role in needs.items() if name.split()[0] == command)


@rule
def operator_guilds(
    guilds: Iterable[GuildLine], settings: SettingsFacts | None, application: Application | None
) -> tuple[int, ...]:
    """Return which of *guilds* get the operators' commands.

    These are the ones that OPERATOR_GUILDS names; when it names none, those whose owner owns the application.
    """
    if settings is not None and settings.operator_guilds:
        return tuple(guild.id for guild in guilds if guild.id in settings.operator_guilds)
    owners = application.owners if application is not None else ()
    return tuple(guild.id for guild in guilds if guild.owner in owners)
