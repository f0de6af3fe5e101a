"""What a person picked in a select, a group or a file upload, held against the component itself."""

from acore.sandbox.forms.fields import Fields
from acore.sandbox.interactions.resolver import Find, Resolver
from acore.sandbox.messages.components import ComponentType
from acore.sandbox.shapes import Json, as_list, as_objects

NOT_OFFERED = "Not one of the options"
DEFAULT_MOST = {ComponentType.CHECKBOX_GROUP: 10}
"""How many values may be picked where the component does not say; elsewhere one."""


def read(component: Json, sent: Fields, resolver: Resolver, *, is_optional: bool = False) -> list[str]:
    """Return the values a person picked, and note what is wrong with them.

    Args:
        component: what was shown.
        sent: what the person's client says of it, with `values`.
        resolver: finds what the values stand for.
        is_optional: whether nothing at all may be picked too.
    """
    kind = ComponentType(component["type"])
    values = [str(one) for one in sent.items("values", 0, 25) or []]
    low = component.get("min_values")
    low = 1 if low is None else low
    high = component.get("max_values") or DEFAULT_MOST.get(kind, 1)
    if not (is_optional and not values) and not low <= len(values) <= high:
        sent.wrong("values", f"Must be between {low} and {high} in length.")
    if len(set(values)) != len(values):
        sent.wrong("values", "Set already contains this value.")
    found = [(one, _finder(component, kind, resolver)(one)) for one in values]
    for index, (_, value) in enumerate(found):
        if value is None:
            sent.errors.add((*sent.path, "values", index), NOT_OFFERED)
    return [value for _, value in found if value is not None]


def _finder(component: Json, kind: ComponentType, resolver: Resolver) -> Find:
    def offered(value: str) -> str | None:
        return value if value in {one.get("value") for one in as_objects(component.get("options"))} else None

    def place(channel_id: str) -> str | None:
        found = resolver.place(channel_id)
        kinds = as_list(component.get("channel_types"))
        return None if found is None or (kinds and resolver.type_of_place(found) not in kinds) else found

    finders: dict[ComponentType, Find] = {
        ComponentType.USER_SELECT: resolver.person,
        ComponentType.ROLE_SELECT: resolver.role,
        ComponentType.MENTIONABLE_SELECT: resolver.mentionable,
        ComponentType.CHANNEL_SELECT: place,
        ComponentType.FILE_UPLOAD: resolver.attachment,
    }
    return finders.get(kind, offered)
