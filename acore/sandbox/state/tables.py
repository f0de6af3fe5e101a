"""Reading the tables of a TOML file so that whoever wrote it learns of every mistake at once."""

import difflib
from collections.abc import Iterable
from pathlib import Path

from acore.sandbox.shapes import Json, as_list, as_object

LONGEST_SHOWN = 60


class WorldFileError(Exception):
    """A world file cannot be used.

    Args:
        path: the file.
        problems: a sentence each, with table, key and value, and what to write instead.
    """

    def __init__(self, path: Path, problems: Iterable[str]) -> None:
        self.path = path
        self.problems = tuple(problems)
        super().__init__("\n".join(f"{path}: {one}" for one in self.problems))


class Table:
    """One table of the file; what is wrong with it is noted, and reading goes on.

    Args:
        values: what the file says.
        name: where it stands, e.g. "guilds[1].roles[2]", counted from 1.
        problems: gets a sentence for each mistake.
    """

    def __init__(self, values: Json, name: str, problems: list[str]) -> None:
        self._values = values
        self._known: set[str] = set()
        self.name = name
        self.problems = problems

    def has(self, key: str) -> bool:
        """Return whether the file gives *key*."""
        self._known.add(key)
        return key in self._values

    def value(self, key: str) -> object:
        """Return what the file gives for *key*."""
        self._known.add(key)
        return self._values.get(key)

    def wrong(self, key: str, remedy: str) -> None:
        """Note that the value of *key* is of no use; *remedy* says what to write."""
        shown = repr(self._values.get(key))
        shown = shown if len(shown) <= LONGEST_SHOWN else f"{shown[:LONGEST_SHOWN]}…"
        place = f"[{self.name}] {key}" if self.name else key
        self.problems.append(f"{place} = {shown}: {remedy}")

    def text(self, key: str, *, longest: int = 100) -> str | None:
        """Return a text that is not empty, if there is one."""
        value = self.value(key)
        if value is None:
            return None
        if isinstance(value, str) and 1 <= len(value) <= longest:
            return value
        self.wrong(key, f'write a text of 1 to {longest} characters, e.g. "general"')
        return None

    def required(self, key: str, *, longest: int = 100) -> str:
        """Return a text that must be there."""
        if not self.has(key):
            self.problems.append(f'[{self.name}]: {key} is missing; add {key} = "…"')
        return self.text(key, longest=longest) or ""

    def flag(self, key: str) -> bool:
        """Return true or false; false where nothing is said."""
        value = self.value(key)
        if value is not None and not isinstance(value, bool):
            self.wrong(key, "write true or false")
        return value is True

    def number(self, key: str, default: int, *, least: int, most: int) -> int:
        """Return a whole number within bounds."""
        value = self.value(key)
        if value is None:
            return default
        if isinstance(value, int) and not isinstance(value, bool) and least <= value <= most:
            return value
        self.wrong(key, f"write a whole number from {least} to {most}")
        return default

    def choice[T](self, key: str, choices: dict[str, T], default: T) -> T:
        """Return what one of a few words stands for."""
        value = self.value(key)
        if value is None:
            return default
        if isinstance(value, str) and value in choices:
            return choices[value]
        self.wrong(key, self._instead(str(value), choices))
        return default

    def bits(self, key: str, names: dict[str, int], default: int) -> int:
        """Return flags given as one number, or as a list of names and numbers."""
        value = self.value(key)
        if value is None:
            return default
        bits, listed = 0, as_list(value)
        for one in listed if isinstance(value, list) else [value]:
            if isinstance(one, int) and not isinstance(one, bool) and one >= 0:
                bits |= one
            elif isinstance(one, str) and one in names:
                bits |= names[one]
            else:
                self.wrong(key, f"{one!r} is none; {self._instead(str(one), names)}")
        return bits

    def texts(self, key: str) -> tuple[str, ...] | None:
        """Return a list of texts, if there is one."""
        value = self.value(key)
        if value is None:
            return None
        listed = as_list(value)
        if not isinstance(value, list) or not all(isinstance(one, str) for one in listed):
            self.wrong(key, 'write a list of names, e.g. ["owner", "member"]')
            return ()
        return tuple(listed)

    def tables(self, key: str) -> "list[Table]":
        """Return the tables of an array, none if it is missing."""
        value = self.value(key)
        if value is None:
            return []
        inner = f"{self.name}.{key}" if self.name else key
        found = as_list(value)
        if not isinstance(value, list) or not all(isinstance(one, dict) for one in found):
            self.wrong(key, f"write a table each, under [[{_without_numbers(inner)}]] or as {{…}} in a list")
            return []
        return [
            Table(as_object(one), f"{inner}[{number}]", self.problems) for number, one in enumerate(found, 1)
        ]

    def object(self, key: str) -> Json:
        """Return a table as it stands."""
        value = self.value(key)
        found = as_object(value)
        if value is not None and not isinstance(value, dict):
            self.wrong(key, "write a table, e.g. { verification_level = 1 }")
        return found

    def finish(self) -> None:
        """Note every key that nobody asked for."""
        for key in self._values:
            if key not in self._known:
                place = f"[{self.name}]: " if self.name else ""
                self.problems.append(f"{place}there is no key {key}; {self._instead(key, self._known)}")

    def _instead(self, wrong: str, choices: Iterable[str]) -> str:
        close = difflib.get_close_matches(wrong, list(choices), n=1)
        return f"did you mean {close[0]}?" if close else f"there are {', '.join(sorted(choices))}"


def _without_numbers(name: str) -> str:
    return ".".join(part.partition("[")[0] for part in name.split("."))
