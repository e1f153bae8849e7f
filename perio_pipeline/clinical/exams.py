"""One row per charting: the figures a person would read off a chart, computed from every site.

Implants count where a finding is theirs too (sites probed, bleeding, depth, pus) and nowhere else; sextants, recession,
attachment loss, furcation and mobility are of natural teeth. Bleeding is a share of the probed sites, recomputed and
never copied (a flag left empty beside a probed depth means dry, unless nobody recorded bleeding at all: then the share
is unknown). A sextant is scored from two probed teeth on, as in the PSR and BPE screenings.
"""

from __future__ import annotations

import pandas as pd

from perio_pipeline.clinical.columnar import Limits, Source, chart_database, fetch
from perio_pipeline.clinical.frames import EXAM_SUMMARY, conform
from perio_pipeline.clinical.teeth import SEXTANTS, mask

_SEXTANT_DEPTHS = ",\n        ".join(
    f"max(depth) FILTER (is_natural AND bit & {mask(teeth)} <> 0) AS s{sextant}" for sextant, teeth in SEXTANTS.items()
)

_SEXTANT_SCORES = ",\n    ".join(
    f"CASE WHEN bit_count(probed_teeth & {mask(teeth)}) >= 2 THEN s{sextant} END AS s{sextant}_max_mm"
    for sextant, teeth in SEXTANTS.items()
)

_EXAMS = f"""
WITH figures AS (
    SELECT
        n,
        count(depth) AS probed,
        count(*) FILTER (depth IS NOT NULL AND bleeding) AS bleeding_sites,
        count(bleeding) > 0 AS bleeding_recorded,
        sum(depth) AS depth_total,
        max(depth) AS max_depth,
        count(*) FILTER (depth >= 4) AS deep4,
        count(*) FILTER (depth >= 6) AS deep6,
        count(margin) AS margins,
        sum(greatest(margin, 0)) FILTER (margin IS NOT NULL) AS recession_total,
        max(greatest(margin, 0)) FILTER (margin IS NOT NULL) AS max_recession,
        count(cal) AS cal_sites,
        sum(cal) AS cal_total,
        max(cal) AS max_cal,
        max(cal) FILTER (interdental) AS max_interdental_cal,
        count(*) FILTER (suppuration) AS pus_sites,
        count(suppuration) > 0 AS pus_recorded,
        bit_or(bit) FILTER (is_natural AND depth IS NOT NULL) AS probed_teeth,
        {_SEXTANT_DEPTHS}
    FROM site GROUP BY n
)
SELECT
    exam_id, patient_id, exam_date, exam_type,
    coalesce(probed, 0) AS sites_probed,
    CASE WHEN bleeding_recorded THEN percent1(bleeding_sites, probed) END AS bop_percent,
    mean2(depth_total, probed) AS mean_depth_mm,
    max_depth AS max_depth_mm,
    CASE WHEN probed > 0 THEN deep4 END AS sites_4mm_up,
    CASE WHEN probed > 0 THEN deep6 END AS sites_6mm_up,
    mean2(recession_total, margins) AS mean_recession_mm,
    max_recession AS max_recession_mm,
    mean2(cal_total, cal_sites) AS mean_cal_mm,
    max_cal AS max_cal_mm,
    max_interdental_cal AS max_interdental_cal_mm,
    coalesce(cal_sites, 0) AS cal_sites,
    CASE WHEN pus_recorded THEN pus_sites END AS suppuration_sites,
    CASE WHEN teeth_charted OR probed_teeth IS NOT NULL
        THEN bit_count(present | coalesce(probed_teeth, 0)) END AS teeth_present,
    CASE WHEN teeth_charted THEN bit_count(missing) END AS teeth_missing,
    CASE WHEN teeth_charted THEN bit_count(implants) END AS implants,
    max_furcation,
    CASE WHEN max_furcation IS NOT NULL THEN bit_count(furcated) END AS teeth_with_furcation,
    max_mobility,
    {_SEXTANT_SCORES}
FROM mouth LEFT JOIN figures USING (n)
ORDER BY exam_id
"""


def exam_summary(sites: Source, teeth: Source, exams: pd.DataFrame, *, limits: Limits | None = None) -> pd.DataFrame:
    """Summarise every exam.

    Args:
        sites: validated `perio_site`.
        teeth: validated `perio_tooth`.
        exams: validated `perio_exam`.
        limits: what the aggregation may take from the machine.

    Returns:
        `EXAM_SUMMARY`, one row for each row of `exams`, in the order of their ids; an exam without sites has counts of
        0 and no figures.
    """
    with chart_database(sites, teeth, exams, limits or Limits()) as connection:
        frame = fetch(connection, _EXAMS)
    return conform(frame.assign(probing_summary=probing_summary(frame)), EXAM_SUMMARY)


def probing_summary(exams: pd.DataFrame) -> pd.Series:
    """Write the sextants of each exam as `S1 5 | S2 3 | S3 6 | S4 4 | S5 3 | S6 -`; null when no site was probed."""
    text = pd.Series("", index=exams.index, dtype="str")
    for sextant in SEXTANTS:
        depth = exams[f"s{sextant}_max_mm"]
        text = text + f" | S{sextant} " + depth.astype("Int64").astype("str").mask(depth.isna(), "-")
    return text.str.removeprefix(" | ").where(exams["sites_probed"] > 0)
