"""A practice of a few rows, and mappings of one or two objects, for the tests of shaping."""

from __future__ import annotations

from typing import Any
from zoneinfo import ZoneInfo

import pandas as pd

from perio_pipeline.mapping.model import Mapping
from perio_pipeline.mapping.rows import IDENTITY, PATIENT, Router
from perio_pipeline.mapping.shape import Shaped, shape
from perio_pipeline.mapping.transforms import Locale
from perio_pipeline.panda.canonical import Kind
from perio_pipeline.panda.frames import typed_frame

Row = dict[str, Any]

BOSTON = Locale("US", ZoneInfo("America/New_York"))
ONE_ACCOUNT = Router({}, "main")
TWO_ACCOUNTS = Router({"N": "north", "S": "south"}, "north")

_T = Kind.TEXT
KINDS: dict[str, dict[str, Kind]] = {
    PATIENT: {
        **dict.fromkeys(["patient_id", "first_name", "last_name", "office", "sex", "provider_id", "mobile_phone"], _T),
        "do_not_contact": Kind.BOOLEAN,
        "balance": Kind.DECIMAL,
    },
    IDENTITY: dict.fromkeys(["patient_id", "survivor_id", "disposition", "reason"], _T),
    "validated/provider": dict.fromkeys(["provider_id", "last_name", "email"], _T),
    "validated/insurance_policy": {
        **dict.fromkeys(["policy_id", "patient_id", "carrier"], _T),
        "ordinal": Kind.INTEGER,
        "effective_date": Kind.DATE,
    },
    "validated/primary_referral": dict.fromkeys(["patient_id", "practice_id"], _T),
    "validated/referring_practice": dict.fromkeys(["practice_id", "name"], _T),
    "validated/clinical_note": {
        **dict.fromkeys(["note_id", "patient_id", "kind", "body"], _T),
        "written_at": Kind.DATETIME,
    },
}

PATIENT_MARK = {"field": "Source_Id"}
NOTE_MARK = {"field": "body", "text": "[note {note_id}]"}
LOADED = {"column": "identity.disposition", "among": ["load"], "reason": "=identity.reason"}
IDENTITY_JOIN = {"identity": {"frame": IDENTITY, "on": {"patient_id": "patient_id"}}}


def frames(**rows: list[Row]) -> dict[str, pd.DataFrame]:
    """All frames, with rows by the last part of their name; patients that nobody merged or skipped are loaded."""
    patients = [{"office": "N", **row} for row in rows.get("patient", [])]
    decided = {row["patient_id"]: row for row in rows.get("patient_identity", [])}
    identity = [
        {"patient_id": key, "survivor_id": key, "disposition": "load", "reason": None, **decided.get(key, {})}
        for key in (row["patient_id"] for row in patients)
    ]
    known = {**rows, "patient": patients, "patient_identity": identity}
    return {name: typed_frame(kinds, known.get(name.split("/")[1], [])) for name, kinds in KINDS.items()}


def contacts(**changes: Any) -> Row:
    return {
        "requirement": "H1",
        "description": "Patients",
        "model": "contact",
        "rows": PATIENT,
        "key": "patient_id",
        "mark": PATIENT_MARK,
        "custom": {"Source_Id": {"from": "patient_id", "label": "PANDA id"}},
        **changes,
    }


def notes(**changes: Any) -> Row:
    return {
        "requirement": "H8",
        "description": "Notes",
        "model": "note",
        "rows": "validated/clinical_note",
        "key": "note_id",
        "mark": NOTE_MARK,
        "links": {"contactId": {"object": "contacts", "by": "patient_id"}},
        "fields": {"body": {"from": "body"}},
        **changes,
    }


def companies(**changes: Any) -> Row:
    return {
        "requirement": "H6",
        "description": "Referring practices",
        "model": "business",
        "rows": "validated/referring_practice",
        "key": "practice_id",
        "account": "linked",
        "mark": {"field": "name"},
        "fields": {"name": "name"},
        **changes,
    }


def company_links(**changes: Any) -> Row:
    return {
        "requirement": "H6",
        "description": "Contact to company",
        "model": "contact",
        "rows": "validated/primary_referral",
        "key": "patient_id",
        "mark": {"field": "businessId"},
        "join": IDENTITY_JOIN,
        "select": [LOADED],
        "links": {
            "contactId": {"object": "contacts", "by": "patient_id"},
            "businessId": {"object": "companies", "by": "practice_id"},
        },
        **changes,
    }


def mapping(**objects: Row) -> Mapping:
    return Mapping.model_validate({"destination": "test", "objects": objects})


def shaped(
    name: str, objects: dict[str, Row], practice: dict[str, pd.DataFrame], router: Router = ONE_ACCOUNT
) -> Shaped:
    return shape(name, mapping(**objects), practice, router, BOSTON)


def rows_of(frame: pd.DataFrame, *columns: str) -> list[Any]:
    """A frame's values in plain Python, null as None; bare values where one column is asked for."""
    plain = frame[list(columns)].astype(object)
    rows = [tuple(None if pd.isna(value) else value for value in row) for row in plain.to_numpy().tolist()]
    return [row[0] for row in rows] if len(columns) == 1 else rows
