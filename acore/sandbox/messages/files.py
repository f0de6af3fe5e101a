"""The files that were sent, and where they are read from."""

import mimetypes
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import PurePath

from acore.sandbox.messages import pictures
from acore.sandbox.state.records import Attachment
from acore.sandbox.state.snowflakes import Snowflakes

MAX_FILES = 10  # Discord's documentation, "JSON Error Codes", 30015
MAX_FILE_BYTES = 10 * 1024 * 1024  # Discord's documentation, "Uploading Files"
MAX_FILENAME = 1024  # Discord's API description, MessageAttachmentRequest
UNKNOWN_TYPE = "application/octet-stream"
MEDIA_TYPE = re.compile(r"[\w.+-]+/[\w.+-]+(; ?[\w.+-]+=[\w.+-]+)*", re.ASCII)
"""What may stand in a Content-Type (RFC 9110, "Media Type"), without quoted parameters."""
_TYPES = mimetypes.MimeTypes()
for _ending, _type in {
    ".log": "text/plain",
    ".md": "text/markdown",
    ".ogg": "audio/ogg",
    ".webm": "video/webm",
    ".webp": "image/webp",
}.items():
    _TYPES.add_type(_type, _ending)


@dataclass(frozen=True, slots=True)
class Upload:
    """A file that came with a request; *field* is the name of its part of the form, e.g. files[0]."""

    field: str
    filename: str
    content_type: str
    data: bytes

    @property
    def number(self) -> str:
        """What an entry of `attachments` calls it by: the n of files[n]."""
        return self.field.removeprefix("files[").removesuffix("]")


class Files:
    """Every file of a world by its id.

    Args:
        snowflakes: make the ids.
    """

    def __init__(self, snowflakes: Snowflakes) -> None:
        self._snowflakes = snowflakes
        self._by_id: dict[str, Attachment] = {}

    def store(
        self,
        channel_id: str,
        upload: Upload,
        *,
        filename: str | None = None,
        description: str | None = None,
        is_ephemeral: bool = False,
    ) -> Attachment:
        """Keep a file, so that it can be read at its address.

        Args:
            channel_id: where it is sent.
            upload: its bytes and the name it came with.
            filename: another name for it.
            description: what it shows, for those who cannot see it.
            is_ephemeral: whether it is for one person alone.
        """
        name = clean(filename or upload.filename)
        size = pictures.size_of(upload.data)
        attachment = Attachment(
            id=self._snowflakes.make(),
            filename=name,
            content_type=content_type(name, upload.content_type),
            data=upload.data,
            channel_id=channel_id,
            description=description,
            width=None if size is None else size[0],
            height=None if size is None else size[1],
            is_ephemeral=is_ephemeral,
        )
        self._by_id[attachment.id] = attachment
        return attachment

    def copy(self, of: Attachment, channel_id: str) -> Attachment:
        """Keep a file once more, for a message that outlives the one it came with."""
        upload = Upload("", of.filename, of.content_type, of.data)
        return self.store(channel_id, upload, description=of.description)

    def find(self, attachment_id: str) -> Attachment | None:
        """Return the file with this id."""
        return self._by_id.get(attachment_id)

    def forget(self, attachments: Iterable[Attachment]) -> None:
        """Keep these files no longer."""
        for one in attachments:
            self._by_id.pop(one.id, None)


def clean(filename: str) -> str:
    """Return the name Discord gives an upload: letters, digits, dots, dashes and underscores."""
    name = re.sub(r"[^\w.-]", "_", filename)
    return name if name.strip(".") else "unknown"


def content_type(filename: str, sent: str) -> str:
    """Return the media type that a file's name tells; nextcord calls each upload an octet-stream."""
    taken = sent if MEDIA_TYPE.fullmatch(sent) else UNKNOWN_TYPE
    known = _TYPES.guess_type(PurePath(filename).name, strict=False)[0] or taken
    return f"{known}; charset=utf-8" if known.startswith("text/") and ";" not in known else known
