"""What Discord's client sends for a command, a component or a modal."""

from collections.abc import Mapping, Sequence

from acore.sandbox.messages import components
from acore.sandbox.person.connection import SentFile
from acore.sandbox.person.feed import PersonError
from acore.sandbox.shapes import Json, as_objects

SUBCOMMANDS = (1, 2)
# Discord's documentation, "Application Command Option Type" and "Component Types".
ATTACHMENT = 11
STRING_SELECT, TEXT_INPUT = 3, 4
LABEL, FILE_UPLOAD, RADIO_GROUP, CHECKBOX_GROUP, CHECKBOX = 18, 19, 21, 22, 23
WITH_OPTIONS = frozenset({STRING_SELECT, RADIO_GROUP, CHECKBOX_GROUP})


class UnknownCommandError(PersonError):
    """There is no such command here, or this person may not use it."""

    def __init__(self, name: str, alike: Sequence[str] = (), sign: str = "/") -> None:
        meant = f"; did you mean {' or '.join(f'{sign}{one}' for one in alike)}?" if alike else ""
        super().__init__(f"there is no command {sign}{name} here{meant}")
        self.name = name


class UnknownComponentError(PersonError):
    """A message has nothing of this name to press."""

    def __init__(self, name: str, known: Sequence[str]) -> None:
        there_are = ", ".join(known) or "none"
        super().__init__(f"the message has no component {name}; there are: {there_are}")


class UnknownOptionError(PersonError):
    """A command has no option of this name."""

    def __init__(self, name: str, known: Sequence[str]) -> None:
        there_are = ", ".join(known) or "none"
        super().__init__(f"there is no option {name!r}; there are: {there_are}")


def level(declared: Json, names: Sequence[str]) -> list[Json]:
    """Return the options a command takes, below these names of group and sub-command.

    Raises:
        UnknownCommandError: it has no such sub-command.
    """
    offered = as_objects(declared.get("options"))
    for name in names:
        nested = next((one for one in offered if one["name"] == name and one["type"] in SUBCOMMANDS), None)
        if nested is None:
            alike = [f"{declared['name']} {one['name']}" for one in offered if one["type"] in SUBCOMMANDS]
            raise UnknownCommandError(" ".join([declared["name"], *names]), alike)
        offered = as_objects(nested.get("options"))
    return offered


def paths(declared: Json) -> list[tuple[str, Json]]:
    """Return what can be typed for a slash command: itself, or each sub-command."""

    def below(name: str, one: Json) -> list[tuple[str, Json]]:
        nested = [inner for inner in as_objects(one.get("options")) if inner["type"] in SUBCOMMANDS]
        if not nested:
            return [(name, one)]
        return [path for inner in nested for path in below(f"{name} {inner['name']}", inner)]

    return below(str(declared["name"]), declared)


def command_data(
    declared: Json, names: Sequence[str], options: Mapping[str, object], *, focused: str | None = None
) -> tuple[Json, list[SentFile]]:
    """Return what is sent for a slash command, its sub-commands wrapped around the options, and files.

    Args:
        declared: the command.
        names: of group and sub-command, if it has them.
        options: values by option name; a `SentFile` for an attachment.
        focused: the option being typed, in an autocomplete.

    Raises:
        UnknownCommandError: it has no such sub-command.
    """
    types = {one["name"]: one["type"] for one in level(declared, names)}
    files: list[SentFile] = []
    sent: list[Json] = []
    for name, value in options.items():
        one: Json = {"type": types.get(name, 3), "name": name, "value": value}
        if isinstance(value, SentFile):
            one |= {"type": types.get(name, ATTACHMENT), "value": str(len(files))}
            files.append(value)
        if name == focused:
            one["focused"] = True
        sent.append(one)
    for at in range(len(names), 0, -1):
        outer = next(one for one in level(declared, names[: at - 1]) if one["name"] == names[at - 1])
        sent = [{"type": outer["type"], "name": outer["name"], "options": sent}]
    data = {**_identity(declared), "options": sent}
    if files:
        data["attachments"] = listed(files)
    return data, files


def context_data(declared: Json, target_id: str) -> Json:
    """Return what is sent for a command on a user or a message."""
    return {**_identity(declared), "target_id": target_id}


