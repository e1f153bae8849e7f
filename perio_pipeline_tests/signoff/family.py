"""A family whose members share what families share, with a visit and two notes."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

from perio_pipeline_tests.signoff.small_practice import RTF, Practice, Row, patient

BORN = datetime(1960, 2, 29)


def family() -> Practice:
    """A mother, her son who shares e-mail and home phone, and a second record of the mother."""
    return Practice(
        patient=[
            patient(
                1,
                email="Home@Example.com",
                mobile_phone="(617) 555-0101",
                home_phone="617-555-0102",
                birth_date=BORN,
                do_not_contact=True,
                provider_id="D1",
                sex="female",
                created_at=datetime(2001, 5, 6, 7, 8),
                depth_mm=Decimal("4.5"),
            ),
            patient(2, email="home@example.com", mobile_phone="617 555 0101", home_phone="617-555-0102"),
            patient(3, first_name="Ada1", home_phone="555-0199"),
        ],
        merged={"P3": "P1"},
        insurance_policy=[
            {"patient_id": "P1", "ordinal": 1, "carrier": "Old", "effective_date": None},
            {"patient_id": "P3", "ordinal": 1, "carrier": "Newest", "effective_date": datetime(2020, 1, 1)},
            {"patient_id": "P1", "ordinal": 1, "carrier": "New", "effective_date": datetime(2019, 1, 1)},
            {"patient_id": "P1", "ordinal": 2, "carrier": "Second", "effective_date": datetime(2024, 1, 1)},
        ],
        appointment=[
            {
                "appointment_id": "A1",
                "patient_id": "P3",
                "procedure": "Scaling",
                "starts_at": datetime(2024, 5, 6, 14, 30),
                "minutes": 45,
            }
        ],
        clinical_note=[
            {"note_id": "N1", "patient_id": "P3", "body": RTF, "written_at": datetime(2024, 5, 6, 15)},
            {"note_id": "N2", "patient_id": "P2", "body": "word " * 60 + "end", "written_at": datetime(2024, 5, 6)},
        ],
    )


def with_cell(practice: Practice, name: str, key: str, **values: object) -> list[Row]:
    """The CRM's records, one of them changed."""
    return [row | values if row["source_key"] == key else row for row in practice.crm()[name]]
