"""The way of every API request: route, token, rate limit, faults, permissions, validation, handler, commit, answer."""

import asyncio
import json
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl

from starlette.types import Receive, Scope, Send

from perio_pipeline.sandbox.highlevel import auth
from perio_pipeline.sandbox.highlevel.connection import drop_connection
from perio_pipeline.sandbox.highlevel.custom_fields import without_field
from perio_pipeline.sandbox.highlevel.dto import dtos_for
from perio_pipeline.sandbox.highlevel.errors import ApiError, bad_request, unknown_route, unprocessable
from perio_pipeline.sandbox.highlevel.exchange import Call, Operation, Part, Reply
from perio_pipeline.sandbox.highlevel.faults import Fault
from perio_pipeline.sandbox.highlevel.multipart import read_parts
from perio_pipeline.sandbox.highlevel.ratelimit import Quota
from perio_pipeline.sandbox.highlevel.routing import Router
from perio_pipeline.sandbox.highlevel.state import LocationState, Sandbox
from perio_pipeline.sandbox.highlevel.validation import check_body

REASONS = {
    429: "Too Many Requests",
    500: "Internal Server Error",
    502: "Bad Gateway",
    503: "Service Unavailable",
}


@dataclass
class Request:
    """A request as it came in, and what is learnt about it on its way."""

    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: bytes
    operation: Operation | None = None
    token: str = ""
    location: LocationState | None = None
    scopes: frozenset[str] = frozenset()
    fault: Fault | None = None
    dropped: bool = False

    def struck_by(self, *kinds: str) -> bool:
        """Whether a planned fault of one of these kinds strikes this request."""
        return self.fault is not None and self.fault.kind in kinds


