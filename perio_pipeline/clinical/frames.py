"""The frames this room hands out, each defined once: columns, types, meaning.

Dagster's column lists, the mapping files and the functions of this room all read these definitions. `conform` is the
last step of every function here. Numbers are null, never 0, where nothing was recorded that they could be computed
from.
"""

from __future__ import annotations

import pandas as pd

from perio_pipeline.clinical.teeth import SEXTANTS
from perio_pipeline.panda import canonical as c
from perio_pipeline.panda.canonical import Column, Table
from perio_pipeline.panda.frames import PANDAS_TYPES, table_kinds
from perio_pipeline.panda.tables import CLASSIFICATIONS, PERIO_DIAGNOSIS, PERIO_EXAM, PHASES

CONFIDENCES = ("high", "medium", "low")
"""How far a suggestion can be trusted."""

TREATMENT_STAGES = ("diagnosis", "active_therapy", "reevaluation", "maintenance")
"""What a practice calls the stage of a case; both therapies of `PHASES` are active therapy."""

_NEWEST = ("latest", "second latest", "third latest", "fourth latest", "fifth latest")
_GRADES = PERIO_DIAGNOSIS.column("grade").choices
_EXTENTS = PERIO_DIAGNOSIS.column("extent").choices
_STAGES = tuple(code for code in CLASSIFICATIONS if code != "periodontitis")


def _millimetres(name: str, description: str) -> Column:
    return c.integer(name, f"{description}, mm")


EXAM_SUMMARY = Table(
    "exam_summary",
    ("exam_id",),
    (
        c.identifier("exam_id", "the exam"),
        c.identifier("patient_id", "the patient as charted, before duplicates are merged"),
        c.date("exam_date", "date of charting", required=True),
        c.text("exam_type", "kind of exam", choices=PERIO_EXAM.column("exam_type").choices),
        c.integer("sites_probed", "sites with a depth, teeth and implants", required=True),
        c.decimal("bop_percent", "bleeding sites among the probed, %, one decimal"),
        c.decimal("mean_depth_mm", "mean probing depth, teeth and implants, mm"),
        _millimetres("max_depth_mm", "deepest site, teeth and implants"),
        c.integer("sites_4mm_up", "sites of 4 mm and deeper"),
        c.integer("sites_6mm_up", "sites of 6 mm and deeper"),
        c.decimal("mean_recession_mm", "mean recession over charted margins, coronal ones as 0, mm"),
        _millimetres("max_recession_mm", "largest recession, 0 when every charted margin is coronal"),
        c.decimal("mean_cal_mm", "mean clinical attachment loss of natural teeth, mm"),
        _millimetres("max_cal_mm", "largest clinical attachment loss of natural teeth"),
        _millimetres("max_interdental_cal_mm", "largest attachment loss at an interdental site"),
        c.integer("cal_sites", "sites with depth and margin, which have an attachment loss"),
        c.integer("suppuration_sites", "sites with pus; null when pus was not charted"),
        c.integer("teeth_present", "natural teeth charted as present or probed"),
        c.integer("teeth_missing", "teeth charted as missing"),
        c.integer("implants", "implants"),
        c.integer("max_furcation", "worst furcation, Hamp degree"),
        c.integer("teeth_with_furcation", "teeth with a furcation of degree 1 or more"),
        c.decimal("max_mobility", "worst mobility, Miller grade"),
        *(
            _millimetres(f"s{sextant}_max_mm", f"deepest natural tooth of sextant {sextant}; null under two teeth")
            for sextant in SEXTANTS
        ),
        c.text("probing_summary", "deepest site of each sextant, '-' where not scored"),
    ),
    "One periodontal charting in figures.",
)

SUGGESTION = Table(
    "suggestion",
    ("exam_id",),
    (
        c.identifier("exam_id", "the exam"),
        c.identifier("patient_id", "the patient as charted, before duplicates are merged"),
        c.date("exam_date", "date of charting", required=True),
        c.text("stage_suggested", "diagnosis the chart supports", choices=_STAGES),
        c.text("grade_suggested", "grade, only with a stage", choices=_GRADES),
        c.text("grade_basis", "what decided the grade: default, progression, smoking, hba1c, joined by +"),
        c.text("extent_suggested", "extent", choices=_EXTENTS),
        c.text("confidence", "how far the suggestion can be trusted", choices=CONFIDENCES),
        c.text("basis", "codes of what decided it and what limits it, joined by +"),
    ),
    "A classification computed from one charting. It stands beside what the clinician recorded, never in its place.",
)

RECORDED = Table(
    "recorded_classification",
    ("patient_id",),
    (
        c.identifier("patient_id", "the patient as charted, before duplicates are merged"),
        c.text("classification", "diagnosis", required=True, choices=CLASSIFICATIONS),
        c.text("grade", "grade", choices=_GRADES),
        c.text("extent", "extent", choices=_EXTENTS),
        c.datetime("diagnosed_at", "when it was recorded", required=True),
        c.text("exam_id", "the exam it was made from", phi=False),
    ),
    "The latest classification a clinician recorded for a patient.",
)

