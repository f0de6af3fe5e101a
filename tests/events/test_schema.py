"""Old journals: what was recorded by an older acore, and by a newer one, read by this one."""

from collections.abc import Callable, Mapping
from enum import StrEnum
from typing import Any, Literal

import msgspec
import pytest

from acore.events.base import Command, Event, Message
from acore.events.catalog import Catalog, CatalogError
from acore.events.upcast import Recorded, UnknownMessageError, UnreadableMessageError, Upcaster
from acore.record import Record


class Grade(StrEnum):
    FINE = "fine"
    POOR = "poor"


class Measured(Event):
    """The disk was measured."""

    used: int
    unit: str = "percent"


class Marked(Event):
    """The disk got a grade."""

    grade: Grade
    mood: Literal["calm", "tense"] = "calm"


class Usage(Record):
    used: int


class GetUsage(Command[Usage]):
    """How full is the disk?"""

    disk: str


def registered(
    cls: type[Message] = Measured, *, version: int = 1, upcasters: Mapping[int, Upcaster] | None = None
) -> Catalog:
    catalog = Catalog()
    catalog.register(cls, "disk.measured", version=version, upcasters=upcasters or {})
    return catalog


def test_a_field_that_was_added_has_its_default_in_old_messages() -> None:
    """E01."""
    assert registered().decode("disk.measured", 1, b'{"used":7}') == Measured(used=7, unit="percent")


def test_a_required_field_that_was_added_makes_old_messages_unreadable_by_name() -> None:
    """E02."""
    with pytest.raises(
        UnreadableMessageError,
        match=r"cannot read a recorded disk\.measured of version 1: .*missing required field `used`",
    ):
        registered().decode("disk.measured", 1, b"{}")


def test_a_required_field_that_was_added_comes_from_the_upcaster() -> None:
    """E02: with the version raised."""
    catalog = registered(version=2, upcasters={1: lambda old: {**old, "used": 0}})

    assert catalog.decode("disk.measured", 1, b"{}") == Measured(used=0)
    with pytest.raises(UnreadableMessageError, match=r"of version 2: .*missing required field"):
        catalog.decode("disk.measured", 2, b"{}")


def test_a_field_that_was_removed_is_passed_over() -> None:
    """E03."""
    assert registered().decode("disk.measured", 1, b'{"used":7,"gone":[{}]}') == Measured(used=7)


def test_a_field_that_is_called_otherwise_here_keeps_its_name_in_the_journal() -> None:
    """E04: the old name is the one that travels."""

    class Renamed(Event):
        """The disk was measured."""

        share: int = msgspec.field(name="used")

    catalog = registered(Renamed)

    assert catalog.decode("disk.measured", 1, b'{"used":7}') == Renamed(share=7)
    assert catalog.encode(Renamed(share=8)) == b'{"used":8}'


def test_a_class_may_rename_all_its_fields_for_the_journal() -> None:
    """E04."""

    class Camel(Event, rename="camel"):
        """The disk was measured."""

        used_share: int

    catalog = registered(Camel)

    assert catalog.decode("disk.measured", 1, b'{"usedShare":7}') == Camel(used_share=7)
    with pytest.raises(UnreadableMessageError, match="usedShare"):
        catalog.decode("disk.measured", 1, b'{"used_share":7}')


def test_both_names_of_a_field_are_read_with_an_upcaster() -> None:
    """E04."""
    catalog = registered(version=2, upcasters={1: lambda old: {"used": old["share"]}})

    assert catalog.decode("disk.measured", 1, b'{"share":7}') == Measured(used=7)
    assert catalog.decode("disk.measured", 2, b'{"used":7}') == Measured(used=7)


def test_a_message_that_is_called_otherwise_is_read_under_its_old_names() -> None:
    """E05: new ones are written under the new name."""
    catalog = Catalog()
    catalog.register(Measured, "disk.measured", formerly=("disk.checked", "drive.checked"))

    for name in ("disk.measured", "disk.checked", "drive.checked"):
        assert catalog.decode(name, 1, b'{"used":7}') == Measured(used=7)
    assert catalog.of(Measured).name == "disk.measured"
    assert len(list(catalog)) == 1


