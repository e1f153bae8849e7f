"""Files: multipart only, a size cap, pooled storage by plan and users, and every byte back (sections 9 and 17)."""

import hashlib
from collections.abc import Callable
from typing import Any

import pytest

from perio_pipeline.sandbox.freshsales.behaviour import Behaviour
from perio_pipeline.sandbox.freshsales.seed import demo_config

Make = Callable[..., Any]
GIGABYTE = 1024**3


def upload(api: Any, contact_id: int, content: bytes = b"x", **fields: Any) -> Any:
    form = {
        "file_name": "scan.png",
        "is_shared": "true",
        "targetable_type": "Contact",
        "targetable_id": str(contact_id),
    }
    return api("POST", "/documents", data=form | fields, files={"file": ("a.png", content, "image/png")})


def roomy(storage: int, **behaviour: Any) -> Any:
    config = demo_config(behaviour=Behaviour(**behaviour))
    return config.model_copy(update={"accounts": (config.accounts[0].model_copy(update={"storage_bytes": storage}),)})


def test_17_document_comes_back_byte_for_byte(api: Any) -> None:
    contact = api.contact()
    content = bytes(range(256)) * 50
    made = upload(api, contact["id"], content).json()
    assert set(made) == {"id", "msg", "url"}
    assert made["url"].startswith("http://127.0.0.1/crm/sales/api/")
    reply = api("GET", made["url"])
    assert (reply.content, reply.headers["content-type"]) == (content, "image/png")
    assert api.state["documents"].get(made["id"])["sha256"] == hashlib.sha256(content).hexdigest()


def test_17_documents_and_links_are_listed_on_the_record(api: Any) -> None:
    contact = api.contact()
    upload(api, contact["id"])
    link = {
        "url": "https://example.com/x",
        "name": "Plan",
        "targetable_type": "Contact",
        "targetable_id": contact["id"],
    }
    assert set(api("POST", "/document_links", link).json()) == {"id", "msg", "url"}
    listed = api("GET", f"/contacts/{contact['id']}/document_associations").json()
    assert [(item["name"], item["size"], item["is_shared"]) for item in listed["documents"]] == [("scan.png", 1, True)]
    assert [item["url"] for item in listed["links"]] == ["https://example.com/x"]
    assert listed["meta"] == {"total_pages": 1, "total": 2}


def test_17_documents_are_multipart_only_and_need_a_target(api: Any) -> None:
    contact = api.contact()
    body = {"file": "x", "targetable_type": "Contact", "targetable_id": contact["id"]}
    assert api.messages(api("POST", "/documents", body))
    assert api.messages(api("POST", "/documents", data={"file": "x"}))
    assert api.messages(upload(api, contact["id"], targetable_type="contact")), "PascalCase only (16.15)"
    assert api.messages(upload(api, 12))


@pytest.mark.parametrize("status", [422, 413])
def test_17_size_cap(make_api: Make, status: int) -> None:
    api = make_api(file_limit_bytes=10, file_over_limit_status=status)
    contact = api.contact()["id"]
    assert api.messages(upload(api, contact, b"x" * 11), status)
    assert upload(api, contact, b"x" * 10).status_code == 200


@pytest.mark.parametrize("status", [409, 422])
def test_17_pooled_storage_cap(make_api: Make, status: int) -> None:
    api = make_api(roomy(10, storage_full_status=status))
    contact = api.contact()["id"]
    assert upload(api, contact, b"x" * 6).status_code == 200
    assert api.messages(upload(api, contact, b"x" * 6), status)
    assert upload(api, contact, b"x" * 4).status_code == 200


def test_17_storage_is_gigabytes_of_the_plan_times_users() -> None:
    rooms = {plan: demo_config(plan=plan).accounts[0].storage() for plan in ("free", "growth", "pro", "enterprise")}
    assert rooms == {"free": 0, "growth": 8 * GIGABYTE, "pro": 20 * GIGABYTE, "enterprise": 400 * GIGABYTE}


@pytest.mark.parametrize("frees", [False, True])
def test_9_forgetting_a_contact_frees_storage_or_not(make_api: Make, frees: bool) -> None:
    api = make_api(roomy(10, forget_frees_storage=frees))
    contact = api.contact()["id"]
    made = upload(api, contact, b"x" * 8).json()
    api("DELETE", f"/contacts/{contact}/forget")
    assert api("GET", made["url"]).status_code == 404
    assert upload(api, api.contact(external_id="again")["id"], b"x" * 8).status_code == (200 if frees else 409)


@pytest.mark.parametrize("allowed", [False, True])
def test_9_deleting_a_file_is_unknown_unless_switched_on(make_api: Make, allowed: bool) -> None:
    api = make_api(file_delete=allowed)
    contact = api.contact()["id"]
    made = upload(api, contact).json()
    assert api("DELETE", f"/documents/{made['id']}").status_code == (200 if allowed else 404)
    assert api("GET", made["url"]).status_code == (404 if allowed else 200)


@pytest.mark.parametrize(("names", "kept"), [("keep", "PA [3,4] #1.png"), ("restrict", "PA _3_4_ _1.png")])
def test_9_characters_that_services_dislike_in_names_stay_or_do_not(make_api: Make, names: str, kept: str) -> None:
    api = make_api(file_names=names)
    contact = api.contact()["id"]
    upload(api, contact, file_name="PA [3,4] #1.png")
    (item,) = api("GET", f"/contacts/{contact}/document_associations").json()["documents"]
    assert item["name"] == kept
