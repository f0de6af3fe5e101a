"""FilesActor: settings are read again when somebody wants it; what is not valid changes nothing."""

from pathlib import Path

import pytest

from acore.actors.files import FilesActor, facts_of
from acore.events.base import Event
from acore.events.settings import (
    LoadSettings,
    ReloadRequested,
    SettingsFacts,
    SettingsRead,
    SettingsRefused,
    SettingsView,
)
from acore.runtime.edge import EdgeContext
from acore.runtime.handlers import handles
from acore.runtime.spec import ChildSpec
from acore.settings.load import Loaded, load
from tests.actors.house import core, house
from tests.failing import FragileConfig, Struck, fail_if


class FragileFiles(FilesActor):
    """Fails when it is struck."""

    @handles
    async def fail(self, struck: Struck, _io: EdgeContext) -> None:
        fail_if("files", struck)


class Folder:
    """An env file that a person edits."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.write("HEALTH_CHECK_INTERVAL=60\n")

    def write(self, text: str) -> None:
        self.path.write_text(text, "utf-8")

    def read(self) -> Loaded:
        return load(toml=None, env_file=self.path, environ={})

    def facts(self) -> SettingsFacts:
        return facts_of(self.read())

    def actors(self) -> tuple[ChildSpec, ...]:
        at_the_start = self.read()
        files = ChildSpec(id="files", actor=FragileFiles, start=lambda: FragileFiles(at_the_start, self.read))
        return files, *core(config=FragileConfig)


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    return Folder(tmp_path / "bot.env")


RELOAD: Event = ReloadRequested(by="SIGHUP")


async def test_valid_settings_are_taken_with_their_source(tmp_path: Path, folder: Folder) -> None:
    async with house(tmp_path, *folder.actors()) as home:
        folder.write("HEALTH_CHECK_INTERVAL=30\nADMIN_USERS=5,6\n")

        await home.tell(RELOAD)

        facts = home.view(SettingsView).facts
        assert (facts.health_check_interval, facts.admin_users) == (30, (5, 6))
        shown = {one.key: (one.value, one.source) for one in facts.settings}
        assert shown["ADMIN_USERS"] == ("5,6", str(folder.path))
        assert shown["LOG_LEVEL"] == ("INFO", "default")
        assert await home.ask(LoadSettings()) == facts


async def test_settings_that_are_not_valid_are_refused_with_every_problem(
    tmp_path: Path, folder: Folder
) -> None:
    async with house(tmp_path, *folder.actors()) as home:
        before = home.view(SettingsView)
        folder.write("HEALTH_CHECK_INTERVAL=soon\nCPU_WARNING_THRESHOLD=400\n")

        await home.tell(RELOAD)

        (refused,) = await home.told(SettingsRefused)
        assert len(refused.problems) == 2
        assert any(one.startswith("HEALTH_CHECK_INTERVAL=") and "soon" in one for one in refused.problems)
        assert any(one.startswith("CPU_WARNING_THRESHOLD=") and "400" in one for one in refused.problems)
        assert home.view(SettingsView) == before
        assert await home.ask(LoadSettings()) == before.facts
        assert await home.told(SettingsRead) == []


async def test_what_was_read_last_stays_in_force_when_both_actors_crash(
    tmp_path: Path, folder: Folder
) -> None:
    async with house(tmp_path, *folder.actors()) as home:
        folder.write("HEALTH_CHECK_INTERVAL=30\n")
        await home.tell(RELOAD)
        read = home.view(SettingsView).facts
        folder.write("HEALTH_CHECK_INTERVAL=nonsense\n")

        await home.tell(Struck(actor="files"))
        await home.clock.advance(1)
        await home.tell(Struck(actor="config"))
        await home.clock.advance(1)

        assert len(home.runs["files"]) == len(home.runs["config"]) == 2
        assert home.view(SettingsView).facts == read


async def test_a_token_leaves_it_as_a_fingerprint_alone(tmp_path: Path, folder: Folder) -> None:
    async with house(tmp_path, *folder.actors()) as home:
        folder.write("DISCORD_TOKEN=MTIz.top.secret\n")

        await home.tell(RELOAD)

        assert home.view(SettingsView).facts.revision == folder.facts().revision
        assert not [row for row in await home.rows() if "MTIz.top" in row.payload]
