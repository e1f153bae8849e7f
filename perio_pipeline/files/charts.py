"""The charts of each patient as PDF, side by side, kept in the data folder (requirement H3)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import asdict
from typing import Any

import pandas as pd

from perio_pipeline.files import pdf
from perio_pipeline.files.charting import drawing
from perio_pipeline.files.charting.model import Chart, Patient
from perio_pipeline.files.frames import CHART
from perio_pipeline.files.letters import Paper
from perio_pipeline.files.shelf import Shelf
from perio_pipeline.panda.frames import table_kinds, typed_frame

_KINDS = table_kinds(CHART)


def chart_files(
    charts: Iterable[pd.DataFrame], patients: pd.DataFrame, paper: Paper, shelf: Shelf
) -> Iterator[pd.DataFrame]:
    """Draw the charts of each patient as one PDF, piece by piece.

    Args:
        charts: pieces of `clinical/exam_chart`, the charts of a patient together and in their order; one that may be
            empty at least.
        patients: `validated/patient`.
        paper: what they are drawn on.
        shelf: where the files are kept.

    Returns:
        Pieces with the columns of `frames.CHART`, a row per patient.
    """
    people = patients.set_index("patient_id")[["first_name", "last_name", "birth_date"]]
    known = people.astype(object).where(people.notna(), None).to_dict("index")
    for piece in charts:
        rows = piece.astype(object).where(piece.notna(), None)
        groups = rows.groupby("patient_id", sort=False)
        yield typed_frame(
            _KINDS,
            (_file(str(key), group.to_dict("records"), known.get(str(key), {}), paper, shelf) for key, group in groups),
        )


def _file(
    patient_id: str, rows: list[dict[Any, Any]], person: dict[Any, Any], paper: Paper, shelf: Shelf
) -> dict[str, object]:
    charts = [Chart.of(row) for row in rows]
    names = [person[name] for name in ("first_name", "last_name") if person.get(name)]
    patient = Patient(patient_id, " ".join(names), person.get("birth_date"))
    made_of = {"rendering": drawing.RENDERING, "charts": [asdict(chart) for chart in charts]}
    made_of |= {"patient": asdict(patient), "paper": asdict(paper)}
    stored = shelf.keep(made_of, lambda: drawing.draw(charts, patient, paper.letterhead, paper.author, paper.country))
    return {
        "patient_id": patient_id,
        "last_charted": charts[-1].exam_date,
        "charts": len(charts),
        "path": str(stored.path),
        "bytes": stored.bytes,
        "sha256": stored.sha256,
        "content_type": pdf.CONTENT_TYPE,
    }
