"""What can be set from outside: fields of a record, said once for Python, HTTP and the command line."""

import dataclasses
from dataclasses import dataclass
from enum import Enum
from typing import Any, get_args, get_type_hints

from acore.sandbox.shapes import Json

LARGEST = (1 << 63) - 1
"""No number that can be given is greater; JSON knows greater ones, clocks and headers do not."""
_WORDS = {bool: "true or false", int: "a whole number", float: "a number", str: "a text"}


class Absent(Enum):
    """The value of a field that nobody gave, where null is a value too."""

    ABSENT = "absent"


ABSENT = Absent.ABSENT


class WrongInputError(ValueError):
    """Something given from outside will not do."""

    def __init__(self, field: str, value: object, remedy: str) -> None:
        super().__init__(f"{field}: {value!r} will not do; {remedy}")
        self.field = field


@dataclass(frozen=True, slots=True)
class Parameter:
    """One field: its name, what may be given, and what it does.

    *kind* is bool, int, float or str, or object for any JSON; without *is_optional*, None will not do.
    """

    name: str
    kind: type
    default: object
    help: str
    is_optional: bool = False
    minimum: float | None = None
    maximum: float | None = None
    choices: tuple[str, ...] = ()

    @property
    def is_required(self) -> bool:
        """Whether it must be given."""
        return self.default is dataclasses.MISSING

    @property
    def remedy(self) -> str:
        """What to give, for a person."""
        if self.choices:
            return f"give one of {', '.join(self.choices)}"
        words = _WORDS[self.kind]
        if self.minimum is not None and self.maximum is not None:
            words += f" from {self.minimum:g} to {self.maximum:g}"
        elif self.minimum is not None:
            words += f", {self.minimum:g} or more"
        return f"give {words}"

    def check(self, value: object) -> None:
        """Accept *value* or raise.

        Raises:
            WrongInputError: it is of another type, out of bounds, or none of the choices.
        """
        if self.kind is object or (value is None and self.is_optional):
            return
        allowed = (int, float) if self.kind is float else (self.kind,)
        is_right = isinstance(value, allowed) and (self.kind is bool or not isinstance(value, bool))
        if not is_right or (self.choices and value not in self.choices):
            raise WrongInputError(self.name, value, self.remedy)
        if isinstance(value, int | float):
            # Comparisons with NaN are false: what is not within the bounds is refused, not what is outside.
            is_within = (self.minimum is None or value >= self.minimum) and (
                self.maximum is None or value <= self.maximum
            )
            if not is_within or not -LARGEST <= value <= LARGEST:
                raise WrongInputError(self.name, value, self.remedy)


def parameter(
    default: Any,  # noqa: ANN401 - a field of any type
    text: str,
    *,
    minimum: float | None = None,
    maximum: float | None = None,
    choices: tuple[str, ...] = (),
) -> Any:  # noqa: ANN401 - as above
    """Return a dataclass field that can be set from outside.

    Args:
        default: its value when nothing is given.
        text: what it does, as the help shows it.
        minimum: the least number that will do.
        maximum: the greatest number that will do.
        choices: the only texts that will do.
    """
    metadata = {"help": text, "minimum": minimum, "maximum": maximum, "choices": choices}
    return dataclasses.field(default=default, metadata=metadata)


def required(text: str) -> Any:  # noqa: ANN401 - as above
    """Return a dataclass field that must be given."""
    return dataclasses.field(metadata={"help": text})


def parameters_of(record: type) -> tuple[Parameter, ...]:
    """Return the parameters of a dataclass in the order of its fields."""
    hints = get_type_hints(record)
    found: list[Parameter] = []
    for field in dataclasses.fields(record):
        alternatives = get_args(hints[field.name]) or (hints[field.name],)
        kinds = [one for one in alternatives if one is not type(None)]
        found.append(
            Parameter(
                name=field.name,
                kind=kinds[0] if kinds[0] in _WORDS else object,
                default=field.default,
                help=field.metadata["help"],
                is_optional=len(kinds) < len(alternatives),
                minimum=field.metadata.get("minimum"),
                maximum=field.metadata.get("maximum"),
                choices=field.metadata.get("choices", ()),
            )
        )
    return tuple(found)


def check(record: object) -> None:
    """Accept a dataclass made of parameters, or raise.

    Raises:
        WrongInputError: a field will not do.
    """
    for one in parameters_of(type(record)):
        one.check(getattr(record, one.name))


def read[T](record: type[T], sent: Json) -> T:
    """Return a dataclass made of what was sent.

    Raises:
        WrongInputError: a field is unknown, missing, or will not do.
    """
    known = {one.name: one for one in parameters_of(record)}
    for name, value in sent.items():
        if name not in known:
            raise WrongInputError(
                name, value, f"the fields are {', '.join(known)}" if known else "there are no fields"
            )
        known[name].check(value)
    for name, one in known.items():
        if one.is_required and name not in sent:
            raise WrongInputError(name, None, one.remedy)
    return record(**sent)


def shown(record: object) -> Json:
    """Return what a dataclass made of parameters holds; what is absent is left out."""
    pairs = ((one.name, getattr(record, one.name)) for one in parameters_of(type(record)))
    return {name: value for name, value in pairs if value is not ABSENT}
