"""Taking records away: into the recycle bin and back, or for good with what hangs on them (section 15)."""

from perio_pipeline.sandbox.common.store import Json
from perio_pipeline.sandbox.freshsales.deal_rules import unlink_account
from perio_pipeline.sandbox.freshsales.exchange import Call
from perio_pipeline.sandbox.freshsales.modules import BY_ENTITY, CONTACTS, DEALS, SALES_ACCOUNTS, Module, custom
from perio_pipeline.sandbox.freshsales.state import Sandbox

BIN_DAYS = 90
"""How long the recycle bin keeps a record."""
HANGING_ON = ("notes", "tasks", "appointments", "sales_activities", "phone_calls")


def soft_deleted(call: Call, entity: str, record: Json) -> None:
    """Into the recycle bin. An account loses its deals and child accounts at once."""
    if entity == SALES_ACCOUNTS.entity:
        unlink_account(call, record["id"])
        record = call.account[entity].get(record["id"]) or record
    until = call.sandbox.clock.now() + BIN_DAYS * 86_400
    call.account.put(entity, {**record, "_deleted": True, "_until": until, "updated_at": call.now()})
    entry = {"id": call.sandbox.ids.next(), "entity": entity, "record": record["id"], "until": until}
    call.account.put("bin", entry)


def emptied(call: Call) -> None:
    """The recycle bin without what has lain there for too long."""
    now = call.sandbox.clock.now()
    for entry in list(call.account["bin"]):
        if entry["until"] > now:
            break  # they lie there in the order in which they were deleted
        record = call.account[entry["entity"]].get(entry["record"])
        # One that was restored and deleted once more has a later entry of its own.
        if record is not None and record.get("_deleted") and record["_until"] <= now:
            forgotten(call, BY_ENTITY.get(entry["entity"]) or custom(entry["entity"]), record)
        call.account.delete("bin", entry["id"])


def restored(sandbox: Sandbox, entity: str, record_id: int) -> bool:
    """Out of the recycle bin, as a person can. What hangs on the record was never away; lost links stay lost."""
    for account in sandbox.accounts.values():
        record = account[entity].get(record_id) if entity in account.recyclable() else None
        if record is not None and record.get("_deleted"):
            account.put(entity, {name: value for name, value in record.items() if name not in ("_deleted", "_until")})
            return True
    return False


def forgotten(call: Call, module: Module, record: Json) -> None:
    """For good, with activities and files."""
    account, number = call.account, record["id"]
    target = f"{module.target}/{number}"
    for kind in HANGING_ON:
        for child in account[kind].by("_target", target):
            account.delete(kind, child["id"])
    for document in account["documents"].by("_target", target):
        account.delete("documents", document["id"])
        call.sandbox.disk.delete_file(document["id"])
        if not call.behaviour.forget_frees_storage and document.get("size"):
            account.put("lost_room", {"id": document["id"], "size": document["size"]})
    if module == SALES_ACCOUNTS:
        unlink_account(call, number)
        _unlink_contacts(call, number)
    if module == CONTACTS:
        for deal in list(account[DEALS.entity]):
            if number in deal.get("contact_ids", []):
                kept = [other for other in deal["contact_ids"] if other != number]
                account.put(DEALS.entity, {**deal, "contact_ids": kept})
    account.delete(module.entity, number)


def _unlink_contacts(call: Call, number: int) -> None:
    for contact in list(call.account[CONTACTS.entity]):
        links = contact.get("sales_accounts", [])
        kept = [link for link in links if link["sales_account_id"] != number]
        if len(kept) < len(links):
            call.account.put(CONTACTS.entity, {**contact, "sales_accounts": kept})
