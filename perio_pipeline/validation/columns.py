"""Reading one extract column: cleaned, remarked on and typed.

A column is held as its distinct texts and where they stand, so every cleaner sees a text once however often it occurs:
half a million sites have a dozen distinct depths.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pandas.api.extensions import ExtensionArray

from perio_pipeline.panda.canonical import Column, Table
from perio_pipeline.panda.unread import reason_of
from perio_pipeline.validation.context import Context
from perio_pipeline.validation.findings import Finding, Positions
from perio_pipeline.validation.parsing import REASONS, parse
from perio_pipeline.validation.registry import Change, Remark, is_free_text, steps_for

Places = NDArray[np.intp]
"""For each row the number of its distinct text; -1 for no value."""


def read_column(
    table: Table, column: Column, texts: pd.Series, context: Context
) -> tuple[ExtensionArray, list[Finding]]:
    """Return the column's typed values, without a value where it has none or cannot be read, and what was found."""
    places, distinct = pd.factorize(texts)
    unread = [reason_of(str(text)) for text in distinct]
    findings = _found(column.name, "unread", _by_reason(unread), places)
    values = [
        None if reason else _content(str(text), strip=not is_free_text(table, column))
        for text, reason in zip(distinct, unread, strict=True)
    ]
    for step in steps_for(table, column):
        if context.applies(step.rule):
            values, found = _take_step(step, values, context, column.name, places)
            findings.extend(found)
    typed, unreadable = parse(column.kind, values)
    findings.extend(_found(column.name, "type", {REASONS[column.kind]: unreadable}, places))
    return typed.take(places, allow_fill=True), findings


def _content(text: str, *, strip: bool) -> str | None:
    """Return the text, or None when there is nothing but space; codes, keys and numbers come padded and lose it."""
    stripped = text.strip()
    return (stripped if strip else text) if stripped else None


def _take_step(
    step: Change | Remark, values: Sequence[str | None], context: Context, column: str, places: Places
) -> tuple[list[str | None], list[Finding]]:
    results = [None if value is None else step.function(value, context) for value in values]
    if isinstance(step, Change):
        after = [result or None for result in results]
        changed = np.array([new != old for new, old in zip(after, values, strict=True)], dtype=bool)
        return after, _found(column, step.rule, {"": changed}, places)
    return list(values), _found(column, step.rule, _by_reason(results), places)


def _by_reason(results: Sequence[str | None]) -> dict[str, NDArray[np.bool_]]:
    """Reason → which of the distinct texts have it."""
    reasons = sorted({reason for reason in results if reason})
    return {reason: np.array([result == reason for result in results], dtype=bool) for reason in reasons}


def _found(column: str, rule: str, hits: dict[str, NDArray[np.bool_]], places: Places) -> list[Finding]:
    return [Finding(column, rule, _rows_of(mask, places), reason) for reason, mask in hits.items() if mask.any()]


def _rows_of(mask: Iterable[np.bool_], places: Places) -> Positions:
    """Return the rows whose distinct text is marked; the extra last entry is what -1 points to."""
    marked = np.append(np.asarray(mask, dtype=bool), False)
    return np.flatnonzero(marked[places])
