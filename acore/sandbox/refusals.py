"""The ways Discord says no."""

import math
from collections.abc import Generator
from contextlib import contextmanager
from enum import Enum

from acore.sandbox.shapes import Json

_TOO_FEW_OR_MANY = (
    "Provided too few or too many messages to delete. "
    "Must provide at least 2 and fewer than 100 messages to delete"
)


class Refusal(Enum):
    """HTTP status, Discord's own code, and the sentence (Discord's documentation, "JSON Error Codes")."""

    NO_SUCH_PLACE = 404, 0, "404: Not Found"
    NO_SUCH_METHOD = 405, 0, "405: Method Not Allowed"
    UNAUTHORIZED = 401, 0, "401: Unauthorized"
    UNKNOWN_APPLICATION = 404, 10002, "Unknown Application"
    UNKNOWN_CHANNEL = 404, 10003, "Unknown Channel"
    UNKNOWN_GUILD = 404, 10004, "Unknown Guild"
    UNKNOWN_INVITE = 404, 10006, "Unknown Invite"
    UNKNOWN_MEMBER = 404, 10007, "Unknown Member"
    UNKNOWN_MESSAGE = 404, 10008, "Unknown Message"
    UNKNOWN_OVERWRITE = 404, 10009, "Unknown Overwrite"
    UNKNOWN_ROLE = 404, 10011, "Unknown Role"
    UNKNOWN_USER = 404, 10013, "Unknown User"
    UNKNOWN_EMOJI = 404, 10014, "Unknown Emoji"
    UNKNOWN_WEBHOOK = 404, 10015, "Unknown Webhook"
    UNKNOWN_BAN = 404, 10026, "Unknown Ban"
    UNKNOWN_INTERACTION = 404, 10062, "Unknown interaction"
    UNKNOWN_COMMAND = 404, 10063, "Unknown application command"
    UNKNOWN_VOICE_STATE = 404, 10065, "Unknown Voice State"
    UNKNOWN_COMMAND_PERMISSIONS = 404, 10066, "Unknown application command permissions"
    BOTS_MAY_NOT = 403, 20001, "Bots cannot use this endpoint"
    NOT_YOUR_APPLICATION = 403, 20012, "You are not authorized to perform this action on this application"
    SLOWMODE = 429, 20016, "This action cannot be performed due to slowmode rate limit"
    TOO_MANY_GUILDS = 400, 30001, "Maximum number of servers reached (100)"
    TOO_MANY_PINS = 400, 30003, "Maximum number of pins reached for the channel (250)"
    TOO_MANY_ROLES = 400, 30005, "Maximum number of server roles reached (250)"
    TOO_MANY_WEBHOOKS = 400, 30007, "Maximum number of webhooks reached (15)"
    TOO_MANY_EMOJIS = 400, 30008, "Maximum number of emojis reached"
    TOO_MANY_REACTIONS = 400, 30010, "Maximum number of reactions reached (20)"
    TOO_MANY_CHANNELS = 400, 30013, "Maximum number of server channels reached (500)"
    TOO_MANY_INVITES = 400, 30016, "Maximum number of invites reached (1000)"
    TOO_MANY_ANIMATED_EMOJIS = 400, 30018, "Maximum number of animated emojis reached"
    MAXIMUM_COMMANDS = 400, 30032, "Maximum number of application commands reached"
    TOO_MANY_IN_THREAD = 400, 30033, "Maximum number of thread participants has been reached (1000)"
    DAILY_COMMAND_CREATES = 400, 30034, "Max number of daily application command creates has been reached"
    TOO_LARGE = 413, 40005, "Request entity too large"
    USER_IS_BANNED = 403, 40007, "The user is banned from this guild."
    NOT_IN_VOICE = 400, 40032, "Target user is not connected to voice."
    ALREADY_CROSSPOSTED = 400, 40033, "This message has already been crossposted"
    NOT_IN_A_FORUM = 400, 40058, "Cannot send a message in a forum channel"
    ALREADY_ACKNOWLEDGED = 400, 40060, "Interaction has already been acknowledged."
    TAG_NAMES_NOT_UNIQUE = 400, 40061, "Tag names must be unique"
    TAG_IS_REQUIRED = 400, 40067, "A tag is required to create a forum post in this channel"
    MISSING_ACCESS = 403, 50001, "Missing Access"
    NOT_IN_DIRECT_MESSAGES = 403, 50003, "Cannot execute action on a DM channel"
    NOT_THE_AUTHOR = 403, 50005, "Cannot edit a message authored by another user"
    EMPTY_MESSAGE = 400, 50006, "Cannot send an empty message"
    CANNOT_MESSAGE_USER = 403, 50007, "Cannot send messages to this user"
    NOT_A_TEXT_CHANNEL = 400, 50008, "Cannot send messages in a non-text channel"
    MISSING_PERMISSIONS = 403, 50013, "You lack permissions to perform that action"
    TOO_FEW_OR_MANY_MESSAGES = 400, 50016, _TOO_FEW_OR_MANY
    SYSTEM_MESSAGE = 403, 50021, "Cannot execute action on a system message"
    CANNOT_ACT_ON_CHANNEL_TYPE = 400, 50024, "Cannot execute action on this channel type"
    INVALID_WEBHOOK_TOKEN = 401, 50027, "Invalid Webhook Token"
    INVALID_ROLE = 400, 50028, "Invalid Role"
    INVALID_RECIPIENTS = 400, 50033, "Invalid Recipient(s)"
    TOO_OLD_TO_DELETE = 400, 50034, "A message provided was too old to bulk delete"
    INVALID_FORM = 400, 50035, "Invalid Form Body"
    INVALID_GUILD = 400, 50055, "Invalid Guild"
    INVALID_MESSAGE_TYPE = 400, 50068, "Invalid message type"
    CHANNEL_IS_NEEDED = 400, 50074, "Cannot delete a channel required for Community guilds"
    THREAD_IS_ARCHIVED = 400, 50083, "Thread is archived"
    NEEDS_BOOSTS = 403, 50101, "This server needs more boosts to perform this action"
    INVALID_JSON = 400, 50109, "The request body contains invalid JSON."
    TOO_BIG_A_PICTURE = 400, 50138, "Failed to resize asset below the maximum size: 262144"
    UPLOAD_NOT_FOUND = 400, 50146, "Uploaded file not found."
    NO_MUTUAL_GUILDS = 403, 50278, "Cannot send messages to this user due to having no mutual guilds"
    CANNOT_REPLY_WITHOUT_HISTORY = 400, 160002, "Cannot reply without permission to read message history"
    HAS_A_THREAD = 400, 160004, "A thread has already been created for this message"
    THREAD_IS_LOCKED = 403, 160005, "Thread is locked"
    TOO_MANY_THREADS = 400, 160006, "Maximum number of active threads reached"
    CANNOT_FORWARD_UNREADABLE = 400, 160014, "You cannot forward a message whose content you cannot read"
    POST_NEEDS_A_THREAD = (
        400,
        220001,
        "Webhooks posted to forum channels must have a thread_name or thread_id",
    )
    POST_IN_TWO_THREADS = (
        400,
        220002,
        "Webhooks posted to forum channels cannot have both a thread_name and thread_id",
    )
    POST_OUTSIDE_A_FORUM = 400, 220003, "Webhooks can only create threads in forum channels"
    NOBODY_WAS_BANNED = 400, 500000, "Failed to ban users"
    NOT_SUPPORTED = 501, 0, "The sandbox does not support this operation."
    STOPPING = 503, 0, "The sandbox is stopping."

    @property
    def status(self) -> int:
        """The HTTP status of the answer."""
        return self.value[0]


