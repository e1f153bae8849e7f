"""The checklist names everything the mapping needs, in the CRM's words, and says what a plan has no room for."""

from __future__ import annotations

import csv
import io
import re
from collections import Counter
from pathlib import Path

import pytest

from perio_pipeline.crm.protocol import FieldType
from perio_pipeline.mapping.catalog import load_mapping
from perio_pipeline.mapping.model import Mapping
from perio_pipeline.signoff.checklist import (
    CHOICE_SEPARATOR,
    HEADER,
    LIMITS,
    MODULE_FIELDS,
    MOST_CHOICES,
    PLANS,
    QUOTAS,
    TOTAL,
    ChecklistRow,
    What,
    checklist_rows,
    counts,
    over_limits,
    to_csv,
    to_html,
    to_markdown,
)
from perio_pipeline.signoff.crm_words import CRMS
from perio_pipeline_tests.signoff.small_mapping import MAPPING

MAPPINGS = Path(__file__).resolve().parents[2] / "mappings"
CRM_NAMES = ("highlevel", "freshsales")


def real(crm: str) -> Mapping:
    return load_mapping(MAPPINGS / f"{crm}.yaml")


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
    assert checklist_rows(small()) == [
        ChecklistRow(
            What.SETTING, "Contact", "Perio", "", "Pipeline", (), "", "for patients; for old dentists", ("F3",),
        ),
        ChecklistRow(
            What.SETTING, "Contact", "Stages of the pipeline", "", "Pipeline stages", ("Second", "First"), "",
            "for patients; for old dentists", ("F3",),
        ),
        ChecklistRow(
            What.FIELD, "Contact", "Kind", "Kind__c", "Text field", (), "",
            "tells patients apart; for old dentists", ("F1", "F6"), "text",
        ),
        ChecklistRow(
            What.MODULE, "Plan Line", "Plan Line", "cm_plan_line", "Custom module", (), "", "Lines", ("F3",),
            "custom modules",
        ),
        ChecklistRow(What.FIELD, "Plan Line", "Fee", "Fee__c", "Number", (), "", "paid", ("F3",), "number"),
        ChecklistRow(
            What.FIELD, "Plan Line", "Person", "Person__c", "Lookup", (), "Contact", "links lines to patients", ("F3",),
            "look-up",
        ),
    ]  # fmt: skip


def test_a_crm_without_tables_is_described_in_plain_words_and_has_no_limits() -> None:
    rows = checklist_rows(MAPPING)
    assert {row.label for row in rows} >= {"New Patients", "Source_Id", "Sex"}
    assert {row.type for row in rows} == {"stage", "text"}
    assert not counts(rows)
    assert not over_limits(rows, "growth")


@pytest.mark.parametrize("crm", CRM_NAMES)
def test_p4_every_custom_field_of_a_real_mapping_is_on_the_list_once(crm: str) -> None:
    mapping = real(crm)
    rows = [row for row in checklist_rows(mapping) if row.what is What.FIELD]
    specs = mapping.field_specs()
    assert Counter((row.name, row.label, row.choices) for row in rows) == Counter(
        (spec.name, spec.label, spec.options) for spec in specs
    )
    assert {row.type for row in rows} <= set(CRMS[crm].types.values())
    assert all(row.why and row.requirements for row in rows)


@pytest.mark.parametrize("crm", CRM_NAMES)
def test_p4_what_look_ups_name_in_a_real_mapping_is_on_the_list(crm: str) -> None:
    mapping = real(crm)
    settings = [row for row in checklist_rows(mapping) if row.what is What.SETTING]
    assert {name for row in settings for name in row.choices or (row.label,)} == set().union(
        *mapping.lookups().values()
    )
    assert "Pipeline" in {row.type for row in settings}


def test_labels_are_unique_in_their_module_since_freshsales_fields_are_found_by_them() -> None:
    rows = checklist_rows(real("freshsales"))
    assert max(Counter((row.module, row.label.casefold()) for row in rows if row.what is What.FIELD).values()) == 1


def test_g8_the_plan_line_module_needs_enterprise_and_its_look_ups_pro() -> None:
    rows = checklist_rows(real("freshsales"))
    assert [row.name for row in rows if row.what is What.MODULE] == ["cm_dental_treatment_plan"]
    assert not over_limits(rows, "enterprise")
    assert over_limits(rows, "pro") == [
        "Dental Treatment Plan: needs 1 × custom modules, pro allows 0. No room for: Dental Treatment Plan."
    ]
    assert "Contact: needs 1 × look-up, growth allows 0. No room for: Referred by." in over_limits(rows, "growth")
    assert len(over_limits(rows, "free")) == len(counts(rows))


@pytest.mark.parametrize(("plan", "allowed"), [("growth", 20), ("pro", 30), ("enterprise", 70)])
def test_g8_the_first_field_past_a_limit_is_named(plan: str, allowed: int) -> None:
    # One text field, the kind, is there already.
    def said(number: int) -> list[str]:
        return [text for text in over_limits(checklist_rows(small(**many(number))), plan) if "× text" in text]

    assert said(allowed - 1) == []
    assert said(allowed) == [
        f"Contact: needs {allowed + 1} × text, {plan} allows {allowed}. No room for: Many {allowed - 1}."
    ]


