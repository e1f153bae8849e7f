"""What activities and files hang on, and how they are answered (sections 7 to 10)."""

from collections.abc import Collection

from perio_pipeline.sandbox.common.exchange import Reply
from perio_pipeline.sandbox.common.store import Json
from perio_pipeline.sandbox.freshsales.errors import bad_request
from perio_pipeline.sandbox.freshsales.exchange import Call, Operation, as_id
from perio_pipeline.sandbox.freshsales.modules import BY_TARGET, STANDARD

RECORD_TARGETS = frozenset(BY_TARGET)
OTHER_TARGETS = {"Appointment": "appointments", "Product": "products"}
SUCCESS = {"success": "200"}


def read_target(call: Call, body: Json, allowed: Collection[str] = RECORD_TARGETS) -> Json:
    """The record a body hangs something on: targetable_type (PascalCase, 16.15) and targetable_id."""
    kind, number = body.get("targetable_type"), as_id(body.get("targetable_id"))
    if not isinstance(kind, str) or kind not in allowed or number is None:
        raise bad_request("Targetable is invalid")
    entity = BY_TARGET[kind].entity if kind in BY_TARGET else OTHER_TARGETS[kind]
    record = call.account[entity].get(number)
    if record is None or record.get("_deleted"):
        raise bad_request("Targetable is invalid")
    return {"targetable_type": kind, "targetable_id": number, "_target": f"{kind}/{number}"}


def retargeted(call: Call, record: Json, body: Json, allowed: Collection[str] = RECORD_TARGETS) -> Json:
    """The target after an update, where the body names one."""
    if "targetable_id" not in body and "targetable_type" not in body:
        return {}
    return read_target(call, {**record, **body}, allowed)


def require(body: Json, *names: str) -> None:
    """Refuse a body that leaves out, or empties, what it must have."""
    messages = [f"{name.replace('_', ' ').capitalize()} can't be empty" for name in names if not body.get(name)]
    if messages:
        raise bad_request(*messages)


def shown_child(record: Json) -> Json:
    """An activity as the API answers it."""
    public = {name: value for name, value in record.items() if not name.startswith("_")}
    kind = public.pop("targetable_type", None)
    number = public.pop("targetable_id", None)
    return {**public, "targetables": [{"id": number, "type": kind}] if number is not None else []}


def stamped(call: Call, body: Json) -> Json:
    """What the server gives every activity."""
    created = call.created_at(body)
    own = {"id": call.sandbox.ids.next(), "created_at": created, "updated_at": call.now()}
    return {**own, "creater_id": creator(call, body)}


def creator(call: Call, body: Json) -> int:
    """The user a record says made it, else the one the API key belongs to."""
    number = as_id(body.get("creater_id"))
    known = number is not None and call.account["users"].get(number) is not None
    return number if number is not None and known else int(call.user["id"])


def of_record(kind: str) -> tuple[Operation, ...]:
    """GET /{module}/{id}/{kind} of every standard module."""

    def listed(call: Call) -> Reply:
        record = call.find(call.module.entity, call.params["id"])
        children, meta = call.page(call.account[kind].by("_target", f"{call.module.target}/{record['id']}"))
        return Reply({kind: [shown_child(child) for child in children], "meta": meta})

    return tuple(Operation("GET", f"{module.path}/{{id}}/{kind}", listed, module) for module in STANDARD)
