"""The members of a guild: finding and changing them, their roles, and sending them away."""

import heapq
from datetime import timedelta

from acore.sandbox import payloads, realtime
from acore.sandbox.api.table import NOTHING, Answer, Audience, Call, Routes
from acore.sandbox.forms import field_kinds, paging
from acore.sandbox.forms.fields import Fields
from acore.sandbox.permissions import rules as permissions
from acore.sandbox.permissions.rules import Permission
from acore.sandbox.refusals import ApiError, FormErrors, Refusal, invalid
from acore.sandbox.resources.roles import refuse_to_touch, refuse_unassignable, role_in
from acore.sandbox.shapes import Json
from acore.sandbox.state import members, voice
from acore.sandbox.state.kinds import VOICE, ApplicationFlag, MemberFlag
from acore.sandbox.state.records import Guild, Member

MAX_PAGE = 1000  # Discord's documentation, "List Guild Members"
MAX_NICK = 32
MAX_QUERY = 100
MAX_ROLES = 350
MAX_BIO = 190
LONGEST_TIME_OUT = timedelta(days=28)  # Discord's documentation, "Modify Guild Member"
MAY_LIST = ApplicationFlag.GATEWAY_GUILD_MEMBERS | ApplicationFlag.GATEWAY_GUILD_MEMBERS_LIMITED
MAY_CHANGE_FLAGS = (
    Permission.MANAGE_GUILD,
    Permission.MANAGE_ROLES,
    Permission.MODERATE_MEMBERS | Permission.KICK_MEMBERS | Permission.BAN_MEMBERS,
)
"""Any of these suffices to change a member's flags (Discord's documentation, "Modify Guild Member")."""
ONE = "/guilds/{guild_id}/members/{user_id}"
THERE = (Refusal.UNKNOWN_GUILD, Refusal.UNKNOWN_MEMBER)

routes = Routes()


@routes.on(
    "GET",
    "/guilds/{guild_id}/members",
    Audience.BOT,
    refuses=(Refusal.UNKNOWN_GUILD, Refusal.MISSING_ACCESS, Refusal.INVALID_FORM),
)
def get_members(call: Call) -> Answer:
    """Return a guild's members, in the order of their ids; it takes the privileged intent for members."""
    guild = call.guild()
    if call.application is None or not call.application.flags & MAY_LIST:
        raise ApiError(Refusal.MISSING_ACCESS)
    page = paging.page(call.query, default=1, most=MAX_PAGE)
    there = (one for one in guild.members.values() if page.has(one.user.id))
    found = heapq.nsmallest(page.limit, there, key=lambda one: int(one.user.id))
    return Answer([payloads.member(one) for one in found])


@routes.on(
    "GET",
    "/guilds/{guild_id}/members/search",
    Audience.EITHER,
    refuses=(Refusal.UNKNOWN_GUILD, Refusal.INVALID_FORM),
)
def search_members(call: Call) -> Answer:
    """Return the members whose name or nickname begins with the query, whatever the case."""
    guild = call.guild()
    errors = FormErrors()
    limit = paging.number(call.query, "limit", default=1, low=1, high=MAX_PAGE, errors=errors)
    fields = Fields(dict(call.query), errors)
    fields.require("query")
    query = (fields.text("query", 1, MAX_QUERY) or "").lower()
    errors.raise_any()
    found = [one for one in guild.members.values() if _is_called(one, query)]
    return Answer([payloads.member(one) for one in found[:limit]])


@routes.on("GET", ONE, Audience.EITHER, refuses=THERE)
def get_member(call: Call) -> Answer:
    """Return one member."""
    return Answer(payloads.member(call.member(call.guild())))


