"""G8: what holds for a practice by its plan and policies; what does not is said, and arrives in another form."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pytest

from perio_pipeline.crm.packages import crm_package
from perio_pipeline.crm.plans import needs_of
from perio_pipeline.errors import MappingError, SettingsError
from perio_pipeline.loading.sampling import sample_frame
from perio_pipeline.mapping.catalog import load_mapping
from perio_pipeline.mapping.effective import EffectiveMapping, effective
from perio_pipeline.mapping.model import Mapping
from perio_pipeline.mapping.practice import Destination, effective_mapping, load_practice
from perio_pipeline.mapping.rows import Router
from perio_pipeline.mapping.shape import Shaped, shape
from perio_pipeline.mapping.switches import History, Switch, Switches
from perio_pipeline.yamlfile import digest
from perio_pipeline_tests.mapping.shaping import BOSTON, ONE_ACCOUNT, contacts, frames, mapping, notes, rows_of

MAPPINGS = Path(__file__).resolve().parents[2] / "mappings"
PACKAGE = crm_package("freshsales")
FRESHSALES = PACKAGE.PLANS


def switches(**on: bool | date) -> Switches:
    """Switches by name; those with a date are on since then."""
    return {
        name: Switch(bool(state), f"{name} is {'on' if state else 'off'}", usual=False)
        if isinstance(state, bool)
        else Switch(True, f"{name} is {state}", usual=False, since=state)
        for name, state in on.items()
    }


def decided(objects: dict[str, dict[str, Any]], **on: bool | date) -> EffectiveMapping:
    return effective(mapping(**objects), switches(**on))


YEARLY = {
    "needs": "yearly",
    "mark": {"field": "body", "text": "[notes {patient_id} {kind}]"},
    "gather": {"by": ["patient_id", "kind"], "order": ["note_id"]},
    "fields": {"body": {"template": "Notes of kind {kind}", "each": "{note_id}: {body}"}},
}
NOTES = {"contacts": contacts(), "notes": notes(unless="yearly"), "yearly_notes": notes(**YEARLY)}
WRITTEN = [
    {"note_id": "N2", "patient_id": "P1", "kind": "soap", "body": "second"},
    {"note_id": "N1", "patient_id": "P1", "kind": "soap", "body": "first"},
    {"note_id": "N3", "patient_id": "P1", "kind": "phone", "body": None},
    {"note_id": "N4", "patient_id": "P9", "kind": "soap", "body": "of a patient that is merged"},
    {"note_id": "N5", "patient_id": "P2", "kind": "soap", "body": "other"},
]
PRACTICE = frames(
    patient=[{"patient_id": "P1"}, {"patient_id": "P2"}, {"patient_id": "P9"}],
    patient_identity=[{"patient_id": "P9", "survivor_id": "P1", "disposition": "merged", "reason": "duplicate"}],
    clinical_note=WRITTEN,
)


def shaped(name: str, made: Mapping, router: Router = ONE_ACCOUNT) -> Shaped:
    return shape(name, made, PRACTICE, router, BOSTON)


def test_an_object_that_does_not_hold_loads_nothing_and_every_row_says_where_it_arrives() -> None:
    made = decided(NOTES, yearly=True)
    result = shaped("notes", made)
    assert len(result.frame) == 0
    assert rows_of(result.left_out, "source_key", "category", "reason") == [
        (f"N{number}", "elsewhere", "arrives as yearly_notes: yearly is on") for number in (2, 1, 3, 4, 5)
    ]
    assert list(made.present()) == ["contacts", "yearly_notes"]
    assert len(shaped("notes", decided(NOTES, yearly=False)).frame) == 5


def test_a_row_that_would_be_left_out_anyway_keeps_its_own_reason() -> None:
    loaded = {"column": "identity.disposition", "among": ["load"], "reason": "patient_not_loaded"}
    join = {"identity": {"frame": "validated/patient_identity", "on": {"patient_id": "patient_id"}}}
    condition = {"column": "kind", "among": ["soap"], "reason": "no_soap"}
    made = decided({**NOTES, "notes": notes(unless="yearly", join=join, select=[loaded, condition])}, yearly=True)
    reasons = rows_of(shaped("notes", made).left_out, "source_key", "reason")
    assert reasons.count(("N3", "no_soap")) == 1
    assert len(reasons) == len(WRITTEN)


def test_where_no_other_object_takes_the_rows_they_are_skipped_and_say_so() -> None:
    made = decided({"contacts": contacts(), "notes": notes(needs="files")}, files=False)
    left_out = shaped("notes", made).left_out
    assert set(rows_of(left_out, "category", "reason")) == {("skipped", "files is off")}


def test_rows_that_belong_together_make_one_record_under_their_common_key() -> None:
    frame = shaped("yearly_notes", decided(NOTES, yearly=True)).frame
    assert rows_of(frame, "source_key", "gathered", "mark", "link.contactId") == [
        ("P1|soap", 3, "[notes P1 soap]", "P1"),
        ("P1|phone", 1, "[notes P1 phone]", "P1"),
        ("P2|soap", 1, "[notes P2 soap]", "P2"),
    ]
    first = "Notes of kind soap\n\nN1: first\n\nN2: second\n\nN4: of a patient that is merged\n[notes P1 soap]"
    assert rows_of(frame, "body")[:2] == [first, "Notes of kind phone\n\nN3:\n[notes P1 phone]"]


def test_a_long_record_is_cut_into_parts_that_count_their_rows_once() -> None:
    split = {**NOTES, "yearly_notes": notes(**YEARLY, split={"field": "body", "limit": 80})}
    frame = shaped("yearly_notes", decided(split, yearly=True)).frame
    keys = [key for key in rows_of(frame, "source_key") if key.startswith("P1|soap")]
    assert keys == ["P1|soap", *(f"P1|soap#{number}" for number in range(2, len(keys) + 1))]
    assert len(keys) > 1


def test_a_condition_with_a_date_holds_only_where_the_switch_is_on() -> None:
    select = [{"column": "written_at", "since": "recent", "reason": "archive", "category": "elsewhere"}]
    old = [{"column": "written_at", "before": "recent", "reason": "notes", "category": "elsewhere"}]
    objects = {"contacts": contacts(), "notes": notes(select=select), "archive": notes(select=old, needs="recent")}
    practice = frames(
        patient=[{"patient_id": "P1"}],
        clinical_note=[
            {"note_id": "A", "patient_id": "P1", "written_at": datetime(2020, 12, 31, 23, 59)},
            {"note_id": "B", "patient_id": "P1", "written_at": datetime(2021, 1, 1)},
            {"note_id": "C", "patient_id": "P1", "written_at": None},
        ],
    )

    def keys(name: str, **on: bool | date) -> list[str]:
        return rows_of(shape(name, decided(objects, **on), practice, ONE_ACCOUNT, BOSTON).frame, "source_key")

    assert keys("notes", recent=date(2021, 1, 1)) == ["B", "C"]
    assert keys("archive", recent=date(2021, 1, 1)) == ["A"]
    assert keys("notes", recent=False) == ["A", "B", "C"]
    assert keys("archive", recent=False) == []


def test_a_mapping_whose_dates_are_not_decided_cannot_be_shaped() -> None:
    select = [{"column": "written_at", "since": "recent", "reason": "archive"}]
    with pytest.raises(ValueError, match="not decided"):
        shaped("notes", mapping(contacts=contacts(), notes=notes(select=select)))


RELATED = {
    "contacts": contacts(
        links={"Provider": {"object": "providers", "by": "provider_id", "label": "Provider", "needs": "lookups"}},
        custom={
            "Source_Id": {"from": "patient_id", "label": "PANDA id"},
            "Provider_Name": {"from": "provider_id", "label": "Provider (name)", "unless": "lookups"},
        },
    ),
    "providers": {
        "requirement": "F4",
        "description": "Providers",
        "model": "contact",
        "rows": "validated/provider",
        "key": "provider_id",
        "account": "linked",
        "mark": {"field": "name"},
        "fields": {"name": "last_name"},
    },
}


def related(**on: bool) -> EffectiveMapping:
    return decided({name: RELATED[name] for name in ("providers", "contacts")}, **on)


def test_a_field_or_link_that_does_not_hold_is_not_sent_and_needs_no_field_in_the_crm() -> None:
    with_lookups, without = related(lookups=True), related(lookups=False)
    assert [spec.label for spec in with_lookups.field_specs()] == ["PANDA id", "Provider"]
    assert [spec.label for spec in without.field_specs()] == ["PANDA id", "Provider (name)"]
    assert list(without.objects["contacts"].links) == []


def test_a_link_that_is_not_sent_still_says_which_records_belong_together() -> None:
    made = related(lookups=False)
    practice = frames(
        patient=[{"patient_id": "P1", "office": "S", "provider_id": "D1"}, {"patient_id": "P2", "provider_id": "D2"}],
        provider=[{"provider_id": "D1"}, {"provider_id": "D2"}],
    )
    router = Router({"S": "south"}, "north")
    both = {name: shape(name, made, practice, router, BOSTON).frame for name in made.objects}
    assert rows_of(both["providers"], "source_key", "account") == [("D1", "south"), ("D2", "north")]
    assert rows_of(both["contacts"], "link.Provider") == ["D1", "D2"]
    assert rows_of(sample_frame(made, both, {"P1"}), "object", "source_key") == [
        ("providers", "D1"),
        ("contacts", "P1"),
    ]


def test_what_departs_from_the_fullest_form_is_said_in_words() -> None:
    assert decided(NOTES, yearly=True).fallbacks == ("The notes arrive as yearly notes, since yearly is on.",)
    assert decided(NOTES, yearly=False).fallbacks == ()
    off = {"lookups": Switch(False, "the plan has no look-ups", usual=True)}
    made = effective(mapping(**{name: RELATED[name] for name in ("providers", "contacts")}), off)
    assert made.fallbacks == (
        "In the contacts: “Provider (name)” stands in place of “Provider”, since the plan has no look-ups.",
    )


def harbor(**changes: Any) -> Destination:
    return load_practice(MAPPINGS, "harbor").destination("freshsales").model_copy(update=changes)


def real(**changes: Any) -> EffectiveMapping:
    return effective_mapping(load_mapping(MAPPINGS / "freshsales.yaml"), harbor(**changes), PACKAGE)


@pytest.mark.parametrize("plan", ["growth", "pro", "enterprise"])
def test_g8_the_mapping_as_shipped_fits_every_plan_that_has_custom_fields(plan: str) -> None:
    needs = needs_of(real(plan=plan).field_specs(), FRESHSALES)
    assert [need for need in needs if need.excess(FRESHSALES.plan(plan))] == []


def test_g8_procedure_lines_are_records_on_enterprise_and_a_note_elsewhere() -> None:
    assert real(plan="enterprise").absent["treatment_plan_notes"].reason == (
        "arrives as treatment_plan_lines: the plan enterprise has custom modules"
    )
    assert real(plan="pro").absent["treatment_plan_lines"].reason == (
        "arrives as treatment_plan_notes: the plan pro has no custom modules"
    )
    assert {name for name, obj in real(plan="growth").present().items() if obj.model.startswith("cm_")} == set()


def test_p3_the_digest_follows_plan_and_policies() -> None:
    assert len({digest(real(plan=plan)) for plan in ("growth", "pro", "enterprise")}) == 3


def test_how_the_account_behaves_is_a_switch_too() -> None:
    on = harbor(capabilities={"note_on_appointment": True}).switches(PACKAGE)["note_on_appointment"]
    off = harbor().switches(PACKAGE)["note_on_appointment"]
    assert (on.on, off.on, off.words) == (True, False, "the account's capability note_on_appointment is off")
    with pytest.raises(SettingsError, match="no capability telepathy"):
        real(capabilities={"telepathy": True})


def test_a_plan_nobody_has_is_refused() -> None:
    with pytest.raises(SettingsError, match="no plan 'gold'"):
        real(plan="gold")


def test_a_policy_the_mapping_does_not_know_is_refused_rather_than_ignored() -> None:
    small = mapping(contacts=contacts())
    with pytest.raises(SettingsError, match="yearly_notes"):
        effective_mapping(small, harbor(history=History(notes="yearly")), PACKAGE)


def edited(tmp_path: Path, change: Callable[[str], str]) -> MappingError:
    text = (MAPPINGS / "freshsales.yaml").read_text(encoding="utf-8")
    path = tmp_path / "freshsales.yaml"
    path.write_text(change(text), encoding="utf-8")
    assert path.read_text(encoding="utf-8") != text
    with pytest.raises(MappingError) as caught:
        load_mapping(path)
    return caught.value


@pytest.mark.parametrize(
    ("old", "new", "entry", "problem"),
    [
        ("needs: custom_modules", "needs: custom_module", "treatment_plan_lines.needs", "no switch custom_module"),
        ("unless: lookup_fields", "unless: lookups", "Referred_By_Name__c.unless", "no switch lookups"),
        ("needs: lookup_fields", "needs: lookup", "Referred_By__c.needs", "no switch lookup"),
        ("order: [sequence,", "order: [sequenc,", "gather.order", "no column sequenc"),
        ("gather: {by: [plan_id],", "gather: {by: [plan_id, phase_id],", "treatment_plan_notes.mark", "phase_id"),
        ("deal_id: {object: deals, by: plan_id}", "deal_id: {object: deals, by: phase_id}", "links.deal_id", "differ"),
        ("    unless: custom_modules\n    model: note", "    model: note\n    needs: year", "needs", "no switch year"),
        ("template: \"Procedure lines of", "from: description\n        x: \"", "x", "not known"),
        ("among: [load, skipped]", "since: yearly_notes", "select", "no switch with a date"),
        ("destination: freshsales", "destination: freshsale", "destination", "no adapter"),
        ("    gather: {by: [plan_id], order: [sequence, item_id]}\n", "", "description", "`each` belongs"),
        ("    model: deal\n", "    model: deal\n    needs: custom_modules\n", "deal_id", "not there for every"),
    ],
)  # fmt: skip
def test_a_mistake_about_switches_names_the_entry(tmp_path: Path, old: str, new: str, entry: str, problem: str) -> None:
    error = edited(tmp_path, lambda text: text.replace(old, new, 1))
    assert entry in error.entry
    assert problem in error.problem
