"""What hangs on a record, in time: its feed, and its conversations, of which the API makes none (section 2)."""

from perio_pipeline.sandbox.common.exchange import Reply
from perio_pipeline.sandbox.common.store import Json
from perio_pipeline.sandbox.freshsales.exchange import Call, Operation
from perio_pipeline.sandbox.freshsales.modules import SALES_ACCOUNTS, STANDARD
from perio_pipeline.sandbox.freshsales.records import shown

KINDS = ("notes", "tasks", "appointments", "sales_activities", "phone_calls", "documents")


def timeline(call: Call) -> Reply:
    """GET /{module}/{id}/timeline_feeds: the newest first."""
    record = call.find(call.module.entity, call.params["id"])
    target = f"{call.module.target}/{record['id']}"
    entries = [_entry(kind, item) for kind in KINDS for item in call.account[kind].by("_target", target)]
    feeds, meta = call.page(sorted(entries, key=lambda entry: (entry["created_at"], entry["id"]), reverse=True))
    return Reply({"timeline_feeds": feeds, "meta": meta})


def conversations(call: Call) -> Reply:
    """GET /{module}/{id}/conversations: e-mails cannot be written over the API, so that there are none (section 10)."""
    call.find(call.module.entity, call.params["id"])
    _, meta = call.page([])
    return Reply({"conversations": [], "meta": meta})


def contacts_of_account(call: Call) -> Reply:
    """GET /sales_accounts/{id}/contacts."""
    account = call.find(SALES_ACCOUNTS.entity, call.params["id"])
    linked = [
        contact
        for contact in call.account["contacts"]
        if not contact.get("_deleted")
        and any(link["sales_account_id"] == account["id"] for link in contact.get("sales_accounts", []))
    ]
    page, meta = call.page([contact for contact in linked if call.sees(contact)])
    contacts_module = next(module for module in STANDARD if module.entity == "contacts")
    return Reply({"contacts": [shown(call, contacts_module, contact) for contact in page], "meta": meta})


def _entry(kind: str, item: Json) -> Json:
    return {"id": item["id"], "action_type": kind, "created_at": item["created_at"]}


OPERATIONS = (
    *(Operation("GET", f"{module.path}/{{id}}/timeline_feeds", timeline, module) for module in STANDARD),
    *(Operation("GET", f"{module.path}/{{id}}/conversations", conversations, module) for module in STANDARD),
    Operation("GET", f"{SALES_ACCOUNTS.path}/{{id}}/contacts", contacts_of_account),
)
