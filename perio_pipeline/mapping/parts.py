"""Puts the mark under a text, and cuts texts that are too long into records of their own, each with its mark.

A part's mark does not say how many parts there are, so that it stays what it was when the text grows; the line that
carries it does: `Part 2 of 3 [PANDA note 7 part 2]`.
"""

from __future__ import annotations

import textwrap
from collections.abc import Callable
from dataclasses import dataclass
from html import escape
from typing import Any

import pandas as pd

from perio_pipeline.mapping.model import ObjectMap
from perio_pipeline.richtext.html import read_html
from perio_pipeline.richtext.splitting import split
from perio_pipeline.richtext.writing import to_html

MOST_PARTS = 9_999
"""Room is kept for so high a number."""


@dataclass(frozen=True)
class _Form:
    """How a format sets the line with the mark, and how it cuts a text into pieces of a length."""

    line: Callable[[str], str]
    cut: Callable[[str, int], list[str]]


def with_marks(obj: ObjectMap, shaped: pd.DataFrame) -> pd.DataFrame:
    """Put the mark under its text; a text that is longer than its object's `split` allows becomes several rows."""
    if obj.mark.text is None or obj.file is not None:
        return shaped
    field = obj.mark.field
    form = _FORMS[dict(obj.all_fields())[field].format]
    whole = shaped[field].fillna("") + "\n" + shaped["mark"].map(form.line)
    whole = whole.str.strip()
    if obj.split is None or not (whole.str.len() > obj.split.limit).any():
        return shaped.assign(**{field: whole})
    long = whole.str.len() > obj.split.limit
    rows = shaped[long].to_dict("index").items()
    parts = [(place, part) for place, row in rows for part in _parts(row, field, form, obj.split.limit)]
    cut = pd.DataFrame([part for _, part in parts], index=[place for place, _ in parts])
    kept = shaped[~long].assign(**{field: whole[~long]})
    together = pd.concat([kept, cut.astype(shaped.dtypes.to_dict())])
    return together.sort_index(kind="stable").reset_index(drop=True)


def part_mark(mark: str, number: int) -> str:
    """Return the mark of a part; the first one has that of the whole."""
    return mark if number == 1 else f"{mark.removesuffix(']')} part {number}]"


def whole_key(key: str) -> str:
    """Return the source key of the text that a part belongs to; other keys as they are."""
    whole, _, number = key.rpartition("#")
    return whole if whole and number.isdecimal() and int(number) > 1 else key


def _parts(row: dict[Any, Any], field: str, form: _Form, limit: int) -> list[dict[Any, Any]]:
    longest = form.line(f"Part {MOST_PARTS} of {MOST_PARTS} {part_mark(row['mark'], MOST_PARTS)}")
    pieces = form.cut(row[field], limit - len(longest) - 1)
    parts = []
    for number, piece in enumerate(pieces, start=1):
        mark = part_mark(row["mark"], number)
        key = row["source_key"] if number == 1 else f"{row['source_key']}#{number}"
        line = form.line(f"Part {number} of {len(pieces)} {mark}" if len(pieces) > 1 else mark)
        parts.append({**row, "source_key": key, "mark": mark, field: f"{piece}\n{line}"})
    return parts


def _cut_text(text: str, room: int) -> list[str]:
    wrapped = textwrap.wrap(
        text, room, replace_whitespace=False, drop_whitespace=False, break_on_hyphens=False, expand_tabs=False
    )
    return [piece.strip() for piece in wrapped if piece.strip()]


def _cut_html(html: str, room: int) -> list[str]:
    return [to_html(part) for part in split(read_html(html), room)]


_FORMS = {
    "text": _Form(lambda line: line, _cut_text),
    "html": _Form(lambda line: f"<p>{escape(line, quote=False)}</p>", _cut_html),
}
