"""A CRM's assets: shaped frames, the account, the sample, the manifests of what was loaded, and the read-backs."""

from enum import StrEnum
from typing import Any

import dagster as dg
import pandas as pd
from pydantic import Field

from perio_pipeline import interrupts
from perio_pipeline.defs.metadata import OWNERS, counts_table, object_schema, report_link, table_schema
from perio_pipeline.defs.resources import PASS_TAG, WorkplaceResource, actionable, run_info
from perio_pipeline.errors import SettingsError
from perio_pipeline.loading.accounts import ACCOUNT, prepare_accounts
from perio_pipeline.loading.deletions import Deleted
from perio_pipeline.loading.matching.decisions import link_certain, waiting
from perio_pipeline.loading.matching.finding import MATCH_TABLE, find_matches
from perio_pipeline.loading.objects import MANIFEST, WRITTEN, load_object, read_object
from perio_pipeline.loading.retrying import renewed, unsettled
from perio_pipeline.loading.sampling import SAMPLE, choose, sample_frame, uncovered
from perio_pipeline.mapping.model import Mapping, ObjectMap
from perio_pipeline.mapping.practice import Practice
from perio_pipeline.mapping.rows import frames_of
from perio_pipeline.mapping.shape import shape
from perio_pipeline.signoff.match_review import write_review
from perio_pipeline.store import FrameStore, StoredFrame


class LoadPass(StrEnum):
    """Which records a run loads.

    The sample, everything, what has changed in PANDA since, or only what did not arrive in the latest load.
    """

    SAMPLE = "sample"
    FULL = "full"
    DELTA = "delta"
    RETRY = "retry"


WHOLE_TAG = "perio/whole_readback"
"""Tag of a run that reads everything back, whatever its pass."""

PARTIAL = frozenset({LoadPass.RETRY.value, LoadPass.DELTA.value})
"""Passes that read back only what they wrote: the rest is as it was read before."""


WHICH_PASS = (
    "SAMPLE loads patients that together show every field, FULL everything, DELTA what has changed in PANDA since the "
    "last load, RETRY what did not arrive in the latest one. Empty is the job's own; an asset alone loads the SAMPLE."
)
"""What the launchpad says of a pass; Dagster takes it by its name, in capitals."""


class LoadConfig(dg.Config):
    """Which records a load step sends."""

    load_pass: LoadPass | None = Field(default=None, description=WHICH_PASS)


def pass_of(run: dg.DagsterRun, chosen: LoadPass | None) -> LoadPass:
    """Return the pass that was chosen, or that of the run's job; the harmless one where neither says."""
    return chosen or LoadPass(run.tags.get(PASS_TAG, LoadPass.SAMPLE))


def shaped_asset(
    crm: str, name: str, mapping: Mapping, partitions: dg.PartitionsDefinition[str]
) -> dg.AssetsDefinition:
    """Build the frame of one destination object, in the form the CRM takes."""
    obj = mapping.objects[name]
    frames = frames_of(name, mapping)

    @dg.asset(
        key=[crm, "shaped", name],
        ins={frame.replace("/", "__"): dg.AssetIn(key=mapping.asset_key(frame)) for frame in frames},
        partitions_def=partitions,
        group_name=f"{crm}_shaped",
        kinds={"pandas"},
        owners=OWNERS,
        description=f"{obj.description}, shaped for {crm} ({', '.join(obj.requirement)}).",
        metadata=object_schema(obj),
    )
    def shaped(
        context: dg.AssetExecutionContext, workplace: WorkplaceResource, **inputs: pd.DataFrame
    ) -> dg.Output[pd.DataFrame]:
        with actionable():
            rooms = workplace.open
            practice = rooms.practice(context.partition_key)
            named = {frame.replace("__", "/", 1): content for frame, content in inputs.items()}
            result = shape(name, rooms.effective(practice, crm), named, rooms.router(practice, crm), practice.locale)
            rooms.store().write(practice.practice, [crm, "left_out", name], result.left_out)
        left_out = (result.left_out["category"] + ": " + result.left_out["reason"]).value_counts()
        return dg.Output(
            result.frame,
            metadata={
                "left_out": counts_table({str(reason): int(rows) for reason, rows in left_out.items()}, "reason"),
                "problems": int(result.frame["problem"].notna().sum()),
            },
        )

    return shaped


def account_asset(crm: str, partitions: dg.PartitionsDefinition[str]) -> dg.AssetsDefinition:
    """Build the CRM account: checked, its look-ups known, its custom fields in place."""

    @dg.asset(
        key=[crm, "account"],
        # Nothing is asked of the CRM, and no field made, before it is known what the load costs.
        deps=[[crm, "request_plan"]],
        partitions_def=partitions,
        group_name=f"{crm}_account",
        kinds={"python"},
        owners=OWNERS,
        pool=f"{crm}_api",
        description="The accounts: token, scopes and look-ups checked; missing custom fields created where approved.",
        metadata=table_schema(ACCOUNT),
    )
    def account(context: dg.AssetExecutionContext, workplace: WorkplaceResource) -> dg.Output[pd.DataFrame]:
        with actionable():
            practice = workplace.open.practice(context.partition_key)
            with workplace.target(context.partition_key, crm, run_info(context, "prepare")) as target:
                workplace.open.check_gates(practice, crm)
                workplace.open.check_room(practice, crm)
                approver = practice.destination(crm).schema_plan.approver
                frame, created = interrupts.run(prepare_accounts(target, approved_by=approver))
        return dg.Output(frame, metadata={"custom_fields_created": created})

    return account


