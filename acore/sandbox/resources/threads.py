"""Threads: beginning them, and finding those there are."""

from datetime import UTC, datetime

from acore.sandbox import payloads, realtime
from acore.sandbox.api.table import Answer, Audience, Call, Routes
from acore.sandbox.forms.paging import number
from acore.sandbox.messages import drafts
from acore.sandbox.messages.references import SAID
from acore.sandbox.permissions.rules import Permission
from acore.sandbox.refusals import ApiError, FormErrors, Refusal, invalid
from acore.sandbox.resources import thread_forms
from acore.sandbox.shapes import Json, as_object, as_snowflake
from acore.sandbox.state import threads
from acore.sandbox.state.kinds import FORUMS, NEWSY, ChannelFlag, ChannelType, MessageFlag, MessageType
from acore.sandbox.state.records import Channel, Guild, Message, Thread

MAX_ACTIVE = 1000  # Discord's documentation, "JSON Error Codes", 160006
MAX_PAGE = 100
DEFAULT_ARCHIVE = 4320

routes = Routes()

SEEING = (Refusal.UNKNOWN_CHANNEL, Refusal.MISSING_ACCESS)
BEGINNING = (
    *SEEING,
    Refusal.MISSING_PERMISSIONS,
    Refusal.INVALID_FORM,
    Refusal.CANNOT_ACT_ON_CHANNEL_TYPE,
    Refusal.TOO_MANY_THREADS,
)
LISTING = (*SEEING, Refusal.MISSING_PERMISSIONS, Refusal.INVALID_FORM, Refusal.CANNOT_ACT_ON_CHANNEL_TYPE)


@routes.on(
    "POST",
    "/channels/{channel_id}/messages/{message_id}/threads",
    Audience.EITHER,
    refuses=(
        *BEGINNING,
        Refusal.UNKNOWN_MESSAGE,
        Refusal.HAS_A_THREAD,
        Refusal.INVALID_MESSAGE_TYPE,
    ),
)
def begin_from_message(call: Call) -> Answer:
    """Begin a thread with a message that is there; it gets the message's id."""
    parent, guild = _parent(call, NEWSY)
    message = call.house.messages.find(parent, call.path["message_id"])
    call.require(Permission.CREATE_PUBLIC_THREADS, parent)
    sent = thread_forms.read(call.form, is_new=True).read()
    if message.thread is not None or message.id in guild.threads:
        raise ApiError(Refusal.HAS_A_THREAD)
    if message.type not in SAID:
        raise ApiError(Refusal.INVALID_MESSAGE_TYPE)
    thread = _new(guild, parent, call.caller.id, sent, _public(parent), thread_id=message.id)
    message.thread = thread
    message.flags |= MessageFlag.HAS_THREAD
    threads.begin(call.hand(guild), thread)
    call.house.messages.announce("MESSAGE_UPDATE", parent, message)
    _say_where_it_began(call, thread, message)
    return Answer(payloads.channel(thread, seen_by=call.caller.id), status=201)


@routes.on(
    "POST",
    "/channels/{channel_id}/threads",
    Audience.EITHER,
    refuses=(*BEGINNING, Refusal.TAG_IS_REQUIRED, Refusal.EMPTY_MESSAGE),
)
def begin(call: Call) -> Answer:
    """Begin a thread without a message, or a post in a forum with its first one."""
    parent, guild = _parent(call, NEWSY | FORUMS)
    if parent.type in FORUMS:
        return _post(call, guild, parent)
    form = thread_forms.read(call.form, is_new=True)
    public = _public(parent)
    is_news = parent.type is ChannelType.GUILD_ANNOUNCEMENT
    form.one_of("type", (public,) if is_news else (public, ChannelType.PRIVATE_THREAD))
    form.flag("invitable")
    sent = form.read()
    kind = ChannelType(sent.get("type") or (public if is_news else ChannelType.PRIVATE_THREAD))
    is_private = kind is ChannelType.PRIVATE_THREAD
    call.require(
        Permission.CREATE_PRIVATE_THREADS if is_private else Permission.CREATE_PUBLIC_THREADS, parent
    )
    thread = _new(guild, parent, call.caller.id, sent, kind, thread_id=call.world.snowflakes.make())
    threads.record(thread).is_invitable = sent.get("invitable") is not False
    threads.begin(call.hand(guild), thread)
    if not is_private:
        _say_that_it_began(call, parent, thread)
    return Answer(payloads.channel(thread, seen_by=call.caller.id), status=201)


