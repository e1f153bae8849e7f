"""Tells what came after the load, edits in the CRM and deletions on either side, from differences that are ours (P7).

A migration keeps what people edit. So a cell that they changed is explained by that, and one that PANDA has changed as
well is a conflict, which is listed for people to decide on.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence, Set
from dataclasses import replace

import pandas as pd

from perio_pipeline.loading.merging import Written
from perio_pipeline.signoff.causes import CAUSES, WHOLE_RECORD, Cause
from perio_pipeline.signoff.diff import Diff
from perio_pipeline.signoff.expected import LINK
from perio_pipeline.signoff.found import whole_key

WrittenOf = Callable[[str, frozenset[str]], Mapping[str, Written]]
"""Account, source keys of whole records → what we wrote to each of their parts, by the journal."""


def with_edits(diff: Diff, written_of: WrittenOf) -> Diff:
    """Return the diff with the cells that people edited named so.

    Args:
        diff: of one object.
        written_of: asked only where there are differences that nothing explains yet.
    """
    open_lines = diff.differences[_open(diff.differences)]
    if open_lines.empty:
        return diff
    lines = diff.differences.copy()
    for account, group in open_lines.groupby("account"):
        parts: dict[str, list[Written]] = {}
        for key, written in written_of(str(account), frozenset(group["source_key"])).items():
            parts.setdefault(whole_key(key), []).append(written)
        for place, key, name, expected in group[["source_key", "field", "expected"]].itertuples(name=None):
            cause = _cause(parts.get(key, []), str(name), None if pd.isna(expected) else expected)
            if cause is not None:
                lines.loc[place, ["cause", "explained"]] = [cause.value, CAUSES[cause].explained]
    return replace(diff, differences=lines)


def with_deletions(diff: Diff, gone: Set[str]) -> Diff:
    """Return the diff with the records that PANDA has no longer named so.

    Args:
        diff: of one object.
        gone: CRM ids of the records that we loaded before, and that PANDA has no longer.
    """
    return _renamed(diff, Cause.EXTRA, Cause.DELETED, diff.differences["crm_id"].isin(list(gone)))


def with_removals(diff: Diff, removed: Set[str]) -> Diff:
    """Return the diff with the records that people have deleted in the CRM named so.

    Args:
        diff: of one object.
        removed: source keys of those records, and of those that would hang on them.
    """
    return _renamed(diff, Cause.MISSING, Cause.REMOVED, diff.differences["source_key"].isin(list(removed)))


def _renamed(diff: Diff, cause: Cause, known: Cause, among: pd.Series[bool]) -> Diff:
    """Give whole records among some of the lines the cause that is known of them."""
    lines = diff.differences
    chosen = (lines["cause"] == cause) & (lines["field"] == WHOLE_RECORD) & among
    if not chosen.any():
        return diff
    causes = lines["cause"].mask(chosen, known.value)
    explained = lines["explained"].mask(chosen, CAUSES[known].explained)
    return replace(diff, differences=lines.assign(cause=causes, explained=explained))


def _open(lines: pd.DataFrame) -> pd.Series[bool]:
    """Cells of records that are in the CRM, which nothing explains yet."""
    return ~lines["explained"] & lines["crm_id"].notna() & (lines["field"] != WHOLE_RECORD)


def _cause(parts: Sequence[Written], field: str, expected: str | None) -> Cause | None:
    """Why a cell differs, if a person changed it in any part of the record."""
    name = field.removeprefix(LINK)
    edited = [part for part in parts if part.latest is not None and part.edited(name, part.latest.get(name))]
    if not edited:
        return None
    # What PANDA says of a link, or of a text in parts, is not what was sent letter by letter.
    comparable = field == name and len(parts) == 1
    return Cause.CONFLICT if comparable and edited[0].changed(name, expected) else Cause.EDITED
