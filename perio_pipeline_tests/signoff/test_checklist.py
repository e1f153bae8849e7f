"""The checklist names everything the mapping needs, in the CRM's words, and says what a plan has no room for."""

from __future__ import annotations

import csv
import io
import re
from collections import Counter
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest

from perio_pipeline.crm.packages import CrmPackage, crm_package
from perio_pipeline.crm.plans import MODULE_TOTAL, TOTAL, Plan, Plans
from perio_pipeline.crm.protocol import FieldType
from perio_pipeline.mapping.catalog import load_mapping
from perio_pipeline.mapping.model import Mapping
from perio_pipeline.mapping.practice import Destination, load_practice
from perio_pipeline.signoff.checklist import (
    CHOICE_SEPARATOR,
    HEADER,
    Checklist,
    ChecklistRow,
    What,
    checklist,
    checklist_rows,
    to_csv,
    to_html,
    to_markdown,
)
from perio_pipeline.signoff.crm_words import CRMS
from perio_pipeline_tests.signoff.small_mapping import MAPPING

MAPPINGS = Path(__file__).resolve().parents[2] / "mappings"
CRM_NAMES = ("highlevel", "freshsales")


PLANS = {crm: crm_package(crm).PLANS for crm in CRM_NAMES}
NO_PLANS = Plans("Test", (Plan("", ()),))
BARE = cast(CrmPackage, SimpleNamespace(PLANS=NO_PLANS, behaviours=lambda capabilities: {}))
MOST_CHOICES = PLANS["freshsales"].max_choices or 0


def harbor(crm: str, plan: str) -> Destination:
    """Harbor's destination, without the practice's own findings, which no mapping file names."""
    return load_practice(MAPPINGS, "harbor").destination(crm).model_copy(update={"plan": plan, "findings": {}})


def real(crm: str, plan: str | None = None) -> Checklist:
    plan = plan if plan is not None else {"freshsales": "enterprise"}.get(crm, "")
    return checklist("Harbor", load_mapping(MAPPINGS / f"{crm}.yaml"), harbor(crm, plan), crm_package(crm))


def made(mapping: Mapping, plan: str = "enterprise", practice: str = "Harbor") -> Checklist:
    return checklist(practice, mapping, harbor("freshsales", plan), crm_package("freshsales"))


def rows_of(mapping: Mapping) -> list[ChecklistRow]:
    return checklist_rows(mapping, PLANS[mapping.destination])


def small(crm: str = "freshsales", **custom: object) -> Mapping:
    """Three objects: two kinds of contact that share a field, and lines in a custom module with a look-up."""
    shared = {
        "rows": "validated/patient",
        "key": "patient_id",
        "mark": {"field": "external_id"},
        "fields": {
            "deal_pipeline_id": {"value": "Perio", "lookup": True, "why": "F3"},
            "deal_stage_id": {"from": "status", "lookup": True, "choices": {"b": "Second", "a": "First"}, "why": "F3"},
            "owner_id": {"from": "email", "lookup": True},
        },
    }
    contact = {"model": "contact", "description": "People", **shared}
    kind = {"value": "Patient", "label": "Kind"}
    lines = {
        "requirement": "F3",
        "model": "cm_plan_line",
        "description": "Lines",
        "links": {"Person__c": {"object": "patients", "by": "patient_id", "label": "Person"}},
        "custom": {"Fee__c": {"from": "fee", "as": "number", "type": "number", "label": "Fee", "why": "F3; paid"}},
        **{name: value for name, value in shared.items() if name != "fields"},
    }
    return Mapping.model_validate(
        {
            "destination": crm,
            "objects": {
                "patients": {
                    **contact,
                    "requirement": ["F1", "F2"],
                    "custom": {"Kind__c": {**kind, "why": "F1 tells patients apart"}, **custom},
                },
                "old_dentists": {**contact, "requirement": "F6", "custom": {"Kind__c": {**kind, "why": ""}}},
                "lines": lines,
            },
        }
    )


def many(number: int, **content: object) -> dict[str, object]:
    return {f"Many_{place}__c": {"from": "x", "label": f"Many {place}", **content} for place in range(number)}


def test_p4_the_rows_of_a_small_mapping_are_complete_and_in_order() -> None:
    assert rows_of(small()) == [
        ChecklistRow(
            What.SETTING, "Contact", "Perio", "", "Pipeline", (), "", "for patients; for old dentists", ("F3",),
            "contact", "deal_pipeline_id",
        ),
        ChecklistRow(
            What.SETTING, "Contact", "Stages of the pipeline", "", "Pipeline stages", ("Second", "First"), "",
            "for patients; for old dentists", ("F3",), "contact", "deal_stage_id",
        ),
        ChecklistRow(
            What.FIELD, "Contact", "Kind", "Kind__c", "Text field", (), "",
            "tells patients apart; for old dentists", ("F1", "F6"), "contact",
        ),
        ChecklistRow(
            What.MODULE, "Plan Line", "Plan Line", "cm_plan_line", "Custom module", (), "", "Lines", ("F3",),
            "cm_plan_line",
        ),
        ChecklistRow(What.FIELD, "Plan Line", "Fee", "Fee__c", "Number", (), "", "paid", ("F3",), "cm_plan_line"),
        ChecklistRow(
            What.FIELD, "Plan Line", "Person", "Person__c", "Lookup", (), "Contact", "links lines to patients", ("F3",),
            "cm_plan_line",
        ),
    ]  # fmt: skip


