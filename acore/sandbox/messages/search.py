"""Searching a guild's messages (Discord's documentation, "Search Guild Messages")."""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Protocol

from acore.sandbox.forms.fields import one_of_message
from acore.sandbox.forms.paging import number
from acore.sandbox.refusals import FormErrors
from acore.sandbox.shapes import as_flag, as_object, as_objects, as_snowflake
from acore.sandbox.state.records import Message

MAX_RESULTS = 25
MAX_OFFSET = 9975
MAX_CONTENT = 1024
MAX_IDS = 100
MAX_CHANNELS = 500
MAX_SLOP = 100
WORD = re.compile(r"\w+")
LINK = re.compile(r"https?://([^\s/:]+)")
PICTURES = {"image": "image/", "video": "video/", "sound": "audio/"}
EMBED_TYPES = ("image", "video", "gif", "sound", "article")


class Query(Protocol):
    """A query string, in which one key may stand several times."""

    def getall(self, key: str, default: list[str], /) -> list[str]:
        """Return every value of a key."""
        ...

    def get(self, key: str, /) -> str | None:
        """Return the first value of a key."""
        ...


type Test = Callable[[Message], bool]


@dataclass(frozen=True, slots=True)
class Search:
    """What is looked for: every test must hold."""

    tests: list[Test]
    limit: int
    offset: int
    is_oldest_first: bool
    with_nsfw: bool
    channel_ids: frozenset[str]

    def matches(self, message: Message) -> bool:
        """Return whether a message is one that is looked for."""
        return message.only_for is None and all(test(message) for test in self.tests)


_HAS: dict[str, Test] = {
    "link": lambda one: LINK.search(one.content) is not None,
    "embed": lambda one: bool(one.embeds),
    "file": lambda one: bool(one.attachments),
    "snapshot": lambda one: one.snapshot is not None,
    "sticker": lambda _one: False,
    "poll": lambda _one: False,
    **{
        name: lambda one, prefix=prefix: any(it.content_type.startswith(prefix) for it in one.attachments)
        for name, prefix in PICTURES.items()
    },
}
_BY: dict[str, Test] = {
    "user": lambda one: not one.author.bot and one.webhook_id is None,
    "bot": lambda one: one.author.bot and one.webhook_id is None,
    "webhook": lambda one: one.webhook_id is not None,
}


def read(query: Query) -> Search:
    """Read what is looked for.

    Raises:
        ApiError: code 50035, naming what is wrong.
    """
    reader = _Reader(query)
    ids = reader.ids
    tests: list[Test] = [
        *reader.kinds("has", _HAS),
        *reader.kinds("author_type", _BY),
        *_when(ids("author_id"), lambda wanted: lambda one: one.author.id in wanted),
        *_when(ids("mentions"), lambda wanted: lambda one: any(who.id in wanted for who in one.mentions)),
        *_when(ids("mentions_role_id"), lambda wanted: lambda one: bool(wanted & {*one.mention_role_ids})),
        *_when(ids("replied_to_user_id"), lambda wanted: lambda one: _replied_author(one) in wanted),
        *_when(ids("replied_to_message_id"), lambda wanted: lambda one: _replied_id(one) in wanted),
        *_when(reader.texts("link_hostname"), lambda wanted: lambda one: bool(wanted & _hosts(one))),
        *_when(reader.texts("attachment_filename"), lambda wanted: lambda one: bool(wanted & _names(one))),
        *_when(reader.texts("attachment_extension"), lambda wanted: lambda one: bool(wanted & _endings(one))),
        *_when(reader.texts("embed_provider"), lambda _wanted: lambda _one: False),
        *_when(reader.one_of("embed_type", EMBED_TYPES), lambda wanted: lambda one: _shows(one, wanted)),
        *reader.words(),
        *reader.between(),
        *reader.flag("mention_everyone", lambda one: one.mention_everyone),
        *reader.flag("pinned", lambda one: one.pinned_at is not None),
    ]
    reader.one_of("sort_by", ("timestamp", "relevance"))
    reader.number("slop", 2, 0, MAX_SLOP)
    search = Search(
        tests=tests,
        limit=reader.number("limit", MAX_RESULTS, 1, MAX_RESULTS),
        offset=reader.number("offset", 0, 0, MAX_OFFSET),
        is_oldest_first="asc" in reader.one_of("sort_order", ("asc", "desc")),
        with_nsfw=as_flag(query.get("include_nsfw")),
        channel_ids=reader.ids("channel_id", MAX_CHANNELS),
    )
    reader.errors.raise_any()
    return search


