"""The way of every API request that all CRMs share: read, answer, delay, count, send or drop.

What a CRM asks of a request before it carries it out is in `answer` of its own gateway.
"""

import asyncio
import json
from abc import ABC, abstractmethod
from typing import Any

from starlette.types import Receive, Scope, Send

from perio_pipeline.sandbox.common.connection import drop_connection, keep_silent
from perio_pipeline.sandbox.common.errors import ApiError
from perio_pipeline.sandbox.common.exchange import Reply, Request, read_request
from perio_pipeline.sandbox.common.faults import BaseFault
from perio_pipeline.sandbox.common.state import BaseSandbox

REASONS = {
    400: "Bad Request",
    413: "Content Too Large",
    422: "Unprocessable Entity",
    429: "Too Many Requests",
    500: "Internal Server Error",
    502: "Bad Gateway",
    503: "Service Unavailable",
}
UNANSWERED = ("reset", "lost_response", "cut", "silent")
"""Faults after which no whole answer reaches the client."""


class BaseGateway(ABC):
    """The ASGI application behind all paths of an API."""

    def __init__(self, shared: BaseSandbox) -> None:
        self._shared = shared

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        request = await read_request(scope, receive)
        try:
            reply = await self.answer(request)
        except ApiError as error:
            reply = Reply(self.error_body(error), error.status)
        if request.struck_by("slow") and request.fault is not None:
            await asyncio.sleep(self._shared.clock.real_seconds(request.fault.seconds))
        self._note(request, "dropped" if request.struck_by(*UNANSWERED) else str(reply.status))
        if request.struck_by("silent"):
            await keep_silent(scope, receive)
        elif request.struck_by("cut"):
            await self._send(request, reply, send, whole=False)
            await drop_connection(scope, receive)
        elif request.struck_by(*UNANSWERED):
            await drop_connection(scope, receive)
        else:
            await self._send(request, reply, send)

    @abstractmethod
    async def answer(self, request: Request) -> Reply:
        """Carry out one request, or raise the refusal."""

    @abstractmethod
    def failure_body(self, status: int) -> Any:
        """The JSON of an answer that a planned fault asks for."""

    @abstractmethod
    def headers(self, request: Request, status: int) -> dict[str, str]:
        """Headers of an answer beyond type and length."""

    def error_body(self, error: ApiError) -> Any:
        """The body of a refusal."""
        return error.body

    def strike_early(self, request: Request, fault: BaseFault) -> Reply | None:
        """Faults that come before anything is done. A reply means the request ends here."""
        if fault.kind in ("reset", "silent"):
            return Reply({}, 0)
        if fault.kind == "status":
            return self._failing(fault.status)
        if fault.kind == "expire_token":
            self._shared.expired_tokens.add(request.token)
        if fault.kind == "stall_search":
            self._shared.places()[request.location_id].stall_search(fault.seconds)
        return None

    def _failing(self, status: int) -> Reply:
        if status in (502, 503):
            # These come from the proxy in front, which does not speak JSON.
            page = f"<html><head><title>{status} {REASONS[status]}</title></head></html>".encode()
            return Reply({}, status, page, "text/html")
        return Reply(self.failure_body(status), status)

    def _note(self, request: Request, status: str) -> None:
        endpoint = request.endpoint
        route = endpoint.template if endpoint else "(unknown)"
        is_write = bool(endpoint and endpoint.is_write)
        self._shared.stats.count(request.location_id, request.method, route, status, is_write)
        self._shared.stats.record(request.method, request.path, request.query, request.headers, request.body, status)

    async def _send(self, request: Request, reply: Reply, send: Send, *, whole: bool = True) -> None:
        """Send an answer, or its headers and the first half of its body."""
        content = reply.content
        if content is None:
            content = json.dumps(reply.body, ensure_ascii=False, separators=(",", ":")).encode()
        headers = {"content-type": reply.content_type, "content-length": str(len(content))}
        headers |= self.headers(request, reply.status)
        raw = [(name.lower().encode(), value.encode()) for name, value in headers.items()]
        await send({"type": "http.response.start", "status": reply.status, "headers": raw})
        sent = content if whole else content[: len(content) // 2]
        await send({"type": "http.response.body", "body": sent, "more_body": not whole})