@routes.on(
    "PATCH",
    ONE,
    Audience.EITHER,
    refuses=(
        *THERE,
        Refusal.UNKNOWN_ROLE,
        Refusal.MISSING_PERMISSIONS,
        Refusal.INVALID_ROLE,
        Refusal.NOT_IN_VOICE,
        Refusal.INVALID_FORM,
    ),
)
def edit_member(call: Call) -> Answer:
    """Change what others decide of a member: nickname, roles, time-out, flags, and where it is in voice."""
    guild = call.guild()
    member = call.member(guild)
    values = _read(call)
    _refuse(call, guild, member, values)
    is_moved, channel_id = "channel_id" in values, values.pop("channel_id", None)
    hand = call.hand(guild)
    members.edit(hand, member, values)
    if is_moved:
        members.move(hand, member, None if channel_id is None else guild.channels[channel_id])
    elif values.keys() & {"mute", "deaf"}:
        voice.tell(call.world, guild, member.user.id)
    return Answer(payloads.member(member))


@routes.on(
    "PATCH",
    "/guilds/{guild_id}/members/@me",
    Audience.EITHER,
    refuses=(Refusal.UNKNOWN_GUILD, Refusal.MISSING_PERMISSIONS, Refusal.INVALID_FORM),
)
def edit_own_member(call: Call) -> Answer:
    """Change one's own nickname and pictures in a guild."""
    member = _edit_oneself(call)
    return Answer({**payloads.member(member), "permissions": str(call.bits(call.guild()))})


@routes.on(
    "PATCH",
    "/guilds/{guild_id}/members/@me/nick",
    Audience.EITHER,
    refuses=(Refusal.UNKNOWN_GUILD, Refusal.MISSING_PERMISSIONS, Refusal.INVALID_FORM),
)
def edit_own_nick(call: Call) -> Answer:
    """Change one's own nickname as it was done before `PATCH …/members/@me`, which nextcord still does."""
    return Answer({"nick": _edit_oneself(call).nick})


@routes.on("DELETE", ONE, Audience.EITHER, refuses=(*THERE, Refusal.MISSING_PERMISSIONS))
def kick(call: Call) -> Answer:
    """Send a member away."""
    guild = call.guild()
    member = call.member(guild)
    call.require(Permission.KICK_MEMBERS, guild)
    refuse_superior(call, guild, member)
    members.kick(call.hand(guild), member)
    return NOTHING


@routes.on(
    "PUT",
    f"{ONE}/roles/{{role_id}}",
    Audience.EITHER,
    refuses=(*THERE, Refusal.UNKNOWN_ROLE, Refusal.MISSING_PERMISSIONS, Refusal.INVALID_ROLE),
)
def give_role(call: Call) -> Answer:
    """Give a member one more role."""
    return _change_role(call, is_given=True)


@routes.on(
    "DELETE",
    f"{ONE}/roles/{{role_id}}",
    Audience.EITHER,
    refuses=(*THERE, Refusal.UNKNOWN_ROLE, Refusal.MISSING_PERMISSIONS, Refusal.INVALID_ROLE),
)
def take_role(call: Call) -> Answer:
    """Take one role from a member."""
    return _change_role(call, is_given=False)


def refuse_superior(call: Call, guild: Guild, member: Member) -> None:
    """Go on only if the caller's highest role is above that of *member*; the owner is above all.

    Raises:
        ApiError: code 50013.
    """
    if not permissions.outranks(guild, guild.members[call.caller.id], member):
        raise ApiError(Refusal.MISSING_PERMISSIONS)


def _is_called(member: Member, query: str) -> bool:
    names = (member.user.username, member.user.global_name, member.nick)
    return any(name is not None and name.lower().startswith(query) for name in names)


def _change_role(call: Call, *, is_given: bool) -> Answer:
    guild = call.guild()
    member = call.member(guild)
    role = role_in(guild, call.path["role_id"])
    refuse_to_touch(call, guild, role)
    refuse_unassignable(guild, role)
    others = [one for one in member.role_ids if one != role.id]
    members.set_roles(call.hand(guild), member, [*others, role.id] if is_given else others)
    return NOTHING


