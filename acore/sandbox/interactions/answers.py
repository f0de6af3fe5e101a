"""What a bot does with an interaction: its first answer, and what it says afterwards."""

from acore.sandbox import payloads
from acore.sandbox.interactions import modals, suggestions
from acore.sandbox.interactions.kinds import CommandType
from acore.sandbox.interactions.records import CallbackType, Interaction, InteractionType, metadata
from acore.sandbox.messages import drafts
from acore.sandbox.messages.drafts import Draft, Upload
from acore.sandbox.messages.messages import Messages
from acore.sandbox.refusals import ApiError, Refusal, invalid, within
from acore.sandbox.shapes import Json, as_int, as_object
from acore.sandbox.state.kinds import MessageFlag, MessageType
from acore.sandbox.state.records import Message
from acore.sandbox.state.world import World

_MESSAGES = (CallbackType.CHANNEL_MESSAGE, CallbackType.DEFERRED_CHANNEL_MESSAGE)
_UPDATES = (CallbackType.DEFERRED_UPDATE_MESSAGE, CallbackType.UPDATE_MESSAGE)
ANSWERS = {
    InteractionType.APPLICATION_COMMAND: (*_MESSAGES, CallbackType.MODAL),
    InteractionType.MESSAGE_COMPONENT: (*_MESSAGES, *_UPDATES, CallbackType.MODAL),
    InteractionType.AUTOCOMPLETE: (CallbackType.AUTOCOMPLETE_RESULT,),
    InteractionType.MODAL_SUBMIT: (*_MESSAGES, *_UPDATES),
}
"""Which first answers each interaction may have (Discord's documentation, "Interaction Callback Type")."""
NOT_SUPPORTED = {10: "the premium button of old", 12: "activities", 13: "purchases in games"}
"""Callbacks that Discord has, or had, for what the sandbox has not."""


def callback_type(interaction: Interaction, body: Json) -> CallbackType:
    """Return which kind of first answer a bot gives.

    Raises:
        ApiError: code 50035, this interaction cannot have it.
    """
    sent = as_int(body.get("type"), -1)
    if sent in NOT_SUPPORTED:
        message = f"The sandbox does not support callback type {sent} ({NOT_SUPPORTED[sent]})."
        raise ApiError(Refusal.NOT_SUPPORTED, message=message)
    allowed = ANSWERS[interaction.type]
    if interaction.source is None:
        # A modal that a command showed is closed by DEFERRED_UPDATE_MESSAGE, as nextcord's auto_defer does.
        allowed = tuple(one for one in allowed if one is not CallbackType.UPDATE_MESSAGE)
    if sent not in allowed:
        message = f"Value must be one of ({', '.join(str(int(one)) for one in allowed)})."
        raise invalid(("type",), message)
    return CallbackType(sent)


