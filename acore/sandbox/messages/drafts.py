"""What somebody wants to say: a message's body, read and held against Discord's limits."""

from dataclasses import dataclass, field

from acore.sandbox.api.fields import Fields
from acore.sandbox.api.refusals import ApiError, FormErrors, Refusal
from acore.sandbox.messages import component_rules, components, embeds
from acore.sandbox.shapes import Json, as_int, as_list, as_object, as_objects, as_snowflake
from acore.sandbox.state.kinds import MessageFlag

MAX_CONTENT = 2000  # Discord's documentation, "Create Message"
SENDABLE_FLAGS = (
    MessageFlag.SUPPRESS_EMBEDS | MessageFlag.SUPPRESS_NOTIFICATIONS | MessageFlag.IS_COMPONENTS_V2
)


@dataclass(frozen=True, slots=True)
class Upload:
    """A file that came with a request."""

    field: str
    filename: str
    content_type: str
    data: bytes


@dataclass(slots=True)
class Draft:
    """A message's body as it was sent; *given* names the fields an edit changes."""

    given: frozenset[str]
    content: str = ""
    embeds: list[Json] = field(default_factory=list[Json])
    components: list[Json] = field(default_factory=list[Json])
    flags: int = 0
    tts: bool = False
    nonce: str | int | None = None
    reply_to: str | None = None
    allowed_mentions: Json | None = None
    uploads: list[Upload] = field(default_factory=list[Upload])
    kept_attachment_ids: list[str] = field(default_factory=list[str])
    descriptions: dict[str, str] = field(default_factory=dict[str, str])

    @property
    def is_ephemeral(self) -> bool:
        """Whether it is for the invoking user alone."""
        return bool(self.flags & MessageFlag.EPHEMERAL)

    @property
    def is_empty(self) -> bool:
        """Whether nothing of it would be seen."""
        seen = [one for one in self.embeds if not embeds.is_empty(one)]
        return not (self.content or seen or self.components or self.uploads)


def read(body: Json, uploads: list[Upload], *, of_flags: int = 0) -> Draft:
    """Read a message's body.

    Args:
        body: what was sent.
        uploads: the files that came with it.
        of_flags: the flags of the message it changes, if there is one already.

    Raises:
        ApiError: code 50035, naming every field outside Discord's limits.
    """
    errors = FormErrors()
    embeds.check_text(body.get("content"), MAX_CONTENT, errors, ("content",))
    sent_embeds = as_objects(body.get("embeds"))
    embeds.check(sent_embeds, errors)
    sent_components = as_objects(body.get("components"))
    is_v2 = (as_int(body.get("flags")) | of_flags) & MessageFlag.IS_COMPONENTS_V2
    component_rules.check(Fields(body, errors), is_v2=bool(is_v2))
    errors.raise_any()
    attachments = as_objects(body.get("attachments"))
    flags = as_int(body.get("flags"))
    nonce = body.get("nonce")
    return Draft(
        given=frozenset([*body, "attachments"] if uploads else body),
        content=body.get("content") or "",
        embeds=[embeds.as_sent_back(one) for one in sent_embeds],
        components=components.numbered(sent_components),
        flags=flags & (SENDABLE_FLAGS | MessageFlag.EPHEMERAL),
        tts=bool(body.get("tts")),
        nonce=nonce if isinstance(nonce, str | int) else None,
        reply_to=as_snowflake(as_object(body.get("message_reference")).get("message_id")),
        allowed_mentions=_allowed_mentions(body),
        uploads=uploads,
        kept_attachment_ids=[str(one.get("id")) for one in attachments],
        descriptions=_descriptions(attachments),
    )


def read_whole(body: Json, uploads: list[Upload]) -> Draft:
    """Read the body of a new message.

    Raises:
        ApiError: code 50035 for a field outside its limits, 50006 if nothing is said.
    """
    draft = read(body, uploads)
    if draft.is_empty and not as_list(body.get("sticker_ids")) and not body.get("poll"):
        raise ApiError(Refusal.EMPTY_MESSAGE)
    if body.get("sticker_ids") or body.get("poll"):
        raise ApiError(Refusal.NOT_SUPPORTED, message="The sandbox does not support stickers and polls.")
    return draft


def _allowed_mentions(body: Json) -> Json | None:
    return None if body.get("allowed_mentions") is None else as_object(body["allowed_mentions"])


def _descriptions(attachments: list[Json]) -> dict[str, str]:
    """Return what was written about each upload, by the number that ties it to its file."""
    return {str(one.get("id")): str(one["description"]) for one in attachments if one.get("description")}
