"""Files in a file field of a HighLevel contact: sent once, read back by content, replaced, and taken out again."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

import httpx
import pytest

from perio_pipeline.crm.highlevel.adapter import HighLevelAdapter
from perio_pipeline.crm.highlevel.capabilities import capabilities_from
from perio_pipeline.crm.highlevel.constants import API_VERSION
from perio_pipeline.crm.highlevel.settings import HighLevelSettings
from perio_pipeline.crm.protocol import UNREAD, Attachment, FieldSpec, FieldType, Outcome, Payload, Ref, Status
from perio_pipeline.errors import DestinationError
from perio_pipeline.sandbox.highlevel.config import Behaviour, FieldConfig
from perio_pipeline.sandbox.highlevel.faults import Fault
from perio_pipeline.sandbox.highlevel.seed import LOCATION_ID, TOKEN, demo_config
from perio_pipeline.sandbox.highlevel.server import running

Result = TypeVar("Result")
FACTOR = 500.0
FIELD = FieldSpec("contact", "Periodontal_Charts__c", FieldType.FILE, "Periodontal charts (PDF)")
MARK = "PANDA-charts-7"
UPLOADS = "/forms/upload-custom-files$"


class Place:
    """One served location with a patient, and an adapter that is opened for each piece of work."""

    def __init__(self, sandbox: Any, folder: Path, capabilities: dict[str, Any]) -> None:
        self.sandbox, self.folder, self.capabilities = sandbox, folder, capabilities_from(capabilities)
        self.requests: list[tuple[str, str]] = []
        person = Payload("contacts", "7", {"firstName": "Ann", "lastName": "Lee"}, {}, {}, "lastName", "Lee")
        (made,) = self.run(lambda adapter: adapter.create([person]))
        assert made.ref is not None
        self.patient = made.ref

    def run(self, work: Callable[[HighLevelAdapter], Awaitable[Result]]) -> Result:
        settings = HighLevelSettings(
            self.sandbox.base_url, LOCATION_ID, TOKEN, capabilities=self.capabilities, time_scale=FACTOR
        )

        async def main() -> Result:
            async with HighLevelAdapter(settings, observer=self._note) as adapter:
                await adapter.connect()
                if missing := await adapter.missing_fields([FIELD]):
                    await adapter.create_fields(missing)
                self.requests.clear()
                return await work(adapter)

        return asyncio.run(main())

    def _note(self, method: str, path: str, *_: Any) -> None:
        self.requests.append((method, path.removeprefix(self.sandbox.base_url).split("/")[1]))

    def payload(self, content: bytes = b"%PDF chart", name: str = "Periodontal charts.pdf") -> Payload:
        path = self.folder / hashlib.sha256(content).hexdigest()
        path.write_bytes(content)
        attachment = Attachment(
            name, "application/pdf", str(path), hashlib.sha256(content).hexdigest(), field=FIELD.name
        )
        return Payload("charts", "7", {}, {}, {"contactId": self.patient.crm_id}, "file_name", MARK, attachment)

    def sent(self, content: bytes = b"%PDF chart") -> Ref:
        (outcome,) = self.run(lambda adapter: adapter.create([self.payload(content)]))
        assert (outcome.status, outcome.code) == (Status.DONE, "uploaded")
        assert outcome.ref is not None
        return outcome.ref

    def update(self, ref: Ref, payload: Payload) -> Outcome:
        return self.run(lambda adapter: adapter.update(ref, payload))

    def read(self, ref: Ref) -> dict[str, Any]:
        found = self.run(lambda adapter: adapter.read([ref]))
        return {**found[ref].fields, **found[ref].links} if ref in found else {}

    def field(self) -> list[str]:
        """The names of the files that the patient's field holds, as the sandbox has them."""
        (contact,) = self.sandbox.state()[LOCATION_ID]["contact"]
        values = [value for value in contact["customFields"].values() if isinstance(value, dict)]
        return [entry["meta"]["originalname"] for value in values for entry in value.values()]

    def put_by_a_person(self, name: str) -> None:
        """Somebody uploads a file of their own into the same field."""
        (field,) = (each for each in self.sandbox.state()[LOCATION_ID]["customField"] if each["name"] == FIELD.name)
        query = {"contactId": self.patient.crm_id, "locationId": LOCATION_ID}
        headers = {"Authorization": f"Bearer {TOKEN}", "Version": API_VERSION}
        httpx.post(
            f"{self.sandbox.base_url}/forms/upload-custom-files",
            params=query,
            headers=headers,
            files={f"{field['id']}_1": (name, b"theirs", "application/pdf")},
        ).raise_for_status()


@contextmanager
def place(
    folder: Path, capabilities: dict[str, Any] | None = None, *faults: Fault, **behaviour: Any
) -> Iterator[Place]:
    with running(demo_config(behaviour=Behaviour(**behaviour), clock_factor=FACTOR, faults=faults)) as sandbox:
        yield Place(sandbox, folder, capabilities or {})


def test_h3_a_chart_costs_one_request_and_is_read_back_by_its_content(tmp_path: Path) -> None:
    with place(tmp_path) as here:
        ref = here.sent(b"%PDF one")
        assert here.requests == [("POST", "forms")]
        assert here.read(ref) == {
            "file_name": f"Periodontal charts {MARK}.pdf",
            "sha256": hashlib.sha256(b"%PDF one").hexdigest(),
            "bytes": 8,
            "contactId": here.patient.crm_id,
        }
        assert sorted(here.requests) == [("GET", "contacts"), ("GET", "documents")]