class Answers:
    """Carries out what bots answer.

    Args:
        world: tells people of it.
        messages: where answers appear.
    """

    def __init__(self, world: World, messages: Messages) -> None:
        self._world = world
        self._messages = messages

    def carry_out(self, interaction: Interaction, body: Json, uploads: list[Upload]) -> None:
        """Carry out an interaction's first answer.

        Raises:
            ApiError: it is invalid, or the message to update is gone; then it may be tried again.
        """
        kind, data = callback_type(interaction, body), as_object(body.get("data"))
        match kind:
            case CallbackType.CHANNEL_MESSAGE:
                with within("data"):
                    draft = drafts.read_whole(data, uploads)
                interaction.original = self.say(interaction, draft)
                self._acknowledge(interaction)
            case CallbackType.DEFERRED_CHANNEL_MESSAGE:
                flags = as_int(data.get("flags")) & MessageFlag.EPHEMERAL
                draft = Draft(given=frozenset(), flags=flags)
                interaction.original = self.say(interaction, draft, is_loading=True)
                self._acknowledge(interaction)
            case CallbackType.DEFERRED_UPDATE_MESSAGE:
                interaction.original = interaction.source
                self._acknowledge(interaction)
            case CallbackType.UPDATE_MESSAGE:
                source = _source(interaction)
                with within("data"):
                    draft = drafts.read(data, uploads, of_flags=source.flags)
                interaction.original = source
                self._messages.edit(source, draft)
                self._acknowledge(interaction)
            case CallbackType.AUTOCOMPLETE_RESULT:
                self._suggest(interaction, data)
            case CallbackType.MODAL:
                self._show_modal(interaction, data)

    def _acknowledge(self, interaction: Interaction) -> None:
        interaction.settle()
        self.tell("INTERACTION_SUCCESS", interaction)

    def _suggest(self, interaction: Interaction, data: Json) -> None:
        choices = suggestions.read(data, interaction.focused or {})
        interaction.settle()
        payload = {"choices": choices, "nonce": interaction.nonce}
        self._world.announce("APPLICATION_COMMAND_AUTOCOMPLETE_RESPONSE", payload, [interaction.user.id])

    def _show_modal(self, interaction: Interaction, data: Json) -> None:
        interaction.modal = modals.shown(data)
        interaction.settle()
        payload = {
            "id": interaction.id,
            "nonce": interaction.nonce,
            "channel_id": interaction.channel.id,
            "application": {"id": interaction.application.id, "name": interaction.application.name},
            **interaction.modal,
        }
        self._world.announce("INTERACTION_MODAL_CREATE", payload, [interaction.user.id])
        self.tell("INTERACTION_SUCCESS", interaction)

    def tell(self, event: str, interaction: Interaction) -> None:
        """Tell the person how far an interaction has come."""
        payload = {"id": interaction.id, "nonce": interaction.nonce}
        self._world.announce(event, payload, [interaction.user.id])

    def follow_up(self, interaction: Interaction, draft: Draft) -> Message:
        """Say one more thing; after a deferral the first of them takes the place of "thinking…"."""
        original = interaction.original
        if original is not None and original.is_loading and original.id in interaction.channel.messages:
            self._messages.edit(original, draft)
            return original
        return self.say(interaction, draft, is_follow_up=True)

    def say(
        self, interaction: Interaction, draft: Draft, *, is_loading: bool = False, is_follow_up: bool = False
    ) -> Message:
        """Put a new message of the bot's into the channel; an ephemeral one for the person alone."""
        message = self._messages.new(interaction.channel, interaction.application.bot)
        message.application_id = interaction.application.id
        message.interaction_id = interaction.id
        message.interaction_metadata = metadata(interaction)
        message.type = _message_type(interaction)
        if interaction.command is not None:
            message.interaction = {
                "id": interaction.id,
                "type": int(interaction.type),
                "name": interaction.command_name,
                "user": payloads.user(interaction.user),
            }
        if is_follow_up and interaction.original is not None:
            _tie(message, interaction.original)
        elif interaction.source is not None:
            _refer(message, interaction.source)
        message.flags = draft.flags
        if draft.is_ephemeral:
            message.only_for = interaction.user.id
        if is_loading:
            message.flags |= MessageFlag.LOADING
        self._messages.fill(message, draft)
        self._messages.publish(interaction.channel, message)
        return message


def _source(interaction: Interaction) -> Message:
    """Return the message whose component was used.

    Raises:
        ApiError: it is deleted by now.
    """
    source = interaction.source
    if source is None or source.id not in interaction.channel.messages:
        raise ApiError(Refusal.UNKNOWN_MESSAGE)
    return source


def _message_type(interaction: Interaction) -> MessageType:
    if interaction.command is None:
        return MessageType.DEFAULT
    is_slash = interaction.command.type == CommandType.CHAT_INPUT
    return MessageType.CHAT_INPUT_COMMAND if is_slash else MessageType.CONTEXT_MENU_COMMAND


def _refer(message: Message, to: Message) -> None:
    """Make a message a reply."""
    message.type = MessageType.REPLY
    message.replies_to = to
    message.reference = {"type": 0, "channel_id": message.channel_id, "message_id": to.id}
    if message.guild_id is not None:
        message.reference["guild_id"] = message.guild_id


def _tie(message: Message, original: Message) -> None:
    """Make a message a follow-up of the first answer."""
    _refer(message, original)
    told = message.interaction_metadata or {}
    message.interaction_metadata = {**told, "original_response_message_id": original.id}
