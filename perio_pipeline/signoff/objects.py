"""Runs the field-level diff of a loaded object on the stored frames, keeps it, and renders the practice's report."""

from __future__ import annotations

from collections.abc import Mapping as Dictionary

import pandas as pd

from perio_pipeline.loading.deletions import NOT_IN_PANDA
from perio_pipeline.loading.entries import Known
from perio_pipeline.mapping.filing import SENT_FRAME
from perio_pipeline.mapping.model import Mapping
from perio_pipeline.mapping.practice import Practice
from perio_pipeline.mapping.rows import IDENTITY, PATIENT
from perio_pipeline.signoff.accounting import destination_status, status_table
from perio_pipeline.signoff.diff import Diff, diff_object
from perio_pipeline.signoff.edits import WrittenOf, with_deletions, with_edits, with_removals
from perio_pipeline.signoff.found import whole_key
from perio_pipeline.signoff.leftovers import file_lines, left_out_lines
from perio_pipeline.signoff.report import render_report
from perio_pipeline.store import FrameStore
from perio_pipeline.workplace import Workplace

REPORT = "diff.html"

Records = Dictionary[str, Dictionary[str, Known]]
"""Account → source key → what the journal knows of an object's record."""


def diff_loaded(
    rooms: Workplace, practice: Practice, crm: str, name: str, known: Records, written_of: WrittenOf
) -> Diff:
    """Compare an object as read back with PANDA, keep the differences as a frame, and bring the report up to date.

    In a sample pass only the records of the sample are expected in the CRM. What people edited or deleted since is told
    apart by what the journal knows of the records, and of what was written to them.
    """
    store, mapping = rooms.store(), rooms.effective(practice, crm)
    obj = mapping.objects[name]

    def frame(*key: str) -> pd.DataFrame:
        return store.frame(practice.practice, key).read()

    only = None
    if store.frame(practice.practice, [crm, "loaded", name]).note().get("pass") == "sample":
        sample = frame(crm, "sample")
        only = set(sample.loc[sample["object"] == name, "source_key"])
    manifest = frame(crm, "loaded", name)
    diff = diff_object(
        name,
        mapping,
        {key: frame(*mapping.asset_key(key)) for key in dict.fromkeys([PATIENT, IDENTITY, *obj.frames()])},
        frame(crm, "readback", name),
        {other: frame(crm, "readback", other) for other in {link.object for link in obj.links.values()}},
        frame(crm, "account"),
        practice.locale,
        only,
        set(manifest.loc[manifest["linked"], "crm_id"].dropna()),
    )
    gone = manifest.loc[manifest["code"] == NOT_IN_PANDA, "crm_id"]
    left = {key for account in known.values() for key, record in account.items() if record.removed}
    left |= set(manifest.loc[manifest["action"] == "removed", "source_key"])
    diff = with_removals(with_deletions(diff, set(gone)), {whole_key(key) for key in left})
    diff = with_edits(diff, written_of)
    _keep(store, practice.practice, crm, diff)
    _report(rooms, practice, crm, mapping)
    return diff


def unproven_records(diff: Diff, known: Records) -> pd.DataFrame:
    """Return the records that do not hold what we wrote, whichever run wrote them (source_key, account: str).

    A record that was changed since it was first read back after our latest write is left out: people edited it, and
    that stays.

    Args:
        diff: the object's differences.
        known: account → source key → what the journal knows of the object's records.
    """
    wrong = diff.differences[~diff.differences["explained"] & diff.differences["crm_id"].notna()]
    places = set(wrong[["source_key", "account"]].itertuples(index=False, name=None))
    # The diff judges a text in parts as one record.
    records = [
        (key, account)
        for account, each in known.items()
        for key, record in each.items()
        if record.untouched and (whole_key(key), account) in places
    ]
    return pd.DataFrame(records, columns=["source_key", "account"], dtype="str")


def _keep(store: FrameStore, practice: str, crm: str, diff: Diff) -> None:
    store.write(practice, [crm, "diff", diff.object], diff.differences)
    store.write(practice, [crm, "population", diff.object], diff.population)
    counts = {"cells": diff.cells, "records": diff.records}
    note = {**counts, "differences": len(diff.differences), "unexplained": diff.unexplained}
    store.write_note(practice, [crm, "diff", diff.object], note)


def kept_diffs(rooms: Workplace, practice: Practice, crm: str) -> dict[str, Diff]:
    """Return object → its latest diff, for those that were compared."""
    names = rooms.mapping(crm).objects
    kept = {name: _kept(rooms.store(), practice.practice, crm, name) for name in names}
    return {name: diff for name, diff in kept.items() if diff is not None}


def _kept(store: FrameStore, practice: str, crm: str, name: str) -> Diff | None:
    differences = store.frame(practice, [crm, "diff", name])
    if not differences.exists():
        return None
    note = differences.note()
    population = store.frame(practice, [crm, "population", name]).read()
    return Diff(name, int(note["cells"]), int(note["records"]), differences.read(), population)


def _report(rooms: Workplace, practice: Practice, crm: str, mapping: Mapping) -> None:
    store = rooms.store()
    diffs = kept_diffs(rooms, practice, crm)
    passes = {str(store.frame(practice.practice, [crm, "loaded", name]).note().get("pass")) for name in diffs}
    accounting = status_table(destination_status(store, practice.practice, crm, mapping, {}, {}))
    left_out = {name: store.frame(practice.practice, [crm, "left_out", name]) for name in mapping.objects}
    sent = store.frame(practice.practice, mapping.asset_key(SENT_FRAME))
    page = render_report(
        practice.name,
        crm,
        " and ".join(sorted(passes)),
        diffs,
        accounting,
        left_out=left_out_lines({name: frame.read() for name, frame in left_out.items() if frame.exists()}),
        files=file_lines(sent.read()) if sent.exists() else [],
    )
    rooms.write_report(page, practice.practice, crm, REPORT)
