"""What is particular to deals and accounts: stages, links, amounts with their defaults (sections 3 and 4)."""

from typing import Any

from perio_pipeline.sandbox.common.store import Json
from perio_pipeline.sandbox.freshsales.errors import UnusableValueError, wrong_type
from perio_pipeline.sandbox.freshsales.exchange import Call, as_id
from perio_pipeline.sandbox.freshsales.products import products_of
from perio_pipeline.sandbox.freshsales.state import folded


def complete(call: Call, body: Json, record: Json) -> None:
    """Read the special fields of a body into the deal."""
    _account(call, body, record)
    _stage(call, body, record)
    _contacts(call, body, record)
    products_of(call, body, record)
    if "base_currency_amount" not in body and "amount" in body:
        record["base_currency_amount"] = record.get("amount")


def complete_account(call: Call, body: Json, record: Json) -> None:
    """Read the special fields of a body into the account."""
    if "parent_sales_account_id" in body:
        record["parent_sales_account_id"] = _linked(call, "sales_accounts", body["parent_sales_account_id"], "Parent")


def unlink_account(call: Call, account_id: int) -> None:
    """What deleting an account loses for good: the links of its deals and child accounts (section 15)."""
    for kind, name in (("deals", "sales_account_id"), ("sales_accounts", "parent_sales_account_id")):
        for record in call.account[kind].by(name, account_id):
            call.account.put(kind, {**record, name: None})


def _account(call: Call, body: Json, record: Json) -> None:
    if "sales_account_id" in body:
        record["sales_account_id"] = _linked(call, "sales_accounts", body["sales_account_id"], "Account")
    named = body.get("sales_account")
    if named is None:
        return
    if not isinstance(named, dict) or not isinstance(named.get("name"), str) or not named["name"].strip():
        raise wrong_type("sales_account")
    live = [item for item in call.account["sales_accounts"].by("_name", folded(named["name"])) if not _gone(item)]
    record["sales_account_id"] = (live[0] if live else _new_account(call, named["name"]))["id"]


def _new_account(call: Call, name: str) -> Json:
    now, number = call.now(), call.sandbox.ids.next()
    owner = call.user["id"]
    own = {"id": number, "mcr_id": number + 1, "owner_id": owner, "created_at": now, "updated_at": now}
    return call.account.put("sales_accounts", {**own, "name": name, "custom_field": {}})


def _stage(call: Call, body: Json, record: Json) -> None:
    """The stage named, else the one the deal is in, else the first; a pipeline named must hold it."""
    pairs = [(pipeline, stage) for pipeline in call.account["pipelines"] for stage in pipeline["deal_stages"]]
    if body.get("deal_pipeline_id") is not None:
        pairs = [pair for pair in pairs if pair[0]["id"] == as_id(body["deal_pipeline_id"])]
        if not pairs:
            raise UnusableValueError("Deal pipeline is invalid")
    if body.get("deal_stage_id") is not None:
        pairs = [pair for pair in pairs if pair[1]["id"] == as_id(body["deal_stage_id"])]
        if not pairs:
            raise UnusableValueError("Deal stage is invalid")
    staying = [pair for pair in pairs if pair[1]["id"] == record.get("deal_stage_id")]
    pipeline, stage = (staying or pairs)[0]
    if not staying:
        record["stage_updated_time"] = call.now()
        if "probability" not in body:
            record["probability"] = stage["probability"]
    record |= {"deal_pipeline_id": pipeline["id"], "deal_stage_id": stage["id"]}


def _contacts(call: Call, body: Json, record: Json) -> None:
    added = _ids(body.get("contacts_added_list"))
    removed = set(_ids(body.get("contacts_removed_list")))
    for number in added:
        _linked(call, "contacts", number, "Related contacts")
    current = [number for number in record.get("contact_ids", []) if number not in removed]
    record["contact_ids"] = list(dict.fromkeys([*current, *added]))


def _ids(given: Any) -> list[int]:
    if given is None:
        return []
    numbers = [as_id(item) for item in given] if isinstance(given, list) else [None]
    if None in numbers:
        raise wrong_type("contacts_added_list")
    return [number for number in numbers if number is not None]


def _linked(call: Call, kind: str, value: Any, label: str) -> int | None:
    if value in (None, ""):
        return None
    number = as_id(value)
    record = call.account[kind].get(number) if number is not None else None
    if record is None or _gone(record):
        raise UnusableValueError(f"{label} is invalid")
    return number


def _gone(record: Json) -> bool:
    return bool(record.get("_deleted"))
