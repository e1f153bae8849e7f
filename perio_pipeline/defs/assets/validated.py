"""Validated frames: one asset per canonical table, and the frames cleaning derives from them.

Rows that break a rule go to `quarantine/<table>`, what was changed on rows that went on to `treatments/<table>`; both
lie beside the validated frames in the store and are counted in the asset's metadata.
"""

from collections import Counter
from collections.abc import Iterator
from datetime import date
from typing import Any

import dagster as dg
import pandas as pd

from perio_pipeline.defs.assets.frames import AssetMaker, frame_asset
from perio_pipeline.defs.metadata import OWNERS, counts_table, table_schema
from perio_pipeline.defs.resources import WorkplaceResource, actionable
from perio_pipeline.mapping.practice import Practice
from perio_pipeline.panda.canonical import Table
from perio_pipeline.panda.tables import BY_EXAM, TABLES
from perio_pipeline.panda.trial import Limit
from perio_pipeline.store import FrameStore, StoredFrame
from perio_pipeline.validation.carried_forward import carried_forward, site_fingerprints
from perio_pipeline.validation.contact_points import contact_points
from perio_pipeline.validation.context import Context
from perio_pipeline.validation.findings import Validated
from perio_pipeline.validation.frames import (
    CARRIED_FORWARD_EXAM,
    CONTACT_POINT,
    LIKELY_DUPLICATE,
    PATIENT_IDENTITY,
    PRIMARY_REFERRAL,
    REFERRER_VOLUME,
    REFERRING_PRACTICE,
    REFERRING_PRACTICE_MEMBER,
)
from perio_pipeline.validation.identity import PatientPolicies, patient_identity
from perio_pipeline.validation.likely_duplicates import likely_duplicates
from perio_pipeline.validation.missing_teeth import MissingTeeth
from perio_pipeline.validation.practices import referring_practices
from perio_pipeline.validation.readable import check_readable, unread_rows
from perio_pipeline.validation.referrals import primary_referral, referrer_volume
from perio_pipeline.validation.validate import validate

PIECE = 300_000
"""Rows of a chart's table that are validated at a time."""


def validated_asset(table: Table, partitions: dg.PartitionsDefinition[str]) -> dg.AssetsDefinition:
    """Build the validated frame of one canonical table."""
    parents = sorted({parent for parent in table.parents.values() if parent != table.name})
    needs = [*parents, *(["perio_tooth"] if table.name == "perio_site" else [])]

    @dg.asset(
        key=["validated", table.name],
        ins={"extract": dg.AssetIn(key=["panda", table.name])},
        deps=[["validated", name] for name in needs],
        partitions_def=partitions,
        group_name="validated",
        kinds={"pandera", "pandas"},
        owners=OWNERS,
        description=f"{table.description} Typed and valid; rows that are not stand in quarantine.",
        metadata=table_schema(table),
    )
    def validated(
        context: dg.AssetExecutionContext, workplace: WorkplaceResource, extract: StoredFrame
    ) -> dg.MaterializeResult[Any]:
        with actionable():
            practice = workplace.open.practice(context.partition_key)
            store = workplace.store()
            # Written piece by piece, so that memory does not grow with the practice.
            with (
                store.writing(practice.practice, context.asset_key.path) as valid,
                store.writing(practice.practice, ["quarantine", table.name]) as quarantine,
                store.writing(practice.practice, ["treatments", table.name]) as treatments,
            ):
                quarantined, refused, treated, unread = 0, Counter[str](), Counter[str](), Counter[str]()
                for found in _validate(table, practice, store, extract, parents):
                    valid.add(found.valid)
                    quarantine.add(found.quarantine)
                    treatments.add(found.treatments)
                    quarantined += int(found.quarantine["row"].nunique())
                    refused += _by_rule(found.quarantine)
                    treated += _by_rule(found.treatments)
                    unread += unread_rows(found.quarantine)
            check_readable(table, unread, extract.rows(), Limit(practice.source.unreadable))
        return dg.MaterializeResult(
            metadata={
                "dagster/partition_row_count": valid.rows,
                "extracted": extract.rows(),
                "quarantined": quarantined,
                "quarantined_by_rule": counts_table(refused, "rule"),
                "treated_by_rule": counts_table(treated, "rule"),
            },
        )

    return validated


