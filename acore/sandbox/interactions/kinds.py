"""The kinds of commands, options and places to use them, by Discord's own numbers."""

from enum import IntEnum


class CommandType(IntEnum):
    """How a command is invoked (Discord's documentation, "Application Command Types")."""

    CHAT_INPUT = 1
    USER = 2
    MESSAGE = 3


class OptionType(IntEnum):
    """What a command's option takes (Discord's documentation, "Application Command Option Type")."""

    SUB_COMMAND = 1
    SUB_COMMAND_GROUP = 2
    STRING = 3
    INTEGER = 4
    BOOLEAN = 5
    USER = 6
    CHANNEL = 7
    ROLE = 8
    MENTIONABLE = 9
    NUMBER = 10
    ATTACHMENT = 11


NESTING = (OptionType.SUB_COMMAND, OptionType.SUB_COMMAND_GROUP)
VALUES = tuple(kind for kind in OptionType if kind not in NESTING)


class Context(IntEnum):
    """Where an interaction happens (Discord's documentation, "Interaction Context Types")."""

    GUILD = 0
    BOT_DM = 1
    PRIVATE_CHANNEL = 2


class IntegrationType(IntEnum):
    """For whom an application is installed (Discord's documentation, "Application Integration Types")."""

    GUILD_INSTALL = 0
    USER_INSTALL = 1


class PermissionType(IntEnum):
    """Whom a command's permission is about (Discord's "Application Command Permission Type")."""

    ROLE = 1
    USER = 2
    CHANNEL = 3
