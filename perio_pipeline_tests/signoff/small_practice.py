"""A practice that fits on a page, and a naive account of what a faultless CRM would hold.

The account is written per row in plain Python and shares nothing with the forward path or the diff.
"""

from __future__ import annotations

from collections.abc import Mapping as Dictionary
from collections.abc import Set
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pandas as pd

from perio_pipeline.panda.canonical import Kind
from perio_pipeline.panda.frames import typed_frame
from perio_pipeline.signoff.diff import Diff, diff_object
from perio_pipeline_tests.signoff.small_mapping import MAPPING

Row = dict[str, Any]

PART = 80
"""Characters of a note's text per part."""


NEW_YORK = ZoneInfo("America/New_York")


@dataclass(frozen=True)
class Place:
    """A locale without the mapping room."""

    country: str = "US"
    zone: ZoneInfo = NEW_YORK


_T, _I, _D, _N, _B, _AT = Kind.TEXT, Kind.INTEGER, Kind.DATE, Kind.DECIMAL, Kind.BOOLEAN, Kind.DATETIME

KINDS: dict[str, dict[str, Kind]] = {
    "validated/patient": {
        **dict.fromkeys(["patient_id", "first_name", "email", "mobile_phone", "home_phone"], _T),
        **dict.fromkeys(["sex", "status", "provider_id"], _T),
        "birth_date": _D,
        "do_not_contact": _B,
        "created_at": _AT,
        "depth_mm": _N,
    },
    "validated/patient_identity": dict.fromkeys(["patient_id", "survivor_id", "disposition", "reason"], _T),
    "validated/provider": dict.fromkeys(["provider_id", "first_name", "last_name", "email"], _T),
    "validated/insurance_policy": {"patient_id": _T, "ordinal": _I, "carrier": _T, "effective_date": _D},
    "validated/appointment": {
        **dict.fromkeys(["appointment_id", "patient_id", "procedure"], _T),
        "starts_at": _AT,
        "minutes": _I,
    },
    "validated/clinical_note": {**dict.fromkeys(["note_id", "patient_id", "body"], _T), "written_at": _AT},
}

PROVIDERS: list[Row] = [
    {"provider_id": "D1", "first_name": "Ann", "last_name": "O'Lee", "email": "Ann@Example.com"},
    {"provider_id": "D2", "first_name": None, "last_name": "Roy", "email": "roy@example.com"},
]

LOOKUPS = pd.DataFrame(
    [("main", "owner", "ann@example.com"), ("main", "owner", "ROY@example.com"), ("main", "stage", "New Patients")],
    columns=["account", "field", "name"],
    dtype="str",
)


@dataclass
class Practice:
    """Rows of the frames, by the last part of their keys."""

    patient: list[Row]
    merged: Dictionary[str, str]
    insurance_policy: list[Row]
    appointment: list[Row]
    clinical_note: list[Row]

    def frames(self) -> dict[str, pd.DataFrame]:
        rows = {
            "validated/patient": self.patient,
            "validated/patient_identity": [self._identity(row["patient_id"]) for row in self.patient],
            "validated/provider": PROVIDERS,
            "validated/insurance_policy": self.insurance_policy,
            "validated/appointment": self.appointment,
            "validated/clinical_note": self.clinical_note,
        }
        return {key: typed_frame(KINDS[key], rows[key]) for key in KINDS}

    def _identity(self, patient: str) -> Row:
        disposition = "merged" if patient in self.merged else "load"
        survivor = self.merged.get(patient, patient)
        return {"patient_id": patient, "survivor_id": survivor, "disposition": disposition, "reason": None}

    def survivor(self, patient: str) -> str:
        return self.merged.get(patient, patient)

    def crm(self) -> dict[str, list[Row]]:
        """What a faultless CRM holds, per object."""
        return {"contacts": self._contacts(), "visits": self._visits(), "notes": self._notes()}

    def _contacts(self) -> list[Row]:
        taken: set[str] = set()
        records = []
        for row in self.patient:
            if row["patient_id"] in self.merged:
                continue
            provider = next((each for each in PROVIDERS if each["provider_id"] == row["provider_id"]), None)
            mobile, home = e164(row["mobile_phone"]), e164(row["home_phone"])
            mail = row["email"] and row["email"].lower()
            unusable = [raw for raw in (row["mobile_phone"], row["home_phone"]) if raw and not e164(raw)]
            records.append(
                {
                    **located(row["patient_id"], "C"),
                    "firstName": row["first_name"].strip(),
                    "email": take([mail], taken),
                    "phone": take([mobile, home], taken),
                    "birthDate": row["birth_date"] and row["birth_date"].strftime("%Y-%m-%d"),
                    "dnd": bool(row["do_not_contact"]),
                    "country": "US",
                    "active": True,
                    "owner": provider and provider["email"].lower(),
                    "stage": "New Patients",
                    "Source_Id": row["patient_id"],
                    "Sex": row["sex"] and row["sex"].title(),
                    "Email": mail,
                    "Mobile": mobile,
                    "Home": home,
                    "Unusable": "\n".join(unusable) or None,
                    "Created": shown(row["created_at"]),
                    "Depth": None if row["depth_mm"] is None else float(row["depth_mm"]),
                    "Status": row["status"].replace("_", " "),
                    "Carrier": self._carrier(row["patient_id"]),
                    "Provider": provider and f"Dr. {provider['first_name'] or ''} {provider['last_name']}".strip(),
                }
            )
        return records

    def _carrier(self, patient: str) -> str | None:
        best: Row | None = None
        for row in self.insurance_policy:
            if self.survivor(row["patient_id"]) == patient and row["ordinal"] == 1:
                earlier = best and (best["effective_date"] or datetime.min)
                best = row if earlier is None or (row["effective_date"] or datetime.min) >= earlier else best
        return best["carrier"] if best else None

    def _visits(self) -> list[Row]:
        return [
            {
                **located(row["appointment_id"], "V"),
                "link.contactId": "C" + self.survivor(row["patient_id"]),
                "title": f"{row['procedure'] or ''}\n[PANDA visit {row['appointment_id']}]".strip(),
                "start": in_utc(row["starts_at"]),
                "end": in_utc(row["starts_at"] + timedelta(minutes=row["minutes"] or 0)),
            }
            for row in self.appointment
        ]

    def _notes(self) -> list[Row]:
        records: list[Row] = []
        for row in self.clinical_note:
            link = {"link.contactId": "C" + self.survivor(row["patient_id"])}
            text = f"Note of {shown(row['written_at'])}\n\n{READABLE.get(row['body'], row['body'])}"
            pieces = [text[start : start + PART] for start in range(0, len(text), PART)]
            for number, piece in enumerate(pieces, start=1):
                key, end = (row["note_id"], "]") if number == 1 else (f"{row['note_id']}#{number}", f" part {number}]")
                part = f"Part {number} of {len(pieces)} " if len(pieces) > 1 else ""
                body = f"{piece.strip()}\n{part}[PANDA note {row['note_id']}{end}"
                records.append({**located(key, "N"), **link, "body": body})
        return records


