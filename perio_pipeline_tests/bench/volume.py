"""What grows with a practice: reading, validating, summarising and shaping one of 2,000 patients, and one of 20,000.

Each stage materialises its assets in a process of its own, as a run's step does, beside a bare reference that does the
work nobody can avoid, in another process. Shown are rows per second, the ratio of times, the process's peak memory, and
how much slower a row is in the larger practice. Files are not made: their time is that of their pages and pictures.
"""

from __future__ import annotations

import multiprocessing
import re
import sqlite3
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import dagster as dg
import duckdb

from perio_pipeline.defs.build import build_definitions
from perio_pipeline.defs.resources import WorkplaceResource
from perio_pipeline.mapping.model import OWN, Mapping
from perio_pipeline.mapping.rows import IDENTITY, PATIENT
from perio_pipeline.panda.canonical import Kind, Table
from perio_pipeline.panda.source import CHUNK_ROWS
from perio_pipeline.panda.tables import TABLES
from perio_pipeline.workplace import Workplace
from perio_pipeline_tests.bench.figures import Figure
from perio_pipeline_tests.bench.large_practice import large_practice
from perio_pipeline_tests.bench.shaping import merged
from perio_pipeline_tests.end_to_end.world import PRACTICE, QUIET
from perio_pipeline_tests.shaped import ShapedPractice

SIZES = (2_000, 20_000)
"""Patients of the smaller practice and of the larger one."""
MEMORY_MB = 2_048
"""No stage may take more."""
LINEAR = 0.8
"""A row of the larger practice may take this much longer (as a share) than one of the smaller."""
SITES = "perio_site"


@dataclass(frozen=True)
class Stage:
    """Some assets, and the bare way to do the unavoidable part of their work.

    Attributes:
        name: what it does.
        keys: the assets, of all that there are.
        rows: which frames' rows are counted.
        bare: does the unavoidable; what it is, in words.
        least: the ratio of the bare time to ours that is promised.
    """

    name: str
    keys: Callable[[Workplace, set[dg.AssetKey]], set[dg.AssetKey]]
    rows: Callable[[Workplace], Sequence[Sequence[str]]]
    bare: Callable[[Workplace], object]
    words: str
    least: float | None = None


@dataclass(frozen=True)
class Measured:
    """One stage of one practice: rows, seconds, megabytes at most, and the bare seconds."""

    rows: int
    seconds: float
    megabytes: float
    bare: float


def figures(_: ShapedPractice) -> list[Figure]:
    """Take half an hour; makes its own practices."""
    measured = {}
    for patients in SIZES:
        with tempfile.TemporaryDirectory() as name:
            rooms = large_practice(Path(name), patients)
            measured[patients] = {stage: _measure(rooms, stage) for stage in STAGES}
    small, large = (measured[size] for size in SIZES)
    return [figure for stage in STAGES for figure in _figures(STAGES[stage], small[stage], large[stage])]


def _figures(stage: Stage, small: Measured, large: Measured) -> Iterator[Figure]:
    what = f"{stage.name}, {SIZES[1]:,} patients"
    speed = large.rows / large.seconds
    reference = f"{stage.words}: {large.rows / large.bare:,.0f} rows/s"
    yield Figure(what, speed, "rows/s", reference, large.bare / large.seconds, False, stage.least)
    yield Figure(what, large.megabytes, "MiB at most", f"{MEMORY_MB:,} MiB", MEMORY_MB / large.megabytes, True, 1.0)
    before = small.rows / small.seconds
    yield Figure(what, speed, "rows/s", f"{SIZES[0]:,} patients: {before:,.0f} rows/s", speed / before, True, LINEAR)


def _measure(rooms: Workplace, stage: str) -> Measured:
    """Each in a fresh process, so that nobody's memory counts for another."""
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(1, mp_context=context) as pool:
        seconds, megabytes = pool.submit(_ours, rooms, stage).result()
    with ProcessPoolExecutor(1, mp_context=context) as pool:
        bare = pool.submit(_bare, rooms, stage).result()
    store = rooms.store()
    rows = sum(store.frame(PRACTICE, key).rows() for key in STAGES[stage].rows(rooms))
    print(f"  {stage}: {rows:,} rows, {seconds:,.1f} s (bare {bare:,.1f} s), {megabytes:,.0f} MiB", flush=True)
    return Measured(rows, seconds, megabytes, bare)


def _ours(rooms: Workplace, stage: str) -> tuple[float, float]:
    resource = WorkplaceResource(data=str(rooms.data), mappings=str(rooms.mappings))
    job = build_definitions(rooms, resource).resolve_implicit_global_asset_job_def()
    keys = STAGES[stage].keys(rooms, set(job.asset_layer.executable_asset_keys))
    with dg.DagsterInstance.ephemeral() as instance:
        chosen = job.get_subset(asset_selection=keys)
        started = time.perf_counter()
        chosen.execute_in_process(run_config=QUIET, instance=instance, partition_key=PRACTICE)
        return time.perf_counter() - started, _peak()


def _bare(rooms: Workplace, stage: str) -> float:
    started = time.perf_counter()
    STAGES[stage].bare(rooms)
    return time.perf_counter() - started


def _peak() -> float:
    """Most memory of this process so far, in MiB."""
    (kilobytes,) = re.findall(r"VmHWM:\s+(\d+)", Path("/proc/self/status").read_text(encoding="utf-8"))
    return int(kilobytes) / 1024


