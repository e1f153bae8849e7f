"""Businesses (section 3). There is no duplicate check; answers to writes carry the API's misspelt key."""

from perio_pipeline.sandbox.common.exchange import Reply
from perio_pipeline.sandbox.highlevel.contact_links import unlinked
from perio_pipeline.sandbox.highlevel.exchange import Call, Operation, page


def create(call: Call) -> Reply:
    """POST /businesses/."""
    now = call.now()
    own = {"id": call.sandbox.ids.hex24(), "createdAt": now, "updatedAt": now}
    return Reply({"success": True, "buiseness": call.location.put("business", {**call.body, **own})}, 201)


def update(call: Call) -> Reply:
    """PUT /businesses/{businessId}; the linked contacts' company name follows."""
    old = call.find("business", call.params["businessId"])
    business = call.location.put("business", {**old, **call.body, "updatedAt": call.now()})
    if business.get("name") != old.get("name"):
        for contact in call.location["contact"].by("businessId", business["id"]):
            call.location.put("contact", {**contact, "companyName": business.get("name")})
    return Reply({"success": True, "buiseness": business})


def read(call: Call) -> Reply:
    """GET /businesses/{businessId}."""
    return Reply({"business": call.find("business", call.params["businessId"])})


def listed(call: Call) -> Reply:
    """GET /businesses/."""
    return Reply({"businesses": page(list(call.location["business"]), call.query, 100, 100)})


def delete(call: Call) -> Reply:
    """DELETE /businesses/{businessId}: its contacts lose the link."""
    business = call.find("business", call.params["businessId"], deleting=True)
    for contact in call.location["contact"].by("businessId", business["id"]):
        call.location.put("contact", unlinked(contact, call.now()))
    call.location.delete("business", business["id"])
    return Reply({"success": True})


READ, WRITE = "businesses.readonly", "businesses.write"
OPERATIONS = (
    Operation("POST", "/businesses/", WRITE, create, dto="create-business"),
    Operation("GET", "/businesses/", READ, listed, required_query=("locationId",)),
    Operation("GET", "/businesses/{businessId}", READ, read),
    Operation("PUT", "/businesses/{businessId}", WRITE, update, dto="update-business"),
    Operation("DELETE", "/businesses/{businessId}", WRITE, delete),
)
