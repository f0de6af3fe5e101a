"""What a bot does with an interaction's token: the first answer, and for fifteen minutes what follows."""

from acore.sandbox.api.table import NOTHING, Answer, Audience, Call, Routes
from acore.sandbox.interactions.records import CallbackType, Interaction
from acore.sandbox.messages import drafts
from acore.sandbox.refusals import Refusal
from acore.sandbox.shapes import Json, as_flag, as_int
from acore.sandbox.state.kinds import MessageFlag
from acore.sandbox.state.records import Message

routes = Routes()

UPDATES = (CallbackType.DEFERRED_UPDATE_MESSAGE, CallbackType.UPDATE_MESSAGE)


SAYING = (Refusal.EMPTY_MESSAGE, Refusal.TOO_LARGE, Refusal.UPLOAD_NOT_FOUND, Refusal.INVALID_FORM)
"""What is refused wherever a message is said or changed."""
ANSWERING = (
    Refusal.UNKNOWN_INTERACTION,
    Refusal.ALREADY_ACKNOWLEDGED,
    Refusal.UNKNOWN_CHANNEL,
    Refusal.UNKNOWN_MESSAGE,
    Refusal.UNKNOWN_WEBHOOK,
    *SAYING,
)


@routes.on(
    "POST",
    "/interactions/{interaction_id}/{interaction_token}/callback",
    Audience.TOKEN,
    refuses=ANSWERING,
)
def answer(call: Call) -> Answer:
    """Answer an interaction for the first time."""
    interaction = call.house.interactions.answer(
        call.path["interaction_id"], call.path["interaction_token"], call.form, call.uploads
    )
    if as_flag(call.query.get("with_response")):
        return Answer(_with_response(call, interaction))
    return NOTHING


def follow_up(call: Call) -> Answer:
    """Say one more thing."""
    interaction = _interaction(call)
    draft = drafts.read_whole(call.form, call.uploads)
    message = call.house.interactions.follow_up(interaction, draft)
    return Answer(call.house.messages.payload(message))


def get_answer(call: Call) -> Answer:
    """Return the first answer (@original) or a follow-up, also an ephemeral one."""
    return Answer(call.house.messages.payload(_message(call)))


def edit_answer(call: Call) -> Answer:
    """Change an answer; "thinking…" becomes the answer this way."""
    message = _message(call)
    call.house.messages.edit(message, drafts.read(call.form, call.uploads, of_flags=message.flags))
    return Answer(call.house.messages.payload(message))


def delete_answer(call: Call) -> Answer:
    """Delete an answer."""
    call.house.messages.delete(_message(call))
    return NOTHING


def _interaction(call: Call) -> Interaction:
    return call.house.interactions.of_token(call.path["webhook_id"], call.path["webhook_token"])


def _message(call: Call) -> Message:
    return call.house.interactions.message(_interaction(call), call.path.get("message_id", "@original"))


def _with_response(call: Call, interaction: Interaction) -> Json:
    body: Json = {"id": interaction.id, "type": int(interaction.type), "channel_id": interaction.channel.id}
    if interaction.guild is not None:
        body["guild_id"] = interaction.guild.id
    answered: Json = {"interaction": body}
    kind = as_int(call.form.get("type"))
    message = interaction.original
    if message is not None and kind not in {CallbackType.AUTOCOMPLETE_RESULT, CallbackType.MODAL}:
        body |= {
            "response_message_id": message.id,
            "response_message_loading": message.is_loading,
            "response_message_ephemeral": bool(message.flags & MessageFlag.EPHEMERAL),
        }
        answered["resource"] = {
            "type": 7 if kind in UPDATES else 4,
            "message": call.house.messages.payload(message),
        }
    return answered
