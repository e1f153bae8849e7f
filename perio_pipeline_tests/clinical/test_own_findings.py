"""G5: what counts of the findings that only one practice records, and how they become fields."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from perio_pipeline.clinical.own_findings import practice_findings
from perio_pipeline.crm.protocol import FieldType
from perio_pipeline.errors import SettingsError
from perio_pipeline.mapping.catalog import load_mapping
from perio_pipeline.mapping.own_findings import field_name, with_findings
from perio_pipeline.panda.frames import table_kinds, typed_frame
from perio_pipeline.panda.own_findings import OwnFinding, proposal
from perio_pipeline.panda.tables import PRACTICE_FINDING

MAPPINGS = Path(__file__).resolve().parents[2] / "mappings"
CHOICE = {"type": "choice", "choices": {"no": "No", "some": "Some", "much": "Much"}}
ROWS = [
    ("1", "P1", 3, "Trauma", "much", "2024-01-01"),
    ("2", "P1", 14, "trauma ", "some", "2025-01-01"),
    ("3", "P1", 3, "Trauma", "no", "2023-01-01"),
    ("4", "P2", None, "Trauma", "perhaps", "2025-01-01"),
    ("5", "P2", None, "Width", "2.5", "2025-01-01"),
    ("6", "P9", None, "Width", "4", "2024-01-01"),
    ("7", "P2", None, "Seen", "2024-03-01", "2025-01-01"),
]


def rows() -> pd.DataFrame:
    names = ("finding_id", "patient_id", "tooth", "name", "value", "recorded_at")
    records = [dict(zip(names, row, strict=True)) for row in ROWS]
    return typed_frame(
        table_kinds(PRACTICE_FINDING), [{**r, "recorded_at": pd.Timestamp(r["recorded_at"])} for r in records]
    )


def taken(name: str, column: str, **declared: Any) -> dict[str, Any]:
    survivors = pd.Series({"P9": "P2"})
    found = practice_findings(rows(), {name: OwnFinding(**declared)}, survivors)
    assert found["finding"].eq(name).all()
    return found.set_index("patient_id")[column].astype(object).to_dict()


@pytest.mark.parametrize(
    ("take", "column", "expected"),
    [
        ("latest", "text", {"P1": "some", "P2": "perhaps"}),
        ("worst", "text", {"P1": "much"}),  # what is no choice is no worst one
        ("count", "number", {"P1": 3, "P2": 1}),
        ("teeth", "text", {"P1": "3, 14"}),
    ],
)
def test_g5_of_a_patient_s_records_that_counts_which_is_declared(
    take: str, column: str, expected: dict[str, Any]
) -> None:
    assert taken("TRAUMA", column, take=take, **CHOICE) == expected


def test_g5_records_of_a_merged_patient_count_for_the_one_that_stays() -> None:
    assert taken("Width", "number", type="number", take="worst") == {"P2": 4}
    assert taken("Width", "number", type="number") == {"P2": 2.5}
    assert taken("Seen", "date", type="date") == {"P2": pd.Timestamp("2024-03-01")}


@pytest.mark.parametrize(("crm", "model"), [("highlevel", "contact"), ("freshsales", "contact")])
def test_g5_a_declared_finding_is_a_field_of_the_patient_s_contact(crm: str, model: str) -> None:
    mapping = load_mapping(MAPPINGS / f"{crm}.yaml")
    declared = {"Trauma": OwnFinding(**CHOICE), "Width": OwnFinding(type="number", take="worst")}
    more = with_findings(mapping, declared)
    specs = {(each.model, each.name): each for each in more.field_specs()}
    added = {place: specs[place] for place in specs.keys() - {(e.model, e.name) for e in mapping.field_specs()}}
    trauma, width = added[model, "Finding_Trauma__c"], added[model, "Finding_Width__c"]
    assert len(added) == 2
    assert (trauma.label, trauma.options) == ("Trauma (latest)", ("No", "Some", "Much"))
    assert (width.label, width.type) == ("Width (worst)", FieldType.NUMBER)
    with pytest.raises(SettingsError, match="is there already"):
        with_findings(mapping, {"Trauma": declared["Trauma"], "trauma!": declared["Trauma"]} | declared)


def test_g5_a_proposal_holds_codes_and_never_a_patient_s_words() -> None:
    def proposed(*values: str) -> str:
        return proposal("X", pd.Series(values, dtype="str"))

    assert proposed("1", "2.5") == '"X": {type: number, take: latest}'
    assert proposed("2024-01-02", "03/04/2024") == '"X": {type: date, take: latest}'
    assert (
        proposed("thin", "thick", "thin", "thick") == '"X": {type: choice, choices: {"thick": "Thick", "thin": "Thin"}}'
    )
    for words in (("saw Mrs. Roe on Monday", "saw Mrs. Roe on Monday"), ("Roe", "thin", "thin")):
        assert proposed(*words) == '"X": {type: text, take: latest}'
    assert field_name("Night-guard (mm)") == "Finding_Night_Guard_Mm__c"


@pytest.mark.parametrize(
    "wrong", [{"type": "choice"}, {"type": "number", "choices": {"a": "A"}}, {"type": "text", "take": "worst"}]
)
def test_g5_a_declaration_that_cannot_be_meant_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"choices|worst"):
        OwnFinding(**wrong)
