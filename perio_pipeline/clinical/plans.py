"""One row per treatment plan: what it is worth, how far it has come, and its lines as text.

A fee that was never entered is not 0: it is left out of the value and said in words on its line. Declined lines stay in
the text and the count, and out of the value.
"""

from __future__ import annotations

import pandas as pd

from perio_pipeline.clinical.columnar import Limits, add, database, fetch
from perio_pipeline.clinical.frames import PLAN_SUMMARY, conform

STAGE_OF_PHASE = {
    "diagnosis": "diagnosis",
    "initial_therapy": "active_therapy",
    "reevaluation": "reevaluation",
    "surgical_therapy": "active_therapy",
    "maintenance": "maintenance",
}
"""Phase of a plan → stage of treatment, as the practice reports it."""

_PLANS = """
WITH line AS (
    SELECT
        *,
        concat_ws(
            ' - ',
            nullif(concat_ws(' ', procedure_code, area, '#' || teeth), ''),
            description,
            status,
            coalesce(format('{:.2f}', fee), 'no fee')
        ) AS line_text
    FROM item_source
),
lines AS (
    SELECT
        plan_id,
        CAST(sum(fee) FILTER (status <> 'declined') AS DECIMAL(19, 4)) AS value,
        count(*) AS items,
        count(*) FILTER (status = 'completed') AS items_completed,
        string_agg(line_text, chr(10) ORDER BY sequence NULLS LAST, item_id) AS items_text,
        min(scheduled_date) FILTER (status <> 'declined') AS first_scheduled,
        min(scheduled_date) FILTER (status NOT IN ('declined', 'completed')) AS next_scheduled,
        max(completed_date) AS last_completed
    FROM line GROUP BY plan_id
),
-- The active phase, else the first that is not completed, else the last.
current AS (
    SELECT plan_id, phase AS current_phase
    FROM phase_source
    QUALIFY 1 = row_number() OVER (
        PARTITION BY plan_id
        ORDER BY
            CASE status WHEN 'active' THEN 1 WHEN 'planned' THEN 2 ELSE 3 END,
            CASE status WHEN 'completed' THEN -sequence ELSE sequence END,
            phase_id
    )
)
SELECT
    plan_source.plan_id,
    value,
    coalesce(items, 0) AS items,
    coalesce(items_completed, 0) AS items_completed,
    coalesce(current_phase, 'diagnosis') AS current_phase,
    items_text, first_scheduled, next_scheduled, last_completed
FROM plan_source LEFT JOIN lines USING (plan_id) LEFT JOIN current USING (plan_id)
ORDER BY plan_source.plan_id
"""


def plan_summary(plans: pd.DataFrame, phases: pd.DataFrame, items: pd.DataFrame) -> pd.DataFrame:
    """Summarise every plan.

    Args:
        plans: validated `treatment_plan`.
        phases: validated `treatment_phase`.
        items: validated `treatment_item`.

    Returns:
        `PLAN_SUMMARY`, one row for each row of `plans`, by id; without phases a plan is in diagnosis.
    """
    with database(Limits()) as connection:
        add(connection, "plan_source", plans)
        add(connection, "phase_source", phases)
        add(connection, "item_source", items)
        frame = fetch(connection, _PLANS)
    return conform(frame.assign(treatment_stage=frame["current_phase"].map(STAGE_OF_PHASE)), PLAN_SUMMARY)
