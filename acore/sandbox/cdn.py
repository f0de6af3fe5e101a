"""Files and pictures that were uploaded, where Discord's hosts for files have them.

That of the pictures nextcord calls Asset.BASE. After Discord's documentation, "CDN Endpoints".
"""

import struct
import zlib
from collections.abc import Mapping
from pathlib import PurePosixPath

from aiohttp import web

from acore.sandbox.messages.files import MAX_FILE_BYTES
from acore.sandbox.messages.messages import Messages
from acore.sandbox.state.records import Picture

PATHS = (
    "/emojis/{emoji}",
    "/{place:icons|splashes|discovery-splashes|banners|home-headers|avatars|app-icons|role-icons}/{owner}/{hash}",
    "/guilds/{guild}/users/{user}/{place:avatars|banners}/{hash}",
)
DEFAULT_AVATARS = (0x5865F2, 0x747F8D, 0x57F287, 0xFAA61A, 0xED4245, 0xEB459E)
"""The colours of the pictures that those have who sent none, by their numbers."""
SIZE = 128
SAFETY = {"X-Content-Type-Options": "nosniff", "Content-Security-Policy": "sandbox"}
"""What strangers uploaded must run no script in a browser that opens it here, where the API is as well."""


class Cdn:
    """Takes files in, and serves them as they were uploaded.

    Pictures are the same whatever ending or size is asked for; nothing is converted.

    Args:
        pictures: avatars, icons, emojis and the like, by their paths.
        messages: where files of messages and those that are announced are kept.
    """

    def __init__(self, pictures: Mapping[str, Picture], messages: Messages) -> None:
        self._pictures = pictures
        self._messages = messages

    def add_to(self, app: web.Application) -> None:
        """Let *app* answer for the files."""
        app.router.add_put("/uploads/{key:.+}", self._take)
        app.router.add_get("/attachments/{channel_id}/{attachment_id}/{filename}", self._serve_attachment)
        for path in PATHS:
            app.router.add_get(path, self._serve_picture)
        app.router.add_get(r"/embed/avatars/{number:[0-5]}.png", _serve_default_avatar)

    async def _take(self, request: web.Request) -> web.Response:
        try:
            data = await request.read()
        except web.RequestPayloadError:  # its Content-Encoding is not how it is encoded
            return web.Response(status=400)
        if len(data) > MAX_FILE_BYTES:
            return web.Response(status=413)
        is_awaited = self._messages.uploads.put(request.match_info["key"], data)
        return web.Response(status=200 if is_awaited else 404)

    async def _serve_attachment(self, request: web.Request) -> web.Response:
        path = request.match_info
        attachment = self._messages.attachment(path["attachment_id"])
        if (
            attachment is None
            or attachment.channel_id != path["channel_id"]
            or attachment.filename != path["filename"]
        ):
            return web.Response(status=404)
        return _file(attachment.data, attachment.content_type)

    async def _serve_picture(self, request: web.Request) -> web.Response:
        picture = self._pictures.get(str(PurePosixPath(request.path.strip("/")).with_suffix("")))
        if picture is None:
            return web.Response(status=404)
        return _file(picture.data, picture.content_type)


def _file(data: bytes, content_type: str) -> web.Response:
    return web.Response(body=data, headers={"Content-Type": content_type, **SAFETY})


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