def _edit_oneself(call: Call) -> Member:
    """Change the caller's own place in a guild.

    Raises:
        ApiError: code 50013 if the nickname may not be changed, 50035 for what is wrong.
    """
    guild = call.guild()
    member = guild.members[call.caller.id]
    errors = FormErrors()
    fields = Fields(call.form, errors)
    values: Json = {}
    if "nick" in call.form:
        values["nick"] = fields.text("nick", 0, MAX_NICK) or None
    fields.text("bio", 0, MAX_BIO)
    for key, place in (("avatar", "avatars"), ("banner", "banners")):
        picture = field_kinds.picture(fields, key)
        if key in call.form:
            path = f"guilds/{guild.id}/users/{member.user.id}/{place}"
            values[key] = call.world.keep_picture(path, picture)
    errors.raise_any()
    if "nick" in values:
        call.require(Permission.CHANGE_NICKNAME, guild)
    members.edit(call.hand(guild), member, values)
    return member


def _read(call: Call) -> Json:
    """Return fields of a member as they were sent, by the record's names, and where it is to be in voice.

    Raises:
        ApiError: code 50035, naming what is wrong.
    """
    errors = FormErrors()
    fields = Fields(call.form, errors)
    until = field_kinds.moment(fields, "communication_disabled_until")
    if until is not None and until > realtime.now() + LONGEST_TIME_OUT:
        fields.wrong(
            "communication_disabled_until", "Communication disabled until must be less than 28 days."
        )
    read: Json = {
        "nick": fields.text("nick", 0, MAX_NICK) or None,
        "role_ids": field_kinds.snowflakes(fields, "roles", MAX_ROLES) or [],
        "mute": fields.flag("mute") or False,
        "deaf": fields.flag("deaf") or False,
        "channel_id": fields.snowflake("channel_id"),
        "timed_out_until": until,
        "flags": fields.number("flags") or 0,
    }
    errors.raise_any()
    return {name: value for name, value in read.items() if SENT_AS.get(name, name) in call.form}


SENT_AS = {"role_ids": "roles", "timed_out_until": "communication_disabled_until"}
"""What Discord calls fields for which the record has another name."""


def _refuse(call: Call, guild: Guild, member: Member, values: Json) -> None:
    """Go on only if the caller may change each of these fields of a member.

    Raises:
        ApiError: 50013 or, for its roles, 10011 or 50028; 40032 for voice.
    """
    if "role_ids" in values:
        values["role_ids"] = [one for one in values["role_ids"] if one != guild.id]
        changed = set(values["role_ids"]) ^ set(member.role_ids)
        for role in [role_in(guild, one) for one in sorted(changed)]:
            refuse_to_touch(call, guild, role)
            refuse_unassignable(guild, role)
        call.require(Permission.MANAGE_ROLES, guild)
    if "nick" in values:
        is_own = member.user is call.caller
        call.require(Permission.CHANGE_NICKNAME if is_own else Permission.MANAGE_NICKNAMES, guild)
        if not is_own:
            refuse_superior(call, guild, member)
    if "timed_out_until" in values:
        call.require(Permission.MODERATE_MEMBERS, guild)
        refuse_superior(call, guild, member)
        if permissions.of_member(guild, member) & Permission.ADMINISTRATOR:
            raise ApiError(Refusal.MISSING_PERMISSIONS)
    if "flags" in values:
        bits = call.bits(guild)
        if not any(bits & needed == needed for needed in MAY_CHANGE_FLAGS):
            raise ApiError(Refusal.MISSING_PERMISSIONS)
        values["flags"] = (member.flags & ~MemberFlag.BYPASSES_VERIFICATION) | (
            values["flags"] & MemberFlag.BYPASSES_VERIFICATION
        )
    _refuse_voice(call, guild, member, values)


NEEDED_IN_VOICE = {
    "mute": Permission.MUTE_MEMBERS,
    "deaf": Permission.DEAFEN_MEMBERS,
    "channel_id": Permission.MOVE_MEMBERS,
}


def _refuse_voice(call: Call, guild: Guild, member: Member, values: Json) -> None:
    for name, needed in NEEDED_IN_VOICE.items():
        if name in values:
            call.require(needed, guild)
            if member.user.id not in guild.voice_states:
                raise ApiError(Refusal.NOT_IN_VOICE)
    if values.get("channel_id") is not None:
        channel = guild.channels.get(values["channel_id"])
        if channel is None or channel.type not in VOICE:
            raise invalid(("channel_id",), "Must be a voice channel of this guild.")
        call.require(Permission.CONNECT, channel)
