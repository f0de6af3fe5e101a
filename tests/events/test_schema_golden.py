"""Golden files: nothing that was ever recorded is read otherwise, unless somebody is told and says so."""

from collections.abc import Callable
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from types import new_class
from typing import Annotated, Any, Literal, cast

import msgspec
import pytest

from acore.events import topics
from acore.events.base import Command, Event, Message
from acore.events.catalog import CATALOG, Catalog
from acore.events.upcast import Recorded
from acore.golden import check
from acore.golden.files import StrayFileError, read_all
from acore.record import Record
from acore.reference import GOLDEN

TOP = Path(__file__).parents[2]
NAME = "disk.checked"


def test_every_message_of_every_version_is_read_as_it_was() -> None:
    """E01 to E09: of acore itself. Whoever breaks it reads what to do."""
    topics.load()

    wrong = list(check.problems(CATALOG, TOP / GOLDEN, package="acore.events"))

    assert not wrong, "\n".join(wrong)


def test_every_message_of_today_has_its_golden_file() -> None:
    """E02: and every reply; several examples of each that has fields."""
    topics.load()
    files = read_all(TOP / GOLDEN)

    for wire in CATALOG:
        if wire.cls.__module__.startswith("acore.events."):
            kinds = {one.kind: one for one in files[wire.name] if one.version == wire.version}
            assert set(kinds) == {wire.kind, "reply"} if wire.kind == "command" else {wire.kind}
            assert all(one.examples for one in kinds.values())
            assert not wire.cls.__struct_fields__ or len(kinds[wire.kind].examples) > 1


# --- a program that changes


