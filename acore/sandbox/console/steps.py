"""A command and what follows it, for scripts: forms are filled in, buttons are pressed."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from acore.sandbox.console import outcome
from acore.sandbox.console.console import ANSWER_SECONDS, Console
from acore.sandbox.console.grammar import NotUnderstoodError
from acore.sandbox.console.outcome import Outcome
from acore.sandbox.console.seats import NoSuchMessageError, for_all
from acore.sandbox.person import entries, forms
from acore.sandbox.person.feed import GatewayLostError, PersonError
from acore.sandbox.person.invocation import Invocation
from acore.sandbox.person.person import ON_MESSAGE, ON_USER
from acore.sandbox.shapes import Json


@dataclass(frozen=True, slots=True)
class Script:
    """What is to be done, one after the other; *fills* go into whatever forms the bot shows."""

    words: Sequence[str]
    """The command: its name, those of group and sub-command, and name:value for each option."""
    on: str | None = None
    """The user or the message whose menu has the command."""
    presses: Sequence[str] = field(default=())
    """Custom ids, labels or numbers; with =value, or =value,value for a select."""
    fills: Sequence[str] = field(default=())
    """FIELD=TEXT, by custom id or label."""
    answer_within: float = ANSWER_SECONDS
    listen_for: float = 0.0


class Runner:
    """Does what a script says.

    Args:
        console: where; it is not live.
        script: what.
    """

    def __init__(self, console: Console, script: Script) -> None:
        self._console = console
        self._script = script
        self._fills: list[str] = list(script.fills)

    async def run(self) -> list[Outcome]:
        """Return what came of each step; the first that goes wrong is the last.

        Raises:
            GatewayLostError: the sandbox is gone.
        """
        done: list[Outcome] = []
        try:
            await self._run(done)
        except GatewayLostError:
            raise
        except (PersonError, TimeoutError) as error:
            done.append(outcome.of_error(error))
        return done

    async def _run(self, done: list[Outcome]) -> None:
        seat = self._console.seat
        done.append(await self._follow(await self._begin()))
        await self._fill_in(done)
        for press in self._script.presses:
            if not done[-1].is_good:
                return
            message, name, values = _pressed(seat.here, press)
            done.append(await self._follow(await seat.person.press(message, name, values=values)))
            await self._fill_in(done)
        if self._fills and done[-1].is_good:
            raise NotUnderstoodError(f"no form has a field for {self._fills[0]!r}")

    async def _begin(self) -> Invocation:
        script, seat, person = self._script, self._console.seat, self._console.person
        name = " ".join(script.words)
        known = {
            one["type"]
            for one in await person.commands(channel_id=seat.channel_id)
            if one["name"] == name and one["type"] in {ON_USER, ON_MESSAGE}
        }
        if script.on is None:
            try:
                return await self._console.start(script.words)
            except forms.UnknownCommandError:
                if not known:
                    raise
                raise NotUnderstoodError(f"{name!r} is in a menu: say with --on in whose") from None
        by_id = next((one for one in seat.here if one["id"] == script.on), None)
        if by_id is not None or script.on.startswith("^") or known == {ON_MESSAGE}:
            message = by_id or seat.find(script.on, "message", for_all)
            return await person.invoke_on_message(name, message)
        user_id = person.around(seat.channel_id).entity(6, script.on)
        return await person.invoke_on_user(name, user_id, channel_id=seat.channel_id)

    async def _follow(self, invocation: Invocation) -> Outcome:
        script = self._script
        return await outcome.follow(self._console.person, invocation, script.answer_within, script.listen_for)

    async def _fill_in(self, done: list[Outcome]) -> None:
        """Fill in each form that is shown, as long as there is something for it."""
        person, channel_id = self._console.person, self._console.seat.channel_id
        while (form := done[-1].modal) is not None and self._fills:
            fields = forms.fields(form)
            keys = {str(one[key]) for one in fields for key in ("label", "custom_id") if one.get(key)}
            mine = [one for one in self._fills if entries.key_of(one, keys) is not None]
            typed = entries.named(fields, mine or self._fills)
            self._fills = [one for one in self._fills if one not in mine]
            filled = await entries.read_all(fields, typed, person.around(channel_id))
            done.append(await self._follow(await person.submit(form, filled)))


def _pressed(messages: Sequence[Json], press: str) -> tuple[Json, str, list[str] | None]:
    """Return the newest message that has what is pressed, what it is called, and the values picked.

    Raises:
        NoSuchMessageError: there is none.
    """
    name, _, values = press.partition("=")
    for message in reversed(messages):
        for called, picked in ((press, None), (name, values.split(",") if values else None)):
            try:
                forms.component_named(message, called)
            except forms.UnknownComponentError:
                continue
            return message, called, picked
    raise NoSuchMessageError(f"message with a component {name!r}")
