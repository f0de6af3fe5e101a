"""What golden files say about the catalog of today, in sentences that say what to do."""

from collections.abc import Iterable, Iterator
from itertools import pairwise
from pathlib import Path

from acore.events.catalog import Catalog
from acore.events.upcast import UnreadableMessageError
from acore.golden.files import Became, Golden, Reading, read_all
from acore.golden.shapes import Change, changes
from acore.golden.subjects import RETIRED, Readings, Subject, subjects
from acore.record import Record

COMMAND = "python -m acore.reference"
"""What adds golden files."""


class Found(Record):
    """What is wrong with a subject, and the golden file that it needs, if it needs one."""

    problems: tuple[str, ...] = ()
    news: str = ""
    due: Golden | None = None


def problems(catalog: Catalog, directory: Path, *, package: str) -> Iterator[str]:
    """Yield a sentence for everything that is not as the golden files have it, with what to do about it.

    Args:
        catalog: The messages of today.
        directory: Where the golden files lie.
        package: Whose messages are looked at, by the module of their class.

    Raises:
        StrayFileError: Another file is among the golden ones.
        NoExampleError: A field has limits for which no example can be guessed.
    """
    files = read_all(directory)
    yield from _orphans(catalog, files)
    for subject, own in subjects(catalog, files, package):
        found = _look(subject, own)
        yield from found.problems
        if found.news and not found.problems:
            yield f"{subject.label} {found.news}: run `{COMMAND}` and commit what it adds."


def add(catalog: Catalog, directory: Path, *, package: str) -> Iterator[Path]:
    """Add the golden files that are missing, and yield their paths; none that is there is changed.

    What has problems gets no new file: `problems` has the sentences. Arguments and errors are the same.
    """
    for subject, own in subjects(catalog, read_all(directory), package):
        found = _look(subject, own)
        if found.due is not None and not found.problems:
            yield found.due.add(directory)


# --- one subject


def _look(subject: Subject, files: list[Golden]) -> Found:
    same = [one for one in files if one.version == subject.version]
    wrong = [*_misplaced(subject, files), *_gaps(subject, files)]
    breaking = [change for one in same for change in _changes(one, subject) if change.is_breaking]
    news = _news_of_retired(subject, files) if subject.kind == RETIRED else _news(subject, files, same)
    if breaking:
        wrong.append(_broken(subject, breaking))
    elif not wrong:
        wrong += _misread(subject, files, is_current=not news and subject.kind != RETIRED)
    if wrong or not news:
        return Found(problems=tuple(wrong))
    last = files[-1] if files else None
    revisions = [one.revision for one in same if (one.name, one.kind) == (subject.name, subject.kind)]
    due = Golden(
        name=subject.name,
        kind=subject.kind,
        version=subject.version,
        revision=max(revisions, default=0) + 1,
        shape=subject.shape,
        examples=subject.make_examples(),
        became=() if last is None else tuple(_became(subject, last)),
    )
    return Found(news=news, due=due)


def _misplaced(subject: Subject, files: Iterable[Golden]) -> Iterator[str]:
    for one in files:
        if one.version > subject.version:
            yield (
                f"{subject.label} has a golden file of version {one.version}, and is of version "
                f"{subject.version}: a version is never taken back, so raise it again."
            )
        elif RETIRED != subject.kind != one.kind:
            yield f"{subject.label} was a {one.kind} in version {one.version}: give the new one another name."


def _gaps(subject: Subject, files: Iterable[Golden]) -> Iterator[str]:
    there = {one.version for one in files}
    for version in range(1, subject.version + (subject.kind == RETIRED)):
        if version not in there:
            yield (
                f"{subject.label} has no golden file of version {version}, which is kept for ever: bring it "
                "back from the history."
            )


def _news(subject: Subject, files: list[Golden], same: list[Golden]) -> str:
    """Return what no golden file has yet; blank when they have everything."""
    if not files:
        return "has no golden file"
    if not same:
        return f"has no golden file of version {subject.version}"
    if not any(one.name == subject.name for one in same):
        return "has no golden file under this name"
    new = list(_changes(same[-1], subject))
    return f"has changed without harm ({_listed(new)})" if new else ""


def _news_of_retired(subject: Subject, files: list[Golden]) -> str:
    is_told = subject.is_skipped or any(one.kind == RETIRED for one in files)
    return "" if is_told else "has no golden file of what became of it"


def _changes(golden: Golden, subject: Subject) -> Iterator[Change]:
    if golden.shape is not None and subject.shape is not None:
        yield from changes(golden.shape, subject.shape)


def _broken(subject: Subject, breaking: list[Change]) -> str:
    remedies = {change.remedy for change in breaking}
    remedy = remedies.pop() if len(remedies) == 1 else "Change it back"
    return (
        f"{subject.label} has changed since version {subject.version}: {_listed(breaking)}. {remedy}, or "
        f"raise the version to {subject.version + 1}, write an upcaster from {subject.version} and run "
        f"`{COMMAND}`."
    )


def _listed(found: Iterable[Change]) -> str:
    return "; ".join(dict.fromkeys(change.text for change in found))


def _misread(subject: Subject, files: list[Golden], *, is_current: bool) -> Iterator[str]:
    """Yield what is read otherwise than it was, or cannot be read any more."""
    try:
        for one, following in pairwise(files):
            yield from _compared(subject, one, _pinned(subject, following))
        if files:
            last = files[-1]
            yield from _compared(subject, last, _unchanged(last) if is_current else None)
    except UnreadableMessageError as error:
        yield f"{subject.label} can no longer be read in all its versions: {error}. Mend its upcasters."


def _compared(subject: Subject, golden: Golden, then: dict[bytes, Readings] | None) -> Iterator[str]:
    """Yield the first example of *golden* that is not read as *then*, or all that can be said without it."""
    for payload in golden.examples:
        now = _shown(subject.read(golden.name, golden.version, payload))
        was = now if then is None else _shown(then.get(bytes(payload), ()))
        if now != was:
            yield (
                f"{subject.label}: {bytes(payload).decode()} of {golden.path()} is now read as {now}, "
                f"and was read as {was}. Mend its upcasters, or give a default back its value."
            )
            return


def _pinned(subject: Subject, following: Golden) -> dict[bytes, Readings]:
    """Return what the next file says was read: which may itself be of an older version by now."""
    return {
        bytes(was.payload): tuple(
            again for one in was.messages for again in subject.read(one.name, one.version, one.payload)
        )
        for was in following.became
    }


def _unchanged(golden: Golden) -> dict[bytes, Readings]:
    return {
        bytes(payload): (Reading(name=golden.name, version=golden.version, payload=payload),)
        for payload in golden.examples
    }


def _became(subject: Subject, last: Golden) -> Iterator[Became]:
    for payload in last.examples:
        yield Became(payload=payload, messages=subject.read(last.name, last.version, payload))


def _shown(found: Iterable[Reading]) -> str:
    return " and ".join(f"{one.name} {bytes(one.payload).decode()}" for one in found) or "nothing"


def _orphans(catalog: Catalog, files: dict[str, list[Golden]]) -> Iterator[str]:
    for name, own in files.items():
        if catalog.lineage(name) is None:
            last = max(one.version for one in own)
            yield (
                f"{name} has golden files and no class: bring the class back, name the one that took its "
                f'place `formerly=("{name}",)`, or write `retire("{name}", version={last})`.'
            )