class Shelf:
    """Golden files of a program that is described anew each time."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.catalog = Catalog()

    def of(self, cls: type[Message], name: str = NAME, **declared: Any) -> "Shelf":  # noqa: ANN401 - as register
        """Add a message to the program."""
        self.catalog.register(cls, name, **declared)
        return self

    def told(self) -> list[str]:
        """Return what is said of the program, which is over then."""
        catalog, self.catalog = self.catalog, Catalog()
        return list(check.problems(catalog, self.directory, package=PACKAGE))

    def kept(self) -> list[str]:
        """Add the golden files of the program, and return which; there must be nothing to say then."""
        catalog, self.catalog = self.catalog, Catalog()
        before = self.content()
        added = list(check.add(catalog, self.directory, package=PACKAGE))
        assert list(check.problems(catalog, self.directory, package=PACKAGE)) == []
        assert before.items() <= self.content().items(), "a golden file was changed"
        return [path.relative_to(self.directory).as_posix() for path in added]

    def content(self) -> dict[Path, bytes]:
        return {path: path.read_bytes() for path in self.directory.rglob("*.jsonl")}


PACKAGE = __name__.rpartition(".")[0]


@pytest.fixture
def shelf(tmp_path: Path) -> Shelf:
    return Shelf(tmp_path)


class Grade(StrEnum):
    FINE = "fine"
    POOR = "poor"
    UNKNOWN = "unknown"


def checked(**fields: Any) -> type[Event]:  # noqa: ANN401 - annotations, or annotations with defaults
    """Return a class called DiskChecked with these fields."""
    body: dict[str, Any] = {"__doc__": "A disk.", "__module__": __name__, "__annotations__": {}}
    for name, given in fields.items():
        kind, *default = cast("tuple[Any, ...]", given if isinstance(given, tuple) else (given,))
        body["__annotations__"][name] = kind
        if default:
            body[name] = default[0]
    return new_class("DiskChecked", (Event,), exec_body=lambda namespace: namespace.update(body))


V1 = {"disk": str, "used": int, "grade": Grade}


def test_a_new_message_is_to_be_kept(shelf: Shelf) -> None:
    """E02: nothing can be compared with what is not there."""
    (told,) = shelf.of(checked(**V1)).told()
    assert told == (
        "DiskChecked (disk.checked) has no golden file: run `python -m acore.reference` and commit what it "
        "adds."
    )
    assert shelf.of(checked(**V1)).kept() == ["disk.checked/event-1.jsonl"]
    assert shelf.of(checked(**V1)).kept() == []


def test_what_is_added_with_a_default_is_kept_beside_what_was(shelf: Shelf) -> None:
    """E01: old messages have the default for ever."""
    shelf.of(checked(**V1)).kept()
    wider = checked(**V1, unit=(str, "percent"))

    (told,) = shelf.of(wider).told()
    assert told == (
        "DiskChecked (disk.checked) has changed without harm (`unit` is new): run "
        "`python -m acore.reference` and commit what it adds."
    )
    assert shelf.of(wider).kept() == ["disk.checked/event-1.2.jsonl"]
    assert shelf.of(wider).kept() == []

    (told,) = shelf.of(checked(**V1, unit=(str, "share"))).told()
    assert '"unit":"share"}, and was read as disk.checked' in told
    assert told.endswith("Mend its upcasters, or give a default back its value.")
    (told,) = shelf.of(checked(**V1, unit=(int, 0))).told()
    assert "`unit` was str and is now int" in told


def test_a_required_field_is_told_of_with_what_to_do(shelf: Shelf) -> None:
    """E02."""
    shelf.of(checked(**V1)).kept()

    (told,) = shelf.of(checked(**V1, unit=str)).told()
    assert told == (
        "DiskChecked (disk.checked) has changed since version 1: `unit` is now required. Give it a default, "
        "or raise the version to 2, write an upcaster from 1 and run `python -m acore.reference`."
    )


def test_what_is_broken_gets_no_golden_file(shelf: Shelf) -> None:
    """E02: or the next run would find nothing wrong."""
    shelf.of(checked(**V1)).kept()
    shelf.of(checked(**V1, unit=str))
    catalog = shelf.catalog

    assert list(check.add(catalog, shelf.directory, package=PACKAGE)) == []
    assert len(shelf.told()) == 1


def test_a_field_that_is_removed_is_kept_as_a_change_without_harm(shelf: Shelf) -> None:
    """E03: and cannot come back as something else."""
    shelf.of(checked(**V1)).kept()
    less = checked(disk=str, grade=Grade)

    (told,) = shelf.of(less).told()
    assert "has changed without harm (`used` is gone)" in told
    assert shelf.of(less).kept() == ["disk.checked/event-1.2.jsonl"]

    (told,) = shelf.of(checked(disk=str, grade=Grade, used=(str, ""))).told()
    assert "since version 1: `used` was int and is now str. Change it back, or raise the version to 2" in told


def test_a_field_that_keeps_its_name_in_the_journal_has_not_changed(shelf: Shelf) -> None:
    """E04."""
    shelf.of(checked(**V1)).kept()

    class DiskChecked(Event):
        """A disk."""

        disk: str
        share: int = msgspec.field(name="used")
        grade: Grade

    assert shelf.of(DiskChecked).told() == []
    (told,) = shelf.of(checked(disk=str, share=int, grade=Grade)).told()
    assert "`share` is now required" in told


def test_a_new_name_is_kept_beside_the_old_one(shelf: Shelf) -> None:
    """E05: the old one's files are read as the new one."""
    shelf.of(checked(**V1)).kept()
    new: dict[str, Any] = {"name": "drive.checked", "formerly": (NAME,)}

    (told,) = shelf.of(checked(**V1), **new).told()
    assert told.startswith("DiskChecked (drive.checked) has no golden file under this name: run")
    assert shelf.of(checked(**V1), **new).kept() == ["drive.checked/event-1.jsonl"]
    assert shelf.of(checked(**V1), **new).kept() == []
    assert shelf.of(checked(**V1), **new).told() == []

    (told,) = shelf.of(checked(disk=int, used=int, grade=Grade), **new).told()
    assert "`disk` was str and is now int" in told
    (told,) = shelf.of(checked(**V1), name="drive.checked").told()
    assert told.startswith("disk.checked has golden files and no class")


def doubled(old: dict[str, Any]) -> dict[str, Any]:
    return {**old, "used": old["used"] * 2}


def as_text(old: dict[str, Any]) -> dict[str, Any]:
    return {**old, "used": f"{old['used']} %"}