def test_an_old_name_goes_through_the_same_upcasters() -> None:
    """E05, E07."""
    catalog = Catalog()
    catalog.register(
        Measured, "disk.measured", version=2, formerly=("disk.checked",), upcasters={1: percent_of_share}
    )

    assert catalog.decode("disk.checked", 1, b'{"share":0.5}') == Measured(used=50)
    assert catalog.decode("disk.checked", 2, b'{"used":50}') == Measured(used=50)


def test_what_is_unknown_is_named_and_its_payload_is_left_alone() -> None:
    """E06: no matter what it holds."""
    catalog = registered()

    assert catalog.knows("disk.measured", 1)
    assert not catalog.knows("disk.melted", 1)
    with pytest.raises(
        UnknownMessageError, match=r"a recorded disk\.melted of version 3: no such message is known"
    ):
        catalog.read("disk.melted", 3, b"\xff not even JSON")


def percent_of_share(old: dict[str, Any]) -> dict[str, Any]:
    return {"used": round(old.pop("share") * 100)}


def name_the_unit(old: dict[str, Any]) -> dict[str, Any]:
    return {**old, "unit": "of a hundred"}


def test_upcasters_run_one_after_the_other() -> None:
    """E07: from the version that was recorded to that of today."""
    catalog = registered(version=3, upcasters={2: name_the_unit, 1: percent_of_share})

    assert catalog.decode("disk.measured", 1, b'{"share":0.25}') == Measured(used=25, unit="of a hundred")
    assert catalog.decode("disk.measured", 2, b'{"used":25}') == Measured(used=25, unit="of a hundred")
    assert catalog.decode("disk.measured", 3, b'{"used":25}') == Measured(used=25)


def test_a_changed_type_is_not_guessed() -> None:
    """E07."""
    with pytest.raises(UnreadableMessageError, match=r"Expected `int`, got `str` - at `\$\.used`"):
        registered().decode("disk.measured", 1, b'{"used":"7"}')


@pytest.mark.parametrize("payload", [b'{"grade":"awful"}', b'{"grade":"fine","mood":"furious"}'])
def test_a_removed_row_of_an_enum_needs_an_upcaster(payload: bytes) -> None:
    """E08: also of a literal."""
    with pytest.raises(UnreadableMessageError, match=r"Invalid enum value '(awful|furious)'"):
        registered(Marked).decode("disk.measured", 1, payload)

    def soften(old: dict[str, Any]) -> dict[str, Any]:
        grade = "poor" if old["grade"] == "awful" else old["grade"]
        return {"grade": grade, "mood": "tense" if old.get("mood") == "furious" else "calm"}

    catalog = registered(Marked, version=2, upcasters={1: soften})

    assert isinstance(catalog.decode("disk.measured", 1, payload), Marked)


def split(old: dict[str, Any]) -> tuple[Recorded, ...]:
    return tuple(Recorded(name="disk.measured", version=1, payload={"used": used}) for used in old["all"])


def test_a_message_that_was_split_is_read_as_all_that_became_of_it() -> None:
    """E09: 0, 1 or several, each brought up from the version it was made as."""
    catalog = Catalog()
    catalog.register(Measured, "disk.measured", version=2, upcasters={1: name_the_unit})
    catalog.retire("disks.measured", version=1, upcasters={1: split})

    two = catalog.read("disks.measured", 1, b'{"all":[1,2]}')

    assert two == (Measured(used=1, unit="of a hundred"), Measured(used=2, unit="of a hundred"))
    assert catalog.read("disks.measured", 1, b'{"all":[]}') == ()
    assert catalog.decode("disks.measured", 1, b'{"all":[3]}') == Measured(used=3, unit="of a hundred")
    with pytest.raises(
        UnreadableMessageError, match=r"disks\.measured of version 1: it has become 2 messages"
    ):
        catalog.decode("disks.measured", 1, b'{"all":[1,2]}')