def _frame(rooms: Workplace, *key: str) -> str:
    return str(rooms.store().frame(PRACTICE, key).path)


def _first(part: str) -> Callable[[Workplace, set[dg.AssetKey]], set[dg.AssetKey]]:
    return lambda _, keys: {key for key in keys if key.path[0] == part}


def _every(part: str) -> Callable[[Workplace], list[list[str]]]:
    return lambda _: [[part, name] for name in TABLES]


def _fetch(rooms: Workplace) -> None:
    """Fetch the same columns of the same tables in the same order, and let go of them."""
    bindings = rooms.source(rooms.practice(PRACTICE)).bindings
    with closing(sqlite3.connect(rooms.data / "sample" / f"{PRACTICE}.db")) as database:
        for name, bound in bindings.tables.items():
            keys = [bound.columns[key].column for key in TABLES[name].key if key in bound.columns]
            columns = ", ".join(f'"{column}"' for column in bound.physical_columns())
            order = ", ".join(f'"{column}"' for column in keys if column)
            cursor = database.execute(f'SELECT {columns} FROM "{bound.table}" ORDER BY {order}')
            while cursor.fetchmany(CHUNK_ROWS):
                pass


SQL_TYPES = {
    Kind.INTEGER: "BIGINT",
    Kind.DECIMAL: "DECIMAL(19, 4)",
    Kind.DATE: "TIMESTAMP",
    Kind.DATETIME: "TIMESTAMP",
    Kind.BOOLEAN: "BOOLEAN",
}


def _cast(rooms: Workplace) -> None:
    """Give every cell of every extract its type, and write the frames."""
    with tempfile.TemporaryDirectory() as folder, duckdb.connect() as database:
        database.execute("SET enable_progress_bar = false")
        for name, table in TABLES.items():
            source, into = _frame(rooms, "panda", name), Path(folder) / f"{name}.parquet"
            database.execute(
                f"COPY (SELECT {_typed(table)} FROM '{source}') TO '{into}' (FORMAT parquet, COMPRESSION zstd)"
            )


def _typed(table: Table) -> str:
    return ", ".join(
        f"TRY_CAST({column.name} AS {SQL_TYPES[column.kind]}) AS {column.name}"
        if column.kind in SQL_TYPES
        else column.name
        for column in table.columns
    )


def _query(rooms: Workplace) -> object:
    """One grouping of every site by its exam, with the teeth that the sites are on."""
    sites, teeth = _frame(rooms, "validated", SITES), _frame(rooms, "validated", "perio_tooth")
    duckdb.execute("SET enable_progress_bar = false")
    return duckdb.sql(
        f"""
        SELECT exam_id, count(depth_mm), avg(depth_mm), max(depth_mm), count(*) FILTER (depth_mm >= 4),
            count(*) FILTER (depth_mm >= 6), count(*) FILTER (bleeding), count(*) FILTER (suppuration),
            avg(greatest(recession_mm, 0)), max(recession_mm), avg(depth_mm + recession_mm),
            max(depth_mm + recession_mm), count(DISTINCT tooth), max(mobility), max(furcation_buccal)
        FROM '{sites}' JOIN (SELECT exam_id, tooth, status, mobility, furcation_buccal FROM '{teeth}')
            USING (exam_id, tooth)
        WHERE status <> 'missing' AND depth_state = 'measured' GROUP BY exam_id
        """
    ).fetchall()


def _without_files(mapping: Mapping) -> list[str]:
    return [
        name
        for name, obj in mapping.present().items()
        if not any(frame.partition("/")[0] == OWN for frame in obj.frames())
    ]


def _shaped_keys(rooms: Workplace) -> list[list[str]]:
    return [[crm, "shaped", name] for crm in rooms.destinations() for name in _without_files(rooms.mapping(crm))]


def _merge(rooms: Workplace) -> None:
    """Merge the frames of each object, with no field made of them."""
    practice = ShapedPractice(rooms)
    for crm in rooms.destinations():
        mapping = rooms.effective(practice.practice, crm)
        objects = [mapping.objects[name] for name in _without_files(mapping)]
        names = {PATIENT, IDENTITY, *(name for obj in objects for name in obj.frames())}
        merged(objects, {name: practice.frame(*name.split("/")) for name in names})


STAGES = {
    "extract": Stage("extract", _first("panda"), _every("panda"), _fetch, "bare fetch", 0.35),
    "validate": Stage("validate", _first("validated"), _every("validated"), _cast, "DuckDB casts and writes"),
    "summarise": Stage(
        "summarise exams",
        lambda _, keys: {dg.AssetKey(["clinical", "exam_summary"])} & keys,
        lambda _: [["validated", SITES]],
        _query,
        "one DuckDB query",
        0.67,
    ),
    "classify": Stage(
        "classify, chart and sum up patients",
        lambda _, keys: {key for key in keys if key.path[0] == "clinical" and key.path[-1] != "exam_summary"},
        lambda _: [["validated", SITES]],
        _query,
        "one DuckDB query",
    ),
    "shape": Stage(
        "shape",
        lambda rooms, keys: {dg.AssetKey(key) for key in _shaped_keys(rooms)} & keys,
        _shaped_keys,
        _merge,
        "plain pandas merges",
    ),
}
"""In the order in which each makes what the next one needs.

Aims: 1 / 1.5 for summaries, which is kept; 1 / 1.3 for reading, which is not where the source is SQLite on the same
machine: its rows come faster than they can be told apart, decoded and written.
"""
