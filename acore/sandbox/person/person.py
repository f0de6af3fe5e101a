"""A person's client: what Discord's own app does, for tests, scripts and the console.

It speaks to the sandbox over its real REST and gateway, so that it can be anywhere and knows nothing a person
would not see.
"""

import difflib
from collections.abc import Mapping, Sequence

from acore.sandbox import realtime
from acore.sandbox.person import forms
from acore.sandbox.person.connection import SentFile
from acore.sandbox.person.forms import UnknownCommandError
from acore.sandbox.person.invocation import Invocation, new_nonce
from acore.sandbox.person.speaking import Speaker
from acore.sandbox.shapes import Json, as_object, as_objects

SLASH, ON_USER, ON_MESSAGE = 1, 2, 3
"""How a command is invoked (Discord's documentation, "Application Command Types")."""


class Person(Speaker):
    """One user, connected, who invokes commands, presses and fills in; used as an `async with` in one task.

    Args:
        api: the base of the sandbox's REST API.
        token: the user's token.
    """

    # -- commands

    async def commands(self, guild_id: str | None = None, *, channel_id: str | None = None) -> list[Json]:
        """Return the commands this person may use.

        Args:
            guild_id: in which guild; the first by default.
            channel_id: in which channel instead, which may be a direct message with a bot.
        """
        path = f"/guilds/{guild_id or self.guild_id}/application-command-index"
        if channel_id is not None:
            path = f"/channels/{channel_id}/application-command-index"
        return as_objects((await self.request("GET", path))["application_commands"])

    async def command(self, name: str, kind: int = SLASH, *, channel_id: str | None = None) -> Json:
        """Return a command by its name; `name@bot` is that of one bot among several.

        Raises:
            UnknownCommandError: there is none here, or this person may not use it.
        """
        wanted, _, bot = name.removeprefix("/").partition("@")
        found = [one for one in await self.commands(channel_id=channel_id) if one["type"] == kind]
        for one in found:
            owner = self.places.users.get(str(one["application_id"]), {})
            if one["name"] == wanted and bot in {"", owner.get("username")}:
                return one
        names = [str(one["name"]) for one in found]
        begun = [name for name in names if wanted and name.lower().startswith(wanted.lower())]
        alike = begun[:3] or difflib.get_close_matches(wanted, names)
        raise UnknownCommandError(wanted, alike, "/" if kind == SLASH else "")

    async def invoke(
        self,
        command: str,
        options: Mapping[str, object] | None = None,
        *,
        channel_id: str | None = None,
        within: float = 10.0,
    ) -> Json:
        """Invoke a slash command and return the bot's final answer.

        Raises:
            TimeoutError: there is no final answer in time.
            DidNotRespondError: the bot did not answer in time.
            UnknownCommandError: there is no such command here.
            RefusedError: the options do not suit the command.
        """
        invocation = await self.start_invoke(command, options, channel_id=channel_id)
        return await invocation.answered(within)

    async def start_invoke(
        self,
        command: str,
        options: Mapping[str, object] | None = None,
        *,
        channel_id: str | None = None,
    ) -> Invocation:
        """Invoke a slash command without waiting for the bot.

        Args:
            command: its name, followed by those of group and sub-command if it has them: "ops health".
            options: values by option name; ids as strings, files as `SentFile`.
            channel_id: where; the guild's first channel by default.

        Raises:
            UnknownCommandError: there is no such command here.
            RefusedError: the options do not suit the command.
        """
        name, *names = command.split()
        declared = await self.command(name, channel_id=channel_id)
        data, files = forms.command_data(declared, names, options or {})
        return await self.interact(2, declared["application_id"], data, channel_id=channel_id, files=files)

    async def invoke_on_user(
        self, command: str, user_id: str, *, channel_id: str | None = None
    ) -> Invocation:
        """Invoke a user command, found in the menu of a user, without waiting for the bot.

        Raises:
            UnknownCommandError: there is no such command here.
            RefusedError: there is no such user.
        """
        return await self._invoke_on(ON_USER, command, user_id, channel_id)

    async def invoke_on_message(self, command: str, message: Json) -> Invocation:
        """Invoke a message command, found in the menu of a message, without waiting for the bot.

        Raises:
            UnknownCommandError: there is no such command here.
            RefusedError: the message is gone.
        """
        return await self._invoke_on(ON_MESSAGE, command, message["id"], message["channel_id"])

    async def _invoke_on(self, kind: int, command: str, target_id: str, channel_id: str | None) -> Invocation:
        declared = await self.command(command, kind, channel_id=channel_id)
        data = forms.context_data(declared, target_id)
        return await self.interact(2, declared["application_id"], data, channel_id=channel_id)

    async def suggestions(
        self,
        command: str,
        options: Mapping[str, object],
        focused: str,
        *,
        channel_id: str | None = None,
        within: float = 10.0,
    ) -> list[Json]:
        """Return the choices the bot offers for the option being typed.

        Raises:
            TimeoutError: the bot offers none in time.
            DidNotRespondError: the bot did not answer in time.
        """
        name, *names = command.split()
        declared = await self.command(name, channel_id=channel_id)
        data, _ = forms.command_data(declared, names, options, focused=focused)
        invocation = await self.interact(4, declared["application_id"], data, channel_id=channel_id)
        return as_objects((await invocation.settled(within)).data.get("choices"))

    # -- components and modals

    async def press(
        self, message: Json, custom_id: str, *, values: Sequence[str] | None = None
    ) -> Invocation:
        """Press a button of a message, or pick *values* of a select.

        Args:
            message: which has the component.
            custom_id: of the component; its label, placeholder or number will do too.
            values: what to pick; labels and names will do too.

        Raises:
            UnknownComponentError: the message has no such component.
            UnknownPlaceError: nobody and nothing here has the name of a value.
            RefusedError: the sandbox does not take it.
        """
        component = forms.component_named(message, custom_id)
        data: Json = {"custom_id": component["custom_id"], "component_type": component["type"]}
        if values is not None:
            data["values"] = self.around(message["channel_id"]).picked(component, values)
        application_id = message.get("application_id") or message["author"]["id"]
        return await self.interact(
            3, application_id, data, channel_id=message["channel_id"], message_id=message["id"]
        )

    async def submit(self, modal: Json, entries: Mapping[str, object]) -> Invocation:
        """Fill a modal in and submit it.

        Args:
            modal: what `Invocation.modal` returned.
            entries: by the custom ids of the inputs: a text, a list of values, a boolean or a `SentFile`;
                inputs that are left out keep their defaults.

        Raises:
            RefusedError: a required input is empty, or an entry outside its limits.
        """
        data, files = forms.modal_data(modal, entries)
        application_id = as_object(modal["application"])["id"]
        return await self.interact(5, application_id, data, channel_id=modal["channel_id"], files=files)

    async def interact(
        self,
        kind: int,
        application_id: str,
        data: Json,
        *,
        channel_id: str | None = None,
        message_id: str | None = None,
        files: Sequence[SentFile] = (),
    ) -> Invocation:
        """Start any interaction.

        Args:
            kind: 2 command, 3 component, 4 autocomplete, 5 modal.
            application_id: whose it is.
            data: what Discord's own client would send.
            channel_id: where; the guild's first channel by default.
            message_id: the message whose component is used.
            files: sent along, for options and inputs that take them.

        Raises:
            RefusedError: the sandbox does not take it.
        """
        channel_id = channel_id or self.channel_id
        invocation = Invocation(
            self._feed, new_nonce(), len(self.events), realtime.monotonic(), kind, source_id=message_id
        )
        body: Json = {
            "type": kind,
            "application_id": application_id,
            "channel_id": channel_id,
            "session_id": self._session_id,
            "nonce": invocation.nonce,
            "data": data,
        }
        guild_id = self.places.guild_of(channel_id)
        if guild_id is not None:
            body["guild_id"] = guild_id
        if message_id is not None:
            body["message_id"] = message_id
        await self.request("POST", "/interactions", body, files=files)
        return invocation
