"""What each mapped field of each record should say, in texts, and how the CRM's text is compared with it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

import numpy as np
import numpy.typing as npt
import pandas as pd

from perio_pipeline.files.frames import ENDINGS
from perio_pipeline.mapping.model import PLACEHOLDER, FieldMap, ObjectMap
from perio_pipeline.mapping.model import RICH as RICH_VALUE
from perio_pipeline.signoff.cells import Locale, Texts, as_texts, each_distinct, nothing, plain, texts
from perio_pipeline.signoff.comparators import (
    COMPARATORS,
    FILE_NAMES,
    FLAG,
    NAME,
    RICH,
    TEMPLATE,
    TEXT,
    Comparator,
    marked,
)
from perio_pipeline.signoff.gathered import SourceRecords
from perio_pipeline.signoff.richtext import is_rich

LINK = "link."
"""Precedes the name of a link's column."""


@dataclass(frozen=True)
class Unique:
    """What a field takes that must be unique in the CRM.

    Attributes:
        offers: the values it may take, best first, as meanings; one column each.
        withheld_to: the fields that hold them where another record was first.
    """

    offers: tuple[Texts, ...]
    withheld_to: tuple[str, ...]


@dataclass(frozen=True)
class Expected:
    """One field of all records.

    Attributes:
        name: the field; links go by `link.` and their name.
        texts: what the CRM should hold; nothing where it should be empty.
        comparator: how the CRM's text is compared.
        custom: a custom field of the CRM.
        made_plain: records whose text was rich in the source, for fields that are plain.
        rich_by: the capability that says whether the account keeps rich text; empty for plain fields.
        null_is_false: an empty source says no.
        names_a_user: the value is looked up in the account, which may not know it.
        unique: set for fields that must be unique in the CRM.
        constant: the same for every record.
    """

    name: str
    texts: Texts
    comparator: Comparator
    custom: bool = False
    made_plain: npt.NDArray[np.bool_] | None = None
    rich_by: str = ""
    null_is_false: bool = False
    names_a_user: bool = False
    unique: Unique | None = None
    constant: bool = False


def expected_fields(obj: ObjectMap, records: SourceRecords, locale: Locale) -> list[Expected]:
    """Compute every field and link of an object.

    Args:
        obj: the object's mapping.
        records: what should be in the CRM.
        locale: country and zone of the values.
    """
    rows = records.heads
    fields = [_field(name, field, obj, records, locale) for name, field in obj.all_fields()]
    links = [Expected(LINK + name, texts(rows[link.by]), TEXT) for name, link in obj.links.items()]
    return fields + links


def expected_marks(obj: ObjectMap, rows: pd.DataFrame, locale: Locale) -> Texts:
    """Compute the marks that stand under a text; nothing where marks are whole fields."""
    return nothing(len(rows)) if obj.mark.text is None else _filled(obj.mark.text, rows, locale)


def _field(name: str, field: FieldMap, obj: ObjectMap, records: SourceRecords, locale: Locale) -> Expected:
    rows = records.heads
    shown, comparator = _value(field, rows, locale)
    made_plain = _made_plain(field, records.rows)
    if field.each is not None:
        html = field.format == "html"
        between = "<br>\n" if html else "\n"
        shown = records.beneath(shown, _filled(field.each, records.rows, locale, html=html), between)
    if obj.mark.text is not None and obj.mark.field == name:
        marks = expected_marks(obj, rows, locale)
        if field.format == "html":
            marks = each_distinct(marks, lambda mark: f"<br>{escape(mark, quote=False)}")
        parts = zip(shown.tolist(), marks.tolist(), _endings(obj, rows), strict=True)
        shown = as_texts([f"{text or ''}\n{mark}{ending}" for text, mark, ending in parts])
        comparator = marked(FILE_NAMES if obj.file else comparator)
    unique = _unique(field, rows, locale)
    return Expected(
        name=name,
        texts=_best(field, rows, locale) if unique else shown,
        comparator=comparator,
        custom=name in obj.custom,
        made_plain=None if made_plain is None else records.any_of(made_plain),
        rich_by=f"{obj.model}_html" if field.format == "html" else "",
        null_is_false=field.transform == "flag" and field.source is not None,
        names_a_user=field.lookup and field.source is not None and not field.choices,
        unique=unique,
        constant=field.value is not None,
    )


