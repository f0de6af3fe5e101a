"""What a sandbox knows outlives it in a file, whole, and a file that is of no use is left alone."""

import dataclasses
import importlib
import inspect
import pkgutil
import stat
from pathlib import Path
from typing import Any

import msgspec
import nextcord  # noqa: TID251 - a real bot is what the sandbox is for
import pytest

import acore.sandbox.state
from acore.sandbox import KeptFileError, Sandbox
from acore.sandbox.api.requests import Exchange
from acore.sandbox.api.table import House
from acore.sandbox.messages.files import Upload
from acore.sandbox.permissions.rules import Permission
from acore.sandbox.state import keeping
from acore.sandbox.state.fieldkinds import NotKeptError, kind_of
from acore.sandbox.state.snapshots import LAYOUTS, NOT_KEPT, Restored, Snapshot
from tests.e2e.bot import left_in
from tests.sandbox.conftest import NewBot, NewPerson, Pretend, Running
from tests.sandbox.state.graphs import record, shown

NOT_STATE = {"gateway", "interactions"}
"""What answers requests and is about those who are connected, who are not when a sandbox starts."""


class Shelf:
    """Holds records as a root does."""

    def __init__(self) -> None:
        self.things: dict[str, object] = {}


def kept_and_given_back(path: Path, root: object, empty: object, name: str = "root") -> None:
    keeping.write(path, Snapshot({name: root}))
    kept = keeping.read(path)
    assert kept is not None
    kept.fill(name, empty)


@pytest.mark.parametrize("name", sorted(LAYOUTS))
def test_every_field_of_every_record_is_kept(tmp_path: Path, name: str) -> None:
    shelf, again = Shelf(), Shelf()
    shelf.things = {"one": record(name)}

    kept_and_given_back(tmp_path / "kept", shelf, again)

    assert shown(shelf.things) == shown(again.things)


def test_every_record_type_of_the_state_is_known() -> None:
    modules = [name for _, name, _ in pkgutil.iter_modules(acore.sandbox.state.__path__)]
    unkept = {"audience", "fieldkinds", "plans", "seeding", "worldfile", "snapshots", "keeping", "tables"}
    found: set[str] = set()
    for name in modules:
        if name not in unkept:
            module = importlib.import_module(f"acore.sandbox.state.{name}")
            classes = inspect.getmembers(module, inspect.isclass)
            own = [(called, one) for called, one in classes if one.__module__ == module.__name__]
            found |= {called for called, one in own if dataclasses.is_dataclass(one)}

    assert {"User", "Message", "Webhook", "Application"} <= found
    assert found - LAYOUTS.keys() - {"Hand"} == set()


async def test_everything_a_running_sandbox_holds_is_kept_or_known_not_to_be(tmp_path: Path) -> None:
    async with Sandbox(keep=tmp_path / "kept") as sandbox:
        roots = sandbox.kept_roots()

        Snapshot(roots)
        fields = {one.name for one in dataclasses.fields(House)}
        assert fields - roots.keys() - NOT_STATE == set(), "another holder of state: keep it, or say why not"
        attributes = {f"{name}.{key}" for name, root in roots.items() for key in vars(root)}
        assert attributes >= NOT_KEPT, "nothing is named that does not exist"


def test_what_refers_to_one_record_in_two_places_still_does(tmp_path: Path) -> None:
    world, again = Sandbox().world, Sandbox(keep=None).world
    message = record("Message")
    message.author, message.replies_to = world.owner, message  # also to itself
    world.channel.messages[message.id] = message

    kept_and_given_back(tmp_path / "kept", world, again, "world")

    kept = again.channel.messages[message.id]
    assert kept.author is again.owner
    assert kept.author is again.users[world.owner.id]
    assert kept.author is again.guild.members[world.owner.id].user
    assert kept.replies_to is kept
    assert again.channel is again.guild.channels[world.channel.id]
    assert again.user_of_token(world.owner.token) is again.owner


def test_thousands_of_replies_in_a_row_are_no_matter(tmp_path: Path) -> None:
    shelf, again = Shelf(), Shelf()
    newest = record("Message")
    for number in range(5000):
        newest = dataclasses.replace(newest, id=str(number), replies_to=newest)
    shelf.things = {"newest": newest}

    kept_and_given_back(tmp_path / "kept", shelf, again)

    found: Any = again.things["newest"]
    for number in reversed(range(5000)):
        assert found.id == str(number)
        found = found.replies_to