def _validate(
    table: Table, practice: Practice, store: FrameStore, extract: StoredFrame, parents: list[str]
) -> Iterator[Validated]:
    """Validate piece by piece."""
    keys = {name: _keys(store, practice.practice, name) for name in parents}
    missing = None
    if table.name == "perio_site":
        teeth = store.frame(practice.practice, ["validated", "perio_tooth"])
        missing = MissingTeeth.of(teeth.chunks(PIECE))
    context = Context(
        today=date.today(),
        country=practice.country,
        time_zone=practice.time_zone,
        bridge_fed=practice.policies.bridge_fed,
        missing_teeth=missing,
        switched_off=frozenset(practice.policies.switched_off),
    )
    pieces = extract.chunks(PIECE, "exam_id") if table.name in BY_EXAM else iter([extract.read()])
    for piece in pieces:
        yield validate(table, piece, keys, context)


def _keys(store: FrameStore, practice: str, name: str) -> pd.Index:
    (key,) = TABLES[name].key
    keys: pd.Index = pd.Index(store.frame(practice, ["validated", name]).read([key])[key])
    return keys


def _by_rule(lines: pd.DataFrame) -> Counter[str]:
    counts = (lines["column"].astype(str) + ": " + lines["rule"].astype(str)).value_counts()
    return Counter({str(rule): int(rows) for rule, rows in counts.items()})


def derived_assets(partitions: dg.PartitionsDefinition[str]) -> list[dg.AssetsDefinition]:
    """Build the frames that cleaning derives from validated ones."""

    def frame(table: Table, **inputs: str) -> AssetMaker:
        sources = {name: f"validated/{source}" for name, source in inputs.items()}
        return frame_asset("validated", table, partitions, {"pandas"}, **sources)

    @frame(PATIENT_IDENTITY, patient="patient")
    def identity(
        context: dg.AssetExecutionContext, workplace: WorkplaceResource, patient: pd.DataFrame
    ) -> dg.Output[pd.DataFrame]:
        with actionable():
            policies = workplace.open.practice(context.partition_key).policies
        decided = {name: getattr(policies, name) for name in PatientPolicies.__dataclass_fields__}
        frame = patient_identity(patient, PatientPolicies(**decided))
        return dg.Output(frame, metadata={"dispositions": counts_table(_counts(frame["disposition"]), "disposition")})

    @frame(CONTACT_POINT, patient="patient", identity="patient_identity")
    def contact_point(
        context: dg.AssetExecutionContext,
        workplace: WorkplaceResource,
        patient: pd.DataFrame,
        identity: pd.DataFrame,
    ) -> pd.DataFrame:
        with actionable():
            country = workplace.open.practice(context.partition_key).country
        return contact_points(patient, identity, country)

    @frame(REFERRING_PRACTICE, referral_source="referral_source")
    def referring_practice(referral_source: pd.DataFrame) -> pd.DataFrame:
        return referring_practices(referral_source)[0]

    @frame(REFERRING_PRACTICE_MEMBER, referral_source="referral_source")
    def referring_practice_member(referral_source: pd.DataFrame) -> pd.DataFrame:
        return referring_practices(referral_source)[1]

    @frame(PRIMARY_REFERRAL, referral="referral", members="referring_practice_member", identity="patient_identity")
    def primary(referral: pd.DataFrame, members: pd.DataFrame, identity: pd.DataFrame) -> pd.DataFrame:
        return primary_referral(referral, members, identity)

    @frame(REFERRER_VOLUME, referral="referral", identity="patient_identity")
    def volume(referral: pd.DataFrame, identity: pd.DataFrame) -> pd.DataFrame:
        return referrer_volume(referral, identity)

    @frame(LIKELY_DUPLICATE, patient="patient")
    def likely(context: dg.AssetExecutionContext, workplace: WorkplaceResource, patient: pd.DataFrame) -> pd.DataFrame:
        with actionable():
            policies = workplace.open.practice(context.partition_key).policies
        return likely_duplicates(patient, [*policies.same_patients, *policies.different_patients])

    @frame(CARRIED_FORWARD_EXAM, exams="perio_exam", sites="perio_site")
    def carried(exams: pd.DataFrame, sites: StoredFrame) -> pd.DataFrame:
        pieces = sites.chunks(PIECE, "exam_id")
        return carried_forward(exams, pd.concat([site_fingerprints(piece) for piece in pieces]))

    return [identity, contact_point, referring_practice, referring_practice_member, primary, volume, likely, carried]


def _counts(column: "pd.Series[str]") -> dict[str, int]:
    return {str(value): int(rows) for value, rows in column.value_counts().items()}
