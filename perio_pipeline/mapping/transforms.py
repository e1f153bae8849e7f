"""Named transforms: how a canonical column becomes the text or number a CRM takes. One table, `TRANSFORMS`.

Each takes a validated column and returns a column of the same index: text as `str`, numbers as `Float64`, flags as
`boolean`; what has no value stays null. A value that cannot be transformed becomes null here and is shown by the diff;
none is made up.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

import pandas as pd
from email_validator import EmailNotValidError, validate_email

from perio_pipeline.crm.protocol import FieldType
from perio_pipeline.panda.canonical import Kind
from perio_pipeline.panda.frames import TEXT
from perio_pipeline.richtext.reading import read
from perio_pipeline.richtext.writing import to_html, to_text
from perio_pipeline.validation.phones import e164

Cells = Any  # a pandas Series; its type parameters add nothing here


@dataclass(frozen=True)
class Locale:
    """What a practice's values are relative to: ISO-2 country of national phone numbers, zone of wall-clock times."""

    country: str
    zone: ZoneInfo


@dataclass(frozen=True)
class Transform:
    """One named transform.

    Attributes:
        apply: (column, locale) → column.
        accepts: kinds of canonical columns it can take.
        makes: types of custom fields that can hold the result.
    """

    apply: Callable[[Cells, Locale], Cells]
    accepts: frozenset[Kind]
    makes: frozenset[FieldType]


def per_value(cells: Cells, function: Callable[[str], str | None]) -> Cells:
    """Apply a slow function once per distinct text."""
    done = {value: function(value) for value in cells.dropna().unique()}
    return cells.map(done).astype(TEXT)


def as_text(cells: Cells, _: Locale) -> Cells:
    """Trimmed text; numbers without needless zeros."""
    if isinstance(cells.dtype, pd.ArrowDtype):
        return per_value(cells.astype(TEXT), lambda text: text.rstrip("0").rstrip(".") if "." in text else text)
    text = cells.astype(TEXT).str.strip()
    return text.mask(text == "")


def words(cells: Cells, locale: Locale) -> Cells:
    """A code in words: `no_show` → `no show`."""
    return as_text(cells, locale).str.replace("_", " ")


def email(cells: Cells, _: Locale) -> Cells:
    """A valid address in lower case, without asking DNS."""

    def normal(value: str) -> str | None:
        try:
            return validate_email(value, check_deliverability=False, test_environment=True).normalized.lower()
        except EmailNotValidError:
            return None

    return per_value(cells, normal)


def phone(cells: Cells, locale: Locale) -> Cells:
    """E.164, without the extension; null where it cannot be dialled."""
    return per_value(cells, lambda value: e164(value, locale.country))


def unusable_phone(cells: Cells, locale: Locale) -> Cells:
    """The phone as recorded, where it cannot be dialled; the counterpart of `phone`, so that nothing is lost."""
    return per_value(cells, lambda value: None if e164(value, locale.country) else value)


def date(cells: Cells, _: Locale) -> Cells:
    """`YYYY-MM-DD`."""
    return cells.dt.strftime("%Y-%m-%d").astype(TEXT)


def year(cells: Cells, _: Locale) -> Cells:
    """`YYYY`."""
    return cells.dt.strftime("%Y").astype(TEXT)


def timestamp(cells: Cells, _: Locale) -> Cells:
    """Wall-clock time for people, `YYYY-MM-DD HH:MM`; the date alone where PANDA knows no time (midnight)."""
    dated = date(cells, _)
    return dated.where(cells.dt.normalize() == cells, cells.dt.strftime("%Y-%m-%d %H:%M").astype(TEXT))


def instant(cells: Cells, locale: Locale) -> Cells:
    """The instant of a wall-clock time, ISO 8601 in UTC.

    An hour that happens twice is taken as the first; one that never happens moves to the end of the gap.
    """
    local = cells.dt.tz_localize(locale.zone, ambiguous=[True] * len(cells), nonexistent="shift_forward")
    return local.dt.tz_convert("UTC").dt.strftime("%Y-%m-%dT%H:%M:%S.000Z").astype(TEXT)


def number(cells: Cells, _: Locale) -> Cells:
    """A number; a decimal becomes the float that prints the same."""
    return cells.map(float, na_action="ignore").astype("Float64")


def note_text(cells: Cells, _: Locale) -> Cells:
    """Plain text of a note, whatever it is written in: RTF, HTML or text; its structure shows in its lines."""
    return per_value(cells, lambda body: to_text(read(body)).strip() or None)


def note_html(cells: Cells, _: Locale) -> Cells:
    """A note as safe, minimal HTML, whatever it is written in: RTF, HTML or text."""
    return per_value(cells, lambda body: to_html(read(body)) or None)


def flag(cells: Cells, _: Locale) -> Cells:
    """Yes or no; null stays null."""
    return cells.astype("boolean")


_ANY = frozenset(Kind)
_TIMES = frozenset({Kind.DATE, Kind.DATETIME})
_TEXTS = frozenset({FieldType.TEXT, FieldType.LONG_TEXT, FieldType.CHOICE})

TRANSFORMS: dict[str, Transform] = {
    "text": Transform(as_text, _ANY - _TIMES, _TEXTS),
    "words": Transform(words, frozenset({Kind.TEXT}), _TEXTS),
    "email": Transform(email, frozenset({Kind.TEXT}), _TEXTS),
    "phone": Transform(phone, frozenset({Kind.TEXT}), _TEXTS | {FieldType.PHONE}),
    "unusable_phone": Transform(unusable_phone, frozenset({Kind.TEXT}), _TEXTS),
    "date": Transform(date, _TIMES, _TEXTS | {FieldType.DATE}),
    "year": Transform(year, _TIMES, _TEXTS),
    "timestamp": Transform(timestamp, _TIMES, _TEXTS),
    "instant": Transform(instant, frozenset({Kind.DATETIME}), _TEXTS | {FieldType.DATE_TIME}),
    "number": Transform(number, frozenset({Kind.INTEGER, Kind.DECIMAL}), frozenset({FieldType.NUMBER})),
    "note_text": Transform(note_text, frozenset({Kind.TEXT}), _TEXTS),
    "note_html": Transform(note_html, frozenset({Kind.TEXT}), frozenset({FieldType.LONG_TEXT})),
    "flag": Transform(flag, frozenset({Kind.BOOLEAN}), _TEXTS | {FieldType.CHECKBOX}),
}
"""Every transform a mapping file may name."""
