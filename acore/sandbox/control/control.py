"""Answers the control API: who may ask, and JSON in and out.

It is for programs on this machine that know the token of the state file. A browser never is one of them: a
page of a stranger could make it ask, so whatever names an Origin is refused.
"""

import secrets

import msgspec
from aiohttp import web

from acore.sandbox.api.table import Answer
from acore.sandbox.control.table import ControlCall, ControlError, ControlRoutes
from acore.sandbox.parameters import WrongInputError
from acore.sandbox.shapes import Json, NotJsonError, as_object, from_json

PREFIX = "/sandbox/control"


class Control:
    """The control API of one sandbox, with a token of its own."""

    def __init__(self) -> None:
        self.token = secrets.token_urlsafe(32)
        self.routes = ControlRoutes()

    async def handle(self, request: web.Request) -> web.Response:
        """Answer one request; nothing of it is recorded."""
        try:
            self._admit(request)
            handler, path = self.routes.find(request.method, request.match_info["path"])
            answer = handler(ControlCall(path, request.query, await _read(request)))
            if not isinstance(answer, Answer):
                answer = await answer
        except WrongInputError as error:
            answer = Answer({"message": str(error)}, 400)
        except ControlError as error:
            answer = Answer({"message": str(error)}, error.status)
        if answer.body is None:
            return web.Response(status=answer.status)
        body = msgspec.json.encode(answer.body)
        return web.Response(body=body, status=answer.status, headers={"Content-Type": "application/json"})

    def _admit(self, request: web.Request) -> None:
        """Let those in who know the token.

        Raises:
            ControlError: they do not, or are a browser.
        """
        if "Origin" in request.headers:
            raise ControlError(403, "browsers may not use the control API")
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        # Compared as bytes: a text that is not ASCII would be an error.
        is_known = secrets.compare_digest(token.encode(errors="replace"), self.token.encode())
        if scheme != "Control" or not is_known:
            raise ControlError(
                401,
                "send `Authorization: Control TOKEN` with the token that the state file has under control",
            )


async def _read(request: web.Request) -> Json:
    try:
        raw = await request.read()
    except web.RequestPayloadError:
        raise WrongInputError("body", "", "encode it as its Content-Encoding says") from None
    if not raw:
        return {}
    try:
        body = from_json(raw)
    except NotJsonError:
        body = None
    if not isinstance(body, dict):
        raise WrongInputError("body", raw[:100].decode(errors="replace"), "give a JSON object")
    return as_object(body)  # pyright: ignore[reportUnknownArgumentType] - JSON's keys are text
