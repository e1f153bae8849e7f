"""Update or create by a unique identifier, for one record or a row of many (sections 2.3, 3 and 4)."""

from typing import Any

from perio_pipeline.sandbox.common.store import Json
from perio_pipeline.sandbox.freshsales.errors import bad_request
from perio_pipeline.sandbox.freshsales.exchange import Call
from perio_pipeline.sandbox.freshsales.modules import Module
from perio_pipeline.sandbox.freshsales.records import saved
from perio_pipeline.sandbox.freshsales.state import folded


def upserted(call: Call, module: Module, identifier: Any, body: Json) -> tuple[Json, bool]:
    """The record after the write, and whether it is new."""
    if not isinstance(identifier, dict) or len(identifier) != 1:
        raise bad_request("Unique identifier can't be empty")
    name, value = next(iter(identifier.items()))
    if name not in module.identifiers or isinstance(value, list | dict | bool) or value in (None, ""):
        raise bad_request("Unique identifier is invalid")
    if name == "id":
        return saved(call, module, body, call.find(module.entity, value)), False
    found = _found(call, module, name, value)
    if found is not None:
        return saved(call, module, body, found), False
    given = ("emails", "email") if name == "emails" else (name,)
    if not any(other in body for other in given):
        body = {**body, name: value}
    return saved(call, module, body), True


def _found(call: Call, module: Module, name: str, value: Any) -> Json | None:
    """The oldest live record with this identifier."""
    key = {"emails": "_email", "name": "_name" if module.entity == "sales_accounts" else "name"}.get(name, name)
    wanted = folded(value) if key.startswith("_") else str(value)
    return next((item for item in call.account[module.entity].by(key, wanted) if not item.get("_deleted")), None)
