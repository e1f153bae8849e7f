"""Who referred whom: the referral that brought each patient, and how much each referrer refers."""

from __future__ import annotations

import pandas as pd

from perio_pipeline.panda.frames import table_kinds
from perio_pipeline.validation.frames import PRIMARY_REFERRAL, REFERRER_VOLUME
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
    incoming = _incoming(referral, identity)
    incoming = incoming.assign(secondary=~incoming["is_primary"].fillna(False))
    order = ["secondary", "referral_date", "referral_id"]
    first = incoming.sort_values(order, na_position="last").drop_duplicates("patient_id").sort_values("patient_id")
    practice = members.set_index("source_id")["practice_id"]
    return as_kinds(first.assign(practice_id=first["source_id"].map(practice)), table_kinds(PRIMARY_REFERRAL))


def referrer_volume(referral: pd.DataFrame, identity: pd.DataFrame) -> pd.DataFrame:
    """Count each referrer's incoming referrals; a patient referred twice by the same counts once.

    Args:
        referral: valid `referral` rows.
        identity: `frames.PATIENT_IDENTITY`.

    Returns:
        One row per referrer that referred anybody, by its key (`frames.REFERRER_VOLUME`).
    """
    by_source = _incoming(referral, identity).groupby("source_id", as_index=False, sort=True)
    counted = by_source.agg(
        referrals=("patient_id", "nunique"),
        first_referral_date=("referral_date", "min"),
        last_referral_date=("referral_date", "max"),
    )
    return as_kinds(counted, table_kinds(REFERRER_VOLUME))


def _incoming(referral: pd.DataFrame, identity: pd.DataFrame) -> pd.DataFrame:
    """Referrals of patients that are loaded; those of merged patients are their survivor's."""
    going = identity[identity["disposition"] != "skipped"]
    survivor = going.set_index("patient_id")["survivor_id"]
    incoming = referral[referral["direction"] == "from"]
    return incoming.assign(patient_id=incoming["patient_id"].map(survivor)).dropna(subset=["patient_id"])
