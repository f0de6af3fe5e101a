"""The body of a request: JSON, or a form of JSON and files."""

from collections.abc import Callable
from dataclasses import dataclass, field
from urllib.parse import parse_qsl

from aiohttp import BodyPartReader, web
from aiohttp.http_exceptions import BadHttpMessage

from acore.sandbox.messages.drafts import Upload
from acore.sandbox.refusals import ApiError, Refusal
from acore.sandbox.shapes import Json, NotJsonError, as_flag, as_int, as_unicode, from_json

MAX_FORM = 64 * 1024 * 1024
"""Bytes of a form that are read at most; what a message may have is less."""
MAX_PARTS = 100
"""Parts of a form that are read at most; more than a message has files and fields."""
JSON_FIELD = "payload_json"
"""Has all other fields in it; curl sends it with a file name when it is told to read it from a file."""
CHUNK = 256 * 1024


@dataclass(frozen=True, slots=True)
class Content:
    """The body of a request: JSON, None if there is none, and files."""

    body: object
    uploads: list[Upload] = field(default_factory=list[Upload])


async def read(request: web.Request, record: Json) -> Content | ApiError:
    """Return a request's body, or why it cannot be read; *record* gets what the recording shows of it."""
    try:
        if request.content_type == "multipart/form-data":
            return await _read_multipart(request, record)
        raw = await request.read()
        is_form = request.content_type == "application/x-www-form-urlencoded"
        body = _of_form(dict(parse_qsl(raw.decode(errors="replace")))) if is_form and raw else _decode(raw)
    except web.HTTPRequestEntityTooLarge:
        return ApiError(Refusal.TOO_LARGE)
    except web.RequestPayloadError:  # its Content-Encoding is not how it is encoded: who knows where it ends?
        error = ApiError(Refusal.INVALID_FORM)
        error.headers["Connection"] = "close"
        return error
    except ApiError as error:
        return error
    record["request_json"] = body
    return Content(body)


def _decode(raw: bytes) -> object:
    """Return what JSON says; None if there is nothing."""
    try:
        return from_json(raw) if raw else None
    except NotJsonError:
        raise ApiError(Refusal.INVALID_JSON) from None


def _of_form(fields: dict[str, str]) -> object:
    """Return what a form says: all of it in payload_json, or each field by itself.

    (Discord's documentation, "Uploading Files".)
    """
    if JSON_FIELD in fields:
        return _decode(fields[JSON_FIELD].encode())
    return {key: _READERS[key](value) if key in _READERS else value for key, value in fields.items()}


_READERS: dict[str, Callable[[str], object]] = {"tts": as_flag, "flags": as_int}
"""The fields of a message that are no texts."""


async def _read_multipart(request: web.Request, record: Json) -> Content:
    fields: dict[str, str] = {}
    uploads: list[Upload] = []
    left, parts = MAX_FORM, 0
    try:
        async for part in await request.multipart():
            parts += 1
            if parts > MAX_PARTS:
                raise ApiError(Refusal.INVALID_FORM)
            if not isinstance(part, BodyPartReader):
                continue
            data = await _read_part(part, left)
            left -= len(data)
            name = as_unicode(part.name or "")
            if part.filename is None or name == JSON_FIELD:
                fields[name] = data.decode(errors="replace")
            else:
                kind = as_unicode(part.headers.get("Content-Type", ""))
                uploads.append(Upload(name, as_unicode(part.filename), kind, data))
    except (ValueError, BadHttpMessage):  # the form, or a header of a part
        raise ApiError(Refusal.INVALID_FORM) from None
    body = _of_form(fields) if fields else None
    record["request_json"] = body
    record["request_files"] = [
        {"name": one.field, "filename": one.filename, "size": len(one.data), "content_type": one.content_type}
        for one in uploads
    ]
    return Content(body, uploads)


async def _read_part(part: BodyPartReader, limit: int) -> bytes:
    """Return what is in one part of a form.

    Raises:
        ApiError: it is larger than *limit* bytes.
    """
    data = bytearray()
    while chunk := await part.read_chunk(CHUNK):
        data += chunk
        if len(data) > limit:
            raise ApiError(Refusal.TOO_LARGE)
    return bytes(data)
