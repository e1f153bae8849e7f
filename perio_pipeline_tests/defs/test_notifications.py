"""Notices: off by default, told once, to whom somebody named, and without a value or the text of an error."""

from __future__ import annotations

import json
import shutil
import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from perio_pipeline.cutover.window import Window, WindowFile
from perio_pipeline.defs.notifications import run_failures_sensor, windows_sensor
from perio_pipeline.defs.resources import DESTINATION_TAG, WorkplaceResource
from perio_pipeline.errors import SettingsError
from perio_pipeline.notifying import MAIL_FROM, MAIL_TO, SMTP, WEBHOOK, Notice, Recipients, send
from perio_pipeline.workplace import Workplace
from perio_pipeline_tests.end_to_end.world import PRACTICE, PROJECT

SECRET = "Zyquobaka"
NOW = datetime(2026, 12, 4, 12, 0, tzinfo=UTC)


class Told:
    """A server that takes webhooks, and what it was told."""

    def __init__(self) -> None:
        self.bodies: list[dict[str, Any]] = []
        self.url = ""


@contextmanager
def listening(status: int = 200) -> Iterator[Told]:
    told = Told()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            told.bodies.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(status)
            self.end_headers()

        def log_message(self, *_: Any) -> None: ...

    server = HTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    told.url = f"http://127.0.0.1:{server.server_port}/hook"
    try:
        yield told
    finally:
        server.shutdown()
        server.server_close()


