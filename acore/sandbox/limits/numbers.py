"""How much a bot may do: every number, adjustable while the sandbox runs."""

from dataclasses import dataclass

from acore.sandbox.parameters import parameter

ROUTES = ("relaxed", "discord")


@dataclass(frozen=True, kw_only=True)
class Limits:
    """Every limit of the sandbox. 0 as a limit of requests stands for none."""

    routes: str = parameter(
        "relaxed",
        "Limits of routes: relaxed is the same generous one for each; discord is what bots see of Discord's.",
        choices=ROUTES,
    )
    requests_per_second: int = parameter(
        50,
        "Requests on one route and channel, guild or token; with discord where no other is known.",
        minimum=0,
    )
    global_limit: int = parameter(
        50, "Requests of one bot a second in all, those with an interaction's token apart.", minimum=0
    )
    invalid_limit: int = parameter(
        10_000, "Answers 401, 403 and 429 until the address is banned as by Cloudflare.", minimum=0
    )
    invalid_seconds: float = parameter(
        600.0, "Seconds in which these are counted, and until which the ban goes on.", minimum=0.001
    )
    command_creates: int = parameter(
        200, "New commands of one application a day, globally and in each guild.", minimum=0
    )
    identify_limit: int = parameter(1000, "IDENTIFYs of one bot a day.", minimum=0)
    identify_interval: float = parameter(
        0.0, "Seconds between two IDENTIFYs of one bot; Discord's is 5, 0 enforces none.", minimum=0
    )
    max_concurrency: int = parameter(1, "Shards of one bot that may IDENTIFY within one interval.", minimum=1)
    guilds_per_shard: int = parameter(
        2500, "Guilds of one shard; a bot that has more must use more shards.", minimum=1
    )
    frames_per_minute: int = parameter(120, "Frames of one gateway client a minute.", minimum=1)