V3 = {"disk": str, "used": str, "grade": Grade}


def versions(version: int, **upcasters: Callable[[dict[str, Any]], object]) -> dict[str, Any]:
    return {"version": version, "upcasters": {int(name[1:]): step for name, step in upcasters.items()}}


def test_each_version_is_kept_and_read_through_its_upcasters(shelf: Shelf) -> None:
    """E07: what an upcaster makes of old messages may never change either."""
    shelf.of(checked(**V1)).kept()

    (told,) = shelf.of(checked(**V1), **versions(2, v1=doubled)).told()
    assert told.startswith("DiskChecked (disk.checked) has no golden file of version 2: run")
    assert shelf.of(checked(**V1), **versions(2, v1=doubled)).kept() == ["disk.checked/event-2.jsonl"]
    third = versions(3, v1=doubled, v2=as_text)
    assert shelf.of(checked(**V3), **third).kept() == ["disk.checked/event-3.jsonl"]
    assert shelf.of(checked(**V3), **third).told() == []

    (told,) = shelf.of(checked(**V3), **versions(3, v1=dict, v2=as_text)).told()
    assert "of disk.checked/event-1.jsonl is now read as disk.checked" in told
    assert "Mend its upcasters" in told


def test_a_changed_type_is_told_of_with_what_to_do(shelf: Shelf) -> None:
    """E07."""
    shelf.of(checked(**V1)).kept()

    (told,) = shelf.of(checked(disk=str, used=float, grade=Grade)).told()
    assert told == (
        "DiskChecked (disk.checked) has changed since version 1: `used` was int and is now float. Change it "
        "back, or raise the version to 2, write an upcaster from 1 and run `python -m acore.reference`."
    )


def test_an_upcaster_that_cannot_read_is_told_of(shelf: Shelf) -> None:
    """E07."""
    shelf.of(checked(**V1)).kept()

    (told,) = shelf.of(checked(**V3), **versions(2, v1=doubled)).told()

    assert told.startswith(
        "DiskChecked (disk.checked) can no longer be read in all its versions: cannot read a recorded "
        "disk.checked of version 1: Expected `str`, got `int`"
    )
    assert told.endswith("Mend its upcasters.")


class Less(StrEnum):
    FINE = "fine"
    POOR = "poor"


class More(StrEnum):
    FINE = "fine"
    POOR = "poor"
    UNKNOWN = "unknown"
    GREAT = "great"


def test_a_removed_row_of_an_enum_is_told_of(shelf: Shelf) -> None:
    """E08: an added one is not, and neither is an enum that becomes a text."""
    shelf.of(checked(**V1)).kept()

    (told,) = shelf.of(checked(disk=str, used=int, grade=Less)).told()
    assert "since version 1: `grade` can no longer be 'unknown'. Change it back, or raise" in told
    (told,) = shelf.of(checked(disk=str, used=int, grade=Literal["fine", "poor"])).told()
    assert "`grade` can no longer be 'unknown'" in told
    (told,) = shelf.of(checked(disk=str, used=int, grade=More)).told()
    assert "without harm (`grade` can also be 'great')" in told
    (told,) = shelf.of(checked(disk=str, used=int, grade=str)).told()
    assert "without harm (`grade` can be any str)" in told


def retired(shelf: Shelf, version: int, **upcasters: Callable[[dict[str, Any]], object]) -> Shelf:
    """Add the news of an end to the program."""
    shelf.catalog.retire(NAME, version=version, upcasters=versions(version, **upcasters)["upcasters"])
    return shelf


def test_a_class_that_is_gone_has_to_be_retired(shelf: Shelf) -> None:
    """E09."""
    shelf.of(checked(**V1)).kept()

    (told,) = shelf.told()
    assert told == (
        "disk.checked has golden files and no class: bring the class back, name the one that took its place "
        '`formerly=("disk.checked",)`, or write `retire("disk.checked", version=1)`.'
    )
    assert retired(shelf, 1).told() == []
    assert retired(shelf, 1).kept() == []


def in_two(old: dict[str, Any]) -> tuple[Recorded, ...]:
    return tuple(
        Recorded(name="disk.part", version=1, payload={"of": old["disk"], "which": which}) for which in (1, 2)
    )