def sample_asset(crm: str, mapping: Mapping, partitions: dg.PartitionsDefinition[str]) -> dg.AssetsDefinition:
    """Build the choice of records for the sample migration."""

    @dg.asset(
        key=[crm, "sample"],
        ins={name: dg.AssetIn(key=[crm, "shaped", name]) for name in mapping.objects},
        partitions_def=partitions,
        group_name=f"{crm}_shaped",
        kinds={"python"},
        owners=OWNERS,
        description="The records of a sample migration: patients that together show every field, choice and relation.",
        metadata=table_schema(SAMPLE),
    )
    def sample(
        context: dg.AssetExecutionContext, workplace: WorkplaceResource, **shaped: pd.DataFrame
    ) -> dg.Output[pd.DataFrame]:
        with actionable():
            rooms = workplace.open
            practice = rooms.practice(context.partition_key)
            effective = rooms.effective(practice, crm)
        chosen = choose(effective, shaped, practice.sample_patients)
        missed = uncovered(effective, shaped, chosen)
        text = "\n".join(f"- {stratum}" for stratum in missed) or "Every stratum is covered."
        return dg.Output(
            sample_frame(effective, shaped, chosen),
            metadata={"patients": len(chosen), "strata_not_covered": dg.MetadataValue.md(text)},
        )

    return sample


def matches_asset(crm: str, mapping: Mapping, partitions: dg.PartitionsDefinition[str]) -> dg.AssetsDefinition:
    """Build the list of records that the CRM may have held before, for people to decide on."""

    @dg.asset(
        key=[crm, "matches"],
        ins={name: dg.AssetIn(key=[crm, "shaped", name]) for name in mapping.matched()},
        deps=[[crm, "account"]],
        partitions_def=partitions,
        group_name=f"{crm}_account",
        kinds={"python"},
        owners=OWNERS,
        pool=f"{crm}_api",
        description="Records that the accounts may hold already. A person says which are one: `perio match`.",
        metadata=table_schema(MATCH_TABLE),
    )
    def matches(
        context: dg.AssetExecutionContext, workplace: WorkplaceResource, **shaped: pd.DataFrame
    ) -> dg.Output[pd.DataFrame]:
        with actionable():
            practice = workplace.open.practice(context.partition_key)
            with workplace.target(context.partition_key, crm, run_info(context, "match")) as target:
                workplace.open.check_gates(practice, crm)
                found = interrupts.run(find_matches(target, shaped, practice.country))
                if practice.policies.link_certain_matches:
                    found.frame = link_certain(target, found.frame)
            path = write_review(workplace.open, practice, crm, found)
        return dg.Output(
            found.frame,
            metadata={
                "looked_at": found.seen,
                "pairs": counts_table({str(level): int(n) for level, n in found.frame["level"].value_counts().items()},
                                      "level"),
                "shared_by_too_many": counts_table(dict(found.crowded), "what"),
                "review": report_link(path),
            },
        )  # fmt: skip

    return matches


def loaded_asset(crm: str, name: str, obj: ObjectMap, partitions: dg.PartitionsDefinition[str]) -> dg.AssetsDefinition:
    """Build the manifest of one object: what became of each record."""

    @dg.asset(
        key=[crm, "loaded", name],
        ins={"shaped": dg.AssetIn(key=[crm, "shaped", name]), "sample": dg.AssetIn(key=[crm, "sample"])},
        deps=[
            [crm, "account"],
            *([crm, "loaded", parent] for parent in sorted({x.object for x in obj.links.values()})),
            *([[crm, "matches"]] if obj.match else []),
        ],
        partitions_def=partitions,
        group_name=f"{crm}_loaded",
        kinds={"python"},
        owners=OWNERS,
        pool=f"{crm}_api",
        description=f"{obj.description}: the manifest of what {crm} holds, record by record.",
        metadata=table_schema(MANIFEST),
    )
    def loaded(
        context: dg.AssetExecutionContext,
        config: LoadConfig,
        workplace: WorkplaceResource,
        shaped: pd.DataFrame,
        sample: pd.DataFrame,
    ) -> dg.Output[pd.DataFrame]:
        load_pass = pass_of(context.run, config.load_pass)
        if load_pass is LoadPass.SAMPLE:
            keys = sample.loc[sample["object"] == name, "source_key"]
            shaped = shaped[shaped["source_key"].isin(keys)]
        with actionable():
            practice = workplace.open.practice(context.partition_key)
            run, picking_up = run_info(context, load_pass.value), _picks_up(context)
            with workplace.target(context.partition_key, crm, run, remembering=picking_up) as target:
                workplace.open.check_gates(practice, crm)
                earlier = workplace.store().frame(practice.practice, [crm, "loaded", name])
                covers = load_pass.value
                if load_pass is LoadPass.DELTA:
                    covers = _full_pass(earlier, crm, practice.practice)
                if load_pass is LoadPass.RETRY:
                    covers = _earlier_pass(earlier, crm, practice.practice)
                    shaped = unsettled(target, name, shaped, earlier.read())
                matches = workplace.store().frame(practice.practice, [crm, "matches"])
                held_back = waiting(target, name, matches.read()) if obj.match else {}
                every = covers == LoadPass.FULL.value and load_pass is not LoadPass.RETRY
                deleted = _deleted(workplace.store(), practice, crm, obj) if every else None
                manifest = interrupts.run(load_object(target, name, shaped, held_back, every=every, deleted=deleted))
            if load_pass is LoadPass.RETRY:
                manifest = renewed(earlier.read(), manifest)
            workplace.store().write_note(practice.practice, [crm, "loaded", name], {"pass": covers})
        actions = {str(action): int(rows) for action, rows in manifest["action"].value_counts().items()}
        failed = manifest.loc[manifest["action"] == "failed", "code"].value_counts()
        return dg.Output(
            manifest,
            metadata={
                "pass": load_pass.value,
                "actions": counts_table(actions, "action"),
                "failures": counts_table({str(code): int(rows) for code, rows in failed.items()}, "reason"),
            },
        )

    return loaded


