"""What is sent about a thread: read, held against Discord's limits and the rules on who may do what.

After Discord's documentation, "Threads" and "Modify Channel".
"""

from acore.sandbox.api.table import Call
from acore.sandbox.forms.form import Form
from acore.sandbox.permissions.rules import Permission
from acore.sandbox.refusals import ApiError, Refusal
from acore.sandbox.resources.channel_forms import ARCHIVE_MINUTES, MAX_SLOWMODE
from acore.sandbox.shapes import Json
from acore.sandbox.state import threads
from acore.sandbox.state.kinds import ChannelFlag
from acore.sandbox.state.records import Channel, Guild, Thread

MAX_NAME = 100
MAX_APPLIED_TAGS = 5
OWNER_MAY = frozenset({"name", "archived", "auto_archive_duration", "applied_tags", "invitable"})
"""What whoever began a thread may change; the rest takes MANAGE_THREADS."""


def read(body: Json, *, is_new: bool) -> Form:
    """Return the form of what every kind of thread has; `Form.read` refuses it if something is wrong."""
    form = Form.of(body)
    form.text("name", 1, MAX_NAME)
    if is_new:
        form.require("name")
    form.one_of("auto_archive_duration", ARCHIVE_MINUTES)
    form.number("rate_limit_per_user", 0, MAX_SLOWMODE)
    return form


def edit(call: Call, guild: Guild, channel: Channel) -> None:
    """Change a thread as it was asked for.

    Raises:
        ApiError: code 50035; 50013, the caller may not; 50083, it is archived and would stay so.
    """
    form = read(call.form, is_new=False)
    for key in ("archived", "locked", "invitable"):
        form.flag(key)
    form.number("flags", 0, (1 << 31) - 1)
    form.snowflakes("applied_tags", MAX_APPLIED_TAGS)
    sent = {key: value for key, value in form.read().items() if value is not None}
    _may_edit(call, channel, sent)
    parent = guild.channels.get(channel.parent_id or "")
    had = threads.record(channel).applied_tag_ids
    if has_moderated(parent, [one for one in sent.get("applied_tags", ()) if one not in had]):
        call.require(Permission.MANAGE_THREADS, channel)
    threads.change(call.hand(guild), channel, lambda: _apply(sent, channel))


def has_moderated(parent: Channel | None, wanted: list[str]) -> bool:
    """Return whether only moderators may give one of these tags of a forum.

    Raises:
        ApiError: code 50035, the forum does not have one of them.
    """
    form = Form.of({"applied_tags": wanted})
    tags: dict[str, Json] = {}
    if parent is not None:
        tags = {one["id"]: one for one in parent.extra.get("available_tags", ())}
    for index, one in enumerate(wanted):
        if one not in tags:
            form.fields.errors.add(("applied_tags", index), "Unknown Tag")
    form.read()
    return any(tags[one]["moderated"] for one in wanted)


def _may_edit(call: Call, channel: Channel, sent: Json) -> None:
    thread = threads.record(channel)
    if thread.is_archived and sent.get("archived") is not False:
        raise ApiError(Refusal.THREAD_IS_ARCHIVED)
    bits = call.bits(channel)
    if bits & Permission.MANAGE_THREADS:
        return
    is_owner = thread.owner_id == call.caller.id
    only_reopens = sent == {"archived": False} and bool(bits & Permission.SEND_MESSAGES_IN_THREADS)
    allowed = OWNER_MAY if is_owner else frozenset[str]()
    if thread.is_locked or not (sent.keys() <= allowed or only_reopens):
        raise ApiError(Refusal.MISSING_PERMISSIONS)


def _apply(sent: Json, channel: Channel) -> None:
    thread: Thread = threads.record(channel)
    channel.name = sent.get("name", channel.name)
    channel.slowmode_seconds = sent.get("rate_limit_per_user", channel.slowmode_seconds)
    thread.is_archived = sent.get("archived", thread.is_archived)
    thread.is_locked = sent.get("locked", thread.is_locked)
    thread.is_invitable = sent.get("invitable", thread.is_invitable)
    thread.auto_archive_minutes = sent.get("auto_archive_duration", thread.auto_archive_minutes)
    thread.applied_tag_ids = sent.get("applied_tags", thread.applied_tag_ids)
    if "flags" in sent:
        channel.flags = sent["flags"] & ChannelFlag.PINNED
