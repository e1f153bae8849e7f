"""Views and their lists: there is no list of a module but through a view, the recycle bin included (2.5, 15)."""

from typing import Any

from perio_pipeline.sandbox.common.exchange import Reply
from perio_pipeline.sandbox.common.store import Json
from perio_pipeline.sandbox.freshsales.behaviour import Behaviour
from perio_pipeline.sandbox.freshsales.errors import bad_request, not_found
from perio_pipeline.sandbox.freshsales.exchange import Call, Operation, as_id
from perio_pipeline.sandbox.freshsales.ids import IdSource
from perio_pipeline.sandbox.freshsales.includes import body_of, included
from perio_pipeline.sandbox.freshsales.modules import STANDARD
from perio_pipeline.sandbox.freshsales.state import AccountState

RECYCLE_BIN = "Recycle Bin"
OUTCOMES = (("Open Deals", "Open"), ("Won Deals", "Closed Won"), ("Lost Deals", "Closed Lost"))
"""Views of deals by the outcome of their stage."""


def add_views(account: AccountState, ids: IdSource, behaviour: Behaviour, entity: str, plural: str) -> None:
    """Give a module its views."""
    everything = [] if entity == "deals" and not behaviour.all_deals_view else [(f"All {plural}", "all")]
    outcomes = OUTCOMES if entity == "deals" and behaviour.outcome_deals_views else ()
    for name, rule in (*everything, (f"My {plural}", "mine"), *outcomes, (RECYCLE_BIN, "deleted")):
        view = {"id": ids.next(), "entity": entity, "name": name, "_rule": rule, "is_default": rule == "all"}
        account.put("views", view)


def filters(call: Call) -> Reply:
    """GET /{module}/filters: the views; their ids differ per account (16.9)."""
    if call.fixed_module is None and not call.behaviour.custom_module_filters:
        raise not_found("Route")
    views = call.account["views"].by("entity", call.module.entity)
    owner = call.user
    extra = {"model_class_name": call.module.base_model, "user_id": owner["id"], "user_name": owner["display_name"]}
    shown_views = [{name: view[name] for name in ("id", "name", "is_default")} | extra for view in views]
    return Reply({"filters": shown_views})


def listed(call: Call) -> Reply:
    """GET /{module}/view/{view_id}."""
    records = _records(call)
    _sort(records, call.query.get("sort"), call.query.get("sort_type"))
    page, meta = call.page(records)
    return Reply({call.module.entity: [_shown(call, record) for record in page], "meta": meta})


def scroll(call: Call) -> Reply:
    """GET /{module}/scroll/{view_id}: the Classic product's, where that is switched on."""
    if not call.behaviour.scroll_route:
        raise not_found("Route")
    last = as_id(call.query.get("last_fetched_id")) or 0
    limit = min(as_id(call.query.get("limit")) or 25, 100)
    records = sorted((record for record in _records(call) if record["id"] > last), key=lambda record: record["id"])
    return Reply({call.module.entity: [_shown(call, record) for record in records[:limit]]})


def _shown(call: Call, record: Json) -> Json:
    """A record as a list shows it: what is included stands inside it."""
    behaviour, wanted = call.behaviour, call.includes()
    if wanted and behaviour.view_includes == "refused":
        raise bad_request("include is invalid")
    if behaviour.view_includes == "ignored":
        wanted = frozenset()
    body = body_of(call, call.module, record, wanted, custom_fields=behaviour.view_custom_field)
    body |= included(call, call.module, record, wanted)
    return {name: value for name, value in body.items() if name not in behaviour.view_leaves_out}


def _records(call: Call) -> list[Json]:
    number = as_id(call.params["view"])
    view = call.account["views"].get(number) if number is not None else None
    if view is None or view["entity"] != call.module.entity:
        raise not_found("View")
    lags = call.behaviour.views_lag
    source = call.account.searchable(call.module.entity) if lags else call.account[call.module.entity]
    owner = call.user["id"]
    rule = view["_rule"]
    stages = _stages(call, rule) if rule in dict(OUTCOMES).values() else None
    return [
        record
        for record in source
        if bool(record.get("_deleted")) == (rule == "deleted")
        and call.sees(record)
        and (rule != "mine" or record["owner_id"] == owner)
        and (stages is None or record["deal_stage_id"] in stages)
    ]


def _stages(call: Call, outcome: str) -> set[int]:
    """The stages of all pipelines that lead to an outcome."""
    stages = (stage for pipeline in call.account["pipelines"] for stage in pipeline["deal_stages"])
    return {stage["id"] for stage in stages if stage["forecast_type"] == outcome}


def _sort(records: list[Json], name: str | None, direction: str | None) -> None:
    def key(record: Json) -> tuple[bool, str, Any]:
        value = record.get(name or "id")
        return value is None, type(value).__name__, value if isinstance(value, int | float | str) else str(value)

    records.sort(key=key, reverse=direction == "desc")


OPERATIONS = (
    *(Operation("GET", f"{module.path}/filters", filters, module) for module in STANDARD),
    *(Operation("GET", f"{module.path}/view/{{view}}", listed, module) for module in STANDARD),
    *(Operation("GET", f"{module.path}/scroll/{{view}}", scroll, module) for module in STANDARD),
    Operation("GET", "/custom_module/{module}/filters", filters),
    Operation("GET", "/custom_module/{module}/view/{view}", listed),
)
