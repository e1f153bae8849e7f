"""P1, P3: each form in which a database may hold a field, read on small tables; failures name their entry."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from perio_pipeline.errors import SourceError
from perio_pipeline.panda.bindings import Bindings
from perio_pipeline.panda.bound import BoundTable
from perio_pipeline.panda.changes import compare, take_census
from perio_pipeline.panda.source import PandaSource
from perio_pipeline.panda.tables import (
    APPOINTMENT,
    INSURANCE_POLICY,
    PATIENT,
    PERIO_EXAM,
    PERIO_SITE,
    PERIO_TOOTH,
    PRACTICE_FINDING,
    PROVIDER,
    STAFF_USER,
    TABLES,
)
from perio_pipeline.panda.trial import try_entries
from perio_pipeline.validation.context import Context
from perio_pipeline.validation.validate import validate
from perio_pipeline_tests.panda.test_source import database

DEPTHS = "{MB} {B} {DB} {ML} {L} {DL}"
SITES = {name: name for name in ("MB", "B", "DB", "ML", "L", "DL")}


def panda(path: Path, statements: list[str], **tables: Any) -> PandaSource:
    """A database, and bindings for some canonical tables."""
    bound = {name: BoundTable.model_validate(each) for name, each in tables.items()}
    return PandaSource(database(path / "panda.db", *statements), Bindings(source="test", tables=bound), "panda.yaml")


def read(source: PandaSource, name: str, **options: Any) -> pd.DataFrame:
    return pd.concat(source.chunks(TABLES[name], **options), ignore_index=True)


def values(frame: pd.DataFrame, *columns: str) -> list[tuple[Any, ...]]:
    cells = frame[list(columns)].astype(object)
    return list(cells.where(cells.notna(), None).itertuples(index=False, name=None))


def held_back(source: PandaSource, name: str) -> dict[str, str]:
    """Row key → why validation holds it back for what its binding cannot read."""
    table = TABLES[name]
    parents = {parent: pd.Index(["1", "2", "3", "P1"]) for parent in table.parents.values()}
    context = Context(date(2026, 6, 1), "US", "America/New_York", True, None, frozenset())
    found = validate(table, read(source, name), parents, context).quarantine
    found = found[found["rule"] == "unread"]
    return dict(zip(found["row_key"], found["reason"], strict=True))


PERSON = ["create table P (Id, Name, Born, Size, Kind)"]
NAME = {
    "column": "Name",
    "pattern": ["{last_name}, {first_name} {middle_name:1}", "{last_name}, {first_name}"],
}
PERSONS = {
    "table": "P",
    "columns": {
        "patient_id": "Id",
        "first_name": NAME,
        "middle_name": NAME,
        "last_name": NAME,
        "birth_date": {"column": "Born", "date": "YYYYMMDD", "null_when": ["0"]},
        "hba1c": {"column": "Size", "decode": "decimal_comma"},
        "status": {"value": "active"},
    },
}


def test_names_dates_and_numbers_of_any_notation(tmp_path: Path) -> None:
    rows = ["insert into P values (1, 'Smith, Ann B', 19691010, '7,5', ''), (2, 'Van Dyke, Bo', 0, '1.234,5', '')"]
    frame = read(panda(tmp_path, PERSON + rows, patient=PERSONS), "patient")
    assert values(frame, "first_name", "middle_name", "last_name", "birth_date", "hba1c") == [
        ("Ann", "B", "Smith", "1969-10-10", "7.5"),
        ("Bo", None, "Van Dyke", None, "1234.5"),
    ]


def test_what_cannot_be_read_is_held_back_with_the_name_of_its_entry(tmp_path: Path) -> None:
    rows = [
        "insert into P values (1, 'Smith', 0, '7', ''), (2, 'Lee, Bo', 'soon', '7', ''), (3, 'Lee, Al', 0, '7.5', '')"
    ]
    assert held_back(panda(tmp_path, PERSON + rows, patient=PERSONS), "patient") == {
        "1": "tables.patient.columns.last_name: fits no pattern",
        "2": "tables.patient.columns.birth_date: not a date written YYYYMMDD",
        "3": "tables.patient.columns.hba1c: not a number",
    }


def test_date_and_time_apart_are_one_moment(tmp_path: Path) -> None:
    visits = {
        "table": "V",
        "columns": {
            "appointment_id": "Id",
            "patient_id": "Pat",
            "starts_at": {"text": "{Day} {Time}", "date": "DD/MM/YYYY hh:mm"},
            "status": {"value": "completed"},
            "visit_type": {"text": "{A}/{B}"},
        },
    }
    statements = [
        "create table V (Id, Pat, Day, Time, A, B)",
        "insert into V values (1, 1, '18/03/2026', '9:30', 'x', 'y'), (2, 1, '18/03/2026', null, null, 'y')",
    ]
    frame = read(panda(tmp_path, statements, appointment=visits), APPOINTMENT.name)
    assert values(frame, "starts_at", "visit_type") == [("2026-03-18 09:30:00", "x/y"), ("2026-03-18", "y")]


SITE_COLUMNS = {
    "exam_id": "Exam",
    "depth_state": {"column": "T{tooth}_PD", "pattern": DEPTHS, "codes": {"-": "not_recorded", "*": "measured"}},
    "depth_mm": {"column": "T{tooth}_PD", "pattern": DEPTHS, "null_when": ["-"]},
    "bleeding": {"column": "T{tooth}_{site}", "letter": "B"},
    "plaque": {"column": "T{tooth}_{site}", "letter": "P"},
}
WIDE = {
    "table": "Chart",
    "unpivot": [{"column": "tooth", "values": "08-09"}, {"column": "site", "values": SITES}],
    "rows_with": "T{tooth}_PD",
    "columns": SITE_COLUMNS,
}
CHART = [
    "create table Chart (Exam integer, T08_PD, T09_PD, "
    + ", ".join(f"T{tooth}_{site}" for tooth in ("08", "09") for site in SITES)
    + ", T08_State, T09_State)",
    "insert into Chart (Exam, T08_PD, T08_MB, T08_B, T08_DB, T08_State) "
    "values (1, '3 2 3 - 12 5', 'bp', 'x', '-', 'P')",
    "insert into Chart (Exam, T09_PD) values (2, '3 2 3'), (3, ' ')",
]


def test_one_row_for_an_exam_becomes_one_for_each_tooth_and_site(tmp_path: Path) -> None:
    source = panda(tmp_path, CHART, perio_site=WIDE)
    frame = read(source, PERIO_SITE.name)
    first = frame[frame["exam_id"] == "1"]
    assert values(first, "tooth", "site", "depth_state", "depth_mm") == [
        ("8", "MB", "measured", "3"),
        ("8", "B", "measured", "2"),
        ("8", "DB", "measured", "3"),
        ("8", "ML", "not_recorded", None),
        ("8", "L", "measured", "12"),
        ("8", "DL", "measured", "5"),
    ]
    assert values(first, "bleeding", "plaque")[:4] == [("true", "true"), ("?x", "?x"), ("false", "false"), (None, None)]
    assert len(frame) == source.count(PERIO_SITE) == 12  # a tooth with nothing in its column has no rows
    assert set(held_back(source, PERIO_SITE.name).values()) == {"tables.perio_site.columns.depth_mm: fits no pattern"}


def test_teeth_are_counted_and_paged_by_exam(tmp_path: Path) -> None:
    teeth = {
        "table": "Chart",
        "unpivot": {"column": "tooth", "values": "08-09"},
        "columns": {
            "exam_id": "Exam",
            "status": {"column": "T{tooth}_State", "codes": {"P": "present", "": "missing"}},
        },
    }
    source = panda(tmp_path, CHART, perio_tooth=teeth)
    pieces = list(source.chunks(PERIO_TOOTH, rows=1))
    assert [values(piece, "exam_id", "tooth", "status") for piece in pieces] == [
        [("1", "8", "present"), ("1", "9", "missing")],
        [("2", "8", "missing"), ("2", "9", "missing")],
        [("3", "8", "missing"), ("3", "9", "missing")],
    ]
    assert source.count(PERIO_TOOTH) == 6


SPLIT = [
    "create table P (Id text, Name, State integer, Stamp)",
    "create table Detail (Pat text, Mail, Bits integer, Stamp)",
    "create table Words (Kind, No integer, Word)",
    "insert into Words values ('S', 1, 'On'), ('S', 2, 'Off'), ('X', 1, 'wrong list')",
    "insert into P values ('1', 'A', 1, 'a'), ('2', 'B', 2, 'b'), ('3', 'C', 9, 'c'), ('P1', 'D', null, 'd')",
    "insert into Detail values ('1', 'a@example.com', 2, 'x'), ('3', null, 0, 'y')",
]


def joined(**changes: Any) -> dict[str, Any]:
    return {
        "table": "P",
        "joins": {
            "detail": {"table": "Detail", "on": {"Id": "Pat"}, "optional": True},
            "state": {"table": "Words", "on": {"State": "No"}, "where": {"Kind": "S"}},
        },
        "columns": {
            "patient_id": "Id",
            "first_name": "Name",
            "last_name": "Name",
            "status": {"column": "state.Word", "codes": {"On": "active", "Off": "inactive", "": "prospective"}},
            "email": "detail.Mail",
            "do_not_contact": {"column": "detail.Bits", "bit": 2},
            "modified_at": "Stamp",
        },
        **changes,
    }


def test_a_record_in_two_tables_and_words_in_a_list_are_joined_by_key(tmp_path: Path) -> None:
    source = panda(tmp_path, SPLIT, patient=joined())
    assert source.problems([PATIENT]) == []
    frame = read(source, "patient")
    assert values(frame, "patient_id", "email", "do_not_contact")[:2] == [
        ("1", "a@example.com", "true"),
        ("2", None, None),
    ]
    assert values(frame, "status")[:2] + values(frame, "status")[3:] == [("active",), ("inactive",), ("prospective",)]
    assert held_back(source, "patient")["3"] == "tables.patient.columns.status: no row of Words has this key"
    assert source.count(PATIENT) == 4
    assert values(read(source, "patient", rows=1, only=["patient_id", "email"]), "email")[0] == ("a@example.com",)


def test_a_partner_that_must_be_there_is_missed_by_name(tmp_path: Path) -> None:
    joins = joined()["joins"] | {"detail": {"table": "Detail", "on": {"Id": "Pat"}}}
    found = held_back(panda(tmp_path, SPLIT, patient=joined(joins=joins)), "patient")
    assert set(found) == {"2", "3", "P1"}
    assert "no row of Detail has this key" in found["2"]


def test_more_than_one_joined_row_is_refused_before_anything_is_read(tmp_path: Path) -> None:
    statements = [*SPLIT, "insert into Detail values ('1', 'b@example.com', 0, 'x')"]
    source = panda(tmp_path, statements, patient=joined())
    with pytest.raises(SourceError, match=r"1 keys stand in several rows of Detail \(tables\.patient\.joins\.detail\)"):
        source.check([PATIENT])


def test_a_joined_table_or_column_that_is_gone_is_named_with_its_entry(tmp_path: Path) -> None:
    statements = [*SPLIT, "drop table Words", "alter table Detail drop column Mail"]
    assert panda(tmp_path, statements, patient=joined()).problems([PATIENT]) == [
        "table Detail has no column Mail (tables.patient.columns.email)",
        "there is no table Words (tables.patient.joins.state) that the login can see",
    ]


def test_p7_a_change_in_a_joined_part_of_the_record_is_seen(tmp_path: Path) -> None:
    source = panda(tmp_path, SPLIT, patient=joined())
    assert not source.has_versions(PATIENT)  # modified_at says nothing about the other table
    before = take_census(source, PATIENT, whole=False)
    database(tmp_path / "panda.db", "update Detail set Mail = 'c@example.com' where Pat = '1'")
    after = take_census(source, PATIENT, whole=False)
    assert before is not None
    assert after is not None
    assert compare(before, after).changed == {"1"}


def test_p7_a_version_of_both_parts_needs_no_reading_of_rows(tmp_path: Path) -> None:
    source = panda(tmp_path, SPLIT, patient=joined(version=["Stamp", "detail.Stamp"]))
    before = take_census(source, PATIENT, whole=False)
    database(tmp_path / "panda.db", "update Detail set Stamp = 'z' where Pat = '3'")
    after = take_census(source, PATIENT, whole=False)
    assert before is not None
    assert after is not None
    assert compare(before, after).changed == {"3"}
    (frame,) = source.versions(PATIENT)
    assert values(frame, "patient_id", "version")[:2] == [("1", "a x"), ("2", "b")]


def test_p7_words_of_a_list_leave_the_stamp_of_the_record_as_it_is(tmp_path: Path) -> None:
    state = {"state": joined()["joins"]["state"]}
    columns = {name: each for name, each in joined()["columns"].items() if "detail" not in str(each)}
    source = panda(tmp_path, SPLIT, patient=joined(joins=state, columns=columns))
    assert source.has_versions(PATIENT)


PERSON_KINDS = [
    "create table Person (Id integer, Kind, First, Last, Login)",
    "insert into Person values (1, 'P', 'Ann', 'A', null), (2, 'S', 'Bo', 'B', 'bo'), (3, 'D', 'Cy', 'C', null)",
    "insert into Person values (4, 'H', 'Di', 'D', null), (5, 'Z', 'Ed', 'E', null), (6, null, 'Flo', 'F', null)",
]


def person(kinds: str | list[str], key: str, **columns: Any) -> dict[str, Any]:
    named = {key: "Id", "first_name": "First", "last_name": "Last", **columns}
    return {"table": "Person", "where": {"Kind": kinds}, "columns": named}


def test_one_table_of_persons_serves_several_by_a_condition(tmp_path: Path) -> None:
    source = panda(
        tmp_path,
        PERSON_KINDS,
        patient=person("P", "patient_id", status={"value": "active"}),
        staff_user=person("S", "staff_id", login="Login"),
        provider=person(["D", "H"], "provider_id", role={"column": "Kind", "codes": {"D": "dds", "H": "rdh"}}),
    )
    assert values(read(source, PATIENT.name), "patient_id") == [("1",)]
    assert values(read(source, STAFF_USER.name), "staff_id", "login") == [("2", "bo")]
    assert values(read(source, PROVIDER.name), "provider_id", "role") == [("3", "dds"), ("4", "rdh")]
    assert source.count(PROVIDER) == 2
    assert source.unclaimed() == {"Person": 2}  # a kind that nobody bound, and none: never dropped in silence


def test_rows_without_a_kind_can_be_claimed(tmp_path: Path) -> None:
    source = panda(tmp_path, PERSON_KINDS, provider=person(["D", ""], "provider_id", role={"value": "dds"}))
    assert values(read(source, PROVIDER.name), "provider_id") == [("3",), ("6",)]


def test_columns_of_one_practice_become_findings(tmp_path: Path) -> None:
    exams = {
        "table": "Exam",
        "columns": {"exam_id": "No", "patient_id": "Pat", "exam_date": "Day"},
        "findings": {"Night guard": "Guard", "Smile line": {"column": "Line", "null_when": ["0"]}},
    }
    own = {
        "table": "Custom",
        "columns": {"finding_id": "No", "patient_id": "Pat", "name": "Name", "value": "Value"},
    }
    statements = [
        "create table Exam (No integer, Pat, Day, Guard, Line)",
        "create table Custom (No integer, Pat, Name, Value)",
        "insert into Exam values (1, 'P1', '2026-03-18', 'advised', 0), (2, 'P2', '2026-03-19', null, 3)",
        "insert into Custom values (7, 'P1', 'Papilla index', '2')",
    ]
    source = panda(tmp_path, statements, perio_exam=exams, practice_finding=own)
    frame = read(source, PRACTICE_FINDING.name)
    assert values(frame, "finding_id", "patient_id", "exam_id", "name", "value", "recorded_at") == [
        ("7", "P1", None, "Papilla index", "2", None),
        ("perio_exam/1/Night guard", "P1", "1", "Night guard", "advised", "2026-03-18"),
        ("perio_exam/2/Smile line", "P2", "2", "Smile line", "3", "2026-03-19"),
    ]
    assert source.count(PRACTICE_FINDING) == 3
    assert len(read(source, PERIO_EXAM.name)) == 2
    before = take_census(source, PRACTICE_FINDING, whole=True)
    database(tmp_path / "panda.db", "update Exam set Guard = 'worn' where No = 1", "update Exam set Line = 0")
    after = take_census(source, PRACTICE_FINDING, whole=True)
    assert before is not None
    assert after is not None
    changes = compare(before, after)
    assert (changes.changed, changes.deleted) == ({"perio_exam/1/Night guard"}, {"perio_exam/2/Smile line"})


def test_p7_a_finding_has_the_version_of_its_record(tmp_path: Path) -> None:
    exams = {
        "table": "Exam",
        "columns": {"exam_id": "No", "patient_id": "Pat", "exam_date": "Day", "modified_at": "Changed"},
        "findings": {"Night guard": "Guard"},
    }
    statements = [
        "create table Exam (No integer, Pat, Day, Guard, Changed)",
        "insert into Exam values (1, 'P1', '2026-03-18', 'advised', '2026-03-19'), (2, 'P2', '2026-03-19', null, 'x')",
    ]
    source = panda(tmp_path, statements, perio_exam=exams)
    assert source.has_versions(PRACTICE_FINDING)
    (frame,) = source.versions(PRACTICE_FINDING)
    assert values(frame, "finding_id", "version") == [("perio_exam/1/Night guard", "2026-03-19")]


def test_a_finding_that_is_gone_or_cannot_be_read_is_named_beside_its_record(tmp_path: Path) -> None:
    exams = {
        "table": "Exam",
        "columns": {"exam_id": "No", "patient_id": "Pat", "exam_date": "Day"},
        "findings": {"Gum width": {"column": "Width", "decode": "decimal_comma"}, "Night guard": "Guard"},
    }
    statements = [
        "create table Exam (No integer, Pat, Day, Width)",
        "insert into Exam values (1, 'P1', '2026-03-18', 'x')",
    ]
    source = panda(tmp_path, statements, perio_exam=exams)
    gone = ["table Exam has no column Guard (tables.perio_exam.findings.Night guard)"]
    assert source.problems([PERIO_EXAM, PRACTICE_FINDING]) == source.problems([PRACTICE_FINDING]) == gone
    database(tmp_path / "panda.db", "alter table Exam add column Guard")
    (failure,) = try_entries(source, [PRACTICE_FINDING])
    assert str(failure) == "tables.perio_exam.findings.Gum width of Exam: not a number on 1 of 1 rows (100.0%)"


def test_policies_in_columns_of_the_patient_are_rows_of_their_own(tmp_path: Path) -> None:
    policies = {
        "table": "P",
        "unpivot": {"column": "ordinal", "values": {"1": "Prim", "2": "Sec"}},
        "rows_with": {"column": "{ordinal}Carrier", "null_when": ["none"]},
        "columns": {"policy_id": {"text": "{Id}-{ordinal}"}, "patient_id": "Id", "carrier": "{ordinal}Carrier"},
    }
    statements = [
        "create table P (Id integer, PrimCarrier, SecCarrier)",
        "insert into P values (1, 'Delta', 'none'), (2, 'Cigna', 'Delta'), (3, '', null)",
    ]
    source = panda(tmp_path, statements, insurance_policy=policies)
    assert values(read(source, INSURANCE_POLICY.name), "policy_id", "ordinal", "carrier") == [
        ("1-Prim", "1", "Delta"),
        ("2-Prim", "1", "Cigna"),
        ("2-Sec", "2", "Delta"),
    ]
    assert source.count(INSURANCE_POLICY) == 3


def test_a_table_that_the_database_has_nothing_for_is_empty(tmp_path: Path) -> None:
    source = panda(tmp_path, PERSON)
    assert read(source, PATIENT.name).columns.tolist() == PATIENT.column_names
    assert source.count(PATIENT) == 0
    source.check([PATIENT])
