"""Reactions to messages."""

from acore.sandbox import payloads
from acore.sandbox.api.table import NOTHING, Answer, Audience, Call, Routes
from acore.sandbox.forms.paging import number
from acore.sandbox.messages import emojis, reactions
from acore.sandbox.permissions.rules import Permission
from acore.sandbox.refusals import ApiError, FormErrors, Refusal
from acore.sandbox.resources.messages import (
    MESSAGE,
    SEEING,
    found_channel,
    found_message,
    require_moderator,
    require_open,
)
from acore.sandbox.shapes import as_int, as_snowflake
from acore.sandbox.state.records import Message, Reaction

MAX_PAGE = 100  # Discord's documentation, "Get Reactions"
DEFAULT_PAGE = 25
NORMAL, BURST = 0, 1
ALL = f"{MESSAGE}/reactions"
OF_EMOJI = f"{ALL}/{{emoji_name}}"
FINDING = (*SEEING, Refusal.UNKNOWN_MESSAGE, Refusal.MISSING_PERMISSIONS)
CHANGING = (*FINDING, Refusal.THREAD_IS_ARCHIVED)

routes = Routes()


def _found(call: Call, *, is_to_change: bool) -> tuple[Message, Reaction]:
    channel = found_channel(call)
    message = found_message(call, channel)
    reaction = emojis.read(call.world, message, call.path["emoji_name"], call.caller)
    if is_to_change:
        require_open(channel)
    return message, reaction


@routes.on(
    "GET",
    OF_EMOJI,
    Audience.EITHER,
    refuses=(
        *FINDING,
        Refusal.UNKNOWN_EMOJI,
        Refusal.INVALID_FORM,
    ),
)
def get_reactions(call: Call) -> Answer:
    """Return who reacted with an emoji, in the order of their ids; nobody here super-reacts."""
    _, reaction = _found(call, is_to_change=False)
    errors = FormErrors()
    limit = number(call.query, "limit", default=DEFAULT_PAGE, low=1, high=MAX_PAGE, errors=errors)
    kind = number(call.query, "type", default=NORMAL, low=NORMAL, high=BURST, errors=errors)
    after = call.query.get("after", "0")
    if as_snowflake(after) is None:
        errors.add(("after",), f'Value "{after}" is not snowflake.')
    errors.raise_any()
    ids = sorted(reaction.user_ids, key=int) if kind == NORMAL else []
    page = [one for one in ids if int(one) > as_int(after)][:limit]
    return Answer([payloads.user(call.world.users[one]) for one in page])


@routes.on(
    "PUT",
    f"{OF_EMOJI}/@me",
    Audience.EITHER,
    refuses=(
        *CHANGING,
        Refusal.UNKNOWN_EMOJI,
        Refusal.TOO_MANY_REACTIONS,
    ),
)
def add_reaction(call: Call) -> Answer:
    """React to a message; joining a reaction that is there needs no permission of its own."""
    message, reaction = _found(call, is_to_change=True)
    if not reaction.user_ids:
        channel = call.channel()
        call.require(Permission.ADD_REACTIONS, channel)
        if emojis.is_foreign(call.world, message, reaction):
            call.require(Permission.USE_EXTERNAL_EMOJIS, channel)
    reactions.add(call.world, message, reaction, call.caller)
    return NOTHING


@routes.on("DELETE", f"{OF_EMOJI}/@me", Audience.EITHER, refuses=(*CHANGING, Refusal.UNKNOWN_EMOJI))
def delete_own_reaction(call: Call) -> Answer:
    """Take back one's own reaction."""
    message, reaction = _found(call, is_to_change=True)
    reactions.remove(call.world, message, reaction, call.caller.id)
    return NOTHING


@routes.on(
    "DELETE",
    f"{OF_EMOJI}/{{user_id}}",
    Audience.EITHER,
    refuses=(
        *CHANGING,
        Refusal.UNKNOWN_EMOJI,
        Refusal.UNKNOWN_USER,
        Refusal.NOT_IN_DIRECT_MESSAGES,
    ),
)
def delete_user_reaction(call: Call) -> Answer:
    """Take back somebody's reaction."""
    message, reaction = _found(call, is_to_change=True)
    user_id = call.path["user_id"]
    if user_id != call.caller.id:
        require_moderator(call, call.channel())
    if user_id not in call.world.users:
        raise ApiError(Refusal.UNKNOWN_USER)
    reactions.remove(call.world, message, reaction, user_id)
    return NOTHING


@routes.on(
    "DELETE",
    OF_EMOJI,
    Audience.EITHER,
    refuses=(
        *CHANGING,
        Refusal.UNKNOWN_EMOJI,
        Refusal.NOT_IN_DIRECT_MESSAGES,
    ),
)
def delete_reactions_with(call: Call) -> Answer:
    """Take back everybody's reactions with one emoji."""
    message, reaction = _found(call, is_to_change=True)
    require_moderator(call, call.channel())
    reactions.remove_emoji(call.world, message, reaction)
    return NOTHING


@routes.on("DELETE", ALL, Audience.EITHER, refuses=(*CHANGING, Refusal.NOT_IN_DIRECT_MESSAGES))
def delete_reactions(call: Call) -> Answer:
    """Take back every reaction to a message."""
    channel = found_channel(call)
    message = found_message(call, channel)
    require_moderator(call, channel)
    require_open(channel)
    if message.reactions:
        reactions.remove_all(call.world, message)
    return NOTHING