def test_a_snapshot_is_of_one_moment() -> None:
    shelf, again = Shelf(), Shelf()
    channel = record("Channel")
    quiet = dataclasses.replace(channel, messages={}, extra={})
    shelf.things = {"channel": channel, "quiet": quiet}
    before = dataclasses.replace(channel, messages=dict(channel.messages), extra=dict(channel.extra))

    snapshot = Snapshot({"root": shelf})
    channel.name, channel.topic = "other", "other"
    channel.extra["more"] = 1
    quiet.extra["more"] = 1
    quiet.messages.update(channel.messages)
    channel.messages.clear()
    roots, *rows = [
        msgspec.json.decode(msgspec.json.encode(one)) for one in (snapshot.roots, *snapshot.rows())
    ]
    Restored(roots, rows).fill("root", again)

    assert shown(before) == shown(again.things["channel"])
    found: Any = again.things["quiet"]
    assert (found.messages, found.extra) == ({}, {})


def test_a_type_that_nobody_knows_how_to_keep_is_refused_at_once() -> None:
    with pytest.raises(NotKeptError, match=r"Thing\.x has the type"):
        kind_of(Shelf, "Thing.x")
    shelf = Shelf()
    shelf.things = {"one": object()}
    with pytest.raises(NotKeptError, match=r"root\.things has the type <class 'object'>"):
        Snapshot({"root": shelf})


async def test_a_bot_finds_everything_again_after_a_restart_and_registers_nothing(
    tmp_path: Path, pretend: Pretend, new_bot: NewBot, running: Running, person: NewPerson
) -> None:
    file = tmp_path / "kept"

    def bot() -> Any:  # noqa: ANN401 - the fixture's own type
        made = new_bot()

        @made.slash_command(name="greet", description="Greets.")
        async def greet(  # pyright: ignore[reportUnusedFunction] - nextcord keeps it
            interaction: nextcord.Interaction[Any], who: str = nextcord.SlashOption(description="Whom.")
        ) -> None:
            await interaction.response.send_message(f"Hello {who}")

        return made

    async with Sandbox(keep=file) as sandbox:
        pretend(sandbox)
        role = sandbox.world.add_role("Helpers", permission_bits=int(Permission.MANAGE_MESSAGES))
        sandbox.world.give_role(sandbox.world.member, role)
        async with running(sandbox, bot()), person(sandbox, "member") as member:
            assert (await member.invoke("greet", {"who": "you"}))["content"] == "Hello you"
            said = await member.say("kept")
        first = (sandbox.bot_token, sandbox.guild_id, sandbox.world.owner.token)

    asked: list[Exchange] = []
    async with Sandbox(keep=file, observe=asked.append) as sandbox:
        pretend(sandbox)
        assert (sandbox.bot_token, sandbox.guild_id, sandbox.world.owner.token) == first
        assert sandbox.world.guild.roles[role.id].name == "Helpers"
        async with running(sandbox, bot()), person(sandbox, "member") as member:
            assert [one["content"] for one in await member.messages()] == ["kept", "Hello you"]
            assert (await member.invoke("greet", {"who": "again"}))["content"] == "Hello again"
            assert int((await member.say("later"))["id"]) > int(said["id"])
        assert role.id in sandbox.world.guild.members[sandbox.world.member.id].role_ids
    commands = {one.operation for one in asked if one.operation.endswith("/commands")}
    assert commands == {"GET /applications/{application_id}/commands"}


async def test_files_that_were_sent_are_kept(tmp_path: Path) -> None:
    file = tmp_path / "kept"
    async with Sandbox(keep=file) as sandbox:
        upload = Upload("files[0]", "notes.txt", "text/plain", b"\x00kept")
        attachment = sandbox.messages.keep(sandbox.channel_id, upload)
    async with Sandbox(keep=file) as sandbox:
        found = sandbox.messages.attachment(attachment.id)

    assert found is not None
    assert found.data == attachment.data


async def test_after_a_restart_a_seed_repeats_no_token(tmp_path: Path) -> None:
    tokens: list[str] = []
    for _ in range(3):
        async with Sandbox(keep=tmp_path / "kept", seed=5) as sandbox:
            tokens.append(sandbox.world.add_user(f"user{len(tokens)}").token)
            everybody = [one.token for one in sandbox.world.users.values()]
            assert len(set(everybody)) == len(everybody) == 3 + len(tokens)


async def test_only_its_owner_may_read_the_file(tmp_path: Path) -> None:
    async with Sandbox(keep=tmp_path / "kept"):
        pass

    assert stat.S_IMODE((tmp_path / "kept").stat().st_mode) == 0o600
    assert left_in(tmp_path) == ["kept"]


