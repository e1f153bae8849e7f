"""The simulator contract, section 17 of the API notes: who may call, and how often."""

import time
from collections.abc import Callable
from typing import Any

import pytest

from perio_pipeline.sandbox.freshsales.behaviour import Behaviour
from perio_pipeline.sandbox.freshsales.plans import PLANS
from perio_pipeline.sandbox.freshsales.seed import TOKEN, demo_config

Make = Callable[..., Any]


def limited(calls: int, factor: float = 1, plan: Any = "enterprise", **behaviour: Any) -> Any:
    config = demo_config(plan=plan, clock_factor=factor, behaviour=Behaviour(**behaviour))
    account = config.accounts[0].model_copy(update={"calls_per_hour": calls})
    return config.model_copy(update={"accounts": (account,)})


@pytest.mark.parametrize(
    "value",
    ["", f"Bearer {TOKEN}", f"token token={TOKEN}", f"Token {TOKEN}", "Token token=other", f"Token token= {TOKEN}"],
)
def test_17_auth_takes_the_exact_prefix_only(api: Any, value: str) -> None:
    reply = api("GET", "/contacts/filters", headers={"Authorization": value})
    assert api.messages(reply, 401)
    assert api("GET", "/contacts/filters").status_code == 200


def test_17_auth_body_of_a_401_can_be_empty(make_api: Make) -> None:
    reply = make_api(unauthorized_body="empty")("GET", "/contacts/filters", headers={})
    assert (reply.status_code, reply.content) == (401, b"")


def test_17_hour_is_limited_by_plan() -> None:
    hours = {name: plan.calls_per_hour for name, plan in PLANS.items()}
    assert hours == {"free": 1000, "growth": 1000, "pro": 2000, "enterprise": 5000}


def test_17_every_request_of_an_account_counts_and_the_excess_is_refused(make_api: Make) -> None:
    api = make_api(limited(4))
    codes = [
        api("GET", path).status_code for path in ("/contacts/filters", "/nowhere", "/contacts/1", "/selector/owners")
    ]
    assert codes == [200, 404, 404, 200]
    refused = api("GET", "/contacts/filters")
    assert api.messages(refused, 429) == ["Too many requests"]
    assert "retry-after" not in refused.headers
    assert not [name for name in refused.headers if name.startswith("x-ratelimit")]


def test_17_hour_slides_on_the_sandbox_clock(make_api: Make) -> None:
    api = make_api(limited(1, factor=7200))
    assert [api("GET", "/contacts/filters").status_code for _ in range(2)] == [200, 429]
    time.sleep(0.55)
    assert api("GET", "/contacts/filters").status_code == 200


def test_17_minute_is_limited_too_unless_switched_off(make_api: Make) -> None:
    for limit, last in ((3, 429), (None, 200)):
        api = make_api(per_minute_limit=limit)
        assert [api("GET", "/selector/owners").status_code for _ in range(4)] == [200, 200, 200, last]
    api = make_api(limited(5000, factor=200, per_minute_limit=1))
    api("GET", "/selector/owners")
    time.sleep(0.35)
    assert api("GET", "/selector/owners").status_code == 200


def test_17_429_can_carry_retry_after_and_plain_text(make_api: Make) -> None:
    api = make_api(limited(1, retry_after=True, throttled_body="text"))
    api("GET", "/selector/owners")
    reply = api("GET", "/selector/owners")
    assert 3590 <= int(reply.headers["retry-after"]) <= 3601
    assert reply.text == "Too many requests"


def test_17_refused_requests_can_use_up_the_quota(make_api: Make) -> None:
    for counts, later in ((False, 200), (True, 429)):
        api = make_api(limited(2, factor=7200, refused_requests_count=counts))
        for _ in range(2):
            api("GET", "/selector/owners")
        time.sleep(0.3)
        assert [api("GET", "/selector/owners").status_code for _ in range(2)] == [429, 429]
        time.sleep(0.3)
        assert api("GET", "/selector/owners").status_code == later


def test_17_bulk_upsert_costs_one_call_or_one_per_row(make_api: Make) -> None:
    for cost, next_status in (("call", 200), ("rows", 429)):
        api = make_api(limited(10, bulk_cost=cost))
        api(
            "POST",
            "/contacts/bulk_upsert",
            {"contacts": [{"emails": f"{n}@example.com", "data": {}} for n in range(10)]},
        )
        assert api("GET", "/selector/owners").status_code == next_status
