"""What an update replaces, also after an earlier one was interrupted, and which values mean the same."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perio_pipeline.crm.protocol import Payload, Ref, Snapshot
from perio_pipeline.loading.values import EarlierUpdate, flat, replaced_values, same


def payload(**fields: Any) -> Payload:
    return Payload("contacts", "P1", fields, {"Depth": 5}, {"companyId": "B1"}, "Id", "P1", unlinked=frozenset({"by"}))


def snapshot(**fields: Any) -> Snapshot:
    return Snapshot(Ref("contacts", "C1"), fields, {}, {"by": "C9"})


def test_what_is_replaced_is_what_the_record_holds_field_by_field_and_link_by_link() -> None:
    found = replaced_values(payload(name="New", office="N"), snapshot(name="Old", other="stays"))
    assert found == {"name": "Old", "office": None, "Depth": None, "companyId": None, "by": "C9"}


BEFORE = {"name": "Old", "office": "S"}


@pytest.mark.parametrize(
    ("there", "replaced"),
    [
        ({"name": "Old", "office": "S"}, {"name": "Old", "office": "S"}),  # it never arrived
        ({"name": "Ours", "office": "N"}, {"name": "Old", "office": "S"}),  # it arrived: ours is not the practice's
        ({"name": "ours ", "office": "edited"}, {"name": "Old", "office": "S"}),  # it arrived, then a person wrote
        ({"name": "edited", "office": "S"}, {"name": "edited", "office": "S"}),  # it never arrived, a person wrote
    ],
)
def test_p9_after_an_interrupted_update_our_own_values_are_not_taken_for_the_practices(
    there: dict[str, Any], replaced: dict[str, Any]
) -> None:
    earlier = EarlierUpdate(Payload("contacts", "P1", {"name": "Ours", "office": "N"}, {}, {}, "Id", "P1"), BEFORE)
    found = replaced_values(payload(name="Later", office="W"), snapshot(**there), earlier)
    assert {name: found[name] for name in replaced} == replaced


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (None, ""),
        (None, False),
        ((), None),
        ("Anna  Lee", " anna lee"),
        ("1990-09-25", "1990-09-25T00:00:00.000Z"),
        ("+15165550134", "(516) 555-0134"),
        ("4.0", 4),
        (True, "true"),
        ("a <b>bold</b> word &amp; more", "a bold word & more"),
        (("b", "a"), ["a", "b"]),
    ],
)
def test_the_same_in_another_writing_is_the_same(one: Any, other: Any) -> None:
    assert same(one, other)
    assert same(other, one)


@pytest.mark.parametrize(
    ("one", "other"),
    [("Anna", "Ann"), (4, 5), (True, None), ("1990-09-25", "1990-09-26"), ("5165550134", "5165550135")],
)
def test_another_value_is_another(one: Any, other: Any) -> None:
    assert not same(one, other)


@given(st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text() | st.lists(st.text()))
def test_every_value_is_the_same_as_itself(value: Any) -> None:
    assert same(value, value)


def test_a_link_that_is_taken_away_is_flat_none() -> None:
    assert flat(payload(name="x")) == {"name": "x", "Depth": 5, "companyId": "B1", "by": None}
