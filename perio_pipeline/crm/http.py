"""The one place that imports httpx: sends requests within the quota and says plainly what came of each.

A request ends in a `Response` (any status) or a typed `Failure`; nothing is raised for what the network does. Reads are
repeated when it makes sense. A write is repeated only when it is certain that nothing was written: after a 429, and
when the connection could not be opened. Values never reach a log: the HTTP library's own loggers, which print whole
URLs, are kept at warnings.
"""

from __future__ import annotations

import asyncio
import hashlib
import logging
import ssl
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cache
from pathlib import Path
from typing import Any

import httpx

from perio_pipeline.crm.protocol import RequestStats
from perio_pipeline.crm.ratewindow import DailyBudget, OnWait, Window, announce
from perio_pipeline.crm.retry import TOO_MANY_REQUESTS, RetryPolicy, may_repeat

JsonObject = dict[str, Any]
Query = Mapping[str, str | int]
Wire = httpx.AsyncBaseTransport
"""What carries requests; tests put an `httpx.MockTransport` here."""
Observer = Callable[[str, str, Query, JsonObject | None, int | None], None]
"""Called after each attempt with method, path, query, JSON body and status (None when no answer came)."""

_NOTHING_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.UnsupportedProtocol)
_CONNECT_SECONDS = 10.0
_REDIRECTS = 5
# Servers commonly close an idle connection after five seconds; a write must not race with that.
_KEEP_ALIVE_SECONDS = 3.0


class FailureKind(StrEnum):
    """What is known when no answer came."""

    NOT_SENT = "not_sent"  # no connection: the CRM never saw the request
    TIMEOUT = "timeout"  # sent, and no answer in time
    LOST = "connection_lost"  # sent at least in part, and the connection broke


@dataclass(frozen=True)
class Failure:
    """No answer. `cause` is the name of the error, never its text."""

    kind: FailureKind
    cause: str


@dataclass(frozen=True)
class Content:
    """What a downloaded file holds: its size, and its SHA-256 in hex."""

    bytes: int
    sha256: str


@dataclass(frozen=True)
class Response:
    """An answer. `json` is None when the body is not JSON; header names are lower-case; `content` is of a download."""

    status: int
    json: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)
    content: Content | None = None

    @property
    def ok(self) -> bool:
        """Whether the CRM says it did what was asked."""
        return 200 <= self.status < 300

    @property
    def object(self) -> JsonObject:
        """The body when it is a JSON object, else an empty one."""
        return self.json if isinstance(self.json, dict) else {}


@dataclass(frozen=True)
class Upload:
    """A multipart body: a file and the form fields beside it. The file is read when it is sent.

    Attributes:
        part: the form field that carries the file.
        name, content_type: what the CRM is told about it.
        path: where it lies on this machine.
        form: the other fields.
    """

    part: str
    name: str
    content_type: str
    path: str
    form: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Request:
    """One request with a JSON body, an upload or neither.

    Attributes:
        method, path, query, body, headers, upload: what is sent. A download's path may be a whole address, on whatever
            host the CRM keeps its files.
        reads: it changes nothing.
        downloads: the answer is a file, of which only size and hash are kept.
    """

    method: str
    path: str
    query: Query = field(default_factory=dict)
    body: JsonObject | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    reads: bool = False
    upload: Upload | None = None
    downloads: bool = False


