"""The canaries stand wherever free text says something about a patient, so that none of it goes unwatched."""

from __future__ import annotations

from perio_pipeline.panda.bindings import load_bindings
from perio_pipeline.panda.canonical import Kind
from perio_pipeline.panda.tables import TABLES
from perio_pipeline_tests.canary.planting import PLANTED, word
from perio_pipeline_tests.end_to_end.world import PROJECT

TOO_SHORT = {
    "title", "state", "postal_code", "work_phone_ext", "middle_name", "suffix", "visit_type", "area", "teeth",
    "relationship",
}  # fmt: skip
"""Fields whose values are a few letters or a code: chance writes them too."""


def test_every_free_text_about_a_patient_has_canaries() -> None:
    bindings = load_bindings(PROJECT / "mappings" / "panda.yaml")
    bare = {
        f"{table.name}.{column.name}"
        for table in TABLES.values()
        for column in table.columns
        if column.phi and column.kind is Kind.TEXT and column.name not in {*table.key, *TOO_SHORT}
        if not column.choices and not column.references and table.name != "referral_source"  # dentists are no patients
        if bindings.tables[table.name].columns[column.name].column
        not in PLANTED.get(bindings.tables[table.name].table, {})
    }
    assert bare == {"image_reference.path"}, "paths are planted with their files"


def test_no_two_canaries_are_the_same() -> None:
    assert len({word(number) for number in range(4000)}) == 4000
