"""Cells that a binding could not read: marked, so that validation holds the row back and says which entry failed.

A mark begins with SUBSTITUTE, the control character that ASCII has for what could not be read; no source holds it in
a text of its own. Behind it stand the reason, which never holds a value, and what was there.
"""

from __future__ import annotations

from typing import Any

import pandas as pd

_MARK, _END = "\x1a", "\x1f"

Text = Any  # a pandas Series of text; pandas' own type parameters add nothing here


def marked(cells: Text, unread: Text, reason: str) -> Text:
    """Return the cells with a mark in place of those that could not be read.

    Args:
        cells: texts.
        unread: which of them could not be read.
        reason: names the entry and says why; no value.
    """
    return cells.mask(unread, _MARK + reason + _END + cells.fillna(""))


def is_marked(cells: Text) -> Any:
    """Return which cells carry a mark."""
    return cells.str.startswith(_MARK).fillna(False).astype(bool)


def reason_of(text: str) -> str | None:
    """Return why a cell could not be read; None for a cell that could."""
    return text[1:].partition(_END)[0] if text.startswith(_MARK) else None


def reasons(cells: Text) -> pd.Series[int]:
    """Return how many cells could not be read, by reason."""
    counted: pd.Series[int] = cells[is_marked(cells)].map(reason_of).value_counts()
    return counted