def test_a_crm_without_tables_is_described_in_plain_words_and_has_no_limits() -> None:
    rows = checklist_rows(MAPPING, NO_PLANS)
    assert {row.label for row in rows} >= {"New Patients", "Source_Id", "Sex"}
    assert {row.type for row in rows} == {"stage", "text"}
    page = checklist("Harbor", MAPPING, harbor("highlevel", ""), BARE)
    assert (page.limited, page.said, page.hints) == ([], (), ())


@pytest.mark.parametrize("crm", CRM_NAMES)
def test_p4_every_custom_field_of_a_real_mapping_is_on_the_list_once(crm: str) -> None:
    rows = [row for row in real(crm).rows if row.what is What.FIELD]
    # Fields that stand in for others hold on smaller plans only.
    specs = [
        spec for spec in load_mapping(MAPPINGS / f"{crm}.yaml").field_specs() if spec.label != "Referred by (name)"
    ]
    assert Counter((row.name, row.label, row.choices) for row in rows) == Counter(
        (spec.name, spec.label, spec.options) for spec in specs
    )
    assert {row.type for row in rows} <= set(CRMS[crm].types.values())
    assert all(row.why and row.requirements for row in rows)


@pytest.mark.parametrize("crm", CRM_NAMES)
def test_p4_what_look_ups_name_in_a_real_mapping_is_on_the_list(crm: str) -> None:
    settings = [row for row in real(crm).rows if row.what is What.SETTING]
    assert {name for row in settings for name in row.choices or (row.label,)} == set().union(
        *load_mapping(MAPPINGS / f"{crm}.yaml").lookups().values()
    )
    assert "Pipeline" in {row.type for row in settings}


@pytest.mark.parametrize("plan", ["growth", "enterprise"])
def test_labels_are_unique_in_their_module_since_freshsales_fields_are_found_by_them(plan: str) -> None:
    rows = [row for row in real("freshsales", plan).rows if row.what is What.FIELD]
    assert max(Counter((row.module, row.label.casefold()) for row in rows).values()) == 1


def test_g8_the_shipped_mapping_fits_every_plan_with_custom_fields_and_no_other() -> None:
    page = real("freshsales")
    assert page.fitting == ["growth", "pro", "enterprise"]
    assert "Contact: needs 2 × checkbox, free allows 0. No room for: Referring dentist, Do not contact." in (
        page.rooms["free"].said
    )


ON_CONTACTS = "In the notes: no appointment_id, since the account's capability note_on_appointment is off."


def test_g8_a_smaller_plan_says_what_stands_in_for_what_it_lacks() -> None:
    assert real("freshsales", "enterprise").hints == (ON_CONTACTS,)
    assert real("freshsales", "pro").hints == (
        "The treatment plan lines arrive as treatment plan notes, since the plan pro has no custom modules.",
        ON_CONTACTS,
    )
    assert real("freshsales", "growth").hints == (
        "The plan growth has one pipeline only: give the one that is there the name Perio Treatment and its stages.",
        "In the contacts: “Referred by (name)” stands in place of “Referred by”, "
        "since the plan growth has no look-up fields.",
        "The treatment plan lines arrive as treatment plan notes, since the plan growth has no custom modules.",
        ON_CONTACTS,
    )
    on_growth = {row.label for row in real("freshsales", "growth").rows}
    assert "Referred by (name)" in on_growth
    assert not {"Referred by", "Dental Treatment Plan", "Treatment plan"} & on_growth


def test_g8_a_second_pipeline_does_not_fit_growth() -> None:
    two = small(deal_pipeline_id={"value": "Implants", "lookup": True, "label": "Second"})
    said = "needs 2 × pipelines, growth allows 1. No room for: Perio."
    assert said in made(two, "growth").said
    assert said not in made(two, "pro").said


@pytest.mark.parametrize(("plan", "allowed"), [("growth", 20), ("pro", 30), ("enterprise", 70)])
def test_g8_the_first_field_past_a_limit_is_named(plan: str, allowed: int) -> None:
    # One text field, the kind, is there already.
    def said(number: int) -> list[str]:
        return [text for text in made(small(**many(number)), plan).said if "× text" in text]

    assert said(allowed - 1) == []
    assert said(allowed) == [
        f"Contact: needs {allowed + 1} × text, {plan} allows {allowed}. No room for: Many {allowed - 1}."
    ]


