"""`acore sandbox invoke`: one command in a sandbox that runs already, for scripts."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import anyio
import click

from acore.cli.output import complain, say
from acore.cli.sandbox.running import Running, explained, find, person_options
from acore.errors import ExitCode
from acore.sandbox.person.feed import GatewayLostError, PersonError
from acore.sandbox.shapes import Json, as_object

if TYPE_CHECKING:
    from acore.sandbox.console.outcome import Outcome
    from acore.sandbox.console.steps import Script


EXAMPLES = """\
\b
Examples:
  acore sandbox invoke botstatus --user member --json
  acore sandbox invoke ops health
  acore sandbox invoke say text:"good morning" times:2
  acore sandbox invoke "Report user" --on member
  acore sandbox invoke feedback --fill subject=Praise --fill "Text=All well"
  acore sandbox invoke menu --press colour=red --press Confirm
"""


@click.command(epilog=EXAMPLES)
@click.argument("words", metavar="COMMAND [SUB]… [NAME:VALUE]…", nargs=-1, required=True)
@person_options
@click.option(
    "--on", metavar="WHO|MESSAGE", help="Whose menu has it: a user, a message id, ^ for the newest."
)
@click.option(
    "--press",
    multiple=True,
    metavar="ID[=VALUE,…]",
    help="Then press this, by custom id, label or number; with values, pick them. Again for more.",
)
@click.option("--fill", multiple=True, metavar="FIELD=TEXT", help="Fill this into a form. Again for more.")
@click.option(
    "--timeout",
    type=click.FloatRange(0.1),
    default=60.0,
    show_default=True,
    help="Seconds for the final answer of each step.",
)
@click.option(
    "--listen", type=click.FloatRange(0), default=0.0, help="Seconds to wait for follow-ups after an answer."
)
@click.option("--json", "as_json", is_flag=True, help="One JSON value: what came of it, messages and times.")
@click.pass_obj
def invoke(  # noqa: PLR0917 - click passes them by name
    outer: object,
    words: tuple[str, ...],
    state: Path | None,
    user: str | None,
    channel: str | None,
    on: str | None,
    press: tuple[str, ...],
    fill: tuple[str, ...],
    timeout: float,
    listen: float,
    as_json: bool,  # noqa: FBT001 - as above
) -> int:
    """Invoke a command as a user of a sandbox, and print the answer.

    The bot's answer is printed as that user sees it, or with --json for machines.

    Ends with 0 when the bot answered, 151 when it did not respond, 152 when Discord's rules refuse what was
    given, 64 when there is no such command, option, user or channel, and 69 when no sandbox runs.
    """
    # The console, which nothing else of the command line needs.
    from acore.sandbox.console.sitting import as_json as written  # noqa: PLC0415 - see above
    from acore.sandbox.console.steps import Script  # noqa: PLC0415 - see above

    running = find(state or as_object(outer).get("state"))
    script = Script(words, on=on, presses=press, fills=fill, answer_within=timeout, listen_for=listen)
    with explained(running):
        steps, shown = anyio.run(_run, running, user, channel, script)
    last = steps[-1]
    if as_json:
        about: Json = {"steps": [one.as_json() for one in steps]} if press or fill else {}
        say(written(last, command=" ".join(words), **about))
    else:
        for text in shown:
            say(text)
        if last.error is not None:
            complain(last.error)
    return _exit_code(last)


async def _run(
    running: Running, user: str | None, channel: str | None, script: "Script"
) -> "tuple[list[Outcome], list[str]]":
    """Return what came of each step, and what the person sees in the end."""
    from acore.sandbox.console.console import Console  # noqa: PLC0415 - as in `invoke`
    from acore.sandbox.console.ink import is_wanted  # noqa: PLC0415 - as above
    from acore.sandbox.console.outcome import of_error  # noqa: PLC0415 - as above
    from acore.sandbox.console.steps import Runner  # noqa: PLC0415 - as above

    shown: list[str] = []
    console = Console(running.api, running.users, shown.append, colour=is_wanted(sys.stdout))
    try:
        async with console.opened(user, channel):
            steps = await Runner(console, script).run()
            shown.clear()
            for message in steps[-1].messages:
                console.screen.message(console.seat, message)
            if steps[-1].modal is not None:
                console.screen.form(steps[-1].modal)
    except GatewayLostError:
        raise
    except PersonError as error:
        return [of_error(error)], []
    return steps, shown


def _exit_code(came: "Outcome") -> ExitCode:
    from acore.sandbox.console.outcome import Result  # noqa: PLC0415 - as in `invoke`

    match came.result:
        case Result.FAILED | Result.UNFINISHED:
            return ExitCode.NO_ANSWER
        case Result.REFUSED:
            return ExitCode.REFUSED
        case Result.UNKNOWN | Result.INVALID:
            return ExitCode.USAGE
        case Result.ANSWERED | Result.ACKNOWLEDGED | Result.MODAL | Result.DONE:
            return ExitCode.OK