PATIENT_SUMMARY = Table(
    "patient_summary",
    ("patient_id",),
    (
        c.identifier("patient_id", "the surviving patient"),
        c.text("last_exam_id", "latest exam with a probed site; the figures are from it", phi=False),
        c.date("last_exam_date", "date of the latest exam of any kind"),
        c.integer("exams", "number of exams", required=True),
        c.text("exam_dates", "dates of the exams, newest first, at most 20 and then +n"),
        c.text("probing_summary", "deepest site of each sextant at the last probed exam"),
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
        *(c.date(f"exam_date_{place}", f"date of the {word} exam") for place, word in enumerate(_NEWEST, start=1)),
        c.text("classification_recorded", "latest recorded diagnosis", choices=CLASSIFICATIONS),
        c.text("grade_recorded", "grade recorded with it", choices=_GRADES),
        c.datetime("classified_at", "when it was recorded"),
        c.text("classification_suggested", "diagnosis the last probed exam supports", choices=_STAGES),
        c.text("grade_suggested", "grade suggested with it", choices=_GRADES),
        c.text("suggestion_confidence", "how far the suggestion can be trusted", choices=CONFIDENCES),
        c.boolean("agrees", "recorded and suggested agree; null when either is missing"),
    ),
    "A patient's periodontal standing on one line.",
)

EXAM_CHART = Table(
    "exam_chart",
    ("exam_id",),
    (
        c.identifier("exam_id", "the exam"),
        c.identifier("patient_id", "the surviving patient"),
        c.integer("place", "where it stands among those shown, 1 is the earliest", required=True),
        c.integer("exams", "charts that the patient has in all", required=True),
        c.date("exam_date", "date of charting", required=True),
        EXAM_SUMMARY.column("exam_type"),
        c.datetime("charted_at", "when PANDA last changed the exam", phi=False),
        *(
            EXAM_SUMMARY.column(name)
            for name in (
                "sites_probed",
                "bop_percent",
                "mean_depth_mm",
                "sites_4mm_up",
                "sites_6mm_up",
                "mean_cal_mm",
                "teeth_present",
                "implants",
            )
        ),
        c.text("classification_recorded", "diagnosis recorded by that day", choices=CLASSIFICATIONS),
        c.text("grade_recorded", "grade recorded with it", choices=_GRADES),
        c.text("classification_suggested", "diagnosis the chart supports", choices=_STAGES),
        c.text("grade_suggested", "grade suggested with it", choices=_GRADES),
        *(
            c.text(name, f"{what}, a character per site (panda/chartcode.py)", required=True)
            for name, what in (
                ("depths", "probing depth, mm"),
                ("margins", "gingival margin of natural teeth, mm, positive apical"),
                ("losses", "clinical attachment loss of natural teeth, mm"),
                ("marks", "1 bleeding, 2 pus, 3 both"),
                ("depth_changes", "mm deeper since the chart before, where that is a change"),
                ("depth_changes_overall", "mm deeper since the first chart shown"),
                ("loss_changes", "mm of attachment lost since the chart before"),
                ("loss_changes_overall", "mm of attachment lost since the first chart shown"),
            )
        ),
        c.text("teeth", "P present, M missing, I implant, a character per tooth", required=True),
        c.text("mobilities", "twice the Miller grade, a character per tooth", required=True),
        c.text("furcations", "Hamp degree, a character per entrance", required=True),
    ),
    "The charts of each patient that stand side by side: the first and the latest, five at most.",
)

PLAN_SUMMARY = Table(
    "plan_summary",
    ("plan_id",),
    (
        c.identifier("plan_id", "the treatment plan"),
        c.decimal("value", "fees of the lines that are not declined, USD; null when none has a fee"),
        c.integer("items", "lines of the plan", required=True),
        c.integer("items_completed", "completed lines", required=True),
        c.text("current_phase", "phase the case is in", required=True, choices=PHASES),
        c.text("treatment_stage", "stage the case is in", required=True, choices=TREATMENT_STAGES),
        c.text("items_text", "the lines as readable text, one per line, in order"),
        c.date("first_scheduled", "earliest date of a line that is not declined"),
        c.date("next_scheduled", "earliest date of a line that is neither declined nor completed"),
        c.date("last_completed", "latest completion of a line"),
    ),
    "A treatment plan in figures.",
)

PRACTICE_FINDINGS = Table(
    "practice_findings",
    ("patient_id", "finding"),
    (
        c.identifier("patient_id", "the surviving patient"),
        c.text("finding", "the finding, as the practice's file names it", required=True, phi=False),
        c.text("text", "what is taken of its records, as recorded; or the teeth that have one"),
        c.decimal("number", "the same as a number, where it is one; or how many records there are"),
        c.date("date", "the same as a date, where it is one"),
    ),
    "What counts of the findings that only this practice records, of those that its file declares.",
)

FRAMES: dict[str, Table] = {
    table.name: table
    for table in (EXAM_SUMMARY, SUGGESTION, RECORDED, PATIENT_SUMMARY, EXAM_CHART, PLAN_SUMMARY, PRACTICE_FINDINGS)
}
"""Every frame of this room by name."""


def conform(frame: pd.DataFrame, table: Table) -> pd.DataFrame:
    """Return exactly the table's columns, in its order and types; a column that is missing is an error."""
    types = {name: PANDAS_TYPES[kind] for name, kind in table_kinds(table).items()}
    return frame[table.column_names].astype(types).reset_index(drop=True)
