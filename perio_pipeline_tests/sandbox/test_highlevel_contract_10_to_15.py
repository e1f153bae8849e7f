"""Points 10 to 15 of the simulator contract: dates, files, limits, faults, deletes and trace ids."""

import hashlib
import time
from collections.abc import Callable
from typing import Any

import pytest

from perio_pipeline.sandbox.highlevel.config import RateLimit
from perio_pipeline.sandbox.highlevel.faults import Fault
from perio_pipeline.sandbox.highlevel.seed import demo_config

Make = Callable[..., Any]


def limited(interval_max: int, factor: float, **settings: Any) -> Any:
    config = demo_config(clock_factor=factor, **settings)
    rate = RateLimit(interval_max=interval_max)
    return config.model_copy(update={"locations": (config.locations[0].model_copy(update={"rate_limit": rate}),)})


@pytest.mark.parametrize("kind", ["notes", "tasks"])
def test_16_10_notes_and_tasks_refuse_a_date_of_their_own(api: Any, kind: str) -> None:
    bodies: dict[str, dict[str, Any]] = {
        "notes": {"body": "x"},
        "tasks": {"title": "x", "dueDate": "2020-01-01T00:00:00Z", "completed": True},
    }
    body = bodies[kind]
    path = f"/contacts/{api.contact()['id']}/{kind}"
    assert api("POST", path, body | {"dateAdded": "2019-01-01"}).status_code == 422
    made = api("POST", path, body)
    assert made.status_code == 201
    one = made.json()[kind.removesuffix("s")]
    assert api("GET", path).json()[kind] == [one]
    assert api("GET", f"{path}/{one['id']}").json()[kind.removesuffix("s")] == one
    assert api("DELETE", f"{path}/{one['id']}").json() == {"succeded": True}
    assert api("GET", path).json()[kind] == []


def test_16_10_past_appointment_is_kept_with_a_server_date(api: Any) -> None:
    contact = api.contact()
    calendar = api("GET", f"/calendars/?locationId={api.location}").json()["calendars"][0]
    body = {
        "calendarId": calendar["id"],
        "locationId": api.location,
        "contactId": contact["id"],
        "startTime": "2020-05-04T09:00:00-04:00",
        "appointmentStatus": "showed",
        "toNotify": False,
    }
    path = "/calendars/events/appointments"
    assert api("POST", path, body).json()["message"] == "The slot you have selected is no longer available."
    assert api("POST", path, body | {"dateAdded": "x"}).status_code == 422
    made = api("POST", path, body | {"ignoreDateRange": True, "ignoreFreeSlotValidation": True}).json()
    listed = api("GET", f"/contacts/{contact['id']}/appointments").json()["events"]
    assert [(event["id"], event["appointmentStatus"]) for event in listed] == [(made["id"], "showed")]
    window = f"startTime=1588000000000&endTime=1589000000000&locationId={api.location}"
    events = api("GET", f"/calendars/events?{window}&calendarId={calendar['id']}").json()["events"]
    assert [event["id"] for event in events] == [made["id"]]
    assert api("DELETE", f"/calendars/events/{made['id']}").status_code == 400
    assert api("DELETE", f"/calendars/events/{made['id']}", {}).status_code == 201


def upload(api: Any, contact_id: str, *files: tuple[str, str, bytes]) -> Any:
    parts = [(name, (filename, content, "image/png")) for name, filename, content in files]
    path = f"/forms/upload-custom-files?contactId={contact_id}&locationId={api.location}"
    return api("POST", path, files=parts)


def test_16_11_uploaded_file_is_in_the_field_and_comes_back_byte_for_byte(api: Any) -> None:
    field = api.field("Radiographs", "FILE_UPLOAD", isMultipleFile=True, maxNumberOfFiles=2)
    contact = api.contact()
    content = bytes(range(256)) * 50
    reply = upload(api, contact["id"], (f"{field['id']}_1", "a.png", content), (f"{field['id']}_2", "b.png", b"b"))
    assert reply.status_code == 200, reply.text
    (value,) = api.read_contact(contact["id"])["customFields"]
    files = list(value["value"].values())
    assert [(file["meta"]["originalname"], file["meta"]["size"]) for file in files] == [("a.png", 12800), ("b.png", 1)]
    assert api("GET", files[0]["url"]).content == content
    stored = api.app.state.sandbox.locations[api.location]["file"].get(files[0]["documentId"])
    assert stored["sha256"] == hashlib.sha256(content).hexdigest()
    assert upload(api, contact["id"], (f"{field['id']}_3", "c.png", b"c")).status_code == 400, "a third file"


