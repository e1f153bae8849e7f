"""Which patients are loaded, which are merged into another record of the same person, and which are left out.

The law: every valid patient has exactly one disposition, and a merged patient's survivor is loaded.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd

from perio_pipeline.panda.frames import table_kinds
from perio_pipeline.validation.frames import PATIENT_IDENTITY
from perio_pipeline.validation.kinds import as_kinds
from perio_pipeline.validation.names import map_distinct, name_key

TEST_NAMES = frozenset({"test", "testing", "zztest", "testpatient", "dummy", "dummypatient"})
"""Name keys that mark a record as a test wherever they stand."""

TEST_PAIR_NAMES = TEST_NAMES | {"patient", "sample", "demo", "fake", "donotuse"}
"""Name keys that mark a record as a test when first and last name are both among them."""


@dataclass(frozen=True)
class PatientPolicies:
    """What the practice decided about its patients. Deleted and test patients are never loaded.

    Attributes:
        deceased, archived: whether these are loaded.
        same_patients: ids of records that a person found to be one patient.
        different_patients: pairs of ids that a person found to be two, so that they are not listed again.
    """

    deceased: Literal["load", "skip"] = "load"
    archived: Literal["load", "skip"] = "load"
    same_patients: tuple[tuple[str, ...], ...] = ()
    different_patients: tuple[tuple[str, str], ...] = ()


def patient_identity(patient: pd.DataFrame, policies: PatientPolicies) -> pd.DataFrame:
    """Give every valid patient a survivor and a disposition.

    Certain duplicates have the same last and first name (case, accents and punctuation aside), birth date and account,
    all of them known; others are merged only where a person decided so. The earliest created survives, then the lowest
    id. Skipped patients neither merge nor survive.

    Args:
        patient: valid `patient` rows.
        policies: the practice's decisions.

    Returns:
        One row per patient, in the same order (`frames.PATIENT_IDENTITY`).
    """
    people = _people(patient)
    reason = _skip_reasons(patient, people, policies)
    current = people[(reason == "").to_numpy()]
    certain = _survivors(current)
    survivor = _joined(current, certain, policies.same_patients).reindex(people.index).fillna(people["patient_id"])
    merged = survivor != people["patient_id"]
    by_decision = merged & (survivor != certain.reindex(people.index))
    reason = reason.mask(merged, "certain_duplicate").mask(by_decision, "decided_duplicate")
    disposition = np.select([merged, reason != ""], ["merged", "skipped"], "load")
    found = {"patient_id": people["patient_id"], "survivor_id": survivor, "disposition": disposition, "reason": reason}
    return as_kinds(pd.DataFrame(found), table_kinds(PATIENT_IDENTITY))


def loaded_patients(patient: pd.DataFrame, identity: pd.DataFrame) -> pd.DataFrame:
    """Return the rows of patients whose disposition is load."""
    loaded = identity.loc[identity["disposition"] == "load", "patient_id"]
    return patient[patient["patient_id"].isin(loaded)]


def _people(patient: pd.DataFrame) -> pd.DataFrame:
    people = patient[["patient_id", "account_id", "birth_date", "created_at"]].reset_index(drop=True)
    names = patient[["first_name", "last_name"]].reset_index(drop=True)
    return people.assign(
        first=map_distinct(names["first_name"], name_key), last=map_distinct(names["last_name"], name_key)
    )


def _skip_reasons(patient: pd.DataFrame, people: pd.DataFrame, policies: PatientPolicies) -> pd.Series:
    status = patient["status"].reset_index(drop=True)
    first, last = people["first"], people["last"]
    test = first.isin(TEST_NAMES) | last.isin(TEST_NAMES) | (first.isin(TEST_PAIR_NAMES) & last.isin(TEST_PAIR_NAMES))
    skipped = {
        "deleted": status == "deleted",
        "test_patient": test,
        "deceased": (status == "deceased") & (policies.deceased == "skip"),
        "archived": (status == "archived") & (policies.archived == "skip"),
    }
    return pd.Series(np.select(list(skipped.values()), list(skipped), ""), index=people.index, dtype="str")


def _survivors(people: pd.DataFrame) -> pd.Series:
    """Return the survivor's id for the people whose whole key is known."""
    key = ["last", "first", "birth_date", "account_id"]
    known = people.dropna(subset=key).sort_values(["created_at", "patient_id"], na_position="last")
    return known.groupby(key, sort=False)["patient_id"].transform("first")


def _joined(people: pd.DataFrame, certain: pd.Series, decided: Sequence[Sequence[str]]) -> pd.Series:
    """Return survivors after the decisions: who stands for a record there stands for all that are joined with it."""
    rank = people.sort_values(["created_at", "patient_id"], na_position="last")["patient_id"].tolist()
    order = {patient: place for place, patient in enumerate(rank)}
    survivor = dict(zip(people["patient_id"], certain.reindex(people.index).fillna(people["patient_id"]), strict=True))
    for ids in decided:
        joined = {survivor[patient] for patient in ids if patient in survivor}
        if joined:
            first = min(joined, key=order.__getitem__)
            survivor = {patient: first if other in joined else other for patient, other in survivor.items()}
    return people["patient_id"].map(survivor)
