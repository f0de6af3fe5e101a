"""`acore sandbox fault`: let something go wrong in a sandbox that runs, for any bot in it."""

from pathlib import Path

import click

from acore.cli.output import as_json, say, table
from acore.cli.sandbox.remote import Remote, remote_options
from acore.cli.sandbox.table import given_of, options_of
from acore.errors import ExitCode
from acore.sandbox.faults.kinds import KINDS, Fault, Revoke
from acore.sandbox.shapes import Json, as_object, as_objects

_ALWAYS_SHOWN = frozenset({"id", "name", "is_over", "struck", "times_left", "seconds_left"})
_NOTHING = (None, "", "*")


@click.group()
@click.pass_context
def fault(context: click.Context) -> None:
    """Let something go wrong on purpose in a sandbox that runs.

    Faults strike bots; people's requests and sockets are left alone. A fault that lasts ends when its
    seconds are over, when it has struck so many times, or with `acore sandbox fault clear`.
    """
    context.obj = as_object(context.obj).get("state")


def _add(name: str, kind: type[Fault]) -> None:
    """Add the command that puts this kind of fault in force."""

    @click.pass_obj
    def begin(outer: Path | None, state: Path | None, *, is_json: bool, **options: object) -> int:
        remote = Remote(state or outer)
        begun = as_object(remote.ask("POST", "faults", {"name": name, **given_of(kind, options)}))
        if is_json:
            as_json(begun)
            return ExitCode.OK
        if begun["is_over"]:
            say(f"{name}: done.")
        else:
            ends = f"it ends {_end(begun)}" if _end(begun) else "it stays until it is cleared"
            say(f"{name} is in force as number {begun['id']}; {ends}.")
            say(f"To end it: acore sandbox fault clear {begun['id']}")
        if kind is Revoke:
            say(f"The bot's token is now {as_object(remote.ask('GET', 'state'))['bot_token']}")
        return ExitCode.OK

    command = click.command(name, help=kind.__doc__, short_help=kind.__doc__)
    fault.add_command(command(options_of(kind)(remote_options(begin))))


for _name, _kind in KINDS.items():
    _add(_name, _kind)


@fault.command("list")
@remote_options
@click.pass_obj
def list_faults(outer: Path | None, state: Path | None, *, is_json: bool) -> int:
    """List the faults that are in force, with what is left of them."""
    faults = as_objects(Remote(state or outer).ask("GET", "faults"))
    if is_json:
        as_json(faults)
    elif not faults:
        say("No fault is in force.")
    else:
        rows = [
            (str(one["id"]), str(one["name"]), _what(one), str(one["struck"]), _end(one) or "when cleared")
            for one in faults
        ]
        table(("number", "fault", "what", "struck", "ends"), rows)
    return ExitCode.OK


@fault.command("clear")
@click.argument("numbers", nargs=-1, metavar="[NUMBER]...")
@remote_options
@click.pass_obj
def clear_faults(outer: Path | None, state: Path | None, numbers: tuple[str, ...], *, is_json: bool) -> int:
    """End the faults with these numbers, or all that are in force."""
    remote = Remote(state or outer)
    for number in numbers:
        remote.ask("DELETE", f"faults/{number}")
    count = len(numbers) if numbers else int(as_object(remote.ask("DELETE", "faults"))["cleared"])
    if is_json:
        as_json({"cleared": count})
    else:
        say("No fault was in force." if not count else f"{count} fault{'s' * (count > 1)} ended.")
    return ExitCode.OK


def _what(one: Json) -> str:
    """Return the parameters of a fault that say something, in one line."""
    told = {name: value for name, value in one.items() if name not in _ALWAYS_SHOWN | {"times", "seconds"}}
    return " ".join(f"{name}={value}" for name, value in told.items() if value not in _NOTHING)


def _end(one: Json) -> str:
    """Return when a fault ends by itself; nothing if it does not."""
    ends: list[str] = []
    if one["seconds_left"] is not None:
        ends.append(f"in {one['seconds_left']:.1f} s")
    if one["times_left"] is not None:
        ends.append(f"after {one['times_left']} more")
    return " or ".join(ends)
