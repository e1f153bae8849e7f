"""Finding records: lookup, search and filtered_search, each in its own shape, all as late as the index (2.5, 16.8)."""

from typing import Any

from perio_pipeline.sandbox.common.exchange import Reply
from perio_pipeline.sandbox.common.store import Json, property_of
from perio_pipeline.sandbox.freshsales import contact_rules
from perio_pipeline.sandbox.freshsales.errors import bad_request
from perio_pipeline.sandbox.freshsales.exchange import Call, Operation
from perio_pipeline.sandbox.freshsales.modules import BY_ONE, CONTACTS, STANDARD, Module
from perio_pipeline.sandbox.freshsales.records import shown
from perio_pipeline.sandbox.freshsales.state import folded

LOOKUP_LIMIT = 25
SEARCHED = ("first_name", "last_name", "name", "email", "mobile_number", "work_number", "phone", "external_id")


def lookup(call: Call) -> Reply:
    """GET /lookup?q=&f=&entities=: exact match of one field; the answer nests each list twice."""
    value, name = call.query.get("q", ""), call.query.get("f", "")
    entities = [entity.strip() for entity in call.query.get("entities", "").split(",") if entity.strip()]
    if not value or not name or not entities:
        raise bad_request("q, f and entities can't be empty")
    answer: Json = {}
    for entity in entities:
        module = BY_ONE.get(entity)
        if module is None:
            raise bad_request("entities is invalid")
        found = [_with_accounts(call, module, record) for record in _looked_up(call, module, name, value)]
        answer[module.entity] = {module.entity: found}
    return Reply(answer)


def search(call: Call) -> Reply:
    """GET /search?q=&include=: a bare array with ids as text."""
    text = call.query.get("q", "").strip().lower()
    if not text:
        raise bad_request("q can't be empty")
    hits: list[Json] = []
    for kind in sorted(call.includes() or {module.one for module in STANDARD}):
        hits += _hits(call, kind, text)
    return Reply(call.page(hits)[0])


def filtered_search(call: Call) -> Reply:
    """POST /filtered_search/{entity}: all rules must hold; custom values are left out of the answer (16.7)."""
    module = BY_ONE.get(call.params["entity"])
    rules = call.body.get("filter_rule")
    if module is None:
        raise bad_request("Entity is invalid")
    if not isinstance(rules, list) or not all(isinstance(rule, dict) for rule in rules):
        raise bad_request("filter_rule can't be empty")
    for rule in rules:
        _check_rule(call, rule)
    found = [
        record
        for record in call.account.searchable(module.entity)
        if not record.get("_deleted") and call.sees(record) and all(_holds(call, rule, record) for rule in rules)
    ]
    sort, descending = call.body.get("sort"), call.body.get("sort_type") == "desc"
    if isinstance(sort, str):
        found.sort(key=lambda record: str(record.get(sort) or ""), reverse=descending)
    page, meta = call.page(found, call.body)
    records = [shown(call, module, record, custom_fields=False) for record in page]
    return Reply({module.entity: records, "meta": {"total": meta["total"]}})


def _looked_up(call: Call, module: Module, name: str, value: str) -> list[Json]:
    if (name == "external_id" and call.behaviour.lookup_by_external_id == "finds_nothing") or (
        name == "mobile_number" and call.behaviour.lookup_by_mobile_number == "finds_nothing"
    ):
        return []
    lags = call.behaviour.lookup_lags
    table = call.account.searchable(module.entity) if lags else call.account[module.entity]
    key, wanted = _key(module, name, value)
    found = table.by(key, wanted)
    if not found and name.startswith("cf_") and wanted.isdigit():
        found = table.by(key, int(wanted))
    return [record for record in found if not record.get("_deleted") and call.sees(record)][:LOOKUP_LIMIT]


def _key(module: Module, name: str, value: str) -> tuple[str, str]:
    if name.startswith("cf_"):
        return f"custom_field.{name}", value
    special = {("contacts", "email"): "_email", ("sales_accounts", "name"): "_name"}.get((module.entity, name))
    return (special, folded(value) or "") if special else (name, value)


def _with_accounts(call: Call, module: Module, record: Json) -> Json:
    body = shown(call, module, record)
    if module == CONTACTS and "sales_accounts" in call.includes():
        body["sales_accounts"] = contact_rules.linked_accounts(call, record)
    return body


def _hits(call: Call, kind: str, text: str) -> list[Json]:
    if kind == "user":
        users = [user for user in call.account["users"] if text in f"{user['display_name']} {user['email']}".lower()]
        return [_hit(user, "user", user["display_name"]) for user in users]
    module = BY_ONE.get(kind) or (call.custom_module(kind) if kind.startswith("cm_") else None)
    if module is None:
        raise bad_request("include is invalid")
    hits = []
    for record in call.account.searchable(module.entity):
        words = " ".join(str(record[name]) for name in SEARCHED if record.get(name))
        if not record.get("_deleted") and call.sees(record) and text in words.lower():
            name = record.get("name") or contact_rules.derived(call, record)["display_name"]
            hits.append(_hit(record, kind, name))
    return hits


def _hit(record: Json, kind: str, name: Any) -> Json:
    own = {"id": str(record["id"]), "type": kind, "name": name, "email": record.get("email")}
    return {**own, "mobile_number": record.get("mobile_number")}


def _check_rule(call: Call, rule: Json) -> None:
    attribute, operator, value = (rule.get(name) for name in ("attribute", "operator", "value"))
    if not isinstance(attribute, str) or value is None:
        raise bad_request("filter_rule is invalid")
    if operator not in ("is_in", "contains", "starts_with", "is_gt"):
        raise bad_request("operator is invalid")
    if attribute == "external_id" and call.behaviour.filter_by_external_id == "refused":
        raise bad_request("attribute is invalid")


def _holds(call: Call, rule: Json, record: Json) -> bool:
    attribute, operator, value = rule["attribute"], rule["operator"], rule["value"]
    if attribute == "external_id" and call.behaviour.filter_by_external_id == "finds_nothing":
        return False
    name = attribute.rpartition(".")[2]
    held = property_of(record, f"custom_field.{name}" if name.startswith("cf_") else name)
    if held is None:
        return False
    text = str(held).lower()
    if operator == "is_in":
        return text in _several(call, value)
    if operator == "is_gt":
        return _greater(held, value)
    whole = str(value).lower()
    return whole in text if operator == "contains" else text.startswith(whole)


def _several(call: Call, value: Any) -> list[str]:
    """The values of is_in. Those given in the way that is not understood are one value that nothing has."""
    way = call.behaviour.filter_values
    if isinstance(value, list):
        return [str(item).lower() for item in value] if way != "comma" else [str(value)]
    return [item.strip() for item in str(value).lower().split(",")] if way != "list" else [str(value).lower()]


def _greater(held: Any, value: Any) -> bool:
    try:
        return float(held) > float(value)
    except (TypeError, ValueError):
        return str(held) > str(value)


OPERATIONS = (
    Operation("GET", "/lookup", lookup),
    Operation("GET", "/search", search),
    Operation("POST", "/filtered_search/{entity}", filtered_search),
)
