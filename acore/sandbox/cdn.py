"""The pictures that were uploaded, where Discord's own host for files has them: nextcord calls it Asset.BASE.

After Discord's documentation, "CDN Endpoints".
"""

import struct
import zlib
from collections.abc import Mapping
from pathlib import PurePosixPath

from aiohttp import web

from acore.sandbox.state.records import Picture

PATHS = (
    "/emojis/{emoji}",
    "/{place:icons|splashes|discovery-splashes|banners|home-headers|avatars|app-icons|role-icons}/{owner}/{hash}",
    "/guilds/{guild}/users/{user}/{place:avatars|banners}/{hash}",
)
DEFAULT_AVATARS = (0x5865F2, 0x747F8D, 0x57F287, 0xFAA61A, 0xED4245, 0xEB459E)
"""The colours of the pictures that those have who sent none, by their numbers."""
SIZE = 128


class Cdn:
    """Serves pictures as they were uploaded, whatever ending or size is asked for; it converts nothing."""

    def __init__(self, pictures: Mapping[str, Picture]) -> None:
        self._pictures = pictures

    def add_to(self, app: web.Application) -> None:
        """Serve the pictures of *app*."""
        for path in PATHS:
            app.router.add_get(path, self._serve)
        app.router.add_get(r"/embed/avatars/{number:[0-5]}.png", _serve_default_avatar)

    async def _serve(self, request: web.Request) -> web.Response:
        picture = self._pictures.get(str(PurePosixPath(request.path.strip("/")).with_suffix("")))
        if picture is None:
            return web.Response(status=404)
        return web.Response(body=picture.data, content_type=picture.content_type)


async def _serve_default_avatar(request: web.Request) -> web.Response:
    color = DEFAULT_AVATARS[int(request.match_info["number"])]
    return web.Response(body=_plain(color), content_type="image/png")


def _plain(color: int) -> bytes:
    """Return a square PNG of one colour (the PNG specification, "Chunk layout")."""
    row = b"\0" + color.to_bytes(3) * SIZE
    header = struct.pack(">IIBBBBB", SIZE, SIZE, 8, 2, 0, 0, 0)
    chunks = ((b"IHDR", header), (b"IDAT", zlib.compress(row * SIZE)), (b"IEND", b""))
    framed = (
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        for kind, data in chunks
    )
    return b"\x89PNG\r\n\x1a\n" + b"".join(framed)