def test_a_message_may_be_split_and_go_on() -> None:
    """E09: an older version of a message became others too."""
    catalog = Catalog()
    catalog.register(Marked, "disk.marked")

    def part(old: dict[str, Any]) -> tuple[Recorded, ...]:
        return (
            Recorded(name="disk.marked", version=1, payload={"grade": old["grade"]}),
            Recorded(name="disk.measured", version=2, payload={"used": old["used"]}),
        )

    catalog.register(Measured, "disk.measured", version=2, upcasters={1: part})

    assert catalog.read("disk.measured", 1, b'{"used":7,"grade":"poor"}') == (
        Marked(grade=Grade.POOR),
        Measured(used=7),
    )


def test_a_retired_message_is_passed_over_without_being_decoded() -> None:
    """E09."""
    catalog = Catalog()
    catalog.retire("disk.licked", version=2)

    assert catalog.knows("disk.licked", 2)
    assert catalog.read("disk.licked", 1, b"\xff not even JSON") == ()
    assert catalog.named("disk.licked") is None
    with pytest.raises(UnreadableMessageError, match="it has become 0 messages"):
        catalog.decode("disk.licked", 1, b"{}")
    with pytest.raises(UnknownMessageError, match="of version 3: this acore knows version 2"):
        catalog.read("disk.licked", 3, b"{}")


@pytest.mark.parametrize("version", [0, -1, 3])
def test_what_a_newer_acore_wrote_is_refused(version: int) -> None:
    """E10: the error names both versions."""
    catalog = registered(version=2, upcasters={1: percent_of_share})

    assert not catalog.knows("disk.measured", version)
    with pytest.raises(
        UnknownMessageError, match=rf"disk\.measured of version {version}: this acore knows version 2"
    ):
        catalog.decode("disk.measured", version, b'{"used":7}')


def test_what_is_of_this_version_is_read_without_looking_at_the_older_ones() -> None:
    """E07: what is written today costs nothing more."""

    def never(_old: object) -> object:
        raise AssertionError

    catalog = registered(version=2, upcasters={1: never})
    catalog._lineages = None  # pyright: ignore[reportAttributeAccessIssue] - nothing may look there

    assert catalog.decode("disk.measured", 2, b'{"used":7,"news":1}') == Measured(used=7)


def test_a_reply_has_upcasters_of_its_own() -> None:
    """E07: one number counts for the command and its reply."""
    catalog = Catalog()
    catalog.register(
        GetUsage,
        "disk.get",
        version=3,
        formerly=("disk.ask",),
        upcasters={2: lambda old: {"disk": old["name"]}},
        reply_upcasters={1: lambda old: [old], 2: lambda old: {"used": old[0]}},
    )

    assert catalog.decode("disk.get", 1, b'{"name":"/"}') == GetUsage(disk="/")
    assert catalog.decode_reply("disk.get", b"7", version=1) == Usage(used=7)
    assert catalog.decode_reply("disk.ask", b"[7]", version=2) == Usage(used=7)
    assert catalog.decode_reply("disk.get", b'{"used":7}', version=3) == Usage(used=7)
    assert catalog.decode_reply("disk.get", b'{"used":7}') == Usage(used=7)
    with pytest.raises(UnknownMessageError, match="of version 4: this acore knows version 3"):
        catalog.decode_reply("disk.get", b'{"used":7}', version=4)
    with pytest.raises(UnreadableMessageError, match=r"disk\.get of version 3: Expected `object`, got `int`"):
        catalog.decode_reply("disk.get", b"7")
    with pytest.raises(UnknownMessageError, match=r"disk\.got"):
        catalog.decode_reply("disk.got", b"7")


def fails(old: dict[str, Any]) -> object:
    return old["missing"]


def gives_a_set(_old: object) -> object:
    return {"used": {object()}}


def gives_a_tuple(old: object) -> object:
    return (old,)


def gives_a_text(_old: object) -> object:
    return {"used": "much"}


def goes_in_a_circle(_old: object) -> object:
    return (Recorded(name="disk.measured", version=1, payload={}),)


