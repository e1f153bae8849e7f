"""Which e-mail and which phone number each loaded patient gets, so that no two contacts share one.

CRMs keep one contact per e-mail and per phone number; families share both. A shared value goes to its holder: the
oldest by birth date (unknown birth dates last), then the lowest id. The others go without, or with another number that
is theirs. The law: no two rows have the same e-mail or the same phone.
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
    """Give each patient its first value that it holds itself.

    Args:
        ids: the patients.
        offers: kind → the patients' values, the most wanted kind first; index as `ids`.
        seniority: the patients' ids, holders first.

    Returns:
        Index: the ids in order. `value`, `kind`, and `holder_id`: who holds the value, or the one that was wanted most;
        `shared`: that value, where another patient holds it and this one has none of its own.
    """
    claims = pd.concat(
        [pd.DataFrame({"patient_id": ids, "kind": kind, "value": values}) for kind, values in offers.items()]
    ).dropna(subset=["value"])
    rank = pd.Series(range(len(seniority)), index=pd.Index(seniority.to_numpy(), dtype="str"))
    by_rank = claims.assign(rank=claims["patient_id"].map(rank)).sort_values("rank", kind="stable")
    holders = by_rank.drop_duplicates("value").set_index("value")["patient_id"]
    claims["holder_id"] = claims["value"].map(holders)
    own = claims[claims["holder_id"] == claims["patient_id"]].drop_duplicates("patient_id").set_index("patient_id")
    wanted = claims.drop_duplicates("patient_id").set_index("patient_id").reindex(ids.to_numpy())
    result = own[["value", "kind", "holder_id"]].reindex(ids.to_numpy())
    shared = wanted["value"].mask(result["value"].notna())
    return result.assign(holder_id=result["holder_id"].fillna(wanted["holder_id"]), shared=shared)
