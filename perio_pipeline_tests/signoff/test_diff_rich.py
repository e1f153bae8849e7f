"""F7, F5: what the diff finds in rich notes, in their parts and in their place, one planted difference at a time."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pandas as pd
import pytest

from perio_pipeline.mapping.effective import effective
from perio_pipeline.mapping.switches import Switch
from perio_pipeline.panda.canonical import Kind
from perio_pipeline.panda.frames import typed_frame
from perio_pipeline.signoff.diff import Diff, diff_object
from perio_pipeline_tests.signoff.family import family
from perio_pipeline_tests.signoff.small_mapping import with_object
from perio_pipeline_tests.signoff.small_practice import HTML, RTF, Place, Row, causes, readback, unexplained

TEMPLATE = "<b>Note</b> of {written_at|timestamp}\n\n{body|note_html}"
MAPPING = with_object(
    "notes",
    fields={"body": {"template": TEMPLATE, "format": "html"}},
    links={
        "visitId": {
            "object": "visits",
            "by": "appointment_id",
            "required": False,
            "needs": "note_on_visit",
        },
        "contactId": {"object": "contacts", "by": "patient_id", "through": "visitId"},
    },
)
KINDS = {
    **dict.fromkeys(["note_id", "patient_id", "appointment_id", "body"], Kind.TEXT),
    "written_at": Kind.DATETIME,
}
WRITTEN = datetime(2024, 5, 6, 15)
RICH = {
    RTF: "<p><b>Scaling</b> of UR</p><p>café ≥5 mm</p>",
    HTML: "<p>Probing &lt; 4 mm</p><p><b>Good</b> hygiene</p>",
    "PD <5\nstable": "<p>PD &lt;5<br>stable</p>",
}


def note(key: str, patient: str, body: str, visit: str | None = None) -> Row:
    return {"note_id": key, "patient_id": patient, "appointment_id": visit, "body": body, "written_at": WRITTEN}


def held(key: str, html: str, mark: str, **links: str | None) -> Row:
    """A note as the CRM holds it."""
    text = f"<p><b>Note</b> of 2024-05-06 15:00</p>{html}<p>{mark}</p>"
    return {
        **piece(key, text),
        "link.contactId": None,
        "link.visitId": None,
        **{f"link.{k}": v for k, v in links.items()},
    }


def piece(key: str, body: str) -> Row:
    return {"source_key": key, "account": "main", "crm_id": f"N{key}", "body": body, "link.contactId": "CP1"}


def compare(notes: list[Row], records: list[Row], *, on_visits: bool = True, **capabilities: str) -> Diff:
    practice = family()
    crm = practice.crm()
    frames = {**practice.frames(), "validated/clinical_note": typed_frame(KINDS, notes)}
    linked = {"contacts": readback(crm["contacts"]), "visits": readback(crm["visits"])}
    said: list[dict[str, Any]] = [
        {"account": "main", "field": f"capability.{name}", "name": value} for name, value in capabilities.items()
    ]
    accounts = pd.DataFrame(said, columns=["account", "field", "name"], dtype="str")
    switch = {"note_on_visit": Switch(on_visits, "", usual=True)}
    return diff_object("notes", effective(MAPPING, switch), frames, readback(records), linked, accounts, Place(), None)


@pytest.mark.parametrize("body", RICH)
def test_f7_rich_text_that_arrived_as_it_was_is_no_difference(body: str) -> None:
    diff = compare([note("N1", "P1", body)], [held("N1", RICH[body], "[PANDA note N1]", contactId="CP1")])
    assert causes(diff) == []
    assert diff.cells == 3


@pytest.mark.parametrize(
    ("found", "keeps", "strips"),
    [
        ("<p>Scaling of UR</p><p>café ≥5 mm</p>", "unformatted", "made_plain"),
        ("Scaling of UR\ncafé ≥5 mm ", "unformatted", "made_plain"),
        ("<p><b>Scaling of</b> UR</p><p>café ≥5 mm</p>", "reformatted", "reformatted"),
        ("<p><b>Scaling</b> of UR</p><p>café 5 mm</p>", "altered", "altered"),
        ("<p><b>Scaling</b> of UL</p><p>café ≥5 mm</p>", "altered", "altered"),
    ],
)
def test_f7_lost_formatting_is_explained_only_where_the_account_says_so(found: str, keeps: str, strips: str) -> None:
    records = [held("N1", found, "[PANDA note N1]", contactId="CP1")]
    for html, cause in (("keep", keeps), ("strip", strips)):
        diff = compare([note("N1", "P1", RTF)], records, note_html=html)
        assert causes(diff) == [("N1", "body", cause)]
        assert (diff.unexplained == 0) is (cause == "made_plain")


def test_f7_a_note_cut_off_or_without_its_mark_is_found() -> None:
    for text, cause in (("<p><b>Note</b> of 2024-05-06 15:00</p><p><b>Scal</b></p>", "truncated"), ("", "dropped")):
        diff = compare([note("N1", "P1", RTF)], [piece("N1", text)])
        assert ("N1", "body", cause) in unexplained(diff)
    wrong = held("N1", RICH[RTF], "[PANDAnoteN1]", contactId="CP1")
    assert unexplained(compare([note("N1", "P1", RTF)], [wrong])) == [("N1", "body", "altered")]


LONG = "<p><b>Findings</b> one two</p><ul><li>three</li><li>four five</li></ul>"
PARTS = [
    "<p><b>Note</b> of 2024-05-06 15:00</p><p><b>Findings</b> one</p><p>Part 1 of 3 [PANDA note N1]</p>",
    "<p>two</p><ul><li>three</li></ul><p>Part 2 of 3 [PANDA note N1 part 2]</p>",
    "<ul><li>four five</li></ul><p>Part 3 of 3 [PANDA note N1 part 3]</p>",
]


def parts(*texts: str) -> list[Row]:
    keys = ["N1", *(f"N1#{number}" for number in range(2, 9))]
    return [piece(key, text) for key, text in zip(keys, texts, strict=False)]


def test_f7_parts_are_put_together_again_wherever_they_were_cut() -> None:
    diff = compare([note("N1", "P1", LONG)], list(reversed(parts(*PARTS))))
    assert (causes(diff), diff.records) == ([], 1)


@pytest.mark.parametrize(
    ("records", "found"),
    [
        (parts(*PARTS)[1:], [("N1", "body", "altered")]),
        (parts(*PARTS)[::2], [("N1", "body", "altered")]),
        (parts(*PARTS)[:2], [("N1", "body", "truncated")]),
        (parts(PARTS[0], PARTS[1].replace("two", ""), PARTS[2]), [("N1", "body", "altered")]),
        (parts(PARTS[0], PARTS[1], PARTS[2].replace("of 3", "of 4")), [("N1", "body", "altered")]),
        (parts(*PARTS, "<p>old</p><p>Part 4 of 4 [PANDA note N1 part 4]</p>"), [("N1#4", "*", "extra")]),
    ],
)
def test_f7_a_part_that_is_lost_changed_or_left_over_is_found(records: list[Row], found: list[Any]) -> None:
    assert unexplained(compare([note("N1", "P1", LONG)], records)) == found


def test_a_note_that_became_short_shows_the_parts_it_left_behind() -> None:
    records = [held("N1", RICH[RTF], "[PANDA note N1]", contactId="CP1"), parts(*PARTS)[1]]
    assert unexplained(compare([note("N1", "P1", RTF)], records)) == [("N1#2", "*", "extra")]


def test_a_key_that_looks_like_a_part_is_a_record_of_its_own() -> None:
    notes = [note("N1", "P1", RTF), note("N1#2", "P1", RTF)]
    records = [held(key, RICH[RTF], f"[PANDA note {key}]", contactId="CP1") for key in ("N1", "N1#2")]
    assert causes(compare(notes, records)) == []


ON_VISIT = held("N1", RICH[RTF], "[PANDA note N1]", visitId="VA1")
ON_CONTACT = held("N1", RICH[RTF], "[PANDA note N1]", contactId="CP1")


@pytest.mark.parametrize(
    ("record", "on_visits", "found"),
    [
        (ON_VISIT, True, []),
        (ON_CONTACT, False, []),
        (ON_CONTACT, True, ["link.visitId"]),
        (ON_VISIT, False, ["link.contactId"]),
        ({**ON_VISIT, "link.visitId": "Vnobody"}, True, ["link.contactId", "link.visitId"]),
    ],
)
def test_f5_the_place_of_a_note_is_proven_where_the_account_carries_it(
    record: Row, on_visits: bool, found: list[str]
) -> None:
    diff = compare([note("N1", "P1", RTF, "A1")], [record], on_visits=on_visits)
    assert sorted(field for _, field, _ in unexplained(diff)) == found


def test_f5_a_note_on_another_patients_visit_is_found() -> None:
    diff = compare([note("N1", "P2", RTF, "A1")], [ON_VISIT])
    assert unexplained(diff) == [("N1", "link.contactId", "altered")]
