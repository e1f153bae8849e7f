"""Clinical frames: what a periodontist would say about each exam, patient and plan."""

from typing import Any

import dagster as dg
import pandas as pd

from perio_pipeline.clinical.charts import Charted, exam_charts
from perio_pipeline.clinical.classification import recorded, suggest
from perio_pipeline.clinical.exams import exam_summary
from perio_pipeline.clinical.frames import (
    EXAM_CHART,
    EXAM_SUMMARY,
    PATIENT_SUMMARY,
    PLAN_SUMMARY,
    PRACTICE_FINDINGS,
    RECORDED,
    SUGGESTION,
)
from perio_pipeline.clinical.own_findings import practice_findings
from perio_pipeline.clinical.patients import patient_summary
from perio_pipeline.clinical.plans import plan_summary
from perio_pipeline.defs.assets.frames import AssetMaker, frame_asset
from perio_pipeline.defs.resources import WorkplaceResource, actionable
from perio_pipeline.panda.canonical import Table
from perio_pipeline.store import StoredFrame


def clinical_assets(partitions: dg.PartitionsDefinition[str]) -> list[dg.AssetsDefinition]:
    """Build the clinical frames."""

    def frame(table: Table, **inputs: str) -> AssetMaker:
        return frame_asset("clinical", table, partitions, {"duckdb", "pandas"}, **inputs)

    charts = {"sites": "validated/perio_site", "teeth": "validated/perio_tooth", "exams": "validated/perio_exam"}

    @frame(EXAM_SUMMARY, **charts)
    def exams_summarised(sites: StoredFrame, teeth: StoredFrame, exams: pd.DataFrame) -> pd.DataFrame:
        return exam_summary(str(sites.path), str(teeth.path), exams)

    @frame(SUGGESTION, **charts, patients="validated/patient")
    def suggestion(sites: StoredFrame, teeth: StoredFrame, exams: pd.DataFrame, patients: pd.DataFrame) -> pd.DataFrame:
        return suggest(str(sites.path), str(teeth.path), exams, patients)

    @frame(RECORDED, diagnoses="validated/perio_diagnosis")
    def recorded_classification(diagnoses: pd.DataFrame) -> pd.DataFrame:
        return recorded(diagnoses)

    @frame(
        PATIENT_SUMMARY,
        summaries="clinical/exam_summary",
        suggestions="clinical/suggestion",
        classifications="clinical/recorded_classification",
        identity="validated/patient_identity",
    )
    def patients_summarised(
        summaries: pd.DataFrame, suggestions: pd.DataFrame, classifications: pd.DataFrame, identity: pd.DataFrame
    ) -> pd.DataFrame:
        survivors = identity.set_index("patient_id")["survivor_id"]
        return patient_summary(summaries, suggestions, classifications, survivors)

    @frame(
        EXAM_CHART,
        **charts,
        summaries="clinical/exam_summary",
        suggestions="clinical/suggestion",
        diagnoses="validated/perio_diagnosis",
        identity="validated/patient_identity",
    )
    def charts_compared(
        context: dg.AssetExecutionContext,
        workplace: WorkplaceResource,
        sites: StoredFrame,
        teeth: StoredFrame,
        exams: pd.DataFrame,
        summaries: pd.DataFrame,
        suggestions: pd.DataFrame,
        diagnoses: pd.DataFrame,
        identity: pd.DataFrame,
    ) -> dg.MaterializeResult[Any]:
        survivors = identity.set_index("patient_id")["survivor_id"]
        charted = Charted(str(sites.path), str(teeth.path), exams, summaries, suggestions, diagnoses, survivors)
        rows = workplace.store().write(context.partition_key, context.asset_key.path, exam_charts(charted))
        return dg.MaterializeResult(metadata={"dagster/partition_row_count": rows})

    @frame(
        PLAN_SUMMARY,
        plans="validated/treatment_plan",
        phases="validated/treatment_phase",
        items="validated/treatment_item",
    )
    def plans_summarised(plans: pd.DataFrame, phases: pd.DataFrame, items: pd.DataFrame) -> pd.DataFrame:
        return plan_summary(plans, phases, items)

    @frame(PRACTICE_FINDINGS, findings="validated/practice_finding", identity="validated/patient_identity")
    def own_findings(
        context: dg.AssetExecutionContext,
        workplace: WorkplaceResource,
        findings: pd.DataFrame,
        identity: pd.DataFrame,
    ) -> pd.DataFrame:
        with actionable():
            declared = workplace.open.practice(context.partition_key).findings
        return practice_findings(findings, declared, identity.set_index("patient_id")["survivor_id"])

    return [
        exams_summarised,
        suggestion,
        recorded_classification,
        patients_summarised,
        charts_compared,
        plans_summarised,
        own_findings,
    ]