class ApiError(Exception):
    """A request that is answered with Discord's error shape; *retry_after* are seconds to wait."""

    def __init__(
        self,
        refusal: Refusal,
        *,
        message: str | None = None,
        errors: Json | None = None,
        retry_after: float | None = None,
    ) -> None:
        status, code, sentence = refusal.value
        super().__init__(message or sentence)
        self.refusal = refusal
        self.status = status
        self.body: Json = {"message": message or sentence, "code": code}
        if errors:
            self.body["errors"] = errors
        self.headers: dict[str, str] = {}
        if retry_after is not None:
            self.body["retry_after"] = round(retry_after, 3)
            self.headers["Retry-After"] = str(math.ceil(retry_after))


class FormErrors:
    """Collects what is wrong with a body, field by field, and refuses it once as a whole."""

    def __init__(self) -> None:
        self._tree: Json = {}

    def add(self, path: tuple[str | int, ...], message: str) -> None:
        """Note that the field at *path* is wrong.

        Each entry has the number of the whole refusal, as Discord's API description has it: an integer.

        Args:
            path: keys and indexes that lead to the field.
            message: the sentence a person reads.
        """
        node = self._tree
        for part in path:
            node = node.setdefault(str(part), {})
        _, code, _ = Refusal.INVALID_FORM.value
        node.setdefault("_errors", []).append({"code": code, "message": message})

    def required(self, path: tuple[str | int, ...]) -> None:
        """Note that the field at *path* is missing."""
        self.add(path, "This field is required")

    def raise_any(self) -> None:
        """Refuse the body if anything was noted.

        Raises:
            ApiError: code 50035 with the nested `errors`.
        """
        if self._tree:
            raise self.refusal()

    def refusal(self) -> ApiError:
        """Return the refusal that names everything noted."""
        return ApiError(Refusal.INVALID_FORM, errors=_outermost(self._tree))


def _outermost(tree: Json) -> Json:
    """Return errors without those inside of what is wrong as a whole; Discord tells never of both."""
    if "_errors" in tree:
        return {"_errors": tree["_errors"]}
    return {key: _outermost(inner) for key, inner in tree.items()}


@contextmanager
def within(*path: str | int) -> Generator[None]:
    """Let the errors of a form that stands within another one name the whole path.

    Raises:
        ApiError: what was raised inside.
    """
    try:
        yield
    except ApiError as error:
        if "errors" in error.body:
            for part in reversed(path):
                error.body["errors"] = {str(part): error.body["errors"]}
        raise


def invalid(path: tuple[str | int, ...], message: str) -> ApiError:
    """Return the refusal of a body with one wrong field."""
    errors = FormErrors()
    errors.add(path, message)
    return errors.refusal()
