"""DuckDB over chart frames: a private in-memory database in which sites stream and only exams stay.

Sites come by the ten million and are never held in pandas. Each query joins them to the small table `mouth`, one row
per exam with its teeth as bit masks, and groups once by the exam's number: memory grows with exams, not with sites.

    mouth      n, exam_id, patient_id, exam_date, exam_type, teeth_charted, max_furcation, max_mobility;
               as masks present, missing, implants, furcated, furcated_deep (degree 2 on), mobile (grade 2 on)
    site       n, tooth, site, bit, is_natural, interdental, depth_state, depth, margin, cal, bleeding, suppuration; no
               sites of missing teeth

What counts: a site is probed when a depth was measured there (`depth_state`), so one that could not be assessed is
neither shallow nor dry. Teeth charted as missing are out of every denominator. An implant has no cemento-enamel
junction: its sites carry a depth and bleeding, but no margin and no attachment loss, and it has no furcation or tooth
mobility. A furcation counts on the teeth that have one, at whichever entrance it was charted. Attachment loss is depth
plus margin where both exist, not below 0 (the arithmetic of NHANES, which stores the margin with the other sign).
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import duckdb
import pandas as pd
import pyarrow as pa

from perio_pipeline.clinical.teeth import INTERDENTAL_SITES, WITH_FURCATION

Source = str | Path | pd.DataFrame
"""A validated frame, a Parquet file, a folder of them, or a glob pattern."""


@dataclass(frozen=True)
class Limits:
    """What a query may take from the machine.

    Attributes:
        memory: DuckDB's memory limit.
        threads: DuckDB's threads.
    """

    memory: str = "2GB"
    threads: int = 4


# Whole numbers throughout, so that halves round up exactly; a part of 0 is null.
_MACROS = """
CREATE MACRO percent1(part, total) AS
    CAST(((2000 * part + total) // nullif(2 * total, 0))::BIGINT * 0.1 AS DECIMAL(19, 4));
CREATE MACRO mean2(total, number) AS
    CAST(((200 * total + number) // nullif(2 * number, 0))::BIGINT * 0.01 AS DECIMAL(19, 4));
"""

_MOUTH = f"""
CREATE TABLE mouth AS
WITH tooth AS (
    SELECT
        exam_id, status, mobility,
        1::BIGINT << (tooth - 1)::INTEGER AS bit,
        CASE WHEN status = 'present' AND bit & {WITH_FURCATION} <> 0
            THEN greatest(furcation_buccal, furcation_lingual, furcation_mesial, furcation_distal) END AS furcation
    FROM tooth_source
),
teeth AS (
    SELECT
        exam_id,
        bit_or(bit) FILTER (status = 'present') AS present,
        bit_or(bit) FILTER (status = 'missing') AS missing,
        bit_or(bit) FILTER (status = 'implant') AS implants,
        bit_or(bit) FILTER (furcation >= 1) AS furcated,
        bit_or(bit) FILTER (furcation >= 2) AS furcated_deep,
        bit_or(bit) FILTER (status = 'present' AND mobility >= 2) AS mobile,
        max(furcation) AS max_furcation,
        max(mobility) FILTER (status = 'present') AS max_mobility
    FROM tooth GROUP BY exam_id
)
SELECT
    row_number() OVER ()::INTEGER AS n,
    exam.exam_id, exam.patient_id, exam.exam_date, exam.exam_type,
    teeth.exam_id IS NOT NULL AS teeth_charted,
    coalesce(present, 0) AS present, coalesce(missing, 0) AS missing, coalesce(implants, 0) AS implants,
    coalesce(furcated, 0) AS furcated, coalesce(furcated_deep, 0) AS furcated_deep, coalesce(mobile, 0) AS mobile,
    max_furcation, max_mobility
FROM exam_source AS exam LEFT JOIN teeth USING (exam_id)
"""

_SITE = f"""
CREATE VIEW site AS
SELECT
    mouth.n,
    tooth, site,
    1::BIGINT << (tooth - 1)::INTEGER AS bit,
    bit & implants = 0 AS is_natural,
    site IN {INTERDENTAL_SITES} AS interdental,
    depth_state,
    CASE WHEN depth_state = 'measured' THEN depth_mm::INTEGER END AS depth,
    CASE WHEN is_natural THEN recession_mm::INTEGER END AS margin,
    CASE WHEN depth IS NOT NULL AND margin IS NOT NULL THEN greatest(depth + margin, 0) END AS cal,
    bleeding,
    suppuration
FROM site_source JOIN mouth USING (exam_id)
WHERE bit & missing = 0
"""


@contextmanager
def chart_database(
    sites: Source, teeth: Source, exams: pd.DataFrame, limits: Limits
) -> Iterator[duckdb.DuckDBPyConnection]:
    """Open a database with `mouth` and `site` over these charts; it is gone when the block ends."""
    with database(limits) as connection:
        add(connection, "site_source", sites)
        add(connection, "tooth_source", teeth)
        add(connection, "exam_source", exams)
        connection.execute(_MACROS)
        connection.execute(_MOUTH)
        connection.execute(_SITE)
        yield connection


@contextmanager
def database(limits: Limits) -> Iterator[duckdb.DuckDBPyConnection]:
    """Open an empty database in memory. It never spills, since patients' values stay in the data folder."""
    connection = duckdb.connect(
        config={
            "memory_limit": limits.memory,
            "threads": limits.threads,
            "temp_directory": "",
            "preserve_insertion_order": False,
            "autoinstall_known_extensions": False,
        }
    )
    connection.execute("SET enable_progress_bar = false")
    try:
        yield connection
    finally:
        connection.close()


def add(connection: duckdb.DuckDBPyConnection, name: str, source: Source) -> None:
    """Make a frame or Parquet files readable under the name, without copying them."""
    if isinstance(source, pd.DataFrame):
        connection.register(name, pa.Table.from_pandas(source, preserve_index=False))
        return
    pattern = Path(source) / "**" / "*.parquet" if Path(source).is_dir() else source
    connection.read_parquet(str(pattern)).create_view(name)


def fetch(connection: duckdb.DuckDBPyConnection, query: str) -> pd.DataFrame:
    """Run a query that returns a row per exam or plan, and hand it over as Arrow-typed pandas."""
    frame: pd.DataFrame = connection.sql(query).to_arrow_table().to_pandas(types_mapper=pd.ArrowDtype)
    return frame
