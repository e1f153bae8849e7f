"""Contacts: create, update, upsert, read, delete, and the duplicate lookup (section 2)."""

from perio_pipeline.sandbox.common.exchange import Reply
from perio_pipeline.sandbox.common.store import Json
from perio_pipeline.sandbox.highlevel.contact_rules import (
    changed,
    check_duplicate,
    check_identity,
    matches,
    new_contact,
    shown,
)
from perio_pipeline.sandbox.highlevel.errors import bad_request
from perio_pipeline.sandbox.highlevel.exchange import Call, Operation, page
from perio_pipeline.sandbox.highlevel.values import e164

CHILDREN = ("opportunity", "note", "task", "appointment")


def create(call: Call) -> Reply:
    """POST /contacts/."""
    contact = new_contact(call, call.body)
    check_identity(contact)
    check_duplicate(call, contact)
    call.location.put("contact", contact)
    return _traced(call, {"contact": shown(call, contact, written=True)}, 201)


def update(call: Call) -> Reply:
    """PUT /contacts/{contactId}."""
    contact = changed(call, call.find("contact", call.params["contactId"]), call.body)
    if "email" in call.body or "phone" in call.body:
        check_duplicate(call, contact)
    call.location.put("contact", contact)
    return _traced(call, {"succeded": True, "contact": shown(call, contact, written=True)})


def upsert(call: Call) -> Reply:
    """POST /contacts/upsert: updates the contact that matches first, whoever that is."""
    body = {name: value for name, value in call.body.items() if name != "createNewIfDuplicateAllowed"}
    candidate = new_contact(call, body)
    if not candidate.get("email") and not candidate.get("phone"):
        raise bad_request("Contacts without email and phone cannot be upserted.")
    config = call.location.config
    order = ("email", "phone") if config.allow_duplicate_contact else config.dedupe_order
    found = matches(call, candidate, order)
    if not found or (config.allow_duplicate_contact and call.body.get("createNewIfDuplicateAllowed")):
        call.location.put("contact", candidate)
        reply = {"new": True, "contact": shown(call, candidate, written=True)}
        return _traced(call, reply, call.behaviour.upsert_new_status)
    target = found[0][1]
    # An identifier that belongs to somebody else is left out without a word (#37); so is gender (#313).
    foreign = {name for name, other in found[1:] if other["id"] != target["id"]}
    body = {name: value for name, value in body.items() if name not in foreign | {"gender"}}
    contact = call.location.put("contact", changed(call, target, body))
    return _traced(call, {"new": False, "contact": shown(call, contact, written=True)})


def read(call: Call) -> Reply:
    """GET /contacts/{contactId}: always the latest state."""
    return _traced(call, {"contact": shown(call, call.find("contact", call.params["contactId"]))})


def delete(call: Call) -> Reply:
    """DELETE /contacts/{contactId}: takes everything along that hangs on the contact."""
    contact = call.find("contact", call.params["contactId"], deleting=True)
    for kind in CHILDREN:
        for record in call.location[kind].by("contactId", contact["id"]):
            call.location.delete(kind, record["id"])
    call.location.delete("contact", contact["id"])
    return _traced(call, {"succeded": True})


def find_duplicate(call: Call) -> Reply:
    """GET /contacts/search/duplicate."""
    email = call.query.get("email", "").strip().lower()
    number = call.query.get("number", "")
    if not email and not number:
        raise bad_request("Pass at least one of number, email query parameter")
    wanted = {"email": email, "phone": e164(number, call.location.config.country) if number else None}
    config = call.location.config
    order = ("email", "phone") if config.allow_duplicate_contact else config.dedupe_order
    for name in order:
        for contact in _holders(call, name, wanted[name]):
            return _traced(call, {"contact": shown(call, contact)})
    return _traced(call, {"contact": None})


def listed(call: Call) -> Reply:
    """GET /contacts/: deprecated, still answers."""
    text = call.query.get("query", "").lower()
    contacts = [contact for contact in call.location.searchable("contact") if text in str(shown(call, contact)).lower()]
    contacts.sort(key=lambda contact: (contact["dateAdded"], contact["id"]))
    ids = [contact["id"] for contact in contacts]
    after = call.query.get("startAfterId")
    if after in ids:
        contacts = contacts[ids.index(after) + 1 :]
    total = len(ids)
    contacts = page(contacts, call.query, 20, 100)
    meta = {"total": total, "startAfterId": contacts[-1]["id"] if contacts else None}
    return _traced(call, {"contacts": [shown(call, contact) for contact in contacts], "meta": meta})


def _holders(call: Call, name: str, value: str | None) -> list[Json]:
    if not value:
        return []
    if call.behaviour.duplicate_lookup_lags:
        return [contact for contact in call.location.searchable("contact") if contact.get(name) == value]
    return call.location["contact"].by(name, value)


def _traced(call: Call, body: Json, status: int = 200) -> Reply:
    return Reply({**body, "traceId": call.sandbox.ids.uuid()}, status)


READ, WRITE = "contacts.readonly", "contacts.write"
OPERATIONS = (
    Operation("POST", "/contacts/", WRITE, create, dto="create-contact"),
    Operation("GET", "/contacts/", READ, listed, required_query=("locationId",)),
    Operation("POST", "/contacts/upsert", WRITE, upsert, dto="upsert-contact"),
    Operation("GET", "/contacts/search/duplicate", READ, find_duplicate, required_query=("locationId",)),
    Operation("GET", "/contacts/{contactId}", READ, read),
    Operation("PUT", "/contacts/{contactId}", WRITE, update, dto="update-contact"),
    Operation("DELETE", "/contacts/{contactId}", WRITE, delete),
)
