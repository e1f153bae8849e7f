"""The simulator contract, section 17 of the API notes: bulk upserts and their jobs."""

import json
import time
from collections.abc import Callable
from typing import Any

import pytest

from perio_pipeline.sandbox.freshsales.behaviour import Behaviour
from perio_pipeline.sandbox.freshsales.seed import demo_config

Make = Callable[..., Any]


def rows(count: int, first: int = 0) -> dict[str, Any]:
    return {"contacts": [{"emails": f"{n}@example.com", "data": {"city": "York"}} for n in range(first, first + count)]}


def test_17_bulk_upsert_of_more_than_100_is_refused(make_api: Make) -> None:
    for status in (400, 413):
        api = make_api(bulk_over_limit_status=status)
        assert api.messages(api("POST", "/contacts/bulk_upsert", rows(101)), status)
        assert len(api.state["contacts"]) == 0
        assert api("POST", "/contacts/bulk_upsert", rows(100)).status_code == 200


def test_17_bulk_upsert_answers_with_a_job_and_no_ids(api: Any) -> None:
    known = api.contact(email="0@example.com", first_name="Ann")
    body = rows(3)
    body["contacts"][2]["data"]["custom_field"] = {"cf_stage": "Stage IX"}
    reply = api("POST", "/contacts/bulk_upsert", body)
    assert set(reply.json()) == {"message", "job_status_url"}
    url = reply.json()["job_status_url"]
    assert url.startswith("http://127.0.0.1/crm/sales/api/job_statuses/")
    polls = [api("GET", url).json() for _ in range(4)]
    assert [poll["status"] for poll in polls] == ["QUEUED", "IN_PROGRESS", "SUCCESS", "SUCCESS"]
    assert polls[0]["data"] is None
    report = json.loads(polls[3]["data"])
    assert report["record_status"] == {"succeeded": 2, "failed": 1}
    assert report["detailed_failure_report"] == [{"emails": "2@example.com", "message": ["Stage is invalid"]}]
    assert not [key for key in polls[3] if "id" in key]
    read = api.read("contact", known["id"])
    assert (read["first_name"], read["city"]) == ("Ann", "York"), "an existing row is updated"


@pytest.mark.parametrize("rule", ["at_once", "on_success"])
def test_17_bulk_rows_are_written_at_once_or_with_success(make_api: Make, rule: str) -> None:
    api = make_api(bulk_rows_apply=rule, job_polls=1)
    reply = api("POST", "/contacts/bulk_upsert", rows(2))
    assert len(api.state["contacts"]) == (2 if rule == "at_once" else 0)
    assert api.job(reply, polls=2)["status"] == "SUCCESS"
    assert len(api.state["contacts"]) == 2


def test_17_bulk_job_settings(make_api: Make) -> None:
    api = make_api(
        job_polls=1, job_pending_statuses=("WAITING",), failure_report="indexed", bulk_by_external_id="rows_fail"
    )
    body = {"contacts": [{"external_id": "P1", "data": {"city": "York"}}]}
    reply = api("POST", "/contacts/bulk_upsert", body)
    assert api.job(reply, polls=1)["status"] == "WAITING"
    report = json.loads(api.job(reply, polls=1)["data"])
    assert report["detailed_failure_report"] == [{"index": 0, "errors": ["Unique identifier is invalid"]}]


def test_17_bulk_job_ends_by_itself(make_api: Make) -> None:
    behaviour = Behaviour(job_polls=99, job_seconds=30)
    api = make_api(demo_config(clock_factor=300, behaviour=behaviour))
    reply = api("POST", "/contacts/bulk_upsert", rows(1))
    assert api.job(reply, polls=1)["status"] == "QUEUED"
    time.sleep(0.15)
    assert api.job(reply, polls=1)["status"] == "SUCCESS"


def test_17_bulk_upsert_answers_405_while_too_many_jobs_are_open(make_api: Make) -> None:
    api = make_api(bulk_open_jobs=2)
    first, _ = (api("POST", "/contacts/bulk_upsert", rows(1, n)) for n in range(2))
    assert api.messages(api("POST", "/contacts/bulk_upsert", rows(1, 2)), 405)
    assert len(api.state["contacts"]) == 2
    api.job(first, polls=3)
    assert api("POST", "/contacts/bulk_upsert", rows(1, 2)).status_code == 200
    api = make_api(bulk_open_jobs=None)
    assert {api("POST", "/contacts/bulk_upsert", rows(1, n)).status_code for n in range(12)} == {200}
