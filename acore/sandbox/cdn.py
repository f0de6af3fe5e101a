"""The pictures that were uploaded, where Discord's own host for files has them: nextcord calls it Asset.BASE.

After Discord's documentation, "CDN Endpoints".
"""

from collections.abc import Mapping
from pathlib import PurePosixPath

from aiohttp import web

from acore.sandbox.state.records import Picture

PATHS = (
    "/emojis/{emoji}",
    "/{place:icons|splashes|discovery-splashes|banners|home-headers|avatars|app-icons|role-icons}/{owner}/{hash}",
    "/guilds/{guild}/users/{user}/{place:avatars|banners}/{hash}",
)


class Cdn:
    """Serves pictures as they were uploaded, whatever ending or size is asked for; it converts nothing."""

    def __init__(self, pictures: Mapping[str, Picture]) -> None:
        self._pictures = pictures

    def add_to(self, app: web.Application) -> None:
        """Serve the pictures of *app*."""
        for path in PATHS:
            app.router.add_get(path, self._serve)

    async def _serve(self, request: web.Request) -> web.Response:
        picture = self._pictures.get(str(PurePosixPath(request.path.strip("/")).with_suffix("")))
        if picture is None:
            return web.Response(status=404)
        return web.Response(body=picture.data, content_type=picture.content_type)
