"""What came of a replay, as it is told to a person."""

import os
from collections.abc import Iterable
from pathlib import Path

from acore.actors.narrator import part_name
from acore.cli.fields import columns, lay_out_changes
from acore.cli.output import complain, is_terminal, say, tinted
from acore.errors import ExitCode
from acore.replay.child.wire import ActorReplayed
from acore.replay.report import Divergence, Verdict

_LABEL = 13


class Outcome:
    """What all actors together come to."""

    def __init__(self) -> None:
        self.same: list[str] = []
        self.approximate: list[str] = []
        self.different: list[str] = []
        self.handled = self.judged = 0

    def add(self, one: ActorReplayed) -> None:
        """Take in what came of one actor."""
        self.handled += one.replayed.handled
        self.judged += one.replayed.judged
        if one.breaches or one.replayed.divergences:
            self.different.append(one.actor)
        elif one.replayed.verdict is Verdict.APPROXIMATE:
            self.approximate.append(one.actor)
        elif one.replayed.verdict is Verdict.SAME:
            self.same.append(one.actor)

    @property
    def exit_code(self) -> ExitCode:
        """What `acore replay` ends with."""
        if self.different:
            return ExitCode.FAILURE
        return ExitCode.NOT_JUDGED if self.approximate or not self.same else ExitCode.OK


def tell(one: ActorReplayed) -> None:
    """Print what came of one actor: a line when it decides the same, the whole report when not."""
    replayed, name = one.replayed, f"{one.actor:<10}"
    handled = _counted(replayed.handled, replayed.judged)
    if one.breaches:
        say(tinted(f"✗ {name} does what no replay can repeat ({handled})", "bad"))
    elif replayed.divergences:
        more = len(replayed.divergences) + replayed.further - 1
        also = f", and {more:,} more difference{'s' if more > 1 else ''}" if more else ""
        say(tinted(f"✗ {name} decides something else today ({handled}{also})", "bad"))
    elif replayed.verdict is Verdict.APPROXIMATE:
        say(tinted(f"≈ {name} nothing is judged: {replayed.approximate}", "warn"))
    elif replayed.verdict is Verdict.NOTHING:
        say(tinted(f"· {name} was told nothing of this, so there is nothing to judge", "dim"))
    else:
        say(f"{tinted('✓', 'good')} {name} decides today what it decided then ({handled})")
    for warning in replayed.warnings:
        _row("note", warning)
    if replayed.skipped:
        first = replayed.skipped[0]
        _row("left out", f"{len(replayed.skipped)} unknown entries, the first {first.seq} ({first.name})")
    for breach in one.breaches:
        _row("forbidden", f"{breach.deed}: {breach.what}")
        _row("where", near(breach.place))
    for divergence in replayed.divergences:
        say()
        tell_divergence(divergence)


def tell_divergence(one: Divergence) -> None:
    """Print a difference: what came in, where in the code, what differs, what came before, the versions."""
    say(f"  {tinted(next(iter(one.lines())), 'bad')}")
    _row("handled by", f"{one.handler} (run {one.incarnation} of {part_name(one.actor)})")
    if one.place:
        _row("where", near(one.place))
    _row("then", one.expected or "nothing")
    _row("now", one.actual or "nothing")
    if one.fields:
        _row("differs", "then → now")
        lay_out_changes(one.fields, " " * (_LABEL + 4))
    for place, last in enumerate(one.last_inputs):
        _row("last inputs" if not place else "", f"{last.seq:>7}  {last.name}  ({last.handler})")
    _row("versions", f"written by acore {one.written_by or '(unknown)'}, replayed by {one.replayed_by}")
    _row("look closer", f"acore events show {one.seq}")
    _row("", f"acore replay --actor {one.actor} --step   (then: goto {one.seq})")


def tell_end(outcome: Outcome) -> None:
    """Print what it all comes to, when there is more than one actor to sum up."""
    if outcome.different:
        if outcome.same or outcome.approximate:
            say()
        say(f"{_names(outcome.different)} would not do today what is recorded.")
    elif not outcome.same and not outcome.approximate:
        complain("nothing was judged: none of these actors was told anything in what was asked for")
    elif len(outcome.same) > 1 and not outcome.approximate:
        say(f"All {len(outcome.same)} decide the same: {_counted(outcome.handled, outcome.judged)}.")


def near(place: str) -> str:
    """Return a file and line as one would type it here."""
    try:
        return str(Path(place).relative_to(Path.cwd()))
    except ValueError:
        return place


def _row(label: str, text: str) -> None:
    say(f"    {tinted(f'{label:<{_LABEL}}', 'dim')}{_wrapped(text)}")


def _wrapped(text: str) -> str:
    """Return *text*, in a terminal broken anywhere so that it stays in its column."""
    room = columns() - _LABEL - 4
    if not is_terminal() or len(text) <= room or room < _LABEL:
        return text
    pieces = (text[start : start + room] for start in range(0, len(text), room))
    return f"{os.linesep}{' ' * (_LABEL + 4)}".join(pieces)


def _counted(handled: int, judged: int | None = None) -> str:
    """Return how much was done, and how much of that is *judged* if that is not all."""
    messages = f"message{'' if handled == 1 else 's'}"
    if not judged or judged == handled:
        return f"{handled:,} {messages} handled again"
    return f"{judged:,} of {handled:,} {messages} judged"


def _names(names: Iterable[str]) -> str:
    *first, last = names
    return f"{', '.join(first)} and {last}" if first else last
