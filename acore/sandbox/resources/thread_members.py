"""Who is in a thread: joining, adding, leaving, removing, and asking."""

from acore.sandbox import payloads
from acore.sandbox.api.table import NOTHING, Answer, Audience, Call, Routes
from acore.sandbox.forms.paging import page
from acore.sandbox.permissions.rules import Permission
from acore.sandbox.refusals import ApiError, Refusal
from acore.sandbox.shapes import Json, as_flag
from acore.sandbox.state import threads
from acore.sandbox.state.audience import InChannel
from acore.sandbox.state.records import Channel, Guild, ThreadMember

MAX_PAGE = 100
MAX_MEMBERS = 1000  # Discord's documentation, "JSON Error Codes", 30033

routes = Routes()

SEEING = (Refusal.UNKNOWN_CHANNEL, Refusal.MISSING_ACCESS, Refusal.CANNOT_ACT_ON_CHANNEL_TYPE)
ALL = "/channels/{channel_id}/thread-members"
OWN = f"{ALL}/@me"
ONE = f"{ALL}/{{user_id}}"


# nextcord asks with POST, which Discord does not describe any more.
@routes.on("POST", OWN, Audience.EITHER, refuses=(*SEEING, Refusal.THREAD_IS_ARCHIVED))
@routes.on("PUT", OWN, Audience.EITHER, refuses=(*SEEING, Refusal.THREAD_IS_ARCHIVED))
def join(call: Call) -> Answer:
    """Join a thread."""
    guild, thread = _open_thread(call)
    threads.join(call.world, guild, thread, call.caller)
    return NOTHING


@routes.on("DELETE", OWN, Audience.EITHER, refuses=(*SEEING, Refusal.THREAD_IS_ARCHIVED))
def leave(call: Call) -> Answer:
    """Leave a thread."""
    guild, thread = _open_thread(call)
    threads.leave(call.world, guild, thread, call.caller.id)
    return NOTHING


@routes.on(
    "PUT",
    ONE,
    Audience.EITHER,
    refuses=(
        *SEEING,
        Refusal.THREAD_IS_ARCHIVED,
        Refusal.MISSING_PERMISSIONS,
        Refusal.UNKNOWN_MEMBER,
        Refusal.TOO_MANY_IN_THREAD,
    ),
)
def add(call: Call) -> Answer:
    """Take somebody into a thread who may view its channel."""
    guild, thread = _open_thread(call)
    call.require(Permission.SEND_MESSAGES_IN_THREADS, thread)
    record = threads.record(thread)
    if thread.is_private and not record.is_invitable:
        call.require(Permission.MANAGE_THREADS, thread)
    member = guild.members.get(call.path["user_id"])
    if member is None:
        raise ApiError(Refusal.UNKNOWN_MEMBER)
    if len(record.members) >= MAX_MEMBERS:
        raise ApiError(Refusal.TOO_MANY_IN_THREAD)
    parent = guild.channels.get(thread.parent_id or "")
    if parent is not None and member.user.id not in InChannel(guild, parent):
        raise ApiError(Refusal.MISSING_ACCESS)
    threads.join(call.world, guild, thread, member.user)
    return NOTHING


@routes.on(
    "DELETE",
    ONE,
    Audience.EITHER,
    refuses=(*SEEING, Refusal.THREAD_IS_ARCHIVED, Refusal.MISSING_PERMISSIONS, Refusal.UNKNOWN_MEMBER),
)
def remove(call: Call) -> Answer:
    """Take somebody out of a thread: moderators may, and who began it if it is private."""
    guild, thread = _open_thread(call)
    is_own = thread.is_private and threads.record(thread).owner_id == call.caller.id
    if not is_own:
        call.require(Permission.MANAGE_THREADS, thread)
    threads.leave(call.world, guild, thread, _member(call, thread).user_id)
    return NOTHING


@routes.on("GET", ONE, Audience.EITHER, refuses=(*SEEING, Refusal.UNKNOWN_MEMBER))
def get_one(call: Call) -> Answer:
    """Return somebody who joined a thread, as a member of the guild too if that is asked for."""
    guild, thread = _thread(call)
    return Answer(_payload(call, guild, thread, _member(call, thread)))


@routes.on("GET", ALL, Audience.EITHER, refuses=(*SEEING, Refusal.INVALID_FORM))
def get_all(call: Call) -> Answer:
    """Return those who joined a thread, page by page only if they come as members of the guild too."""
    guild, thread = _thread(call)
    found = sorted(threads.record(thread).members.values(), key=lambda one: int(one.user_id))
    asked = page(call.query, default=MAX_PAGE, most=MAX_PAGE)
    if as_flag(call.query.get("with_member")):
        found = [one for one in found if asked.has(one.user_id)][: asked.limit]
    return Answer([_payload(call, guild, thread, one) for one in found])


def _thread(call: Call) -> tuple[Guild, Channel]:
    channel = call.channel()
    guild = call.world.guild_of(channel)
    if guild is None or not channel.is_thread:
        raise ApiError(Refusal.CANNOT_ACT_ON_CHANNEL_TYPE)
    return guild, channel


def _open_thread(call: Call) -> tuple[Guild, Channel]:
    guild, thread = _thread(call)
    if threads.record(thread).is_archived:
        raise ApiError(Refusal.THREAD_IS_ARCHIVED)
    return guild, thread


def _member(call: Call, thread: Channel) -> ThreadMember:
    user_id = call.path["user_id"]
    found = threads.record(thread).members.get(call.caller.id if user_id == "@me" else user_id)
    if found is None:
        raise ApiError(Refusal.UNKNOWN_MEMBER)
    return found


def _payload(call: Call, guild: Guild, thread: Channel, of: ThreadMember) -> Json:
    member = guild.members.get(of.user_id) if as_flag(call.query.get("with_member")) else None
    return payloads.thread_member(of, thread.id, member=member)
