"""Pairs of patients a person should look at: born on one day, with names that may be one. Nothing is merged here."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from itertools import combinations

import numpy as np
import pandas as pd

from perio_pipeline.panda.frames import table_kinds, typed_frame
from perio_pipeline.validation.frames import LIKELY_DUPLICATE
from perio_pipeline.validation.kinds import as_kinds
from perio_pipeline.validation.names import map_distinct, name_key, similar

_PAIR = ["patient_id", "other_id"]


def likely_duplicates(patient: pd.DataFrame, decided: Collection[Sequence[str]] = ()) -> pd.DataFrame:
    """Find pairs that share the birth date and may share the name; certain duplicates are not among them.

    Reasons: `same_name` (another account, or none), `swapped_names`, `similar_first_name` (same last name),
    `similar_last_name` (same first name). Deleted patients are left out.

    Args:
        patient: valid `patient` rows.
        decided: ids that a person found to be one patient, or two; pairs of them are left out.

    Returns:
        One row per pair, ordered by ids (`frames.LIKELY_DUPLICATE`).
    """
    people = _people(patient)
    found = [
        _same_name(people),
        _pairs(people, ["birth_date", "first", "last"], ["birth_date", "last", "first"], "swapped_names"),
        _similar(people, same="last", compared="first", reason="similar_first_name"),
        _similar(people, same="first", compared="last", reason="similar_last_name"),
    ]
    pairs = pd.concat([typed_frame(table_kinds(LIKELY_DUPLICATE)), *found], ignore_index=True)
    known = {pair for ids in decided for pair in combinations(sorted(ids), 2)}
    listed = [pair not in known for pair in pairs[_PAIR].itertuples(index=False, name=None)]
    pairs = pairs[np.array(listed, dtype=bool)]
    pairs = pairs.drop_duplicates(_PAIR).sort_values(_PAIR, ignore_index=True)
    return as_kinds(pairs, table_kinds(LIKELY_DUPLICATE))


def _people(patient: pd.DataFrame) -> pd.DataFrame:
    kept = patient[patient["status"] != "deleted"]
    return pd.DataFrame(
        {
            "patient_id": kept["patient_id"],
            "account_id": kept["account_id"],
            "birth_date": kept["birth_date"],
            "first": map_distinct(kept["first_name"], name_key),
            "last": map_distinct(kept["last_name"], name_key),
        }
    ).dropna(subset=["birth_date", "first", "last"])


def _same_name(people: pd.DataFrame) -> pd.DataFrame:
    pairs = _joined(people, ["birth_date", "first", "last"], ["birth_date", "first", "last"])
    same_account = (pairs["account_id"] == pairs["other_account_id"]) & pairs["account_id"].notna()
    return _labelled(pairs[~same_account], "same_name")


def _similar(people: pd.DataFrame, *, same: str, compared: str, reason: str) -> pd.DataFrame:
    key = ["birth_date", same]
    pairs = _joined(people, key, key)
    one, other = pairs[compared].tolist(), pairs[f"other_{compared}"].tolist()
    alike = [left != right and similar(left, right) for left, right in zip(one, other, strict=True)]
    return _labelled(pairs[np.array(alike, dtype=bool)], reason)


def _pairs(people: pd.DataFrame, key: Sequence[str], other_key: Sequence[str], reason: str) -> pd.DataFrame:
    pairs = _joined(people, key, other_key)
    return _labelled(pairs[pairs["first"] != pairs["last"]], reason)


def _joined(people: pd.DataFrame, key: Sequence[str], other_key: Sequence[str]) -> pd.DataFrame:
    """Join people with others on the keys, each pair once."""
    repeated = people[people.duplicated(list(key), keep=False)] if list(key) == list(other_key) else people
    others = repeated.add_prefix("other_")
    pairs = repeated.merge(others, left_on=list(key), right_on=[f"other_{name}" for name in other_key])
    return pairs[pairs["patient_id"] < pairs["other_patient_id"]]


def _labelled(pairs: pd.DataFrame, reason: str) -> pd.DataFrame:
    named = pairs.rename(columns={"other_patient_id": "other_id"})[_PAIR]
    return as_kinds(named.assign(reason=reason), table_kinds(LIKELY_DUPLICATE))
