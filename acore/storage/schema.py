"""The database's own shape: numbered scripts, applied once each, and whose file it is."""

from contextlib import closing
from functools import cache, partial
from pathlib import Path
from typing import ClassVar

from acore.errors import AcoreError, ExitCode, FatalError
from acore.record import Record
from acore.storage.sqlite import Connection, in_memory, statements, transact

APPLICATION_ID = 0x61636F72
"""`PRAGMA application_id` of acore's databases: "acor"."""


class NewerDatabaseError(FatalError):
    """A newer acore has changed the file's shape; writing to it could spoil it."""

    exit_code: ClassVar[ExitCode] = ExitCode.DATA

    def __init__(self, path: Path, found: int, known: int) -> None:
        super().__init__(
            f"{path} has schema {found} and this acore knows {known}: install the newer acore again, "
            "or put a backup from before the upgrade in its place"
        )


class OlderDatabaseError(FatalError):
    """The file has a shape of before what is asked for."""

    exit_code: ClassVar[ExitCode] = ExitCode.DATA

    def __init__(self, path: Path, found: int, known: int) -> None:
        super().__init__(
            f"{path} has schema {found}, where there is nothing of this kind yet; this acore's has number "
            f"{known}: start acore once, which brings the file up to date"
        )


class ForeignDatabaseError(FatalError):
    """The file is a database, but not one of acore's."""

    exit_code: ClassVar[ExitCode] = ExitCode.DATA

    def __init__(self, path: Path) -> None:
        super().__init__(f"{path} is not an acore database: choose another data directory")


class MigrationsMissingError(FatalError):
    """The scripts that make the database are not where they belong."""

    def __init__(self, looked: tuple[Path, ...]) -> None:
        places = " or ".join(map(str, looked))
        super().__init__(f"no database scripts in {places}: install acore again")


class Migration(Record):
    """One numbered script."""

    number: int
    name: str
    sql: str


@cache
def migrations(series: str = "acore") -> tuple[Migration, ...]:
    """Return the scripts of one database in order.

    Args:
        series: The database's name.

    Raises:
        AcoreError: There are none, or their numbers are not 1, 2, 3 ….
    """
    package = Path(__file__).parents[1]
    # Installed, they lie in the package; in a checkout, beside it.
    places = (package / "migrations" / series, package.parent / "migrations" / series)
    paths = sorted(places[0].glob("*.sql")) or sorted(places[1].glob("*.sql"))
    if not paths:
        raise MigrationsMissingError(places)
    found = tuple(
        Migration(number=int(path.name[:4]), name=path.name, sql=path.read_text(encoding="utf-8"))
        for path in paths
    )
    if [one.number for one in found] != list(range(1, len(found) + 1)):
        raise AcoreError(f"database scripts are not numbered 1, 2, 3 …: {[one.name for one in found]}")
    return found


@cache
def tables(series: str = "acore") -> frozenset[str]:
    """Return the names of the tables that the scripts of one database make."""
    with closing(in_memory()) as connection:
        for script in migrations(series):
            _apply(connection, script)
        return _tables_of(connection)


def missing_tables(connection: Connection) -> tuple[str, ...]:
    """Return the names of the tables that a file of the newest schema should have, and has not."""
    return tuple(sorted(tables() - _tables_of(connection)))


def _tables_of(connection: Connection) -> frozenset[str]:
    rows = connection.execute("SELECT name FROM sqlite_schema WHERE type = 'table'").fetchall()
    return frozenset(name for (name,) in rows)


def schema_version(connection: Connection, path: Path) -> int:
    """Return how many scripts the file has seen; 0 for a new one.

    Raises:
        ForeignDatabaseError: It holds tables that acore did not make.
    """
    version: int = connection.execute("PRAGMA user_version").fetchone()[0]
    application: int = connection.execute("PRAGMA application_id").fetchone()[0]
    if application != APPLICATION_ID:
        if version or connection.execute("SELECT 1 FROM sqlite_schema LIMIT 1").fetchone():
            raise ForeignDatabaseError(path)
        return 0
    return version


def refuse_foreign(connection: Connection, path: Path) -> None:
    """Raise ForeignDatabaseError unless acore has made the file's tables."""
    if not schema_version(connection, path):
        raise ForeignDatabaseError(path)


def migrate(connection: Connection, path: Path, scripts: tuple[Migration, ...]) -> None:
    """Bring the file to the newest of *scripts*, each in a transaction of its own.

    A file that holds something is first copied to `<name>.before-<number>` beside it.

    Raises:
        NewerDatabaseError: It has seen more scripts than there are.
        ForeignDatabaseError: It is not acore's.
    """
    version = schema_version(connection, path)
    if version > len(scripts):
        raise NewerDatabaseError(path, version, len(scripts))
    missing = scripts[version:]
    if not missing:
        return
    if version:
        copy = path.with_name(f"{path.name}.before-{missing[0].number:04}")
        copy.unlink(missing_ok=True)
        connection.execute("VACUUM INTO ?", (str(copy),))
        copy.chmod(0o600)
    for script in missing:
        transact(connection, partial(_apply, script=script))
    # In the main file at once: a copy of it alone is then a database, if an old one.
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()


def _apply(connection: Connection, script: Migration) -> None:
    for statement in statements(script.sql):
        connection.execute(statement)
    connection.execute(f"PRAGMA user_version = {script.number:d}")
