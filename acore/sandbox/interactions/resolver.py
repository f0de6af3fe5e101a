"""Looking up what a person names by its id: users, roles, channels, messages and files."""

from collections.abc import Callable
from dataclasses import dataclass, field

from acore.sandbox import payloads
from acore.sandbox.messages.drafts import Upload
from acore.sandbox.messages.messages import Messages
from acore.sandbox.permissions import rules as permissions
from acore.sandbox.shapes import Json, as_objects
from acore.sandbox.state.records import Attachment, Channel, Guild, User
from acore.sandbox.state.world import World

type Find = Callable[[str], str | None]
"""Resolves an id; returns the one the bot is told, or None if there is nothing it stands for."""


@dataclass(slots=True)
class Resolver:
    """Finds what one person may name in one channel, and collects it for the bot."""

    world: World
    messages: Messages
    user: User
    channel: Channel
    files: "SentFiles"
    found: Json = field(default_factory=dict[str, Json])

    @property
    def guild(self) -> Guild | None:
        """The guild the channel is in."""
        return self.world.guild_of(self.channel)

    def person(self, user_id: str) -> str | None:
        """Resolve a user, and the member it is here."""
        user, guild = self.world.users.get(user_id), self.guild
        if user is None:
            return None
        self._put("users", user_id, payloads.user(user))
        if guild is not None and user_id in guild.members:
            member = guild.members[user_id]
            bits = permissions.in_channel(guild, member, self.channel)
            self._put("members", user_id, {**payloads.bare_member(member), "permissions": str(bits)})
        return user_id

    def role(self, role_id: str) -> str | None:
        """Resolve a role of this guild."""
        guild = self.guild
        if guild is None or role_id not in guild.roles:
            return None
        self._put("roles", role_id, payloads.role(guild.roles[role_id]))
        return role_id

    def mentionable(self, snowflake: str) -> str | None:
        """Resolve a user or a role."""
        return self.person(snowflake) or self.role(snowflake)

    def place(self, channel_id: str) -> str | None:
        """Resolve a channel or a thread of this guild that the person sees."""
        guild = self.guild
        if guild is None:
            return None
        channel = guild.channels.get(channel_id) or guild.threads.get(channel_id)
        if channel is None or self.user.id not in self.world.audience(channel):
            return None
        bits = permissions.in_channel(guild, guild.members[self.user.id], channel)
        self._put("channels", channel_id, payloads.partial_channel(channel, bits))
        return channel_id

    def type_of_place(self, channel_id: str) -> int:
        """Return the type of a channel that was resolved."""
        return int(self.found["channels"][channel_id]["type"])

    def message(self, message_id: str) -> str | None:
        """Resolve a message of this channel that everyone may see."""
        message = self.channel.messages.get(message_id)
        if message is None or message.only_for is not None:
            return None
        self._put("messages", message_id, self.messages.payload(message))
        return message_id

    def attachment(self, number: str) -> str | None:
        """Resolve a file that came along, by the number that stands for it."""
        file = self.files.find(number)
        if file is None:
            return None
        self._put("attachments", file.id, payloads.attachment(file, self.messages.origin))
        return file.id

    def _put(self, kind: str, key: str, body: Json) -> None:
        self.found.setdefault(kind, {})[key] = body


class SentFiles:
    """The files of one interaction, however they came.

    Discord's own clients upload them ahead and name them in `data.attachments`; a request may also carry them
    itself, as files[0], files[1], …

    Args:
        messages: where they are kept.
        user: who sends them.
        channel: where to.
        data: the interaction's data.
        uploads: the files in the request.
    """

    def __init__(
        self, messages: Messages, user: User, channel: Channel, data: Json, uploads: list[Upload]
    ) -> None:
        self._messages = messages
        self._user = user
        self._channel = channel
        self._named = {str(one.get("id")): one for one in as_objects(data.get("attachments"))}
        self._sent = {one.field.removeprefix("files[").removesuffix("]"): one for one in uploads}
        self._kept: dict[str, Attachment] = {}

    def find(self, number: str) -> Attachment | None:
        """Return the file that a number stands for; None if none came."""
        if number not in self._kept:
            upload = self._sent.get(number) or self._uploaded_ahead(number)
            if upload is None:
                return None
            self._kept[number] = self._messages.keep(self._channel.id, upload)
        return self._kept[number]

    def _uploaded_ahead(self, number: str) -> Upload | None:
        key = self._named.get(number, {}).get("uploaded_filename")
        return None if key is None else self._messages.uploads.find(str(key), self._user)
