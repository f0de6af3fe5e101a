"""Embeds: Discord's limits, and the shape in which they come back."""

from datetime import UTC, datetime
from urllib.parse import urlsplit

from acore.sandbox.forms.fields import Fields
from acore.sandbox.shapes import Json

# Discord's documentation, "Embed Limits".
MAX_EMBEDS = 10
MAX_FIELDS = 25
MAX_TOTAL = 6000
MAX_TITLE = 256
MAX_DESCRIPTION = 4096
MAX_FOOTER = 2048
MAX_NAME = 256
MAX_VALUE = 1024
MAX_COLOR = 0xFFFFFF
MAX_URL = 2048  # Discord's API description, RichEmbed
UPLOADS_TOO = ("http", "https", "attachment")
PAGES = ("http", "https")


def read(body: Fields) -> list[Json]:
    """Return a message's embeds as Discord sends them back; what is wrong is noted.

    Keys that Discord does not let anybody set (type, provider, video, sizes of pictures) are left out.
    """
    counter = _Counter()
    embeds = [_read_one(one, counter) for one in body.objects("embeds", 0, MAX_EMBEDS)]
    if counter.characters > MAX_TOTAL:
        body.wrong("embeds", f"Embed size exceeds maximum size of {MAX_TOTAL}")
    return embeds


class _Counter:
    """How many characters all embeds of a message have together."""

    def __init__(self) -> None:
        self.characters = 0

    def text(self, of: Fields, key: str, limit: int, *, is_required: bool = False) -> str | None:
        """Return a text without blanks around it, and count it."""
        text = stripped(of, key, limit)
        if not text and is_required and (of.given(key) is None or text == ""):
            of.errors.required((*of.path, key))
        self.characters += len(text or "")
        return text


def stripped(of: Fields, key: str, limit: int) -> str | None:
    """Return a text without the blanks around it, as Discord does; None if it is none or too long."""
    value = of.given(key)
    if value is None:
        return None
    if not isinstance(value, str):
        of.wrong(key, f'Could not interpret "{value}" as string.')
        return None
    text = value.strip()
    if len(text) > limit:
        of.wrong(key, f"Must be {limit} or fewer in length.")
        return None
    return text


def _read_one(sent: Fields, counter: _Counter) -> Json:
    fields = [
        {
            "name": counter.text(one, "name", MAX_NAME, is_required=True),
            "value": counter.text(one, "value", MAX_VALUE, is_required=True),
            "inline": bool(one.flag("inline")),
        }
        for one in sent.objects("fields", 0, MAX_FIELDS)
    ]
    embed: Json = {
        "type": "rich",
        "title": counter.text(sent, "title", MAX_TITLE),
        "description": counter.text(sent, "description", MAX_DESCRIPTION),
        "url": _url(sent, "url", PAGES),
        "color": sent.number("color", 0, MAX_COLOR),
        "timestamp": _timestamp(sent),
        "fields": fields,
        "author": _author(sent, counter),
        "footer": _footer(sent, counter),
        "image": _picture(sent, "image"),
        "thumbnail": _picture(sent, "thumbnail"),
    }
    kept = {key: value for key, value in embed.items() if value not in (None, "", [])}
    if not kept.keys() & {"title", "description", "fields", "author", "footer", "image", "thumbnail"}:
        sent.errors.required((*sent.path, "description"))
    return kept


def _author(sent: Fields, counter: _Counter) -> Json | None:
    author = sent.inner("author")
    if author is None:
        return None
    name = counter.text(author, "name", MAX_NAME, is_required=True)
    urls = {"url": _url(author, "url", PAGES), "icon_url": _url(author, "icon_url", UPLOADS_TOO)}
    return {"name": name} | {key: url for key, url in urls.items() if url is not None}


def _footer(sent: Fields, counter: _Counter) -> Json | None:
    footer = sent.inner("footer")
    if footer is None:
        return None
    text = counter.text(footer, "text", MAX_FOOTER, is_required=True)
    icon = _url(footer, "icon_url", UPLOADS_TOO)
    return {"text": text} if icon is None else {"text": text, "icon_url": icon}


def _picture(sent: Fields, key: str) -> Json | None:
    picture = sent.inner(key)
    if picture is None:
        return None
    url = _url(picture, "url", UPLOADS_TOO)
    return None if url is None else {"url": url}


def _url(sent: Fields, key: str, schemes: tuple[str, ...]) -> str | None:
    url = sent.text(key, 0, MAX_URL)
    if not url:
        return None
    try:
        parts = urlsplit(url)
    except ValueError:
        sent.wrong(key, "Not a well formed URL.")
        return None
    if parts.scheme not in schemes:
        sent.wrong(key, f'Scheme "{parts.scheme or url}" is not one of {schemes}.')
    elif not parts.netloc or any(one.isspace() for one in url):
        sent.wrong(key, "Not a well formed URL.")
    else:
        return url
    return None


def _timestamp(sent: Fields) -> str | None:
    value = sent.given("timestamp")
    if value is None:
        return None
    try:
        moment = datetime.fromisoformat(str(value))
    except ValueError:
        sent.wrong("timestamp", f"Could not parse {value}. Should be ISO8601.")
        return None
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).isoformat()
