"""What is particular to contacts: e-mails, accounts, identity, time zone, and what an answer adds (section 2)."""

from typing import Any

from perio_pipeline.sandbox.common.store import Json
from perio_pipeline.sandbox.freshsales.errors import UnusableValueError, wrong_type
from perio_pipeline.sandbox.freshsales.exchange import Call, as_id
from perio_pipeline.sandbox.freshsales.values import email_address, known_zone

MOST_ACCOUNTS = 10


def complete(call: Call, body: Json, record: Json) -> None:
    """Read the special fields of a body into the record and check what holds for the whole contact."""
    previous = record.get("time_zone") if "time_zone" not in body else None
    record["emails"] = emails(call, body, record)
    record["email"] = next((item["value"] for item in record["emails"] if item["is_primary"]), None)
    if "sales_accounts" in body:
        record["sales_accounts"] = accounts(call, body["sales_accounts"])
    elif body.get("sales_account_id"):
        record["sales_accounts"] = accounts(call, [{"id": body["sales_account_id"], "is_primary": True}])
    if "time_zone" in body:
        record["time_zone"] = _zone(call, body["time_zone"], previous)
    _check_identity(call, record)


def emails(call: Call, body: Json, record: Json) -> list[Json]:
    """The addresses after a body: a text sets the primary one, a list of objects replaces them all."""
    current: list[Json] = record.get("emails", [])
    if isinstance(body.get("emails"), list):
        return _listed_emails(call, body["emails"])
    given = body.get("emails") if "emails" in body else body.get("email")
    if "emails" not in body and "email" not in body:
        return current
    others = [item for item in current if not item["is_primary"]]
    return others if given in (None, "") else [_email(call, email_address("Email", given), primary=True), *others]


def accounts(call: Call, given: Any) -> list[Json]:
    """The accounts a contact belongs to: at most 10, exactly one of them primary; a list replaces the one before."""
    if not isinstance(given, list) or not all(isinstance(item, dict) for item in given):
        raise wrong_type("sales_accounts")
    if len(given) > MOST_ACCOUNTS:
        raise UnusableValueError(f"Accounts can't be more than {MOST_ACCOUNTS}")
    links = [_link(call, item) for item in given]
    primaries = sum(link["is_primary"] for link in links)
    if links and not primaries and call.behaviour.sales_accounts_without_primary == "first":
        links[0]["is_primary"] = True
    elif links and primaries != 1:
        raise UnusableValueError("Accounts must have exactly one primary account")
    return links


def derived(call: Call, record: Json) -> Json:
    """What an answer adds to, or hides of, a stored contact."""
    names = " ".join(filter(None, (record.get("first_name"), record.get("last_name"))))
    added: Json = {"display_name": names or record.get("email") or record.get("mobile_number")}
    if call.behaviour.lifecycle_reads_null:
        added |= {"lifecycle_stage_id": None, "contact_status_id": None}
    return added


def welcomed(call: Call, body: Json, record: Json) -> Json:
    """What the account's workflows do when a contact is created, also over the API (16.17)."""
    workflows = call.account.config.workflows
    if "auto_assign" in workflows and "owner_id" not in body:
        users = [user["id"] for user in call.account["users"] if user["is_active"]]
        record = {**record, "owner_id": users[len(call.account["contacts"]) % len(users)]}
    if "welcome_mail" in workflows and record.get("email"):
        call.account.put("outbox", {"id": call.sandbox.ids.next(), "contact_id": record["id"], "kind": "welcome_mail"})
    return record


def linked_accounts(call: Call, record: Json) -> list[Json]:
    """The live accounts of a contact, as `include=sales_accounts` shows them."""
    found = []
    for link in record.get("sales_accounts", []):
        account = call.account["sales_accounts"].get(link["sales_account_id"])
        if account is not None and not account.get("_deleted"):
            found.append({"id": account["id"], "name": account.get("name"), "is_primary": link["is_primary"]})
    return found


def _listed_emails(call: Call, given: list[Any]) -> list[Json]:
    if not all(isinstance(item, dict) for item in given):
        raise wrong_type("emails")
    kept = [item for item in given if not item.get("_destroy")]
    chosen = next((index for index, item in enumerate(kept) if item.get("is_primary")), 0)
    return [
        _email(call, email_address("Email", item.get("value")), primary=index == chosen, label=item.get("label"))
        for index, item in enumerate(kept)
    ]


def _email(call: Call, address: str, *, primary: bool, label: Any = None) -> Json:
    number = call.sandbox.ids.next()
    return {"id": number, "value": address, "is_primary": primary, "label": label, "_destroy": False}


def _link(call: Call, item: Json) -> Json:
    number = as_id(item.get("id"))
    account = call.account["sales_accounts"].get(number) if number is not None else None
    if number is None or account is None or account.get("_deleted"):
        raise UnusableValueError("Accounts are invalid")
    return {"sales_account_id": number, "is_primary": bool(item.get("is_primary"))}


def _zone(call: Call, given: Any, previous: Any) -> Any:
    if given in (None, "") or known_zone(given) or call.behaviour.contact_time_zone == "store":
        return given or None
    if call.behaviour.contact_time_zone == "refuse":
        raise UnusableValueError("Time zone is invalid")
    return previous


def _check_identity(call: Call, record: Json) -> None:
    behaviour = call.behaviour
    if behaviour.last_name_required and not record.get("last_name"):
        raise UnusableValueError("Last name can't be empty")
    needed = {
        "none": (),
        "email": ("email",),
        "email_or_mobile": ("email", "mobile_number"),
        "unique_field": ("email", "external_id", *(("mobile_number",) if behaviour.mobile_unique else ())),
    }[behaviour.contact_identity]
    if needed and not any(record.get(name) for name in needed):
        raise UnusableValueError("Email can't be empty")
