"""The lists behind native dropdowns, users and pipelines: all of them read only (sections 4 and 11)."""

from typing import Any

from perio_pipeline.sandbox.common.exchange import Reply
from perio_pipeline.sandbox.common.store import Json
from perio_pipeline.sandbox.freshsales.config import AccountConfig, PipelineConfig
from perio_pipeline.sandbox.freshsales.errors import not_found
from perio_pipeline.sandbox.freshsales.exchange import Call, Operation
from perio_pipeline.sandbox.freshsales.ids import IdSource
from perio_pipeline.sandbox.freshsales.natives import SELECTORS
from perio_pipeline.sandbox.freshsales.state import AccountState

PROBABILITY = {"Closed Won": 100, "Closed Lost": 0}


def add_selectors(account: AccountState, ids: IdSource, config: AccountConfig) -> None:
    """Give an account the items of its dropdowns."""
    for selector, names in SELECTORS.items():
        more = config.activity_types if selector == "sales_activity_types" else ()
        for position, name in enumerate((*names, *more), start=1):
            item: Json = {"id": ids.next(), "selector": selector, "name": name, "position": position}
            account.put("selectors", item)
    dollar = {"currency_code": "USD", "is_active": True, "exchange_rate": "1.0", "currency_type": 1}
    account.put("selectors", {"id": ids.next(), "selector": "currencies", "name": "USD", "position": 1, **dollar})


def add_user(account: AccountState, ids: IdSource, name: str, email: str, *, active: bool) -> None:
    """Give an account a user."""
    user = {"id": ids.next(), "display_name": name, "email": email, "is_active": active}
    account.put("users", {**user, "work_number": None, "mobile_number": None})


def add_pipeline(account: AccountState, ids: IdSource, config: PipelineConfig) -> None:
    """Give an account a pipeline with its stages."""
    number = ids.next()
    stages = [
        {
            "id": ids.next(),
            "name": stage.name,
            "position": position,
            "forecast_type": stage.outcome,
            "probability": PROBABILITY.get(stage.outcome, 50),
            "deal_pipeline_id": number,
        }
        for position, stage in enumerate(config.stages, start=1)
    ]
    is_first = not len(account["pipelines"])
    account.put("pipelines", {"id": number, "name": config.name, "is_default": is_first, "deal_stages": stages})


def owners(call: Call) -> Reply:
    """GET /selector/owners."""
    return Reply({"users": list(call.account["users"])})


def deal_pipelines(call: Call) -> Reply:
    """GET /selector/deal_pipelines: each with its stages."""
    return Reply({"deal_pipelines": list(call.account["pipelines"])})


def deal_stages(call: Call) -> Reply:
    """GET /selector/deal_stages, of all pipelines."""
    return Reply({"deal_stages": [stage for item in call.account["pipelines"] for stage in item["deal_stages"]]})


def stages_of_pipeline(call: Call) -> Reply:
    """GET /selector/deal_pipelines/{id}/deal_stages."""
    return Reply({"deal_stages": call.find("pipelines", call.params["id"])["deal_stages"]})


def outcomes_of_type(call: Call) -> Reply:
    """GET /selector/sales_activity_types/{id}/sales_activity_outcomes."""
    call.find("selectors", call.params["id"])
    return Reply({"sales_activity_outcomes": _items(call, "sales_activity_outcomes")})


def listed(call: Call) -> Reply:
    """GET /selector/{name} of all others."""
    name = call.params["name"]
    if name not in SELECTORS and name != "currencies":
        raise not_found("Selector")
    return Reply({name: _items(call, name)})


def _items(call: Call, selector: str) -> list[dict[str, Any]]:
    items = call.account["selectors"].by("selector", selector)
    return [{name: value for name, value in item.items() if name != "selector"} for item in items]


OPERATIONS = (
    Operation("GET", "/selector/owners", owners),
    Operation("GET", "/selector/deal_pipelines", deal_pipelines),
    Operation("GET", "/selector/deal_stages", deal_stages),
    Operation("GET", "/selector/deal_pipelines/{id}/deal_stages", stages_of_pipeline),
    Operation("GET", "/selector/sales_activity_types/{id}/sales_activity_outcomes", outcomes_of_type),
    Operation("GET", "/selector/{name}", listed),
)
