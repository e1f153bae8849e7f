"""The product catalogue of Pro and above, and the products of deals (sections 4 and 15)."""

from typing import Any

from perio_pipeline.sandbox.common.exchange import Reply
from perio_pipeline.sandbox.common.store import Json
from perio_pipeline.sandbox.freshsales.errors import bad_request, forbidden, not_found, wrong_type
from perio_pipeline.sandbox.freshsales.exchange import Call, Operation, as_id, unwrapped
from perio_pipeline.sandbox.freshsales.targets import require

ROOT = "/cpq/products"
WRITABLE = ("name", "description", "category", "product_code", "sku_number", "is_active")
DONE = {"msg": {"code": "success"}}


def create(call: Call) -> Reply:
    """POST /cpq/products."""
    _check_plan(call)
    body = unwrapped(call.body, "product")
    require(body, "name")
    now = call.now()
    own = {"id": call.sandbox.ids.next(), "created_at": now, "updated_at": now, "is_active": True}
    return Reply({"product": call.account.put("products", own | _written(body))}, call.behaviour.create_status)


def view(call: Call) -> Reply:
    """GET /cpq/products/{id}."""
    return Reply({"product": _found(call)})


def listed(call: Call) -> Reply:
    """GET /cpq/products."""
    _check_plan(call)
    products, meta = call.page([item for item in call.account["products"] if not item.get("_deleted")])
    return Reply({"products": products, "meta": meta})


def update(call: Call) -> Reply:
    """PUT /cpq/products/{id}."""
    changed = {**_found(call), **_written(unwrapped(call.body, "product")), "updated_at": call.now()}
    return Reply({"product": call.account.put("products", changed)})


def delete(call: Call) -> Reply:
    """DELETE /cpq/products/{id}: it can be restored."""
    call.account.put("products", {**_found(call), "_deleted": True})
    return Reply(DONE)


def restore(call: Call) -> Reply:
    """PUT /cpq/products/{id}/restore."""
    product = call.find("products", call.params["id"], deleted=True)
    call.account.put("products", {name: value for name, value in product.items() if name != "_deleted"})
    return Reply(DONE)


def products_of(call: Call, body: Json, record: Json) -> None:
    """Read the products of a deal's body: `products` inside the deal, or beside it."""
    given = body.get("products", call.body.get("products"))
    if given is None:
        return
    if not isinstance(given, list) or not all(isinstance(item, dict) for item in given):
        raise wrong_type("products")
    _check_plan(call)
    record["_products"] = [_line(call, item) for item in given if not item.get("_delete")]


def shown_products(call: Call, record: Json) -> list[Json]:
    """The products of a deal, as `include=products` shows them."""
    known = call.account["products"]
    lines = [(line, known.get(line["id"])) for line in record.get("_products", [])]
    return [{**line, "name": product["name"]} for line, product in lines if product is not None]


def _line(call: Call, item: Json) -> Json:
    number = as_id(item.get("id"))
    product = call.account["products"].get(number) if number is not None else None
    if product is None or product.get("_deleted"):
        raise bad_request("Products are invalid")
    return {"id": number, "quantity": item.get("quantity", 1), "unit_price": str(item.get("unit_price", "0.0"))}


def _found(call: Call) -> Json:
    _check_plan(call)
    number = as_id(call.params["id"])
    product: Any = call.account["products"].get(number) if number is not None else None
    if product is None or product.get("_deleted"):
        raise not_found()
    return dict(product)


def _written(body: Json) -> Json:
    return {name: body[name] for name in WRITABLE if name in body}


def _check_plan(call: Call) -> None:
    if not call.account.plan.product_catalogue:
        raise forbidden("The product catalogue is not available in your plan")


OPERATIONS = (
    Operation("POST", ROOT, create),
    Operation("GET", ROOT, listed),
    Operation("GET", f"{ROOT}/{{id}}", view),
    Operation("PUT", f"{ROOT}/{{id}}", update),
    Operation("DELETE", f"{ROOT}/{{id}}", delete),
    Operation("PUT", f"{ROOT}/{{id}}/restore", restore),
)
