"""What a chart says about periodontitis: per exam, the few numbers and tooth sets that staging and grading weigh.

Natural teeth only. Third molars are left out, as in the 28-tooth examinations of epidemiology, because loss beside them
often has another cause. Teeth are bit masks, as in `teeth.py`.

A margin of 0 is ambiguous. Read against the cemento-enamel junction, a 3 mm sulcus with its margin at 0 has lost 3 mm;
but a practice that charts recession only writes 0 for every normal margin. Where an exam has not one coronal margin, a
margin of 0 over a depth of up to 3 mm is therefore not taken as attachment loss here, and the exam is marked
`zero_margins`. `exam_summary` reports the plain arithmetic in any case.
"""

from __future__ import annotations

import pandas as pd

from perio_pipeline.clinical.columnar import Limits, Source, chart_database, fetch
from perio_pipeline.clinical.teeth import THIRD_MOLARS

_FINDINGS = f"""
WITH staged AS (
    SELECT *, CASE WHEN margin <> 0 OR depth > 3 THEN cal END AS plain_cal
    FROM site WHERE is_natural AND depth IS NOT NULL AND bit & {THIRD_MOLARS} = 0
),
figures AS (
    SELECT
        n,
        count(*) AS probed,
        count(*) FILTER (bleeding) AS bleeding_sites,
        count(bleeding) > 0 AS bleeding_recorded,
        count(*) FILTER (bleeding AND depth >= 4) AS bleeding_pockets,
        max(depth) AS max_depth,
        bit_or(bit) AS probed_teeth,
        bit_or(bit) FILTER (interdental AND depth >= 4) AS pockets,
        count(*) FILTER (interdental) AS interdental_sites,
        count(cal) FILTER (interdental) AS interdental_cal_sites,
        coalesce(bool_or(margin < 0), false) AS coronal,
        max(cal) FILTER (interdental) AS any_cal,
        max(plain_cal) FILTER (interdental) AS max_plain_cal,
        bit_or(bit) FILTER (interdental AND cal >= 1) AS any_loss1,
        bit_or(bit) FILTER (interdental AND plain_cal >= 1) AS plain_loss1,
        bit_or(bit) FILTER (interdental AND cal >= 3) AS any_loss3,
        bit_or(bit) FILTER (interdental AND plain_cal >= 3) AS plain_loss3,
        bit_or(bit) FILTER (interdental AND cal >= 5) AS loss5,
        bit_or(bit) FILTER (NOT interdental AND cal >= 3 AND depth > 3) AS oral_loss,
        max(cal) FILTER (NOT interdental AND cal >= 3 AND depth > 3) AS max_oral_cal
    FROM staged GROUP BY n
),
chosen AS (
    SELECT
        *,
        CASE WHEN coronal THEN any_cal WHEN interdental_cal_sites > 0 THEN coalesce(max_plain_cal, 0) END AS max_cal,
        CASE WHEN coronal THEN any_loss1 ELSE plain_loss1 END AS loss1,
        CASE WHEN coronal THEN any_loss3 ELSE plain_loss3 END AS loss3,
        NOT coronal AND any_loss1 IS DISTINCT FROM plain_loss1 AS zero_margins
    FROM figures
)
SELECT
    exam_id, patient_id, exam_date,
    coalesce(probed, 0) AS probed,
    coalesce(bleeding_sites, 0) AS bleeding_sites,
    coalesce(bleeding_recorded, false) AS bleeding_recorded,
    coalesce(bleeding_pockets, 0) AS bleeding_pockets,
    coalesce(max_depth, 0) AS max_depth,
    coalesce(probed_teeth, 0) AS probed_teeth,
    coalesce(pockets, 0) AS pockets,
    coalesce(interdental_sites, 0) AS interdental_sites,
    coalesce(interdental_cal_sites, 0) AS interdental_cal_sites,
    coalesce(zero_margins, false) AS zero_margins,
    coalesce(max_cal, 0) AS max_cal,
    coalesce(loss1, 0) AS loss1, coalesce(loss3, 0) AS loss3, coalesce(loss5, 0) AS loss5,
    coalesce(oral_loss, 0) AS oral_loss,
    coalesce(max_oral_cal, 0) AS max_oral_cal,
    present, missing, implants,
    furcated_deep & ~{THIRD_MOLARS} AS furcated_deep,
    mobile & ~{THIRD_MOLARS} AS mobile,
    max_cal - first_value(max_cal IGNORE NULLS) OVER (
        PARTITION BY patient_id ORDER BY exam_date
        RANGE BETWEEN INTERVAL 5 YEAR PRECEDING AND CURRENT ROW
    ) AS change_within_5_years,
    max_cal - last_value(max_cal IGNORE NULLS) OVER (
        PARTITION BY patient_id ORDER BY exam_date
        RANGE BETWEEN UNBOUNDED PRECEDING AND INTERVAL 5 YEAR PRECEDING
    ) AS change_over_5_years
FROM mouth LEFT JOIN chosen USING (n)
ORDER BY patient_id, exam_date, exam_id
"""


def exam_findings(sites: Source, teeth: Source, exams: pd.DataFrame, limits: Limits) -> pd.DataFrame:
    """Gather the findings of every exam, a patient's exams in order of time.

    The two changes of the worst interdental attachment loss are null where there is nothing to compare: against the
    earliest exam within five years, and against the latest one that is at least five years older.
    """
    with chart_database(sites, teeth, exams, limits) as connection:
        frame = fetch(connection, _FINDINGS)
    return frame.astype({"exam_id": "str", "patient_id": "str"})
