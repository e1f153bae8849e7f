"""The location itself and its dictionary of tags (sections 1 and 2)."""

from perio_pipeline.sandbox.common.exchange import Reply
from perio_pipeline.sandbox.common.store import Json
from perio_pipeline.sandbox.highlevel.errors import bad_request
from perio_pipeline.sandbox.highlevel.exchange import Call, Operation


def read(call: Call) -> Reply:
    """GET /locations/{locationId}."""
    config = call.location.config
    settings = {
        "allowDuplicateContact": config.allow_duplicate_contact,
        "allowDuplicateOpportunity": config.allow_duplicate_opportunity,
        "allowFacebookNameMerge": False,
        "disableContactTimezone": False,
    }
    location = {
        "id": config.id,
        "companyId": config.company_id,
        "name": config.name,
        "timezone": config.timezone,
        "country": config.country,
        "settings": settings,
    }
    return Reply({"location": location})


def tags(call: Call) -> Reply:
    """GET /locations/{locationId}/tags."""
    return Reply({"tags": list(call.location["tag"])})


def create_tag(call: Call) -> Reply:
    """POST /locations/{locationId}/tags."""
    name = _free_name(call)
    tag = {"id": call.sandbox.ids.short(), "name": name, "locationId": call.location.config.id}
    return Reply({"tag": call.location.put("tag", tag)})


def read_tag(call: Call) -> Reply:
    """GET /locations/{locationId}/tags/{tagId}."""
    return Reply({"tag": call.find("tag", call.params["tagId"])})


def rename_tag(call: Call) -> Reply:
    """PUT /locations/{locationId}/tags/{tagId}: contacts that carry the tag carry its new name."""
    tag = call.find("tag", call.params["tagId"])
    renamed = call.location.put("tag", {**tag, "name": _free_name(call)})
    _replace_on_contacts(call, tag["name"], [renamed["name"]])
    return Reply({"tag": renamed})


def delete_tag(call: Call) -> Reply:
    """DELETE /locations/{locationId}/tags/{tagId}."""
    tag = call.find("tag", call.params["tagId"], deleting=True)
    call.location.delete("tag", tag["id"])
    _replace_on_contacts(call, tag["name"], [])
    return Reply({"succeded": True})


def _free_name(call: Call) -> str:
    name = str(call.body["name"]).strip().lower()
    if call.location["tag"].by("name", name):
        raise bad_request("The tag name is already exist.")
    return name


def _replace_on_contacts(call: Call, old: str, new: list[str]) -> None:
    holders: list[Json] = [contact for contact in call.location["contact"] if old in contact["tags"]]
    for contact in holders:
        kept = [name for tag in contact["tags"] for name in (new if tag == old else [tag])]
        call.location.put("contact", {**contact, "tags": kept})


READ, WRITE = "locations/tags.readonly", "locations/tags.write"
ROOT = "/locations/{locationId}/tags"
OPERATIONS = (
    Operation("GET", "/locations/{locationId}", "locations.readonly", read),
    Operation("GET", ROOT, READ, tags),
    Operation("POST", ROOT, WRITE, create_tag, dto="tag"),
    Operation("GET", f"{ROOT}/{{tagId}}", READ, read_tag),
    Operation("PUT", f"{ROOT}/{{tagId}}", WRITE, rename_tag, dto="tag"),
    Operation("DELETE", f"{ROOT}/{{tagId}}", WRITE, delete_tag),
)
