"""Both opportunity searches, as late as every search (section 4)."""

from perio_pipeline.sandbox.common.exchange import Reply
from perio_pipeline.sandbox.common.store import Json
from perio_pipeline.sandbox.highlevel.contact_rules import full_name
from perio_pipeline.sandbox.highlevel.errors import bad_request, unprocessable
from perio_pipeline.sandbox.highlevel.exchange import Call, Operation, whole_number
from perio_pipeline.sandbox.highlevel.opportunities import shown

MOST_PER_PAGE = 100
LONGEST_QUERY = 75
# Query names before v3, and in v3.
FILTERS = {
    "pipeline_id": "pipelineId",
    "pipeline_stage_id": "pipelineStageId",
    "contact_id": "contactId",
    "assigned_to": "assignedTo",
}


def by_query(call: Call) -> Reply:
    """GET /opportunities/search."""
    old_spelling = call.version != "v3"
    query = call.query
    if not query.get("location_id" if old_spelling else "locationId"):
        raise unprocessable("location_id should not be empty")
    wanted = {name: query.get(spelt if old_spelling else name) for spelt, name in FILTERS.items()}
    wanted["id"] = query.get("id")
    wanted["status"] = None if query.get("status") == "all" else query.get("status")
    found = _found(call, wanted, query.get("q", ""))
    limit, number = min(whole_number(query, "limit", 20), MOST_PER_PAGE), whole_number(query, "page", 1)
    start = (number - 1) * limit
    ids = [opportunity["id"] for opportunity in found]
    if query.get("startAfterId") in ids:
        start = ids.index(query["startAfterId"]) + 1
    slice_ = found[start : start + limit]
    more = start + limit < len(found)
    meta = {
        "total": len(found),
        "startAfterId": slice_[-1]["id"] if slice_ else None,
        "currentPage": number,
        "nextPage": number + 1 if more else None,
        "prevPage": number - 1 if number > 1 else None,
    }
    return Reply({"opportunities": [_with_contact(call, item) for item in slice_], "meta": meta})


def by_body(call: Call) -> Reply:
    """POST /opportunities/search: filters of the form field, operator eq, value."""
    body = call.body
    limit = int(body["limit"])
    if not 1 <= limit <= MOST_PER_PAGE or len(body["query"]) > LONGEST_QUERY:
        raise bad_request("limit or query out of range")
    wanted = {}
    for item in body.get("filters", []):
        if item.get("operator", "eq") != "eq" or not isinstance(item.get("field"), str):
            raise bad_request("Invalid filter")
        wanted[item["field"]] = item.get("value")
    found = _found(call, wanted, body["query"])
    ids = [opportunity["id"] for opportunity in found]
    start = (int(body["page"]) - 1) * limit
    if body["searchAfter"]:
        last = body["searchAfter"][-1]
        start = ids.index(last) + 1 if last in ids else len(ids)
    slice_ = [_with_contact(call, item) for item in found[start : start + limit]]
    return Reply({"opportunities": slice_, "total": len(found), "aggregations": {}})


def _found(call: Call, wanted: dict[str, str | None], text: str) -> list[Json]:
    text = text.lower()
    return [
        opportunity
        for opportunity in call.location.searchable("opportunity")
        if all(value is None or opportunity.get(name) == value for name, value in wanted.items())
        and text in opportunity["name"].lower()
    ]


def _with_contact(call: Call, opportunity: Json) -> Json:
    contact = call.location["contact"].get(opportunity["contactId"])
    shown_contact: Json = {}
    if contact is not None:
        kept: Json = {
            name: contact[name] for name in ("id", "email", "phone", "companyName", "tags") if name in contact
        }
        shown_contact = {"name": full_name(contact), **kept}
    return {**shown(call, opportunity), "contact": shown_contact}


READ = "opportunities.readonly"
OPERATIONS = (
    Operation("GET", "/opportunities/search", READ, by_query),
    Operation("POST", "/opportunities/search", READ, by_body, dto="search-opportunities"),
)
