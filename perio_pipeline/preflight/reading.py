"""Reads from PANDA what the checks of the records need: keys, codes and sizes; texts are compared, never kept."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd

from perio_pipeline.crm.protocol import FileLimits
from perio_pipeline.files.fitting import StorageNeed, storage_need
from perio_pipeline.mapping.rows import PATIENT, Router
from perio_pipeline.panda.frames import TEXT
from perio_pipeline.panda.own_findings import OwnFinding, folded, proposal, unfit
from perio_pipeline.panda.source import PandaSource
from perio_pipeline.panda.tables import TABLES
from perio_pipeline.preflight.records import Crosswalk
from perio_pipeline.richtext.document import Document, Table
from perio_pipeline.richtext.reading import read

CLINICAL = (
    "perio_exam",
    "perio_diagnosis",
    "treatment_plan",
    "clinical_note",
    "letter",
    "image_reference",
    "practice_finding",
)
"""Tables whose rows say that a patient was treated."""

PLACED = ["image_id", "patient_id", "taken_date", "bytes"]


@dataclass(frozen=True)
class Patients:
    """Patients by key.

    Attributes:
        offices: patient → office.
        bridged: patient → key of the practice management system.
        treated: those with anything clinical.
    """

    offices: pd.DataFrame
    bridged: Mapping[str, str]
    treated: frozenset[str]


def read_patients(source: PandaSource) -> Patients:
    """Read who came over the bridge and who was treated."""
    frame = _columns(source, "patient", ["patient_id", "bridge_id", "office"])
    bridged = frame[frame["bridge_id"].notna()]
    treated = {
        str(key)
        for table in CLINICAL
        for piece in source.chunks(TABLES[table], only=["patient_id"])
        for key in piece["patient_id"].dropna().unique()
    }
    keys = dict(zip(bridged["patient_id"].astype(str), bridged["bridge_id"].astype(str), strict=True))
    return Patients(frame[["patient_id", "office"]], keys, frozenset(treated))


RARE = 3
"""From how many rows on a finding's name is the practice's vocabulary."""


@dataclass(frozen=True)
class OwnFindings:
    """The findings that only this practice records, beside those that its file declares.

    Attributes:
        declared: name → rows.
        undeclared: name → rows, of those that reach no CRM.
        rare: how many other undeclared names there are, each with fewer than `RARE` rows. What is recorded so seldom
            may be anything that somebody typed, so it is counted and not shown (PHI).
        unfit: declared name → rows whose value is not what it is declared to be.
        proposals: a ready-made entry for each undeclared one.
    """

    declared: Mapping[str, int]
    undeclared: Mapping[str, int]
    rare: int
    unfit: Mapping[str, int]
    proposals: tuple[str, ...]


def read_findings(source: PandaSource, declared: Mapping[str, OwnFinding]) -> OwnFindings:
    """Compare what the practice records on its own with what its file declares."""
    rows = _columns(source, "practice_finding", ["name", "value"]).astype(TEXT)
    rows = rows.dropna(subset=["name"]).assign(folded=folded(rows["name"]))
    names = dict(zip(folded(pd.Series(list(declared), dtype=TEXT)), declared, strict=True))
    of = {name: rows.loc[rows["folded"] == each, "value"] for each, name in names.items()}
    undeclared = [group for _, group in rows[~rows["folded"].isin(names)].groupby("folded")]
    others = {
        " ".join(str(group["name"].iloc[0]).split()): group["value"] for group in undeclared if len(group) >= RARE
    }
    counts = {name: int(unfit(declared[name], values).sum()) for name, values in of.items()}
    return OwnFindings(
        {name: len(values) for name, values in of.items()},
        {name: len(values) for name, values in others.items()},
        len(undeclared) - len(others),
        {name: number for name, number in counts.items() if number},
        tuple(proposal(name, values) for name, values in others.items()),
    )


def read_crosswalk(source: PandaSource) -> Crosswalk:
    """Compare the codes of treatment plans with the words of their lines and letters."""
    procedures = _columns(source, "procedure_code", ["code", "label"])
    labels = {_folded(code): _folded(label) for code, label in procedures.itertuples(index=False)}
    found, plans = Crosswalk(), dict[str, set[str]]()
    for piece in source.chunks(TABLES["treatment_item"], only=["plan_id", "procedure_code", "description"]):
        for plan, code, description in piece[["plan_id", "procedure_code", "description"]].itertuples(index=False):
            named, said = _folded(code), _folded(description)
            _count(found, labels, named, said)
            plans.setdefault(str(plan), set()).update({named, said, labels.get(named, "")} - {""})
    for piece in source.chunks(TABLES["letter"], only=["plan_id", "body"]):
        for plan, body in piece[["plan_id", "body"]].dropna().itertuples(index=False):
            text = _folded(_text(read(str(body))))
            found.letters += 1
            found.silent += not any(words in text for words in plans.get(str(plan), ()))
    return found


def read_storage(source: PandaSource, router: Router, limits: Mapping[str, FileLimits]) -> dict[str, StorageNeed]:
    """What the images that PANDA lists need in each account, by the sizes that it recorded."""
    images = _columns(source, "image_reference", PLACED).rename(columns={"image_id": "file_id", "taken_date": "date"})
    images = images[images["bytes"].notna()].assign(kind="radiograph", problem=None)
    images["date"] = pd.to_datetime(images["date"], errors="coerce")
    images["bytes"] = images["bytes"].astype("int64")
    offices = _columns(source, "patient", ["patient_id", "office"])
    accounts = images["patient_id"].map(router.route({PATIENT: offices}).groupby(level=0).first())
    images["account"] = accounts.fillna(router.default)
    return {name: storage_need(images[images["account"] == name], each) for name, each in limits.items()}


def _count(found: Crosswalk, labels: Mapping[str, str], code: str, description: str) -> None:
    found.items += 1
    shown = code.upper()
    if not code:
        found.uncoded += 1
    elif code not in labels:
        found.strange[shown] = found.strange.get(shown, 0) + 1
    elif description and description != labels[code]:
        found.differing[shown] = found.differing.get(shown, 0) + 1


def _columns(source: PandaSource, table: str, columns: list[str]) -> pd.DataFrame:
    return pd.concat(source.chunks(TABLES[table], only=columns), ignore_index=True)[columns]


def _text(document: Document) -> str:
    """All words of a text, those in its tables too."""
    parts = []
    for block in document.blocks:
        cells = [cell for row in block.rows for cell in row] if isinstance(block, Table) else [block]
        parts += [cell.text for cell in cells]
    return " ".join(parts)


def _folded(text: object) -> str:
    return "" if pd.isna(text) else " ".join(str(text).split()).casefold()  # type: ignore[call-overload]
