"""Interactions: a person starts one, the bot has three seconds to answer and fifteen minutes to finish."""

import asyncio
from datetime import timedelta
from itertools import takewhile

from acore.sandbox import realtime
from acore.sandbox.interactions.answers import Answers
from acore.sandbox.interactions.command import Command
from acore.sandbox.interactions.records import Interaction, InteractionType, Stage, for_bot
from acore.sandbox.messages.drafts import Draft, Upload
from acore.sandbox.messages.messages import Messages
from acore.sandbox.refusals import ApiError, Refusal, invalid
from acore.sandbox.shapes import Json
from acore.sandbox.state.records import Application, Channel, Message, User
from acore.sandbox.state.world import World


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
        self._answers = Answers(world, messages)
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
        focused: Json | None = None,
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
            focused=focused,
        )
        if triggered_by is not None:
            triggered_by.submission = interaction
        self._by_token[interaction.token] = interaction
        loop = asyncio.get_running_loop()
        interaction.timer = loop.call_later(self._answer_within, self._fail, interaction)
        self._answers.tell("INTERACTION_CREATE", interaction)
        payload = for_bot(interaction, self._messages.origin)
        self._world.announce("INTERACTION_CREATE", payload, [application.bot.id])
        return interaction

    def of_modal(self, custom_id: object, user: User, interaction_id: object) -> Interaction:
        """Return the interaction whose modal a person submits; again only if the bot did not answer before.

        Raises:
            ApiError: the bot showed this person no such modal, or it was submitted already.
        """
        for interaction in reversed(self._by_token.values()):
            modal = interaction.modal
            if modal is None or interaction.user is not user or modal.get("custom_id") != custom_id:
                continue
            if interaction.submission is not None and interaction.submission.stage is not Stage.FAILED:
                continue
            if interaction_id is None or interaction.id == str(interaction_id):
                return interaction
        raise invalid(("data", "custom_id"), "No such modal was shown")

    def listed(self) -> list[Interaction]:
        """Return those that are not forgotten yet, the oldest first."""
        return list(self._by_token.values())

    def stop(self) -> None:
        """Stop every timer."""
        for interaction in self._by_token.values():
            if interaction.timer is not None:
                interaction.timer.cancel()

    def _fail(self, interaction: Interaction) -> None:
        if interaction.is_open:
            interaction.stage = Stage.FAILED
            self._answers.tell("INTERACTION_FAILURE", interaction)

    def _forget_expired(self) -> None:
        """Let go of those that are long expired; they stand in the order in which they began."""
        oldest = realtime.now() - self._lifetime * 2
        expired = takewhile(lambda item: item[1].began_at < oldest, self._by_token.items())
        for token in [token for token, _ in expired]:
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
        self._check_place(interaction)
        self._answers.carry_out(interaction, body, uploads)
        return interaction

    def _check_place(self, interaction: Interaction) -> None:
        """Go on only if the channel, and in a guild the bot, is still there.

        Raises:
            ApiError: it is not.
        """
        if interaction.channel.id not in self._world.channels:
            raise ApiError(Refusal.UNKNOWN_CHANNEL)
        guild = interaction.guild
        if guild is not None and interaction.application.bot.id not in guild.members:
            raise ApiError(Refusal.UNKNOWN_WEBHOOK)

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
            or interaction.type is InteractionType.AUTOCOMPLETE
            or interaction.stage is not Stage.ANSWERED
        ):
            raise ApiError(Refusal.UNKNOWN_WEBHOOK)
        if realtime.now() - interaction.began_at > self._lifetime:
            raise ApiError(Refusal.INVALID_WEBHOOK_TOKEN)
        self._check_place(interaction)
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
        return self._answers.follow_up(interaction, draft)
