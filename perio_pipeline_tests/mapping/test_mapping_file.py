"""The mapping file is the contract: a mistake in it names file, line, entry and what would be right."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from perio_pipeline.errors import MappingError, SettingsError
from perio_pipeline.mapping.catalog import load_mapping
from perio_pipeline.mapping.practice import (
    Practice,
    load_practice,
    practice_names,
    resolve,
)
from perio_pipeline.yamlfile import digest

MAPPINGS = Path(__file__).resolve().parents[2] / "mappings"
HIGHLEVEL = MAPPINGS / "highlevel.yaml"


def test_every_requirement_of_the_highlevel_table_is_mapped() -> None:
    mapping = load_mapping(HIGHLEVEL)
    fulfilled = {row for obj in mapping.objects.values() for row in obj.requirement}
    assert fulfilled == {"H1", "H2", "H3", "H4", "H5", "H6", "H7", "H8", "H9", "H10"}


def test_the_stable_names_the_practice_was_promised_are_there() -> None:
    names = {spec.name for spec in load_mapping(HIGHLEVEL).field_specs()}
    promised = {
        "Last_Perio_Classification__c",
        "Last_Probing_Summary__c",
        "BOP_Percentage__c",
        "Last_Exam_Date__c",
        "Treatment_Stage__c",
        "Insurance_Primary_Carrier__c",
        "Insurance_Group_Number__c",
        "Insurance_Secondary_Carrier__c",
        "Source_System_ID__c",
    }
    assert promised <= names


Change = tuple[str, str]


@pytest.mark.parametrize(
    ("change", "entry", "problem", "remedy"),
    [
        (
            ("birth_date: [dateOfBirth]", "birth_date: [birthday]"),
            "objects.contacts.match.birth_date",
            "birthday is no field of contact",
            "Name a mapped field",
        ),
        (
            ("first_name: [firstName, Preferred_Name__c]", "name: [firstName]"),
            "objects.contacts.match",
            "either `first_name` and `last_name` must be given, or `name`",
            "Correct the value",
        ),
        (
            ("rows: validated/patient\n", "rows: validated/patent\n"),
            "objects.contacts.rows",
            "no frame",
            "validated/patient",
        ),
        (
            ("{from: last_name,", "{from: lst_name,"),
            "objects.contacts.fields.lastName",
            "no column lst_name",
            "last_name",
        ),
        (("from: summary.bop_percent", "from: sumary.bop_percent"), "BOP_Percentage__c", "no join sumary", "summary"),
        (
            ("birth_date, as: date", "birth_date, as: number"),
            "dateOfBirth",
            "is a date, which `number` cannot take",
            "date",
        ),
        (("birth_date, as: date", "birth_date, as: dat"), "dateOfBirth", "Input should be", "Correct"),
        (
            ("stage_1: Stage I, stage_2", "stage_2"),
            "Suggested_Classification__c.choices",
            "no label for stage_1",
            "healthy",
        ),
        (("completed: won", "finished: won"), "status.choices", "no label for completed", "lost"),
        (
            ("split: {field: body", "split: {field: title"),
            "notes.split",
            "only the field whose text",
            "the mark's field",
        ),
        (("label: Office, why", "lable: Office, why"), "Office__c.lable", "not known", "Did you mean `label`"),
        (
            ("object: companies, by: practice_id", "object: notes, by: practice_id"),
            "businessId",
            "does not stand before",
            "further up",
        ),
        (
            ("field: Source_Plan_ID__c", "field: Source_Plan__c"),
            "opportunities.mark",
            "is no field",
            "Name a mapped field",
        ),
        (
            ("as: number, type: number, label: Bleeding", "as: number, type: date, label: Bleeding"),
            "BOP_Percentage__c",
            "does not make a date",
            "number",
        ),
    ],
)
def test_a_mistake_names_file_line_entry_and_what_would_be_right(
    tmp_path: Path, change: Change, entry: str, problem: str, remedy: str
) -> None:
    text = HIGHLEVEL.read_text(encoding="utf-8")
    assert change[0] in text
    path = tmp_path / "highlevel.yaml"
    path.write_text(text.replace(*change, 1), encoding="utf-8")
    with pytest.raises(MappingError) as error:
        load_mapping(path)
    assert entry in error.value.entry
    assert problem in error.value.problem
    assert remedy in error.value.remedy
    assert error.value.problem.startswith(f"{path}:{error.value.line}: ")
    assert text.splitlines()[error.value.line - 1] != ""


HTML_LINE = "<b>{kind|words} note</b>, {written_at|timestamp}"


@pytest.mark.parametrize(
    ("change", "entry", "problem", "remedy"),
    [
        (
            ("        format: html\n", ""),
            "notes.fields.description.template",
            "`|note_html` makes HTML, and this is plain text",
            "Add `format: html`",
        ),
        (
            ("          {body|note_html}", "          Text: {body|note_html}"),
            "notes.fields.description.template",
            "must stand on a line of its own",
            "Mend the template",
        ),
        (
            (HTML_LINE, HTML_LINE.replace("</b>", "")),
            "notes.fields.description.template",
            "each line must be whole HTML of these elements: p, br, b",
            "Mend the template",
        ),
        (
            (HTML_LINE, HTML_LINE.replace("<b>", "<b onclick='x'>")),
            "notes.fields.description.template",
            "each line must be whole HTML",
            "Mend the template",
        ),
        (
            ("first_name: {from: first_name, why: F1}", "first_name: {from: first_name, as: note_html, why: F1}"),
            "contacts.fields.first_name",
            "belong together",
            "Give both, or neither",
        ),
        (
            ("through: appointment_id", "through: contact_id"),
            "notes.links.contact_id.through",
            "is no link of notes to an object that is linked to contacts",
            "Name a link",
        ),
        (("order: written_at", "order: writen_at"), "notes.order", "no column writen_at", "written_at"),
    ],
)
def test_f7_a_mistake_in_a_rich_note_names_where_and_what_would_be_right(
    tmp_path: Path, change: Change, entry: str, problem: str, remedy: str
) -> None:
    text = (MAPPINGS / "freshsales.yaml").read_text(encoding="utf-8")
    assert change[0] in text
    path = tmp_path / "freshsales.yaml"
    path.write_text(text.replace(*change), encoding="utf-8")
    with pytest.raises(MappingError) as error:
        load_mapping(path)
    assert entry in error.value.entry
    assert problem in error.value.problem
    assert remedy in error.value.remedy


def practice(**changes: object) -> Practice:
    return load_practice(MAPPINGS, "harbor").model_copy(update=changes)


def test_the_practices_are_the_files_in_their_folder() -> None:
    assert "harbor" in practice_names(MAPPINGS)


def test_a_file_must_carry_its_practices_name(tmp_path: Path) -> None:
    (tmp_path / "practices").mkdir()
    text = (MAPPINGS / "practices" / "harbor.yaml").read_text(encoding="utf-8")
    (tmp_path / "practices" / "other.yaml").write_text(text, encoding="utf-8")
    with pytest.raises(MappingError, match="practice: other"):
        load_practice(tmp_path, "other")


def test_p4_fields_are_created_only_where_somebody_approved_it_by_name(tmp_path: Path) -> None:
    (tmp_path / "practices").mkdir()
    text = (MAPPINGS / "practices" / "harbor.yaml").read_text(encoding="utf-8")
    path = tmp_path / "practices" / "harbor.yaml"
    path.write_text(text.replace(", approved_by: sample", ""), encoding="utf-8")
    with pytest.raises(MappingError, match="approved_by"):
        load_practice(tmp_path, "harbor")


def test_an_unknown_destination_names_those_there_are() -> None:
    with pytest.raises(SettingsError, match="highlevel"):
        practice().destination("salesforce")


def test_a_secret_that_is_not_set_is_named() -> None:
    with pytest.raises(SettingsError, match="NO_SUCH_TOKEN"):
        resolve("${NO_SUCH_TOKEN}", "the token", {})


def test_the_digest_follows_the_content_and_not_the_layout(tmp_path: Path) -> None:
    text = HIGHLEVEL.read_text(encoding="utf-8")
    path = tmp_path / "highlevel.yaml"

    def digest_of(change: Callable[[str], str]) -> str:
        path.write_text(change(text), encoding="utf-8")
        return digest(load_mapping(path))

    assert digest_of(lambda t: "# a remark\n" + t) == digest(load_mapping(HIGHLEVEL))
    assert digest_of(lambda t: t.replace("limit: 5000", "limit: 4000")) != digest(load_mapping(HIGHLEVEL))
