"""The rows of a destination object: base frame, joins, conditions, and the account each row goes to."""

from __future__ import annotations

from collections.abc import Mapping as Dictionary
from dataclasses import dataclass
from datetime import date
from typing import Any

import pandas as pd

from perio_pipeline.mapping.model import Join, Mapping, ObjectMap, Select
from perio_pipeline.panda.canonical import Kind
from perio_pipeline.panda.frames import PANDAS_TYPES, TEXT, typed_frame

PATIENT = "validated/patient"
IDENTITY = "validated/patient_identity"
LEFT_OUT_KINDS = {"source_key": Kind.TEXT, "category": Kind.TEXT, "reason": Kind.TEXT}

Frames = Dictionary[str, pd.DataFrame]


@dataclass(frozen=True)
class Router:
    """Which account a patient's records go to, by the patient's office; the first account takes all others."""

    offices: Dictionary[str, str]
    default: str

    @property
    def accounts(self) -> list[str]:
        """Every account, once."""
        return sorted({self.default, *self.offices.values()})

    def route(self, frames: Frames) -> pd.Series[str]:
        """Return patient_id → account for every valid patient."""
        patients = frames[PATIENT]
        accounts = patients["office"].map(dict(self.offices)).astype(TEXT).fillna(self.default)
        return pd.Series(accounts.to_numpy(), index=patients["patient_id"].to_numpy(), dtype=str)


@dataclass(frozen=True)
class Rows:
    """The rows of an object.

    Attributes:
        frame: base columns, `alias.column` of every join, `account`; one row per record and account.
        left_out: source_key, category (as in `Select`), reason; one row per base row without a record.
    """

    frame: pd.DataFrame
    left_out: pd.DataFrame


def source_key(frame: pd.DataFrame, key: tuple[str, ...]) -> pd.Series[str]:
    """Join the key columns with `|`."""
    joined = frame[key[0]].astype(str)
    for column in key[1:]:
        joined = joined + "|" + frame[column].astype(str)
    return joined


def follow_survivors(frame: pd.DataFrame, frames: Frames) -> pd.DataFrame:
    """Give the rows of a merged patient to the patient that stays."""
    identity = frames[IDENTITY]
    survivors = dict(zip(identity["patient_id"], identity["survivor_id"], strict=True))
    patients = frame["patient_id"]
    return frame.assign(patient_id=patients.map(survivors).fillna(patients))


def frames_of(name: str, mapping: Mapping) -> list[str]:
    """Every frame that `build_rows` needs for an object, once."""
    obj = mapping.objects[name]
    linking = [
        other
        for other in mapping.objects
        if obj.account == "linked" and any(link.object == name for link in mapping.relations(other).values())
    ]
    beyond = [frame for other in linking for frame in frames_of(other, mapping)]
    return list(dict.fromkeys([PATIENT, IDENTITY, *obj.frames(), *beyond]))


def build_rows(name: str, mapping: Mapping, frames: Frames, router: Router) -> Rows:
    """Join, select and route the rows of one object."""
    obj = mapping.objects[name]
    selected, left_out = _selected(obj, frames)
    absence = mapping.absence(name)
    if absence:
        left_out = pd.concat([left_out, _left_out(obj, selected, absence.category, absence.reason)])
        selected = selected.iloc[:0]
    if obj.account == "linked":
        selected = _fan_out(selected, name, mapping, frames, router)
    elif obj.account == "every":
        everywhere = pd.DataFrame({"account": router.accounts}, dtype=TEXT)
        selected = selected.merge(everywhere, how="cross")
    else:
        accounts = router.route(frames)
        selected = selected.assign(account=selected[obj.patient].map(accounts).fillna(router.default))
    if obj.order:
        selected = selected.sort_values(obj.order, kind="stable")
    return Rows(selected.reset_index(drop=True), left_out.reset_index(drop=True))


def _selected(obj: ObjectMap, frames: Frames) -> tuple[pd.DataFrame, pd.DataFrame]:
    rows = _own(obj.rows, frames).reset_index(drop=True)
    for alias, join in obj.join.items():
        rows = _join(rows, alias, join, frames)
    left_out = [typed_frame(LEFT_OUT_KINDS)]
    for condition in obj.select:
        passes = _passes(rows[condition.column], condition)
        out = rows[~passes]
        reason = out[condition.reason[1:]] if condition.reason.startswith("=") else condition.reason
        left_out.append(_left_out(obj, out, condition.category, reason))
        rows = rows[passes]
    return rows, pd.concat(left_out)


def _passes(value: Any, condition: Select) -> Any:
    if condition.among:
        return value.isin(condition.among)
    if isinstance(condition.since, date):
        return value.isna() | (value >= pd.Timestamp(condition.since))
    if isinstance(condition.before, date):
        return value < pd.Timestamp(condition.before)
    if condition.since or condition.before:
        raise ValueError(f"the switch of the condition on {condition.column} is not decided")
    return value.notna()


def _left_out(obj: ObjectMap, rows: pd.DataFrame, category: str, reason: Any) -> pd.DataFrame:
    columns = {"source_key": source_key(rows, obj.key), "category": category, "reason": reason}
    types = {name: PANDAS_TYPES[kind] for name, kind in LEFT_OUT_KINDS.items()}
    return pd.DataFrame(columns, index=rows.index).astype(types)


def _own(name: str, frames: Frames) -> pd.DataFrame:
    """A frame with its patients resolved; the frames about patients themselves stay as they are."""
    frame = frames[name]
    about_patients = name in (PATIENT, IDENTITY) or frame.columns[0] == "patient_id"
    return frame if about_patients or "patient_id" not in frame.columns else follow_survivors(frame, frames)


def _join(rows: pd.DataFrame, alias: str, join: Join, frames: Frames) -> pd.DataFrame:
    right = _own(join.frame, frames)
    for column, value in join.where.items():
        right = right[right[column].isin(value if isinstance(value, tuple) else [value])]
    keys = list(join.on.values())
    right = right.dropna(subset=keys)
    if join.latest:
        # Ties go to the row that comes last in source order, so that the choice is always the same.
        right = right.sort_values(join.latest, na_position="first", kind="stable").drop_duplicates(keys, keep="last")
    right = right.rename(columns={column: f"{alias}.{column}" for column in right.columns})
    return rows.merge(
        right,
        how="left",
        left_on=list(join.on),
        right_on=[f"{alias}.{key}" for key in keys],
        validate="many_to_one",
        sort=False,
    )


def _fan_out(rows: pd.DataFrame, name: str, mapping: Mapping, frames: Frames, router: Router) -> pd.DataFrame:
    """One row per account in which another object links to the record; the default account where none does."""
    pairs = [pd.DataFrame({"by": [], "account": []}, dtype=TEXT)]
    for other in mapping.objects:
        for link in (link for link in mapping.relations(other).values() if link.object == name):
            linking = build_rows(other, mapping, frames, router).frame
            pairs.append(pd.DataFrame({"by": linking[link.by], "account": linking["account"]}))
    needed = pd.concat(pairs).dropna().drop_duplicates()
    (key,) = mapping.objects[name].key
    merged = rows.merge(needed, how="left", left_on=key, right_on="by", sort=False).drop(columns="by")
    return merged.assign(account=merged["account"].astype(TEXT).fillna(router.default))
