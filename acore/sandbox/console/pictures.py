"""Files and pictures of messages: saved to a folder, and shown where the terminal can."""

import base64
import os
import sys
from collections.abc import Callable, Mapping
from pathlib import Path, PurePosixPath
from urllib.parse import unquote, urlsplit

import anyio

from acore.sandbox.console.ink import clean
from acore.sandbox.messages import components
from acore.sandbox.person.person import Person
from acore.sandbox.shapes import Json, as_object, as_objects

CHUNK = 4096  # the most that kitty takes at once (its documentation, "The transmission of pixel data")
PNG = b"\x89PNG\r\n\x1a\n"
PICTURES = (PNG, b"\xff\xd8\xff", b"GIF8")
NAMELESS = "file"
LOCAL = ("127.0.0.1", "localhost", "::1")

type Shower = Callable[[bytes], str | None]
"""Returns what makes the terminal show a picture; None if it cannot show this one."""


def of_message(message: Json) -> list[tuple[str, str]]:
    """Return the names and addresses of a message's files and pictures that the sandbox itself has."""
    found = [
        (str(one.get("filename")), str(one.get("url"))) for one in as_objects(message.get("attachments"))
    ]
    shown: list[Json] = [
        as_object(embed.get(kind))
        for embed in as_objects(message.get("embeds"))
        for kind in ("image", "thumbnail")
    ]
    for one in components.walk(as_objects(message.get("components"))):
        shown += [as_object(one.get("media")), as_object(one.get("file"))]
        shown += [as_object(item.get("media")) for item in as_objects(one.get("items"))]
    for one in shown:
        parts = urlsplit(str(one.get("url") or ""))
        if parts.hostname in LOCAL:
            found.append((PurePosixPath(unquote(parts.path)).name, str(one["url"])))
    return list({url: (name, url) for name, url in found}.values())


async def save(person: Person, message: Json, folder: Path) -> list[tuple[Path, bytes]]:
    """Save a message's files and pictures; return where each is, and what is in it.

    Nothing that is there already is overwritten.

    Raises:
        RefusedError: one is gone.
        NotSavedError: the folder cannot be written.
    """
    saved: list[tuple[Path, bytes]] = []
    for name, url in of_message(message):
        data = await person.download(url)
        path = await anyio.to_thread.run_sync(_write, folder, PurePosixPath(name).name, data)
        saved.append((path, data))
    return saved


def _write(folder: Path, name: str, data: bytes) -> Path:
    folder = folder.expanduser()
    folder.mkdir(parents=True, exist_ok=True)
    name = NAMELESS if clean(name) in {"", ".", ".."} else clean(name)
    stem, suffix = Path(name).stem, Path(name).suffix
    at = 0
    while True:
        path = folder / (name if not at else f"{stem}-{at}{suffix}")
        try:
            with path.open("xb") as file:
                file.write(data)
        except FileExistsError:
            at += 1
        else:
            return path


def shower(environ: Mapping[str, str] | None = None) -> Shower | None:
    """Return what shows a picture in this terminal; None if it is not known to.

    Only what the terminal says of itself counts; it is not asked, as one that does not understand
    the question would print it.

    Args:
        environ: the environment; the process's own by default.
    """
    known = os.environ if environ is None else environ  # noqa: TID251 - what the terminal says of itself
    if environ is None and not sys.stdout.isatty():
        return None
    if "TMUX" in known or known.get("TERM", "").startswith(("screen", "tmux")):
        return None  # it does not pass pictures on
    if (
        "KITTY_WINDOW_ID" in known
        or known.get("TERM") == "xterm-kitty"
        or known.get("TERM_PROGRAM") == "ghostty"
    ):
        return kitty
    if known.get("TERM_PROGRAM") in {"iTerm.app", "WezTerm"}:
        return iterm
    return None


def kitty(data: bytes) -> str | None:
    """Return a PNG in the kitty graphics protocol, whose chunks are at most 4096 bytes of base64."""
    if not data.startswith(PNG):
        return None
    encoded = base64.standard_b64encode(data).decode()
    chunks = [encoded[at : at + CHUNK] for at in range(0, len(encoded), CHUNK)]
    first = "a=T,f=100,"
    return "".join(
        f"\x1b_G{first if at == 0 else ''}m={int(at < len(chunks) - 1)};{chunk}\x1b\\"
        for at, chunk in enumerate(chunks)
    )


def iterm(data: bytes) -> str | None:
    """Return a picture in iTerm2's inline image protocol; None for what is none."""
    if not data.startswith(PICTURES):
        return None
    encoded = base64.standard_b64encode(data).decode()
    return f"\x1b]1337;File=inline=1;size={len(data)}:{encoded}\x07"
