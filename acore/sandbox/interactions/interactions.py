"""Interactions: a person starts one, the bot has three seconds to answer and fifteen minutes to finish."""

import asyncio
from datetime import timedelta

from acore.sandbox import payloads, realtime
from acore.sandbox.api.refusals import ApiError, Refusal, invalid
from acore.sandbox.interactions.command_rules import CommandType
from acore.sandbox.interactions.commands import Command
from acore.sandbox.interactions.records import (
    CallbackType,
    Interaction,
    InteractionType,
    Stage,
    for_bot,
    metadata,
)
from acore.sandbox.messages import components, drafts
from acore.sandbox.messages.drafts import Draft, Upload
from acore.sandbox.messages.messages import Messages
from acore.sandbox.shapes import Json, as_int, as_object, as_objects
from acore.sandbox.state.kinds import MessageFlag, MessageType
from acore.sandbox.state.records import Application, Channel, Message, User
from acore.sandbox.state.world import World

MAX_CHOICES = 25


_ANSWERS = {
    InteractionType.APPLICATION_COMMAND: {
        CallbackType.CHANNEL_MESSAGE,
        CallbackType.DEFERRED_CHANNEL_MESSAGE,
        CallbackType.MODAL,
    },
    InteractionType.MESSAGE_COMPONENT: set(CallbackType) - {CallbackType.AUTOCOMPLETE_RESULT},
    InteractionType.AUTOCOMPLETE: {CallbackType.AUTOCOMPLETE_RESULT},
    InteractionType.MODAL_SUBMIT: set(CallbackType) - {CallbackType.AUTOCOMPLETE_RESULT, CallbackType.MODAL},
}


