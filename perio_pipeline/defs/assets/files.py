"""Files: letters and charts as PDF, radiographs as they are found, and what of each goes to a destination."""

from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Any

import dagster as dg
import pandas as pd

from perio_pipeline.defs.metadata import OWNERS, counts_table, table_schema
from perio_pipeline.defs.resources import WorkplaceResource, actionable
from perio_pipeline.files.charts import chart_files
from perio_pipeline.files.fitting import reducer
from perio_pipeline.files.frames import SENT, SOURCES, VISIT_HISTORY
from perio_pipeline.files.letters import Paper, letter_files
from perio_pipeline.files.pdf import Letterhead
from perio_pipeline.files.radiographs import radiograph_files
from perio_pipeline.files.visits import history_files
from perio_pipeline.loading.entries import Scope
from perio_pipeline.mapping.filing import files_by_account, fit_files, kinds_sent
from perio_pipeline.mapping.model import Mapping
from perio_pipeline.mapping.practice import Practice
from perio_pipeline.mapping.rows import IDENTITY, PATIENT, follow_survivors
from perio_pipeline.store import StoredFrame
from perio_pipeline.workplace import Workplace

PIECE = 500
"""Records whose files are under way before they are written to the frame."""


def file_assets(partitions: dg.PartitionsDefinition[str]) -> list[dg.AssetsDefinition]:
    """Build the frames of files that are the same for every destination."""
    return [_letters(partitions), _radiographs(partitions), _charts(partitions)]


def _letters(partitions: dg.PartitionsDefinition[str]) -> dg.AssetsDefinition:
    table = SOURCES["letter"].table

    @dg.asset(
        key=["files", table.name],
        ins={"letters": dg.AssetIn(key=["validated", "letter"])},
        partitions_def=partitions,
        group_name="files",
        kinds={"python", "pandas"},
        owners=OWNERS,
        description=table.description,
        metadata=table_schema(table),
    )
    def letter(
        context: dg.AssetExecutionContext, workplace: WorkplaceResource, letters: StoredFrame
    ) -> dg.MaterializeResult[Any]:
        with actionable():
            rooms = workplace.open
            practice = rooms.practice(context.partition_key)
            shelf = rooms.shelf(practice.practice, "letters", ".pdf")
            result = _write(context, workplace, letter_files(letters.chunks(PIECE), _paper(practice), shelf))
            shelf.sweep()
        return result

    return letter


def _paper(practice: Practice) -> Paper:
    head = practice.letterhead
    letterhead = Letterhead(head.name, head.lines) if head else Letterhead(practice.name)
    return Paper(letterhead, practice.name, practice.country)


def _radiographs(partitions: dg.PartitionsDefinition[str]) -> dg.AssetsDefinition:
    table = SOURCES["radiograph"].table

    @dg.asset(
        key=["files", table.name],
        ins={"images": dg.AssetIn(key=["validated", "image_reference"])},
        partitions_def=partitions,
        group_name="files",
        kinds={"python", "pandas"},
        owners=OWNERS,
        description=table.description,
        metadata=table_schema(table),
    )
    def radiograph(
        context: dg.AssetExecutionContext, workplace: WorkplaceResource, images: StoredFrame
    ) -> dg.MaterializeResult[Any]:
        with actionable():
            rooms = workplace.open
            store = rooms.images(rooms.practice(context.partition_key))
            earlier = rooms.store().frame(context.partition_key, context.asset_key.path)
            before = earlier.read() if earlier.exists() else None
            return _write(context, workplace, radiograph_files(images.chunks(PIECE), store, before))

    return radiograph


def _charts(partitions: dg.PartitionsDefinition[str]) -> dg.AssetsDefinition:
    table = SOURCES["chart"].table

    @dg.asset(
        key=["files", table.name],
        ins={
            "charts": dg.AssetIn(key=["clinical", "exam_chart"]),
            "patients": dg.AssetIn(key=["validated", "patient"]),
        },
        partitions_def=partitions,
        group_name="files",
        kinds={"python", "pandas"},
        owners=OWNERS,
        description=table.description,
        metadata=table_schema(table),
    )
    def chart(
        context: dg.AssetExecutionContext, workplace: WorkplaceResource, charts: StoredFrame, patients: pd.DataFrame
    ) -> dg.MaterializeResult[Any]:
        with actionable():
            rooms = workplace.open
            practice = rooms.practice(context.partition_key)
            shelf = rooms.shelf(practice.practice, "charts", ".pdf")
            pieces = charts.chunks(PIECE, together="patient_id")
            result = _write(context, workplace, chart_files(pieces, patients, _paper(practice), shelf))
            shelf.sweep()
        return result

    return chart


