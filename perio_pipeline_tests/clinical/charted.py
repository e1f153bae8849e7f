"""The frames that charts side by side are made of, from the small charts of `charts`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from perio_pipeline.clinical.charts import Charted, exam_charts
from perio_pipeline.clinical.classification import suggest
from perio_pipeline.clinical.exams import exam_summary
from perio_pipeline.panda.tables import PERIO_DIAGNOSIS
from perio_pipeline_tests.clinical.charts import Chart, frame, frames, patients


def charted(
    charts: Sequence[Chart],
    survivors: Mapping[str, str] | None = None,
    diagnoses: Sequence[Mapping[str, Any]] = (),
) -> Charted:
    """Everything a comparison of these charts needs."""
    sites, teeth, exams = frames(*charts)
    return Charted(
        sites,
        teeth,
        exams,
        exam_summary(sites, teeth, exams),
        suggest(sites, teeth, exams, patients()),
        frame(PERIO_DIAGNOSIS, diagnoses),
        pd.Series(survivors or {}, dtype="str"),
    )


def compared(*charts: Chart, **more: Any) -> pd.DataFrame:
    """`EXAM_CHART` of some charts."""
    return pd.concat(exam_charts(charted(charts, **more)), ignore_index=True)


def yearly(number: int, **more: Any) -> Chart:
    """The chart of a year: exam 1 is of 2001."""
    return Chart(exam_id=f"E{number}", exam_date=f"20{number:02}-05-06", **more)
