"""The charts of each patient that stand side by side, each written on a few lines of text (`panda.chartcode`).

Patients come in pieces, since sites are many: each piece reads no more of them than its own.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import duckdb
import numpy as np
import numpy.typing as npt
import pandas as pd

from perio_pipeline.clinical.columnar import Limits, Source, chart_database
from perio_pipeline.clinical.comparison import changes, classified, shown_exams
from perio_pipeline.clinical.frames import EXAM_CHART, conform
from perio_pipeline.panda import chartcode
from perio_pipeline.panda.chartcode import NONE, PLACES, SIDES, TEETH, Numbers
from perio_pipeline.panda.tables import SITES

PIECE = 1_000
"""Patients whose charts are in memory at once."""

_SITES = f"""
SELECT
    n - 1 AS exam,
    (tooth - 1) * {len(SITES)} + list_position({list(SITES)}, site) - 1 AS place,
    coalesce(depth, {NONE})::SMALLINT AS depth,
    depth_state = 'not_assessable' AS unassessable,
    coalesce(margin, {NONE})::SMALLINT AS margin,
    coalesce(cal, {NONE})::SMALLINT AS loss,
    CASE WHEN bleeding IS NULL AND suppuration IS NULL THEN {NONE}
        ELSE coalesce(bleeding, false)::SMALLINT * {chartcode.BLEEDING}
            + coalesce(suppuration, false)::SMALLINT * {chartcode.PUS} END::SMALLINT AS marks
FROM site
"""

_TEETH = f"""
SELECT
    n - 1 AS exam, tooth - 1 AS place, status,
    coalesce(CASE WHEN status = 'present' THEN (mobility * 2)::SMALLINT END, {NONE}) AS mobility,
    {", ".join(f"coalesce(furcation_{side}, {NONE})::SMALLINT AS {side}" for side in SIDES)}
FROM tooth_source JOIN mouth USING (exam_id)
"""

_EXAM = ["exam_id", "patient_id", "exam_date", "exam_type"]
_STATES = {"present": chartcode.PRESENT, "missing": chartcode.MISSING, "implant": chartcode.IMPLANT}
_Flags = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Charted:
    """What the charts that stand side by side are made of.

    Attributes:
        sites, teeth: validated `perio_site` and `perio_tooth`.
        exams: validated `perio_exam`.
        summaries: `EXAM_SUMMARY`.
        suggestions: `SUGGESTION`.
        diagnoses: validated `perio_diagnosis`.
        survivors: patient id → id of the patient it was merged into; an id that is not in it survives itself.
    """

    sites: Source
    teeth: Source
    exams: pd.DataFrame
    summaries: pd.DataFrame
    suggestions: pd.DataFrame
    diagnoses: pd.DataFrame
    survivors: pd.Series


def exam_charts(charted: Charted, *, limits: Limits | None = None, piece: int = PIECE) -> Iterator[pd.DataFrame]:
    """Write the charts that stand side by side.

    Args:
        charted: what they are made of.
        limits: what a query may take from the machine.
        piece: patients at once.

    Returns:
        Pieces of `EXAM_CHART`, in the order of patients and dates; one that is empty where there are none.
    """
    survivors = charted.survivors
    shown = shown_exams(charted.summaries, survivors)
    exams = classified(shown, charted.diagnoses, charted.suggestions, survivors)
    changed = charted.exams["modified_at"].fillna(charted.exams["created_at"])
    exams = exams.assign(charted_at=changed.set_axis(charted.exams["exam_id"]).reindex(exams["exam_id"]).to_numpy())
    patients = exams["patient_id"].unique()
    for start in range(0, max(len(patients), 1), piece):
        few = exams[exams["patient_id"].isin(patients[start : start + piece])].reset_index(drop=True)
        with chart_database(charted.sites, charted.teeth, few[_EXAM], limits or Limits()) as connection:
            charts = _read(connection, few)
        yield conform(few.assign(**_lines(charts, few)), EXAM_CHART)


@dataclass
class _Charts:
    """Arrays with a row per exam: of sites, of teeth, and of furcation entrances."""

    depth: Numbers
    margin: Numbers
    loss: Numbers
    marks: Numbers
    unassessable: _Flags
    state: npt.NDArray[np.uint8]
    mobility: Numbers
    furcation: Numbers


def _read(connection: duckdb.DuckDBPyConnection, exams: pd.DataFrame) -> _Charts:
    rows = len(exams)
    # `mouth` numbers the exams in an order of its own.
    numbered = connection.sql("SELECT exam_id, n - 1 AS n FROM mouth").df().set_index("exam_id")["n"]
    order = np.argsort(numbered.reindex(exams["exam_id"]).to_numpy()).astype(np.int64)
    found = connection.sql(_SITES).fetchnumpy()
    exam, place = order[found["exam"]] if rows else found["exam"], found["place"]

    def of_sites(name: str) -> Numbers:
        values = np.full((rows, PLACES), NONE, dtype=np.int16)
        values[exam, place] = found[name]
        return values

    unassessable = np.zeros((rows, PLACES), dtype=np.bool_)
    unassessable[exam, place] = found["unassessable"]
    toothed = connection.sql(_TEETH).fetchnumpy()
    owner, tooth = order[toothed["exam"]] if rows else toothed["exam"], toothed["place"]
    state = np.full((rows, TEETH), ord(chartcode.UNKNOWN), dtype=np.uint8)
    state[owner, tooth] = [ord(_STATES[status]) for status in toothed["status"]]
    mobility = np.full((rows, TEETH), NONE, dtype=np.int16)
    mobility[owner, tooth] = toothed["mobility"]
    furcation = np.full((rows, TEETH, len(SIDES)), NONE, dtype=np.int16)
    for number, side in enumerate(SIDES):
        furcation[owner, tooth, number] = np.where(toothed["status"] == "present", toothed[side], NONE)
    return _Charts(
        depth=of_sites("depth"),
        margin=of_sites("margin"),
        loss=of_sites("loss"),
        marks=of_sites("marks"),
        unassessable=unassessable,
        state=state,
        mobility=mobility,
        furcation=furcation.reshape(rows, TEETH * len(SIDES)),
    )


def _lines(charts: _Charts, exams: pd.DataFrame) -> dict[str, list[str]]:
    """Everything as text; changes are from the chart before, and from the first one shown."""
    rows = np.arange(len(exams))
    first = rows - (exams["place"].to_numpy(dtype=np.int64) - 1)
    before = np.maximum(rows - 1, first)
    is_implant = charts.state == ord(chartcode.IMPLANT)

    def since(values: Numbers, earlier: npt.NDArray[np.int64]) -> list[str]:
        same = np.repeat(is_implant[earlier] == is_implant, len(SITES), axis=1)
        return chartcode.written(changes(values[earlier], values, same))

    return {
        "depths": chartcode.written(charts.depth, charts.unassessable),
        "margins": chartcode.written(charts.margin),
        "losses": chartcode.written(charts.loss),
        "marks": chartcode.written(charts.marks),
        "teeth": chartcode.lines(charts.state),
        "mobilities": chartcode.written(charts.mobility),
        "furcations": chartcode.written(charts.furcation),
        "depth_changes": since(charts.depth, before),
        "depth_changes_overall": since(charts.depth, first),
        "loss_changes": since(charts.loss, before),
        "loss_changes_overall": since(charts.loss, first),
    }
