"""P3: a mistake in a bindings file is refused where it stands, before any database is opened."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from perio_pipeline.errors import MappingError
from perio_pipeline.panda.bindings import load_bindings
from perio_pipeline_tests.panda.bound import BINDINGS

Change = Callable[[str], str]


def edited(path: Path, change: Change) -> Path:
    target = path / "panda.yaml"
    target.write_text(change(BINDINGS.read_text(encoding="utf-8")), encoding="utf-8")
    return target


def in_patient(line: str, old: str = "      suffix: Suffix") -> Change:
    """Another line for the patient's suffix, or for another of his fields."""
    start = "  patient:\n    table: Patient\n"

    def change(text: str) -> str:
        before, found, after = text.partition(start)
        assert found
        assert old in after
        return before + found + after.replace(old, line, 1)

    return change


def at_patient(*lines: str) -> Change:
    """More entries beside the patient's table."""
    return lambda text: text.replace(
        "    table: Patient\n", "    table: Patient\n" + "".join(f"{x}\n" for x in lines), 1
    )


PATIENT_ID = "      patient_id: PatID"
JOIN = "    joins: {more: {table: More, on: {PatID: PatID}}}"


@pytest.mark.parametrize(
    ("change", "entry", "message"),
    [
        (in_patient("      suffix: Suffix\n      suffix: NameSuffix"), "file", 'duplicate key "suffix"'),
        (in_patient("      suffix: {column: N, text: '{N}'}"), "patient.columns.suffix", "only one"),
        (in_patient("      suffix: {column: N, bit: 1, letter: B}"), "patient.columns.suffix", "only one of `bit`"),
        (in_patient("      suffix: {column: N, letter: BS}"), "suffix.letter", "one letter"),
        (in_patient("      suffix: {column: N, date: MM/DD}"), "suffix.date", "is no date"),
        (in_patient("      suffix: {column: N, decode: roman}"), "suffix.decode", "decimal_comma"),
        (in_patient("      suffix: {column: N, pattern: N}"), "suffix.pattern", "is no pattern"),
        (in_patient("      suffix: {column: N, pattern: '{last}, {first}'}"), "suffix.pattern", "no piece `suffix`"),
        (in_patient("      suffix: {column: N, piece: last}"), "suffix.piece", "no pattern to take it from"),
        (in_patient("      suffix: {text: 'N'}"), "suffix.text", "is no template"),
        (at_patient("    unpivot: {column: suffix, values: {Jr: J}}"), "columns.suffix", "claimed twice"),
        (at_patient("    unpivot: {column: colour, values: {a: b}}"), "columns.colour", "no such field"),
        (at_patient("    joins: {more: {table: More, on: {}}}"), "joins.more.on", "at least 1"),
        (at_patient("    joins: {a.b: {table: More, on: {PatID: PatID}}}"), "joins.a.b", "no name for a join"),
        (at_patient("    joins: {More: {table: More, on: {PatID: PatID}}}"), "joins.More", "of small letters"),
        (
            at_patient("    joins: {a: {table: A, on: {b.No: No}}, b: {table: B, on: {PatID: No}}}"),
            "joins.a.on.b.No",
            "comes later",
        ),
        (lambda t: in_patient("      patient_id: more.No", PATIENT_ID)(at_patient(JOIN)(t)), "columns", "joined table"),
        (at_patient(JOIN, "    version: RowVer"), "patient.version", "shows no change in More"),
        (at_patient("    findings: {Tilted: NickName}"), "findings.Tilted", "claimed twice"),
        (at_patient("    findings: {Tilted: {text: '{A} {B}'}}"), "findings.Tilted", "a finding is a column"),
        (lambda t: t.replace("table: TxPhase\n", "table: TxPhase\n    findings: {X: Y}\n"), "findings", "whose"),
        (lambda t: t + "\nabsent: [patient]\n", "absent", "cannot be absent"),
        (lambda t: t.replace("  recall_rule:", "  recall_rool:"), "recall_rool", "not a canonical table"),
        (lambda t: t[: t.index("  practice_finding:")], "tables", "practice_finding is not bound"),
    ],
)
def test_p3_what_does_not_fit_together_is_refused_at_its_entry(
    tmp_path: Path, change: Change, entry: str, message: str
) -> None:
    with pytest.raises(MappingError) as error:
        load_bindings(edited(tmp_path, change))
    assert message in str(error.value)
    assert entry in str(error.value)
    assert error.value.line > 1


@pytest.mark.parametrize(
    "change",
    [
        at_patient("    findings: {Tilted: {column: NickName, also_read: true}}"),
        at_patient(JOIN, "    version: [RowVer, more.RowVer]"),
        lambda text: text[: text.index("  practice_finding:")] + "absent: [practice_finding]\n",
        lambda text: at_patient("    findings: {Tilted: Tilt}")(text[: text.index("  practice_finding:")]),
    ],
)
def test_what_is_said_to_be_meant_is_taken(tmp_path: Path, change: Change) -> None:
    load_bindings(edited(tmp_path, change))


def test_a_column_read_on_purpose_as_field_and_finding_is_told(tmp_path: Path) -> None:
    change = at_patient("    findings: {Tilted: {column: NickName, also_read: true}}")
    assert load_bindings(edited(tmp_path, change)).read_twice() == ["tables.patient.findings.Tilted"]
