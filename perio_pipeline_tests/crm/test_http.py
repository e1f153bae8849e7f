"""The transport: what is repeated, what is counted, and what becomes of failures."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest

from perio_pipeline.crm.http import Failure, FailureKind, Request, Response, Transport, Upload
from perio_pipeline.crm.protocol import RequestStats
from perio_pipeline.crm.ratewindow import DailyBudget, RateWindow
from perio_pipeline.crm.retry import RetryPolicy, retry_after
from perio_pipeline.errors import DestinationError
from perio_pipeline_tests.crm.virtual_time import run_virtually

READ = Request("GET", "/things", reads=True)
SEARCH = Request("POST", "/search", body={"q": 1}, reads=True)
WRITE = Request("POST", "/things", body={"name": "x"})

Step = int | Exception | httpx.Response


class Script:
    def __init__(self, *steps: Step) -> None:
        self.steps, self.seen, self.at = list(steps), [], []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.seen.append(request)
        self.at.append(asyncio.get_running_loop().time())
        step = self.steps.pop(0) if len(self.steps) > 1 else self.steps[0]
        if isinstance(step, Exception):
            raise step
        return step if isinstance(step, httpx.Response) else httpx.Response(step, json={"ok": True})


def send(
    script: Callable[[httpx.Request], httpx.Response], request: Request, connects: int | None = None, **options: Any
) -> tuple[Response | Failure, RequestStats]:
    stats = RequestStats()
    budget = options.pop("budget", DailyBudget())

    async def main() -> Response | Failure:
        async with Transport(
            "https://crm.example/base",
            {"Authorization": "Bearer t"},
            RateWindow(100, 10.0),
            budget,
            stats,
            retry=RetryPolicy(chance=lambda: 1.0),
            wire=httpx.MockTransport(script),
            **options,
        ) as transport:
            return await transport.send(request, connects)

    return run_virtually(main()), stats


@pytest.mark.parametrize("request_", [READ, SEARCH])
@pytest.mark.parametrize(
    "fault", [429, 500, 503, httpx.ReadTimeout("x"), httpx.ReadError("x"), httpx.ConnectError("x")]
)
def test_reads_are_repeated(request_: Request, fault: Step) -> None:
    result, stats = send(Script(fault, fault, 200), request_)
    assert isinstance(result, Response)
    assert result.ok
    assert result.object == {"ok": True}
    assert (stats.requests, stats.writes, stats.rate_limited) == (3, 0, 2 if fault == 429 else 0)


@pytest.mark.parametrize("fault", [429, httpx.ConnectError("x"), httpx.ConnectTimeout("x"), httpx.PoolTimeout("x")])
def test_writes_are_repeated_only_when_nothing_was_written(fault: Step) -> None:
    result, stats = send(Script(fault, 201), WRITE)
    assert isinstance(result, Response)
    assert result.status == 201
    assert (stats.requests, stats.writes) == (2, 2)


@pytest.mark.parametrize(
    ("fault", "kind"),
    [
        (httpx.ReadTimeout("x"), FailureKind.TIMEOUT),
        (httpx.WriteTimeout("x"), FailureKind.TIMEOUT),
        (httpx.ReadError("x"), FailureKind.LOST),
        (httpx.WriteError("x"), FailureKind.LOST),
        (httpx.RemoteProtocolError("x"), FailureKind.LOST),
    ],
)
def test_a_write_with_an_open_end_is_sent_once(fault: Exception, kind: FailureKind) -> None:
    result, stats = send(Script(fault), WRITE)
    assert result == Failure(kind, type(fault).__name__)
    assert stats.requests == 1


@pytest.mark.parametrize("status", [500, 502, 400, 422])
def test_other_answers_to_a_write_are_handed_back(status: int) -> None:
    result, stats = send(Script(status), WRITE)
    assert isinstance(result, Response)
    assert result.status == status
    assert stats.requests == 1


def test_patience_ends() -> None:
    script = Script(503)
    result, stats = send(script, READ)
    assert isinstance(result, Response)
    assert result.status == 503
    assert stats.requests == 8
    pauses = [later - earlier for earlier, later in zip(script.at, script.at[1:], strict=False)]
    assert pauses == pytest.approx([0.5, 1, 2, 4, 8, 16, 30])


def test_opening_a_connection_can_be_tried_less_often() -> None:
    result, stats = send(Script(httpx.ConnectError("x")), READ, connects=2)
    assert result == Failure(FailureKind.NOT_SENT, "ConnectError")
    assert stats.requests == 2


def test_retry_after_is_honoured_up_to_a_limit() -> None:
    script = Script(httpx.Response(429, headers={"Retry-After": "45"}), 201)
    send(script, WRITE)
    assert script.at[1] - script.at[0] == pytest.approx(45)
    result, stats = send(Script(httpx.Response(429, headers={"Retry-After": "86400"})), WRITE)
    assert isinstance(result, Response)
    assert (result.status, stats.requests) == (429, 1)


def test_retry_after_reads_seconds_and_dates() -> None:
    now = datetime(2026, 1, 1, tzinfo=UTC)
    assert retry_after({"retry-after": "7"}, now) == 7
    assert retry_after({"retry-after": "Thu, 01 Jan 2026 00:00:30 GMT"}, now) == 30
    assert retry_after({"retry-after": "Thu, 01 Jan 2026 00:00:30 -0000"}, now) == 30
    assert retry_after({"retry-after": "soon"}, now) == 0
    assert retry_after({}, now) == 0


def test_an_answer_that_is_not_json_is_still_an_answer() -> None:
    result, _ = send(Script(httpx.Response(200, text="<html>")), READ)
    assert result == Response(200, None, {"content-length": "6", "content-type": "text/plain; charset=utf-8"})
    assert isinstance(result, Response)
    assert result.object == {}


def test_the_observer_sees_every_attempt() -> None:
    seen: list[Any] = []
    request = Request("GET", "/things", {"page": 2}, reads=True)
    script = Script(httpx.ReadTimeout("x"), 429, 200)
    send(script, request, observer=lambda *attempt: seen.append(attempt))
    assert seen == [("GET", "/things", {"page": 2}, None, status) for status in (None, 429, 200)]
    assert str(script.seen[0].url) == "https://crm.example/base/things?page=2"
    assert script.seen[0].headers["Authorization"] == "Bearer t"


def test_the_daily_count_of_the_crm_ends_the_run() -> None:
    budget = DailyBudget(reserve=10, header="x-left")
    script = Script(httpx.Response(429, headers={"X-Left": "0"}))
    with pytest.raises(DestinationError, match="daily quota"):
        send(script, WRITE, budget=budget)
    assert len(script.seen) == 1


def test_nothing_of_a_request_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    send(Script(500, 200), Request("GET", "/things", {"email": "someone@example.org"}, reads=True))
    assert "someone" not in caplog.text


def test_an_upload_is_sent_as_a_form_each_time(tmp_path: Path) -> None:
    file = tmp_path / "a.txt"
    file.write_bytes(b"content")
    upload = Upload("file", "shown.txt", "text/plain", str(file), {"kind": "letter"})
    script = Script(429, 201)
    send(script, Request("POST", "/files", upload=upload))
    for request in script.seen:
        assert b'name="file"; filename="shown.txt"' in request.content
        assert b"content" in request.content
        assert b'name="kind"\r\n\r\nletter' in request.content


def test_a_429_can_have_a_patience_of_its_own() -> None:
    patient = RetryPolicy(attempts=4, base=100.0, cap=1000.0, chance=lambda: 1.0)
    script, waits = Script(500, 429, 500, 429, 200), []
    result, stats = send(script, READ, throttled=patient, on_wait=lambda seconds, until: waits.append(seconds))
    assert isinstance(result, Response)
    assert (result.status, stats.rate_limited) == (200, 2)
    pauses = [later - earlier for earlier, later in zip(script.at, script.at[1:], strict=False)]
    assert pauses == pytest.approx([0.5, 100, 1, 200])
    assert waits == pytest.approx([100, 200])


def test_a_crm_may_have_no_daily_quota() -> None:
    result, stats = send(Script(200), READ, budget=None)
    assert isinstance(result, Response)
    assert stats.requests == 1