def test_g8_phones_count_as_texts_and_both_kinds_of_dates_as_date_pickers() -> None:
    rows = checklist_rows(small(**many(1, type="phone"), D1__c={"from": "x", "type": "date", "label": "D1"},
                                D2__c={"from": "x", "type": "date_time", "label": "D2"}))  # fmt: skip
    needed = {count.quota: len(count.labels) for count in counts(rows) if count.module == "Contact"}
    assert needed == {"text": 2, "date picker": 2, TOTAL: 4}


def test_g8_fields_of_a_custom_module_have_the_smaller_total() -> None:
    totals = {count.module: count.limits for count in counts(checklist_rows(small())) if count.quota == TOTAL}
    assert totals == {"Contact": (0, 150, 250, 630), "Plan Line": (0, 150, 250, MODULE_FIELDS)}


def test_g8_more_choices_than_a_dropdown_takes_are_named() -> None:
    choices = {str(number): f"C{number}" for number in range(MOST_CHOICES + 1)}
    rows = checklist_rows(small(Big__c={"from": "x", "type": "choice", "label": "Big", "choices": choices}))
    assert over_limits(rows, "enterprise") == ["Contact: Big has 301 choices, 300 are allowed."]


def test_g8_a_plan_nobody_stated_is_said_rather_than_passed() -> None:
    rows = checklist_rows(small())
    assert "not stated" in over_limits(rows, "")[0]
    assert "The plan is gold" in over_limits(rows, "gold")[0]
    assert "limits not checked" in to_html(rows, "Harbor", "freshsales")


def test_every_type_has_a_limit_and_every_limit_a_number_per_plan() -> None:
    assert set(QUOTAS["freshsales"]) == set(CRMS["freshsales"].types) == set(FieldType)
    assert set(QUOTAS["freshsales"].values()) <= set(LIMITS)
    assert {len(limits) for limits in LIMITS.values()} == {len(PLANS)}


@pytest.mark.parametrize("crm", CRM_NAMES)
def test_p4_the_csv_has_a_row_for_each_row_and_the_choices_in_order(crm: str) -> None:
    rows = checklist_rows(real(crm))
    header, *lines = csv.reader(io.StringIO(to_csv(rows), newline=""))
    assert tuple(header) == HEADER
    assert [(line[3], line[4]) for line in lines] == [(row.label, row.name) for row in rows]
    assert [line[6] for line in lines] == [CHOICE_SEPARATOR.join(row.choices) for row in rows]


def test_p4_the_markdown_is_a_task_list_per_module() -> None:
    text = to_markdown(checklist_rows(small()), "Harbor", "freshsales", "pro")
    assert text.startswith("# Harbor: what Freshsales needs before the migration\n\n")
    assert "**Limits of the plan:**\n\n- Plan Line: needs 1 × custom modules" in text
    assert (
        "## Plan Line\n\n"
        "- [ ] **Plan Line** `cm_plan_line`: Custom module – Lines (F3)\n"
        "- [ ] **Fee** `Fee__c`: Number – paid (F3)\n"
        "- [ ] **Person** `Person__c`: Lookup to Contact – links lines to patients (F3)\n"
    ) in text
    assert "- [ ] **Stages of the pipeline**: Pipeline stages; choices in this order: Second, First – for" in text


@pytest.mark.parametrize("crm", CRM_NAMES)
def test_p4_the_page_has_a_box_per_row_and_needs_no_network(crm: str) -> None:
    rows = checklist_rows(real(crm))
    page = to_html(rows, "Harbor", crm, "enterprise")
    assert page.count('<input type="checkbox">') == len(rows)
    assert not re.findall(r"https?:|src=|url\(|@import|<script|<link", page)
    assert ("Room in the plans" in page) == (crm == "freshsales")


def test_g8_the_page_shows_every_plan_and_the_smallest_that_has_room() -> None:
    rows = checklist_rows(real("freshsales"))
    page = to_html(rows, "Harbor", "freshsales", "growth")
    assert "does not fit the plan growth" in page
    assert "The smallest plan that holds all of this is enterprise." in page
    too_small = sum(len(over_limits(rows, plan)) for plan in PLANS)
    assert page.count('<span class="state bad">✗ 0</span>') == too_small


def test_labels_and_choices_are_text_in_page_and_markdown() -> None:
    hostile = {"from": "x", "type": "choice", "label": "<b>L*</b>", "choices": {"a": "<i>"}, "why": "a & b"}
    rows = checklist_rows(small(Odd__c=hostile))
    page = to_html(rows, "<u>Harbor</u>", "freshsales", "pro")
    assert "&lt;b&gt;L*&lt;/b&gt;" in page
    assert "&lt;i&gt;" in page
    assert "a &amp; b" in page
    assert not re.findall(r"<b>L|<i>|<u>", page)
    assert r"**\<b\>L\*\</b\>**" in to_markdown(rows, "Harbor", "freshsales")


def test_what_a_spreadsheet_would_run_is_text_in_the_csv() -> None:
    rows = checklist_rows(small(Odd__c={"from": "x", "label": "=1+1"}))
    assert "'=1+1" in {line[3] for line in csv.reader(io.StringIO(to_csv(rows), newline=""))}
