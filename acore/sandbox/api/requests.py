"""One HTTP request, from its bytes to its answer: who asks, what for, how often, and what is written down."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from urllib.parse import unquote

import msgspec
from aiohttp import BodyPartReader, web

from acore.sandbox import realtime, recorder
from acore.sandbox.api.refusals import ApiError, Refusal
from acore.sandbox.api.table import Answer, Audience, Call, House, Route, Routes
from acore.sandbox.faults.faults import Faults
from acore.sandbox.limits import ratelimits
from acore.sandbox.limits.ratelimits import RateLimits
from acore.sandbox.messages.drafts import Upload
from acore.sandbox.recorder import Recorder
from acore.sandbox.shapes import Json, as_int, as_object
from acore.sandbox.state.records import User

type Found = tuple[Route, dict[str, str]]
"""A route, and the values of its path's parameters."""

BASE = re.compile(r"/api/v(9|10)(?=/|$)")
JSON_TYPE = "application/json"
"""nextcord compares the Content-Type with == and takes anything longer for text."""


@dataclass(frozen=True, slots=True)
class Exchange:
    """One request that was answered.

    Args:
        operation: method and template, as "GET /users/@me"; "" if there is no such operation.
        status: the HTTP status of the answer.
        code: Discord's own number for the reason of a refusal; 0 if it has none.
    """

    operation: str
    status: int
    code: int


class RequestHandler:
    """Answers every request below /api.

    Args:
        house: what answers.
        routes: which function of it.
        limits: how often each bot may ask.
        faults: which requests shall wait or fail.
        notes: where exchanges with bots are recorded.
    """

    def __init__(
        self, house: House, routes: Routes, limits: RateLimits, faults: Faults, notes: Recorder
    ) -> None:
        self._house = house
        self._routes = routes
        self._limits = limits
        self._faults = faults
        self._notes = notes
        self.observe: Callable[[Exchange], None] | None = None

    async def handle(self, request: web.Request) -> web.Response:
        """Answer one request; what a bot asked, or asked with an interaction's token, is recorded."""
        path = BASE.sub("", unquote(request.rel_url.raw_path), count=1)
        found = self._routes.find(request.method, path)
        authorization = request.headers.get("Authorization", "")
        by_token = found is not None and found[0].audience is Audience.TOKEN
        is_bot = by_token or authorization.startswith("Bot ")
        record: Json = {}
        try:
            uploads, body = await self._read(request, record)
            failure = await self._faults.meet(request.method, path) if is_bot else None
            if failure is None:
                response = self._respond(request, path, found, body, uploads)
            else:
                response = reply({"message": f"{failure}: made to fail", "code": 0}, failure)
        except ApiError as error:
            response = reply(error.body, error.status)
        if is_bot:
            self._record(request, response, record)
        if self.observe is not None:
            self.observe(_exchange(found, response))
        return response

    def _respond(
        self, request: web.Request, path: str, found: Found | None, body: object, uploads: list[Upload]
    ) -> web.Response:
        """Carry a request out; nothing here waits, so each is carried out whole or not at all."""
        if found is None:
            error = ApiError(Refusal.NO_SUCH_METHOD if self._routes.has(path) else Refusal.NO_SUCH_PLACE)
            return reply(error.body, error.status)
        route, parameters = found
        sender = self._sender(request, route)
        headers: dict[str, str] = {}
        if sender is None or sender.bot:
            caller = _token(parameters) if sender is None else sender.id
            is_allowed, headers = self._limits.take(caller, route.bucket, route.major(parameters))
            if not is_allowed:
                return reply(ratelimits.body(headers), 429, headers)
        application = None if sender is None else self._house.world.application_of(sender)
        reason = request.headers.get("X-Audit-Log-Reason")
        call = Call(
            self._house,
            parameters,
            request.query,
            body,
            uploads,
            sender,
            application,
            reason=None if reason is None else unquote(reason),
        )
        try:
            answer = route.handler(call)
        except ApiError as error:
            if not route.is_supported:
                error.body["message"] = f"The sandbox does not support {route.bucket}."
            return reply(error.body, error.status, headers)
        return _of_answer(answer, headers)

    def _sender(self, request: web.Request, route: Route) -> User | None:
        """Return who asks.

        Raises:
            ApiError: nobody the sandbox knows, or not whom the route is for.
        """
        if route.audience in {Audience.TOKEN, Audience.ANYONE}:
            return None
        scheme, _, bot_token = request.headers.get("Authorization", "").partition("Bot ")
        user = self._house.world.user_of_token(bot_token or scheme)
        allowed = {Audience.BOT: (True,), Audience.PERSON: (False,), Audience.EITHER: (True, False)}
        if user is None or user.bot is not bool(bot_token) or user.bot not in allowed[route.audience]:
            raise ApiError(Refusal.UNAUTHORIZED)
        return user

    async def _read(self, request: web.Request, record: Json) -> tuple[list[Upload], object]:
        """Return a request's body: the JSON and the files; *record* gets what the recording shows of it.

        Raises:
            ApiError: it is no JSON.
        """
        if request.content_type == "multipart/form-data":
            return await _read_multipart(request, record)
        raw = await request.read()
        body = _decode(raw) if raw else None
        record["request_json"] = body
        return [], body

    def _record(self, request: web.Request, response: web.Response, seen: Json) -> None:
        record: Json = {
            "ts": realtime.now().timestamp(),
            "method": request.method,
            "path": request.path,
            "query": [[key, value] for key, value in request.query.items()],
            "request_json": None,
            "request_content_type": request.headers.get("Content-Type", "").partition(";")[0],
            "request_headers": recorder.kept_headers(request.headers),
            "authorization": request.headers.get("Authorization", "").partition(" ")[0] or None,
            "status": response.status,
            "response_content_type": response.headers.get("Content-Type", ""),
            "response_headers": recorder.kept_headers(response.headers),
            **seen,
        }
        if isinstance(response.body, bytes) and response.body:
            record["response_json"] = msgspec.json.decode(response.body)
        self._notes.exchange(record)


