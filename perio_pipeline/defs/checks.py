"""Asset checks: nothing is lost on the way, and every cell in the CRM is what PANDA says."""

from functools import partial

import dagster as dg

from perio_pipeline.defs.metadata import counts_table, report_link
from perio_pipeline.defs.resources import WorkplaceResource, actionable, run_info
from perio_pipeline.loading.matching.decisions import waiting
from perio_pipeline.loading.objects import mark_unproven, written_of
from perio_pipeline.mapping.model import Mapping
from perio_pipeline.panda.canonical import Table
from perio_pipeline.signoff.accounting import object_accounting, patients_accounted, table_accounting
from perio_pipeline.signoff.diff import Diff
from perio_pipeline.signoff.match_review import REVIEW
from perio_pipeline.signoff.objects import REPORT, diff_loaded, unproven_records
from perio_pipeline.signoff.summary import to_markdown


def rows_complete_check(table: Table, partitions: dg.PartitionsDefinition[str]) -> dg.AssetChecksDefinition:
    """Check that the extract holds every row of the source."""

    @dg.asset_check(
        asset=["panda", table.name],
        name="rows_complete",
        partitions_def=partitions,
        description="The extract has as many rows as the source table.",
    )
    def rows_complete(context: dg.AssetCheckExecutionContext, workplace: WorkplaceResource) -> dg.AssetCheckResult:
        with actionable():
            rooms = workplace.open
            source = rooms.source(rooms.practice(context.partition_key)).count(table)
        extracted = workplace.store().frame(context.partition_key, ["panda", table.name]).rows()
        return dg.AssetCheckResult(passed=source == extracted, metadata={"source": source, "extracted": extracted})

    return rows_complete


def rows_accounted_check(table: Table, partitions: dg.PartitionsDefinition[str]) -> dg.AssetChecksDefinition:
    """Check that extracted = valid + quarantined."""

    @dg.asset_check(
        asset=["validated", table.name],
        name="rows_accounted",
        partitions_def=partitions,
        blocking=True,
        description="Every extracted row is either valid or quarantined.",
    )
    def rows_accounted(context: dg.AssetCheckExecutionContext, workplace: WorkplaceResource) -> dg.AssetCheckResult:
        counts = table_accounting(workplace.store(), context.partition_key, table.name)
        passed = counts["extracted"] == counts["valid"] + counts["quarantined"]
        return dg.AssetCheckResult(passed=passed, metadata=dict(counts))

    return rows_accounted


def patients_accounted_check(partitions: dg.PartitionsDefinition[str]) -> dg.AssetChecksDefinition:
    """Check that valid patients = loaded + merged + skipped."""

    @dg.asset_check(
        asset=["validated", "patient_identity"],
        name="patients_accounted",
        partitions_def=partitions,
        blocking=True,
        description="Every valid patient is loaded, merged into another one, or skipped by policy.",
    )
    def accounted(context: dg.AssetCheckExecutionContext, workplace: WorkplaceResource) -> dg.AssetCheckResult:
        counts = patients_accounted(workplace.store(), context.partition_key)
        passed = counts["valid"] == counts["load"] + counts["merged"] + counts["skipped"]
        return dg.AssetCheckResult(passed=passed, metadata=dict(counts))

    return accounted


def object_accounted_check(
    crm: str, name: str, mapping: Mapping, partitions: dg.PartitionsDefinition[str]
) -> dg.AssetChecksDefinition:
    """Check that valid rows = shaped + left out."""

    @dg.asset_check(
        asset=[crm, "shaped", name],
        name="rows_accounted",
        partitions_def=partitions,
        blocking=True,
        description="Every valid row is shaped, merged, skipped by policy or arrives as another object.",
    )
    def accounted(context: dg.AssetCheckExecutionContext, workplace: WorkplaceResource) -> dg.AssetCheckResult:
        counts = object_accounting(workplace.store(), context.partition_key, name, mapping)
        passed = counts["valid"] == counts["shaped"] + counts["left_out"]
        return dg.AssetCheckResult(passed=passed, metadata=dict(counts))

    return accounted


def fits_window_check(crm: str, partitions: dg.PartitionsDefinition[str]) -> dg.AssetChecksDefinition:
    """Check that the load ends within its window."""

    @dg.asset_check(
        asset=[crm, "request_plan"],
        name="fits_window",
        partitions_def=partitions,
        description="The load takes no longer than the practice's window.",
    )
    def fits_window(context: dg.AssetCheckExecutionContext, workplace: WorkplaceResource) -> dg.AssetCheckResult:
        plan = workplace.store().frame(context.partition_key, [crm, "request_plan"]).note()
        return dg.AssetCheckResult(
            passed=bool(plan["fits"]),
            severity=dg.AssetCheckSeverity.WARN,
            description=str(plan["summary"]),
            metadata={"hours": float(plan["cost"]["hours"]), "window_hours": float(plan["window_hours"])},
        )

    return fits_window


