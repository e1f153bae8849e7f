"""The referral that brought a patient: at most one per loaded patient."""

from __future__ import annotations

import pandas as pd

from perio_pipeline.panda.frames import table_kinds
from perio_pipeline.validation.frames import PRIMARY_REFERRAL
from perio_pipeline.validation.kinds import as_kinds


def primary_referral(referral: pd.DataFrame, members: pd.DataFrame, identity: pd.DataFrame) -> pd.DataFrame:
    """Choose each loaded patient's primary incoming referral: the one marked primary, else the earliest.

    Referrals of merged patients count for their survivor. Ties go to the earlier date, then to the lowest id.

    Args:
        referral: valid `referral` rows.
        members: `practices.MEMBERS`.
        identity: `identity.PATIENT_IDENTITY`.

    Returns:
        One row per loaded patient with an incoming referral, ordered by patient (`frames.PRIMARY_REFERRAL`).
    """
    going = identity[identity["disposition"] != "skipped"]
    survivor = going.set_index("patient_id")["survivor_id"]
    incoming = referral[referral["direction"] == "from"]
    incoming = incoming.assign(patient_id=incoming["patient_id"].map(survivor)).dropna(subset=["patient_id"])
    incoming = incoming.assign(secondary=~incoming["is_primary"].fillna(False))
    order = ["secondary", "referral_date", "referral_id"]
    first = incoming.sort_values(order, na_position="last").drop_duplicates("patient_id").sort_values("patient_id")
    practice = members.set_index("source_id")["practice_id"]
    return as_kinds(first.assign(practice_id=first["source_id"].map(practice)), table_kinds(PRIMARY_REFERRAL))