def test_g8_phones_count_as_texts_and_both_kinds_of_dates_as_date_pickers() -> None:
    page = made(small(**many(1, type="phone"), D1__c={"from": "x", "type": "date", "label": "D1"},
                      D2__c={"from": "x", "type": "date_time", "label": "D2"}))  # fmt: skip
    needs = page.rooms["pro"].needs
    assert {need.kind: len(need.labels) for need in needs if need.model == "Contact"} == {
        "text": 2,
        "date picker": 2,
        TOTAL: 4,
    }


def test_g8_fields_of_a_custom_module_have_a_total_of_their_own() -> None:
    needs = made(small()).rooms["enterprise"].needs
    assert [need.kind for need in needs if need.model == "Plan Line"] == ["number", "look-up", MODULE_TOTAL]
    assert "needs 1 × custom modules, pro allows 0. No room for: Plan Line." in made(small(), "pro").said


def test_g8_more_choices_than_a_dropdown_takes_are_named() -> None:
    choices = {str(number): f"C{number}" for number in range(MOST_CHOICES + 1)}
    page = made(small(Big__c={"from": "x", "type": "choice", "label": "Big", "choices": choices}))
    assert page.said == ("Contact: Big has 301 choices, 300 are allowed.",)


def test_g8_a_plan_nobody_stated_is_said() -> None:
    assert "states no plan, so growth is assumed" in made(small(), "").hints[0]


def test_every_type_has_a_word() -> None:
    assert set(CRMS["freshsales"].types) == set(FieldType) - {FieldType.FILE}, "files are on records there"


@pytest.mark.parametrize("crm", CRM_NAMES)
def test_p4_the_csv_has_a_row_for_each_row_and_the_choices_in_order(crm: str) -> None:
    rows = real(crm).rows
    header, *lines = csv.reader(io.StringIO(to_csv(rows), newline=""))
    assert tuple(header) == HEADER
    assert [(line[3], line[4]) for line in lines] == [(row.label, row.name) for row in rows]
    assert [line[6] for line in lines] == [CHOICE_SEPARATOR.join(row.choices) for row in rows]


def test_p4_the_markdown_is_a_task_list_per_module() -> None:
    text = to_markdown(made(small(), "growth"))
    assert text.startswith("# Harbor: what Freshsales needs before the migration\n\n")
    assert "\n\n**By declared policy:**\n\n- The plan growth has one pipeline only" in text
    assert "**Limits of the plan:**\n\n- Plan Line: needs 1 × look-up, growth allows 0." in text
    assert (
        "## Plan Line\n\n"
        "- [ ] **Plan Line** `cm_plan_line`: Custom module – Lines (F3)\n"
        "- [ ] **Fee** `Fee__c`: Number – paid (F3)\n"
        "- [ ] **Person** `Person__c`: Lookup to Contact – links lines to patients (F3)\n"
    ) in text
    assert "- [ ] **Stages of the pipeline**: Pipeline stages; choices in this order: Second, First – for" in text


@pytest.mark.parametrize("crm", CRM_NAMES)
def test_p4_the_page_has_a_box_per_row_and_needs_no_network(crm: str) -> None:
    page = to_html(real(crm))
    assert page.count('<input type="checkbox">') == len(real(crm).rows)
    assert not re.findall(r"https?:|src=|url\(|@import|<script|<link", page)
    assert ("Room in the plans" in page) == (crm == "freshsales")


def test_g8_the_page_shows_every_plan_and_the_smallest_that_has_room() -> None:
    page = to_html(real("freshsales", "growth"))
    assert "fits the plan growth" in page
    assert "The smallest plan that holds all of this is growth." in page
    assert "give the one that is there the name Perio Treatment" in page
    free = real("freshsales").rooms["free"]
    assert page.count('<span class="state bad">✗') == sum(bool(need.excess(free.plan)) for need in free.needs)
    too_small = to_html(made(small(), "pro"))
    assert "does not fit the plan pro" in too_small


def test_labels_and_choices_are_text_in_page_and_markdown() -> None:
    hostile = {"from": "x", "type": "choice", "label": "<b>L*</b>", "choices": {"a": "<i>"}, "why": "a & b"}
    page = made(small(Odd__c=hostile), "pro", "<u>Harbor</u>")
    assert "&lt;b&gt;L*&lt;/b&gt;" in to_html(page)
    assert "&lt;i&gt;" in to_html(page)
    assert "a &amp; b" in to_html(page)
    assert not re.findall(r"<b>L|<i>|<u>", to_html(page))
    assert r"**\<b\>L\*\</b\>**" in to_markdown(page)


def test_what_a_spreadsheet_would_run_is_text_in_the_csv() -> None:
    rows = rows_of(small(Odd__c={"from": "x", "label": "=1+1"}))
    assert "'=1+1" in {line[3] for line in csv.reader(io.StringIO(to_csv(rows), newline=""))}
