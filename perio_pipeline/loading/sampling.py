"""Chooses the patients of a sample migration so that together they show everything the full one will (requirement P5).

Strata come from the shaped frames themselves: every field that is filled for somebody, every choice that occurs, how
many records of each object a patient has, and every account. So a new field is covered without a word here.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Mapping as Dictionary

import pandas as pd

from perio_pipeline.loading.payloads import LINK
from perio_pipeline.mapping.model import Mapping
from perio_pipeline.mapping.rows import PATIENT
from perio_pipeline.panda import canonical as c
from perio_pipeline.panda.canonical import Table
from perio_pipeline.panda.frames import table_kinds, typed_frame

SAMPLE = Table(
    "sample",
    ("object", "source_key"),
    (c.identifier("object", "the destination object"), c.identifier("source_key", "a record of the sample")),
    "The records of a sample migration.",
)
SAMPLE_KINDS = table_kinds(SAMPLE)
BUCKETS = ((1, "none"), (2, "one"), (4, "a few"), (8, "several"))

Shaped = Dictionary[str, pd.DataFrame]


def patient_object(mapping: Mapping) -> str:
    """Return the object whose records are the patients."""
    return next(name for name, obj in mapping.objects.items() if obj.rows == PATIENT)


def choose(mapping: Mapping, shaped: Shaped, size: int) -> set[str]:
    """Return the source keys of at most `size` patients that cover as many strata as so many can; always the same."""
    strata = _strata(mapping, shaped)
    by_patient: dict[str, set[str]] = defaultdict(set)
    for stratum, patients in strata.items():
        for patient in patients:
            by_patient[patient].add(stratum)
    chosen: set[str] = set()
    open_strata = set(strata)
    while open_strata and len(chosen) < size:
        # The rarest stratum has the fewest ways to be covered, so it is served first, by whoever covers most besides.
        rarest = min(open_strata, key=lambda stratum: (len(strata[stratum]), stratum))
        best = max(sorted(strata[rarest]), key=lambda patient: len(by_patient[patient] & open_strata))
        chosen.add(best)
        open_strata -= by_patient[best]
    everyone = sorted(shaped[patient_object(mapping)]["source_key"], key=_shuffle)
    for patient in everyone:
        if len(chosen) >= size:
            break
        chosen.add(patient)
    return chosen


def uncovered(mapping: Mapping, shaped: Shaped, chosen: set[str]) -> list[str]:
    """Return the strata that no chosen patient shows; field names and codes, no patient values."""
    return sorted(stratum for stratum, patients in _strata(mapping, shaped).items() if not patients & chosen)


def sample_frame(mapping: Mapping, shaped: Shaped, chosen: set[str]) -> pd.DataFrame:
    """Return every record (object, source_key) that belongs to the chosen patients, with the parents they link to.

    Objects that nothing links to and that link to nothing, such as providers, belong to every sample.
    """
    root = patient_object(mapping)
    keys: dict[str, set[str]] = defaultdict(set, {root: chosen})
    linked = {link.object for name in mapping.objects for link in mapping.relations(name).values()}
    for name, obj in mapping.objects.items():  # parents first, so that what hangs on a plan comes with it
        frame = shaped[name]
        for link, target in mapping.relations(name).items():
            if name != root and obj.account == "patient":
                keys[name] |= set(frame.loc[frame[LINK + link].isin(keys[target.object]), "source_key"])
        if not mapping.relations(name) and name not in linked:
            keys[name] |= set(frame["source_key"])
    for name in reversed(mapping.objects):  # children first, so that parents' parents come along
        frame = shaped[name]
        mine = frame[frame["source_key"].isin(keys[name])]
        for link, target in mapping.relations(name).items():
            if target.object != root:
                keys[target.object] |= set(mine[LINK + link].dropna())
    return typed_frame(
        SAMPLE_KINDS, ({"object": name, "source_key": key} for name in mapping.objects for key in sorted(keys[name]))
    )


def _strata(mapping: Mapping, shaped: Shaped) -> dict[str, set[str]]:
    """Stratum → the patients that show it."""
    root = patient_object(mapping)
    strata: dict[str, set[str]] = defaultdict(set)
    everyone = set(shaped[root]["source_key"])
    for name, obj in mapping.objects.items():
        frame = shaped[name]
        link = next((LINK + field for field, target in obj.links.items() if target.object == root), None)
        if name != root and link is None:
            continue
        patients = frame["source_key"] if link is None else frame[link]
        for account, group in patients.groupby(frame["account"]):
            strata[f"{name} in account {account}"] |= set(group) & everyone
        for field, entry in obj.all_fields():
            filled = frame[field].notna()
            strata[f"{name}.{field} filled"] |= set(patients[filled]) & everyone
            if entry.choices:
                for label, group in patients[filled].groupby(frame[field]):
                    strata[f"{name}.{field} is {label}"] |= set(group) & everyone
        if link is not None:
            counts = patients.value_counts()
            for patient in everyone:
                strata[f"{_bucket(int(counts.get(patient, 0)))} of {name}"].add(patient)
    return {stratum: patients for stratum, patients in strata.items() if patients}


def _bucket(count: int) -> str:
    return next((word for below, word in BUCKETS if count < below), "many")


def _shuffle(key: str) -> str:
    return hashlib.sha256(key.encode()).hexdigest()