@routes.on("GET", "/guilds/{guild_id}/threads/active", Audience.EITHER, refuses=(Refusal.UNKNOWN_GUILD,))
def get_active(call: Call) -> Answer:
    """Return the threads of a guild that are not archived, the newest first."""
    threads.settle(call.world, call.guild())
    return Answer(_listed(call, threads.active(call.guild(), call.caller.id)))


@routes.on("GET", "/channels/{channel_id}/threads/archived/public", Audience.EITHER, refuses=LISTING)
def get_archived_public(call: Call) -> Answer:
    """Return a channel's archived threads that are not private, the last archived first."""
    parent, guild = _parent(call, NEWSY | FORUMS)
    call.require(Permission.READ_MESSAGE_HISTORY, parent)
    return _archived(call, [one for one in _threads_of(guild, parent) if not one.is_private])


@routes.on("GET", "/channels/{channel_id}/threads/archived/private", Audience.EITHER, refuses=LISTING)
def get_archived_private(call: Call) -> Answer:
    """Return a channel's archived private threads, the last archived first."""
    parent, guild = _parent(call, NEWSY)
    call.require(Permission.READ_MESSAGE_HISTORY | Permission.MANAGE_THREADS, parent)
    return _archived(call, [one for one in _threads_of(guild, parent) if one.is_private])


@routes.on(
    "GET", "/channels/{channel_id}/users/@me/threads/archived/private", Audience.EITHER, refuses=LISTING
)
def get_own_archived_private(call: Call) -> Answer:
    """Return the archived private threads that the caller joined, the newest first."""
    parent, guild = _parent(call, NEWSY)
    call.require(Permission.READ_MESSAGE_HISTORY, parent)
    errors = FormErrors()
    limit = number(call.query, "limit", default=50, low=2, high=MAX_PAGE, errors=errors)
    before = call.query.get("before")
    if before is not None and as_snowflake(before) is None:
        errors.add(("before",), f'Value "{before}" is not snowflake.')
    errors.raise_any()
    found = [
        one
        for one in _threads_of(guild, parent)
        if one.is_private
        and threads.record(one).is_archived
        and call.caller.id in threads.record(one).members
        and (before is None or int(one.id) < int(before))
    ]
    found.sort(key=lambda one: int(one.id), reverse=True)
    return Answer(_listed(call, found, limit))


def _parent(call: Call, kinds: frozenset[ChannelType]) -> tuple[Channel, Guild]:
    """Return the channel in the path, whose threads are asked for, and its guild."""
    channel = call.channel()
    guild = call.world.guild_of(channel)
    if guild is None or channel.type not in kinds:
        raise ApiError(Refusal.CANNOT_ACT_ON_CHANNEL_TYPE)
    threads.settle(call.world, guild)
    return channel, guild


def _public(parent: Channel) -> ChannelType:
    is_news = parent.type is ChannelType.GUILD_ANNOUNCEMENT
    return ChannelType.ANNOUNCEMENT_THREAD if is_news else ChannelType.PUBLIC_THREAD


def _threads_of(guild: Guild, parent: Channel) -> list[Channel]:
    return [one for one in guild.threads.values() if one.parent_id == parent.id]


def _post(call: Call, guild: Guild, parent: Channel) -> Answer:
    call.require(Permission.SEND_MESSAGES, parent)
    form = thread_forms.read(call.form, is_new=True)
    form.snowflakes("applied_tags", thread_forms.MAX_APPLIED_TAGS)
    form.require("message")
    form.fields.inner("message")
    sent = form.read()
    body = as_object(call.form["message"])
    if call.uploads and "attachments" in call.form:
        body = {"attachments": call.form["attachments"], **body}
    draft = drafts.read_whole(body, call.uploads)
    if thread_forms.has_moderated(parent, sent.get("applied_tags") or []):
        call.require(Permission.MANAGE_THREADS, parent)
    thread = new_post(guild, parent, call.caller.id, sent, call.world.snowflakes.make())
    threads.begin(call.hand(guild), thread)
    message = call.house.messages.new(thread, call.caller)
    message.id = thread.id
    message.nonce = draft.nonce
    message.flags = draft.flags & ~MessageFlag.EPHEMERAL
    call.house.messages.fill(message, draft)
    call.house.messages.publish(thread, message)
    answered = payloads.channel(thread, seen_by=call.caller.id)
    return Answer({**answered, "message": call.house.messages.payload(message)}, status=201)


