"""How what belongs to interactions is sent: to which base URL, and how often."""

import json
from collections.abc import Mapping
from typing import Any, cast

import aiohttp
import nextcord  # noqa: TID251 - acore.discord is where nextcord lives
from nextcord.http import Route  # noqa: TID251 - as above
from nextcord.webhook.async_ import AsyncWebhookAdapter  # noqa: TID251 - as above

_SUCCESS = range(200, 300)


class Adapter(AsyncWebhookAdapter):
    """Sends what belongs to interactions to our base URL.

    Args:
        base: The URL of Discord's REST API, without a slash at the end.
    """

    def __init__(self, base: str) -> None:
        super().__init__()
        self._base = base

    async def request(self, route: Route, *args: Any, **kwargs: Any) -> Any:  # noqa: ANN401 - nextcord's own
        """Send *route* to the base URL."""
        route.url = self._base + route.url.removeprefix(Route.BASE)
        return await super().request(route, *args, **kwargs)


class AskingOnce(Adapter):
    """Asks once, for the desk decides when to ask again.

    nextcord itself would ask a failing server again after 1, 3, 5 … s: for an acknowledgement, which has
    three seconds, that is one more attempt.
    """

    async def request(
        self,
        route: Route,
        session: aiohttp.ClientSession,
        *,
        payload: Mapping[str, Any] | None = None,
        params: Mapping[str, Any] | None = None,
        **others: Any,  # noqa: ANN401 - nextcord's own
    ) -> None:
        """Send *route* to the base URL.

        Raises:
            nextcord.HTTPException: The answer is no success.
        """
        assert not any(others.values()), others  # noqa: S101 - neither files nor reasons are sent
        url = self._base + route.url.removeprefix(Route.BASE)
        async with session.request(route.method, url, json=payload, params=params) as response:
            text = await response.text()
            if response.status not in _SUCCESS:
                raise nextcord.HTTPException(response, _object(text))


def _object(text: str) -> dict[str, Any] | str:
    """Return the JSON object that *text* is, or the text itself."""
    try:
        found: object = json.loads(text)
    except ValueError:
        return text
    return cast("dict[str, Any]", found) if isinstance(found, dict) else text
