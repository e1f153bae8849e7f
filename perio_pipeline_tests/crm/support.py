"""A scripted HighLevel for the adapter's tests: answers by method and path, and remembers what it was asked."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

import httpx

from perio_pipeline.crm.highlevel.adapter import HighLevelAdapter
from perio_pipeline.crm.highlevel.settings import HighLevelSettings
from perio_pipeline.crm.protocol import FieldSpec, FieldType, Payload
from perio_pipeline_tests.crm.scripted import Scripted

LOCATION = "loc123"
Result = TypeVar("Result")

PIPELINES = [
    {
        "id": "pipe1",
        "name": "Perio Treatment",
        "stages": [{"id": "st1", "name": "Diagnosis"}, {"id": "st2", "name": "Done"}],
    },
    {"id": "pipe2", "name": "Recall", "stages": [{"id": "st3", "name": "Due"}, {"id": "st4", "name": "Done"}]},
]
MARK = FieldSpec("contact", "Source_System_ID__c", FieldType.TEXT, "PANDA id")
PLAN_MARK = FieldSpec("opportunity", "Source_Plan_ID__c", FieldType.TEXT, "PANDA plan id")
DEPTH = FieldSpec("contact", "Deepest_Site__c", FieldType.NUMBER, "Deepest site")
EXAM = FieldSpec("contact", "Last_Exam_Date__c", FieldType.DATE, "Last exam")
FIELDS = (MARK, PLAN_MARK, DEPTH, EXAM)


def field_record(spec: FieldSpec, data_type: str) -> dict[str, Any]:
    return {"id": f"cf_{spec.name}", "name": spec.name, "model": spec.model, "dataType": data_type}


class FakeHighLevel(Scripted):
    """An account with two pipelines, one user, one calendar and four custom fields."""

    def __init__(self) -> None:
        super().__init__()
        self.on(
            "GET",
            f"/locations/{LOCATION}",
            (
                200,
                {
                    "location": {
                        "id": LOCATION,
                        "name": "Gum Care",
                        "country": "US",
                        "timezone": "America/Chicago",
                        "settings": {"allowDuplicateContact": False, "allowDuplicateOpportunity": True},
                    }
                },
            ),
        )
        self.on("GET", "/opportunities/pipelines", (200, {"pipelines": PIPELINES}))
        self.on("GET", "/users/", (200, {"users": [{"id": "user1", "email": "Doc@Gum.example"}]}))
        self.on("GET", "/calendars/", (200, {"calendars": [{"id": "cal1", "name": "Perio Visits"}]}))
        kinds = ("TEXT", "TEXT", "NUMERICAL", "DATE")
        fields = [field_record(spec, kind) for spec, kind in zip(FIELDS, kinds, strict=True)]
        self.on("GET", f"/locations/{LOCATION}/customFields", (200, {"customFields": fields}))


def run(
    fake: FakeHighLevel, work: Callable[[HighLevelAdapter], Awaitable[Result]], *, ready: bool = True, **settings: Any
) -> Result:
    """Open an adapter on the fake, resolve what it needs, forget those requests, and do the work."""

    async def main() -> Result:
        options = {"base_url": "https://crm.example", "location_id": LOCATION, "token": "pit-1", "time_scale": 10_000.0}
        async with HighLevelAdapter(
            HighLevelSettings(**{**options, **settings}), wire=httpx.MockTransport(fake.handle)
        ) as adapter:
            if ready:
                await adapter.connect()
                await adapter.missing_fields(FIELDS)
                fake.requests.clear()
                adapter.stats.requests = 0
            return await work(adapter)

    return asyncio.run(main())


def contact(**fields: Any) -> Payload:
    return Payload("contacts", "7", fields, {"Source_System_ID__c": "PANDA-7"}, {}, "Source_System_ID__c", "PANDA-7")


def child(obj: str, mark_field: str, mark: str, **fields: Any) -> Payload:
    return Payload(obj, "1", fields, {}, {"contactId": "c1"}, mark_field, mark)


def company(**fields: Any) -> Payload:
    return Payload("companies", "3", fields, {}, {}, "description", "[PANDA referring practice 3]")


def plan(**fields: Any) -> Payload:
    return Payload(
        "opportunities",
        "5",
        fields,
        {"Source_Plan_ID__c": "PLAN-5"},
        {"contactId": "c1"},
        "Source_Plan_ID__c",
        "PLAN-5",
    )


def company_link(contact_id: str, business: str = "b1") -> Payload:
    return Payload(
        "company_links", contact_id, {}, {}, {"contactId": contact_id, "businessId": business}, "businessId", business
    )
