"""One HTTP request, from its bytes to its answer: who asks, what for, how often, and what is written down."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from urllib.parse import unquote

import msgspec
from aiohttp import web

from acore.sandbox import realtime, recorder
from acore.sandbox.api import bodies
from acore.sandbox.api.bodies import Content
from acore.sandbox.api.table import Answer, Audience, Call, House, Route, Routes
from acore.sandbox.counts import Counts
from acore.sandbox.faults.faults import Faults
from acore.sandbox.faults.kinds import Cloudflare, Cut, RateLimit, Status
from acore.sandbox.limits.guard import Guard
from acore.sandbox.limits.invalid import cloudflare
from acore.sandbox.limits.ratelimits import Asked
from acore.sandbox.recorder import Recorder
from acore.sandbox.refusals import ApiError, Refusal, invalid
from acore.sandbox.shapes import Json, as_int, as_object, as_unicode
from acore.sandbox.state.records import User

type Found = tuple[Route, dict[str, str]]
"""A route, and the values of its path's parameters."""

BASE = re.compile(r"/api/v(9|10)(?=/|$)")
JSON_TYPE = "application/json"
"""nextcord compares the Content-Type with == and takes anything longer for text."""

MAX_REASON = 512  # Discord's documentation, "Audit Logs Resource"


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
        guard: how often bots may ask.
        faults: which requests shall wait or fail.
        notes: where exchanges with bots are recorded.
        counts: where answers to bots are counted.
    """

    def __init__(
        self, house: House, routes: Routes, guard: Guard, *, faults: Faults, notes: Recorder, counts: Counts
    ) -> None:
        self._house = house
        self._routes = routes
        self._guard = guard
        self._faults = faults
        self._notes = notes
        self._counts = counts
        self.observe: Callable[[Exchange], None] | None = None

    async def handle(self, request: web.Request) -> web.Response:
        """Answer one request; what a bot asked, or asked with an interaction's token, is recorded."""
        path = BASE.sub("", unquote(request.rel_url.raw_path), count=1)
        found = self._routes.find(request.method, path)
        authorization = request.headers.get("Authorization", "")
        by_token = found is not None and found[0].audience is Audience.TOKEN
        is_bot = by_token or authorization.startswith("Bot ")
        record: Json = {}
        if not by_token and self._is_person(authorization):
            response = self._respond(request, found, path, await bodies.read(request, record))
        else:
            response = await self._answer_bot(request, found, path, record)
            self._counts.requests[0 if response is None else response.status] += 1
        if response is None:
            return _cut(request)
        if is_bot and self._notes.is_recording:
            self._record(request, response, record)
        if self.observe is not None:
            self.observe(_exchange(found, response))
        return response

    async def _answer_bot(
        self, request: web.Request, found: Found | None, path: str, record: Json
    ) -> web.Response | None:
        """Return the answer to what is not a person's request; None if its connection is to be cut."""
        if self._faults.is_cut_off():
            return None
        address = request.remote or ""
        if (banned_for := self._guard.invalid.ban(address)) is not None:
            return cloudflare(banned_for)
        content = await bodies.read(request, record)
        try:
            await self._faults.wait(request.method, path)
        except ApiError as error:
            return reply(error.body, error.status)
        response = None if self._faults.is_cut_off() else self._meet(request, found, path, content)
        if response is not None:
            self._guard.invalid.note(address, response)
            self._mangle(request.method, path, response)
        return response

    def _meet(
        self, request: web.Request, found: Found | None, path: str, content: Content | ApiError
    ) -> web.Response | None:
        """Do what a fault wants done instead of answering, or else carry the request out."""
        fault = self._faults.ending(request.method, path)
        match fault:
            case None:
                return self._respond(request, found, path, content)
            case Cut():
                if fault.when == "after":
                    self._respond(request, found, path, content)
                return None
            case Status():
                message = fault.message or f"{fault.status}: made to fail"
                return reply({"message": message, "code": fault.code}, fault.status)
            case RateLimit():
                verdict = self._guard.limits.refuse(self._asked(request, found, path), fault)
                return reply(verdict.body, 429, verdict.headers)
            case Cloudflare():
                return cloudflare(fault.retry_after)

    def _mangle(self, method: str, path: str, response: web.Response) -> None:
        """Set or remove the fields of an answer that are to be."""
        if not self._faults.is_mangling(method, path):
            return
        if response.content_type == JSON_TYPE and isinstance(response.body, bytes):
            body = msgspec.json.decode(response.body)
            response.body = msgspec.json.encode(self._faults.mangled(method, path, body))

    def _respond(
        self, request: web.Request, found: Found | None, path: str, content: Content | ApiError
    ) -> web.Response:
        """Carry a request out; nothing here waits, so each is carried out whole or not at all."""
        if found is None:
            error = ApiError(Refusal.NO_SUCH_METHOD if self._routes.has(path) else Refusal.NO_SUCH_PLACE)
            return reply(error.body, error.status)
        route, parameters = found
        headers: dict[str, str] = {}
        try:
            sender = self._sender(request, route)
            if sender is None or sender.bot:
                verdict = self._guard.limits.take(self._asked(request, found, path))
                headers = verdict.headers
                if not verdict.is_allowed:
                    return reply(verdict.body, 429, headers)
            if isinstance(content, ApiError):
                raise content
            return _of_answer(route.handler(self._call(request, parameters, content, sender)), headers)
        except ApiError as error:
            if not route.is_supported:
                error.body["message"] = f"The sandbox does not support {route.bucket}."
            return reply(error.body, error.status, headers | error.headers)

    def _call(
        self, request: web.Request, parameters: dict[str, str], content: Content, sender: User | None
    ) -> Call:
        return Call(
            self._house,
            parameters,
            request.query,
            content.body,
            content.uploads,
            sender,
            application=None if sender is None else self._house.world.application_of(sender),
            reason=_reason(request.headers.get("X-Audit-Log-Reason")),
        )

    def _asked(self, request: web.Request, found: Found | None, path: str) -> Asked:
        """Return what of a request its limits depend on."""
        bot = self._house.world.user_of_token(request.headers.get("Authorization", "").removeprefix("Bot "))
        caller = "" if bot is None else bot.id
        if found is None:
            return Asked(caller, request.method, path, "", is_global=bot is not None)
        route, parameters = found
        if route.audience is Audience.TOKEN:
            caller = _token(parameters)
        return Asked(
            caller,
            request.method,
            route.template,
            route.major(parameters),
            is_global=bot is not None and route.audience is not Audience.TOKEN,
        )

    def _is_person(self, authorization: str) -> bool:
        user = self._house.world.user_of_token(authorization.removeprefix("Bearer "))
        return user is not None and not user.bot

    def _sender(self, request: web.Request, route: Route) -> User | None:
        """Return who asks.

        Raises:
            ApiError: nobody the sandbox knows, or not whom the route is for.
        """
        if route.audience in {Audience.TOKEN, Audience.ANYONE}:
            return None
        scheme, _, bot_token = request.headers.get("Authorization", "").partition("Bot ")
        user = self._house.world.user_of_token(bot_token or scheme.removeprefix("Bearer "))
        allowed = {Audience.BOT: (True,), Audience.PERSON: (False,), Audience.EITHER: (True, False)}
        if user is None or user.bot is not bool(bot_token) or user.bot not in allowed[route.audience]:
            raise ApiError(Refusal.UNAUTHORIZED)
        return user

    def _record(self, request: web.Request, response: web.Response, seen: Json) -> None:
        record: Json = {
            "ts": realtime.now().timestamp(),
            "method": request.method,
            "path": request.path,
            "query": [[key, value] for key, value in request.query.items()],
            "request_json": None,
            "request_content_type": as_unicode(request.headers.get("Content-Type", "").partition(";")[0]),
            "request_headers": recorder.kept_headers(request.headers),
            "authorization": as_unicode(request.headers.get("Authorization", "").partition(" ")[0]) or None,
            "status": response.status,
            "response_content_type": response.headers.get("Content-Type", ""),
            "response_headers": recorder.kept_headers(response.headers),
            **seen,
        }
        if response.content_type == JSON_TYPE and isinstance(response.body, bytes):
            record["response_json"] = msgspec.json.decode(response.body)
        self._notes.exchange(record)


