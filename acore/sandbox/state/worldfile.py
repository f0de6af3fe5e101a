"""A TOML file that says what is in the world: users, applications, guilds, roles, channels, overwrites.

config/sandbox.toml is an example with every key.
"""

import re
import tomllib
from collections import Counter
from collections.abc import Collection, Iterable
from pathlib import Path

from acore.sandbox import payloads
from acore.sandbox.permissions import rules as permissions
from acore.sandbox.permissions.rules import Permission
from acore.sandbox.shapes import Json, as_list, as_object
from acore.sandbox.state.kinds import ALL_PRIVILEGED, ApplicationFlag, ChannelType, OverwriteType
from acore.sandbox.state.plans import (
    ApplicationPlan,
    ChannelPlan,
    GuildPlan,
    MessagePlan,
    OverwritePlan,
    RolePlan,
    UserPlan,
    WorldPlan,
)
from acore.sandbox.state.tables import Table, WorldFileError

EVERYONE = "@everyone"
MOST = 1_000_000
CONTENT_LIMIT = 2000  # Discord's documentation, "Create Message"
LONGEST_SLOWMODE = 21600  # seconds; Discord's documentation, "Channel Object"
LONGEST_SETTING = 300
NUMBER = "{n}"
COLOR = re.compile(r"#[0-9a-fA-F]{6}")
WHITE = 0xFFFFFF
PERMISSIONS = {one.name.lower(): int(one) for one in Permission if one.name}
PRIVILEGED = {
    "presences": int(ApplicationFlag.GATEWAY_PRESENCE_LIMITED),
    "members": int(ApplicationFlag.GATEWAY_GUILD_MEMBERS_LIMITED),
    "message_content": int(ApplicationFlag.GATEWAY_MESSAGE_CONTENT_LIMITED),
}
SETTINGS = frozenset(
    {
        "description",
        "afk_timeout",
        "system_channel_flags",
        "verification_level",
        "default_message_notifications",
        "mfa_level",
        "explicit_content_filter",
        "premium_tier",
        "premium_subscription_count",
        "preferred_locale",
        "premium_progress_bar_enabled",
        "nsfw_level",
    }
)
"""Discord's names of what a world file may set; what refers to channels or pictures is set over REST."""
CHANNEL_TYPES = {
    "text": ChannelType.GUILD_TEXT,
    "voice": ChannelType.GUILD_VOICE,
    "category": ChannelType.GUILD_CATEGORY,
    "announcement": ChannelType.GUILD_ANNOUNCEMENT,
    "stage": ChannelType.GUILD_STAGE_VOICE,
    "forum": ChannelType.GUILD_FORUM,
}


def read(path: Path) -> WorldPlan:
    """Return what a world file asks for.

    Raises:
        WorldFileError: it is no TOML, or says something that cannot be; every mistake is told.
        OSError: it cannot be read.
    """
    try:
        values = tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise WorldFileError(path, [f"it is no TOML: {error}"]) from None
    problems: list[str] = []
    plan = _world(Table(values, "", problems))
    if problems:
        raise WorldFileError(path, problems)
    return plan


def _world(table: Table) -> WorldPlan:
    users = [user for one in table.tables("users") for user in _users(one)]
    people = [one for one in users if not one.bot]
    if not people:
        people = [UserPlan("owner"), UserPlan("member")]
    named = [_application(one, {user.name for user in people}) for one in table.tables("applications")]
    applications = named + [ApplicationPlan(one.name, token=one.token) for one in users if one.bot]
    if not applications:
        applications = [ApplicationPlan("sandbox-bot")]
    everybody = [*people, *applications]
    for name in _twice(one.name for one in everybody):
        table.problems.append(f"there is more than one {name!r} among users and applications; rename one")
    if any(_twice(one.token for one in everybody if one.token is not None)):
        table.problems.append("two users or applications have the same token; each needs one of its own")
    names, bots = (dict.fromkeys(one.name for one in kind) for kind in (people, applications))
    guilds = [_guild(one, names, bots) for one in table.tables("guilds")]
    table.finish()
    return WorldPlan(tuple(people), tuple(applications), tuple(guilds) or (GuildPlan("Sandbox"),))


