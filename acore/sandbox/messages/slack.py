"""What was written for Slack's webhooks, told as Discord tells it.

After Discord's API description, SlackWebhook and WebhookSlackEmbed.
"""

from datetime import UTC, datetime

from acore.sandbox.forms.fields import Fields
from acore.sandbox.realtime import iso
from acore.sandbox.refusals import FormErrors
from acore.sandbox.shapes import Json

HEX = 16
LAST_SECOND = 253_402_300_799
"""The last second of the year 9999, after which no moment can be written."""
MAX_TEXT = 2000
MAX_URL = 2048
MAX_LISTED = 1521
"""Entries of a list that Discord does not limit otherwise (the same)."""
MAX_LONG = 152_133
"""Characters of a text that Discord does not limit otherwise (its API description)."""


def translated(body: Json) -> Json:
    """Return the body of a message that says the same.

    Raises:
        ApiError: code 50035, something is not of the kind it must be.
    """
    errors = FormErrors()
    sent = Fields(body, errors)
    told: Json = {
        "content": sent.text("text", 0, MAX_TEXT) or "",
        "username": sent.text("username", 0, MAX_LONG),
        "avatar_url": sent.text("icon_url", 0, MAX_URL),
        "embeds": [_embed(one) for one in sent.objects("attachments", 0, MAX_LISTED)],
    }
    errors.raise_any()
    return {key: value for key, value in told.items() if value}


def _embed(sent: Fields) -> Json:
    texts = {
        key: sent.text(key, 0, MAX_LONG) for key in ("title", "text", "pretext", "footer", "author_name")
    }
    urls = {
        key: sent.text(key, 0, MAX_URL)
        for key in ("title_link", "footer_icon", "author_link", "author_icon", "image_url", "thumb_url")
    }
    seconds = sent.number("ts", 0, LAST_SECOND)
    color = sent.text("color", 4, 7)
    lines = [one for one in (texts["pretext"], texts["text"]) if one]
    embed: Json = {
        "title": texts["title"],
        "url": urls["title_link"],
        "description": "\n".join(lines),
        "color": None if color is None else _color(sent, color),
        "timestamp": None if seconds is None else iso(datetime.fromtimestamp(seconds, UTC)),
        "footer": _of(text=texts["footer"], icon_url=urls["footer_icon"]),
        "author": _of(name=texts["author_name"], url=urls["author_link"], icon_url=urls["author_icon"]),
        "image": _of(url=urls["image_url"]),
        "thumbnail": _of(url=urls["thumb_url"]),
        "fields": [_field(one) for one in sent.objects("fields", 0, MAX_LISTED)],
    }
    return {key: value for key, value in embed.items() if value}


def _of(**values: str | None) -> Json:
    return {key: value for key, value in values.items() if value}


def _field(sent: Fields) -> Json:
    return {
        "name": sent.text("name", 0, MAX_LONG) or "",
        "value": sent.text("value", 0, MAX_LONG) or "",
        "inline": bool(sent.flag("inline")),
    }


def _color(sent: Fields, text: str) -> int | None:
    digits = text.removeprefix("#")
    digits = digits if len(digits) > 3 else "".join(one * 2 for one in digits)  # noqa: PLR2004 - #RGB is short for #RRGGBB
    try:
        return int(digits, HEX)
    except ValueError:
        sent.wrong("color", "String value did not match validation regex.")
        return None
