"""The frames this room hands out, each defined once: columns, types, meaning.

Dagster's column lists, the mapping files and the functions of this room all read these definitions. `conform` is the
last step of every function here. Numbers are null, never 0, where nothing was recorded that they could be computed
from.
"""

from __future__ import annotations

from functools import partial

import pandas as pd

from perio_pipeline.clinical.teeth import SEXTANTS
from perio_pipeline.panda.canonical import Column, Kind, Table
from perio_pipeline.panda.frames import PANDAS_TYPES, table_kinds
from perio_pipeline.panda.tables import CLASSIFICATIONS, PERIO_DIAGNOSIS, PERIO_EXAM, PHASES

CONFIDENCES = ("high", "medium", "low")
"""How far a suggestion can be trusted."""

TREATMENT_STAGES = ("diagnosis", "active_therapy", "reevaluation", "maintenance")
"""What a practice calls the stage of a case; both therapies of `PHASES` are active therapy."""

_text = partial(Column, kind=Kind.TEXT)
_integer = partial(Column, kind=Kind.INTEGER)
_decimal = partial(Column, kind=Kind.DECIMAL)
_boolean = partial(Column, kind=Kind.BOOLEAN)
_date = partial(Column, kind=Kind.DATE)
_datetime = partial(Column, kind=Kind.DATETIME)

_GRADES = PERIO_DIAGNOSIS.column("grade").choices
_EXTENTS = PERIO_DIAGNOSIS.column("extent").choices
_STAGES = tuple(code for code in CLASSIFICATIONS if code != "periodontitis")


def _id(name: str, description: str) -> Column:
    return _text(name=name, description=description, required=True, phi=False)


def _millimetres(name: str, description: str) -> Column:
    return _integer(name=name, description=f"{description}, mm")


EXAM_SUMMARY = Table(
    "exam_summary",
    ("exam_id",),
    (
        _id("exam_id", "the exam"),
        _id("patient_id", "the patient as charted, before duplicates are merged"),
        _date(name="exam_date", description="date of charting", required=True),
        _text(name="exam_type", description="kind of exam", choices=PERIO_EXAM.column("exam_type").choices),
        _integer(name="sites_probed", description="sites with a depth, teeth and implants", required=True),
        _decimal(name="bop_percent", description="bleeding sites among the probed, %, one decimal"),
        _decimal(name="mean_depth_mm", description="mean probing depth, teeth and implants, mm"),
        _millimetres("max_depth_mm", "deepest site, teeth and implants"),
        _integer(name="sites_4mm_up", description="sites of 4 mm and deeper"),
        _integer(name="sites_6mm_up", description="sites of 6 mm and deeper"),
        _decimal(name="mean_recession_mm", description="mean recession over charted margins, coronal ones as 0, mm"),
        _millimetres("max_recession_mm", "largest recession, 0 when every charted margin is coronal"),
        _decimal(name="mean_cal_mm", description="mean clinical attachment loss of natural teeth, mm"),
        _millimetres("max_cal_mm", "largest clinical attachment loss of natural teeth"),
        _millimetres("max_interdental_cal_mm", "largest attachment loss at an interdental site"),
        _integer(name="cal_sites", description="sites with depth and margin, which have an attachment loss"),
        _integer(name="suppuration_sites", description="sites with pus; null when pus was not charted"),
        _integer(name="teeth_present", description="natural teeth charted as present or probed"),
        _integer(name="teeth_missing", description="teeth charted as missing"),
        _integer(name="implants", description="implants"),
        _integer(name="max_furcation", description="worst furcation, Hamp degree"),
        _integer(name="teeth_with_furcation", description="teeth with a furcation of degree 1 or more"),
        _decimal(name="max_mobility", description="worst mobility, Miller grade"),
        *(
            _millimetres(f"s{sextant}_max_mm", f"deepest natural tooth of sextant {sextant}; null under two teeth")
            for sextant in SEXTANTS
        ),
        _text(name="probing_summary", description="deepest site of each sextant, '-' where not scored"),
    ),
    "One periodontal charting in figures.",
)