def _deleted(store: FrameStore, practice: Practice, crm: str, obj: ObjectMap) -> Deleted | None:
    """What tells the records that PANDA has deleted; None where they are only reported."""
    if not obj.deleted or practice.policies.deleted != "mark":
        return None
    table, (key,) = obj.rows.removeprefix("validated/"), obj.key
    # As PANDA writes a key, and as cleaning does: only what is there in neither form is gone.
    present = [store.frame(practice.practice, [part, table]).read([key])[key] for part in ("panda", "validated")]
    keys = frozenset(str(each).strip() for column in present for each in column.dropna())
    guard = practice.destination(crm).cutover
    return Deleted(keys, guard.gone_share, guard.gone_few)


def _earlier_pass(manifest: StoredFrame, crm: str, practice: str) -> str:
    """The pass whose failures are tried again.

    Raises:
        SettingsError: nothing was loaded yet.
    """
    if not manifest.exists():
        raise SettingsError(
            f"Nothing of practice {practice} was loaded into {crm} yet, so there is nothing to try again.",
            "Run the sample or the full migration first.",
        )
    return str(manifest.note().get("pass", LoadPass.FULL.value))


def _picks_up(context: dg.AssetExecutionContext) -> bool:
    """Whether the run picks up a few changes, for which an account is not asked for its whole set-up each time."""
    return context.run.tags.get(PASS_TAG) == LoadPass.DELTA.value and WHOLE_TAG not in context.run.tags


def _full_pass(manifest: StoredFrame, crm: str, practice: str) -> str:
    """The pass that a delta goes on from.

    Raises:
        SettingsError: not everything was loaded yet.
    """
    if not manifest.exists() or _earlier_pass(manifest, crm, practice) != LoadPass.FULL.value:
        raise SettingsError(
            f"Practice {practice} was not loaded into {crm} as a whole yet, so there is nothing to go on from.",
            "Run the full migration first.",
        )
    return LoadPass.FULL.value


def readback_asset(
    crm: str, name: str, obj: ObjectMap, partitions: dg.PartitionsDefinition[str]
) -> dg.AssetsDefinition:
    """Build the read-back of one object: every loaded record as the CRM holds it now."""

    @dg.asset(
        key=[crm, "readback", name],
        ins={"manifest": dg.AssetIn(key=[crm, "loaded", name])},
        # The diff proves links by the read-back of the records they point to, so those must be there and fresh.
        deps=[[crm, "readback", parent] for parent in sorted({link.object for link in obj.links.values()})],
        partitions_def=partitions,
        group_name=f"{crm}_readback",
        kinds={"python"},
        owners=OWNERS,
        pool=f"{crm}_api",
        description=f"{obj.description}: as read back from {crm}. The field-level diff is its check.",
        metadata=object_schema(obj),
    )
    def readback(
        context: dg.AssetExecutionContext, workplace: WorkplaceResource, manifest: pd.DataFrame
    ) -> dg.Output[Any]:
        run, picking_up = run_info(context, "readback"), _picks_up(context)
        with actionable(), workplace.target(context.partition_key, crm, run, remembering=picking_up) as target:
            earlier = workplace.store().frame(context.partition_key, [crm, "readback", name])
            tags = context.run.tags
            partial = tags.get(PASS_TAG) in PARTIAL and WHOLE_TAG not in tags and earlier.exists()
            asked = manifest[manifest["action"].isin(WRITTEN)] if partial else manifest
            frame = interrupts.run(read_object(target, name, asked))
            if partial:  # what the load found removed is known without asking again
                looked_at = pd.concat([asked, manifest[manifest["action"] == "removed"]])
                frame = renewed(earlier.read(), frame, looked_at)
        return dg.Output(frame, metadata={"manifest_rows": len(manifest), "read_back": len(asked)})

    return readback
