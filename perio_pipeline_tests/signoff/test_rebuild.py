"""P11, H11, F8: what cannot be migrated is described so that it can be rebuilt, without a patient's value."""

from __future__ import annotations

import io
from dataclasses import replace
from datetime import date
from pathlib import Path

import docx
import pandas as pd
import pytest

from perio_pipeline.files.document import Document, Paragraph, Run
from perio_pipeline.panda.bindings import load_bindings
from perio_pipeline.panda.sample.generate import generate
from perio_pipeline.panda.source import PandaSource
from perio_pipeline.panda.tables import TABLES
from perio_pipeline.signoff.rebuild.homes import Homes, first_home, homes
from perio_pipeline.signoff.rebuild.knowledge import merge_fields, place_of
from perio_pipeline.signoff.rebuild.letters import LetterTemplate, home_of, letter_reference, letter_templates
from perio_pipeline.signoff.rebuild.merging import filled, marked, parse
from perio_pipeline.signoff.rebuild.recalls import Recall, recalls, workflow_reference
from perio_pipeline.signoff.rebuild.writing import to_docx, to_html, to_markdown
from perio_pipeline.workplace import Workplace
from perio_pipeline_tests.end_to_end.world import PRACTICE, PROJECT

CRMS = ("highlevel", "freshsales")
TODAY = date(2026, 11, 2)
CANARY = "Zanzibarova"


def letter(text: str) -> Document:
    return Document(tuple(Paragraph((Run(part),)) for part in text.split("\n\n")))


def words(document: Document) -> str:
    return "\n".join(paragraph.text for paragraph in document.paragraphs())


@pytest.mark.parametrize("brackets", ["«{}»", "<<{}>>", "{{{{{}}}}}", "{{{}}}", "[[{}]]"])
def test_fields_and_conditions_are_found_in_every_kind_of_brackets(brackets: str) -> None:
    text = "Dear {a}, {b}pay{c}rest{d}.".format(
        a=brackets.format("PatientLastName"),
        b=brackets.format("IF PlanTotal = 500"),
        c=brackets.format("ELSE"),
        d=brackets.format("END IF"),
    )
    found = parse(letter(text))
    assert found.fields == ("PatientLastName", "PlanTotal")
    assert [(str(b.condition), b.then, b.otherwise) for b in found.branches] == [("PlanTotal is “500”", "pay", "rest")]
    assert found.problems == ()


def test_words_own_merge_fields_are_the_fields_they_name() -> None:
    document = letter(r"Dear { MERGEFIELD LastName \* MERGEFORMAT },")
    assert parse(document).fields == ("LastName",)
    assert words(filled(document, {"LastName": "Sample"})) == "Dear Sample,"


def test_a_damaged_template_and_one_without_a_text_are_named_and_kept() -> None:
    frame = pd.DataFrame(
        {"template_id": ["1", "2"], "name": ["Torn", "Bare"], "recipient": ["patient"] * 2,
         "body": [r"{\rtf1 Dear \b «LastName»", None]}
    )  # fmt: skip
    letters = pd.DataFrame({"template_id": pd.Series(dtype="str"), "written_at": pd.Series(dtype="datetime64[us]")})
    bare, torn = letter_templates(frame, letters)
    assert (torn.name, torn.parsed.fields) == ("Torn", ("LastName",))
    assert torn.parsed.problems == ("its text is damaged, and something may be missing",)
    assert (bare.name, bare.parsed.problems) == ("Bare", ("its text is empty",))


def test_a_mark_that_is_cut_by_its_look_is_whole() -> None:
    document = Document((Paragraph((Run("Dear «Patient"), Run("LastName", bold=True), Run("», hello"))),))
    assert parse(document).fields == ("PatientLastName",)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("«ELSE»", "an ELSE without its IF"),
        ("«END IF»", "an END IF without its IF"),
        ("«IF Grade = C»more", "an IF without its END IF: Grade is “C”"),
        ("Dear «Last", "a « without its counterpart"),
        ("«SUM(Fee;Tax)»", "«SUM(Fee;Tax)» is neither a field nor a condition"),
        ("«IF Grade»", "«IF Grade» is neither a field nor a condition"),
        ("«IF Grade = C»a«ELSE»b«ELSE»c«END IF»", "an ELSE without its IF"),
    ],
)
def test_a_broken_template_says_what_is_wrong(text: str, problem: str) -> None:
    assert parse(letter(text)).problems == (problem,)


