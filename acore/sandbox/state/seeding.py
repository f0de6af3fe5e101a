"""Builds what a world file asks for into an empty world."""

from collections.abc import Iterable, Mapping

from acore.sandbox import realtime
from acore.sandbox.state.kinds import ChannelType, OverwriteType
from acore.sandbox.state.plans import ChannelPlan, GuildPlan, RolePlan, WorldPlan
from acore.sandbox.state.records import Channel, Guild, Member, Message, Overwrite, Role, User
from acore.sandbox.state.world import World
from acore.sandbox.state.worldfile import EVERYONE, NUMBER


def furnish(world: World, plan: WorldPlan) -> None:
    """Put everything of *plan* into an empty world; nobody is connected yet, so nothing is announced."""
    people = _People(world)
    for one in plan.users:
        user = people.add(one.name, token=one.token)
        user.global_name, user.locale = one.global_name, one.locale
    listed = [people.named[one.name] for one in plan.users]
    world.owner = listed[0]
    world.member = listed[1] if len(listed) > 1 else listed[0]
    bots: list[User] = []
    for one in plan.applications:
        owner = world.owner if one.owner is None else people.named[one.owner]
        application = world.add_application(one.name, owner=owner, token=one.token)
        application.flags, application.description = one.flags, one.description
        if one.permissions is not None:
            application.invited_with = one.permissions
        people.named[one.name] = application.bot
        bots.append(application.bot)
    for one in plan.guilds:
        owner = world.owner if one.owner is None else people.named[one.owner]
        members = listed if one.members is None else [people.get(name) for name in one.members]
        invited = bots if one.bots is None else [people.named[name] for name in one.bots]
        inside = dict.fromkeys((owner, *members, *invited))
        for number in range(1, one.count + 1):
            name = one.name.replace(NUMBER, str(number)) if one.count > 1 else one.name
            _Building(world, one, name, owner, inside).build(people.named)
    world.application = next(iter(world.applications.values()))
    world.guild = next(iter(world.guilds.values()))
    places = list(world.guild.channels.values())
    world.channel = next((one for one in places if one.type is ChannelType.GUILD_TEXT), places[0])


class _People:
    """Users by name; one who is asked for and does not exist is made."""

    def __init__(self, world: World) -> None:
        self._world = world
        self.named: dict[str, User] = {}

    def add(self, name: str, *, token: str | None = None) -> User:
        user = self.named[name] = self._world.new_user(name, token=token)
        return user

    def get(self, name: str) -> User:
        return self.named.get(name) or self.add(name)


class _Building:
    """One guild while it is built."""

    def __init__(self, world: World, plan: GuildPlan, name: str, owner: User, inside: Iterable[User]) -> None:
        self._world = world
        self._plan = plan
        self._inside = inside
        self._guild = Guild(
            id=world.snowflakes.make(), name=name, owner_id=owner.id, settings=dict(plan.settings)
        )
        self._roles: dict[str, Role] = {}

    def build(self, named: Mapping[str, User]) -> None:
        """Build it, roles before members before channels."""
        guild = self._guild
        everyone = Role(guild.id, EVERYONE, self._plan.everyone, 0)
        guild.roles[guild.id] = self._roles[EVERYONE] = everyone
        self._world.guilds[guild.id] = guild
        self._let_in()
        for plan in self._plan.roles:
            self._add_role(plan, named)
        categories: dict[str, Channel] = {}
        places = enumerate(self._plan.channels)
        for position, plan in sorted(places, key=lambda one: one[1].type is not ChannelType.GUILD_CATEGORY):
            channel = self._add_channel(plan, position, categories, named)
            if plan.type is ChannelType.GUILD_CATEGORY:
                categories.setdefault(plan.name, channel)

    def _let_in(self) -> None:
        now = realtime.now()
        for user in self._inside:
            roles = [self._world.add_bot_role(self._guild, user).id] if user.bot else []
            self._guild.members[user.id] = Member(user=user, joined_at=now, role_ids=roles)

    def _add_role(self, plan: RolePlan, named: Mapping[str, User]) -> None:
        role = Role(
            id=self._world.snowflakes.make(),
            name=plan.name,
            permissions=plan.permissions,
            position=len(self._guild.roles),
            color=plan.color,
            hoist=plan.hoist,
            mentionable=plan.mentionable,
        )
        self._guild.roles[role.id] = self._roles[plan.name] = role
        for name in plan.members:
            self._guild.members[named[name].id].role_ids.append(role.id)

    def _add_channel(
        self,
        plan: ChannelPlan,
        position: int,
        categories: Mapping[str, Channel],
        named: Mapping[str, User],
    ) -> Channel:
        channel = Channel(
            id=self._world.snowflakes.make(),
            type=plan.type,
            name=plan.name,
            guild_id=self._guild.id,
            position=position,
            topic=plan.topic,
            parent_id=None if plan.parent is None else categories[plan.parent].id,
            nsfw=plan.nsfw,
            slowmode_seconds=plan.slowmode_seconds,
        )
        for one in plan.overwrites:
            target = self._roles[one.name] if one.type is OverwriteType.ROLE else named[one.name]
            channel.overwrites[target.id] = Overwrite(target.id, one.type, one.allow, one.deny)
        for one in plan.messages:
            message = Message(
                id=self._world.snowflakes.make(),
                channel_id=channel.id,
                guild_id=self._guild.id,
                author=named[one.author],
                content=one.content,
                timestamp=realtime.now(),
            )
            channel.messages[message.id] = message
        self._guild.channels[channel.id] = self._world.channels[channel.id] = channel
        return channel
