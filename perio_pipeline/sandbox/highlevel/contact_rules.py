"""What makes a contact: identity, duplicates, normalisation, and the shapes it is read back in."""

import re
from typing import Any

from perio_pipeline.sandbox.common.errors import ApiError
from perio_pipeline.sandbox.common.store import Json
from perio_pipeline.sandbox.highlevel.errors import bad_request, unprocessable
from perio_pipeline.sandbox.highlevel.exchange import Call
from perio_pipeline.sandbox.highlevel.values import date_of_birth, e164, merged_custom_fields

EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")
PLAIN = (
    "gender",
    "address1",
    "city",
    "state",
    "postalCode",
    "website",
    "timezone",
    "dnd",
    "dndSettings",
    "inboundDndSettings",
    "source",
    "country",
    "companyName",
    "assignedTo",
)


def normalised(call: Call, body: Json) -> Json:
    """The standard properties of a body as the server stores them; None where the body clears one."""
    written = {name: body[name] for name in PLAIN if name in body}
    written |= names(body)
    if "email" in body:
        written["email"] = _email(call, body["email"])
    if "phone" in body:
        written["phone"] = _phone(call, body["phone"])
    if "dateOfBirth" in body:
        written["dateOfBirth"] = _date_of_birth(call, body["dateOfBirth"])
    if "tags" in body:
        written["tags"] = clean_tags(call, body["tags"])
    return written


def names(body: Json) -> Json:
    """First and last name; a whole name is split at its first space where the parts are not given."""
    given: Json = {name: body[name] for name in ("firstName", "lastName") if name in body}
    if given or not body.get("name"):
        return given
    first, _, last = body["name"].partition(" ")
    return {"firstName": first, "lastName": last}


def changed(call: Call, contact: Json, body: Json) -> Json:
    """The contact after writing a body onto it."""
    merged = {**contact, **normalised(call, body), "dateUpdated": call.now()}
    merged = {name: value for name, value in merged.items() if value is not None and value != ""}
    fields = contact.get("customFields", {})
    merged["customFields"] = merged_custom_fields(call, "contact", fields, body.get("customFields", []))
    merged.setdefault("tags", [])
    return merged


def new_contact(call: Call, body: Json) -> Json:
    """A contact made of a body; not stored yet."""
    now = call.now()
    blank: Json = {
        "id": call.sandbox.ids.short(),
        "locationId": call.location.config.id,
        "type": "lead",
        "dnd": False,
        "dateAdded": now,
    }
    return {**changed(call, blank, body), "dateUpdated": now}


def check_identity(contact: Json) -> None:
    """A contact needs an email, a phone, or both names. The answer is HTTP 400 around a 422."""
    if contact.get("email") or contact.get("phone") or (contact.get("firstName") and contact.get("lastName")):
        return
    message = "Contacts without email, phone, firstName and lastName are not allowed."
    raise ApiError(400, {"statusCode": 422, "message": message}, traced=True)


def matches(call: Call, contact: Json, order: tuple[str, ...]) -> list[tuple[str, Json]]:
    """Other contacts with the same identifiers: the property and the oldest contact, in the order asked for."""
    found = []
    for name in order:
        if contact.get(name):
            others = [
                other for other in call.location["contact"].by(name, contact[name]) if other["id"] != contact["id"]
            ]
            found += [(name, others[0])] if others else []
    return found


def check_duplicate(call: Call, contact: Json) -> None:
    """Refuse a contact whose email or phone another holds, where the location forbids duplicates."""
    config = call.location.config
    if config.allow_duplicate_contact:
        return
    for name, other in matches(call, contact, config.dedupe_order):
        raise bad_request(
            "This location does not allow duplicated contacts.",
            meta={"contactId": other["id"], "contactName": full_name(other), "matchingField": name},
        )


def full_name(contact: Json) -> str:
    """First and last name together."""
    return " ".join(filter(None, (contact.get("firstName"), contact.get("lastName"))))


def clean_tags(call: Call, tags: list[str]) -> list[str]:
    """Tags as they are kept: lower case, each once; new ones enter the location's dictionary."""
    kept = list(dict.fromkeys(tag.strip().lower() for tag in tags if tag.strip()))
    for tag in kept:
        if not call.location["tag"].by("name", tag):
            record = {"id": call.sandbox.ids.short(), "name": tag, "locationId": call.location.config.id}
            call.location.put("tag", record)
    return kept


def shown(call: Call, contact: Json, *, written: bool = False) -> Json:
    """A contact as the API answers it; `written` for the answer to a write."""
    body = {name: value for name, value in contact.items() if name not in ("customFields", "gender")}
    first, last = contact.get("firstName", ""), contact.get("lastName", "")
    body |= {
        "name": full_name(contact),
        "firstNameLowerCase": first.lower(),
        "lastNameLowerCase": last.lower(),
        "fullNameLowerCase": full_name(contact).lower(),
        "customFields": custom_field_list(call, contact),
    }
    if contact.get("email"):
        body["emailLowerCase"] = contact["email"]
    if call.behaviour.gender_on_read and contact.get("gender"):
        body["gender"] = contact["gender"]
    if written and contact.get("dateOfBirth") and call.behaviour.date_of_birth_on_create == "datetime":
        body["dateOfBirth"] = f"{contact['dateOfBirth']}T00:00:00.000Z"
    return body


def custom_field_list(call: Call, contact: Json) -> list[Json]:
    """Custom field values as contacts show them: ids and values, no keys."""
    return [{"id": field_id, "value": _addressed(call, value)} for field_id, value in contact["customFields"].items()]


def _addressed(call: Call, value: Any) -> Any:
    """A value as it is; files with their addresses.

    The official host would send clients with their token out of this machine, so the address is the sandbox's own, and
    what it is now, since a sandbox may be started again on another port.
    """
    if not isinstance(value, dict):
        return value
    root = f"{call.base_url}/documents/download"
    return {
        key: {**entry, "url": f"{root}/{entry['documentId']}"}
        if isinstance(entry, dict) and "documentId" in entry
        else entry
        for key, entry in value.items()
    }


def _email(call: Call, email: str | None) -> str | None:
    if not email:
        return None
    if call.behaviour.invalid_email == "refuse" and not EMAIL.fullmatch(email.strip()):
        raise unprocessable("email must be an email")
    return email.strip().lower()


def _phone(call: Call, phone: str | None) -> str | None:
    if not phone:
        return None
    number = e164(phone, call.location.config.country)
    if number is None and call.behaviour.invalid_phone == "refuse":
        raise unprocessable("phone must be a valid phone number")
    return number


def _date_of_birth(call: Call, text: Any) -> str | None:
    if not text:
        return None
    found = date_of_birth(text)
    if found is None and call.behaviour.invalid_date_of_birth == "refuse":
        raise unprocessable("dateOfBirth must be a valid date")
    return found