@pytest.mark.parametrize(
    ("condition", "value", "holds"),
    [("> 4", "12", True), ("> 4", "3.5", False), ("= Lost", "Lost", True), ("<> Lost", "Lost", False),
     ("<> ", "", False), ("<> ", "Delta", True), ("= ", "", True), ("<= 12", "12", True), ("< 9", "12", False)],
)  # fmt: skip
def test_a_sample_follows_its_conditions(condition: str, value: str, holds: bool) -> None:
    document = letter(f"«IF Field {condition}»yes«ELSE»no«END IF»")
    assert words(filled(document, {"Field": value})) == ("yes" if holds else "no")


def test_conditions_inside_one_another_and_over_paragraphs() -> None:
    document = letter("«IF A = 1»one\n\n«IF B = 2»two«END IF»\n\n«ELSE»other«END IF» end")
    assert words(filled(document, {"A": "1", "B": "2"})).split() == ["one", "two", "end"]
    assert words(filled(document, {"A": "1", "B": "3"})).split() == ["one", "end"]
    assert words(filled(document, {"A": "0", "B": "2"})).split() == ["other", "end"]
    assert "[if A is “1”: one" in words(marked(document))


@pytest.fixture(scope="module")
def templates(tmp_path_factory: pytest.TempPathFactory) -> list[LetterTemplate]:
    path = tmp_path_factory.mktemp("sample") / "harbor.db"
    generate(path, patients=20)
    source = PandaSource(f"sqlite:///{path}", load_bindings(PROJECT / "mappings" / "panda.yaml"), "panda.yaml")
    frames = {name: pd.concat(source.chunks(TABLES[name])) for name in ("letter_template", "letter")}
    letters = frames["letter"].assign(written_at=pd.to_datetime(frames["letter"]["written_at"]), subject=CANARY)
    return letter_templates(frames["letter_template"], letters.assign(body=CANARY))


def test_every_merge_field_of_every_template_is_known_and_the_templates_are_sound(
    templates: list[LetterTemplate],
) -> None:
    assert len(templates) == 5
    assert [each.parsed.problems for each in templates] == [()] * 5
    assert {name for each in templates for name in each.parsed.fields} <= set(merge_fields())
    assert sum(each.letters for each in templates) > 0


@pytest.mark.parametrize("crm", CRMS)
def test_each_field_stands_once_in_its_table_with_a_home_that_the_mapping_has(
    crm: str, templates: list[LetterTemplate]
) -> None:
    rooms = Workplace(PROJECT / "data", PROJECT / "mappings")
    mapping = rooms.effective(rooms.practice(PRACTICE), crm)
    lives, place = homes(mapping), place_of(crm)
    sent = {name for obj in mapping.present().values() for name, _ in obj.all_fields()}
    text = to_markdown(letter_reference("Bayview", crm, templates, merge_fields(), lives, place))
    for template in templates:
        part = text.partition(f"## {template.name}")[2].partition("\n---")[0]
        for name in template.parsed.fields:
            field = merge_fields()[name]
            assert part.count(f"| «{name}» |") == 1
            home = first_home(lives, field.column)
            assert home is None or home.name in sent
            said = home_of(field, lives, place)
            assert said.startswith("Nowhere.") == (not field.of and home is None)
    assert CANARY not in text


def lives(crm: str) -> Homes:
    rooms = Workplace(PROJECT / "data", PROJECT / "mappings")
    return homes(rooms.effective(rooms.practice(PRACTICE), crm))


def test_the_last_name_of_a_referring_dentist_is_not_taken_for_the_patients() -> None:
    found = lives("freshsales")
    patient = first_home(found, ("validated/patient.last_name",))
    dentist = first_home(found, ("validated/referral_source.last_name",))
    assert str(patient) == "Contact: Last name (last_name)"
    assert str(dentist) == "Contact (referring dentists, not the patient): Last name (last_name)"


def test_a_status_lives_in_the_field_that_tells_all_of_its_values_apart() -> None:
    # The opportunity's own status is "open" for three of them.
    assert str(first_home(lives("highlevel"), ("validated/treatment_plan.status",))) == (
        "Opportunity: Plan status in PANDA (Plan_Status__c)"
    )


