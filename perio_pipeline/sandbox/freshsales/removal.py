"""Taking records away: into the recycle bin and back, or for good with what hangs on them (section 15)."""

from perio_pipeline.sandbox.common.store import Json
from perio_pipeline.sandbox.freshsales.deal_rules import unlink_account
from perio_pipeline.sandbox.freshsales.exchange import Call
from perio_pipeline.sandbox.freshsales.modules import CONTACTS, DEALS, SALES_ACCOUNTS, Module
from perio_pipeline.sandbox.freshsales.state import Sandbox

HANGING_ON = ("notes", "tasks", "appointments", "sales_activities", "phone_calls")


def soft_deleted(call: Call, entity: str, record: Json) -> None:
    """Into the recycle bin. An account loses its deals and child accounts at once."""
    if entity == SALES_ACCOUNTS.entity:
        unlink_account(call, record["id"])
        record = call.account[entity].get(record["id"]) or record
    call.account.put(entity, {**record, "_deleted": True, "updated_at": call.now()})


def restored(sandbox: Sandbox, entity: str, record_id: int) -> bool:
    """Out of the recycle bin, as a person can. What hangs on the record was never away; lost links stay lost."""
    for account in sandbox.accounts.values():
        record = account[entity].get(record_id) if entity in account.recyclable() else None
        if record is not None and record.get("_deleted"):
            account.put(entity, {name: value for name, value in record.items() if name != "_deleted"})
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
