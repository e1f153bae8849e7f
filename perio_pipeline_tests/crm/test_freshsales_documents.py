"""Files and links: what is sent, under which name, what is not, and how content is proven when it is read back."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest

from perio_pipeline.crm.attachments import marked_name
from perio_pipeline.crm.freshsales import file_limits
from perio_pipeline.crm.protocol import UNREAD, AccountSettings, Attachment, FileLimits, Outcome, Payload, Ref, Status
from perio_pipeline.errors import DestinationError
from perio_pipeline_tests.crm.freshsales_support import FakeFreshsales, having, run

CONTENT = b"\x89PNG radiograph"


@pytest.fixture
def payload(tmp_path: Path) -> Payload:
    path = tmp_path / "a.png"
    path.write_bytes(CONTENT)
    attachment = Attachment("BW 2024-03-05.png", "image/png", str(path), hashlib.sha256(CONTENT).hexdigest())
    return Payload("letters", "9", {"is_shared": True}, {}, {"contact_id": "61"}, "file_name", "IMG-9", attachment)


def upload(payload: Payload, *answers: Any, **settings: Any) -> tuple[Outcome, list[httpx.Request]]:
    fake = FakeFreshsales()
    fake.on("POST", "/documents", *answers)
    (outcome,) = run(fake, lambda adapter: adapter.create([payload]), **settings)
    return outcome, fake.requests


def test_a_file_goes_up_under_a_name_with_its_mark(payload: Payload) -> None:
    outcome, (request,) = upload(payload, (200, {"id": 12, "msg": "ok", "url": "https://files.example/12"}))
    assert outcome.ref == Ref("letters", "12", "61")
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
    assert run(fake, lambda adapter: adapter.find(payload)) == Ref("letters", "12", "61")


def test_names_and_faults_of_the_mapping(payload: Payload) -> None:
    assert marked_name("letter (IMG-9).pdf", "IMG-9") == "letter (IMG-9).pdf"
    assert marked_name("letter", "IMG-9") == "letter IMG-9"
    with pytest.raises(ValueError, match="attachment is missing"):
        upload(replace(payload, attachment=None), (200, {}))


# What is linked rather than uploaded


def linked(payload: Payload, url: str = "https://archive.example/9.dcm") -> Payload:
    assert payload.attachment is not None
    return replace(payload, attachment=replace(payload.attachment, name="CBCT.dcm", path="", sha256="", url=url))


def test_f10_a_file_that_is_too_large_can_be_a_link(payload: Payload) -> None:
    fake = FakeFreshsales()
    fake.on("POST", "/document_links", (200, {"id": 12, "msg": "ok", "url": "x"}))
    (outcome,) = run(fake, lambda adapter: adapter.create([linked(payload)]))
    assert (outcome.ref, outcome.code) == (Ref("letters", "links/12", "61"), "linked")
    assert fake.sent("POST", "/document_links") == [
        {
            "url": "https://archive.example/9.dcm",
            "name": "CBCT IMG-9.dcm",
            "is_shared": True,
            "targetable_type": "Contact",
            "targetable_id": 61,
        }
    ]


def test_a_link_is_found_by_its_name_and_told_from_a_file_of_the_same_id(payload: Payload) -> None:
    fake = FakeFreshsales()
    both = {"documents": [{"id": 12, "name": "a.pdf"}], "links": [{"id": 12, "name": "CBCT IMG-9.dcm", "url": "u"}]}
    fake.on("GET", "/contacts/61/document_associations", (200, both))
    assert run(fake, lambda adapter: adapter.find(payload)) == Ref("letters", "links/12", "61")


# Reading back

STORED = b"the file as the CRM has it"
HASH = hashlib.sha256(STORED).hexdigest()


class Files(FakeFreshsales):
    """An account with files; those on another host must not see the token."""

    def __init__(self, *documents: dict[str, Any], links: list[dict[str, Any]] | None = None) -> None:
        super().__init__()
        self.foreign: list[httpx.Request] = []
        content = {"documents": list(documents), "links": links or [], "meta": {"total_pages": 1}}
        self.on("GET", "/contacts/61/document_associations", (200, content))

    def handle(self, request: httpx.Request) -> httpx.Response:
        if request.url.host != "gum.myfreshworks.com":
            assert "Authorization" not in request.headers
            self.foreign.append(request)
            return httpx.Response(200, content=STORED)
        if request.url.path.endswith("/download/1"):
            return httpx.Response(200, content=STORED)
        if request.url.path.endswith("/download/2"):
            return httpx.Response(302, headers={"Location": "https://files.example/2?signature=x"})
        return super().handle(request)


def document(number: int, url: str, **more: Any) -> dict[str, Any]:
    return {"id": number, "name": f"{number}.pdf", "url": url, "size": len(STORED), **more}


API = "https://gum.myfreshworks.com/crm/sales/api"


@pytest.mark.parametrize(
    ("url", "foreign", "counted"),
    [(f"{API}/download/1", 0, 2), (f"{API}/download/2", 1, 2), ("https://files.example/9", 1, 1)],
)
def test_f8_the_content_of_a_file_is_proven_by_downloading_it(url: str, foreign: int, counted: int) -> None:
    fake = Files(document(9, url))
    ref = Ref("letters", "9", "61")

    async def go(adapter: Any) -> tuple[Any, int]:
        return await adapter.read([ref]), adapter.stats.requests

    found, requests = run(fake, go)
    assert found[ref].fields == {"file_name": "9.pdf", "sha256": HASH, "bytes": len(STORED)}
    assert found[ref].links == {"contact_id": "61"}
    assert len(fake.foreign) == foreign
    assert requests == counted, "only requests to the CRM's own host count in its quota"


def test_files_of_one_record_share_one_list_and_links_say_where_they_lead() -> None:
    links = [{"id": 3, "name": "CBCT.dcm", "url": "https://archive.example/3"}]
    fake = Files(document(1, f"{API}/download/1"), document(2, f"{API}/download/1"), links=links)
    refs = [Ref("letters", name, "61") for name in ("1", "2", "links/3", "4")]
    found = run(fake, lambda adapter: adapter.read(refs))
    assert found.keys() == set(refs[:3])
    assert found[refs[2]].fields == {"file_name": "CBCT.dcm", "url": "https://archive.example/3"}
    assert fake.count("GET", "/contacts/61/document_associations") == 1


def test_where_files_are_not_downloaded_the_snapshot_says_so() -> None:
    fake = Files(document(9, f"{API}/download/1"))
    ref = Ref("letters", "9", "61")
    found = run(fake, lambda adapter: adapter.read([ref]), capabilities=having(download_files=False))
    assert found[ref].fields == {"file_name": "9.pdf", "sha256": UNREAD, "bytes": len(STORED)}
    assert len(fake.requests) == 1


def test_a_file_that_the_list_names_and_nobody_has_is_not_proven() -> None:
    fake = Files(document(9, f"{API}/download/gone"))
    ref = Ref("letters", "9", "61")
    found = run(fake, lambda adapter: adapter.read([ref]))
    assert found[ref].fields["sha256"] is None


def test_a_file_of_another_host_comes_by_https_only() -> None:
    fake = Files(document(9, "http://files.example/9"))
    with pytest.raises(DestinationError, match="the download of a file"):
        run(fake, lambda adapter: adapter.read([Ref("letters", "9", "61")]))
    assert fake.foreign == []


# A file that changed in PANDA


def newer(payload: Payload, *documents: dict[str, Any]) -> tuple[Outcome, Files]:
    fake = Files(*documents)
    fake.on("POST", "/documents", (200, {"id": 30}))
    return run(fake, lambda adapter: adapter.update(Ref("letters", "12", "61"), payload)), fake


def test_a_changed_file_goes_up_beside_the_earlier_one(payload: Payload) -> None:
    outcome, fake = newer(payload, document(12, f"{API}/download/1", name="BW 2024-03-05 IMG-9.png"))
    assert (outcome.status, outcome.ref, outcome.code) == (Status.DONE, Ref("letters", "30", "61"), "replaced")
    assert "12" in outcome.reason
    assert sum(request.method == "POST" for request in fake.requests) == 1


def test_a_changed_file_whose_answer_was_lost_is_not_sent_twice(payload: Payload) -> None:
    assert payload.attachment is not None
    same = replace(payload, attachment=replace(payload.attachment, sha256=HASH))
    outcome, fake = newer(
        same,
        document(12, f"{API}/download/1", name="BW 2020-01-01 IMG-9.png"),
        document(30, f"{API}/download/1", name="BW 2024-03-05 IMG-9.png"),
    )
    assert (outcome.ref, outcome.code) == (Ref("letters", "30", "61"), "already_there")
    assert not any(request.method == "POST" for request in fake.requests)


def test_a_crm_that_changes_what_it_is_given_is_not_filled_with_versions(payload: Payload) -> None:
    held = [document(number, f"{API}/download/1", name="BW 2024-03-05 IMG-9.png") for number in (12, 13, 14)]
    outcome, fake = newer(payload, *held)
    assert (outcome.status, outcome.code) == (Status.REFUSED, "too_many_versions")
    assert not any(request.method == "POST" for request in fake.requests)


# What the account takes


@pytest.mark.parametrize(("plan", "gigabytes"), [("growth", 14), ("pro", 35), ("enterprise", 700)])
def test_g7_storage_grows_with_plan_and_users(plan: str, gigabytes: int) -> None:
    settings = AccountSettings("https://gum.myfreshworks.com", "gum", "t", plan=plan, users=7)
    assert file_limits(settings) == FileLimits(25_000_000, gigabytes * 10**9)
    assert file_limits(replace(settings, users=None, capabilities={"file_megabytes": 150})) == FileLimits(150_000_000)