def _write(
    context: dg.AssetExecutionContext, workplace: WorkplaceResource, pieces: Iterable[pd.DataFrame]
) -> dg.MaterializeResult[Any]:
    """Write a frame of files piece by piece, and count what is in it."""
    problems: Counter[str] = Counter()
    sizes: Counter[str] = Counter()

    def counted() -> Iterator[pd.DataFrame]:
        for piece in pieces:
            problems.update(piece["problem"].dropna())
            sizes["bytes"] += int(piece.loc[piece["problem"].isna(), "bytes"].sum())
            yield piece

    rows = workplace.store().write(context.partition_key, context.asset_key.path, counted())
    return dg.MaterializeResult(
        metadata={
            "dagster/partition_row_count": rows,
            "bytes": sizes["bytes"],
            "problems": counts_table(dict(problems), "problem"),
        }
    )


def sent_asset(crm: str, mapping: Mapping, partitions: dg.PartitionsDefinition[str]) -> dg.AssetsDefinition:
    """Build what of each file goes to a destination, given its limits and the practice's policy."""
    kinds = kinds_sent(mapping)
    frames = {kind: ["files", kind] for kind in kinds}
    patients = {frame.replace("/", "__"): frame.split("/") for frame in (PATIENT, IDENTITY)}

    @dg.asset(
        key=[crm, SENT.name],
        ins={name: dg.AssetIn(key=key) for name, key in {**frames, **patients}.items()},
        partitions_def=partitions,
        group_name=f"{crm}_shaped",
        kinds={"python", "pandas"},
        owners=OWNERS,
        description=SENT.description,
        metadata=table_schema(SENT),
    )
    def sent(
        context: dg.AssetExecutionContext, workplace: WorkplaceResource, **inputs: pd.DataFrame
    ) -> dg.Output[pd.DataFrame]:
        with actionable():
            rooms = workplace.open
            practice = rooms.practice(context.partition_key)
            sending = kinds_sent(rooms.effective(practice, crm))
            known = {name.replace("__", "/", 1): frame for name, frame in inputs.items()}
            files = files_by_account({kind: inputs[kind] for kind in sending}, known, rooms.router(practice, crm))
            shelf = rooms.shelf(practice.practice, f"{crm}-reduced", ".jpg")
            limits, policy = rooms.file_limits(practice, crm), practice.policies.oversize_files
            frame = fit_files(files, limits, policy, reducer(shelf), _placed(rooms, practice, crm, sending))
            shelf.sweep()
        counts = {name: counts_table(_counts(frame[name]), name) for name in ("variant", "reason")}
        return dg.Output(frame, metadata={**counts, "bytes": int(frame["bytes"].sum())})

    return sent


def history_asset(crm: str, partitions: dg.PartitionsDefinition[str]) -> dg.AssetsDefinition:
    """Build the earlier visits of each patient as a PDF, where the practice takes only the later ones as events."""
    tables = ("appointment", "patient", "patient_identity", "provider")

    @dg.asset(
        key=[crm, VISIT_HISTORY.name],
        ins={table: dg.AssetIn(key=["validated", table]) for table in tables},
        partitions_def=partitions,
        group_name=f"{crm}_shaped",
        kinds={"python", "pandas"},
        owners=OWNERS,
        description=VISIT_HISTORY.description,
        metadata=table_schema(VISIT_HISTORY),
    )
    def visit_history(
        context: dg.AssetExecutionContext, workplace: WorkplaceResource, **inputs: pd.DataFrame
    ) -> dg.Output[pd.DataFrame]:
        with actionable():
            rooms = workplace.open
            practice = rooms.practice(context.partition_key)
            visits = follow_survivors(inputs["appointment"], {IDENTITY: inputs["patient_identity"]})
            since = practice.destination(crm).history.events_since
            shelf = rooms.shelf(practice.practice, f"{crm}-visits", ".pdf")
            people, staff = inputs["patient"], inputs["provider"]
            frame = history_files(visits, people, staff, since, _paper(practice), shelf)
            shelf.sweep()
        counts = {name: counts_table(_counts(frame[name]), name) for name in ("state", "problem")}
        return dg.Output(frame, metadata={**counts, "bytes": int(frame["bytes"].sum())})

    return visit_history


def _placed(rooms: Workplace, practice: Practice, crm: str, kinds: dict[str, str]) -> dict[str, set[tuple[str, str]]]:
    """Account → the files it holds already, by the journal."""
    journal = rooms.journal()
    try:
        return {
            account.name: {
                (kind, key)
                for kind, obj in kinds.items()
                for key, known in journal.known(Scope(practice.practice, crm, account.name, obj)).items()
                if known.crm_id
            }
            for account in practice.destination(crm).accounts
        }
    finally:
        journal.close()


def _counts(column: "pd.Series[str]") -> dict[str, int]:
    return {str(value): int(rows) for value, rows in column.value_counts().items()}