async def test_what_is_kept_outweighs_a_world_file(tmp_path: Path) -> None:
    world = tmp_path / "world.toml"
    world.write_text('[[guilds]]\nname = "From the file"\n')
    async with Sandbox(keep=tmp_path / "kept", world_file=world) as sandbox:
        sandbox.world.guild.name = "Changed since"
    async with Sandbox(keep=tmp_path / "kept", world_file=world) as sandbox:
        assert sandbox.world.guild.name == "Changed since"


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"", "this is no kept state of a sandbox, or it is damaged"),
        (b"\x00\xff\x00", "this is no kept state of a sandbox, or it is damaged"),
        (
            b'{"kind": "something else", "format": 1, "records": 0}\n{}\n',
            "this is no kept state of a sandbox",
        ),
        (
            b'{"kind": "acore sandbox", "format": 2, "records": 0}\n{}\n',
            "it was written by another acore (format 2, this one reads 1)",
        ),
        (b'{"kind": "acore sandbox", "format": 1, "records": 0}\n{}\n', "what it is about is missing"),
        (b'{"kind": "acore sandbox", "format": 1, "records": 3}\n{}\n', "not all of its 3 records are there"),
        (
            b'{"kind": "acore sandbox", "format": 1, "records": 1}\n{}\n{"is": "Nothing", "has": {}}\n',
            "there is no record Nothing",
        ),
        (
            b'{"kind": "acore sandbox", "format": 1, "records": 1}\n{}\n{"is": "Ban", "has": {"user": 4}}\n',
            "there is no record number 4",
        ),
        (
            b'{"kind": "acore sandbox", "format": 1, "records": 1}\n{}\n{"is": "Role", "has": {"id": "1"}}\n',
            "Role lacks name",
        ),
        (
            b'{"kind": "acore sandbox", "format": 1, "records": 1}\n{}\n{"is": "Ban", "has": {"why": "x"}}\n',
            "Ban has no field why",
        ),
    ],
)
def test_a_file_that_is_of_no_use_is_refused_and_left_as_it_was(
    tmp_path: Path, content: bytes, why: str
) -> None:
    file = tmp_path / "kept"
    file.write_bytes(content)

    with pytest.raises(KeptFileError) as caught:
        Sandbox(keep=file)

    assert str(caught.value).startswith(f"{file}: ")
    assert why in str(caught.value)
    assert "--keep" in str(caught.value)
    assert file.read_bytes() == content
    assert left_in(tmp_path) == ["kept"]


async def test_a_stop_that_cannot_keep_says_so(tmp_path: Path) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    sandbox = Sandbox(keep=folder / "kept")
    await sandbox.start()
    (folder / "kept").unlink(missing_ok=True)
    folder.rename(tmp_path / "moved")

    with pytest.raises(FileNotFoundError):
        await sandbox.stop()


async def test_a_second_sandbox_does_not_write_over_what_the_first_keeps(tmp_path: Path) -> None:
    file, link = tmp_path / "kept", tmp_path / "link"
    link.symlink_to(file)
    async with Sandbox(keep=file) as first:
        for name in (file, link):
            with pytest.raises(KeptFileError, match="another sandbox keeps its state there; name another"):
                Sandbox(keep=name)
        first.world.guild.name = "Changed since"
    async with Sandbox(keep=link) as sandbox:
        assert sandbox.world.guild.name == "Changed since"

    assert link.is_symlink()
    assert left_in(tmp_path) == ["kept", "link"]


async def test_one_that_was_stopped_and_starts_again_must_have_its_file_for_itself(tmp_path: Path) -> None:
    async with Sandbox(keep=tmp_path / "kept") as sandbox:
        pass
    async with Sandbox(keep=tmp_path / "kept"):
        with pytest.raises(KeptFileError, match="another sandbox keeps its state there"):
            await sandbox.start()
    async with sandbox:
        with pytest.raises(KeptFileError, match="another sandbox keeps its state there"):
            Sandbox(keep=tmp_path / "kept")

    assert left_in(tmp_path) == ["kept"]


async def test_what_a_sandbox_that_was_killed_left_is_in_nobodys_way(tmp_path: Path) -> None:
    (tmp_path / ".kept.lock").touch()
    (tmp_path / ".kept.new").write_bytes(b"half")
    async with Sandbox(keep=tmp_path / "kept"):
        pass

    assert left_in(tmp_path) == ["kept"]


def test_a_folder_that_is_not_there_is_said_at_once(tmp_path: Path) -> None:
    with pytest.raises(
        KeptFileError, match="there is no such folder; name another file with --keep, or make"
    ):
        Sandbox(keep=tmp_path / "nowhere" / "kept")
