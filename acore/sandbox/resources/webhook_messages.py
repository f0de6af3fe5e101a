"""What is written with a webhook's token: an ordinary webhook's, or an interaction's.

Both have the same addresses. An application's id stands in an interaction's, which `callbacks` answers.
"""

import hashlib
from collections.abc import Callable

from acore.sandbox.api.table import NOTHING, Answer, Audience, Call, Routes
from acore.sandbox.forms.form import Form
from acore.sandbox.messages import components, drafts, slack
from acore.sandbox.messages.drafts import Draft
from acore.sandbox.refusals import ApiError, Refusal, invalid
from acore.sandbox.resources import callbacks, thread_forms, webhooks
from acore.sandbox.resources import threads as post_threads
from acore.sandbox.resources.webhooks import WITH_TOKEN
from acore.sandbox.shapes import Json, as_flag, as_objects
from acore.sandbox.state import threads
from acore.sandbox.state.kinds import FORUMS, MessageFlag
from acore.sandbox.state.records import Channel, Message, User, Webhook
from acore.sandbox.state.webhooks import author

MAX_URL = 2048  # Discord's API description, IncomingWebhookRequestPartial

routes = Routes()

MESSAGES = f"{WITH_TOKEN}/messages"
BY_TOKEN = (Refusal.UNKNOWN_WEBHOOK, Refusal.INVALID_WEBHOOK_TOKEN, Refusal.UNKNOWN_CHANNEL)
OF_MESSAGES = (*BY_TOKEN, Refusal.UNKNOWN_MESSAGE)
SAYING = (
    *BY_TOKEN,
    Refusal.INVALID_FORM,
    Refusal.EMPTY_MESSAGE,
    Refusal.POST_NEEDS_A_THREAD,
)


@routes.on(
    "POST",
    WITH_TOKEN,
    Audience.TOKEN,
    refuses=(
        *SAYING,
        Refusal.POST_IN_TWO_THREADS,
        Refusal.POST_OUTSIDE_A_FORUM,
        Refusal.TAG_IS_REQUIRED,
        Refusal.TOO_LARGE,
        Refusal.TOO_MANY_THREADS,
        Refusal.UPLOAD_NOT_FOUND,
    ),
)
def execute(call: Call) -> Answer:
    """Say something as a webhook, or once more in answer to an interaction."""
    if _is_of_interaction(call):
        return callbacks.follow_up(call)
    webhook = webhooks.of_token(call)
    message = _say(call, webhook, call.form)
    if as_flag(call.query.get("wait")):
        return Answer(call.house.messages.payload(message))
    return NOTHING


@routes.on("POST", f"{WITH_TOKEN}/slack", Audience.TOKEN, refuses=SAYING)
def execute_as_slack(call: Call) -> Answer:
    """Say something that was written for Slack."""
    webhook = webhooks.of_token(call)
    _say(call, webhook, slack.translated(call.form))
    return Answer("ok")


def _both(
    method: str, refuses: tuple[Refusal, ...]
) -> Callable[[Callable[[Call], Answer]], Callable[[Call], Answer]]:
    """Return a decorator for what is asked of one message; @original is an interaction's first answer."""

    def add(handler: Callable[[Call], Answer]) -> Callable[[Call], Answer]:
        routes.on(method, f"{MESSAGES}/@original", Audience.TOKEN, refuses=refuses)(handler)
        return routes.on(method, f"{MESSAGES}/{{message_id}}", Audience.TOKEN, refuses=refuses)(handler)

    return add


@_both("GET", OF_MESSAGES)
def get_message(call: Call) -> Answer:
    """Return a message that was written with this token."""
    if _is_of_interaction(call):
        return callbacks.get_answer(call)
    return Answer(call.house.messages.payload(_message(call)))


@_both(
    "PATCH",
    (
        *OF_MESSAGES,
        Refusal.INVALID_FORM,
        Refusal.EMPTY_MESSAGE,
        Refusal.TOO_LARGE,
        Refusal.UPLOAD_NOT_FOUND,
    ),
)
def edit_message(call: Call) -> Answer:
    """Change a message that was written with this token."""
    if _is_of_interaction(call):
        return callbacks.edit_answer(call)
    message = _message(call)
    body = _without_components(call, webhooks.of_token(call), call.form)
    draft = drafts.read(body, call.uploads, of_flags=message.flags)
    call.house.messages.edit(message, draft)
    return Answer(call.house.messages.payload(message))