def matches_decided_check(
    crm: str, mapping: Mapping, partitions: dg.PartitionsDefinition[str]
) -> dg.AssetChecksDefinition:
    """Check that no record waits for a person to say whether the CRM holds it already."""

    @dg.asset_check(
        asset=[crm, "matches"],
        name="decided",
        partitions_def=partitions,
        description="No record waits for a person to say whether the CRM held it before; until then it is not loaded.",
    )
    def decided(context: dg.AssetCheckExecutionContext, workplace: WorkplaceResource) -> dg.AssetCheckResult:
        practice = context.partition_key
        rows = workplace.store().frame(practice, [crm, "matches"]).read()
        with actionable(), workplace.target(practice, crm, run_info(context, "match")) as target:
            counts = {name: len(waiting(target, name, rows)) for name in mapping.matched()}
        path = workplace.open.report_file(practice, crm, f"{REVIEW}.html")
        return dg.AssetCheckResult(
            passed=not any(counts.values()),
            metadata={"waiting": counts_table(counts, "object"), "review": report_link(path)},
        )

    return decided


def none_failed_check(crm: str, name: str, partitions: dg.PartitionsDefinition[str]) -> dg.AssetChecksDefinition:
    """Check that every record arrived."""

    @dg.asset_check(
        asset=[crm, "loaded", name],
        name="none_failed",
        partitions_def=partitions,
        description="No record of the manifest failed.",
    )
    def none_failed(context: dg.AssetCheckExecutionContext, workplace: WorkplaceResource) -> dg.AssetCheckResult:
        manifest = workplace.store().frame(context.partition_key, [crm, "loaded", name]).read(["action", "reason"])
        failed = manifest.loc[manifest["action"] == "failed", "reason"].value_counts()
        reasons = {str(reason): int(rows) for reason, rows in failed.items()}
        told = "; ".join(f"{reason} ({rows:,})" for reason, rows in reasons.items())
        return dg.AssetCheckResult(
            passed=not reasons,
            description=f"Of {len(manifest):,} records {int(failed.sum()):,} failed{': ' + told if told else ''}.",
            metadata={
                "records": len(manifest),
                "failed": int(failed.sum()),
                "reasons": counts_table(reasons, "reason"),
            },
        )

    return none_failed


def field_diff_check(crm: str, name: str, partitions: dg.PartitionsDefinition[str]) -> dg.AssetChecksDefinition:
    """Check every cell of an object in the CRM against PANDA (requirement P5)."""

    @dg.asset_check(
        asset=[crm, "readback", name],
        name="field_level_diff",
        partitions_def=partitions,
        description="Every mapped field of every record is what PANDA says, or differs for a documented reason.",
    )
    def field_level_diff(context: dg.AssetCheckExecutionContext, workplace: WorkplaceResource) -> dg.AssetCheckResult:
        with actionable():
            rooms = workplace.open
            with workplace.target(context.partition_key, crm, run_info(context, "compare")) as target:
                practice = rooms.practice(context.partition_key)
                known = {account: target.journal.known(target.scope(account, name)) for account in target.adapters}
                diff = diff_loaded(rooms, practice, crm, name, known, partial(written_of, target, name))
                unproven = unproven_records(diff, known)
                mark_unproven(target, name, unproven)
        return dg.AssetCheckResult(
            passed=diff.unexplained == 0,
            severity=dg.AssetCheckSeverity.ERROR,
            description=_said(diff, len(unproven)),
            # The UI sorts them by name: what needs somebody stands first.
            metadata={
                "cells_compared": diff.cells,
                "cells_unexplained": diff.unexplained,
                "differences_unexplained": counts_table(_by_cause(diff, explained=False), "field and cause"),
                "explained_differences": counts_table(_by_cause(diff, explained=True), "field and cause"),
                "written_again_by_next_load": len(unproven),
                "summary": dg.MetadataValue.md(to_markdown(diff)),
                "report": report_link(rooms.report_file(context.partition_key, crm, REPORT)),
                "table": dg.MetadataValue.path(
                    str(rooms.store().frame(context.partition_key, [crm, "diff", name]).path)
                ),
            },
        )

    return field_level_diff


def _said(diff: Diff, unproven: int) -> str:
    """The result in a sentence or two: fields, causes and counts."""
    explained = int(diff.differences["explained"].sum())
    if not diff.unexplained:
        return f"{diff.cells:,} cells compared; none differs without a reason, {explained:,} with one."
    found = ", ".join(f"{label} ({cells:,})" for label, cells in _by_cause(diff, explained=False).items())
    again = f" Records that the next load writes again: {unproven:,}." if unproven else ""
    return f"Of {diff.cells:,} cells {diff.unexplained:,} differ without a reason: {found}.{again}"


def _by_cause(diff: Diff, *, explained: bool) -> dict[str, int]:
    lines = diff.differences[diff.differences["explained"] == explained]
    counts = (lines["field"] + ": " + lines["cause"]).value_counts()
    return {str(label): int(cells) for label, cells in counts.items()}
