"""Validated frames: one asset per canonical table, and the frames cleaning derives from them.

Rows that break a rule go to `quarantine/<table>`, what was changed on rows that went on to `treatments/<table>`; both
lie beside the validated frames in the store and are counted in the asset's metadata.
"""

import json
from collections.abc import Collection
from datetime import date
from hashlib import sha256
from typing import Any

import dagster as dg
import pandas as pd

from perio_pipeline.cutover.rereading import Touched, ValidCharts
from perio_pipeline.defs.assets.frames import AssetMaker, frame_asset
from perio_pipeline.defs.metadata import OWNERS, counts_table, table_schema
from perio_pipeline.defs.resources import WorkplaceResource, actionable, touched_by
from perio_pipeline.mapping.practice import Practice
from perio_pipeline.panda.canonical import Table
from perio_pipeline.panda.tables import BY_EXAM, TABLES
from perio_pipeline.panda.trial import Limit
from perio_pipeline.store import FrameStore, StoredFrame
from perio_pipeline.validation.carried_forward import carried_forward, site_fingerprints
from perio_pipeline.validation.contact_points import contact_points
from perio_pipeline.validation.context import Context
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
from perio_pipeline.validation.readable import check_readable
from perio_pipeline.validation.referrals import primary_referral, referrer_volume
from perio_pipeline.validation.stored import FRAMES, PIECE, Tally, pieces, validated_pieces, write


def validated_asset(table: Table, partitions: dg.PartitionsDefinition[str]) -> dg.AssetsDefinition:
    """Build the validated frame of one canonical table."""
    needs = [*_parents(table), *(["perio_tooth"] if table.name == "perio_site" else [])]

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
            rooms = workplace.open
            practice, store = rooms.practice(context.partition_key), rooms.store()
            batch = touched_by(context, rooms, practice) if table.name in BY_EXAM else None
            tally, again = _validate(table, practice, store, extract, batch)
            check_readable(table, tally.unread, extract.rows(), Limit(practice.source.unreadable))
        return dg.MaterializeResult(
            metadata={
                "dagster/partition_row_count": tally.valid,
                "extracted": extract.rows(),
                "quarantined": tally.quarantined,
                "quarantined_by_rule": counts_table(tally.refused, "rule"),
                "treated_by_rule": counts_table(tally.treated, "rule"),
                **({} if again is None else {"exams_validated_again": len(again)}),
            },
        )

    return validated


def _validate(
    table: Table, practice: Practice, store: FrameStore, extract: StoredFrame, batch: Touched | None
) -> tuple[Tally, Collection[str] | None]:
    """Validate a table, or of a chart's those exams that must be; returns which, None for all."""
    name = practice.practice
    parents = {parent: _keys(store, name, parent) for parent in _parents(table)}
    context, settings = _context(table, practice, store), _settings(practice)
    charts = ValidCharts(table, *(store.frame(name, [kind, table.name]) for kind in FRAMES))
    again = charts.to_validate(extract, parents["perio_exam"], settings, batch) if batch else None
    chosen = pieces(table, extract) if again is None else iter([charts.rows_of(again, extract)])
    # Nameless while it is being replaced, as an extract is.
    store.write_note(name, ["validated", table.name], {})
    kept = ((), (), ()) if again is None else charts.kept(again)
    tally = write(store, name, table, validated_pieces(table, chosen, parents, context), kept)
    made_of = {"extract": extract.note().get("reading"), "settings": settings}
    store.write_note(name, ["validated", table.name], made_of)
    return tally, again


def _parents(table: Table) -> list[str]:
    return sorted({parent for parent in table.parents.values() if parent != table.name})


def _context(table: Table, practice: Practice, store: FrameStore) -> Context:
    missing = None
    if table.name == "perio_site":
        teeth = store.frame(practice.practice, ["validated", "perio_tooth"])
        missing = MissingTeeth.of(teeth.chunks(PIECE))
    return Context(
        today=date.today(),
        country=practice.country,
        time_zone=practice.time_zone,
        bridge_fed=practice.policies.bridge_fed,
        missing_teeth=missing,
        switched_off=frozenset(practice.policies.switched_off),
    )


def _settings(practice: Practice) -> str:
    """Name all that a practice's file says about validation."""
    policies = practice.policies
    said = [practice.country, practice.time_zone, policies.bridge_fed, sorted(policies.switched_off)]
    return sha256(json.dumps(said).encode()).hexdigest()


def _keys(store: FrameStore, practice: str, name: str) -> pd.Index:
    (key,) = TABLES[name].key
    keys: pd.Index = pd.Index(store.frame(practice, ["validated", name]).read([key])[key])
    return keys


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