class Interactions:
    """Starts interactions, and carries out what bots do with their tokens.

    Args:
        world: where they happen.
        messages: where the answers appear.
        answer_within: seconds until an unanswered one fails.
        token_lifetime: seconds until an answered one's token expires.
    """

    def __init__(
        self, world: World, messages: Messages, *, answer_within: float, token_lifetime: float
    ) -> None:
        self._world = world
        self._messages = messages
        self._answer_within = answer_within
        self._lifetime = timedelta(seconds=token_lifetime)
        self._by_token: dict[str, Interaction] = {}

    # -- the person's side

    def begin(
        self,
        kind: InteractionType,
        application: Application,
        user: User,
        channel: Channel,
        data: Json,
        *,
        nonce: str | None = None,
        command: Command | None = None,
        source: Message | None = None,
        triggered_by: Interaction | None = None,
    ) -> Interaction:
        """Start an interaction: the bot is asked, and the three seconds begin."""
        self._forget_expired()
        interaction = Interaction(
            id=self._world.snowflakes.make(),
            token=self._world.randomness.token_urlsafe(96),
            type=kind,
            application=application,
            user=user,
            channel=channel,
            guild=self._world.guild_of(channel),
            data=data,
            nonce=nonce,
            began_at=realtime.now(),
            command=command,
            source=source,
            triggered_by=triggered_by,
        )
        self._by_token[interaction.token] = interaction
        loop = asyncio.get_running_loop()
        interaction.timer = loop.call_later(self._answer_within, self._fail, interaction)
        self._tell_user("INTERACTION_CREATE", interaction)
        payload = for_bot(interaction, self._messages.origin)
        self._world.announce("INTERACTION_CREATE", payload, [application.bot.id])
        return interaction

    def of_modal(self, custom_id: object, user: User, interaction_id: object) -> Interaction:
        """Return the interaction whose modal a person submits.

        Raises:
            ApiError: the bot showed this person no such modal.
        """
        for interaction in reversed(self._by_token.values()):
            modal = interaction.modal
            if modal is None or interaction.user is not user or modal.get("custom_id") != custom_id:
                continue
            if interaction_id is None or interaction.id == str(interaction_id):
                return interaction
        raise invalid(("data", "custom_id"), "No such modal was shown")

    def stop(self) -> None:
        """Stop every timer."""
        for interaction in self._by_token.values():
            if interaction.timer is not None:
                interaction.timer.cancel()

    def _fail(self, interaction: Interaction) -> None:
        if interaction.is_open:
            interaction.stage = Stage.FAILED
            self._tell_user("INTERACTION_FAILURE", interaction)

    def _forget_expired(self) -> None:
        oldest = realtime.now() - self._lifetime * 2
        for token, interaction in list(self._by_token.items()):
            if interaction.began_at < oldest:
                del self._by_token[token]

    # -- the bot's first answer

    def answer(self, interaction_id: str, token: str, body: Json, uploads: list[Upload]) -> Interaction:
        """Carry out an interaction's callback.

        Raises:
            ApiError: the token is unknown or its three seconds are over, it was answered before, or
                the answer is invalid.
        """
        interaction = self._by_token.get(token)
        if interaction is None or interaction.id != interaction_id or interaction.stage is Stage.FAILED:
            raise ApiError(Refusal.UNKNOWN_INTERACTION)
        if interaction.stage is Stage.ANSWERED:
            raise ApiError(Refusal.ALREADY_ACKNOWLEDGED)
        kind = _callback_type(interaction, body)
        data = as_object(body.get("data"))
        match kind:
            case CallbackType.CHANNEL_MESSAGE:
                draft = drafts.read_whole(data, uploads)
                self._acknowledge(interaction)
                interaction.original = self._say(interaction, draft)
            case CallbackType.DEFERRED_CHANNEL_MESSAGE:
                draft = drafts.read(data, [])
                self._acknowledge(interaction)
                interaction.original = self._say(interaction, draft, is_loading=True)
            case CallbackType.DEFERRED_UPDATE_MESSAGE:
                self._acknowledge(interaction)
                interaction.original = interaction.source
            case CallbackType.UPDATE_MESSAGE:
                draft = drafts.read(data, uploads)
                self._acknowledge(interaction)
                interaction.original = interaction.source
                if interaction.source is not None:
                    self._messages.edit(interaction.source, draft)
            case CallbackType.AUTOCOMPLETE_RESULT:
                self._suggest(interaction, data)
            case CallbackType.MODAL:
                self._show_modal(interaction, data)
        return interaction

    def _acknowledge(self, interaction: Interaction) -> None:
        self._settle(interaction)
        self._tell_user("INTERACTION_SUCCESS", interaction)

    def _settle(self, interaction: Interaction) -> None:
        interaction.stage = Stage.ANSWERED
        if interaction.timer is not None:
            interaction.timer.cancel()

    def _suggest(self, interaction: Interaction, data: Json) -> None:
        choices = as_objects(data.get("choices"))
        if len(choices) > MAX_CHOICES:
            message = f"Must be {MAX_CHOICES} or fewer in length."
            raise invalid(("data", "choices"), message)
        self._settle(interaction)
        payload = {"choices": choices, "nonce": interaction.nonce}
        self._world.announce("APPLICATION_COMMAND_AUTOCOMPLETE_RESPONSE", payload, [interaction.user.id])

    def _show_modal(self, interaction: Interaction, data: Json) -> None:
        for key in ("custom_id", "title"):
            if not data.get(key):
                raise invalid(("data", key), "This field is required")
        interaction.modal = {
            "custom_id": data["custom_id"],
            "title": data["title"],
            "components": components.numbered(as_objects(data.get("components"))),
        }
        self._settle(interaction)
        payload = {
            "id": interaction.id,
            "nonce": interaction.nonce,
            "channel_id": interaction.channel.id,
            "application": {"id": interaction.application.id, "name": interaction.application.name},
            **interaction.modal,
        }
        self._world.announce("INTERACTION_MODAL_CREATE", payload, [interaction.user.id])
        self._tell_user("INTERACTION_SUCCESS", interaction)

    # -- what follows, with the same token

    def of_token(self, application_id: str, token: str) -> Interaction:
        """Return the interaction whose token a bot uses as a webhook's.

        Raises:
            ApiError: the token is unknown, was never acknowledged, or has expired.
        """
        interaction = self._by_token.get(token)
        if (
            interaction is None
            or interaction.application.id != application_id
            or interaction.stage is not Stage.ANSWERED
        ):
            raise ApiError(Refusal.UNKNOWN_WEBHOOK)
        if realtime.now() - interaction.began_at > self._lifetime:
            raise ApiError(Refusal.INVALID_WEBHOOK_TOKEN)
        return interaction

    def message(self, interaction: Interaction, message_id: str) -> Message:
        """Return the original answer or a follow-up.

        Raises:
            ApiError: it was never sent, or is deleted.
        """
        if message_id == "@original":
            message_id = "" if interaction.original is None else interaction.original.id
        message = interaction.channel.messages.get(message_id)
        is_own = message is not None and message.interaction_id == interaction.id
        if message is None or not (is_own or message is interaction.original):
            raise ApiError(Refusal.UNKNOWN_MESSAGE)
        return message

    def follow_up(self, interaction: Interaction, draft: Draft) -> Message:
        """Say one more thing; after a deferral the first of them takes the place of "thinking…"."""
        original = interaction.original
        if original is not None and original.is_loading and original.id in interaction.channel.messages:
            self._messages.edit(original, draft)
            return original
        return self._say(interaction, draft, is_follow_up=True)

    def _say(
        self, interaction: Interaction, draft: Draft, *, is_loading: bool = False, is_follow_up: bool = False
    ) -> Message:
        message = self._messages.new(interaction.channel, interaction.application.bot)
        message.application_id = interaction.application.id
        message.interaction_id = interaction.id
        message.interaction_metadata = metadata(interaction)
        message.type = _message_type(interaction)
        if interaction.command is not None:
            message.interaction = {
                "id": interaction.id,
                "type": int(interaction.type),
                "name": interaction.command.name,
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

    # -- what each side is told

    def _tell_user(self, event: str, interaction: Interaction) -> None:
        payload = {"id": interaction.id, "nonce": interaction.nonce}
        self._world.announce(event, payload, [interaction.user.id])


def _callback_type(interaction: Interaction, body: Json) -> CallbackType:
    sent = as_int(body.get("type"), -1)
    if sent in {10, 12}:
        raise ApiError(Refusal.NOT_SUPPORTED, message=f"The sandbox does not support callback type {sent}.")
    allowed = _ANSWERS[interaction.type]
    if sent not in allowed or (sent in {6, 7} and interaction.source is None):
        message = f"Value must be one of {tuple(sorted(map(int, allowed)))}."
        raise invalid(("type",), message)
    return CallbackType(sent)


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
