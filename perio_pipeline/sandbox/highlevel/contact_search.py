"""POST /contacts/search: filters, sorting and paging over what the search index has caught up with."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from perio_pipeline.sandbox.common.clock import parse_timestamp
from perio_pipeline.sandbox.common.exchange import Reply
from perio_pipeline.sandbox.common.store import Json
from perio_pipeline.sandbox.highlevel.contact_rules import shown
from perio_pipeline.sandbox.highlevel.errors import bad_request
from perio_pipeline.sandbox.highlevel.exchange import Call, Operation

MOST_PER_PAGE = 500
DEEPEST = 10_000
LONGEST_QUERY = 75
QUERIED = ("name", "email", "phone", "companyName", "tags")


def search(call: Call) -> Reply:
    """Answer one page of matching contacts, each with the mark to go on after it."""
    body = call.body
    limit, number = int(body["pageLimit"]), int(body.get("page", 1))
    if not 1 <= limit <= MOST_PER_PAGE:
        raise bad_request(f"pageLimit must be between 1 and {MOST_PER_PAGE}")
    if len(body.get("query", "")) > LONGEST_QUERY:
        raise bad_request(f"query must be at most {LONGEST_QUERY} characters")
    if "searchAfter" not in body and number * limit > DEEPEST:
        raise bad_request(f"page * pageLimit must be at most {DEEPEST}; use searchAfter")
    found = [contact for contact in map(_flat(call), call.location.searchable("contact")) if _matches(call, contact)]
    ordered = _sorted(found, body.get("sort") or [{"field": "dateAdded", "direction": "desc"}])
    if body.get("searchAfter"):
        ids = [contact["id"] for contact in ordered]
        last = body["searchAfter"][-1]
        start = ids.index(last) + 1 if last in ids else len(ids)
    else:
        start = (number - 1) * limit
    contacts = [_shown(contact) for contact in ordered[start : start + limit]]
    return Reply({"contacts": contacts, "total": len(found), "traceId": call.sandbox.ids.uuid()})


def _flat(call: Call) -> Callable[[Json], Json]:
    """A contact with its custom fields reachable as `customFields.<id>`."""

    def flat(contact: Json) -> Json:
        fields = {f"customFields.{field_id}": value for field_id, value in contact["customFields"].items()}
        return {**shown(call, contact), **fields}

    return flat


def _shown(contact: Json) -> Json:
    """The search's own shape: lower-case names beside raw ones, no dndSettings (#43)."""
    body = {name: value for name, value in contact.items() if "." not in name and name != "dndSettings"}
    for name in ("firstName", "lastName"):
        if name in contact:
            body |= {name: contact[name].lower(), f"{name}Raw": contact[name]}
    moment = parse_timestamp(contact["dateAdded"]) or datetime.now(UTC)
    return {
        **body,
        "contactName": contact["fullNameLowerCase"],
        "searchAfter": [int(moment.timestamp() * 1000), contact["id"]],
    }


def _matches(call: Call, contact: Json) -> bool:
    text = call.body.get("query", "").lower()
    if text and not any(text in str(contact.get(name, "")).lower() for name in QUERIED):
        return False
    return all(_filter_holds(call, item, contact) for item in call.body.get("filters", []))


def _filter_holds(call: Call, item: Json, contact: Json) -> bool:
    if "group" in item:
        results = [_filter_holds(call, inner, contact) for inner in item.get("filters", [])]
        return any(results) if item["group"] == "OR" else all(results)
    field, operator = item.get("field"), item.get("operator")
    if not isinstance(field, str) or operator not in OPERATORS:
        raise bad_request("Invalid filter")
    if field == "phone" and operator == "eq" and call.behaviour.search_phone_eq == "finds_nothing":
        return False
    return OPERATORS[operator](contact.get(field), item.get("value"))


def _plain(value: Any) -> Any:
    return value.lower() if isinstance(value, str) else value


def _equal(actual: Any, wanted: Any) -> bool:
    if isinstance(actual, list) and not isinstance(wanted, list):
        return _plain(wanted) in map(_plain, actual)
    return bool(_plain(actual) == _plain(wanted))


def _contains(actual: Any, wanted: Any) -> bool:
    if isinstance(actual, list):
        return any(_contains(item, wanted) for item in actual)
    return actual is not None and str(wanted).lower() in str(actual).lower()


def _exists(actual: Any, _wanted: Any) -> bool:
    return actual not in (None, "", [])


def _in_range(actual: Any, wanted: Any) -> bool:
    if actual is None or not isinstance(wanted, dict):
        return False
    comparisons: dict[str, Callable[[Any, Any], bool]] = {
        "gt": lambda a, b: a > b,
        "gte": lambda a, b: a >= b,
        "lt": lambda a, b: a < b,
        "lte": lambda a, b: a <= b,
    }
    try:
        return all(comparisons[name](actual, bound) for name, bound in wanted.items())
    except (KeyError, TypeError):
        raise bad_request("Invalid range") from None


OPERATORS: dict[str, Callable[[Any, Any], bool]] = {
    "eq": _equal,
    "not_eq": lambda actual, wanted: not _equal(actual, wanted),
    "contains": _contains,
    "not_contains": lambda actual, wanted: not _contains(actual, wanted),
    "exists": _exists,
    "not_exists": lambda actual, wanted: not _exists(actual, wanted),
    "range": _in_range,
}


def _sort_key(field: str) -> Callable[[Json], str]:
    return lambda contact: str(contact.get(field, ""))


def _sorted(contacts: list[Json], order: list[Json]) -> list[Json]:
    ordered = sorted(contacts, key=lambda contact: str(contact["id"]))
    for item in reversed(order):
        ordered.sort(key=_sort_key(str(item.get("field"))), reverse=item.get("direction") == "desc")
    return ordered


OPERATIONS = (Operation("POST", "/contacts/search", "contacts.readonly", search, dto="search-contacts"),)
