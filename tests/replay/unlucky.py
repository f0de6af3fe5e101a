"""acore as a process of its own whose settings cannot be told once: the actor that asks for them fails."""

from acore.actors.files import FilesActor
from acore.events.settings import LoadSettings, SettingsFacts
from acore.runtime.edge import EdgeContext
from acore.runtime.handlers import handles
from tests.amended import run_with

ASKED_IN_VAIN = 2
"""The first time is at the start; the second, after somebody had the actor restarted."""


class UnluckyFiles(FilesActor):
    _asked = 0

    @handles
    async def tell(self, _question: LoadSettings, _io: EdgeContext) -> SettingsFacts:
        UnluckyFiles._asked += 1
        if UnluckyFiles._asked == ASKED_IN_VAIN:
            raise OSError("the disk is gone")
        return self._facts


if __name__ == "__main__":
    run_with("files", UnluckyFiles)
