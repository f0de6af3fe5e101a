"""Uploading files ahead of what they belong to, as people's clients do."""

from acore.sandbox.api.table import Answer, Audience, Call, Routes
from acore.sandbox.forms.fields import Fields
from acore.sandbox.messages.files import MAX_FILE_BYTES, MAX_FILENAME, MAX_FILES
from acore.sandbox.refusals import ApiError, FormErrors, Refusal

routes = Routes()


@routes.on(
    "POST",
    "/channels/{channel_id}/attachments",
    Audience.PERSON,
    refuses=(
        Refusal.UNKNOWN_CHANNEL,
        Refusal.MISSING_ACCESS,
        Refusal.TOO_LARGE,
        Refusal.INVALID_FORM,
    ),
)
def announce_files(call: Call) -> Answer:
    """Make room for files; each is then uploaded with a PUT to its own address."""
    call.channel()
    errors = FormErrors()
    body = Fields(call.form, errors)
    body.require("files")
    listed = body.objects("files", 1, MAX_FILES)
    for one in listed:
        one.require("filename", "file_size")
        one.text("filename", 1, MAX_FILENAME)
        one.number("file_size")
    errors.raise_any()
    if any(one.body["file_size"] > MAX_FILE_BYTES for one in listed):
        raise ApiError(Refusal.TOO_LARGE)
    messages = call.house.messages
    slots = [messages.uploads.announce(call.caller, one.body["filename"]) for one in listed]
    return Answer(
        {
            "attachments": [
                {
                    "id": one.body.get("id"),
                    "upload_url": f"{messages.origin}/uploads/{slot.key}",
                    "upload_filename": slot.key,
                }
                for one, slot in zip(listed, slots, strict=True)
            ]
        }
    )