def test_16_11_upload_refuses_wrong_names_types_sizes_and_fields(make_api: Make) -> None:
    api = make_api(upload_limit_bytes=10)
    field, text = api.field("Files", "FILE_UPLOAD", maxNumberOfFiles=9), api.field("Text", "TEXT")
    contact = api.contact()["id"]
    assert upload(api, contact, (field["id"], "a.png", b"a")).status_code == 400
    assert upload(api, contact, (f"{text['id']}_1", "a.png", b"a")).status_code == 400
    assert upload(api, contact, ("nosuchfield000000000_1", "a.png", b"a")).status_code == 400
    assert upload(api, contact, (f"{field['id']}_1", "a.tiff", b"a")).status_code == 400
    assert upload(api, contact, (f"{field['id']}_1", "a.png", b"a" * 11)).status_code == 400
    assert upload(api, contact, (f"{field['id']}_1", "a.png", b"a" * 10)).status_code == 200


def test_16_12_five_headers_are_on_every_response(api: Any) -> None:
    names = {"limit-daily", "daily-remaining", "interval-milliseconds", "max", "remaining"}
    for reply in (
        api("GET", f"/locations/{api.location}"),
        api("GET", "/nowhere"),
        api("POST", "/contacts/", {}, headers={}),
        api("POST", "/contacts/", {}),
    ):
        assert {f"x-ratelimit-{name}" for name in names} <= set(reply.headers)
    first, second = (api("GET", f"/locations/{api.location}").headers["x-ratelimit-remaining"] for _ in range(2))
    assert int(first) - int(second) == 1


def test_16_12_excess_is_refused_until_the_window_has_slid(make_api: Make) -> None:
    api = make_api(limited(3, factor=20))
    codes = [api("GET", f"/locations/{api.location}").status_code for _ in range(5)]
    assert codes == [200, 200, 200, 429, 429]
    refused = api("GET", f"/locations/{api.location}")
    assert refused.json() == {"statusCode": 429, "message": "Too Many Requests"}
    assert "retry-after" not in refused.headers
    time.sleep(0.55)  # 10 simulated seconds at 20 times real speed, and a little
    assert api("GET", f"/locations/{api.location}").status_code == 200


def test_16_12_retry_after_can_be_switched_on(make_api: Make) -> None:
    config = limited(1, factor=1)
    api = make_api(config.model_copy(update={"behaviour": config.behaviour.model_copy(update={"retry_after": True})}))
    api("GET", f"/locations/{api.location}")
    assert 1 <= int(api("GET", f"/locations/{api.location}").headers["retry-after"]) <= 11


def test_16_13_planned_fault_strikes_the_nth_match_only(make_api: Make) -> None:
    fault = Fault(kind="status", status=503, method="POST", path="^/contacts/$", nth=2)
    api = make_api(demo_config(faults=(fault,)))
    bodies = [{"locationId": api.location, "email": f"{n}@example.com"} for n in range(3)]
    assert [api("POST", "/contacts/", body).status_code for body in bodies] == [201, 503, 201]
    assert len(api.app.state.sandbox.locations[api.location]["contact"]) == 2


def test_16_14_delete_answers_succeded_and_a_second_one_not_found(make_api: Make) -> None:
    for status in (400, 404):
        api = make_api(delete_again_status=status)
        path = f"/contacts/{api.contact()['id']}"
        assert api("DELETE", path).json()["succeded"] is True
        again = api("DELETE", path)
        assert again.status_code == status
        assert "not found" in again.json()["message"]


def test_16_15_trace_ids_are_in_contact_answers_and_errors(api: Any) -> None:
    made = api("POST", "/contacts/", {"locationId": api.location, "email": "a@example.com"})
    refused = api("POST", "/contacts/", {"locationId": api.location, "email": "a@example.com"})
    invalid = api("POST", "/contacts/", {})
    traces = {reply.json()["traceId"] for reply in (made, refused, invalid)}
    assert len(traces) == 3
