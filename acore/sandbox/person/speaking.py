"""What a person says, and does with what was said."""

from collections.abc import Sequence
from urllib.parse import quote

from acore.sandbox.person.connection import Connection, SentFile
from acore.sandbox.person.invocation import new_nonce
from acore.sandbox.person.places import NowhereToTalkError
from acore.sandbox.person.surroundings import Surroundings
from acore.sandbox.shapes import Json, as_objects


class Speaker(Connection):
    """A connected user who reads and writes messages."""

    @property
    def guild_id(self) -> str:
        """The id of the first guild this person is in.

        Raises:
            NowhereToTalkError: they are in none.
        """
        for guild_id in self.guilds:
            return guild_id
        raise NowhereToTalkError("any server")

    @property
    def channel_id(self) -> str:
        """The id of that guild's first channel for messages.

        Raises:
            NowhereToTalkError: there is none that they see.
        """
        return self.places.first_talkable(self.guild_id)

    def around(self, channel_id: str) -> Surroundings:
        """Return what names stand for in a channel."""
        return Surroundings(self.places, self.places.guild_of(channel_id))

    def channel_named(self, name: str, guild_id: str | None = None) -> str:
        """Return the id of the channel with this name, in *guild_id* first.

        Raises:
            UnknownPlaceError: there is none.
        """
        return self.places.channel_named(name, guild_id)

    def user_named(self, name: str) -> str:
        """Return the id of whoever has this name.

        Raises:
            UnknownPlaceError: nobody does.
        """
        return self.places.user_named(name)

    async def say(
        self,
        text: str,
        *,
        channel_id: str | None = None,
        reply_to: str | None = None,
        files: Sequence[SentFile] = (),
    ) -> Json:
        """Say something; return the message.

        Args:
            text: what; mentions are written `<@id>`, as Discord's own client sends them.
            channel_id: where; the guild's first channel by default.
            reply_to: the id of the message that is answered.
            files: sent along.

        Raises:
            RefusedError: Discord would not take it.
        """
        body: Json = {"content": text, "nonce": new_nonce()}
        if reply_to is not None:
            body["message_reference"] = {"message_id": reply_to}
        if files:
            body["attachments"] = [{"id": str(at), "filename": one.filename} for at, one in enumerate(files)]
        path = f"/channels/{channel_id or self.channel_id}/messages"
        return await self.request("POST", path, body, files=files)

    async def edit(self, message: Json, text: str) -> Json:
        """Change the text of a message of one's own; return it as it is then.

        Raises:
            RefusedError: it is somebody else's, or gone.
        """
        return await self.request("PATCH", _path(message), {"content": text})

    async def delete(self, message: Json) -> None:
        """Delete a message.

        Raises:
            RefusedError: this person may not, or it is gone.
        """
        await self.request("DELETE", _path(message))

    async def react(self, message: Json, emoji: str) -> None:
        """React to a message.

        Args:
            message: to which.
            emoji: one of Unicode's, or "name:id" of one of the guild's own.

        Raises:
            RefusedError: this person may not, or there is no such emoji.
        """
        await self.request("PUT", f"{_path(message)}/reactions/{quote(emoji)}/@me")

    async def unreact(self, message: Json, emoji: str) -> None:
        """Take a reaction of one's own back.

        Raises:
            RefusedError: there is none.
        """
        await self.request("DELETE", f"{_path(message)}/reactions/{quote(emoji)}/@me")

    async def type(self, channel_id: str | None = None) -> None:
        """Have others see that this person is typing."""
        await self.request("POST", f"/channels/{channel_id or self.channel_id}/typing")

    async def messages(self, channel_id: str | None = None, *, limit: int = 50) -> list[Json]:
        """Return what REST tells of a channel, newest first; nothing ephemeral is among it."""
        path = f"/channels/{channel_id or self.channel_id}/messages"
        listed = await self.request("GET", path, query={"limit": str(limit)})
        return as_objects(listed["items"])

    async def message(self, message_id: str, channel_id: str | None = None) -> Json:
        """Return one message, as REST tells of it.

        Raises:
            RefusedError: there is none, or it is ephemeral.
        """
        return await self.request("GET", f"/channels/{channel_id or self.channel_id}/messages/{message_id}")

    async def direct_channel(self, user_id: str) -> str:
        """Return the id of the direct message channel with somebody."""
        channel = await self.request("POST", "/users/@me/channels", {"recipient_id": user_id})
        self.places.direct.setdefault(str(channel["id"]), channel)
        return str(channel["id"])


def _path(message: Json) -> str:
    return f"/channels/{message['channel_id']}/messages/{message['id']}"