@_both("DELETE", OF_MESSAGES)
def delete_message(call: Call) -> Answer:
    """Delete a message that was written with this token."""
    if _is_of_interaction(call):
        return callbacks.delete_answer(call)
    call.house.messages.delete(_message(call))
    return NOTHING


def _is_of_interaction(call: Call) -> bool:
    return call.path["webhook_id"] in call.world.applications


def _say(call: Call, webhook: Webhook, body: Json) -> Message:
    channel = call.world.channels[webhook.channel_id]
    form = Form.of(body)
    webhooks.read_name(form, "username")
    form.text("avatar_url", 0, MAX_URL)
    form.text("thread_name", 0, thread_forms.MAX_NAME)
    form.snowflakes("applied_tags", thread_forms.MAX_APPLIED_TAGS)
    sent = form.read()
    thread_id, thread_name = call.query.get("thread_id"), sent.get("thread_name")
    if thread_id is not None and thread_name:
        raise ApiError(Refusal.POST_IN_TWO_THREADS)
    if channel.type in FORUMS and thread_id is None and not thread_name:
        raise ApiError(Refusal.POST_NEEDS_A_THREAD)
    if thread_name and channel.type not in FORUMS:
        raise ApiError(Refusal.POST_OUTSIDE_A_FORUM)
    draft = drafts.read_whole(_without_components(call, webhook, body), call.uploads)
    who = author(webhook, name=sent.get("username"), avatar=_avatar(sent.get("avatar_url")))
    if thread_name:
        hand = webhooks.hand_of(call, webhook)
        thread_forms.has_moderated(channel, sent.get("applied_tags") or [])
        thread = post_threads.new_post(
            hand.guild, channel, who.id, {**sent, "name": thread_name}, call.world.snowflakes.make()
        )
        threads.begin(hand, thread, joins=False)
        return _publish(call, webhook, thread, who, draft, is_first=True)
    return _publish(call, webhook, _place(call, channel), who, draft)


def _publish(
    call: Call, webhook: Webhook, channel: Channel, who: User, draft: Draft, *, is_first: bool = False
) -> Message:
    messages = call.house.messages
    message = messages.new(channel, who)
    if is_first:
        message.id = channel.id
    message.webhook_id = webhook.id
    message.application_id = webhook.application_id
    message.flags = draft.flags & ~MessageFlag.EPHEMERAL
    messages.fill(message, draft)
    messages.publish(channel, message)
    return message


def _place(call: Call, channel: Channel) -> Channel:
    """Return the channel of a webhook, or the thread of it that the query names.

    Raises:
        ApiError: code 10003, there is no such thread in the channel.
    """
    thread_id = call.query.get("thread_id")
    if thread_id is None:
        return channel
    thread = call.world.channels.get(thread_id)
    if thread is None or not thread.is_thread or thread.parent_id != channel.id:
        raise ApiError(Refusal.UNKNOWN_CHANNEL)
    return thread


def _message(call: Call) -> Message:
    webhook = webhooks.of_token(call)
    channel = _place(call, call.world.channels[webhook.channel_id])
    message = channel.messages.get(call.path.get("message_id", ""))
    if message is None or message.webhook_id != webhook.id:
        raise ApiError(Refusal.UNKNOWN_MESSAGE)
    return message


def _without_components(call: Call, webhook: Webhook, body: Json) -> Json:
    """Return a body without its components, unless the webhook may have them.

    An application's may have any; others, and only if they ask for it, those with which nothing can be done
    (Discord's documentation, "Execute Webhook").

    Raises:
        ApiError: code 50035, something can be done with one of them.
    """
    if webhook.application_id is not None or "components" not in body:
        return body
    if not as_flag(call.query.get("with_components")):
        return {key: value for key, value in body.items() if key != "components"}
    if any("custom_id" in one for one in components.walk(as_objects(body["components"]))):
        raise invalid(("components",), "Interactive components need a webhook of an application")
    return body


def _avatar(url: object) -> str | None:
    """Return the hash that stands for a picture from elsewhere, which the sandbox does not fetch."""
    return hashlib.md5(str(url).encode(), usedforsecurity=False).hexdigest() if url else None
