"""What a member may do."""

from enum import IntFlag

from acore.sandbox.state.records import Guild, Member


class Permission(IntFlag):
    """The bits the sandbox itself looks at (Discord's documentation, "Permissions")."""

    ADMINISTRATOR = 1 << 3
    VIEW_CHANNEL = 1 << 10
    SEND_MESSAGES = 1 << 11
    MANAGE_MESSAGES = 1 << 13
    EMBED_LINKS = 1 << 14
    ATTACH_FILES = 1 << 15
    READ_MESSAGE_HISTORY = 1 << 16
    MENTION_EVERYONE = 1 << 17
    USE_APPLICATION_COMMANDS = 1 << 31


EVERYTHING = (1 << 53) - 1
# What Discord gives @everyone in a new guild, as far as bots meet it.
EVERYONE_MAY = (
    Permission.VIEW_CHANNEL
    | Permission.SEND_MESSAGES
    | Permission.EMBED_LINKS
    | Permission.ATTACH_FILES
    | Permission.READ_MESSAGE_HISTORY
    | Permission.USE_APPLICATION_COMMANDS
)
DIRECT_MESSAGES_MAY = EVERYONE_MAY | Permission.MENTION_EVERYONE


def of_member(guild: Guild, member: Member) -> int:
    """Return the permission bits of *member*; owner and administrators have every one."""
    if member.user.id == guild.owner_id:
        return EVERYTHING
    bits = guild.roles[guild.id].permissions
    for role_id in member.role_ids:
        bits |= guild.roles[role_id].permissions
    return EVERYTHING if bits & Permission.ADMINISTRATOR else bits


def may_use(required: str | None, bits: int) -> bool:
    """Return whether *bits* suffice for default_member_permissions ("0": administrators alone)."""
    if required is None or bits & Permission.ADMINISTRATOR:
        return True
    wanted = int(required)
    return wanted != 0 and bits & wanted == wanted
