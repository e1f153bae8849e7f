"""The assessment of a practice, over the request plans of all destinations."""

import json
from datetime import date

import dagster as dg
import pandas as pd

from perio_pipeline.assessment.facts import assess
from perio_pipeline.assessment.page import REPORT, SUMMARY, render_assessment
from perio_pipeline.defs.metadata import OWNERS, report_link, table_schema
from perio_pipeline.defs.resources import WorkplaceResource, actionable
from perio_pipeline.panda import canonical as c
from perio_pipeline.panda.canonical import Table
from perio_pipeline.panda.frames import table_kinds, typed_frame
from perio_pipeline.panda.tables import TABLES
from perio_pipeline.validation.frames import LIKELY_DUPLICATE

FACTORS = Table(
    "assessment",
    ("factor",),
    (
        c.identifier("factor", "what makes the practice complex"),
        c.text("words", "the same for people", phi=False),
        c.decimal("figure", "the practice's figure", phi=False),
        c.integer("points", "0 to 3", phi=False),
    ),
    "How complex a practice is, factor by factor. The report has grade, volumes, quality, hours and a calendar.",
)

READ = (*TABLES, LIKELY_DUPLICATE.name)
"""The validated frames that are counted."""


def assessment_asset(crms: list[str], partitions: dg.PartitionsDefinition[str]) -> dg.AssetsDefinition:
    """Build the assessment of a practice; its report lies among the practice's."""

    @dg.asset(
        key=["assessment"],
        deps=[*([crm, "request_plan"] for crm in crms), *(["validated", name] for name in READ)],
        partitions_def=partitions,
        group_name="assessment",
        kinds={"python"},
        owners=OWNERS,
        description=FACTORS.description,
        metadata=table_schema(FACTORS),
    )
    def assessment(context: dg.AssetExecutionContext, workplace: WorkplaceResource) -> dg.Output[pd.DataFrame]:
        with actionable():
            rooms = workplace.open
            practice = rooms.practice(context.partition_key)
            made = assess(rooms, practice, date.today())
            rooms.write_report(json.dumps(made.plain(), indent=2, default=str), practice.practice, SUMMARY)
            path = rooms.write_report(render_assessment(made), practice.practice, REPORT)
        rows = [
            {"factor": each.name, "words": each.factor.words, "figure": each.figure, "points": each.points}
            for each in made.grade.factors
        ]
        return dg.Output(
            typed_frame(table_kinds(FACTORS), rows),
            metadata={"grade": made.grade.letter, "report": report_link(path)},
        )

    return assessment
