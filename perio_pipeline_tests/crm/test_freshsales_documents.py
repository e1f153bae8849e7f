"""Files: what is uploaded, under which name, and what is not sent."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest

from perio_pipeline.crm.freshsales.documents import marked_name
from perio_pipeline.crm.protocol import Attachment, Outcome, Payload, Ref, Status
from perio_pipeline_tests.crm.freshsales_support import FakeFreshsales, run

CONTENT = b"\x89PNG radiograph"


@pytest.fixture
def payload(tmp_path: Path) -> Payload:
    path = tmp_path / "a.png"
    path.write_bytes(CONTENT)
    attachment = Attachment("BW 2024-03-05.png", "image/png", str(path), hashlib.sha256(CONTENT).hexdigest())
    return Payload("documents", "9", {"is_shared": True}, {}, {"contact_id": "61"}, "file_name", "IMG-9", attachment)


def upload(payload: Payload, *answers: Any, **settings: Any) -> tuple[Outcome, list[httpx.Request]]:
    fake = FakeFreshsales()
    fake.on("POST", "/documents", *answers)
    (outcome,) = run(fake, lambda adapter: adapter.create([payload]), **settings)
    return outcome, fake.requests


def test_a_file_goes_up_under_a_name_with_its_mark(payload: Payload) -> None:
    outcome, (request,) = upload(payload, (200, {"id": 12, "msg": "ok", "url": "https://files.example/12"}))
    assert outcome.ref == Ref("documents", "12", "61")
    assert (outcome.code, outcome.reason) == ("uploaded", f"sha-256 {hashlib.sha256(CONTENT).hexdigest()}")
    assert request.headers["Content-Type"].startswith("multipart/form-data; boundary=")
    body = request.content
    assert CONTENT in body
    assert b'name="file"; filename="BW 2024-03-05 IMG-9.png"' in body
    for name, value in (("targetable_type", "Contact"), ("targetable_id", "61"), ("is_shared", "true")):
        assert f'name="{name}"\r\n\r\n{value}\r\n'.encode() in body


def test_a_repeated_upload_sends_the_whole_file_again(payload: Payload) -> None:
    outcome, requests = upload(payload, (429, {}), (200, {"id": 12}))
    assert outcome.status is Status.DONE
    assert [CONTENT in request.content for request in requests] == [True, True]


@pytest.mark.parametrize(
    ("change", "settings", "code"),
    [
        ({"path": "/nowhere/a.png"}, {}, "file_unreadable"),
        ({"sha256": "0" * 64}, {}, "file_changed"),
        ({}, {"file_megabytes": 0.00001}, "file_too_large"),
        ({"name": "x" * 260 + ".png"}, {}, "too_long"),
    ],
)
def test_a_file_that_is_not_right_is_not_sent(
    payload: Payload, change: dict[str, str], settings: dict[str, Any], code: str
) -> None:
    assert payload.attachment is not None
    wrong = replace(payload, attachment=replace(payload.attachment, **change))
    outcome, requests = upload(wrong, (200, {"id": 12}), **settings)
    assert (outcome.status, outcome.code, requests) == (Status.REFUSED, code, [])


@pytest.mark.parametrize(
    ("answer", "status"),
    [((413, None), Status.REFUSED), ((500, None), Status.UNKNOWN), (httpx.ReadTimeout("x"), Status.UNKNOWN)],
)
def test_what_is_known_after_an_upload(payload: Payload, answer: Any, status: Status) -> None:
    assert upload(payload, answer)[0].status is status


def test_a_file_is_found_by_its_name(payload: Payload) -> None:
    fake = FakeFreshsales()
    files = [{"id": 11, "name": "BW IMG-99.png"}, {"id": 12, "name": "BW IMG-9.png"}]
    fake.on("GET", "/contacts/61/document_associations", (200, {"documents": files}))
    assert run(fake, lambda adapter: adapter.find(payload)) == Ref("documents", "12", "61")


def test_names_and_faults_of_the_mapping(payload: Payload) -> None:
    assert marked_name("letter (IMG-9).pdf", "IMG-9") == "letter (IMG-9).pdf"
    assert marked_name("letter", "IMG-9") == "letter IMG-9"
    with pytest.raises(ValueError, match="attachment is missing"):
        upload(replace(payload, attachment=None), (200, {}))
