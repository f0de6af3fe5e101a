"""Names and texts as the values that Discord's client would send."""

import mimetypes
import re
from collections.abc import Callable, Sequence
from types import MappingProxyType

import anyio

from acore.sandbox.person import forms
from acore.sandbox.person.connection import SentFile
from acore.sandbox.person.feed import PersonError
from acore.sandbox.person.places import Places, UnknownPlaceError
from acore.sandbox.shapes import Json, as_objects

ID = re.compile(r"<(?:@[!&]?|#)?(\d+)>|(\d{15,20})")
MENTION = re.compile(r"(?<![\w<`/])([@#])([\w.-]*\w)")
SELECTED = MappingProxyType({5: 6, 6: 8, 7: 9, 8: 7})
"""What a select picks, as the type of an option: users, roles, users or roles, channels."""
EVERYBODY = frozenset({"everyone", "here"})
TRUE, FALSE = frozenset({"true", "yes", "1", "on"}), frozenset({"false", "no", "0", "off"})


class WrongValueError(PersonError):
    """A value is not of the type that is wanted."""

    def __init__(self, name: str, text: str, wanted: str) -> None:
        super().__init__(f"{name}: {text!r} is not {wanted}")


class NoFileError(PersonError):
    """A file that was to be sent cannot be read."""

    def __init__(self, path: str, why: str) -> None:
        super().__init__(f"{path}: {why}")


class Surroundings:
    """What names stand for, where a person is.

    Args:
        places: what the person sees.
        guild_id: the server they look at; None in a direct message.
    """

    def __init__(self, places: Places, guild_id: str | None) -> None:
        self.places = places
        self.guild_id = guild_id

    async def value(self, spec: Json, text: str) -> object:
        """Return the value of a command's option.

        Args:
            spec: the option as the command declares it.
            text: what was typed.

        Raises:
            WrongValueError: it is of another type.
            UnknownPlaceError: nobody and nothing here has that name.
            NoFileError: the file cannot be read.
        """
        for choice in as_objects(spec.get("choices")):
            if text == choice.get("name") or text == str(choice.get("value")):
                return choice.get("value")
        simple = _SIMPLE.get(spec["type"])
        if simple is not None:
            return simple(str(spec["name"]), text)
        if spec["type"] == forms.ATTACHMENT:
            return await file_at(text)
        return self.entity(spec["type"], text)

    def entity(self, kind: int, text: str) -> str:
        """Return the id of a user, channel or role.

        Args:
            kind: the type of an option: 6 user, 7 channel, 8 role, 9 user or role.
            text: a name, an id or a mention.

        Raises:
            UnknownPlaceError: nobody and nothing here has that name.
        """
        mentioned = ID.fullmatch(text)
        if mentioned is not None:
            return mentioned[1] or mentioned[2]
        match kind:
            case 6:
                return self.places.user_named(text)
            case 7:
                return self.places.channel_named(text, self.guild_id)
            case 8:
                return self.role(text)
            case _:
                try:
                    return self.role(text)
                except UnknownPlaceError:
                    return self.places.user_named(text)

    def picked(self, component: Json, texts: Sequence[str]) -> list[str]:
        """Return the values for what a person picks in a select by value, label or name.

        Raises:
            UnknownPlaceError: nobody and nothing here has that name.
        """
        kind = SELECTED.get(int(component.get("type") or 0))
        if kind is not None:
            return [self.entity(kind, text.strip()) for text in texts]
        return [_option(component, text.strip()) for text in texts]

    def role(self, name: str) -> str:
        """Return the id of a role here.

        Raises:
            UnknownPlaceError: there is none of this name.
        """
        roles = self.places.roles(self.guild_id or "")
        for one in roles:
            if str(one.get("name")).removeprefix("@") == name.removeprefix("@"):
                return str(one["id"])
        raise UnknownPlaceError("role", name, [str(one.get("name")) for one in roles])

    def with_mentions(self, text: str) -> str:
        """Return a text in which @name and #name of those who are here are mentions."""

        def mention(match: re.Match[str]) -> str:
            sign, name = match[1], match[2]
            if sign == "@" and name in EVERYBODY:
                return match[0]
            finders: Sequence[tuple[Callable[[str], str], str]] = (
                [(self.places.user_named, "<@{}>"), (self.role, "<@&{}>")]
                if sign == "@"
                else [(self._channel, "<#{}>")]
            )
            for find, written in finders:
                try:
                    return written.format(find(name))
                except UnknownPlaceError:
                    continue
            return match[0]

        return MENTION.sub(mention, text)

    def _channel(self, name: str) -> str:
        return self.places.channel_named(name, self.guild_id)


def _option(component: Json, text: str) -> str:
    offered = as_objects(component.get("options"))
    for key in ("value", "label"):
        for one in offered:
            if str(one.get(key)) == text:
                return str(one["value"])
    return text


async def file_at(path: str) -> SentFile:
    """Return a file to be sent.

    Raises:
        NoFileError: it cannot be read.
    """
    try:
        where = await anyio.Path(path).expanduser()
        data = await where.read_bytes()
    except (OSError, RuntimeError) as error:
        raise NoFileError(path, getattr(error, "strerror", None) or "cannot be read") from error
    kind, _ = mimetypes.guess_type(where.name)
    return SentFile(where.name, data, kind or "application/octet-stream")


def boolean(name: str, text: str) -> bool:
    """Return what yes or no stands for.

    Raises:
        WrongValueError: it is neither.
    """
    if text.lower() in TRUE | FALSE:
        return text.lower() in TRUE
    raise WrongValueError(name, text, "true or false")


def _whole(name: str, text: str) -> int:
    try:
        return int(text)
    except ValueError:
        raise WrongValueError(name, text, "a whole number") from None


def _number(name: str, text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise WrongValueError(name, text, "a number") from None


# Discord's documentation, "Application Command Option Type".
_SIMPLE: dict[int, Callable[[str, str], object]] = {
    3: lambda _name, text: text,
    4: _whole,
    5: boolean,
    10: _number,
}