RTF = r"{\rtf1\ansi{\fonttbl{\f0 Arial;}}\f0\b Scaling\b0  of UR\par caf\'e9 \u8805?5 mm}"
HTML = "<p>Probing &lt; 4&nbsp;mm</p><br><b>Good</b> hygiene"
READABLE = {RTF: "Scaling of UR\ncafé ≥5 mm", HTML: "Probing < 4 mm\nGood hygiene"}


def patient(number: int, **values: Any) -> Row:
    row: Row = dict.fromkeys(KINDS["validated/patient"])
    return row | {"patient_id": f"P{number}", "first_name": f"Ada{number}", "status": "active"} | values


def located(key: str, prefix: str) -> Row:
    return {"source_key": key, "account": "main", "crm_id": prefix + key}


def take(offers: list[str | None], taken: set[str]) -> str | None:
    """Give the first value that nobody has yet."""
    free = next((offer for offer in offers if offer and offer not in taken), None)
    taken.update({free} if free else set())
    return free


def e164(raw: str | None) -> str | None:
    number = "".join(each for each in (raw or "").split(" x")[0] if each.isdigit())[-10:]
    return f"+1{number}" if len(number) == 10 else None


def shown(moment: datetime | None) -> str | None:
    return moment and moment.strftime("%Y-%m-%d" if moment.time() == datetime.min.time() else "%Y-%m-%d %H:%M")


def in_utc(wall_clock: datetime) -> str:
    return wall_clock.replace(tzinfo=Place().zone).astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z")


def readback(records: list[Row]) -> pd.DataFrame:
    """Type the records as the readback asset does."""
    frame = pd.DataFrame(records)
    kinds = {"dnd": "boolean", "active": "boolean", "Depth": "Float64"}
    return frame.astype({name: kinds.get(name, "str") for name in frame.columns})


def compare(
    practice: Practice,
    name: str,
    records: list[Row] | None = None,
    *,
    lookups: pd.DataFrame = LOOKUPS,
    only: set[str] | None = None,
    held_before: Set[str] = frozenset(),
) -> Diff:
    """Compare one object; `records` stand in for what the CRM would rightly hold."""
    crm = practice.crm()
    found = readback(crm[name] if records is None else records)
    linked = {"contacts": readback(crm["contacts"])}
    return diff_object(name, MAPPING, practice.frames(), found, linked, lookups, Place(), only, held_before)


def causes(diff: Diff) -> list[tuple[str, str, str]]:
    """Source key, field and cause of every difference."""
    return list(diff.differences[["source_key", "field", "cause"]].itertuples(index=False, name=None))


def unexplained(diff: Diff) -> list[tuple[str, str, str]]:
    """The same, of those that nobody agreed to."""
    return [line for line, fine in zip(causes(diff), diff.differences["explained"], strict=True) if not fine]
