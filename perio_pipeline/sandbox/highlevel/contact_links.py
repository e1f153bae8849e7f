"""What ties contacts to tags and to businesses, one at a time and in bulk (section 2)."""

from perio_pipeline.sandbox.common.exchange import Reply
from perio_pipeline.sandbox.common.store import Json
from perio_pipeline.sandbox.highlevel.contact_rules import clean_tags, shown
from perio_pipeline.sandbox.highlevel.errors import bad_request, unprocessable
from perio_pipeline.sandbox.highlevel.exchange import Call, Operation, page

MOST_LINKS = 50


def add_tags(call: Call) -> Reply:
    """POST /contacts/{contactId}/tags."""
    contact = call.find("contact", call.params["contactId"])
    added = [tag for tag in clean_tags(call, call.body["tags"]) if tag not in contact["tags"]]
    contact = _retagged(call, contact, contact["tags"] + added)
    return Reply({"tags": contact["tags"], "tagsAdded": added}, 201)


def remove_tags(call: Call) -> Reply:
    """DELETE /contacts/{contactId}/tags, with a body."""
    contact = call.find("contact", call.params["contactId"])
    gone = {tag.strip().lower() for tag in call.body["tags"]}
    contact = _retagged(call, contact, [tag for tag in contact["tags"] if tag not in gone])
    return Reply({"tags": contact["tags"], "tagsRemoved": sorted(gone)})


def bulk_tags(call: Call) -> Reply:
    """POST /contacts/bulk/tags/update/{type}: each contact succeeds or fails on its own."""
    kind = call.params["type"]
    if kind not in ("add", "remove"):
        raise bad_request("type must be one of add, remove")
    lowered = [tag.strip().lower() for tag in call.body["tags"]]
    tags = clean_tags(call, lowered) if kind == "add" else lowered
    responses = [_bulk_tag(call, kind, contact_id, tags) for contact_id in call.body["contacts"]]
    errors = sum(response["type"] == "error" for response in responses)
    return Reply({"succeded": errors == 0, "errorCount": errors, "responses": responses}, 201)


def _bulk_tag(call: Call, kind: str, contact_id: str, tags: list[str]) -> Json:
    contact = call.location["contact"].get(contact_id)
    if contact is None:
        elsewhere = any(location["contact"].get(contact_id) for location in call.sandbox.locations.values())
        valid = len(contact_id) == 20 and contact_id.isalnum()
        message = "contact is deleted" if valid else "contact id is not a valid firebase id"
        if elsewhere:
            message = "contact does not belong to location"
        return {"contactId": contact_id, "message": message, "type": "error"}
    old: list[str] = contact["tags"]
    if kind == "add":
        kept = old + [tag for tag in tags if tag not in old]
    else:
        kept = [] if call.body.get("removeAllTags") else [tag for tag in old if tag not in tags]
    _retagged(call, contact, kept)
    return {
        "contactId": contact_id,
        "message": "Tags updated",
        "type": "success",
        "oldTags": old,
        "tagsAdded": [tag for tag in kept if tag not in old],
        "tagsRemoved": [tag for tag in old if tag not in kept],
    }


def _retagged(call: Call, contact: Json, tags: list[str]) -> Json:
    return call.location.put("contact", {**contact, "tags": tags, "dateUpdated": call.now()})


def bulk_business(call: Call) -> Reply:
    """POST /contacts/bulk/business: links contacts to a business, or unlinks them with null."""
    ids, business_id = call.body["ids"], call.body["businessId"]
    if len(ids) > MOST_LINKS:
        raise unprocessable(f"ids must contain no more than {MOST_LINKS} elements")
    business = call.find("business", business_id) if business_id is not None else None
    linked = [contact_id for contact_id in ids if call.location["contact"].get(contact_id)]
    for contact_id in linked:
        contact = call.find("contact", contact_id)
        call.location.put("contact", _linked(call, contact, business))
    return Reply({"success": True, "ids": linked})


def _linked(call: Call, contact: Json, business: Json | None) -> Json:
    if business is None:
        return unlinked(contact, call.now())
    link = {"businessId": business["id"], "companyName": business.get("name"), "dateUpdated": call.now()}
    return {**contact, **link}


def unlinked(contact: Json, now: str) -> Json:
    """A contact without its business and without the company name it had from it."""
    if "businessId" not in contact:
        return contact
    rest = {name: value for name, value in contact.items() if name not in ("businessId", "companyName")}
    return {**rest, "dateUpdated": now}


def by_business(call: Call) -> Reply:
    """GET /contacts/business/{businessId}."""
    business = call.find("business", call.params["businessId"])
    contacts = call.location["contact"].by("businessId", business["id"])
    shown_page = [shown(call, contact) for contact in page(contacts, call.query, 25, 100)]
    return Reply({"contacts": shown_page, "count": len(contacts)})


READ, WRITE = "contacts.readonly", "contacts.write"
OPERATIONS = (
    Operation("POST", "/contacts/{contactId}/tags", WRITE, add_tags, dto="contact-tags"),
    Operation("DELETE", "/contacts/{contactId}/tags", WRITE, remove_tags, dto="contact-tags"),
    Operation("POST", "/contacts/bulk/tags/update/{type}", WRITE, bulk_tags, dto="bulk-tags"),
    Operation("POST", "/contacts/bulk/business", WRITE, bulk_business, dto="bulk-business"),
    Operation("GET", "/contacts/business/{businessId}", READ, by_business, required_query=("locationId",)),
)
