"""Whether the bindings could read what they were given: an entry that fails on many rows is wrong, not the rows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

import pandas as pd

from perio_pipeline.errors import SourceError
from perio_pipeline.panda.canonical import Table
from perio_pipeline.panda.trial import Limit

UNREAD = "unread"
"""The rule that holds back what its entry cannot read."""


def unread_rows(quarantine: pd.DataFrame) -> Counter[str]:
    """Return entry and reason → rows that it could not read, of a quarantine frame (`findings.QUARANTINE`)."""
    failed = quarantine[quarantine["rule"] == UNREAD].groupby("reason")["row"].nunique()
    return Counter({str(reason): int(count) for reason, count in failed.items()})


def check_readable(table: Table, unread: Mapping[str, int], rows: int, limit: Limit) -> None:
    """Refuse a table of which an entry of the bindings fails on more than a few rows.

    Args:
        table: the canonical table.
        unread: `unread_rows` of all that was held back of it.
        rows: of its extract.
        limit: how many are a few.

    Raises:
        SourceError: names every such entry, with its rows.
    """
    wrong = [
        f"{reason} on {count:,} of {rows:,} rows" for reason, count in unread.items() if limit.exceeded(count, rows)
    ]
    if wrong:
        raise SourceError(
            f"The bindings cannot read table {table.name}: {'; '.join(wrong)}.",
            "Correct these entries in the bindings file. If the rows are wrong, raise `source.unreadable` in the "
            "practice's file: they stay in quarantine.",
        )
