"""What Discord demands of the components of a message.

After Discord's documentation, "Component Reference", and its API description.
"""

from collections.abc import Callable

from acore.sandbox.forms.fields import Fields, Path
from acore.sandbox.messages import input_rules
from acore.sandbox.messages.components import SELECTS, ButtonStyle, ComponentType
from acore.sandbox.refusals import FormErrors

MAX_ROWS = 5
MAX_COMPONENTS = 40
MAX_TEXT = 4000
"""Characters of all text displays of a message together."""
MAX_LABEL = 80
MAX_BUTTON_URL = 512
MAX_URL = 2048
MAX_ALT_TEXT = 1024
MAX_MEDIA = 10
MAX_SECTION_TEXTS = 3
MAX_COLOR = 0xFFFFFF
ROW_WIDTH = 5
TOO_WIDE = "The specified component exceeds the maximum width"
MEDIA_SCHEMES = ("http", "https", "attachment")
LEGACY = ("content", "embeds", "poll", "sticker_ids")
IN_CONTAINERS = (
    ComponentType.ACTION_ROW,
    ComponentType.SECTION,
    ComponentType.TEXT_DISPLAY,
    ComponentType.MEDIA_GALLERY,
    ComponentType.FILE,
    ComponentType.SEPARATOR,
)
"""What may stand in a container, and with it at the top of a message that has the flag IS_COMPONENTS_V2."""


def check(body: Fields, *, is_v2: bool) -> None:
    """Note what Discord would refuse in a message's components.

    Args:
        body: the message's.
        is_v2: whether it has the flag IS_COMPONENTS_V2, with which components are the whole message.
    """
    rules = _Rules()
    if not is_v2:
        for one in body.objects("components", 0, MAX_ROWS):
            rules.check(one, (ComponentType.ACTION_ROW,))
        return
    for key in LEGACY:
        if body.given(key):
            body.wrong(key, f"The '{key}' field cannot be used when using MessageFlags.IS_COMPONENTS_V2")
    for one in body.objects("components", 0, MAX_COMPONENTS):
        rules.check(one, (ComponentType.CONTAINER, *IN_CONTAINERS))
    if rules.count > MAX_COMPONENTS:
        body.wrong("components", f"Must be {MAX_COMPONENTS} or fewer in length.")
    if rules.text > MAX_TEXT:
        message = f"Total displayable text size exceeds maximum size of {MAX_TEXT}"
        body.wrong("components", message)


class _Rules:
    """The rules of one message, some of which hold for all its components together."""

    def __init__(self) -> None:
        self.count = 0
        self.text = 0
        self._unique = input_rules.Unique()
        self._checks: dict[ComponentType, Callable[[Fields], None]] = {
            ComponentType.ACTION_ROW: self._row,
            ComponentType.BUTTON: _button,
            **dict.fromkeys(SELECTS, input_rules.select),
            ComponentType.SECTION: self._section,
            ComponentType.TEXT_DISPLAY: self._text_display,
            ComponentType.THUMBNAIL: _thumbnail,
            ComponentType.MEDIA_GALLERY: _gallery,
            ComponentType.FILE: _file,
            ComponentType.SEPARATOR: _separator,
            ComponentType.CONTAINER: self._container,
        }

    def check(self, one: Fields, allowed: tuple[ComponentType, ...]) -> None:
        """Note what is wrong with a component and with what is in it."""
        self.count += 1
        self._unique.check(one)
        one.require("type")
        kind = one.one_of("type", allowed)
        if kind is not None:
            self._checks[ComponentType(one.body["type"])](one)

    def _row(self, row: Fields) -> None:
        row.require("components")
        width = 0
        for inner in row.objects("components", 1, ROW_WIDTH):
            self.check(inner, (ComponentType.BUTTON, *SELECTS))
            width += 1 if inner.given("type") == ComponentType.BUTTON else ROW_WIDTH
            if width > ROW_WIDTH:
                inner.errors.add(inner.path, TOO_WIDE)

    def _section(self, section: Fields) -> None:
        section.require("components", "accessory")
        for inner in section.objects("components", 1, MAX_SECTION_TEXTS):
            self.check(inner, (ComponentType.TEXT_DISPLAY,))
        accessory = section.inner("accessory")
        if accessory is not None:
            self.check(accessory, (ComponentType.BUTTON, ComponentType.THUMBNAIL))

    def _text_display(self, one: Fields) -> None:
        self.text += input_rules.text_display(one)

    def _container(self, container: Fields) -> None:
        container.number("accent_color", 0, MAX_COLOR)
        container.flag("spoiler")
        container.require("components")
        for inner in container.objects("components", 1, MAX_COMPONENTS):
            self.check(inner, IN_CONTAINERS)


def _button(one: Fields) -> None:
    one.require("style")
    style = one.one_of("style", tuple(ButtonStyle))
    one.text("label", 0, MAX_LABEL)
    one.flag("disabled")
    input_rules.emoji(one)
    match style:
        case None:
            return
        case ButtonStyle.LINK:
            one.require("url")
            url = one.text("url", 1, MAX_BUTTON_URL)
            if url is not None:
                check_url(one.errors, (*one.path, "url"), url, ("http", "https", "discord"))
            one.refuse(("custom_id", "sku_id"), "A custom id and url cannot both be specified")
        case ButtonStyle.PREMIUM:
            one.require("sku_id")
            one.snowflake("sku_id")
            one.refuse(("custom_id", "url", "label", "emoji"), "A premium button cannot have this field")
            return
        case _:
            input_rules.custom_id(one)
            one.refuse(("url", "sku_id"), "A custom id and url cannot both be specified")
    if not one.given("label") and not one.given("emoji"):
        message = "A button must have a label or an emoji"
        one.wrong("label", message)


def _thumbnail(one: Fields) -> None:
    _media(one, "media", MEDIA_SCHEMES)
    _described(one)


def _gallery(one: Fields) -> None:
    one.require("items")
    for item in one.objects("items", 1, MAX_MEDIA):
        _media(item, "media", MEDIA_SCHEMES)
        _described(item)


def _file(one: Fields) -> None:
    _media(one, "file", ("attachment",))
    one.flag("spoiler")


def _separator(one: Fields) -> None:
    one.flag("divider")
    one.one_of("spacing", (1, 2))


def _described(one: Fields) -> None:
    one.text("description", 1, MAX_ALT_TEXT)
    one.flag("spoiler")


def _media(one: Fields, key: str, schemes: tuple[str, ...]) -> None:
    one.require(key)
    media = one.inner(key)
    if media is not None:
        media.require("url")
        url = media.text("url", 1, MAX_URL)
        if url is not None:
            check_url(one.errors, (*media.path, "url"), url, schemes)


def check_url(errors: FormErrors, path: Path, url: str, schemes: tuple[str, ...]) -> None:
    """Note an address that is none, or not of one of these schemes."""
    scheme, separator, rest = url.partition("://")
    if not separator or not rest:
        errors.add(path, "Not a well formed URL.")
    elif scheme not in schemes:
        errors.add(path, f'Scheme "{scheme}" is not one of {schemes}.')