def in_three(old: dict[str, Any]) -> tuple[Recorded, ...]:
    return (*in_two(old), in_two(old)[0])


def test_what_became_of_a_message_that_was_split_is_kept(shelf: Shelf) -> None:
    """E09: also when its parts have changed since."""

    def part(**fields: Any) -> type[Event]:  # noqa: ANN401 - as checked
        return checked(**fields)

    old, new = {"of": str, "which": int}, {"of": str, "which": str}
    shelf.of(checked(**V1)).of(part(**old), "disk.part").kept()

    (told,) = retired(shelf, 1, v1=in_two).of(part(**old), "disk.part").told()
    assert told.startswith("The retired disk.checked has no golden file of what became of it: run")
    added = retired(shelf, 1, v1=in_two).of(part(**old), "disk.part").kept()
    assert added == ["disk.checked/retired-1.jsonl"]
    raised = versions(2, v1=lambda was: {**was, "which": str(was["which"])})
    added = retired(shelf, 1, v1=in_two).of(part(**new), "disk.part", **raised).kept()
    assert added == ["disk.part/event-2.jsonl"]

    (told,) = retired(shelf, 1, v1=in_three).of(part(**new), "disk.part", **raised).told()
    assert "disk.checked/event-1.jsonl is now read as disk.part" in told


def test_a_golden_file_that_is_gone_is_missed(shelf: Shelf) -> None:
    """E07: of an older version; that of today's is added again."""
    shelf.of(checked(**V1)).kept()
    shelf.of(checked(**V1), **versions(2, v1=doubled)).kept()
    (shelf.directory / "disk.checked/event-1.jsonl").unlink()

    (told,) = shelf.of(checked(**V1), **versions(2, v1=doubled)).told()

    assert told == (
        "DiskChecked (disk.checked) has no golden file of version 1, which is kept for ever: bring it back "
        "from the history."
    )


def test_a_version_is_not_taken_back(shelf: Shelf) -> None:
    """E10: somebody's journal may have it."""
    shelf.of(checked(**V1)).kept()
    shelf.of(checked(**V1), **versions(2, v1=doubled)).kept()

    (told,) = shelf.of(checked(**V1)).told()

    assert "has a golden file of version 2, and is of version 1: a version is never taken back" in told


def get(reply: object) -> type[Command[Any]]:
    class GetUsage(Command[reply]):  # pyright: ignore[reportInvalidTypeForm] - another one each time
        """How full is it?"""

    return GetUsage


def shouted(old: object) -> str:
    return f"{old}!"


def test_a_reply_has_golden_files_of_its_own(shelf: Shelf) -> None:
    """E07: a command's number counts for both."""
    assert shelf.of(get(int)).kept() == ["disk.checked/command-1.jsonl", "disk.checked/reply-1.jsonl"]

    (told,) = shelf.of(get(str)).told()
    assert told.startswith(
        "The reply to GetUsage (disk.checked) has changed since version 1: it was int and is now str."
    )
    assert shelf.of(get(int | None)).kept() == ["disk.checked/reply-1.2.jsonl"]
    raised: dict[str, Any] = {"version": 2, "reply_upcasters": {1: str}}
    added = shelf.of(get(str), **raised).kept()
    assert added == ["disk.checked/command-2.jsonl", "disk.checked/reply-2.jsonl"]
    raised["reply_upcasters"] = {1: repr, 2: repr}
    (told,) = shelf.of(get(str), version=2, reply_upcasters={1: shouted}).told()
    assert "7 of disk.checked/reply-1.2.jsonl is now read as" in told


def test_a_name_keeps_its_kind(shelf: Shelf) -> None:
    """B26."""
    shelf.of(checked(**V1)).kept()

    told = shelf.of(get(int)).told()

    assert any("was a event in version 1: give the new one another name" in one for one in told)


def test_a_stray_file_is_named(shelf: Shelf) -> None:
    """E02: a file whose name is misspelt would never be read."""
    shelf.of(checked(**V1)).kept()
    (shelf.directory / "disk.checked/event-one.jsonl").touch()

    with pytest.raises(StrayFileError, match=r"event-one\.jsonl is no golden file"):
        shelf.of(checked(**V1)).told()


