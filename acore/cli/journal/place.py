"""Which journal is meant: `--data` is understood before the subcommand and after it."""

from pathlib import Path

from acore.cli.run import read_settings
from acore.record import Record
from acore.storage.store import DATABASE_NAME


class Place(Record):
    """What was said before the subcommand of where the data are."""

    config: Path | None
    env_file: Path | None
    data: Path | None

    def directory(self, data: Path | None) -> Path:
        """Return the data directory.

        Args:
            data: What was said after the subcommand; it wins.

        Raises:
            SettingsError: Nothing was said, and the settings cannot be read.
        """
        given = data or self.data
        if given is not None:
            return given
        return Path(read_settings(self.config, self.env_file).settings.acore_data_dir)

    def database(self, data: Path | None) -> Path:
        """Return the database in the data directory; see `directory`."""
        return self.directory(data) / DATABASE_NAME
