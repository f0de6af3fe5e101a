"""The body of a request: JSON, or a form of JSON and files."""

from dataclasses import dataclass, field

import msgspec
from aiohttp import BodyPartReader, web

from acore.sandbox.api.refusals import ApiError, Refusal
from acore.sandbox.messages.drafts import Upload
from acore.sandbox.shapes import Json


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
        body = _decode(raw) if raw else None
    except ApiError as error:
        return error
    record["request_json"] = body
    return Content(body)


def _decode(raw: bytes) -> object:
    try:
        return msgspec.json.decode(raw)
    except msgspec.DecodeError:
        raise ApiError(Refusal.INVALID_JSON) from None


async def _read_multipart(request: web.Request, record: Json) -> Content:
    body: object = None
    uploads: list[Upload] = []
    reader = await request.multipart()
    async for part in reader:
        if not isinstance(part, BodyPartReader):
            continue
        data = bytes(await part.read())
        if part.filename is None and part.name == "payload_json":
            body = _decode(data)
        elif part.filename is not None:
            kind = part.headers.get("Content-Type", "application/octet-stream")
            uploads.append(Upload(part.name or "", part.filename, kind, data))
    record["request_json"] = body
    record["request_files"] = [
        {"name": one.field, "filename": one.filename, "size": len(one.data), "content_type": one.content_type}
        for one in uploads
    ]
    return Content(body, uploads)