def test_h3_a_lost_answer_is_made_good_by_the_mark_and_nothing_is_sent_twice(tmp_path: Path) -> None:
    lost = Fault(kind="lost_response", method="POST", path=UPLOADS, nth=1)
    with place(tmp_path, {}, lost) as here:
        payload = here.payload()
        (outcome,) = here.run(lambda adapter: adapter.create([payload]))
        assert outcome.status is Status.UNKNOWN
        found = here.run(lambda adapter: adapter.find(payload))
        assert found is not None
        assert here.read(found)["sha256"] == payload.attachment.sha256 if payload.attachment else False
        assert len(here.field()) == 1
        assert here.run(lambda adapter: adapter.find(replace(payload, mark="PANDA-charts-77"))) is None


def test_h3_a_chart_with_a_new_exam_takes_the_place_of_the_earlier_one(tmp_path: Path) -> None:
    with place(tmp_path) as here:
        here.put_by_a_person("consent.pdf")
        ref = here.sent(b"%PDF one")
        outcome = here.update(ref, here.payload(b"%PDF two", "Periodontal charts to 2025.pdf"))
        assert (outcome.status, outcome.code, outcome.reason) == (Status.DONE, "replaced", "")
        assert outcome.ref is not None
        assert here.read(outcome.ref)["sha256"] == hashlib.sha256(b"%PDF two").hexdigest()
        assert here.field() == ["consent.pdf", f"Periodontal charts to 2025 {MARK}.pdf"]


def test_h3_an_update_whose_answer_was_lost_sends_nothing_again(tmp_path: Path) -> None:
    with place(tmp_path) as here:
        ref = here.sent(b"%PDF one")
        first = here.update(ref, here.payload(b"%PDF two"))
        again = here.update(ref, here.payload(b"%PDF two"))
        assert (again.status, again.code, again.ref) == (Status.DONE, "already_there", first.ref)
        assert here.requests == [("GET", "contacts")]
        assert len(here.field()) == 1


@pytest.mark.parametrize("stated", [False, True])
def test_p18_where_values_cannot_be_replaced_the_earlier_version_stays_and_that_is_said(
    tmp_path: Path, stated: bool
) -> None:
    with place(tmp_path, {"file_values_replace": stated}, file_value_put="merge") as here:
        ref = here.sent(b"%PDF one")
        outcome = here.update(ref, here.payload(b"%PDF two"))
        assert (outcome.status, outcome.code) == (Status.DONE, "replaced")
        assert outcome.reason == f"the earlier version, {ref.crm_id}, stays in the field"
        assert len(here.field()) == 2
        removed = here.run(lambda adapter: adapter.delete(ref))
        assert (removed.status, removed.code) == (Status.REFUSED, "undeletable")
        assert here.run(_deletes) is stated


async def _deletes(adapter: HighLevelAdapter) -> bool:
    return adapter.deletes("charts")


def test_a_rollback_takes_the_chart_out_and_leaves_what_people_put_there(tmp_path: Path) -> None:
    with place(tmp_path) as here:
        ref = here.sent()
        here.put_by_a_person("consent.pdf")
        hanging = here.run(lambda adapter: adapter.hanging([here.patient]))
        assert len(hanging[here.patient] - {ref.crm_id}) == 1, "a contact with somebody's file stays"
        assert here.run(lambda adapter: adapter.delete(ref)).status is Status.DONE
        assert here.field() == ["consent.pdf"]
        again = here.run(lambda adapter: adapter.delete(ref))
        assert (again.status, again.code) == (Status.DONE, "already_gone")
        assert here.read(ref) == {}


@pytest.mark.parametrize("stated", [False, True])
def test_p18_content_that_cannot_be_downloaded_is_not_said_to_be_compared(tmp_path: Path, stated: bool) -> None:
    with place(tmp_path, {"download_files": stated}, download_with_token=False) as here:
        held = here.read(here.sent(b"%PDF one"))
        assert (held["sha256"], held["bytes"]) == (UNREAD, 8)


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (lambda path: path.write_bytes(b"another"), "file_changed"),
        (lambda path: path.unlink(), "file_unreadable"),
        (lambda path: path.write_bytes(b"x" * 50_000_001), "file_too_large"),
    ],
)
def test_a_file_that_is_not_what_was_meant_is_refused_before_it_is_sent(
    tmp_path: Path, change: Callable[[Path], Any], code: str
) -> None:
    with place(tmp_path) as here:
        payload = here.payload()
        change(Path(payload.attachment.path if payload.attachment else ""))
        (outcome,) = here.run(lambda adapter: adapter.create([payload]))
        assert (outcome.status, outcome.code) == (Status.REFUSED, code)
        assert here.requests == []


def test_p4_a_field_that_takes_one_file_only_is_named(tmp_path: Path) -> None:
    single = FieldConfig(name=FIELD.name, dataType="FILE_UPLOAD")
    with (
        running(demo_config(custom_fields=[single], clock_factor=FACTOR)) as sandbox,
        pytest.raises(DestinationError, match="takes one file only"),
    ):
        Place(sandbox, tmp_path, {})
