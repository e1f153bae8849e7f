"""The reports in a browser: to the user who started `perio ui` alone, and nothing but reports."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import httpx
import pytest

from perio_pipeline import settings
from perio_pipeline.cli import reportserver
from perio_pipeline.defs.metadata import report_link


@pytest.fixture
def report(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A report of a data folder whose reports are served."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        monkeypatch.setenv(settings.REPORTS, f"http://127.0.0.1:{free.getsockname()[1]}/")
    monkeypatch.setenv(settings.DATA, str(tmp_path))
    (tmp_path / "journal.key").write_text("secret")
    path = tmp_path / "reports" / "harbor" / "highlevel" / "diff.html"
    path.parent.mkdir(parents=True)
    path.write_text("<p>every cell</p>")
    with reportserver.serving(tmp_path) as is_served:
        assert is_served
        yield path


def test_the_link_in_the_metadata_opens_the_report_and_the_browser_keeps_nothing(report: Path) -> None:
    link = report_link(report)
    assert isinstance(link, dg.UrlMetadataValue)
    answer = httpx.get(str(link.value))
    assert (answer.status_code, answer.text) == (200, "<p>every cell</p>")
    assert answer.headers["content-type"] == "text/html"
    assert answer.headers["cache-control"] == "no-store"


@pytest.mark.parametrize("rest", ["", "harbor/", "harbor/highlevel", "../journal.key", "%2e%2e/journal.key"])
def test_nothing_but_reports_is_handed_out(report: Path, rest: str) -> None:
    link = settings.report_link(report).removesuffix("harbor/highlevel/diff.html")
    with socket.create_connection(("127.0.0.1", httpx.URL(link).port or 0)) as raw:
        path = httpx.URL(link).path
        raw.sendall(f"GET {path}{rest} HTTP/1.0\r\nHost: {httpx.URL(link).netloc.decode()}\r\n\r\n".encode())
        answer = b"".join(iter(lambda: raw.recv(4096), b""))
    assert answer.split()[1] in {b"301", b"404"}
    assert b"secret" not in answer


def test_another_users_browser_is_refused(report: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reportserver.os, "getuid", lambda: os.geteuid() + 1)
    assert httpx.get(settings.report_link(report)).status_code == 403


def test_a_name_that_points_to_this_machine_is_refused(report: Path) -> None:
    answer = httpx.get(settings.report_link(report), headers={"Host": "rebound.example"})
    assert answer.status_code == 403


def test_another_folders_link_is_told(report: Path) -> None:
    link = settings.report_link(report).replace(settings.folder_key(report.parents[2]), "00000000")
    answer = httpx.get(link)
    assert answer.status_code == 404
    assert "another data folder" in answer.text


@pytest.mark.parametrize("address", ["", "http://0.0.0.0:3001", "http://192.0.2.1:3001", "http://127.0.0.1"])
def test_nothing_is_served_but_on_this_machine(address: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(settings.REPORTS, address)
    with reportserver.serving(tmp_path) as is_served:
        assert not is_served


def test_a_taken_port_is_told(report: Path, tmp_path: Path) -> None:
    with reportserver.serving(tmp_path) as is_served:
        assert not is_served


def test_where_nobody_serves_them_the_path_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(settings.REPORTS, raising=False)
    monkeypatch.setenv(settings.DATA, str(tmp_path))
    link = report_link(tmp_path / "reports" / "harbor" / "diff.html")
    assert isinstance(link, dg.PathMetadataValue)
