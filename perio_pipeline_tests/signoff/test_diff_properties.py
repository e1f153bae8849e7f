"""P5 for any data: a faultless CRM has no unexplained difference, and no single wrong cell goes unseen."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from hypothesis import assume, given, settings
from hypothesis import strategies as st

from perio_pipeline.signoff.causes import Cause
from perio_pipeline_tests.signoff.small_practice import (
    HTML,
    RTF,
    Practice,
    Row,
    compare,
    patient,
    unexplained,
)

PHONES = ["(617) 555-0101", "617.555.0101 x12", "1-617-555-0102", "+1 617 555 0103", "555-0104", "617-555-0105"]
EMAILS = ["Family@Example.com", "family@example.com", "a.b@example.com"]
WORDS = st.text("abcXYZéß019 .,-'&", min_size=2, max_size=30).filter(lambda text: sum(map(str.isalnum, text)) > 1)
DAYS = st.datetimes(datetime(1930, 1, 1), datetime(2026, 1, 1)).map(lambda day: datetime(day.year, day.month, day.day))
TIMES = st.datetimes(datetime(2000, 1, 1), datetime(2026, 1, 1)).map(
    # Noon and later: the clocks never change then.
    lambda moment: moment.replace(hour=12 + moment.hour % 12, second=0, microsecond=0)
)


def maybe(strategy: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.none() | strategy


PATIENT = st.fixed_dictionaries(
    {
        "first_name": WORDS,
        "email": maybe(st.sampled_from(EMAILS)),
        "mobile_phone": maybe(st.sampled_from(PHONES)),
        "home_phone": maybe(st.sampled_from(PHONES)),
        "sex": maybe(st.sampled_from(["male", "female"])),
        "status": st.sampled_from(["active", "no_show"]),
        "provider_id": maybe(st.sampled_from(["D1", "D2"])),
        "birth_date": maybe(DAYS),
        "do_not_contact": maybe(st.booleans()),
        "created_at": maybe(TIMES | DAYS),
        "depth_mm": maybe(st.decimals(0, 15, places=2)),
    }
)


@st.composite
def practices(draw: st.DrawFn) -> Practice:
    patients = [
        patient(number, **values) for number, values in enumerate(draw(st.lists(PATIENT, min_size=2, max_size=6)))
    ]
    ids = [row["patient_id"] for row in patients]
    merged = dict.fromkeys(draw(st.sets(st.sampled_from(ids[1:]))), ids[0])
    child = {"patient_id": st.sampled_from(ids)}
    policy = {**child, "ordinal": st.integers(1, 2), "carrier": WORDS, "effective_date": maybe(DAYS)}
    visit = {**child, "procedure": maybe(WORDS), "starts_at": TIMES, "minutes": maybe(st.integers(0, 90))}
    body = st.sampled_from([RTF, HTML]) | WORDS | st.lists(WORDS, min_size=4, max_size=12).map(" ".join)
    note = {**child, "body": body, "written_at": TIMES}

    def rows(fields: dict[str, Any], key: str = "") -> list[Row]:
        drawn = draw(st.lists(st.fixed_dictionaries(fields), min_size=1, max_size=4))
        return [{**row, **({key: f"{key[0].upper()}{number}"} if key else {})} for number, row in enumerate(drawn)]

    return Practice(patients, merged, rows(policy), rows(visit, "appointment_id"), rows(note, "note_id"))


@given(practices())
@settings(max_examples=25, deadline=None)
def test_p5_a_faultless_crm_has_no_unexplained_difference(practice: Practice) -> None:
    crm = practice.crm()
    for name in ("contacts", "visits", "notes"):
        diff = compare(practice, name)
        assert unexplained(diff) == []
        assert diff.records == len({row["source_key"].split("#")[0] for row in crm[name]})
        assert diff.cells == diff.records * len(diff.population)


NOT_CUT = {"birthDate", "dnd", "active", "Depth", "start", "end", "link.contactId"}
"""Cells of which a beginning is another value."""


def another(name: str, value: Any) -> Any:
    """A value that nobody in the practice has."""
    if isinstance(value, bool):
        return not value
    if isinstance(value, float) or name == "Depth":
        return 1.0 if value is None else value + 1
    if name in ("phone", "Mobile", "Home"):
        return "+12025550199"
    if name in ("start", "end"):
        return "1999-12-31T12:00:00.000Z"
    return {"birthDate": "1901-01-01", "link.contactId": "Cnobody"}.get(name, f"{value or ''} Zz")


def cut(value: str, size: int) -> str:
    """Take at least one letter or digit away, and leave one."""
    places = [place for place, character in enumerate(value) if character.isalnum()]
    assume(len(places) > 3)
    # A phone keeps more than its calling code.
    return value[: places[2 + size % (len(places) - 3)] + 1]


@given(practices(), st.data())
@settings(max_examples=60, deadline=None)
def test_p5_any_single_wrong_cell_is_found_with_its_field_and_cause(practice: Practice, data: st.DataObject) -> None:
    name = data.draw(st.sampled_from(["contacts", "visits", "notes"]))
    records = practice.crm()[name]
    record = data.draw(st.sampled_from(records))
    field = data.draw(st.sampled_from([each for each in record if each not in ("source_key", "account", "crm_id")]))
    value = record[field]
    key = record["source_key"].partition("#")[0]
    part = sum(each["source_key"].partition("#")[0] == key for each in records) > 1
    source = next((row for row in practice.patient if row["patient_id"] == key), {})
    if value is None:
        # A phone or an e-mail that another record holds is wanted here as well.
        offers = {"email": record.get("Email"), "phone": record.get("Mobile") or record.get("Home")}.get(field)
        record[field], wanted = another(field, value), {Cause.ALTERED if offers else Cause.EXTRA}
    else:
        no_source = field == "dnd" and source["do_not_contact"] is None
        how = data.draw(st.sampled_from(["drop", "cut", "alter"]))
        assume(not (how == "cut" and field in NOT_CUT) and not (how == "drop" and no_source))
        record[field], cause = {
            "drop": lambda: (None, Cause.DROPPED),
            "cut": lambda: (cut(value, data.draw(st.integers(0, 99))), Cause.TRUNCATED),
            "alter": lambda: (another(field, value), Cause.EXTRA if no_source else Cause.ALTERED),
        }[how]()
        # A part that is cut or lost leaves a hole in the whole text, and a link that parts do not share is no link.
        # Only the first says how many there are, so that without it they are records of their own.
        first_lost = field == "body" and cause is Cause.DROPPED and record["source_key"] == key
        wanted = {Cause.TRUNCATED, Cause.ALTERED} if part and not first_lost else {cause}
    found = [line for line in unexplained(compare(practice, name, records)) if line[:2] == (key, field)]
    assert len(found) == 1
    assert found[0][2] in wanted


@given(practices(), st.data())
@settings(max_examples=15, deadline=None)
def test_p5_a_lost_record_and_a_record_too_many_are_found(practice: Practice, data: st.DataObject) -> None:
    name = data.draw(st.sampled_from(["contacts", "visits"]))
    records = practice.crm()[name]
    lost = data.draw(st.sampled_from(records))
    stranger = {**lost, "source_key": "X1", "crm_id": "X1"}
    diff = compare(practice, name, [row for row in records if row is not lost] + [stranger])
    lines = [line for line in unexplained(diff) if line[1] == "*"]
    assert lines == [(lost["source_key"], "*", "missing"), ("X1", "*", "extra")]
    assert diff.records == len(records)
