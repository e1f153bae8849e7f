"""Create, view, update, clone, delete, forget and their bulk forms, the same for every module (sections 2 to 5, 15)."""

from perio_pipeline.sandbox.common.exchange import Reply
from perio_pipeline.sandbox.common.store import Json
from perio_pipeline.sandbox.freshsales.deal_rules import unlink_account
from perio_pipeline.sandbox.freshsales.errors import bad_request
from perio_pipeline.sandbox.freshsales.exchange import Call, Operation, as_id, unwrapped
from perio_pipeline.sandbox.freshsales.includes import INSIDE, body_of, included
from perio_pipeline.sandbox.freshsales.jobs import schedule
from perio_pipeline.sandbox.freshsales.modules import CONTACTS, SALES_ACCOUNTS, STANDARD, Module
from perio_pipeline.sandbox.freshsales.natives import Native
from perio_pipeline.sandbox.freshsales.records import saved
from perio_pipeline.sandbox.freshsales.removal import forgotten, soft_deleted
from perio_pipeline.sandbox.freshsales.values import selected

OWNER = Native("owner_id", "Sales owner", "choice", "owners")


def create(call: Call) -> Reply:
    """POST: one record."""
    record = saved(call, call.module, unwrapped(call.body, call.module.one))
    return Reply(answered(call, call.module, record), call.behaviour.create_status)


def view(call: Call) -> Reply:
    """GET of one record, with what `include` asks for."""
    shows_deleted = call.behaviour.deleted_record_view == "shown"
    record = call.find(call.module.entity, call.params["id"], deleted=shows_deleted)
    return Reply(answered(call, call.module, record))


def update(call: Call) -> Reply:
    """PUT: what the body names changes, the rest stays."""
    record = call.find(call.module.entity, call.params["id"])
    return Reply(answered(call, call.module, saved(call, call.module, unwrapped(call.body, call.module.one), record)))


def clone(call: Call) -> Reply:
    """POST {id}/clone: a copy without the values that must be unique, and with what the body says otherwise."""
    original = call.find(call.module.entity, call.params["id"])
    given = unwrapped(call.body, call.module.one)
    body = {**_copied(call, original), **given}
    body["custom_field"] = {**_copied_values(call, original), **given.get("custom_field", {})}
    return Reply(answered(call, call.module, saved(call, call.module, body)), call.behaviour.create_status)


def delete(call: Call) -> Reply:
    """DELETE: into the recycle bin. Standard modules answer the literal true, custom ones a message."""
    record = call.find(call.module.entity, call.params["id"])
    both = call.query.get("delete_associated_contacts_deals") == "true"
    if call.module == SALES_ACCOUNTS and both and call.behaviour.delete_associated == "honour":
        _delete_associated(call, record["id"])
    soft_deleted(call, call.module.entity, record)
    if call.module not in STANDARD:
        return Reply({"message": "Record deleted successfully"})
    return Reply(True)


def forget(call: Call) -> Reply:
    """DELETE {id}/forget: for good, with everything that hangs on the record."""
    record = call.find(call.module.entity, call.params["id"], deleted=True)
    if call.behaviour.forget_needs_delete and not record.get("_deleted"):
        raise bad_request("Only deleted records can be forgotten")
    forgotten(call, call.module, record)
    return Reply(True)


def bulk_destroy(call: Call) -> Reply:
    """POST bulk_destroy: soft; at once, or after a while where that is switched on."""
    ids = call.selected_ids()
    if len(ids) > call.behaviour.bulk_destroy_max:
        raise bad_request(f"You can delete {call.behaviour.bulk_destroy_max} records at most")
    schedule(call, call.module, ids)
    return Reply({"message": f"{len(ids)} records are being deleted"}, call.behaviour.bulk_destroy_status)


def bulk_assign_owner(call: Call) -> Reply:
    """POST bulk_assign_owner."""
    owner = selected(call.account, OWNER, call.body.get("owner_id"))
    for number in call.selected_ids():
        record = call.account[call.module.entity].get(number)
        if record is not None and not record.get("_deleted"):
            call.account.put(call.module.entity, {**record, "owner_id": owner, "updated_at": call.now()})
    return Reply({"message": "The owner has been assigned"})


def manage_team_members(call: Call) -> Reply:
    """POST {id}/manage_team_members: sets, and with _destroy removes, team members."""
    record = call.find(call.module.entity, call.params["id"])
    given = call.body.get("team_users")
    if not isinstance(given, list) or not all(isinstance(item, dict) for item in given):
        raise bad_request("The type for team_users is invalid.")
    members = {member["user_id"]: member for member in record.get("team_users", [])}
    for item in given:
        number = selected(call.account, OWNER, item.get("user_id"))
        if item.get("_destroy"):
            members.pop(number, None)
        else:
            members[number] = {"user_id": number, "designation_id": as_id(item.get("designation_id"))}
    record = call.account.put(call.module.entity, {**record, "team_users": list(members.values())})
    return Reply({"team_users": record["team_users"]})


def answered(call: Call, module: Module, record: Json) -> Json:
    """A record under its name, and beside it what `include` asks for."""
    wanted = call.includes()
    body = body_of(call, module, record, wanted)
    beside = included(call, module, record, wanted)
    if INSIDE in beside:
        body[INSIDE] = beside.pop(INSIDE)
    if "owner" in wanted:
        owner = call.account["users"].get(record["owner_id"])
        beside["users"] = [owner] if owner else []
    return {module.one: body, **beside}


def _copied(call: Call, original: Json) -> Json:
    own = {"id", "mcr_id", "created_at", "updated_at", "email", "emails", "external_id", "custom_field"}
    body = {name: value for name, value in original.items() if name not in own and not name.startswith("_")}
    if call.module == SALES_ACCOUNTS:
        body["name"] = f"{original['name']} (copy)"
    if call.module == CONTACTS:
        links = original.get("sales_accounts", [])
        body["sales_accounts"] = [{"id": link["sales_account_id"], "is_primary": link["is_primary"]} for link in links]
    return body


def _copied_values(call: Call, original: Json) -> Json:
    unique = {field["name"] for field in call.account.fields(call.module.entity).unique}
    return {name: value for name, value in original["custom_field"].items() if name not in unique}


def _delete_associated(call: Call, number: int) -> None:
    for deal in call.account["deals"].by("sales_account_id", number):
        soft_deleted(call, "deals", deal)
    for contact in list(call.account["contacts"]):
        if any(link["sales_account_id"] == number for link in contact.get("sales_accounts", [])):
            soft_deleted(call, "contacts", contact)
    unlink_account(call, number)


def _operations(path: str, module: Module | None) -> tuple[Operation, ...]:
    return (
        Operation("POST", path, create, module),
        Operation("GET", f"{path}/{{id}}", view, module),
        Operation("PUT", f"{path}/{{id}}", update, module),
        Operation("DELETE", f"{path}/{{id}}", delete, module),
        Operation("POST", f"{path}/{{id}}/clone", clone, module),
        Operation("DELETE", f"{path}/{{id}}/forget", forget, module),
        Operation("POST", f"{path}/bulk_destroy", bulk_destroy, module),
    )


OPERATIONS = (
    *(operation for module in STANDARD for operation in _operations(module.path, module)),
    *_operations("/custom_module/{module}", None),
    *(Operation("POST", f"{module.path}/bulk_assign_owner", bulk_assign_owner, module) for module in STANDARD),
    *(
        Operation("POST", f"{module.path}/{{id}}/manage_team_members", manage_team_members, module)
        for module in (CONTACTS, SALES_ACCOUNTS)
    ),
)
