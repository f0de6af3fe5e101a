"""The words after `!`, which are for the console itself."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from acore.sandbox.console.grammar import REFERENCE, NotUnderstoodError
from acore.sandbox.console.outcome import Outcome, Result

if TYPE_CHECKING:
    from acore.sandbox.console.console import Console


BEGINNING = """\
/name option:value …        invoke a command, also a sub-command: /ops health
                            with spaces: /say text:"good morning"
                            with a file: /upload file:~/picture.png
any other text              say it; @name and #name become mentions"""
ENDING = """\
A MESSAGE is ^ for the newest, ^2 for the one before it, or an id. Alt-Enter
begins a new line. What you type at a terminal is kept for you alone in
~/.local/state/acore/sandbox-history."""

type Act = Callable[["Console", str], Awaitable[Outcome]]


@dataclass(frozen=True, slots=True)
class Order:
    """A word for the console: how it is used, what it does, and what kind of name follows it."""

    usage: str
    help: str
    act: Act
    takes: str


ORDERS: dict[str, Order] = {}
ALIASES = {"exit": "quit", "history": "messages", "fill": "modal"}


def order(usage: str, takes: str = "") -> Callable[[Act], Act]:
    """Return a decorator that makes a function obey a word; its docstring is the word's help.

    Args:
        usage: the word and what follows it.
        takes: what kind of name follows: users, channels, components, servers, messages.
    """

    def add(act: Act) -> Act:
        ORDERS[usage.split(maxsplit=1)[0]] = Order(usage, (act.__doc__ or "").rstrip("."), act, takes)
        return act

    return add


def find(word: str) -> Order | None:
    """Return the order that a word gives."""
    return ORDERS.get(ALIASES.get(word, word))


async def obey(console: "Console", line: str) -> Outcome:
    """Do what a line after `!` says.

    Raises:
        PersonError: it cannot be done.
    """
    word, _, rest = line.strip().partition(" ")
    found = find(word or "help")
    if found is None:
        raise NotUnderstoodError(f"there is no !{word}; !help lists what there is")
    return await found.act(console, rest.strip())


def help_text() -> str:
    """Return what can be typed."""
    last = ("help", "quit")
    ordered = [one for word, one in ORDERS.items() if word not in last] + [ORDERS[word] for word in last]
    listed = [f"!{one.usage:<27}{one.help[0].lower()}{one.help[1:]}" for one in ordered]
    return "\n".join([BEGINNING, *listed, ENDING])


def done(note: str | None = None) -> Outcome:
    """Return that it is done, with what the console says to it."""
    return Outcome(Result.DONE, note=note)


def referred(rest: str) -> tuple[str | None, str]:
    """Return the message that is named first, if one is, and what follows."""
    first, _, more = rest.partition(" ")
    return (first, more.strip()) if REFERENCE.fullmatch(first) else (None, rest)


@order("help")
async def help_(_console: "Console", _rest: str) -> Outcome:
    """Show this."""
    return done(help_text())


@order("quit")
async def quit_(console: "Console", _rest: str) -> Outcome:
    """Leave; so does Ctrl-D, or the end of the input."""
    console.has_left = True
    return done()
