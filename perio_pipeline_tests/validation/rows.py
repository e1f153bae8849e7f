"""Small extracts and valid frames for the tests: a row says only what the test is about."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date

import pandas as pd

from perio_pipeline.panda.frames import extract_kinds, table_kinds, typed_frame
from perio_pipeline.panda.tables import TABLES
from perio_pipeline.validation.context import Context
from perio_pipeline.validation.findings import Validated
from perio_pipeline.validation.validate import validate

TODAY = date(2026, 3, 2)
CONTEXT = Context(today=TODAY, time_zone="America/Chicago")
PARENTS = {name: pd.Index(["1", "P1", "D4341"], dtype="str") for name in TABLES}

SOUND: dict[str, dict[str, str]] = {
    "guarantor_account": {"account_id": "1"},
    "provider": {"provider_id": "1", "first_name": "Ada", "last_name": "North", "role": "periodontist"},
    "staff_user": {"staff_id": "1", "login": "front1"},
    "referral_source": {"source_id": "NELS12345", "kind": "dentist", "last_name": "Nelson"},
    "patient": {"patient_id": "100011PC", "first_name": "Rosa", "last_name": "Lind", "status": "active"},
    "appointment": {
        "appointment_id": "1",
        "patient_id": "P1",
        "starts_at": "2025-05-06 09:30:00",
        "status": "completed",
    },
    "perio_exam": {"exam_id": "1", "patient_id": "P1", "exam_date": "2025-05-06"},
    "perio_tooth": {"exam_id": "1", "tooth": "3", "status": "present"},
    "perio_site": {"exam_id": "1", "tooth": "3", "site": "MB", "depth_state": "measured", "depth_mm": "4"},
    "procedure_code": {"code": "D4341", "label": "SRP 4+"},
    "treatment_item": {"item_id": "1", "plan_id": "1", "status": "planned"},
    "clinical_note": {
        "note_id": "1",
        "patient_id": "P1",
        "kind": "soap",
        "written_at": "2025-05-06 10:00:00",
        "body_format": "text",
        "body": "Tissue pink and firm.",
    },
    "image_reference": {"image_id": "1", "patient_id": "P1", "path": "a/b.dcm"},
}
"""Table → a sound row."""


def extract(table: str, *rows: Mapping[str, str | None], start: int = 0) -> pd.DataFrame:
    """Build an extract of sound rows with the given changes."""
    frame = typed_frame(extract_kinds(TABLES[table]), [{**SOUND[table], **row} for row in rows])
    frame.index = pd.RangeIndex(start, start + len(frame))
    return frame


def outcome(table: str, *rows: Mapping[str, str | None], context: Context = CONTEXT) -> Validated:
    """Validate an extract of sound rows with the given changes."""
    return validate(TABLES[table], extract(table, *rows), PARENTS, context)


def valid(table: str, *rows: Mapping[str, object]) -> pd.DataFrame:
    """Build a valid frame; columns a row does not name have no value."""
    return typed_frame(table_kinds(TABLES[table]), rows)


def cell(table: str, column: str, text: str | None, context: Context = CONTEXT) -> object:
    """Validate one row with one changed cell, which must pass, and return the cell; no value is None."""
    frame = outcome(table, {column: text}, context=context).valid
    assert len(frame) == 1
    value = frame[column].iloc[0]
    return None if pd.isna(value) else value


def treatments(found: Validated) -> list[tuple[str, str]]:
    """Return the treatments as (column, rule)."""
    return list(zip(found.treatments["column"], found.treatments["rule"], strict=True))


def failures(found: Validated) -> list[tuple[int, str, str]]:
    """Return the quarantine as (row, column, rule)."""
    lines = found.quarantine
    return list(zip(lines["row"].tolist(), lines["column"], lines["rule"], strict=True))


def records(frame: pd.DataFrame, columns: Sequence[str]) -> list[tuple[object, ...]]:
    """Return rows as tuples of the given columns; no value is None."""
    plain = frame[list(columns)].astype(object)
    return list(plain.where(plain.notna(), None).itertuples(index=False, name=None))