def _reason(header: str | None) -> str | None:
    """Return why something is done, for the audit log.

    Raises:
        ApiError: code 50035, it is too long.
    """
    reason = None if header is None else unquote(as_unicode(header))
    if reason is not None and len(reason) > MAX_REASON:
        raise invalid(("reason",), f"Must be {MAX_REASON} or fewer in length.")
    return reason


def _token(parameters: Mapping[str, str]) -> str:
    """Return the interaction's token in a path, which has limits of its own."""
    return parameters.get("webhook_token") or parameters.get("interaction_token") or ""


def _exchange(found: Found | None, response: web.Response) -> Exchange:
    operation = "" if found is None or not found[0].is_supported else found[0].bucket
    code = 0
    is_refusal = response.status >= 400 and response.content_type == JSON_TYPE  # noqa: PLR2004 - HTTP
    if is_refusal and isinstance(response.body, bytes):
        code = as_int(as_object(msgspec.json.decode(response.body)).get("code"))
    return Exchange(operation, response.status, code)


def _cut(request: web.Request) -> web.Response:
    """Cut the connection; the response is one that nobody gets."""
    if request.transport is not None:
        request.transport.abort()
    return web.Response(status=Refusal.STOPPING.status)


def reply(body: object, status: int, headers: dict[str, str] | None = None) -> web.Response:
    """Return a JSON response."""
    all_headers = {"Content-Type": JSON_TYPE, **(headers or {})}
    return web.Response(status=status, body=msgspec.json.encode(body), headers=all_headers)


def _of_answer(answer: Answer, headers: dict[str, str]) -> web.Response:
    if answer.status == 204:  # noqa: PLR2004 - No Content
        return web.Response(status=204, headers=headers)
    return reply(answer.body, answer.status, headers)
