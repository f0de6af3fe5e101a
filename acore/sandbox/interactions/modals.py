"""Modals: what Discord demands of one that is shown, and reading what a person entered.

After Discord's documentation, "Modal" and "Component Reference", and its API description.
"""

from acore.sandbox.forms.fields import Fields
from acore.sandbox.interactions import selections
from acore.sandbox.interactions.resolver import Resolver
from acore.sandbox.messages import components, input_rules
from acore.sandbox.messages.components import SELECTS, ComponentType
from acore.sandbox.refusals import FormErrors
from acore.sandbox.shapes import Json, as_object, as_objects

MAX_TITLE = 45
MAX_COMPONENTS = 5
MAX_LABEL = 45
MAX_LABEL_DESCRIPTION = 100
MAX_INPUT = 4000
MAX_INPUT_PLACEHOLDER = 100
MAX_PICKED = 10
"""Files of an upload, and options of a group."""
AT_TOP = (ComponentType.ACTION_ROW, ComponentType.LABEL, ComponentType.TEXT_DISPLAY)
IN_LABELS = (
    ComponentType.TEXT_INPUT,
    *SELECTS,
    ComponentType.FILE_UPLOAD,
    ComponentType.RADIO_GROUP,
    ComponentType.CHECKBOX_GROUP,
    ComponentType.CHECKBOX,
)


def shown(data: Json) -> Json:
    """Return a modal as a person's client is told of it.

    Raises:
        ApiError: code 50035, it is not as Discord demands.
    """
    errors = FormErrors()
    modal = Fields(data, errors, ("data",))
    modal.require("custom_id", "title", "components")
    modal.text("custom_id", 1, input_rules.MAX_CUSTOM_ID)
    modal.text("title", 1, MAX_TITLE)
    unique = input_rules.Unique()
    for one in modal.objects("components", 1, MAX_COMPONENTS):
        _check_top(one, unique)
    errors.raise_any()
    return {
        "custom_id": data["custom_id"],
        "title": data["title"],
        "components": components.numbered(as_objects(data["components"])),
    }


def _check_top(one: Fields, unique: input_rules.Unique) -> None:
    unique.check(one)
    one.require("type")
    match one.one_of("type", AT_TOP):
        case ComponentType.ACTION_ROW:
            one.require("components")
            for inner in one.objects("components", 1, 1):
                inner.require("type", "label")
                _check_input(inner, (ComponentType.TEXT_INPUT,), unique)
        case ComponentType.LABEL:
            one.require("label", "component")
            one.text("label", 1, MAX_LABEL)
            one.text("description", 1, MAX_LABEL_DESCRIPTION)
            inner = one.inner("component")
            if inner is not None:
                _check_input(inner, IN_LABELS, unique)
        case ComponentType.TEXT_DISPLAY:
            input_rules.text_display(one)
        case _:
            pass


def _check_input(one: Fields, allowed: tuple[ComponentType, ...], unique: input_rules.Unique) -> None:
    unique.check(one)
    one.require("type")
    kind = one.one_of("type", allowed)
    if kind is None:
        return
    input_rules.custom_id(one)
    one.flag("required")
    match kind:
        case ComponentType.TEXT_INPUT:
            _check_text_input(one)
        case ComponentType.FILE_UPLOAD:
            input_rules.values(one, MAX_PICKED)
        case ComponentType.RADIO_GROUP:
            if input_rules.options(one, 2, MAX_PICKED) > 1:
                one.wrong("options", "Must not have more than 1 default options")
        case ComponentType.CHECKBOX_GROUP:
            input_rules.values(one, MAX_PICKED)
            input_rules.options(one, 1, MAX_PICKED)
        case ComponentType.CHECKBOX:
            one.flag("default")
        case _:
            input_rules.select(one)
            if one.given("disabled"):
                one.wrong("disabled", "A select in a modal cannot be disabled")


def _check_text_input(one: Fields) -> None:
    one.require("style")
    one.one_of("style", (1, 2))
    one.text("label", 1, MAX_LABEL)
    one.text("value", 0, MAX_INPUT)
    one.text("placeholder", 0, MAX_INPUT_PLACEHOLDER)
    low, high = one.number("min_length", 0, MAX_INPUT), one.number("max_length", 1, MAX_INPUT)
    if low is not None and high is not None and low > high:
        message = f"min_length must be less than or equal to max_length ({high})"
        one.wrong("min_length", message)


# -- what a person entered


def filled_in(modal: Json, data: Json, resolver: Resolver) -> Json:
    """Return a modal as its bot gets it back: its own layout, with what the person entered.

    Raises:
        ApiError: code 50035, something required is missing or something does not suit its input.
    """
    errors = FormErrors()
    sent = Fields(data, errors, ("data",))
    reader = _Reader(_entered(sent), resolver, errors)
    body: Json = {
        "custom_id": modal["custom_id"],
        "components": [reader.read(one) for one in as_objects(modal["components"])],
    }
    for entry in reader.left.values():
        entry.wrong("custom_id", "No such input was shown")
    errors.raise_any()
    if resolver.found:
        body["resolved"] = resolver.found
    return body


def _entered(sent: Fields) -> dict[str, Fields]:
    """Return what was entered, by the custom ids of the inputs, wherever a client nests them."""
    found: dict[str, Fields] = {}

    def visit(one: Fields) -> None:
        custom_id = one.given("custom_id")
        if custom_id is not None:
            found[str(custom_id)] = one
        for inner in one.objects("components", 0, MAX_COMPONENTS):
            visit(inner)
        inner = one.inner("component")
        if inner is not None:
            visit(inner)

    for top in sent.objects("components", 0, MAX_COMPONENTS):
        visit(top)
    return found


class _Reader:
    """Goes through a modal's layout and takes up what was entered."""

    def __init__(self, entered: dict[str, Fields], resolver: Resolver, errors: FormErrors) -> None:
        self.left = entered
        self._resolver = resolver
        self._errors = errors

    def read(self, component: Json) -> Json:
        """Return one component as the bot gets it back."""
        body: Json = {"type": component["type"], "id": component["id"]}
        if "custom_id" in component:
            custom_id = component["custom_id"]
            empty = Fields({}, self._errors, ("data", "components", custom_id))
            body |= {"custom_id": custom_id, **self._entry(component, self.left.pop(custom_id, empty))}
        if "components" in component:
            body["components"] = [self.read(one) for one in as_objects(component["components"])]
        if "component" in component:
            body["component"] = self.read(as_object(component["component"]))
        return body

    def _entry(self, component: Json, sent: Fields) -> Json:
        is_required = component.get("required") is not False
        match component["type"]:
            case ComponentType.TEXT_INPUT:
                return {"value": _text(component, sent, is_required=is_required)}
            case ComponentType.CHECKBOX:
                return {"value": bool(sent.flag("value"))}
            case ComponentType.RADIO_GROUP:
                offered = [one["value"] for one in as_objects(component["options"])]
                picked = sent.one_of("value", offered)
                if picked is None and is_required:
                    self._errors.required((*sent.path, "value"))
                return {"value": picked}
            case _:
                values = selections.read(component, sent, self._resolver, is_optional=not is_required)
                return {"values": values}


def _text(component: Json, sent: Fields, *, is_required: bool) -> str:
    low, high = component.get("min_length") or 0, component.get("max_length") or MAX_INPUT
    text = sent.text("value", 0, MAX_INPUT) or ""
    if is_required and not text:
        sent.errors.required((*sent.path, "value"))
    elif text and not low <= len(text) <= high:
        sent.wrong("value", f"Must be between {low} and {high} in length.")
    return text