def _endings(obj: ObjectMap, rows: pd.DataFrame) -> list[str]:
    """What stands behind the mark: the ending of a file's name, else nothing."""
    if obj.file is None:
        return [""] * len(rows)
    return [ENDINGS.get(kind or "", "") for kind in texts(rows[obj.file.content_type]).tolist()]


def _value(field: FieldMap, rows: pd.DataFrame, locale: Locale) -> tuple[Texts, Comparator]:
    """The canonical value, and how it is compared."""
    if field.value is not None:
        kind = FLAG if isinstance(field.value, bool) else TEXT
        return as_texts([plain(field.value)] * len(rows)), NAME if field.lookup else kind
    if field.template is not None:
        html = field.format == "html"
        return _filled(field.template, rows, locale, html=html), RICH if html else TEMPLATE
    column = rows[field.source]
    if field.choices:
        labels = each_distinct(texts(column), lambda code: field.choices.get(code, code) or None)
        return labels, NAME if field.lookup else TEXT
    if field.plus_minutes:
        minutes = rows[field.plus_minutes].astype("Float64").fillna(0).to_numpy("float64")
        column = pd.to_datetime(column) + pd.to_timedelta(minutes, unit="min")
    comparator = COMPARATORS[field.transform]
    shown = comparator.shown(column, locale)
    if field.otherwise is not None:
        shown = as_texts([plain(field.otherwise) if text is None else text for text in shown.tolist()])
    return shown, comparator


def _filled(template: str, rows: pd.DataFrame, locale: Locale, *, html: bool = False) -> Texts:
    """Fill a template for all rows. A line whose holes are all empty falls away; in HTML, lines end in `<br>`."""
    values = {
        hole: _in_text(rows, hole[0], COMPARATORS[hole[1] or "text"], locale, escaped=html and hole[1] != RICH_VALUE)
        for hole in PLACEHOLDER.findall(template)
    }
    lines = [
        (PLACEHOLDER.split(line)[::3], [values[hole] for hole in PLACEHOLDER.findall(line)])
        for line in template.split("\n")
    ]
    between = "<br>\n" if html else "\n"
    return as_texts([_fill(lines, place, between) for place in range(len(rows))])


def _in_text(
    rows: pd.DataFrame, column: str, comparator: Comparator, locale: Locale, *, escaped: bool
) -> list[str | None]:
    def in_text(text: str) -> str:
        said = comparator.in_text(text, locale)
        return escape(said, quote=False).replace("\n", "<br>") if escaped else said

    filled: list[str | None] = each_distinct(comparator.shown(rows[column], locale), in_text).tolist()
    return filled


def _fill(lines: Sequence[tuple[list[str], list[list[str | None]]]], place: int, line_end: str) -> str | None:
    done = []
    for between, holes in lines:
        values = [column[place] for column in holes]
        if holes and not any(values):
            continue
        pieces = [piece for pair in zip(between, [*values, ""], strict=True) for piece in pair]
        done.append("".join(piece or "" for piece in pieces))
    return plain(line_end.join(done).strip())


def _made_plain(field: FieldMap, rows: pd.DataFrame) -> npt.NDArray[np.bool_] | None:
    """Which records had rich text in a column that is made plain."""
    columns = [name for name, transform in field.columns if transform == "note_text"]
    if not columns:
        return None
    rich = np.zeros(len(rows), dtype=bool)
    for column in columns:
        rich |= np.array([text is not None and is_rich(text) for text in texts(rows[column]).tolist()], dtype=bool)
    return rich


def _unique(field: FieldMap, rows: pd.DataFrame, locale: Locale) -> Unique | None:
    if not field.shared_from:
        return None
    comparator = COMPARATORS[field.transform]
    offers = tuple(_meanings(comparator.shown(rows[name], locale), comparator, locale) for name in field.shared_from)
    return Unique(offers, field.withheld_to)


def _meanings(shown: Texts, comparator: Comparator, locale: Locale) -> Texts:
    return each_distinct(shown, lambda text: comparator.meaning(text, locale))


def _best(field: FieldMap, rows: pd.DataFrame, locale: Locale) -> Texts:
    """The best value a record has to offer, whoever may have been first to take it."""
    best = nothing(len(rows))
    for name in field.shared_from:
        best = np.where(best == None, COMPARATORS[field.transform].shown(rows[name], locale), best)  # noqa: E711
    return best