class Gateway:
    """The ASGI application behind all paths of the API."""

    def __init__(self, sandbox: Sandbox, router: Router) -> None:
        self._sandbox = sandbox
        self._router = router
        self._dtos = dtos_for(sandbox.behaviour)
        self._anonymous = Quota(next(iter(sandbox.locations.values())).config.rate_limit)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        request = await read_request(scope, receive)
        try:
            reply = await self._answer(request)
        except ApiError as error:
            reply = Reply(self._error_body(error), error.status)
            request.dropped = request.struck_by("lost_response")
        if request.struck_by("slow") and request.fault is not None:
            await asyncio.sleep(self._sandbox.clock.real_seconds(request.fault.seconds))
        status = "dropped" if request.dropped else str(reply.status)
        self._note(request, status)
        if request.dropped:
            await drop_connection(scope, receive)
        else:
            await self._send(request, reply, send)

    async def _answer(self, request: Request) -> Reply:
        found = self._router.find(request.method, request.path)
        if found is None:
            raise unknown_route(request.method, request.path)
        request.operation, params = found
        request.token, request.location, request.scopes = auth.authenticate(self._sandbox, request.headers)
        if not request.location.quota.take(self._sandbox.clock.now()):
            raise too_many_requests()
        request.fault = self._sandbox.faults.pick(request.method, request.path, request.location.config.id)
        if request.fault is not None:
            early = self._strike_early(request, request.fault)
            if early is not None:
                return early
        call = await self._permitted_call(request, request.operation, request.location, params)
        return self._carry_out(request, request.operation, call)

    def _strike_early(self, request: Request, fault: Fault) -> Reply | None:
        """Faults that come before anything is done. A reply means the request ends here."""
        if fault.kind == "reset":
            request.dropped = True
            return Reply({}, 0)
        if fault.kind == "status":
            return self._failing(fault.status)
        if fault.kind == "expire_token":
            self._sandbox.expired_tokens.add(request.token)
            auth.authenticate(self._sandbox, request.headers)
        if fault.kind == "nearly_out_daily_quota" and request.location is not None:
            request.location.quota.daily.leave(fault.remaining, self._sandbox.clock.now())
        return None

    def _failing(self, status: int) -> Reply:
        if status in (502, 503):
            # These come from the proxy in front, which does not speak JSON.
            page = f"<html><head><title>{status} {REASONS[status]}</title></head></html>".encode()
            return Reply({}, status, page, "text/html")
        return Reply({"statusCode": status, "message": REASONS[status]}, status)

    async def _permitted_call(
        self, request: Request, operation: Operation, location: LocationState, params: dict[str, str]
    ) -> Call:
        version = auth.check_version(request.headers)
        auth.check_scope(operation.scope, request.scopes)
        body = parse_body(request) if not operation.multipart else {}
        query = request.query
        auth.check_location(
            location,
            params.get("locationId"),
            query.get("locationId"),
            query.get("location_id"),
            body.get("locationId"),
        )
        check_query(query, operation)
        parts: list[Part] = []
        if operation.dto:
            check_body(body, self._dtos[operation.dto])
        if operation.multipart:
            parts = await read_parts(request.headers, request.body)
        base_url = f"http://{request.headers.get('host', 'localhost')}"
        return Call(self._sandbox, location, params, query, body, parts, bool(request.body), version, base_url)

    def _carry_out(self, request: Request, operation: Operation, call: Call) -> Reply:
        fault = request.fault
        if fault is not None and fault.kind == "drop_field" and fault.field:
            call.body = without_field(call, fault.field)
        try:
            reply = operation.handler(call)
        finally:
            self._sandbox.disk.commit(self._sandbox.clock.now())
        if request.struck_by("created_but_422"):
            raise unprocessable("the request could not be processed")
        request.dropped = request.struck_by("lost_response")
        return reply

    def _error_body(self, error: ApiError) -> dict[str, Any]:
        return {**error.body, "traceId": self._sandbox.ids.uuid()} if error.traced else error.body

    def _note(self, request: Request, status: str) -> None:
        operation = request.operation
        location = request.location.config.id if request.location else ""
        route = operation.template if operation else "(unknown)"
        self._sandbox.stats.count(location, request.method, route, status, bool(operation and operation.is_write))
        self._sandbox.stats.record(request.method, request.path, request.query, request.headers, request.body, status)

    async def _send(self, request: Request, reply: Reply, send: Send) -> None:
        content = reply.content
        if content is None:
            content = json.dumps(reply.body, ensure_ascii=False, separators=(",", ":")).encode()
        now = self._sandbox.clock.now()
        quota = request.location.quota if request.location else self._anonymous
        headers = {"content-type": reply.content_type, "content-length": str(len(content)), **quota.headers(now)}
        if reply.status == 429 and self._sandbox.behaviour.retry_after:
            headers["Retry-After"] = str(int(quota.wait(now)) + 1)
        raw = [(name.lower().encode(), value.encode()) for name, value in headers.items()]
        await send({"type": "http.response.start", "status": reply.status, "headers": raw})
        await send({"type": "http.response.body", "body": content})


async def read_request(scope: Scope, receive: Receive) -> Request:
    """Read a whole request."""
    chunks = []
    more = True
    while more:
        message = await receive()
        chunks.append(message.get("body", b""))
        more = message.get("more_body", False)
    headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
    query = dict(parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True))
    return Request(scope["method"], scope["path"], query, headers, b"".join(chunks))


def parse_body(request: Request) -> dict[str, Any]:
    """The JSON object of a request; nothing at all counts as an empty one."""
    if not request.body:
        return {}
    try:
        body = json.loads(request.body)
    except ValueError:
        raise bad_request("The body is not valid JSON", error="Bad Request") from None
    if not isinstance(body, dict):
        raise bad_request("The body must be a JSON object", error="Bad Request")
    return body


def check_query(query: dict[str, str], operation: Operation) -> None:
    """Refuse missing query parameters, and unknown ones where the operation refuses them."""
    messages = [f"{name} should not be empty" for name in operation.required_query if not query.get(name)]
    if operation.query is not None:
        messages += [f"property {name} should not exist" for name in query if name not in operation.query]
    if messages:
        raise unprocessable(*messages)


def too_many_requests() -> ApiError:
    """The answer above the limit."""
    return ApiError(429, {"statusCode": 429, "message": REASONS[429]}, traced=False)
