"""A scripted Freshsales for the adapter's tests: an account, its set-up, and bulk jobs that can go wrong."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any, TypeVar

import httpx

from perio_pipeline.crm.freshsales.adapter import FreshsalesAdapter
from perio_pipeline.crm.freshsales.capabilities import Capabilities
from perio_pipeline.crm.freshsales.constants import API_PATH, PLAN_LINE_ENTITY
from perio_pipeline.crm.freshsales.settings import FreshsalesSettings
from perio_pipeline.crm.protocol import FieldSpec, FieldType, Payload
from perio_pipeline_tests.crm.scripted import Scripted

Result = TypeVar("Result")
LINE = PLAN_LINE_ENTITY

DEPTH = FieldSpec("contact", "Deepest_Site_MM__c", FieldType.NUMBER, "Deepest site (mm)")
STAGE = FieldSpec("contact", "Perio_Stage__c", FieldType.CHOICE, "Perio stage", ("Stage I", "Stage II"))
SITES = FieldSpec("contact", "Bleeding_Sites__c", FieldType.MULTI_CHOICE, "Bleeding sites", ("MB", "B", "DB", "M;D"))
EXAM = FieldSpec("contact", "Last_Exam_Date__c", FieldType.DATE, "Last exam")
REFERS = FieldSpec("contact", "Referring_Dentist__c", FieldType.CHECKBOX, "Referring dentist")
HISTORY = FieldSpec("contact", "Exam_History__c", FieldType.LONG_TEXT, "Exam history")
PRACTICE_ID = FieldSpec("sales_account", "Source_Practice_ID__c", FieldType.TEXT, "PANDA practice id")
PLAN_ID = FieldSpec("deal", "Source_Plan_ID__c", FieldType.TEXT, "PANDA plan id")
LINE_ID = FieldSpec(LINE, "Source_Line_ID__c", FieldType.TEXT, "PANDA line id")
LINE_DEAL = FieldSpec(LINE, "Deal__c", FieldType.LOOKUP, "Deal", target="deal")
FIELDS = (DEPTH, STAGE, SITES, EXAM, REFERS, HISTORY, PRACTICE_ID, PLAN_ID, LINE_ID, LINE_DEAL)
KINDS = {
    FieldType.NUMBER: "decimal",
    FieldType.CHOICE: "dropdown",
    FieldType.MULTI_CHOICE: "multi_select_dropdown",
    FieldType.DATE: "date",
    FieldType.CHECKBOX: "checkbox",
    FieldType.LONG_TEXT: "paragraph",
    FieldType.TEXT: "text",
    FieldType.LOOKUP: "auto_complete",
}
NATIVE = (("first_name", "First name"), ("emails", "Emails"), ("external_id", "External ID"), ("name", "Name"))


def api_name(spec: FieldSpec) -> str:
    """Unlike anything that could be computed, as after an admin renamed the label."""
    return f"cf_x{len(spec.name)}_{spec.name[0].lower()}"


def field_record(spec: FieldSpec, **changes: Any) -> dict[str, Any]:
    choices = [{"id": n, "value": option, "position": n} for n, option in enumerate(spec.options, 1)]
    return {"name": api_name(spec), "label": spec.label, "type": KINDS[spec.type], "choices": choices, **changes}


class FakeFreshsales(Scripted):
    """An Enterprise account with every field that the tests use."""

    prefix = API_PATH

    def __init__(self) -> None:
        super().__init__()
        self.on("GET", "/contacts/filters", (200, {"filters": [{"id": 1, "name": "All Contacts"}]}))
        lists: dict[str, tuple[str, list[dict[str, Any]]]] = {
            "owners": ("users", [{"id": 50001, "display_name": "Dr. Doc", "email": "Doc@Gum.example"}]),
            "deal_pipelines": (
                "deal_pipelines",
                [
                    {"id": 70, "name": "Perio", "deal_stages": [{"id": 71, "name": "Accepted"}]},
                    {"id": 80, "name": "Recall", "deal_stages": [{"id": 81, "name": "Accepted"}]},
                ],
            ),
            "currencies": ("currencies", [{"id": 9, "currency_code": "USD"}]),
            "contact_statuses": ("contact_statuses", []),
            "lifecycle_stages": ("lifecycle_stages", [{"id": 33, "name": "Customer"}]),
            "lead_sources": ("lead_sources", [{"id": 34, "name": "PANDA Perio"}]),
            "deal_types": ("deal_types", []),
            "sales_activity_outcomes": ("sales_activity_outcomes", [{"id": 7, "name": "Completed"}]),
        }
        for name, (key, entries) in lists.items():
            self.on("GET", f"/selector/{name}", (200, {key: entries}))
        for module, model in (("contacts", "contact"), ("sales_accounts", "sales_account"), ("deals", "deal")):
            self.fields(module, [field_record(spec) for spec in FIELDS if spec.model == model])
        self.forms([field_record(spec) for spec in FIELDS if spec.model == LINE])
        self.on("POST", "/filtered_search/contact", (200, {"contacts": []}))

    def fields(self, module: str, custom: Sequence[Mapping[str, Any]]) -> None:
        native = [{"name": name, "label": label, "type": "text"} for name, label in NATIVE]
        self.on("GET", f"/settings/{module}/fields", (200, {"fields": [*native, *custom]}))

    def forms(self, custom: Sequence[Mapping[str, Any]], entity: str = LINE) -> None:
        """A form holds groups, and a group its fields."""
        group = {"id": 5, "name": "basic", "label": "Basic", "fields": [*custom]}
        self.on("GET", f"/settings/{entity}/forms", (200, {"forms": [{"id": 4, "name": "default", "fields": [group]}]}))

    def handle(self, request: httpx.Request) -> httpx.Response:
        assert request.headers["Authorization"] == "Token token=key-1"
        return super().handle(request)


class Jobs:
    """Bulk jobs of one module: chosen rows fail, and ids are shown by the searches.

    Args:
        fake: the account.
        module, entity: such as `contacts` and `contact`.
        failing: key → the report's element for it; None for one that the report does not name.
        lag: how often a search shows nothing yet.
        final: the status that a job ends with.
        looks: how often a job is looked at until it has ended.
    """

    def __init__(
        self,
        fake: FakeFreshsales,
        module: str = "contacts",
        entity: str = "contact",
        failing: Mapping[str, Any] | None = None,
        lag: int = 0,
        final: str = "SUCCESS",
        looks: int = 1,
    ) -> None:
        self.fake, self.module, self.entity = fake, module, entity
        self.failing, self.lag, self.final, self.looks = dict(failing or {}), lag, final, looks
        self.taken = 0
        self.stored: dict[str, dict[str, Any]] = {}
        fake.on("POST", f"/{module}/bulk_upsert", self.take)
        fake.on("POST", f"/filtered_search/{entity}", self.search)
        fake.on("POST", f"/{module}/upsert", self.upsert)
        fake.on("GET", "/lookup", self.lookup)

    def take(self, request: httpx.Request) -> tuple[int, Any]:
        rows = json.loads(request.content)[self.module]
        assert len(rows) <= 100
        keys = [next(value for name, value in row.items() if name != "data") for row in rows]
        bad = [key for key in keys if key in self.failing]
        for key, row in zip(keys, rows, strict=True):
            if key not in self.failing:
                self.store(key, row["data"])
        report = {
            "record_status": {"succeeded": len(keys) - len(bad), "failed": len(bad)},
            "detailed_failure_report": [self.failing[key] or {"row": "?"} for key in bad],
        }
        running: tuple[int, Any] = (200, {"status": "IN_PROGRESS", "progress": 50})
        ended = {"status": self.final, "progress": 100, "data": json.dumps(report)}
        self.taken += 1
        path = f"/job_statuses/j{self.taken}"
        self.fake.on("GET", path, *[running] * (self.looks - 1), (200, ended))
        return 200, {"message": "ok", "job_status_url": f"https://gum.myfreshworks.com/crm/sales/api{path}"}

    def store(self, key: str, data: Mapping[str, Any]) -> dict[str, Any]:
        record = {"id": 60_000_000_000 + len(self.stored), **data}
        self.stored[key] = record
        self.fake.on("GET", f"/{self.module}/{record['id']}", (200, {self.entity: record}))
        return record

    def search(self, request: httpx.Request) -> tuple[int, Any]:
        if self.lag:
            self.lag -= 1
            return 200, {self.module: [], "meta": {"total": 0}}
        value = json.loads(request.content)["filter_rule"][0]["value"]
        wanted = value if isinstance(value, list) else [value]
        found = [{**self.stored[key], "custom_field": None} for key in wanted if key in self.stored]
        return 200, {self.module: found, "meta": {"total": len(found)}}

    def lookup(self, request: httpx.Request) -> tuple[int, Any]:
        found = [record for key, record in self.stored.items() if key == request.url.params["q"]]
        return 200, {self.module: {self.module: found}}

    def upsert(self, request: httpx.Request) -> tuple[int, Any]:
        body = json.loads(request.content)
        (key,) = body["unique_identifier"].values()
        if key in self.failing:
            return 400, {"errors": {"code": 400, "message": ["Emails has already been taken"]}}
        return 200, {self.entity: self.stored.get(key) or self.store(key, body[self.entity])}


def run(
    fake: FakeFreshsales,
    work: Callable[[FreshsalesAdapter], Awaitable[Result]],
    *,
    ready: bool = True,
    **settings: Any,
) -> Result:
    """Open an adapter on the fake, resolve what it needs, forget those requests, and do the work."""

    async def main() -> Result:
        options = {
            "url": "https://gum.myfreshworks.com",
            "alias": "gum",
            "token": "key-1",
            "plan": "enterprise",
            "time_scale": 10_000.0,
        }
        async with FreshsalesAdapter(
            FreshsalesSettings(**{**options, **settings}), wire=httpx.MockTransport(fake.handle)
        ) as adapter:
            if ready:
                await adapter.connect()
                await adapter.missing_fields(FIELDS)
                fake.requests.clear()
                adapter.stats.requests = 0
            return await work(adapter)

    return asyncio.run(main())


def having(**changes: Any) -> Capabilities:
    return replace(Capabilities(), **changes)


def patient(number: int = 7, **fields: Any) -> Payload:
    mark = f"PANDA-{number}"
    return Payload("contacts", str(number), {"last_name": "Gum", **fields}, {}, {}, "external_id", mark)


def practice(number: int = 3, name: str = "", **fields: Any) -> Payload:
    mark = f"PRACTICE-{number}"
    values = {"name": name or f"Perio Partners [{mark}]", **fields}
    return Payload("sales_accounts", str(number), values, {PRACTICE_ID.name: mark}, {}, PRACTICE_ID.name, mark)


def deal(number: int = 5, **fields: Any) -> Payload:
    mark = f"PLAN-{number}"
    values = {"name": f"Perio plan {mark}", "amount": 1200.5, **fields}
    return Payload("deals", str(number), values, {PLAN_ID.name: mark}, {"contact_id": "61"}, PLAN_ID.name, mark)


def line(number: int = 1, **fields: Any) -> Payload:
    mark = f"LINE-{number}"
    return Payload(
        "treatment_plan_lines",
        str(number),
        {"name": "D4341 tooth 3", **fields},
        {LINE_ID.name: mark},
        {LINE_DEAL.name: "62"},
        LINE_ID.name,
        mark,
    )


def note(mark: str = "[note 1]", **links: str) -> Payload:
    return Payload(
        "notes", "1", {"description": f"SOAP\n{mark}"}, {}, links or {"contact_id": "61"}, "description", mark
    )


def visit(mark: str = "[visit 2]", **fields: Any) -> Payload:
    values = {
        "title": "Periodontal maintenance",
        "description": f"Done\n{mark}",
        "from_date": "2024-03-05T14:00:00-05:00",
        "end_date": "2024-03-05T15:00:00-05:00",
        **fields,
    }
    return Payload("appointments", "2", values, {}, {"contact_id": "61"}, "description", mark)
