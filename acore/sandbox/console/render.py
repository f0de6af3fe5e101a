"""Messages as a person would see them, in a terminal."""

from acore.sandbox.console.embeds import Setter
from acore.sandbox.console.ink import BLURPLE, BOLD, DIM, Ink, Line, Style, line, shortened
from acore.sandbox.console.markdown import plain
from acore.sandbox.console.names import Names, author_of, called, size, written
from acore.sandbox.console.pieces import Pieces
from acore.sandbox.shapes import Json, as_object, as_objects
from acore.sandbox.state.kinds import MessageFlag, MessageType

INDENT = "  "
NARROWEST, WIDEST = 30, 200
QUOTED = 60
SYSTEM = {
    MessageType.RECIPIENT_ADD: "added somebody",
    MessageType.RECIPIENT_REMOVE: "removed somebody",
    MessageType.CHANNEL_NAME_CHANGE: "renamed the channel: ",
    MessageType.CHANNEL_PINNED_MESSAGE: "pinned a message",
    MessageType.USER_JOIN: "joined the server",
    MessageType.THREAD_CREATED: "started a thread: ",
}


def render_message(
    message: Json, *, colour: bool, width: int, names: Names | None = None, viewer: str = ""
) -> str:
    """Return a message as text.

    Args:
        message: as Discord sends it.
        colour: whether the terminal understands ANSI colours.
        width: how many columns there are; fewer than 30 are taken for 30.
        names: what mentions read as.
        viewer: who sees it; named where nobody else does.
    """
    ink = Ink(is_on=colour)
    width = min(max(width, NARROWEST), WIDEST)
    setter = Setter(ink, (names or Names()).in_message(message))
    lines = [*_before(message, setter.names, width), _author(message)]
    lines += [line(INDENT) + one for one in _body(message, setter, width - len(INDENT))]
    if int(message.get("flags") or 0) & MessageFlag.EPHEMERAL:
        whose = f" · {viewer}" if viewer else ""
        lines.append(line(f"{INDENT}👁 Only you can see this{whose}", DIM))
    return "\n".join(ink.paint(one) for one in lines)


def summary(message: Json, names: Names, width: int = QUOTED) -> str:
    """Return what a message says in a few words."""
    embeds, parts = as_objects(message.get("embeds")), as_objects(message.get("attachments"))
    told = message.get("content") or next((one.get("title") or one.get("description") for one in embeds), "")
    if not told and parts:
        told = f"📎 {parts[0].get('filename')}"
    text = plain(told or ("▢" if message.get("components") else "…"), names.in_message(message))
    return shortened(text, width)


def _body(message: Json, setter: Setter, width: int) -> list[Line]:
    flags = int(message.get("flags") or 0)
    lines: list[Line] = []
    if flags & MessageFlag.LOADING:
        lines.append(line("⋯ thinking…", DIM))
    if message.get("type") in SYSTEM:
        told = SYSTEM[MessageType(message["type"])]
        lines.append(line(f"→ {told}{message.get('content') or ''}", DIM))
    else:
        lines += setter.text(message.get("content"), width)
    if not flags & MessageFlag.SUPPRESS_EMBEDS:
        for embed in as_objects(message.get("embeds")):
            lines += setter.embed(embed, width)
    lines += [_attachment(one) for one in as_objects(message.get("attachments"))]
    lines += [line(f"⊞ sticker {one.get('name')}") for one in as_objects(message.get("sticker_items"))]
    lines += Pieces(setter).all(as_objects(message.get("components")), width)
    reactions = as_objects(message.get("reactions"))
    if reactions:
        lines.append(line("   ".join(map(_reaction, reactions)), DIM))
    thread = as_object(message.get("thread"))
    return lines + ([line(f"🧵 {thread.get('name')}", DIM)] if thread else [])


def _before(message: Json, names: Names, width: int) -> list[Line]:
    """Return the line that tells who used which command, or what is replied to."""
    used, reply = as_object(message.get("interaction")), as_object(message.get("referenced_message"))
    if reply and message.get("type") == MessageType.REPLY:
        what = f"{author_of(reply)}: {summary(reply, names)}"
    elif used:
        sign = "" if message.get("type") == MessageType.CONTEXT_MENU_COMMAND else "/"
        what = f"{called(as_object(used.get('user')))} used {sign}{used.get('name')}"
    elif message.get("type") == MessageType.REPLY:
        what = "a message that was deleted"
    else:
        return []
    return [line(f"╭─ {shortened(what, width - 3)}", DIM)]


def _author(message: Json) -> Line:
    author = as_object(message.get("author"))
    nick = as_object(message.get("member")).get("nick")
    whole = line(f"{nick} ({author.get('username')})" if nick else called(author), BOLD)
    if author.get("bot"):
        whole += line(" ") + line("[BOT]", Style(colour=BLURPLE))
    whole += line(f" {written(message.get('timestamp'), '%H:%M')}", DIM)
    marks = [" (edited)"] if message.get("edited_timestamp") else []
    marks += [" 📌"] if message.get("pinned") else []
    return whole + line("".join(marks), DIM)


def _attachment(attachment: Json) -> Line:
    width, height = attachment.get("width"), attachment.get("height")
    pixels = f", {width}×{height}" if width and height else ""  # noqa: RUF001 - the sign between two lengths
    told = f" “{attachment['description']}”" if attachment.get("description") else ""
    return line(f"📎 {attachment.get('filename')} ({size(int(attachment.get('size') or 0))}{pixels}){told}")


def _reaction(reaction: Json) -> str:
    emoji = as_object(reaction.get("emoji"))
    name = f":{emoji.get('name')}:" if emoji.get("id") else str(emoji.get("name"))
    return f"{name} {reaction.get('count')}" + (" (yours)" if reaction.get("me") else "")
