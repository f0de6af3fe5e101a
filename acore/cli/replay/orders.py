"""What is typed while one goes through a replay step by step."""

from enum import Enum
from typing import Self

from acore.errors import AcoreError, ExitCode
from acore.record import Record


class Order(Enum):
    """Something to do; the value is its word, what follows it, and its help."""

    NEXT = "next", "", "the next message"
    BACK = "back", "", "the one before"
    GOTO = "goto", "NUMBER", "the first message from this entry of the journal on, forward or back"
    FIND = "find", "PATTERN", "the next one of this kind (check.*), or with this text in it"
    CONTINUE = "continue", "", "on to the next difference from what was recorded, or to the end"
    STATE = "state", "", "all that the actor knows now"
    INPUT = "input", "", "the whole message"
    OUTPUTS = "outputs", "", "all that was said on it"
    LAST = "last", "", "the messages before this one"
    HELP = "help", "", "this list"
    QUIT = "quit", "", "leave; Ctrl-D and Ctrl-C do so too"

    word: str
    argument: str
    help: str

    def __new__(cls, word: str, argument: str, text: str) -> Self:
        """Make the row of *word*."""
        order = object.__new__(cls)
        order._value_ = word
        order.word, order.argument, order.help = word, argument, text
        return order

    @property
    def is_move(self) -> bool:
        """Return whether Enter alone repeats it."""
        return self in {Order.NEXT, Order.BACK, Order.FIND, Order.CONTINUE}


class NotAnOrderError(AcoreError):
    """What was typed is none of the orders."""

    exit_code = ExitCode.USAGE


class Typed(Record):
    """An order with what follows it."""

    order: Order
    argument: str = ""

    @property
    def number(self) -> int:
        """The entry's number that follows it."""
        return int(self.argument)


def read(line: str, before: Typed | None = None) -> Typed | None:
    """Return the order in *line*; None when there is none, as in a comment.

    Args:
        line: What was typed: a word or its beginning, and what follows it.
        before: The last move: a blank line repeats it, and `find` alone looks for the same again.

    Raises:
        NotAnOrderError: It is not understood, and what would be.
    """
    word, _, argument = line.strip().partition(" ")
    argument = argument.strip()
    if not word:
        return before or Typed(order=Order.NEXT)
    if word.startswith("#"):
        return None
    order = _order(word)
    if order is Order.FIND and not argument and before is not None and before.order is Order.FIND:
        argument = before.argument
    if argument and not order.argument:
        raise NotAnOrderError(f"{order.word} takes nothing after it, not {argument!r}")
    if order.argument and not argument:
        example = "goto 1234" if order is Order.GOTO else "find check.*"
        raise NotAnOrderError(f"{order.word} needs its {order.argument}, as in `{example}`")
    if order is Order.GOTO and not argument.isdecimal():
        raise NotAnOrderError(f"{argument!r} is no entry's number: goto needs one, as in `goto 1234`")
    return Typed(order=order, argument=argument)


def _order(word: str) -> Order:
    typed = "help" if word == "?" else word.lower()
    # No two begin with the same letter, so the beginning of a word is enough.
    for order in Order:
        if order.word.startswith(typed):
            return order
    words = ", ".join(order.word for order in Order)
    raise NotAnOrderError(f"{word!r} is none of {words}; the first letter is enough")