SUGGESTION = Table(
    "suggestion",
    ("exam_id",),
    (
        _id("exam_id", "the exam"),
        _id("patient_id", "the patient as charted, before duplicates are merged"),
        _date(name="exam_date", description="date of charting", required=True),
        _text(name="stage_suggested", description="diagnosis the chart supports", choices=_STAGES),
        _text(name="grade_suggested", description="grade, only with a stage", choices=_GRADES),
        _text(
            name="grade_basis", description="what decided the grade: default, progression, smoking, hba1c, joined by +"
        ),
        _text(name="extent_suggested", description="extent", choices=_EXTENTS),
        _text(name="confidence", description="how far the suggestion can be trusted", choices=CONFIDENCES),
        _text(name="basis", description="codes of what decided it and what limits it, joined by +"),
    ),
    "A classification computed from one charting. It stands beside what the clinician recorded, never in its place.",
)

RECORDED = Table(
    "recorded_classification",
    ("patient_id",),
    (
        _id("patient_id", "the patient as charted, before duplicates are merged"),
        _text(name="classification", description="diagnosis", required=True, choices=CLASSIFICATIONS),
        _text(name="grade", description="grade", choices=_GRADES),
        _text(name="extent", description="extent", choices=_EXTENTS),
        _datetime(name="diagnosed_at", description="when it was recorded", required=True),
        _text(name="exam_id", description="the exam it was made from", phi=False),
    ),
    "The latest classification a clinician recorded for a patient.",
)

PATIENT_SUMMARY = Table(
    "patient_summary",
    ("patient_id",),
    (
        _id("patient_id", "the surviving patient"),
        _text(name="last_exam_id", description="latest exam with a probed site; the figures are from it", phi=False),
        _date(name="last_exam_date", description="date of the latest exam of any kind"),
        _integer(name="exams", description="number of exams", required=True),
        _text(name="exam_dates", description="dates of the exams, newest first, at most 20 and then +n"),
        _text(name="probing_summary", description="deepest site of each sextant at the last probed exam"),
        *(
            EXAM_SUMMARY.column(name)
            for name in (
                "bop_percent",
                "mean_depth_mm",
                "max_depth_mm",
                "mean_recession_mm",
                "max_recession_mm",
                "max_cal_mm",
                "max_furcation",
                "max_mobility",
            )
        ),
        _text(name="classification_recorded", description="latest recorded diagnosis", choices=CLASSIFICATIONS),
        _text(name="grade_recorded", description="grade recorded with it", choices=_GRADES),
        _datetime(name="classified_at", description="when it was recorded"),
        _text(name="classification_suggested", description="diagnosis the last probed exam supports", choices=_STAGES),
        _text(name="grade_suggested", description="grade suggested with it", choices=_GRADES),
        _text(name="suggestion_confidence", description="how far the suggestion can be trusted", choices=CONFIDENCES),
        _boolean(name="agrees", description="recorded and suggested agree; null when either is missing"),
    ),
    "A patient's periodontal standing on one line.",
)

PLAN_SUMMARY = Table(
    "plan_summary",
    ("plan_id",),
    (
        _id("plan_id", "the treatment plan"),
        _decimal(name="value", description="fees of the lines that are not declined, USD; null when none has a fee"),
        _integer(name="items", description="lines of the plan", required=True),
        _integer(name="items_completed", description="completed lines", required=True),
        _text(name="current_phase", description="phase the case is in", required=True, choices=PHASES),
        _text(name="treatment_stage", description="stage the case is in", required=True, choices=TREATMENT_STAGES),
        _text(name="items_text", description="the lines as readable text, one per line, in order"),
        _date(name="first_scheduled", description="earliest date of a line that is not declined"),
        _date(name="last_completed", description="latest completion of a line"),
    ),
    "A treatment plan in figures.",
)

FRAMES: dict[str, Table] = {
    table.name: table for table in (EXAM_SUMMARY, SUGGESTION, RECORDED, PATIENT_SUMMARY, PLAN_SUMMARY)
}
"""Every frame of this room by name."""


def conform(frame: pd.DataFrame, table: Table) -> pd.DataFrame:
    """Return exactly the table's columns, in its order and types; a column that is missing is an error."""
    types = {name: PANDAS_TYPES[kind] for name, kind in table_kinds(table).items()}
    return frame[table.column_names].astype(types).reset_index(drop=True)