def new_post(guild: Guild, parent: Channel, owner_id: str, sent: Json, thread_id: str) -> Channel:
    """Return the record of a new post in a forum or media channel.

    Raises:
        ApiError: code 40067, a tag is required; 160006, there are as many active threads as there may be.
    """
    if parent.flags & ChannelFlag.REQUIRE_TAG and not sent.get("applied_tags"):
        raise ApiError(Refusal.TAG_IS_REQUIRED)
    return _new(guild, parent, owner_id, sent, ChannelType.PUBLIC_THREAD, thread_id=thread_id)


def _new(
    guild: Guild, parent: Channel, owner_id: str, sent: Json, kind: ChannelType, *, thread_id: str
) -> Channel:
    """Return the record of a new thread.

    Raises:
        ApiError: code 160006, the guild has as many active ones as it may.
    """
    if sum(not threads.record(one).is_archived for one in guild.threads.values()) >= MAX_ACTIVE:
        raise ApiError(Refusal.TOO_MANY_THREADS)
    now = realtime.now()
    extra = parent.extra
    return Channel(
        id=thread_id,
        type=kind,
        name=sent["name"],
        guild_id=guild.id,
        parent_id=parent.id,
        slowmode_seconds=sent.get("rate_limit_per_user")
        or extra.get("default_thread_rate_limit_per_user", 0),
        thread=Thread(
            owner_id=owner_id,
            created_at=now,
            archive_changed_at=now,
            auto_archive_minutes=sent.get("auto_archive_duration")
            or extra.get("default_auto_archive_duration", DEFAULT_ARCHIVE),
            is_post=parent.type in FORUMS,
            applied_tag_ids=sent.get("applied_tags") or [],
        ),
    )


def _say_that_it_began(call: Call, parent: Channel, thread: Channel) -> None:
    """Tell the channel of a thread that began without a message."""
    message = call.house.messages.new(parent, call.caller)
    message.type = MessageType.THREAD_CREATED
    message.content = thread.name
    message.reference = {"type": 0, "channel_id": thread.id, "guild_id": thread.guild_id}
    call.house.messages.publish(parent, message)


def _say_where_it_began(call: Call, thread: Channel, source: Message) -> None:
    """Let a thread begin with what points to the message it was begun from."""
    message = call.house.messages.new(thread, call.caller)
    message.type = MessageType.THREAD_STARTER_MESSAGE
    message.replies_to = source
    message.reference = {
        "type": 0,
        "channel_id": source.channel_id,
        "message_id": source.id,
        "guild_id": thread.guild_id,
    }
    call.house.messages.publish(thread, message)


def _archived(call: Call, found: list[Channel]) -> Answer:
    errors = FormErrors()
    limit = number(call.query, "limit", default=50, low=2, high=MAX_PAGE, errors=errors)
    errors.raise_any()
    before = _moment(call.query.get("before"))
    seen = [
        one
        for one in found
        if threads.record(one).is_archived and threads.record(one).archive_changed_at < before
    ]
    seen.sort(key=lambda one: threads.record(one).archive_changed_at, reverse=True)
    return Answer(_listed(call, seen, limit))


def _moment(text: str | None) -> datetime:
    if text is None:
        return datetime.max.replace(tzinfo=UTC)
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise invalid(("before",), "Could not parse. Should be ISO8601.") from None
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)


def _listed(call: Call, found: list[Channel], limit: int = MAX_ACTIVE) -> Json:
    page = found[:limit]
    return {
        "threads": [payloads.channel(one, seen_by=call.caller.id) for one in page],
        "members": threads.memberships(page, call.caller.id),
        "has_more": len(found) > limit,
    }
