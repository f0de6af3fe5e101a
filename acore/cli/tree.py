"""The tree of actors, as a person reads it."""

from collections.abc import Iterable, Iterator

from acore.actors.narrator import GROUPS, PARTS
from acore.cli.output import is_terminal, say, tinted
from acore.runtime.administration import ChildInfo, ChildState

_TONES = {
    ChildState.RUNNING: ("●", "good"),
    ChildState.STARTING: ("◌", "warn"),
    ChildState.STOPPING: ("◌", "warn"),
    ChildState.BACKOFF: ("◌", "warn"),
    ChildState.STOPPED: ("○", "dim"),
    ChildState.ABANDONED: ("✗", "bad"),
}


def show_tree(name: str, children: Iterable[ChildInfo]) -> None:
    """Print the tree under *name*: drawn in a terminal, indented words when piped."""
    say(name)
    for line in _lines(tuple(children), "", is_drawn=is_terminal()):
        say(line)


def _lines(children: tuple[ChildInfo, ...], indent: str, *, is_drawn: bool) -> Iterator[str]:
    for place, child in enumerate(children, start=1):
        is_last = place == len(children)
        branch = ("└─ " if is_last else "├─ ") if is_drawn else "  "
        yield f"{indent}{branch}{_words(child, is_drawn=is_drawn)}"
        below = ("   " if is_last else "│  ") if is_drawn else "  "
        yield from _lines(child.children, indent + below, is_drawn=is_drawn)


def _words(child: ChildInfo, *, is_drawn: bool) -> str:
    mark, tone = _TONES[child.state]
    what = PARTS.get(child.id) or GROUPS.get(child.id, "")
    restarts = f", restarted {child.restarts} x" if child.restarts else ""
    state = f"{child.state.value}{restarts}"
    if not is_drawn:
        return f"{child.id} {state}"
    return f"{tinted(mark, tone)} {child.id:<14} {tinted(state, tone):<18} {tinted(what, 'dim')}".rstrip()
