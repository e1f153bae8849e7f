"""Contacts that a CRM holds before anything is migrated: patients of the practice written otherwise, and strangers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import httpx
import pandas as pd

from perio_pipeline_tests.end_to_end.world import PRACTICE, World

Person = dict[str, str | None]
"""first, last, born, phone, email, street, zip."""

COLUMNS = {
    "highlevel": {
        "first": "firstName",
        "last": "lastName",
        "born": "dateOfBirth",
        "phone": "phone",
        "email": "email",
        "street": "address1",
        "zip": "postalCode",
    },
    "freshsales": {
        "first": "first_name",
        "last": "last_name",
        "born": "Date_of_Birth__c",
        "phone": "mobile_number",
        "email": "emails",
        "street": "address",
        "zip": "zipcode",
    },
}
"""CRM → what each of a person's data is called in the mapping."""


def shaped_patients(made: World) -> list[tuple[str, Person]]:
    """Source key and data of the patients that would be loaded."""
    frame = made.rooms.store().frame(PRACTICE, [made.crm, "shaped", "contacts"]).read()
    frame = frame[frame["problem"].isna()]
    rows = frame.astype(object).where(frame.notna(), None).to_dict("records")
    columns = COLUMNS[made.crm]
    return [(row["source_key"], {name: row[column] for name, column in columns.items()}) for row in rows]


def create(made: World, person: Person, **more: Any) -> str:
    """Enter a contact as a person in the practice would; returns its id."""
    return CREATE[made.crm](made, {name: value for name, value in person.items() if value}, more)


def create_practice(made: World, name: str, phone: str) -> str:
    """Enter a practice; returns its id."""
    if made.crm == "highlevel":
        body = {"locationId": _location(made), "name": name, "phone": phone}
        return str(_highlevel_post(made, "/businesses/", body)["buiseness"]["id"])
    account = {"sales_account": {"name": name, "phone": phone}}
    return str(_freshsales(made, "POST", "/sales_accounts", account)["sales_account"]["id"])


def link_to_company(made: World, contact_id: str, company_id: str) -> None:
    """Make a HighLevel contact belong to a company."""
    body = {"locationId": _location(made), "ids": [contact_id], "businessId": company_id}
    _highlevel_post(made, "/contacts/bulk/business", body)


def read(made: World, crm_id: str) -> dict[str, Any]:
    """A contact as its user sees it."""
    if made.crm == "highlevel":
        return dict(made.get(f"/contacts/{crm_id}")["contact"])
    return dict(_freshsales(made, "GET", f"/contacts/{crm_id}")["contact"])


def kept(made: World) -> dict[str, dict[str, Any]]:
    """Every contact as the server keeps it, by id."""
    kind = "contact" if made.crm == "highlevel" else "contacts"
    return {str(record["id"]): record for place in made.sandbox.state().values() for record in place[kind]}


def _highlevel(made: World, person: dict[str, str], more: dict[str, Any]) -> str:
    names = COLUMNS["highlevel"]
    body = {"locationId": _location(made), **{names[name]: value for name, value in person.items()}, **more}
    return str(_highlevel_post(made, "/contacts/", body)["contact"]["id"])


def _highlevel_post(made: World, path: str, body: Any) -> Any:
    headers = {"Authorization": f"Bearer {made.token}", "Version": "2021-07-28"}
    answer = httpx.post(made.sandbox.base_url + path, headers=headers, json=body)
    answer.raise_for_status()
    return answer.json()


def _location(made: World) -> str:
    return made.rooms.practice(PRACTICE).destination("highlevel").accounts[0].id


def _freshsales_contact(made: World, person: dict[str, str], more: dict[str, Any]) -> str:
    names = COLUMNS["freshsales"]
    custom = {}
    if born := person.pop("born", None):
        fields = _freshsales(made, "GET", "/settings/contacts/fields")["fields"]
        custom = {field["name"]: born for field in fields if field["label"] == "Date of birth"}
    body = {**{names[name]: value for name, value in person.items()}, "custom_field": custom, **more}
    return str(_freshsales(made, "POST", "/contacts", {"contact": body})["contact"]["id"])


def _freshsales(made: World, method: str, path: str, body: Any = None) -> Any:
    url = f"{made.sandbox.base_url}/crm/sales/api{path}"
    answer = httpx.request(method, url, headers={"Authorization": f"Token token={made.token}"}, json=body)
    answer.raise_for_status()
    return answer.json()


CREATE: dict[str, Callable[[World, dict[str, str], dict[str, Any]], str]] = {
    "highlevel": _highlevel,
    "freshsales": _freshsales_contact,
}


def candidates(made: World) -> pd.DataFrame:
    """The latest list."""
    return made.rooms.store().frame(PRACTICE, [made.crm, "matches"]).read()