@pytest.mark.parametrize(
    ("upcaster", "why"),
    [
        (fails, r"its upcaster from version 1 failed with KeyError\('missing'\)"),
        (gives_a_set, "an upcaster failed: Encoding objects of type object"),
        (gives_a_tuple, r"its upcaster from version 1 returned \{.*\} in a tuple, which is not Recorded"),
        (goes_in_a_circle, "its upcasters lead back to it"),
        (gives_a_text, "Expected `int`, got `str`"),
    ],
)
def test_an_upcaster_that_fails_is_named(upcaster: Upcaster, why: str) -> None:
    """E07: whoever lists or replays the journal gets one kind of error."""
    catalog = registered(version=2, upcasters={1: upcaster})

    with pytest.raises(
        UnreadableMessageError, match=rf"a recorded disk\.measured of version [12]: .*{why}"
    ) as caught:
        catalog.read("disk.measured", 1, b'{"n":1}')
    assert not isinstance(caught.value, UnknownMessageError)


def test_a_retired_message_that_leads_nowhere_is_named() -> None:
    """E09."""
    catalog = Catalog()
    catalog.retire("disk.licked", version=1, upcasters={1: name_the_unit})

    with pytest.raises(UnreadableMessageError, match="from version 1, must return a tuple of Recorded"):
        catalog.read("disk.licked", 1, b"{}")


def test_a_payload_that_is_no_json_is_named() -> None:
    """E06, E07: also on its way to an upcaster."""
    for version in (1, 2):
        with pytest.raises(UnreadableMessageError, match=f"of version {version}: JSON is malformed"):
            registered(version=2, upcasters={1: name_the_unit}).read("disk.measured", version, b"{nothing")


# --- contradictions


def unchanged(old: object) -> object:
    return old


def other() -> type[Event]:
    class Other(Event):
        """Another one."""

    return Other


@pytest.mark.parametrize(
    ("declare", "why"),
    [
        (lambda: registered(version=2), "Measured: version 2 needs an upcaster from version 1"),
        (
            lambda: registered(version=4, upcasters={1: unchanged, 3: unchanged}),
            "Measured: version 4 needs an upcaster from version 2",
        ),
        (
            lambda: registered(version=2, upcasters={1: unchanged, 2: unchanged}),
            "Measured: an upcaster from version 2 leads nowhere: the version is 2; raise it",
        ),
        (
            lambda: registered(upcasters={0: unchanged}),
            "Measured: an upcaster from version 0 leads nowhere",
        ),
        (lambda: registered(version=0), "Measured: versions begin at 1, not 0"),
        (
            lambda: registered().register(other(), "disk.new", formerly=("disk.measured",)),
            r"Other: the wire name 'disk\.measured' belongs to Measured already",
        ),
        (
            lambda: registered().retire("disk.measured", version=1),
            r"the retired disk\.measured: the wire name 'disk\.measured' belongs to Measured already",
        ),
        (
            lambda: Catalog().register(other(), "disk.new", formerly=("disk.new",)),
            r"Other: 'disk\.new' is given twice",
        ),
        (
            lambda: Catalog().register(other(), "disk.new", formerly=("Disk",)),
            "Other: 'Disk' is no wire name",
        ),
        (
            lambda: Catalog().register(other(), "disk.new", version=2, reply_upcasters={1: unchanged}),
            "Other: a command, and nothing else, has replies to upcast",
        ),
        (
            lambda: Catalog().retire("disk.old", version=2, upcasters={2: unchanged}),
            r"the retired disk\.old: version 2 needs an upcaster from version 1",
        ),
    ],
)
def test_a_contradiction_is_refused_when_it_is_declared(declare: Callable[[], object], why: str) -> None:
    """E05, E07, E09, B26: at import, with the name of the class."""
    with pytest.raises(CatalogError, match=why):
        declare()


def test_a_retired_name_is_never_given_again() -> None:
    """E09: an old journal would be read as something else."""
    catalog = Catalog()
    catalog.retire("disk.measured", version=1)

    with pytest.raises(CatalogError, match=r"'disk\.measured' was retired, and old journals use it"):
        catalog.register(Measured, "disk.measured")
    with pytest.raises(CatalogError, match=r"'disk\.measured' was retired"):
        catalog.retire("disk.measured", version=1)


def test_a_class_that_was_refused_leaves_nothing_behind() -> None:
    """B26."""
    catalog = Catalog()
    with pytest.raises(CatalogError):
        catalog.register(Measured, "disk.measured", version=2)

    catalog.register(Measured, "disk.measured")

    assert catalog.decode("disk.measured", 1, b'{"used":7}') == Measured(used=7)
