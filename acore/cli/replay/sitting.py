"""Going through a replay step by step: orders are read line by line, each is answered at once."""

import importlib.util
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import msgspec

from acore.actors.narrator import part_name
from acore.cli.entries import public, sentence_of, time_of
from acore.cli.fields import fitting, lay_out, lay_out_changes, leaves, plain
from acore.cli.output import as_json, complain, say, tinted
from acore.cli.replay.orders import NotAnOrderError, Order, Typed, read
from acore.cli.replay.progress import Watch
from acore.cli.replay.told import near, tell_divergence
from acore.events.base import Kind
from acore.replay.child.start import Child
from acore.replay.child.wire import (
    Back,
    Find,
    Go,
    Goto,
    Last,
    Next,
    Progress,
    Request,
    Stepped,
    Steps,
    StepTask,
)
from acore.replay.engine import Step
from acore.replay.life import STARTED, STOPPING
from acore.replay.report import differences
from acore.storage.query import Row

_LISTED = 10


def step_through(task: StepTask, script: Path | None, *, is_json: bool) -> None:
    """Do as is typed, until there is no more of it.

    Args:
        task: Whose steps, and of which journal.
        script: A file with the orders, `-` for standard input; None for what is typed.
        is_json: Whether each answer is one JSON object.

    Raises:
        NotAnOrderError: A script has something that is none.
        AcoreError: The journal cannot be replayed, and why.
    """
    is_typed = script is None and sys.stdin.isatty()
    with Child(task) as child:
        for _ in child.replies():
            pass  # it is ready, or says why not
        sitting = _Sitting(child, is_json=is_json)
        try:
            for line in _typed(task.actor) if is_typed else _lines(script):
                try:
                    wants_more = sitting.do(line)
                except NotAnOrderError as error:
                    if not is_typed:
                        raise
                    complain(str(error))
                    continue
                if not wants_more:
                    return
        except KeyboardInterrupt:
            say()  # it is one way to leave


def _typed(actor: str) -> Iterator[str]:
    if importlib.util.find_spec("readline"):
        importlib.import_module("readline")  # arrows bring back what was typed before
    say(f"Going through what {actor} was told, one message at a time. Enter goes on, help lists the orders.")
    while True:
        try:
            yield input(f"{actor}> ")
        except EOFError:
            say()
            return


def _lines(script: Path | None) -> Iterator[str]:
    if script is None or str(script) == "-":
        yield from sys.stdin
        return
    with script.open(encoding="utf-8") as file:
        yield from file


class _Sitting:
    """Where one is, and what the last move was."""

    def __init__(self, child: Child, *, is_json: bool) -> None:
        self._child = child
        self._is_json = is_json
        self._move: Typed | None = None
        self._step: Step | None = None

    def do(self, line: str) -> bool:
        """Do what *line* says; return whether to go on."""
        typed = read(line, self._move)
        if typed is None:
            return True
        match typed.order:
            case Order.QUIT:
                return False
            case Order.HELP:
                _help()
            case Order.STATE | Order.INPUT | Order.OUTPUTS:
                self._look(typed.order)
            case Order.LAST:
                self._last()
            case _:
                self._go(typed)
        if typed.order.is_move:
            self._move = typed
        return True

    def _go(self, typed: Typed) -> None:
        answer = self._ask(_request(typed), typed.order.word)
        assert isinstance(answer, Stepped)  # noqa: S101 - the answer to a move
        if answer.step is None:
            where = "before the first" if typed.order is Order.BACK else "after the last"
            if self._is_json:
                as_json({"step": None, "end": "beginning" if typed.order is Order.BACK else "end"})
            elif typed.order in {Order.NEXT, Order.BACK}:
                say(tinted(f"There is no message {where}.", "dim"))
            else:
                say(tinted("There is none from here to the end, where you are now.", "dim"))
        else:
            self._step = answer.step
            if self._is_json:
                as_json(_public(answer.step))
            else:
                _show(answer.step)
        for breach in answer.breaches:
            complain(f"{near(breach.place)} {breach.deed} ({breach.what}), which no replay may")
        if answer.step is None and typed.order is not Order.BACK:
            self._stay()

    def _stay(self) -> None:
        """Learn where one is when a search has run to the end."""
        answer = self._ask(Last(count=0), "")
        assert isinstance(answer, Steps)  # noqa: S101 - the answer to that
        self._step = answer.current

    def _look(self, order: Order) -> None:
        step = self._step
        if step is None:
            complain("you are before the first message: next goes to it")
            return
        if self._is_json:
            as_json(_public(step))
            return
        match order:
            case Order.STATE:
                lay_out(leaves(step.after))
            case Order.INPUT:
                row = step.row
                lay_out(
                    (
                        ("entry", f"{row.seq}"),
                        ("id", f'"{row.id}"'),
                        ("what", f'"{row.name} ({row.kind}, version {row.version})"'),
                        ("when", f'"{time_of(row)} UTC"'),
                        ("from", f'"{row.source}"'),
                        ("because of", f'"{row.cause}"'),
                        ("run of acore", f'"{row.boot}"'),
                        *((f"· {name}", value) for name, value in leaves(row.payload)),
                    )
                )
            case _:
                _show_outputs(step, is_whole=True)

    def _last(self) -> None:
        answer = self._ask(Last(count=_LISTED), "")
        assert isinstance(answer, Steps)  # noqa: S101 - the answer to that
        for step in answer.steps:
            if self._is_json:
                as_json(_public(step))
            else:
                say(fitting(f"{step.row.seq:>9}  {time_of(step.row)[11:]}  {_in_words(step.row)}"))
        if not answer.steps and not self._is_json:
            say(tinted("Nothing came before.", "dim"))

    def _ask(self, request: Request, doing: str) -> Stepped | Steps:
        self._child.say(request)
        with Watch(doing) as watch:
            for reply in self._child.replies():
                if isinstance(reply, Progress):
                    watch.see(reply)
                elif isinstance(reply, Stepped | Steps):
                    return reply
        raise AssertionError(request)


