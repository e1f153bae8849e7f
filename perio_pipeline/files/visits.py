"""A patient's earlier visits as one PDF, for destinations that take only the later ones as events (requirement F5)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from datetime import date
from typing import Any

import pandas as pd

from perio_pipeline.files import pdf
from perio_pipeline.files.document import Block, Document, Paragraph, Run
from perio_pipeline.files.frames import VISIT_HISTORY
from perio_pipeline.files.letters import Paper
from perio_pipeline.files.pdf import About, UnprintableError
from perio_pipeline.files.reading import read
from perio_pipeline.files.shelf import Shelf
from perio_pipeline.panda.frames import table_kinds, typed_frame

_NAMES = ("first_name", "last_name")
_INDENT = 12.0


def history_files(
    visits: pd.DataFrame,
    patients: pd.DataFrame,
    providers: pd.DataFrame,
    before: date | None,
    paper: Paper,
    shelf: Shelf,
) -> pd.DataFrame:
    """Set the visits before a day as one PDF per patient.

    Args:
        visits: `validated/appointment`, those of merged patients under the patient that stays.
        patients: `validated/patient`.
        providers: `validated/provider`.
        before: the day; None where no file is wanted, so that it is only said how far back the visits go.
        paper: what they are set on.
        shelf: where the files are kept.

    Returns:
        The columns of `frames.VISIT_HISTORY`, a row per patient with a dated visit.
    """
    people = patients.set_index("patient_id")
    staff = providers.set_index("provider_id")[list(_NAMES)].fillna("").agg(" ".join, axis=1).str.strip()
    dated = visits[visits["starts_at"].notna()].sort_values(["starts_at", "appointment_id"], kind="stable")
    dated = dated.assign(provider=dated["provider_id"].map(staff))

    def rows() -> Iterator[dict[str, object]]:
        for patient_id, group in dated.groupby("patient_id", sort=True):
            row = {"patient_id": patient_id, "first_visit": group["starts_at"].iloc[0].normalize(), "state": "to_make"}
            older = group[group["starts_at"] < pd.Timestamp(before)] if before else group.iloc[:0]
            if older.empty or patient_id not in people.index:
                yield row
            else:
                yield row | _file(str(patient_id), people.loc[str(patient_id)], older, paper, shelf)

    return typed_frame(table_kinds(VISIT_HISTORY), rows())


def _file(patient_id: str, patient: Any, visits: pd.DataFrame, paper: Paper, shelf: Shelf) -> dict[str, object]:
    last = visits["starts_at"].iloc[-1]
    about = About(
        title="Visit history",
        author=paper.author,
        written=last.to_pydatetime(),
        subject="Visits from PANDA Perio",
        reference=f"PANDA patient {patient_id}, {len(visits)} visits to {last:%Y-%m-%d}",
        country=paper.country,
    )
    texts = visits.astype(object).where(visits.notna(), None).to_dict("records")
    document = Document((*_heading(patient_id, patient), *(block for visit in texts for block in _visit(visit))))
    made_of = {"rendering": pdf.RENDERING, "document": asdict(document), "about": asdict(about), "paper": asdict(paper)}
    try:
        stored = shelf.keep(made_of, lambda: pdf.render(document, about, paper.letterhead))
    except UnprintableError:
        return {"state": None, "problem": "visits_not_printable"}
    own = {"path": str(stored.path), "bytes": stored.bytes, "sha256": stored.sha256}
    return {"state": "made", "content_type": pdf.CONTENT_TYPE, **own}


def _heading(patient_id: str, patient: Any) -> Iterator[Block]:
    name = " ".join(str(patient[each]) for each in _NAMES if pd.notna(patient[each]))
    born = f", born {patient['birth_date']:%Y-%m-%d}" if pd.notna(patient["birth_date"]) else ""
    yield Paragraph((Run("Visit history"),), heading=1)
    yield Paragraph((Run(f"{name}{born} (PANDA patient {patient_id})"),))


def _visit(visit: dict[Any, Any]) -> Iterator[Block]:
    what = ": ".join(str(visit[each]) for each in ("visit_type", "procedure") if visit[each])
    when = f"{visit['starts_at']:%Y-%m-%d %H:%M}"
    rest = (str(visit["status"] or "").replace("_", " "), visit["provider"])
    yield Paragraph()
    yield Paragraph(
        (
            Run(" · ".join(part for part in (when, what) if part), bold=True),
            Run("".join(f" · {part}" for part in rest if part)),
        )
    )
    for paragraph in read(visit["notes"]).paragraphs() if visit["notes"] else ():
        if paragraph.text.strip():
            yield Paragraph((Run(paragraph.text),), indent=_INDENT)
