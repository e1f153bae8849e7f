"""Which e-mail and which phone number each loaded patient gets, so that no two contacts share one.

CRMs keep one contact per e-mail and per phone number; families share both. The oldest by birth date (unknown birth
dates last), then the lowest id, takes its best value first; whoever comes later takes the best that is left, or goes
without. The law: no two rows have the same e-mail or the same phone, and nobody goes without while a value is free.
"""

from __future__ import annotations

import pandas as pd

from perio_pipeline.panda.frames import table_kinds
from perio_pipeline.validation.frames import CONTACT_POINT
from perio_pipeline.validation.identity import loaded_patients
from perio_pipeline.validation.kinds import as_kinds
from perio_pipeline.validation.names import map_distinct
from perio_pipeline.validation.phones import e164_column

PHONE_KINDS = ("mobile", "home", "work")
"""Kinds of phone, most wanted first."""


def contact_points(patient: pd.DataFrame, identity: pd.DataFrame, country: str) -> pd.DataFrame:
    """Choose e-mail and phone for every patient that is loaded.

    Args:
        patient: valid `patient` rows.
        identity: their `patient_identity`.
        country: ISO code of the country whose numbers need no country code.

    Returns:
        One row per patient with disposition load, in the order of `patient` (`frames.CONTACT_POINT`).
    """
    people = loaded_patients(patient, identity)
    seniority = people.sort_values(["birth_date", "patient_id"], na_position="last")["patient_id"]
    emails = {"email": map_distinct(people["email"], str.lower)}
    phones = {kind: e164_column(people[f"{kind}_phone"], country) for kind in PHONE_KINDS}
    email = _share_out(people["patient_id"], emails, seniority)
    phone = _share_out(people["patient_id"], phones, seniority)
    chosen = pd.DataFrame(
        {
            "patient_id": people["patient_id"].to_numpy(),
            "email": email["value"].to_numpy(),
            "email_holder_id": email["holder_id"].to_numpy(),
            "shared_email": email["shared"].to_numpy(),
            "phone": phone["value"].to_numpy(),
            "phone_kind": phone["kind"].to_numpy(),
            "phone_holder_id": phone["holder_id"].to_numpy(),
        }
    )
    return as_kinds(chosen, table_kinds(CONTACT_POINT))


def _share_out(ids: pd.Series, offers: dict[str, pd.Series], seniority: pd.Series) -> pd.DataFrame:
    """Let each patient, the senior first, take the best of its values that nobody has taken yet.

    Args:
        ids: the patients.
        offers: kind → the patients' values, the most wanted kind first; index as `ids`.
        seniority: the patients' ids, who chooses first.

    Returns:
        Index: the ids in order. `value`, `kind`, and `holder_id`: who holds the value, or the one that was wanted most;
        `shared`: that value, where another patient holds it and this one has none of its own.
    """
    wishes = dict(zip(ids, zip(*(values.tolist() for values in offers.values()), strict=True), strict=True))
    holders: dict[str, str] = {}
    chosen: dict[str, tuple[str | None, str | None]] = {}
    for patient in seniority:
        free = ((value, kind) for kind, value in zip(offers, wishes[patient], strict=True) if not pd.isna(value))
        value, kind = next((offer for offer in free if offer[0] not in holders), (None, None))
        chosen[patient] = (value, kind)
        if value is not None:
            holders[value] = patient
    rows = []
    for patient in ids:
        value, kind = chosen[patient]
        wanted = next((wish for wish in wishes[patient] if not pd.isna(wish)), None)
        shared = wanted if value is None else None
        rows.append((value, kind, patient if value is not None else holders.get(wanted or ""), shared))
    return pd.DataFrame(rows, columns=["value", "kind", "holder_id", "shared"], index=ids.to_numpy())