def test_a_golden_file_is_never_written_again(shelf: Shelf) -> None:
    """E02: not even with the same content."""
    shelf.of(checked(**V1)).kept()
    (golden,) = read_all(shelf.directory)[NAME]

    with pytest.raises(FileExistsError):
        golden.add(shelf.directory)


# --- shapes


class Dot(Record):
    x: int


class Line(Record, tag="line"):
    start: Dot
    end: Dot | None = None


class Square(Record, tag="square"):
    side: Annotated[float, msgspec.Meta(gt=0)]


class Leaf(Record):
    n: int = 0
    inside: "Leaf | None" = None


class Twig(Record):
    """As Leaf, under another name."""

    n: int = 0
    inside: "Twig | None" = None


class Titled(Record):
    """As Dot, under another name."""

    x: int


def limited(**limits: Any) -> object:  # noqa: ANN401 - as Meta
    return Annotated[int, msgspec.Meta(**limits)]


def pair(of: Any) -> object:  # noqa: ANN401 - a type
    return tuple[of, int]


def many(of: Any, **limits: Any) -> object:  # noqa: ANN401 - a type, and as Meta
    return Annotated[tuple[of, ...], msgspec.Meta(**limits)]


@pytest.mark.parametrize(
    ("then", "now", "told"),
    [
        (int, int | None, "without harm (`f` can also be None)"),
        (int | None, int, "since version 1: `f` can no longer be None. Change"),
        (int | str, int, "since version 1: `f` can no longer be str. Change"),
        (int, str | None, "since version 1: `f` was int and is now str | None. Change"),
        (int, limited(ge=0), "since version 1: `f` is now limited to ge=0. Change"),
        (limited(ge=0), limited(ge=1), "since version 1: `f` is now limited to ge=1. Change"),
        (limited(ge=1), limited(ge=0), "without harm (`f` is less limited (ge))"),
        (limited(le=9), limited(le=8), "since version 1: `f` is now limited to le=8. Change"),
        (limited(le=8), limited(le=9), "without harm (`f` is less limited (le))"),
        (limited(multiple_of=4), limited(multiple_of=2), "`f` is now limited to multiple_of=2"),
        (limited(multiple_of=4), int, "without harm (`f` is less limited (multiple_of))"),
        (limited(ge=0), int, "without harm"),
        (datetime, Annotated[datetime, msgspec.Meta(tz=True)], "`f` is now limited to tz=True"),
        (tuple[int, ...], tuple[str, ...], "`f[]` was int and is now str"),
        (tuple[int, ...], tuple[int, int], "`f` was tuple[int, ...] and is now tuple[int, int]"),
        (pair(int), pair(str), "`f[0]` was int and is now str"),
        (tuple[int, ...], many(int, max_length=3), "`f` is now limited to max_length=3"),
        (many(int, max_length=3), tuple[int, ...], "without harm"),
        (Dot, Titled, None),
        (Dot, int, "`f` was Dot and is now int"),
        (Line | Square, Line, "`f` can no longer be Square"),
        (Line, Line | Square, "without harm (`f` can also be Square)"),
        (Leaf, Twig, None),
        (Grade, str, "without harm (`f` can be any str)"),
        (str, Grade, "`f` was str and is now 'fine' or 'poor' or 'unknown'"),
        (Literal[1, 2], int, "without harm (`f` can be any int)"),
        (Literal[1, 2], str, "`f` was 1 or 2 and is now str"),
    ],
)
def test_a_change_of_a_field_is_told_in_words(
    shelf: Shelf, then: object, now: object, told: str | None
) -> None:
    """E01, E07, E08: what was recorded can still be read, or the version must be raised."""
    shelf.of(checked(f=then)).kept()

    said = shelf.of(checked(f=now)).told()

    if told is None:
        assert said == []
    else:
        assert len(said) == 1
        assert told in said[0]
        assert ("without harm" in said[0]) != ("since version 1" in said[0])
