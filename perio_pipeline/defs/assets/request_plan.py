"""The request plan of a load: what it costs before it begins. Nothing is asked of the CRM."""

from contextlib import closing
from dataclasses import replace
from datetime import date
from typing import Any

import dagster as dg
import pandas as pd
from pydantic import Field

from perio_pipeline import progress
from perio_pipeline.defs.assets.destination import PARTIAL, WHICH_PASS, LoadPass, pass_of
from perio_pipeline.defs.metadata import OWNERS, table_schema
from perio_pipeline.defs.resources import PASS_TAG, WorkplaceResource, actionable
from perio_pipeline.loading.costs import PLANNED_LOAD, REQUEST_PLAN, RequestPlan, refuse_too_long
from perio_pipeline.mapping.model import Mapping
from perio_pipeline.store import FrameStore

SHOWN = ("plan", "object", "records", "to_write", "write_requests", "read_requests", "hours")


class PlanConfig(dg.Config):
    """For which pass, and whether a load that takes longer than its window may begin; a warning is the default."""

    load_pass: LoadPass | None = Field(default=None, description=WHICH_PASS)
    anyway: bool = Field(
        default=True,
        description="Whether a full load begins that takes longer than the practice's window; it is warned of anyway.",
    )


def request_plan_asset(crm: str, mapping: Mapping, partitions: dg.PartitionsDefinition[str]) -> dg.AssetsDefinition:
    """Build the plan of the load that is about to begin."""

    @dg.asset(
        key=[crm, "request_plan"],
        ins={"sample": dg.AssetIn(key=[crm, "sample"])},
        deps=[[crm, "shaped", name] for name in mapping.objects],
        partitions_def=partitions,
        group_name=f"{crm}_shaped",
        kinds={"python"},
        owners=OWNERS,
        description="Records, requests and hours of the load per object, on this plan of the CRM and on the others.",
        metadata=table_schema(REQUEST_PLAN),
    )
    def request_plan(
        context: dg.AssetExecutionContext, config: PlanConfig, workplace: WorkplaceResource, sample: pd.DataFrame
    ) -> dg.Output[Any]:
        load_pass = pass_of(context.run, config.load_pass)
        with actionable():
            rooms = workplace.open
            practice = rooms.practice(context.partition_key)
            only = None
            if load_pass is LoadPass.SAMPLE:
                only = {str(name): set(keys) for name, keys in sample.groupby("object")["source_key"]}
            if load_pass is LoadPass.RETRY:
                only = {name: _loaded(rooms.store(), practice.practice, crm, name) for name in mapping.objects}
            with closing(rooms.journal()) as journal:
                planner = rooms.planner(practice, crm, journal)
                whole = load_pass is not LoadPass.RETRY
                plan = replace(planner, load_pass=load_pass.value, only=only, whole=whole).plan(date.today())
            rooms.store().write_note(practice.practice, context.asset_key.path, plan.note())
            if PASS_TAG in context.run.tags and load_pass.value not in PARTIAL:
                note = {**plan.note(), "run": context.run.run_id}
                rooms.store().write_note(practice.practice, [crm, PLANNED_LOAD], note)
            progress.notice(f"To {crm}: {plan.summary}")
            if not config.anyway:
                refuse_too_long(plan)
        return dg.Output(plan.frame(), metadata=_metadata(plan))

    return request_plan


def _loaded(store: FrameStore, practice: str, crm: str, name: str) -> set[str]:
    manifest = store.frame(practice, [crm, "loaded", name])
    return set(manifest.read(["source_key"])["source_key"]) if manifest.exists() else set()


def _metadata(plan: RequestPlan) -> dict[str, Any]:
    rows = plan.frame()[list(SHOWN)].astype(object)
    records = rows.where(rows.notna(), "").astype(str).to_dict("records")
    options = "\n".join(f"- `{option.setting}`: {option.told}" for option in plan.options) or "None is needed."
    return {
        "summary": plan.summary,
        "requests": plan.cost.requests,
        "hours": round(plan.cost.hours, 2),
        "window_hours": plan.window_hours,
        "table": dg.MetadataValue.table(
            [dg.TableRecord({str(name): value for name, value in record.items()}) for record in records],
            schema=dg.TableSchema([dg.TableColumn(name, "string") for name in SHOWN]),
        ),
        "what_would_shrink_it": dg.MetadataValue.md(options),
        "in_another_form": dg.MetadataValue.md("\n".join(f"- {text}" for text in plan.fallbacks) or "Nothing."),
    }
