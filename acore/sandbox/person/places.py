"""Where a person is: the servers, channels, roles and people their client was told of, kept up to date."""

from acore.sandbox.person.feed import PersonError, SeenEvent
from acore.sandbox.shapes import Json, as_object, as_objects
from acore.sandbox.state.kinds import THREADS, WITH_MESSAGES, ChannelFlag, ChannelType

ADDED = {
    "CHANNEL_CREATE": "channels",
    "CHANNEL_UPDATE": "channels",
    "THREAD_CREATE": "threads",
    "THREAD_UPDATE": "threads",
}
REMOVED = {"CHANNEL_DELETE": "channels", "THREAD_DELETE": "threads"}


class UnknownPlaceError(PersonError):
    """Nothing this person sees has that name."""

    def __init__(self, kind: str, name: str, known: list[str]) -> None:
        there_are = ", ".join(known) or "none"
        super().__init__(f"there is no {kind} {name!r} here; there are: {there_are}")


class NowhereToTalkError(PersonError):
    """There is no channel for messages that this person sees, in a server or at all."""

    def __init__(self, where: str) -> None:
        super().__init__(f"there is no channel to talk in that you see in {where}")


class Places:
    """What there is around one person."""

    def __init__(self) -> None:
        self.guilds: dict[str, Json] = {}
        """By id, as GUILD_CREATE told of them and later events changed them."""
        self.direct: dict[str, Json] = {}
        """Direct message channels by id."""
        self.users: dict[str, Json] = {}
        """Everybody who was ever seen, by id."""
        self.statuses: dict[str, str] = {}
        """Online, idle, dnd or offline by the user's id, where it is known."""

    def take(self, event: SeenEvent) -> None:
        """Learn from one event."""
        data = event.data
        match event.name:
            case "GUILD_CREATE":
                self._take_guild(data)
            case "GUILD_UPDATE":
                self._guild(data.get("id")).update(data)
            case "GUILD_DELETE":
                if not data.get("unavailable"):
                    self.guilds.pop(str(data.get("id")), None)
            case "GUILD_ROLE_CREATE" | "GUILD_ROLE_UPDATE":
                self._put(data.get("guild_id"), "roles", as_object(data.get("role")))
            case "GUILD_ROLE_DELETE":
                self._drop(data.get("guild_id"), "roles", data.get("role_id"))
            case _:
                self._take_channel(event.name, data)
                self._take_person(event.name, data)

    def _take_person(self, name: str, data: Json) -> None:
        match name:
            case "GUILD_MEMBER_ADD" | "GUILD_MEMBER_UPDATE":
                self._put_member(data)
            case "GUILD_MEMBER_REMOVE":
                self._drop_member(data)
            case "PRESENCE_UPDATE":
                self._take_presence(data)
            case "MESSAGE_CREATE" | "MESSAGE_UPDATE":
                self._meet(as_object(data.get("author")))
            case _:
                pass

    def _take_channel(self, name: str, data: Json) -> None:
        if name in ADDED:
            if data.get("type") in {ChannelType.DM, ChannelType.GROUP_DM}:
                self.direct[data["id"]] = data
                for one in as_objects(data.get("recipients")):
                    self._meet(one)
            else:
                self._put(data.get("guild_id"), ADDED[name], data)
        elif name in REMOVED:
            self.direct.pop(str(data.get("id")), None)
            self._drop(data.get("guild_id"), REMOVED[name], data.get("id"))

    def _take_guild(self, data: Json) -> None:
        self.guilds[data["id"]] = data
        for member in as_objects(data.get("members")):
            self._meet(as_object(member.get("user")))
        for presence in as_objects(data.get("presences")):
            self._take_presence(presence)

    def _take_presence(self, data: Json) -> None:
        self.statuses[str(as_object(data.get("user")).get("id"))] = str(data.get("status"))

    def _meet(self, user: Json) -> None:
        if user.get("id"):
            self.users[user["id"]] = user

    def _guild(self, guild_id: object) -> Json:
        return self.guilds.get(str(guild_id), {})

    def _put(self, guild_id: object, kind: str, body: Json) -> None:
        listed = self._guild(guild_id).setdefault(kind, [])
        known = next((one for one in listed if one["id"] == body.get("id")), None)
        if known is None:
            listed.append(body)
        else:
            known.update(body)

    def _drop(self, guild_id: object, kind: str, dropped_id: object) -> None:
        guild = self._guild(guild_id)
        guild[kind] = [one for one in as_objects(guild.get(kind)) if one.get("id") != dropped_id]

    def _put_member(self, data: Json) -> None:
        user = as_object(data.get("user"))
        self._meet(user)
        listed = self._guild(data.get("guild_id")).setdefault("members", [])
        known = next((one for one in listed if one["user"]["id"] == user.get("id")), None)
        if known is None:
            listed.append(data)
        else:
            known.update(data)

    def _drop_member(self, data: Json) -> None:
        guild, gone = self._guild(data.get("guild_id")), as_object(data.get("user")).get("id")
        guild["members"] = [one for one in as_objects(guild.get("members")) if one["user"]["id"] != gone]

    # -- finding

    def guild_of(self, channel_id: str) -> str | None:
        """Return the id of the server a channel or thread is in; None for a direct message."""
        for guild in self.guilds.values():
            if any(one["id"] == channel_id for one in self.channels(guild["id"])):
                return str(guild["id"])
        return None

    def channels(self, guild_id: str) -> list[Json]:
        """Return a server's channels that this person sees, in Discord's order, and the threads they know."""
        guild = self._guild(guild_id)
        seen = [one for one in as_objects(guild.get("channels")) if not _is_hidden(one)]
        listed = sorted(seen, key=lambda one: int(one.get("position") or 0))
        return listed + as_objects(guild.get("threads"))

    def talkable(self, guild_id: str) -> list[Json]:
        """Return those of a server's channels in which messages are sent."""
        return [one for one in self.channels(guild_id) if one.get("type") in WITH_MESSAGES | THREADS]

    def first_talkable(self, guild_id: str) -> str:
        """Return the id of the first of these channels.

        Raises:
            NowhereToTalkError: there is none.
        """
        for one in self.talkable(guild_id):
            return str(one["id"])
        raise NowhereToTalkError(str(self._guild(guild_id).get("name")))

    def channel(self, channel_id: str) -> Json:
        """Return what is known of a channel; nothing if it was never heard of."""
        if channel_id in self.direct:
            return self.direct[channel_id]
        listed = (one for guild_id in self.guilds for one in self.channels(guild_id))
        found = [one for one in listed if one["id"] == channel_id]
        return found[0] if found else {}

    def members(self, guild_id: str) -> list[Json]:
        """Return a server's members, as far as they are known."""
        return as_objects(self._guild(guild_id).get("members"))

    def roles(self, guild_id: str) -> list[Json]:
        """Return a server's roles."""
        return as_objects(self._guild(guild_id).get("roles"))

    def channel_named(self, name: str, guild_id: str | None = None) -> str:
        """Return the id of the channel with this name or id, in this server first.

        Raises:
            UnknownPlaceError: there is none.
        """
        wanted = name.removeprefix("#")
        ids = [guild_id] if guild_id is not None else []
        everywhere = [
            one
            for each in [*ids, *(known for known in self.guilds if known not in ids)]
            for one in self.channels(each)
        ]
        for one in [*everywhere, *self.direct.values()]:
            if wanted in {one["id"], one.get("name")}:
                return str(one["id"])
        raise UnknownPlaceError("channel", name, [f"#{one.get('name')}" for one in everywhere])

    def user_named(self, name: str) -> str:
        """Return the id of whoever has this name, nickname or id.

        Raises:
            UnknownPlaceError: nobody does.
        """
        wanted = name.removeprefix("@")
        for user in self.users.values():
            if wanted in {user["id"], user.get("username"), user.get("global_name")}:
                return str(user["id"])
        for guild_id in self.guilds:
            for member in self.members(guild_id):
                if member.get("nick") == wanted:
                    return str(member["user"]["id"])
        raise UnknownPlaceError("user", name, [str(one.get("username")) for one in self.users.values()])

    def guild_named(self, name: str) -> str:
        """Return the id of the server with this name or id.

        Raises:
            UnknownPlaceError: there is none.
        """
        for guild in self.guilds.values():
            if name in {guild["id"], guild.get("name")}:
                return str(guild["id"])
        raise UnknownPlaceError("server", name, [str(one.get("name")) for one in self.guilds.values()])

    def bots(self) -> list[Json]:
        """Return every bot that shares a server with this person."""
        members = [one for guild_id in self.guilds for one in self.members(guild_id)]
        found = {one["user"]["id"]: one["user"] for one in members if one["user"].get("bot")}
        return list(found.values())


def _is_hidden(channel: Json) -> bool:
    """Return whether this person may not view a channel (Discord's documentation, "Obfuscated Channels")."""
    return bool(int(channel.get("flags") or 0) & ChannelFlag.OBFUSCATED)