def _token(parameters: Mapping[str, str]) -> str:
    """Return the interaction's token in a path, which has limits of its own."""
    return parameters.get("webhook_token") or parameters.get("interaction_token") or ""


def _exchange(found: Found | None, response: web.Response) -> Exchange:
    operation = "" if found is None or not found[0].is_supported else found[0].bucket
    code = 0
    if response.status >= 400 and isinstance(response.body, bytes) and response.body:  # noqa: PLR2004 - HTTP
        code = as_int(as_object(msgspec.json.decode(response.body)).get("code"))
    return Exchange(operation, response.status, code)


def reply(body: object, status: int, headers: dict[str, str] | None = None) -> web.Response:
    """Return a JSON response."""
    all_headers = {"Content-Type": JSON_TYPE, **(headers or {})}
    return web.Response(status=status, body=msgspec.json.encode(body), headers=all_headers)


def _of_answer(answer: Answer, headers: dict[str, str]) -> web.Response:
    if answer.status == 204:  # noqa: PLR2004 - No Content
        return web.Response(status=204, headers=headers)
    return reply(answer.body, answer.status, headers)


def _decode(raw: bytes) -> object:
    try:
        return msgspec.json.decode(raw)
    except msgspec.DecodeError:
        raise ApiError(Refusal.INVALID_JSON) from None


async def _read_multipart(request: web.Request, record: Json) -> tuple[list[Upload], object]:
    body: object = None
    uploads: list[Upload] = []
    reader = await request.multipart()
    async for part in reader:
        if not isinstance(part, BodyPartReader):
            continue
        data = bytes(await part.read())
        if part.filename is None and part.name == "payload_json":
            body = _decode(data)
        elif part.filename is not None:
            kind = part.headers.get("Content-Type", "application/octet-stream")
            uploads.append(Upload(part.name or "", part.filename, kind, data))
    record["request_json"] = body
    record["request_files"] = [
        {"name": one.field, "filename": one.filename, "size": len(one.data), "content_type": one.content_type}
        for one in uploads
    ]
    return uploads, body
