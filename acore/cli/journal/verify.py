"""`acore journal verify`: is the journal whole, and if not, from where on."""

from pathlib import Path
from typing import assert_never

import click

from acore.cli.journal.place import Place
from acore.cli.journal.status import removals
from acore.cli.output import as_json, pairs, progress_bar, say, tinted
from acore.cli.run import data_option
from acore.clock import instant
from acore.errors import ExitCode
from acore.storage.chain import LOST
from acore.storage.query import last_seq
from acore.storage.verify import MOST_FINDINGS, Fault, Finding, Verified
from acore.storage.verify import verify as look_through

_KEEP = (
    "Keep the file as it is: copy acore.db together with acore.db-wal and acore.mark before anything else "
    "is done."
)
_TO_DO = {
    Fault.CHANGED: "Somebody or something other than acore has written to the file. " + _KEEP,
    Fault.ADDED: "Somebody or something other than acore has written to the file. " + _KEEP,
    Fault.REMOVED: "Somebody or something other than acore has written to the file. " + _KEEP,
    Fault.CUT: "The newest entries were taken out of the file. " + _KEEP,
    Fault.BEHIND: (
        "An older copy stands in the file's place, or its log (acore.db-wal) was lost or damaged. If the "
        "right files are elsewhere, stop the bot and put them back; if not, start it: what is missing is "
        "noted and the numbers go on behind it."
    ),
    Fault.OTHER: (
        "Another file stands in the place of the one that this acore wrote. If the right one is elsewhere, "
        "stop the bot and put it back; if not, go on with this one."
    ),
    Fault.DAMAGED: (
        "Look after the disk (dmesg, smartctl), and restart the bot: if the damage is met again, the file is "
        "moved aside and a new one begun. A backup may be put in its place while the bot is stopped."
    ),
    Fault.AUDIT: "Somebody or something other than acore has written to the audit log. " + _KEEP,
}


@click.command()
@data_option
@click.option("--json", "is_json", is_flag=True, help="One JSON object.")
@click.pass_obj
def verify(place: Place, data: Path | None, *, is_json: bool) -> ExitCode:
    """Look the whole journal through, and the audit log: was anything changed, removed, added, or lost?

    Every entry is chained to the one before. The bot may be running; it is not held up. Ends with 65 when
    something is wrong.
    """
    path = place.database(data)
    with progress_bar("looking the journal through", last_seq(path)) as tell:
        verified = look_through(path, tell)
    if is_json:
        as_json({"database": str(path.absolute()), "is_right": not verified.findings, **_fields(verified)})
    else:
        _show(verified)
    return ExitCode.DATA if verified.findings else ExitCode.OK


def _fields(verified: Verified) -> dict[str, object]:
    return {name: getattr(verified, name) for name in verified.__struct_fields__}


def _show(verified: Verified) -> None:
    if verified.findings:
        say(tinted(f"The journal is not as acore wrote it, from entry {verified.findings[0].seq} on.", "bad"))
    elif any(one.reason == LOST for one in verified.removed):
        say(
            tinted(
                "What is there is as acore wrote it; but entries were lost, as an earlier start told.", "warn"
            )
        )
    else:
        say(tinted("The journal is whole.", "good"))
    facts = {
        "entries": f"{verified.rows}, up to number {verified.last_seq}" if verified.rows else "none",
        "chained": _chained(verified),
        "mark": _mark(verified),
        "removed": removals(verified.removed),
    }
    pairs({name: text for name, text in facts.items() if text})
    for number, finding in enumerate(verified.findings):
        say(f"{'What is wrong: ' if not number else '               '}{words(finding)}")
    for number, step in enumerate(dict.fromkeys(_TO_DO[finding.fault] for finding in verified.findings)):
        say(f"{'What to do:    ' if not number else '               '}{step}")
    if len(verified.findings) >= MOST_FINDINGS:
        say(f"               (There may be more: the look ends after {MOST_FINDINGS} findings.)")


def _chained(verified: Verified) -> str:
    if verified.chained_from is None:
        return "none yet: an acore without the chain wrote them" if verified.rows else ""
    if verified.chained_from == verified.first_seq:
        return f"all, from number {verified.chained_from} on"
    return f"from number {verified.chained_from} on; what is older was written before there was a chain"


def _mark(verified: Verified) -> str:
    if verified.mark is None:
        return f"{verified.mark_problem}; whether the newest entries are all there cannot be told"
    at = instant(verified.mark.wall_ns)
    return f"up to number {verified.mark.seq} everything was on the disk at {at:%Y-%m-%d %H:%M:%S} UTC"


def words(finding: Finding) -> str:  # noqa: PLR0911 - one case a fault
    """Return what *finding* means in a sentence."""
    seq, after, other = finding.seq, finding.after, finding.other
    match finding.fault:
        case Fault.CHANGED:
            return f"Entry {seq} was changed, or its hash was."
        case Fault.ADDED:
            return f"Entry {seq} was put in: the chain is whole without it."
        case Fault.REMOVED:
            was = (
                f"Entry {other} does not follow from entry {after}"
                if after
                else f"Entry {other} is the first"
            )
            return f"{was}: {numbers(seq, other - 1)} was removed, or {other} was changed."
        case Fault.CUT:
            return f"The newest entries, {numbers(seq, other)}, were removed, or the last hash was changed."
        case Fault.BEHIND:
            return (
                f"The journal ends at {after}, and the mark tells of {other}: up to {other - after} entries "
                f"({numbers(seq, other)}) are missing."
            )
        case Fault.OTHER:
            return f"What stands at entry {seq}, or before it, is not what the mark says was written there."
        case Fault.DAMAGED:
            return f"After entry {after} the file cannot be read any further: {finding.detail}."
        case Fault.AUDIT:
            return f"The audit log is not as acore wrote it, from its entry {seq} on."
        case _:
            assert_never(finding.fault)


def numbers(first: int, last: int) -> str:
    """Return a range of entries in words."""
    return f"{first}" if first == last else f"{first} to {last}"