def run(search: Search, messages: Iterable[Message]) -> list[Message]:
    """Return everything that is looked for, in the order asked for; the page is the caller's to cut."""
    found = [one for one in messages if search.matches(one)]
    return sorted(found, key=lambda one: int(one.id), reverse=not search.is_oldest_first)


def _when(wanted: frozenset[str], make: Callable[[frozenset[str]], Test]) -> list[Test]:
    return [make(wanted)] if wanted else []


class _Reader:
    """Reads a query; what is wrong is in *errors*."""

    def __init__(self, query: Query) -> None:
        self._query = query
        self.errors = FormErrors()

    def number(self, key: str, default: int, low: int, high: int) -> int:
        text = self._query.get(key)
        given = {} if text is None else {key: text}
        return number(given, key, default=default, low=low, high=high, errors=self.errors)

    def ids(self, key: str, most: int = MAX_IDS) -> frozenset[str]:
        values = self.texts(key, most)
        for value in values:
            if as_snowflake(value) is None:
                self.errors.add((key,), f'Value "{value}" is not snowflake.')
        return values

    def texts(self, key: str, most: int = MAX_IDS) -> frozenset[str]:
        values = self._query.getall(key, [])
        if len(values) > most:
            self.errors.add((key,), f"Must be {most} or fewer in length.")
        return frozenset(values)

    def one_of(self, key: str, allowed: tuple[str, ...]) -> frozenset[str]:
        values = self.texts(key)
        if not values <= set(allowed):
            self.errors.add((key,), one_of_message(allowed))
        return values

    def kinds(self, key: str, tests: dict[str, Test]) -> list[Test]:
        """Return a test for each kind; a dash before it turns it round. Of several without, one must hold."""
        allowed = (*tests, *(f"-{one}" for one in tests))
        values = self.one_of(key, allowed) & set(allowed)
        without = [tests[one[1:]] for one in values if one.startswith("-")]
        wanted = [tests[one] for one in values if not one.startswith("-")]
        found: list[Test] = [lambda one: not any(test(one) for test in without)] if without else []
        return [*found, lambda one: any(test(one) for test in wanted)] if wanted else found

    def flag(self, key: str, test: Test) -> list[Test]:
        text = self._query.get(key)
        if text is None:
            return []
        is_wanted = as_flag(text)
        return [lambda one: test(one) is is_wanted]

    def words(self) -> list[Test]:
        text = self._query.get("content") or ""
        if len(text) > MAX_CONTENT:
            self.errors.add(("content",), f"Must be {MAX_CONTENT} or fewer in length.")
        wanted = set(WORD.findall(text.casefold()))
        return [lambda one: wanted <= set(WORD.findall(one.content.casefold()))] if wanted else []

    def between(self) -> list[Test]:
        bounds: dict[str, int] = {}
        for key in ("min_id", "max_id"):
            text = self._query.get(key)
            if text is not None and as_snowflake(text) is None:
                self.errors.add((key,), f'Value "{text}" is not snowflake.')
            elif text is not None:
                bounds[key] = int(text)
        low, high = bounds.get("min_id", 0), bounds.get("max_id", 1 << 64)
        return [lambda one: low < int(one.id) < high] if bounds else []


def _replied_author(message: Message) -> str:
    return "" if message.replies_to is None else message.replies_to.author.id


def _replied_id(message: Message) -> str:
    return "" if message.replies_to is None else message.replies_to.id


def _hosts(message: Message) -> set[str]:
    return set(LINK.findall(message.content))


def _names(message: Message) -> set[str]:
    return {one.filename for one in message.attachments}


def _endings(message: Message) -> set[str]:
    return {one.filename.rpartition(".")[2] for one in message.attachments}


def _shows(message: Message, wanted: frozenset[str]) -> bool:
    """Return whether an embed shows a picture; the sandbox has rich ones only, which show nothing else."""
    return "image" in wanted and any(
        as_object(one.get(key)) for one in as_objects(message.embeds) for key in ("image", "thumbnail")
    )
