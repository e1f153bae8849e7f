"""What `include` adds to a record, in single reads and in lists (sections 2 to 4)."""

from collections.abc import Collection

from perio_pipeline.sandbox.common.store import Json
from perio_pipeline.sandbox.freshsales import contact_rules
from perio_pipeline.sandbox.freshsales.exchange import Call
from perio_pipeline.sandbox.freshsales.modules import CONTACTS, DEALS, SALES_ACCOUNTS, Module
from perio_pipeline.sandbox.freshsales.products import shown_products
from perio_pipeline.sandbox.freshsales.records import shown
from perio_pipeline.sandbox.freshsales.targets import shown_child

CHILDREN = ("notes", "tasks", "appointments")
INSIDE = "sales_accounts"
"""What stands inside a contact, also in single reads; the rest stands beside the record there."""


def body_of(call: Call, module: Module, record: Json, wanted: Collection[str], *, custom_fields: bool = True) -> Json:
    """A record's own properties; whose owner it is may be among what has to be included."""
    body = shown(call, module, record, custom_fields=custom_fields)
    if call.behaviour.owner_needs_include and "owner" not in wanted:
        body.pop("owner_id", None)
    return body


def included(call: Call, module: Module, record: Json, wanted: Collection[str]) -> Json:
    """Records that belong to a record, by the name they are asked for."""
    found: Json = {}
    if module == CONTACTS and INSIDE in wanted:
        found[INSIDE] = contact_rules.linked_accounts(call, record)
    if module == DEALS and "contacts" in wanted:
        linked = (call.account["contacts"].get(number) for number in record.get("contact_ids", []))
        found["contacts"] = [shown(call, CONTACTS, contact) for contact in linked if contact]
    if module == DEALS and "products" in wanted:
        found["products"] = shown_products(call, record)
    if "deals" in wanted:
        found["deals"] = _deals(call, module, record["id"])
    for kind in CHILDREN:
        if kind in wanted:
            children = call.account[kind].by("_target", f"{module.target}/{record['id']}")
            found[kind] = [shown_child(child) for child in children]
    return found


def _deals(call: Call, module: Module, number: int) -> list[Json]:
    if module == SALES_ACCOUNTS:
        deals = call.account["deals"].by("sales_account_id", number)
    else:
        deals = [deal for deal in call.account["deals"] if number in deal.get("contact_ids", [])]
    return [shown(call, DEALS, deal) for deal in deals if not deal.get("_deleted")]
