"""Pictures and files that components show: what Discord tells of them once a message is sent."""

from collections.abc import Callable

from acore.sandbox import payloads
from acore.sandbox.messages import components
from acore.sandbox.messages.components import ComponentType
from acore.sandbox.shapes import Json, as_object, as_objects
from acore.sandbox.state.records import Attachment

UPLOADED = "attachment://"


def unfurled(
    sent: list[Json], attachments: list[Attachment], origin: str, make_id: Callable[[], str]
) -> list[Json]:
    """Return components whose media are described as Discord does, files that came along by their addresses.

    Args:
        sent: numbered components.
        attachments: the message's files.
        origin: where files are read from.
        make_id: makes the id each medium has.
    """
    by_name = {one.filename: one for one in attachments}

    def described(medium: Json) -> Json:
        url = str(medium.get("url"))
        if not url.startswith(UPLOADED):
            return {"id": medium.get("id") or make_id(), "url": url, "proxy_url": url} | _known(medium)
        file = by_name.get(url.removeprefix(UPLOADED))
        if file is None:
            return {"id": make_id(), "url": url, "proxy_url": url}
        address = payloads.attachment(file, origin)["url"]
        return {
            "id": make_id(),
            "url": address,
            "proxy_url": address,
            "width": file.width,
            "height": file.height,
            "content_type": file.content_type,
            "attachment_id": file.id,
        }

    for one in components.walk(sent):
        match one["type"]:
            case ComponentType.THUMBNAIL:
                one["media"] = described(as_object(one["media"]))
            case ComponentType.MEDIA_GALLERY:
                for item in as_objects(one["items"]):
                    item["media"] = described(as_object(item["media"]))
            case ComponentType.FILE:
                name = str(as_object(one["file"]).get("url")).removeprefix(UPLOADED)
                one["file"] = described(as_object(one["file"]))
                if name in by_name:
                    one.update(name=name, size=len(by_name[name].data))
            case _:
                pass
    return sent


def _known(medium: Json) -> Json:
    """Return what a bot sends back of a medium it read before."""
    known = ("width", "height", "content_type", "attachment_id")
    return {key: medium[key] for key in known if medium.get(key) is not None}
