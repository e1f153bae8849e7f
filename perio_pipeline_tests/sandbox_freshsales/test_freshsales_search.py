"""What the contract leaves out of finding records: views, lookup, filtered search, in both positions."""

from collections.abc import Callable
from typing import Any

Make = Callable[..., Any]


def test_2_scroll_route_is_off_unless_switched_on(make_api: Make) -> None:
    for on, status in ((False, 404), (True, 200)):
        api = make_api(scroll_route=on)
        ids = [api.contact()["id"] for _ in range(3)]
        path = f"/contacts/scroll/{api.view_id('contacts', 'All Contacts')}?limit=2&last_fetched_id={ids[0]}"
        reply = api("GET", path)
        assert reply.status_code == status
        if on:
            assert [contact["id"] for contact in reply.json()["contacts"]] == ids[1:]


def test_2_5_deals_have_an_all_view_where_switched_on(make_api: Make) -> None:
    for on in (False, True):
        views = make_api(all_deals_view=on)("GET", "/deals/filters").json()["filters"]
        assert ("All Deals" in [view["name"] for view in views]) is on


def test_2_5_filtered_search_operators(api: Any) -> None:
    small, large = api.deal(name="Perio one", amount=9), api.deal(name="Perio two", amount=100)
    for rule, expected in (
        ({"attribute": "name", "operator": "contains", "value": "one"}, [small["id"]]),
        ({"attribute": "name", "operator": "starts_with", "value": "perio"}, [small["id"], large["id"]]),
        ({"attribute": "deal.amount", "operator": "is_gt", "value": 10}, [large["id"]]),
        ({"attribute": "cf_plan_key", "operator": "is_in", "value": ["T"]}, []),
    ):
        body = {"filter_rule": [rule], "sort": "id", "sort_type": "asc"}
        assert [deal["id"] for deal in api("POST", "/filtered_search/deal", body).json()["deals"]] == expected
    assert api.messages(api("POST", "/filtered_search/deal", {"filter_rule": [{"attribute": "name"}]}))


def test_2_5_lookup_by_external_id_can_find_nothing(make_api: Make) -> None:
    api = make_api(lookup_by_external_id="finds_nothing")
    api.contact(external_id="P1", email="a@example.com")
    for value, field, count in (("P1", "external_id", 0), ("a@example.com", "email", 1)):
        answer = api("GET", f"/lookup?q={value}&f={field}&entities=contact").json()
        assert len(answer["contacts"]["contacts"]) == count