def rules() -> list[Recall]:
    frame = pd.DataFrame(
        {
            "rule_id": ["1", "2", "3"],
            "name": ["Stage III", "Everybody", "Old"],
            "classification": ["stage_3", None, "healthy"],
            "interval_months": [3, 12, 6],
            "visit_type": ["Periodontal Maintenance", None, None],
            "active": [True, True, False],
        }
    )
    summaries = pd.DataFrame(
        {
            "patient_id": list("ABCDEFG"),
            "last_exam_date": pd.to_datetime(
                ["2026-07-01", "2026-08-05", "2026-10-30", None, "2020-01-01", "2020-01-01", "2026-01-01"]
            ),
            "classification_recorded": ["stage_3"] * 7,
        }
    )
    patients = pd.DataFrame(
        {
            "patient_id": list("ABCDEFG"),
            "status": ["active"] * 4 + ["deceased", "active", "active"],
            "do_not_contact": pd.array([False, None, None, None, None, True, None], dtype="boolean"),
        }
    )
    identity = pd.DataFrame(
        {"patient_id": list("ABCDEFGH"), "survivor_id": list("ABCDEFGG"), "disposition": ["load"] * 7 + ["merged"]}
    )
    visits = pd.DataFrame(
        {
            "patient_id": ["H", "A", "B"],
            "starts_at": pd.to_datetime(["2026-11-20 09:00", "2026-10-20 09:00", "2026-11-20 09:00"]),
            "status": ["scheduled", "confirmed", "cancelled"],
        }
    )
    return recalls(frame, summaries, patients, identity, visits, TODAY)


def test_h11_a_rule_says_whom_it_concerns_who_is_overdue_and_who_comes_due_first() -> None:
    third, everybody, old = rules()
    # E is deceased, F may not be contacted, and G's visit is booked on the record that was merged into it.
    assert (third.patients, third.booked, third.overdue, third.first, third.undated, third.days) == (5, 1, 1, 1, 1, 91)
    assert (everybody.name, everybody.patients, everybody.overdue) == ("Everybody", 5, 0)
    assert not old.active


@pytest.mark.parametrize("crm", CRMS)
def test_h11_a_workflow_does_not_reach_the_deceased_nor_those_who_may_not_be_contacted(crm: str) -> None:
    rooms = Workplace(PROJECT / "data", PROJECT / "mappings")
    mapping = rooms.effective(rooms.practice(PRACTICE), crm)
    text = to_markdown(workflow_reference("Bayview", crm, rules()[:1], mapping, homes(mapping), place_of(crm)))
    assert "“Patient status” is “Active”" in text
    assert "is not set |" in text


def test_h11_a_periodontitis_without_a_stage_is_not_every_stage() -> None:
    rooms = Workplace(PROJECT / "data", PROJECT / "mappings")
    mapping = rooms.effective(rooms.practice(PRACTICE), "freshsales")
    unstaged = replace(rules()[0], classification="periodontitis")
    text = to_markdown(
        workflow_reference("Bayview", "freshsales", [unstaged], mapping, homes(mapping), place_of("freshsales"))
    )
    assert "Condition: “Periodontal stage” is empty" in text
    assert "Condition: “Periodontal diagnosis” is “Periodontitis”" in text


GOLDEN = Path(__file__).with_name("golden")


@pytest.mark.parametrize("crm", CRMS)
def test_h11_the_workflow_reference(crm: str) -> None:
    rooms = Workplace(PROJECT / "data", PROJECT / "mappings")
    mapping = rooms.effective(rooms.practice(PRACTICE), crm)
    document = workflow_reference("Bayview", crm, rules(), mapping, homes(mapping), place_of(crm))
    text = to_markdown(document)
    assert text == (GOLDEN / f"recall-workflows.{crm}.md").read_text(encoding="utf-8")
    page = to_html(document, "Recalls", "note")
    assert page.count("<h2>") == text.count("\n## ")
    assert "http" not in page.replace("http-equiv", "")
    made = docx.Document(io.BytesIO(to_docx(document, "Recalls", "Bayview")))
    headings = [p.text for p in made.paragraphs if p.style is not None and (p.style.name or "").startswith("Heading")]
    assert headings == [p.text for p in document.paragraphs() if p.heading]
    first, second = (made.tables[0].columns[place].width for place in (0, 1))
    assert first is not None
    assert second is not None
    assert first / second == pytest.approx(3 / 2, rel=0.01)
    assert all("w:tblHeader" in each.rows[0]._tr.xml for each in made.tables)
    assert len(made.tables) == sum(line.startswith("|---") for line in text.splitlines())