class Transport:
    """A pooled client for one CRM account. Use as an async context manager.

    Args:
        base_url: scheme, host and perhaps a path; request paths are appended.
        headers: sent with every request.
        window: the CRM's rate limit.
        budget: its daily quota, if it has one.
        stats: counted into, once per attempt.
        retry: how often and how patiently to repeat.
        throttled: the same for a 429, where that takes another patience.
        remaining_header: the response header with the CRM's count of what is left of the window, if it sends one.
        concurrency: requests in flight at most.
        timeout: seconds to wait for an answer.
        on_wait: told of long waits before a repetition.
        observer: told about every attempt; for contract tests.
        wire: replaces the network; for tests.
    """

    def __init__(
        self,
        base_url: str,
        headers: Mapping[str, str],
        window: Window,
        budget: DailyBudget | None,
        stats: RequestStats,
        *,
        retry: RetryPolicy,
        throttled: RetryPolicy | None = None,
        remaining_header: str = "",
        concurrency: int = 12,
        timeout: float = 30.0,
        on_wait: OnWait | None = None,
        observer: Observer | None = None,
        wire: Wire | None = None,
    ) -> None:
        self._window, self._budget, self._stats = window, budget, stats
        self._retry, self._throttled = retry, throttled or retry
        self._on_wait, self._observer = on_wait, observer
        self._remaining_header = remaining_header
        # The pool is as large as the semaphore, so that no request ever waits for a connection inside its slot.
        self._places = asyncio.Semaphore(concurrency)
        self._client = httpx.AsyncClient(
            base_url=base_url,
            headers=dict(headers),
            timeout=httpx.Timeout(timeout, connect=_CONNECT_SECONDS),
            limits=httpx.Limits(max_connections=concurrency, keepalive_expiry=_KEEP_ALIVE_SECONDS),
            transport=wire,
            verify=_trusted(),
        )
        # Files may lie on other hosts, which must not see the token.
        self._bare = httpx.AsyncClient(
            timeout=httpx.Timeout(timeout, connect=_CONNECT_SECONDS), transport=wire, verify=_trusted()
        )

    async def __aenter__(self) -> Transport:
        """Open the pool."""
        for name in ("httpx", "httpcore"):
            logging.getLogger(name).setLevel(logging.WARNING)
        await self._client.__aenter__()
        return self

    async def __aexit__(self, *exc: object) -> None:
        """Close the pool."""
        await self._client.aclose()
        await self._bare.aclose()

    async def send(self, request: Request, connects: int | None = None) -> Response | Failure:
        """Send a request, repeating it where that is safe.

        Args:
            request: what to send.
            connects: how often to try to open a connection, where that is less than the policy allows.

        Raises:
            DestinationError: the daily quota is spent.
        """
        attempts = {self._retry: 0, self._throttled: 0}
        while True:
            result = await self._attempt(request)
            policy = self._throttled if _status(result) == TOO_MANY_REQUESTS else self._retry
            attempts[policy] += 1
            if not _may_send_again(request, result) or (_not_sent(result) and attempts[policy] == connects):
                return result
            pause = policy.pause(attempts[policy], result.headers if isinstance(result, Response) else {})
            if pause is None:
                return result
            announce(self._on_wait, pause)
            await asyncio.sleep(pause)

    async def charge(self, requests: int) -> None:
        """Wait for and count requests that the next one costs beyond itself, where the CRM counts what it carries."""
        for _ in range(requests):
            async with self._window.slot():
                self._stats.requests += 1

    async def _attempt(self, request: Request) -> Response | Failure:
        if request.downloads and not self._is_ours(self._client.base_url.join(request.path)):
            async with self._places:
                return await self._exchange(request)  # another host's quota is none of the CRM's
        async with self._places, self._window.slot() as slot:
            if self._budget is not None:
                self._budget.spend()
            self._stats.requests += 1
            self._stats.writes += not request.reads
            result = await self._exchange(request)
        status = _status(result)
        if isinstance(result, Response):
            if self._budget is not None:
                self._budget.observe(result.headers)
            left = result.headers.get(self._remaining_header, "")
            if left.isdecimal():
                slot.observe(int(left))
            self._stats.rate_limited += status == TOO_MANY_REQUESTS
        if self._observer is not None:
            self._observer(request.method, request.path, request.query, request.body, status)
        return result

    async def _exchange(self, request: Request) -> Response | Failure:
        try:
            if request.downloads:
                return await self._download(httpx.URL(request.path), request.headers)
            answer = await self._answer(request)
        except _NOTHING_SENT as error:
            return Failure(FailureKind.NOT_SENT, type(error).__name__)
        except httpx.TimeoutException as error:
            return Failure(FailureKind.TIMEOUT, type(error).__name__)
        except (httpx.TransportError, httpx.DecodingError, httpx.TooManyRedirects) as error:
            return Failure(FailureKind.LOST, type(error).__name__)
        return Response(answer.status_code, _json(answer), {k.lower(): v for k, v in answer.headers.items()})

    async def _answer(self, request: Request) -> httpx.Response:
        params, headers = dict(request.query) or None, dict(request.headers)
        upload = request.upload
        if upload is None:
            return await self._client.request(
                request.method, request.path, params=params, json=request.body, headers=headers
            )
        with Path(upload.path).open("rb") as content:
            return await self._client.request(
                request.method,
                request.path,
                params=params,
                data=dict(upload.form),
                files={upload.part: (upload.name, content, upload.content_type)},
                headers=headers,
            )

    async def _download(self, url: httpx.URL, own: Mapping[str, str]) -> Response:
        """Take in a file piece by piece, wherever redirects lead; token and headers go to the CRM's own host alone."""
        url = self._client.base_url.join(url)
        for _ in range(_REDIRECTS):
            ours = self._is_ours(url)
            if not ours and url.scheme != "https":
                raise httpx.UnsupportedProtocol("a file of another host comes by https only")
            client, sent = (self._client, dict(own)) if ours else (self._bare, {})
            async with client.stream("GET", url, headers=sent) as answer:
                headers = {name.lower(): value for name, value in answer.headers.items()}
                if answer.is_redirect and "location" in headers:
                    url = url.join(headers["location"])
                    continue
                digest, size = hashlib.sha256(), 0
                async for piece in answer.aiter_bytes():
                    digest.update(piece)
                    size += len(piece)
                return Response(answer.status_code, None, headers, Content(size, digest.hexdigest()))
        raise httpx.TooManyRedirects("the file is nowhere")

    def _is_ours(self, url: httpx.URL) -> bool:
        own = self._client.base_url
        return (url.scheme, url.host, url.port) == (own.scheme, own.host, own.port)


@cache
def _trusted() -> ssl.SSLContext:
    """Whom to trust; it takes long to read, and is the same for every account."""
    return httpx.create_ssl_context()


def _status(result: Response | Failure) -> int | None:
    return result.status if isinstance(result, Response) else None


def _may_send_again(request: Request, result: Response | Failure) -> bool:
    if isinstance(result, Response):
        return may_repeat(request.reads, result.status)
    return request.reads or _not_sent(result)


def _not_sent(result: Response | Failure) -> bool:
    return isinstance(result, Failure) and result.kind is FailureKind.NOT_SENT


def _json(answer: httpx.Response) -> Any:
    try:
        return answer.json()
    except ValueError:
        return None
