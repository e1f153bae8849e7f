"""Whether the bindings could read what they were given: an entry that fails on many rows is wrong, not the rows."""

from __future__ import annotations

import pandas as pd

from perio_pipeline.errors import SourceError
from perio_pipeline.panda.canonical import Table
from perio_pipeline.panda.trial import Limit

UNREAD = "unread"
"""The rule that holds back what its entry cannot read."""


def check_readable(table: Table, quarantine: pd.DataFrame, rows: int, limit: Limit) -> None:
    """Refuse a table of which an entry of the bindings fails on more than a few rows.

    Args:
        table: the canonical table.
        quarantine: what was held back of it (`findings.QUARANTINE`).
        rows: of its extract.
        limit: how many are a few.

    Raises:
        SourceError: names every such entry, with its rows.
    """
    failed = quarantine[quarantine["rule"] == UNREAD].groupby("reason")["row"].nunique()
    wrong = [
        f"{reason} on {count:,} of {rows:,} rows" for reason, count in failed.items() if limit.exceeded(count, rows)
    ]
    if wrong:
        raise SourceError(
            f"The bindings cannot read table {table.name}: {'; '.join(wrong)}.",
            "Correct these entries in the bindings file. If the rows are wrong, raise `source.unreadable` in the "
            "practice's file: they stay in quarantine.",
        )