def listed(files: Sequence[SentFile]) -> list[Json]:
    """Return how files that are sent along are announced, with the numbers by which they are referred to."""
    return [{"id": str(at), "filename": one.filename} for at, one in enumerate(files)]


def _identity(declared: Json) -> Json:
    return {key: declared[key] for key in ("id", "name", "type", "version")}


# -- components


def pressable(message: Json) -> list[Json]:
    """Return the buttons and selects of a message in the order they are shown, links excepted."""
    listed = components.walk(as_objects(message.get("components")))
    return [one for one in listed if one.get("custom_id")]


def component_named(message: Json, name: str) -> Json:
    """Return a message's component with this custom id, label, placeholder or number, counted from 1.

    Raises:
        UnknownComponentError: there is none.
    """
    found = pressable(message)
    for key in ("custom_id", "label", "placeholder"):
        for one in found:
            if one.get(key) == name:
                return one
    if name.isdecimal() and 1 <= int(name) <= len(found):
        return found[int(name) - 1]
    raise UnknownComponentError(name, [str(one["custom_id"]) for one in found])


# -- modals


def fields(modal: Json) -> list[Json]:
    """Return a modal's inputs, each with the label and description a person reads above it."""
    found: list[Json] = []
    for one in components.walk(as_objects(modal.get("components"))):
        inner = one.get("component")
        if one.get("type") == LABEL and isinstance(inner, dict):
            about = {key: one[key] for key in ("label", "description") if one.get(key)}
            found.append({**inner, **about})
        elif one.get("custom_id") and not any(known["custom_id"] == one["custom_id"] for known in found):
            found.append(one)
    return found


def modal_data(modal: Json, entries: Mapping[str, object]) -> tuple[Json, list[SentFile]]:
    """Return what is sent for a filled-in modal, in the modal's own layout, and files.

    Args:
        modal: as the bot shows it.
        entries: by custom id: a text, a list of values, a boolean or files; others keep their defaults.
    """
    files: list[SentFile] = []
    filled = [_filled(one, entries, files) for one in as_objects(modal.get("components"))]
    known = {one.get("custom_id") for one in components.walk(as_objects(modal.get("components")))}
    filled += [
        {"type": 1, "components": [{"type": TEXT_INPUT, "custom_id": key, "value": value}]}
        for key, value in entries.items()
        if key not in known
    ]
    data: Json = {"id": modal["id"], "custom_id": modal["custom_id"], "components": filled}
    if files:
        data["attachments"] = listed(files)
    return data, files


def _filled(component: Json, entries: Mapping[str, object], files: list[SentFile]) -> Json:
    body: Json = {key: component[key] for key in ("type", "id", "custom_id") if key in component}
    if "components" in component:
        body["components"] = [_filled(one, entries, files) for one in as_objects(component["components"])]
    if isinstance(component.get("component"), dict):
        body["component"] = _filled(component["component"], entries, files)
    if "custom_id" in component:
        entry = entries.get(component["custom_id"], default(component))
        body |= _entry(component, entry, files)
    return body


def default(component: Json) -> object:
    """Return what an input holds before anybody touches it."""
    kind = component.get("type")
    if kind == TEXT_INPUT:
        return component.get("value") or ""
    if kind == CHECKBOX:
        return bool(component.get("default"))
    if kind in WITH_OPTIONS:
        chosen = [str(one["value"]) for one in as_objects(component.get("options")) if one.get("default")]
        return (chosen[0] if chosen else None) if kind == RADIO_GROUP else chosen
    return [str(one["id"]) for one in as_objects(component.get("default_values"))]


def _entry(component: Json, entry: object, files: list[SentFile]) -> Json:
    kind = component.get("type")
    if kind == FILE_UPLOAD:
        sent = [one for one in _several(entry) if isinstance(one, SentFile)]
        numbers = [str(len(files) + at) for at in range(len(sent))]
        files += sent
        return {"values": numbers}
    if kind in {TEXT_INPUT, CHECKBOX, RADIO_GROUP}:
        return {"value": entry}
    return {"values": [str(one) for one in _several(entry)]}


def _several(entry: object) -> list[object]:
    if isinstance(entry, list | tuple):
        return list(entry)  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType] - a stranger's list
    return [] if entry is None or entry == "" else [entry]
