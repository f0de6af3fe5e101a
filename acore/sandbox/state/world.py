"""The world of one sandbox: who and what is in it, and how more is added."""

from collections.abc import Callable, Iterable

from acore.sandbox import payloads, realtime
from acore.sandbox.permissions import rules as permissions
from acore.sandbox.refusals import ApiError, Refusal
from acore.sandbox.shapes import Json
from acore.sandbox.state import ranks
from acore.sandbox.state.audience import AnyOf, Audience, ButNot, InChannel, only
from acore.sandbox.state.kinds import ChannelType
from acore.sandbox.state.randomness import Randomness
from acore.sandbox.state.records import (
    Application,
    Channel,
    Guild,
    Invite,
    Member,
    Picture,
    Role,
    User,
    Webhook,
)
from acore.sandbox.state.snowflakes import Snowflakes

type Announce = Callable[[str, Json, Audience], None]
"""Sends an event with its payload to the sessions of those who hear of it."""


def _nobody_listens(_event: str, _payload: Json, _audience: Audience) -> None:
    """Announce nothing: what is built before the gateway opens is seen in GUILD_CREATE."""


class World:
    """Everything that exists, found by id or token; adding to it tells whoever is connected.

    It begins with two users, *owner* and *member*, one application with its bot, and one guild with a
    #general where all three are members.

    Args:
        seed: makes ids and tokens the same in every run, apart from the times in ids; for tests.
        furnish: puts something else into the empty world; it must set *owner*, *member*, *application*,
            *guild* and *channel*, the ones that are meant where none is named.
        bot_permissions: what bots are invited with where nothing else is said.
    """

    owner: User
    member: User
    application: Application
    guild: Guild
    channel: Channel

    def __init__(
        self,
        seed: int | None = None,
        furnish: "Callable[[World], None] | None" = None,
        *,
        bot_permissions: int = permissions.EVERYONE_MAY,
    ) -> None:
        self._bot_permissions = int(bot_permissions)
        self.randomness = Randomness(seed)
        self.snowflakes = Snowflakes(seed)
        self.pictures: dict[str, Picture] = {}
        """By the path each is read from, without its ending, as avatars/USER/HASH or emojis/EMOJI."""
        self.users: dict[str, User] = {}
        self.guilds: dict[str, Guild] = {}
        self.channels: dict[str, Channel] = {}
        self.applications: dict[str, Application] = {}
        self.webhooks: dict[str, Webhook] = {}
        self.invites: dict[str, Invite] = {}
        self.announce: Announce = _nobody_listens
        self.announce_guild: Callable[[Guild, str], None] = _nobody_joins
        self._by_token: dict[str, User] = {}
        (furnish or _furnish)(self)

    # -- finding

    def user_of_token(self, token: str) -> User | None:
        """Return who speaks with *token*."""
        return self._by_token.get(token)

    def application_of(self, bot: User) -> Application | None:
        """Return the application whose bot this is."""
        return next((one for one in self.applications.values() if one.bot is bot), None)

    def guilds_of(self, user_id: str) -> list[Guild]:
        """Return the guilds a user is in."""
        return [guild for guild in self.guilds.values() if user_id in guild.members]

    def user_named(self, username: str) -> User | None:
        """Return the user with this name."""
        return next((user for user in self.users.values() if user.username == username), None)

    def channel_for(self, channel_id: str, user_id: str) -> Channel:
        """Return a channel that a user asks for.

        Raises:
            ApiError: it does not exist, or the user may not see it.
        """
        channel = self.channels.get(channel_id)
        if channel is None:
            raise ApiError(Refusal.UNKNOWN_CHANNEL)
        if user_id not in self.audience(channel):
            raise ApiError(Refusal.MISSING_ACCESS)
        return channel

    def guild_for(self, guild_id: str, user_id: str) -> Guild:
        """Return a guild that a user asks for.

        Raises:
            ApiError: it does not exist, or the user is not in it, which Discord does not tell apart.
        """
        guild = self.guilds.get(guild_id)
        if guild is None or user_id not in guild.members:
            raise ApiError(Refusal.UNKNOWN_GUILD)
        return guild

    def guild_of(self, channel: Channel) -> Guild | None:
        """Return the guild a channel is in; a direct message is in none."""
        return None if channel.guild_id is None else self.guilds[channel.guild_id]

    def audience(self, channel: Channel) -> Audience:
        """Return the users who see what happens in *channel*."""
        guild = self.guild_of(channel)
        if guild is None:
            return only([user.id for user in channel.recipients])
        return InChannel(guild, channel)

    # -- adding

    def new_user(self, username: str, *, bot: bool = False, token: str | None = None) -> User:
        """Add a user who is in no guild yet.

        Args:
            username: what they are called.
            bot: whether it is the user of a bot.
            token: what they log in with; made if none is given.
        """
        user = User(id=self.snowflakes.make(), username=username, token="", bot=bot)
        self.users[user.id] = user
        self.issue_token(user, token)
        return user

    def add_user(
        self, username: str, *, role_ids: Iterable[str] = (), guild: Guild | None = None, bot: bool = False
    ) -> User:
        """Add a user, as a member of *guild* (the first one by default) with these roles.

        Raises:
            KeyError: the guild has no such role.
        """
        user = self.new_user(username, bot=bot)
        self.add_member(guild or self.guild, user, role_ids=role_ids)
        return user

    def add_member(self, guild: Guild, user: User, *, role_ids: Iterable[str] = ()) -> Member:
        """Make a user a member of a guild; a bot gets the role that Discord gives it there.

        Raises:
            KeyError: the guild has no such role.
            ApiError: code 40007, the user is banned from it.
        """
        if user.id in guild.bans:
            raise ApiError(Refusal.USER_IS_BANNED)
        roles = [guild.roles[role_id].id for role_id in role_ids]
        if user.bot:
            roles.insert(0, self.add_bot_role(guild, user).id)
        member = Member(user=user, joined_at=realtime.now(), role_ids=roles)
        guild.members[user.id] = member
        others = ButNot(guild.members, only([user.id]))
        self.announce("GUILD_MEMBER_ADD", {"guild_id": guild.id, **payloads.member(member)}, others)
        self.announce_guild(guild, user.id)
        return member

    def add_role(
        self, name: str, *, permission_bits: int = 0, color: int = 0, guild: Guild | None = None
    ) -> Role:
        """Add a role to *guild* (the first one by default), above all others.

        It is announced as Discord's own client does it: a new role is the lowest, and is then moved.
        """
        guild = guild or self.guild
        role = Role(
            id=self.snowflakes.make(), name=name, permissions=permission_bits, position=1, color=color
        )
        self.insert_role(guild, role)
        moved = ranks.reorder(guild, {role.id: len(guild.roles) - 1})
        for one in moved:
            self.announce_role("GUILD_ROLE_UPDATE", guild, one)
        return role

    def insert_role(self, guild: Guild, role: Role) -> None:
        """Put a new role right above @everyone; those above it move up, which Discord announces too."""
        moved = ranks.insert_lowest(guild, role)
        for event, one in [("GUILD_ROLE_CREATE", role), *(("GUILD_ROLE_UPDATE", one) for one in moved)]:
            self.announce_role(event, guild, one)

    def announce_role(self, event: str, guild: Guild, role: Role) -> None:
        """Tell a guild's members of one of its roles."""
        self.announce(event, {"guild_id": guild.id, "role": payloads.role(role)}, guild.members)

    def give_role(self, user: User, role: Role, *, guild: Guild | None = None) -> None:
        """Give a member one more role.

        Raises:
            KeyError: the user is not in the guild, or the role is another guild's.
        """
        guild = guild or self.guild
        member = guild.members[user.id]
        member.role_ids.append(guild.roles[role.id].id)
        self.announce_member(guild, member)

    def announce_member(self, guild: Guild, member: Member) -> None:
        """Tell a guild's members that one of them is not as before."""
        payload = {"guild_id": guild.id, **payloads.member(member)}
        self.announce("GUILD_MEMBER_UPDATE", payload, guild.members)

    def add_channel(self, name: str, *, guild: Guild | None = None, topic: str | None = None) -> Channel:
        """Add a text channel to *guild* (the first one by default)."""
        guild = guild or self.guild
        channel = Channel(
            id=self.snowflakes.make(),
            type=ChannelType.GUILD_TEXT,
            name=name,
            guild_id=guild.id,
            position=len(guild.channels),
            topic=topic,
        )
        guild.channels[channel.id] = self.channels[channel.id] = channel
        self.announce("CHANNEL_CREATE", payloads.channel(channel, seen_by=""), self.audience(channel))
        return channel

    def add_guild(self, name: str, *, users: Iterable[User], owner: User | None = None) -> Guild:
        """Add a guild with a #general and these members; bots among them get the role Discord gives them."""
        owner = owner or self.owner
        guild = Guild(id=self.snowflakes.make(), name=name, owner_id=owner.id)
        guild.roles[guild.id] = Role(guild.id, "@everyone", int(permissions.EVERYONE_MAY), 0)
        self.guilds[guild.id] = guild
        self.add_channel("general", guild=guild)
        for user in dict.fromkeys([owner, *users]):
            self.add_member(guild, user)
        return guild

    def add_application(
        self, name: str, *, owner: User | None = None, token: str | None = None
    ) -> Application:
        """Add an application with a bot of the same name; it is in no guild yet.

        Args:
            name: what both are called.
            owner: whose it is; the first user's by default.
            token: what the bot logs in with; made if none is given.
        """
        bot = self.new_user(name, bot=True, token=token)
        # Discord gives a new application and its bot one and the same id.
        application = Application(
            id=bot.id,
            name=name,
            bot=bot,
            owner=owner or self.owner,
            verify_key=self.randomness.token_hex(32),
            invited_with=self._bot_permissions,
        )
        self.applications[application.id] = application
        return application

    def keep_picture(self, place: str, picture: Picture | None) -> str | None:
        """Keep a picture below *place*, e.g. icons/GUILD, if there is one.

        Returns:
            Its hash, the last part of its path.
        """
        if picture is None:
            return None
        self.pictures[f"{place}/{picture.hash}"] = picture
        return picture.hash

    def direct_channel(self, one: User, other: User) -> Channel:
        """Return the direct message channel of two users, made when they first need it."""
        pair = {one.id, other.id}
        for channel in self.channels.values():
            if channel.type is ChannelType.DM and {user.id for user in channel.recipients} == pair:
                return channel
        channel = Channel(id=self.snowflakes.make(), type=ChannelType.DM, recipients=[one, other])
        self.channels[channel.id] = channel
        for user in (one, other):
            # Bots learn of a direct message channel by its first message (API v8 and later), people at once.
            if not user.bot:
                payload = payloads.channel(channel, seen_by=user.id)
                self.announce("CHANNEL_CREATE", payload, [user.id])
        return channel

    # -- removing

    def remove_member(self, guild: Guild, user: User) -> None:
        """Let a user leave a guild, whose channels they see no longer; a bot's own role goes with it.

        Raises:
            KeyError: the user is not in the guild.
        """
        self.leave_voice(guild, user.id)
        del guild.members[user.id]
        for thread in guild.threads.values():
            if thread.thread is not None:
                thread.thread.members.pop(user.id, None)
        self.announce(
            "GUILD_MEMBER_REMOVE", {"guild_id": guild.id, "user": payloads.user(user)}, guild.members
        )
        # Without `unavailable`, which tells leaving from an outage (Discord's documentation, "Guild Delete").
        self.announce("GUILD_DELETE", {"id": guild.id}, only([user.id]))
        for role in [role for role in guild.roles.values() if role.bot_id == user.id]:
            self.remove_role(guild, role)

    def leave_voice(self, guild: Guild, user_id: str) -> None:
        """Take a member out of voice, if they are in it, and tell those who see the channel."""
        state = guild.voice_states.pop(user_id, None)
        if state is not None:
            payload = payloads.voice_state(state, guild, has_left=True)
            seeing = InChannel(guild, self.channels[state.channel_id])
            self.announce("VOICE_STATE_UPDATE", payload, AnyOf((seeing, only([user_id]))))

    def remove_role(self, guild: Guild, role: Role) -> None:
        """Remove a role from a guild, from whoever has it and from wherever it was given permissions."""
        ranks.remove(guild, role)
        for member in guild.members.values():
            if role.id in member.role_ids:
                member.role_ids.remove(role.id)
        for emoji in guild.emojis.values():
            if role.id in emoji.role_ids:
                emoji.role_ids.remove(role.id)
        self.announce("GUILD_ROLE_DELETE", {"guild_id": guild.id, "role_id": role.id}, guild.members)
        for channel in guild.channels.values():
            if channel.overwrites.pop(role.id, None) is not None:
                payload = payloads.channel(channel, seen_by="")
                self.announce("CHANNEL_UPDATE", payload, self.audience(channel))

    def issue_token(self, user: User, token: str | None = None) -> str:
        """Give a user another token, a new one by default; the one before is nobody's any more.

        Returns:
            The token that counts from now on.
        """
        self._by_token.pop(user.token, None)
        user.token = token or self.randomness.token_urlsafe(32)
        self._by_token[user.token] = user
        return user.token

    def add_bot_role(self, guild: Guild, bot: User) -> Role:
        """Add the role that Discord gives a bot when it joins."""
        application = self.application_of(bot)
        role = Role(
            id=self.snowflakes.make(),
            name=bot.username,
            permissions=self._bot_permissions if application is None else application.invited_with,
            position=1,
            bot_id=bot.id,
        )
        self.insert_role(guild, role)
        return role


def _furnish(world: World) -> None:
    """Put in what a sandbox has when nothing else is asked for."""
    world.owner = world.new_user("owner")
    world.member = world.new_user("member")
    world.application = world.add_application("sandbox-bot")
    world.guild = world.add_guild("Sandbox", users=[world.owner, world.member, world.application.bot])
    world.channel = next(iter(world.guild.channels.values()))


def _nobody_joins(_guild: Guild, _user_id: str) -> None:
    """Announce no guild before the gateway opens."""