def _twice(names: Iterable[str]) -> list[str]:
    return [name for name, times in Counter(names).items() if times > 1]


def _users(table: Table) -> list[UserPlan]:
    name, count = table.required("name", longest=32), table.number("count", 1, least=1, most=MOST)
    global_name, token = table.text("global_name", longest=32), table.text("token", longest=200)
    is_bot, locale = table.flag("bot"), table.text("locale") or "en-US"
    if table.has("count") and token is not None:
        table.wrong("token", "leave it out where count is given; each user has a token of its own")
    table.finish()
    return [
        UserPlan(one, global_name and global_name.replace(NUMBER, str(number)), is_bot, locale, token)
        for number, one in enumerate(_numbered(table, name, count), 1)
    ]


def _numbered(table: Table, name: str, count: int) -> list[str]:
    if count > 1 and name and NUMBER not in name:
        table.wrong("name", f"put {NUMBER} where the number belongs, as there are {count}")
        return [name]
    return [name.replace(NUMBER, str(number)) for number in range(1, count + 1)]


def _application(table: Table, people: Collection[str]) -> ApplicationPlan:
    name, owner = table.required("name"), table.text("owner")
    _check_known(table, "owner", owner, people, "user")
    flags = table.bits("privileged_intents", PRIVILEGED, int(ALL_PRIVILEGED))
    plan = ApplicationPlan(
        name,
        owner,
        flags,
        table.text("description", longest=400) or "",
        table.text("token", longest=200),
        table.bits("permissions", PERMISSIONS, 0) if table.has("permissions") else None,
    )
    table.finish()
    return plan


def _check_known(table: Table, key: str, name: str | None, known: Collection[str], kind: str) -> None:
    if name is not None and name not in known:
        table.wrong(key, f"there is no {kind} called {name!r} in this file")


def _guild(table: Table, people: dict[str, None], bots: dict[str, None]) -> GuildPlan:
    count = table.number("count", 1, least=1, most=MOST)
    name = table.required("name", longest=100)
    _numbered(table, name, count if count > 1 else 0)
    owner = table.text("owner")
    _check_known(table, "owner", owner, people, "user")
    members = _members(table, people)
    invited = table.texts("bots")
    for one in invited or ():
        _check_known(table, "bots", one, bots, "application")
    inside = {*(people if members is None else members), *(bots if invited is None else invited)}
    inside.add(owner or next(iter(people)))
    roles = [_role(one, inside) for one in table.tables("roles")]
    everyone = next((one.permissions for one in roles if one.name == EVERYONE), None)
    channels = [_channel(one, {role.name for role in roles}, inside) for one in table.tables("channels")]
    _check_parents(table, channels)
    settings = _settings(table)
    features = table.texts("features")
    if features is not None:
        settings["features"] = list(features)
    table.finish()
    return GuildPlan(
        name,
        count,
        owner,
        members,
        invited,
        int(permissions.EVERYONE_MAY) if everyone is None else everyone,
        tuple(one for one in roles if one.name != EVERYONE),
        tuple(channels) or (ChannelPlan("general"),),
        settings,
    )


def _settings(table: Table) -> Json:
    """Return a guild's settings; each is of the kind that a new guild has."""
    given = table.object("settings")
    inner = Table(given, f"{table.name}.settings", table.problems)
    for name in sorted(SETTINGS):
        match payloads.new_setting(name):
            case bool():
                inner.flag(name)
            case int():
                inner.number(name, 0, least=0, most=MOST)
            case _:
                inner.text(name, longest=LONGEST_SETTING)
    inner.finish()
    return dict(given)


