"""What somebody wants to say: a message's body, read and held against Discord's limits."""

from dataclasses import dataclass, field

from acore.sandbox.forms.fields import MAX_SAFE_INTEGER, Fields
from acore.sandbox.messages import component_rules, components, embeds, mentions, references
from acore.sandbox.messages.files import MAX_FILE_BYTES, MAX_FILENAME, MAX_FILES, Upload
from acore.sandbox.messages.mentions import AllowedMentions
from acore.sandbox.messages.references import Reference
from acore.sandbox.refusals import ApiError, FormErrors, Refusal
from acore.sandbox.shapes import Json, as_flag, as_objects
from acore.sandbox.state.kinds import MessageFlag

__all__ = ["Draft", "FileEntry", "Upload", "read", "read_whole"]

MAX_CONTENT = 2000  # Discord's documentation, "Create Message"
MAX_DESCRIPTION = 1024  # Discord's API description, MessageAttachmentRequest
MAX_NONCE = 25  # Discord's documentation, "Create Message"
MAX_UPLOADS_BYTES = 25 * 1024 * 1024  # Discord's documentation, "Create Message"
SENDABLE_FLAGS = (
    MessageFlag.SUPPRESS_EMBEDS | MessageFlag.SUPPRESS_NOTIFICATIONS | MessageFlag.IS_COMPONENTS_V2
)
UNSUPPORTED = ("sticker_ids", "poll", "shared_client_theme")


@dataclass(frozen=True, slots=True)
class FileEntry:
    """One entry of `attachments`: of an upload by its number, of a file that is there already by its id.

    *uploaded_as* names a file that was uploaded before the message, as people's clients do.
    """

    id: str
    filename: str | None = None
    description: str | None = None
    uploaded_as: str | None = None


@dataclass(slots=True)
class Draft:
    """A message's body as it was sent; *given* names the fields an edit changes.

    *files* is None where nothing was said of them: an edit keeps all there are.
    """

    given: frozenset[str]
    content: str = ""
    embeds: list[Json] = field(default_factory=list[Json])
    components: list[Json] = field(default_factory=list[Json])
    flags: int = 0
    tts: bool = False
    nonce: str | int | None = None
    is_nonce_enforced: bool = False
    reference: Reference | None = None
    allowed_mentions: AllowedMentions | None = None
    uploads: list[Upload] = field(default_factory=list[Upload])
    files: list[FileEntry] | None = None

    @property
    def is_ephemeral(self) -> bool:
        """Whether it is for the invoking user alone."""
        return bool(self.flags & MessageFlag.EPHEMERAL)

    @property
    def has_files(self) -> bool:
        """Whether files come with it."""
        return bool(self.uploads) or any(one.uploaded_as is not None for one in self.files or [])

    @property
    def is_empty(self) -> bool:
        """Whether nothing of it would be seen."""
        is_forward = self.reference is not None and self.reference.is_forward
        return not (self.content or self.embeds or self.components or self.has_files or is_forward)


def read(body: Json, uploads: list[Upload], *, of_flags: int = 0) -> Draft:
    """Read a message's body.

    Args:
        body: what was sent.
        uploads: the files that came with it.
        of_flags: the flags of the message it changes, if there is one already.

    Raises:
        ApiError: code 50035, naming every field outside Discord's limits; 40005, a file is too large; 501 for
            what the sandbox does not support.
    """
    errors = FormErrors()
    sent = Fields(body, errors)
    content = embeds.stripped(sent, "content", MAX_CONTENT) or ""
    read_embeds = embeds.read(sent)
    flags = sent.number("flags", 0, MAX_SAFE_INTEGER) or 0
    component_rules.check(sent, is_v2=bool((flags | of_flags) & MessageFlag.IS_COMPONENTS_V2))
    files = _files(sent)
    if len(uploads) > MAX_FILES:
        sent.wrong("attachments", f"Must be {MAX_FILES} or fewer in length.")
    draft = Draft(
        given=frozenset([*body, "attachments"] if uploads else body),
        content=content,
        embeds=read_embeds,
        flags=flags & (SENDABLE_FLAGS | MessageFlag.EPHEMERAL),
        tts=_tts(sent),
        nonce=_nonce(sent),
        is_nonce_enforced=bool(sent.flag("enforce_nonce")),
        reference=references.read(sent),
        allowed_mentions=mentions.read_allowed(sent),
        uploads=uploads,
        files=files,
    )
    errors.raise_any()
    draft.components = components.numbered(as_objects(body.get("components")))
    total = sum(len(one.data) for one in uploads)
    if total > MAX_UPLOADS_BYTES or any(len(one.data) > MAX_FILE_BYTES for one in uploads):
        raise ApiError(Refusal.TOO_LARGE)
    for key in UNSUPPORTED:
        if body.get(key):
            raise ApiError(Refusal.NOT_SUPPORTED, message=f"The sandbox does not support {key} in messages.")
    if flags & MessageFlag.IS_VOICE_MESSAGE:
        raise ApiError(Refusal.NOT_SUPPORTED, message="The sandbox does not support voice messages.")
    return draft


def read_whole(body: Json, uploads: list[Upload]) -> Draft:
    """Read the body of a new message.

    Raises:
        ApiError: what `read` raises, and code 50006 if nothing is said.
    """
    draft = read(body, uploads)
    if draft.is_empty:
        raise ApiError(Refusal.EMPTY_MESSAGE)
    return draft


def _tts(sent: Fields) -> bool:
    # In a form without payload_json every value is a text.
    value = sent.given("tts")
    return as_flag(value) if isinstance(value, str) else bool(sent.flag("tts"))


def _nonce(sent: Fields) -> str | int | None:
    nonce = sent.given("nonce")
    if nonce is None:
        return None
    if isinstance(nonce, bool) or not isinstance(nonce, str | int):
        sent.wrong("nonce", f'Could not interpret "{nonce}" as string.')
        return None
    if isinstance(nonce, int) and not -(1 << 63) <= nonce < 1 << 63:
        sent.wrong("nonce", f'Value "{nonce}" is not int.')
    elif len(str(nonce)) > MAX_NONCE:
        sent.wrong("nonce", f"Must be {MAX_NONCE} or fewer in length.")
    return nonce


def _files(sent: Fields) -> list[FileEntry] | None:
    if sent.given("attachments") is None:
        return None
    entries = sent.objects("attachments", 0, MAX_FILES)
    for one in entries:
        one.require("id")
    return [
        FileEntry(
            id=one.snowflake("id") or "",
            filename=one.text("filename", 1, MAX_FILENAME),
            description=one.text("description", 0, MAX_DESCRIPTION) or None,
            uploaded_as=one.text("uploaded_filename", 1, MAX_FILENAME * 2),
        )
        for one in entries
    ]
