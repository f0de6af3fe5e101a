"""Pictures that an embed shows: their addresses, if they came along as files of the same message."""

from collections.abc import Iterable, Iterator

from acore.sandbox import payloads
from acore.sandbox.messages.media import UPLOADED
from acore.sandbox.shapes import Json, as_list, as_object
from acore.sandbox.state.records import Attachment

PICTURES = ("image", "thumbnail")
ICONS = ("footer", "author")


def resolved(embed: Json, attachments: list[Attachment], origin: str) -> Json:
    """Return an embed whose pictures have addresses that can be read.

    Args:
        embed: as it was sent.
        attachments: the message's files, which `attachment://` names.
        origin: where files are read from.
    """
    by_name = {f"{UPLOADED}{one.filename}": one for one in attachments}
    body = dict(embed)
    for key in PICTURES:
        if key in body:
            body[key] = _picture(as_object(body[key]), by_name, origin)
    for key in ICONS:
        icon = as_object(body.get(key)).get("icon_url")
        if icon is not None:
            url = _address(by_name[icon], origin) if icon in by_name else icon
            body[key] = {**body[key], "icon_url": url, "proxy_icon_url": url}
    return body


def _picture(picture: Json, by_name: dict[str, Attachment], origin: str) -> Json:
    file = by_name.get(str(picture.get("url")))
    if file is None:
        return {**picture, "proxy_url": picture.get("url")}
    url = _address(file, origin)
    body: Json = {**picture, "url": url, "proxy_url": url, "content_type": file.content_type}
    return body if file.width is None else body | {"width": file.width, "height": file.height}


def _address(file: Attachment, origin: str) -> str:
    return str(payloads.attachment(file, origin)["url"])


def mark_shown_elsewhere(attachments: Iterable[Attachment], shown: Iterable[Json], origin: str) -> None:
    """Note which files an embed or a component shows: a message does not list those once more.

    (Discord's documentation, "Message Object": attachments not referenced in embeds or components.)

    Args:
        attachments: the message's files; they are changed.
        shown: its embeds and components.
        origin: where files are read from.
    """
    addresses = {url for one in shown for url in _urls(one)}
    for one in attachments:
        one.is_shown_elsewhere = _address(one, origin) in addresses


def _urls(value: object) -> Iterator[str]:
    """Yield every text within an embed or a component that may be an address, however deep."""
    for inner in [*as_object(value).values(), *as_list(value)]:
        if isinstance(inner, str):
            yield inner
        else:
            yield from _urls(inner)