def _members(table: Table, people: Collection[str]) -> tuple[str, ...] | None:
    """Return who is in a guild; a table {count, name} stands for as many, made where they do not exist."""
    given = table.value("members")
    if given is None:
        return None
    names: list[str] = []
    listed = as_list(given)
    for one in listed if isinstance(given, list) else [given]:
        crowd = Table(as_object(one), f"{table.name}.members", table.problems)
        if isinstance(one, str):
            _check_known(table, "members", one, people, "user")
            names.append(one)
        elif isinstance(one, dict):
            names += _numbered(crowd, crowd.required("name"), crowd.number("count", 1, least=1, most=MOST))
            crowd.finish()
        else:
            table.wrong("members", 'write names, or { count = 5000, name = "user{n}" }')
    return tuple(dict.fromkeys(names))


def _role(table: Table, inside: Collection[str]) -> RolePlan:
    color = table.value("color")
    if isinstance(color, str) and COLOR.fullmatch(color):
        bits = int(color[1:], 16)
    elif color is None or (isinstance(color, int) and not isinstance(color, bool) and 0 <= color <= WHITE):
        bits = color or 0
    else:
        table.wrong("color", 'write a text such as "#5865f2", or a number up to 0xffffff')
        bits = 0
    members = table.texts("members") or ()
    for one in members:
        if one not in inside:
            table.wrong("members", f"{one!r} is no member of this guild")
    plan = RolePlan(
        table.required("name"),
        table.bits("permissions", PERMISSIONS, 0),
        bits,
        table.flag("hoist"),
        table.flag("mentionable"),
        members,
    )
    table.finish()
    return plan


def _channel(table: Table, roles: Collection[str], inside: Collection[str]) -> ChannelPlan:
    plan = ChannelPlan(
        table.required("name"),
        table.choice("type", CHANNEL_TYPES, ChannelType.GUILD_TEXT),
        table.text("parent"),
        table.text("topic", longest=1024),
        table.flag("nsfw"),
        table.number("slowmode", 0, least=0, most=LONGEST_SLOWMODE),
        tuple(_overwrite(one, {EVERYONE, *roles}, inside) for one in table.tables("overwrites")),
        tuple(_message(one, inside) for one in table.tables("messages")),
    )
    if plan.messages and plan.type in {ChannelType.GUILD_CATEGORY, ChannelType.GUILD_FORUM}:
        table.wrong("messages", "a category or forum holds none; give them to a text channel")
    table.finish()
    return plan


def _overwrite(table: Table, roles: Collection[str], inside: Collection[str]) -> OverwritePlan:
    role, member = table.text("role"), table.text("member")
    if (role is None) == (member is None):
        table.problems.append(f"[{table.name}]: give either role or member, whom it is about")
    _check_known(table, "role", role, roles, "role")
    if member is not None and member not in inside:
        table.wrong("member", f"{member!r} is no member of this guild")
    kind = OverwriteType.MEMBER if role is None else OverwriteType.ROLE
    allow, deny = table.bits("allow", PERMISSIONS, 0), table.bits("deny", PERMISSIONS, 0)
    table.finish()
    return OverwritePlan(kind, role or member or "", allow, deny)


def _message(table: Table, inside: Collection[str]) -> MessagePlan:
    author = table.required("author")
    if author and author not in inside:
        table.wrong("author", f"{author!r} is no member of this guild")
    plan = MessagePlan(author, table.required("content", longest=CONTENT_LIMIT))
    table.finish()
    return plan


def _check_parents(table: Table, channels: list[ChannelPlan]) -> None:
    categories = {one.name for one in channels if one.type is ChannelType.GUILD_CATEGORY}
    for number, one in enumerate(channels, 1):
        if one.parent is not None and one.parent not in categories:
            place = f"[{table.name}.channels[{number}]] parent = {one.parent!r}"
            table.problems.append(f"{place}: there is no category of this name in the guild")
