"""Where the gateway is."""

import pytest

from acore.sandbox.refusals import Refusal
from tests.sandbox.operations.conftest import Api


@pytest.mark.shows("GET /gateway")
async def test_the_address_of_the_gateway_is_told_to_anybody(api: Api) -> None:
    assert (await api("GET", "/gateway")).body["url"].startswith("ws://127.0.0.1:")


@pytest.mark.shows("GET /gateway/bot")
async def test_a_bot_is_told_how_often_it_may_identify(api: Api) -> None:
    reply = await api("GET", "/gateway/bot")
    assert reply.body["session_start_limit"]["remaining"] == 1000


@pytest.mark.shows("GET /gateway/bot", Refusal.UNAUTHORIZED)
async def test_a_person_is_not_told_how_often_a_bot_may_identify(api: Api) -> None:
    reply = await api("GET", "/gateway/bot", by=api.sandbox.world.owner)
    assert (reply.status, reply.body["code"]) == (401, 0)
