"""Searching the posts of a forum.

After Discord's API description, "thread_search".
"""

from collections.abc import Callable

from acore.sandbox import payloads
from acore.sandbox.api.table import Answer, Audience, Call, Routes
from acore.sandbox.forms.fields import Fields
from acore.sandbox.forms.paging import number
from acore.sandbox.permissions.rules import Permission
from acore.sandbox.refusals import ApiError, FormErrors, Refusal
from acore.sandbox.shapes import as_flag, as_int
from acore.sandbox.state import threads
from acore.sandbox.state.kinds import FORUMS
from acore.sandbox.state.records import Channel

MAX_PAGE = 25
MAX_OFFSET = 9975
MAX_NAME = 100
SORTINGS: dict[str, Callable[[Channel], object]] = {
    "relevance": lambda one: int(one.id),
    "creation_time": lambda one: int(one.id),
    "last_message_time": lambda one: as_int(one.last_message_id),
    "archive_time": lambda one: threads.record(one).archive_changed_at,
}

routes = Routes()


@routes.on(
    "GET",
    "/channels/{channel_id}/threads/search",
    Audience.EITHER,
    refuses=(
        Refusal.UNKNOWN_CHANNEL,
        Refusal.MISSING_ACCESS,
        Refusal.MISSING_PERMISSIONS,
        Refusal.INVALID_FORM,
        Refusal.CANNOT_ACT_ON_CHANNEL_TYPE,
    ),
)
def search_threads(call: Call) -> Answer:
    """Return a page of a forum's posts by name, tags, age and whether they are archived."""
    parent = call.channel()
    guild = call.world.guild_of(parent)
    if guild is None or parent.type not in FORUMS:
        raise ApiError(Refusal.CANNOT_ACT_ON_CHANNEL_TYPE)
    call.require(Permission.READ_MESSAGE_HISTORY, parent)
    errors = FormErrors()
    limit = number(call.query, "limit", default=MAX_PAGE, low=1, high=MAX_PAGE, errors=errors)
    offset = number(call.query, "offset", default=0, low=0, high=MAX_OFFSET, errors=errors)
    fields = Fields(dict(call.query), errors)
    fields.text("name", 0, MAX_NAME)
    sorting = str(fields.one_of("sort_by", tuple(SORTINGS)) or "last_message_time")
    order = fields.one_of("sort_order", ("asc", "desc"))
    fields.one_of("tag_setting", ("match_all", "match_some"))
    for key in ("min_id", "max_id"):
        fields.snowflake(key)
    errors.raise_any()
    threads.settle(call.world, guild)
    found = [one for one in guild.threads.values() if one.parent_id == parent.id and _matches(call, one)]
    found.sort(key=SORTINGS[sorting], reverse=order != "asc")  # pyright: ignore[reportArgumentType, reportCallIssue] - each gives one kind
    page = found[offset : offset + limit]
    messages = [one.messages[one.id] for one in page if one.id in one.messages]
    return Answer(
        {
            "threads": [payloads.channel(one, seen_by=call.caller.id) for one in page],
            "members": threads.memberships(page, call.caller.id),
            "has_more": len(found) > offset + limit,
            "total_results": len(found),
            "first_messages": [call.house.messages.payload(one, seen_by=call.caller) for one in messages],
        }
    )


def _matches(call: Call, thread: Channel) -> bool:
    """Return whether a post is what the query asks for."""
    query, record = call.query, threads.record(thread)
    if query.get("name", "").lower() not in thread.name.lower():
        return False
    if "archived" in query and record.is_archived is not as_flag(query["archived"]):
        return False
    if not as_int(query.get("min_id")) <= int(thread.id) <= as_int(query.get("max_id"), 1 << 64):
        return False
    wanted = [one for one in query.get("tag", "").split(",") if one]
    given = [one in record.applied_tag_ids for one in wanted]
    return not wanted or (any if query.get("tag_setting") == "match_some" else all)(given)
