"""Options of the command line made from the records of the sandbox, so that each is said once."""

import functools
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import click
import msgspec

from acore.sandbox.limits.numbers import Limits
from acore.sandbox.parameters import ABSENT, Parameter, WrongInputError, parameters_of

LIMIT_NAMES = {"routes": "limits"}


@dataclass(frozen=True, slots=True)
class Given:
    """JSON that was given, null too."""

    value: object


class JsonText(click.ParamType[Given]):
    """Any JSON, e.g. 7, true, null or '{"a": 1}'."""

    name = "json"

    def convert(self, value: str | Given, param: click.Parameter | None, ctx: click.Context | None) -> Given:
        """Return what *value* says."""
        if isinstance(value, Given):
            return value
        try:
            return Given(msgspec.json.decode(value))
        except (msgspec.DecodeError, UnicodeEncodeError, RecursionError):
            self.fail(f"""{value!r} is no JSON: give 7, true, null or '"a text"'""", param, ctx)


def options_of[F: Callable[..., object]](
    record: type, names: Mapping[str, str] | None = None, *, has_defaults: bool = True
) -> Callable[[F], F]:
    """Return a decorator that gives a command an option for each parameter of a record.

    Args:
        record: a dataclass made of parameters.
        names: how options are called whose parameter has another name.
        has_defaults: whether what is not given is the parameter's default; otherwise it stays as it is.
    """

    def add(command: F) -> F:
        for one in reversed(parameters_of(record)):
            name = (names or {}).get(one.name, one.name)
            command = _option(one, name, has_default=has_defaults)(command)
        return command

    return add


def given_of(record: type, options: Mapping[str, object]) -> dict[str, object]:
    """Return the parameters of a record that were given, out of all options of a command."""
    given: dict[str, object] = {}
    for one in parameters_of(record):
        value = options[one.name]
        if value is not None:
            given[one.name] = value.value if isinstance(value, Given) else value
    return given


def limit_options[R](*, has_defaults: bool) -> Callable[[Callable[..., R]], Callable[..., R]]:
    """Return a decorator that gives a command an option for each limit; it gets those given as `limits`.

    Args:
        has_defaults: whether limits that are not given are the defaults; otherwise they stay as they are.
    """

    def add(command: Callable[..., R]) -> Callable[..., R]:
        @functools.wraps(command)
        def with_limits(*arguments: object, **options: object) -> R:
            limits = given_of(Limits, options)
            known = Limits.__dataclass_fields__
            others = {name: value for name, value in options.items() if name not in known}
            return command(*arguments, limits=limits, **others)

        return options_of(Limits, LIMIT_NAMES, has_defaults=has_defaults)(with_limits)

    return add


def _option[F: Callable[..., object]](one: Parameter, name: str, *, has_default: bool) -> Callable[[F], F]:
    is_shown = has_default and not one.is_required and one.default not in {None, ABSENT, "", False}
    return click.option(
        f"--{name.replace('_', '-')}",
        one.name,
        type=None if one.kind is bool else _type(one),
        is_flag=one.kind is bool,
        default=None,
        required=one.is_required,
        callback=functools.partial(_checked, one),
        help=one.help + (f"  [default: {one.default}]" if is_shown else ""),
    )


def _checked(one: Parameter, _context: click.Context, _option: click.Parameter, value: object) -> object:
    """Return what was given; click's own bounds let infinity and what is no number pass.

    Raises:
        click.BadParameter: it will not do.
    """
    if value is not None and not isinstance(value, Given):
        try:
            one.check(value)
        except WrongInputError as error:
            raise click.BadParameter(f"{value!r} will not do; {one.remedy}") from error
    return value


def _type(one: Parameter) -> click.ParamType[object]:
    if one.choices:
        return click.Choice(one.choices)
    if one.kind is int and one.minimum is one.maximum is None:
        return click.INT
    if one.kind is int:
        return click.IntRange(_whole(one.minimum), _whole(one.maximum))
    if one.kind is float:
        return click.FloatRange(one.minimum, one.maximum)
    return click.STRING if one.kind is str else JsonText()


def _whole(bound: float | None) -> int | None:
    return None if bound is None else int(bound)
