"""References between tables: a row needs its parent, an optional link only loses its target."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from perio_pipeline.panda.canonical import Table
from perio_pipeline.validation.findings import Finding


def resolve(table: Table, frame: pd.DataFrame, parents: Mapping[str, pd.Index]) -> tuple[pd.DataFrame, list[Finding]]:
    """Return the frame without links to rows that are not valid, and the findings `orphan` and `orphan_link`.

    Args:
        table: the table.
        frame: its typed rows, index 0..n-1.
        parents: table → the keys of its valid rows.

    Raises:
        KeyError: a table that this one refers to is not among the parents.
    """
    findings = []
    for name, parent in table.parents.items():
        link = frame[name]
        lost = (link.notna() & ~link.isin(parents[parent])).to_numpy(dtype=bool)
        if not lost.any():
            continue
        rows = np.flatnonzero(lost)
        if table.column(name).keeps_row:
            frame = frame.assign(**{name: link.mask(lost)})
            findings.append(Finding(name, "orphan_link", rows))
        else:
            findings.append(Finding(name, "orphan", rows))
    return frame, findings