@contextmanager
def mail_server() -> Iterator[tuple[int, list[str]]]:
    """A mail server that takes everything; yields its port and the lines it got."""
    lines: list[str] = []

    class Handler(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            self.wfile.write(b"220 here\r\n")
            in_data = False
            for raw in self.rfile:
                line = raw.decode().rstrip("\r\n")
                lines.append(line)
                if in_data:
                    in_data = line != "."
                    if not in_data:
                        self.wfile.write(b"250 ok\r\n")
                    continue
                if line.upper() == "QUIT":
                    self.wfile.write(b"221 bye\r\n")
                    return
                in_data = line.upper() == "DATA"
                self.wfile.write(b"354 go on\r\n" if in_data else b"250 ok\r\n")

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server.server_address[1], lines
        server.shutdown()


@pytest.fixture
def rooms(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Workplace:
    for name in (WEBHOOK, MAIL_TO, MAIL_FROM, SMTP):
        monkeypatch.delenv(name, raising=False)
    shutil.copytree(PROJECT / "mappings", tmp_path / "mappings")
    return Workplace(tmp_path / "data", tmp_path / "mappings")


def state(rooms: Workplace, text: str) -> None:
    path = rooms.mappings / "practices" / f"{PRACTICE}.yaml"
    path.write_text(path.read_text(encoding="utf-8") + text, encoding="utf-8")


def resource(rooms: Workplace) -> WorkplaceResource:
    return WorkplaceResource(data=str(rooms.data), mappings=str(rooms.mappings))


def fail_and_tell(rooms: Workplace) -> None:
    @dg.op
    def load__contacts() -> None:
        raise ValueError(f"cannot send {SECRET}")

    @dg.job(tags={"dagster/partition": PRACTICE, DESTINATION_TAG: "highlevel"})
    def full_migration_highlevel() -> None:
        load__contacts()

    with dg.DagsterInstance.ephemeral() as instance:
        result = full_migration_highlevel.execute_in_process(instance=instance, raise_on_error=False)
        event = next(event for event in result.all_events if event.event_type_value == "PIPELINE_FAILURE")
        told_of = dg.build_run_status_sensor_context(
            "notify_run_failures", event, instance, result.dagster_run, resources={"workplace": resource(rooms)}
        )
        with told_of as context:
            run_failures_sensor()(context.for_run_failure())


def test_both_are_off_until_somebody_switches_them_on() -> None:
    for sensor in (run_failures_sensor(), windows_sensor()):
        assert sensor.default_status is dg.DefaultSensorStatus.STOPPED


def test_a_failed_run_is_told_by_names_and_ids_alone(rooms: Workplace) -> None:
    with listening() as told:
        state(rooms, f"\nnotify: {{webhook: '{told.url}'}}\n")
        fail_and_tell(rooms)
    (body,) = told.bodies
    assert (body["event"], body["practice"], body["destination"]) == ("run_failed", PRACTICE, "highlevel")
    assert body["text"] == (
        "Run full_migration_highlevel of practice harbor into highlevel failed in step load/contacts."
    )
    assert body["link"].endswith(f"/runs/{body['run']}")
    assert SECRET not in json.dumps(body)


def test_nobody_is_told_where_nobody_is_named(rooms: Workplace) -> None:
    fail_and_tell(rooms)


def test_the_environment_names_who_is_told_of_all_practices(rooms: Workplace, monkeypatch: pytest.MonkeyPatch) -> None:
    with mail_server() as (port, lines):
        monkeypatch.setenv(SMTP, f"127.0.0.1:{port}")
        monkeypatch.setenv(MAIL_FROM, "pipeline@practice.example")
        monkeypatch.setenv(MAIL_TO, "it@practice.example, manager@practice.example")
        fail_and_tell(rooms)
    assert [line for line in lines if line.lower().startswith("rcpt")] == [
        "rcpt TO:<it@practice.example>",
        "rcpt TO:<manager@practice.example>",
    ]
    assert "practice: harbor" in lines
    assert SECRET not in "\n".join(lines)


@pytest.mark.parametrize("status", [404, 500])
def test_an_address_that_refuses_is_told_without_showing_it(status: int) -> None:
    with listening(status) as told, pytest.raises(SettingsError, match=str(status)) as refused:
        send(Notice("run_failed", "text"), Recipients(told.url))
    assert told.url not in str(refused.value)


def test_mail_without_a_server_says_what_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(SMTP, raising=False)
    with pytest.raises(SettingsError, match=SMTP):
        send(Notice("run_failed", "text"), Recipients(mail_to=("it@practice.example",)))


def open_window(rooms: Workplace, hours: float, problem: str = "") -> None:
    rooms.data.mkdir(exist_ok=True)
    window = Window(
        practice=PRACTICE,
        destination="highlevel",
        opened_at=NOW,
        closes_at=NOW + timedelta(hours=hours),
        opened_by="jo",
        problem=problem,
    )
    WindowFile(rooms.data / "cutover", PRACTICE, "highlevel").write(window)


def look(rooms: Workplace, cursor: str | None = None) -> str | None:
    with dg.DagsterInstance.ephemeral() as instance:
        resources = {"workplace": resource(rooms)}
        with dg.build_sensor_context(instance, cursor=cursor, resources=resources) as context:
            windows_sensor(lambda: NOW)(context)
            return context.cursor


def test_a_window_that_closes_soon_is_told_once(rooms: Workplace) -> None:
    with listening() as told:
        state(rooms, f"\nnotify: {{webhook: '{told.url}'}}\n")
        open_window(rooms, hours=3)
        cursor = look(rooms)
        assert told.bodies == []
        open_window(rooms, hours=1)
        cursor = look(rooms, cursor)
        look(rooms, cursor)
    assert [body["event"] for body in told.bodies] == ["window_closing"]
    assert "closes at 2026-12-04 08:00 EST" in told.bodies[0]["text"]


def test_a_window_that_is_held_up_is_told_without_what_holds_it_up(rooms: Workplace) -> None:
    with listening() as told:
        state(rooms, f"\nnotify: {{webhook: '{told.url}'}}\n")
        open_window(rooms, hours=9, problem=f"cannot read {SECRET}")
        look(rooms)
    assert [body["event"] for body in told.bodies] == ["window_held_up"]
    assert SECRET not in json.dumps(told.bodies)