def _request(typed: Typed) -> Request:
    match typed.order:
        case Order.BACK:
            return Back()
        case Order.GOTO:
            return Goto(seq=typed.number)
        case Order.FIND:
            return Find(pattern=typed.argument)
        case Order.CONTINUE:
            return Go()
        case _:
            return Next()


def _show(step: Step) -> None:
    """Print a step: what came in and when, who handled it, what that said, and what changed in the state."""
    row = step.row
    say(tinted(f"── entry {row.seq} ── {time_of(row)} UTC ── run {step.incarnation}", "dim"))
    say(fitting(_in_words(row)))
    again = f", attempt {step.attempt}" if step.attempt > 1 else ""
    say(fitting(f"  handled by {step.handler}{again}  {near(step.place)}"))
    if step.error:
        say(f"  {tinted(fitting(f'failed: {step.error}', 2), 'bad')}")
    _show_outputs(step)
    changed = differences(step.before, step.after)
    if changed:
        say("  changed")
        lay_out_changes(changed, "    ", limit=_LISTED)
    else:
        say(tinted("  changed nothing", "dim"))
    for divergence in step.divergences:
        say()
        tell_divergence(divergence)


def _show_outputs(step: Step, *, is_whole: bool = False) -> None:
    if not step.outputs and is_whole:
        say(tinted("  said nothing", "dim"))
    for said in step.outputs:
        due = f"in {said.due:g} s " if said.due is not None else ""
        line = f"  {_SAYS.get(said.kind, said.kind)} {due}{said.name}"
        if not is_whole:
            say(fitting(f"{line} {said.payload}"))
            continue
        say(line)
        lay_out(leaves(said.payload), "    ")


_SAYS: Mapping[str, str] = {Kind.EVENT: "said", Kind.EFFECT: "wants", Kind.COMMAND: "asked"}


def _in_words(row: Row) -> str:
    """Return what came in: its name, and the sentence of the log or its content."""
    if row.name in _HOOKS:
        told = dict(leaves(row.payload))
        return f"{row.name}: {part_name(plain(told['actor']))} {_HOOKS[row.name]}, run {told['incarnation']}"
    content = ", ".join(f"{name} {plain(value)}" for name, value in leaves(row.payload))
    return f"{row.name}: {sentence_of(row) or content}"


_HOOKS: Mapping[str, str] = {STARTED: "begins", STOPPING: "is told to stop"}


def _public(step: Step) -> dict[str, object]:
    """Return *step* with all that is JSON in it as such, not as text that holds JSON."""
    fields: dict[str, object] = {name: getattr(step, name) for name in step.__struct_fields__}
    said = [
        {"kind": one.kind, "name": one.name, "due": one.due, "payload": _raw(one.payload)}
        for one in step.outputs
    ]
    return {
        **fields,
        "row": public(step.row),
        "before": _raw(step.before),
        "after": _raw(step.after),
        "changed": differences(step.before, step.after),
        "outputs": said,
    }


def _raw(value: str) -> msgspec.Raw:
    return msgspec.Raw(value.encode())


def _help() -> None:
    lines = [(f"{order.word} {order.argument}".strip(), order.help) for order in Order]
    width = max(len(words) for words, _ in lines)
    for words, text in lines:
        say(f"  {tinted(words[0], 'good')}{words[1:]:<{width - 1}}  {text}")
    say("  The first letter is enough; Enter repeats the last move.")
