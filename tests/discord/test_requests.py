"""From nextcord's interaction to a request."""

from collections.abc import AsyncGenerator
from typing import Any

import nextcord  # noqa: TID251 - what is read here is nextcord's
import pytest

from acore.discord.requests import request_of
from acore.events.discord import Argument, Invoker, Place

USER = {"id": "7", "username": "ann", "discriminator": "0", "avatar": None, "global_name": None}
MEMBER = {
    "user": USER,
    "roles": ["70", "80"],
    "joined_at": "2026-01-01T00:00:00+00:00",
    "deaf": False,
    "mute": False,
    "permissions": "0",
    "flags": 0,
}


@pytest.fixture
async def client() -> AsyncGenerator[nextcord.Client]:
    made = nextcord.Client(intents=nextcord.Intents.none())
    yield made
    await made.close()


def received(client: nextcord.Client, **fields: object) -> "nextcord.Interaction[nextcord.Client]":
    payload: Any = {
        "id": "1000",
        "application_id": "9",
        "type": 2,
        "token": "right-to-answer",
        "version": 1,
        "channel_id": "6",
        "user": USER,
        "data": {"id": "1", "name": "botstatus", "type": 1},
        "locale": "en-GB",
        **fields,
    }
    return nextcord.Interaction(data=payload, state=client._connection)


async def test_a_command_in_direct_messages(client: nextcord.Client) -> None:
    request = request_of(received(client))

    assert (request.interaction, request.application, request.token) == (1000, 9, "right-to-answer")
    assert (request.command, request.arguments) == ("botstatus", ())
    assert request.invoker == Invoker(id=7, name="ann")
    assert request.place == Place(guild=None, channel=6)


async def test_sub_commands_make_the_full_name_and_options_the_arguments(client: nextcord.Client) -> None:
    options = [
        {
            "type": 2,
            "name": "actor",
            "options": [
                {
                    "type": 1,
                    "name": "restart",
                    "options": [
                        {"type": 3, "name": "name", "value": "health"},
                        {"type": 4, "name": "times", "value": 2},
                        {"type": 5, "name": "now", "value": True},
                    ],
                }
            ],
        }
    ]
    request = request_of(received(client, data={"id": "1", "name": "ops", "type": 1, "options": options}))

    assert request.command == "ops actor restart"
    assert request.arguments == (
        Argument(name="name", value="health"),
        Argument(name="times", value="2"),
        Argument(name="now", value="True"),
    )


async def test_a_sub_command_without_options(client: nextcord.Client) -> None:
    data = {"id": "1", "name": "ops", "type": 1, "options": [{"type": 1, "name": "health"}]}

    assert request_of(received(client, data=data)).command == "ops health"


async def test_an_interaction_without_a_command_is_refused(client: nextcord.Client) -> None:
    autocomplete = received(client, type=4)

    with pytest.raises(ValueError, match="1000 carries no command"):
        request_of(autocomplete)
