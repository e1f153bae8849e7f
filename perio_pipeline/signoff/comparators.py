"""What it means for a CRM's text to say the same as its source, per named transform. One table, `COMPARATORS`.

These are written from what each transform promises, not from how it is done: the diff must be able to find it wrong.
Every comparator works on texts: `shown` makes them from a source column, `judge` compares one with the CRM's.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from decimal import Decimal, InvalidOperation

import numpy as np

from perio_pipeline.signoff.causes import Cause
from perio_pipeline.signoff.cells import Column, Locale, Texts, as_texts, each_distinct, texts
from perio_pipeline.signoff.phone_numbers import digits, national_part, with_calling_code
from perio_pipeline.signoff.richevents import only_lost, same_formatting
from perio_pipeline.signoff.richtext import readable, rich_html, seen_in, text_of

_TIMESTAMP = re.compile(r"(\d{4}-\d\d-\d\d)(?:[T ](\d\d:\d\d)(?::00(?:\.0+)?)?)?")
_LETTERS = re.compile(r"[^\W_]+")
_HOUR = timedelta(hours=1)


@dataclass(frozen=True)
class Comparator:
    """How one transform's values are compared.

    Attributes:
        shown: source column → the canonical values as texts; nothing where the CRM is to be empty.
        meaning: text → what of it must agree.
        in_text: text as it stands inside a template.
        can_be_cut: the beginning of a value counts as cut off, not as another value.
    """

    shown: Callable[[Column, Locale], Texts]
    meaning: Callable[[str, Locale], str]
    in_text: Callable[[str, Locale], str] = lambda text, _: text
    can_be_cut: bool = True

    def judge(self, expected: str, actual: str, locale: Locale) -> Cause | None:
        """Return why two texts differ; None when they are equal."""
        if expected == actual:
            return None
        wanted, found = self.meaning(expected, locale), self.meaning(actual, locale)
        if wanted == found:
            return Cause.NORMALISED
        return Cause.TRUNCATED if self.can_be_cut and found and wanted.startswith(found) else Cause.ALTERED


class WallClock(Comparator):
    """Compares local times with instants."""

    def judge(self, expected: str, actual: str, locale: Locale) -> Cause | None:
        """Accept another reading of the clock only where the change of the clocks leaves the time open."""
        wanted = datetime.fromisoformat(expected)
        try:
            instant = datetime.fromisoformat(actual)
        except ValueError:
            return Cause.ALTERED
        if instant.tzinfo is None:
            return Cause.ALTERED
        local = instant.astimezone(locale.zone)
        found = local.replace(tzinfo=None, fold=0)
        if wanted == found:
            return Cause.NORMALISED if local.fold else None
        return Cause.NORMALISED if abs(wanted - found) <= _HOUR and _never_was(wanted, locale) else Cause.ALTERED


class Filled(Comparator):
    """Compares filled templates: blanks have no say, since those around empty values close up."""

    def judge(self, expected: str, actual: str, locale: Locale) -> Cause | None:
        """Return why the characters differ."""
        cause = super().judge(expected, actual, locale)
        return None if cause is Cause.NORMALISED else cause


class Rich(Comparator):
    """Compares HTML by what a person sees of it: every character, and how it is set."""

    def judge(self, expected: str, actual: str, locale: Locale) -> Cause | None:
        """Return why the characters differ or, where all are there, why their formatting does."""
        wanted, found = seen_in(expected), seen_in(actual)
        if wanted.letters != found.letters:
            cut = found.letters and wanted.letters.startswith(found.letters)
            return Cause.TRUNCATED if cut else Cause.ALTERED
        if same_formatting(wanted, found):
            return None
        return Cause.UNFORMATTED if only_lost(wanted, found) else Cause.REFORMATTED


@dataclass(frozen=True)
class Marked(Comparator):
    """Compares a text under which the record's mark stands on a line of its own.

    Attributes:
        bare: compares the text without regard to the mark.
    """

    bare: Comparator = field(kw_only=True)

    def judge(self, expected: str, actual: str, locale: Locale) -> Cause | None:
        """Let nothing pass that has lost its mark."""
        cause = self.bare.judge(expected, actual, locale)
        mark = expected.rsplit("\n", 1)[-1]
        if isinstance(self.bare, Rich):
            mark = text_of(mark)
            lost = mark not in actual and one_line(mark) not in one_line(text_of(actual))
        else:
            lost = one_line(mark) not in one_line(actual)
        return Cause.ALTERED if lost and cause not in (Cause.TRUNCATED, Cause.ALTERED) else cause


def marked(bare: Comparator) -> Comparator:
    """Compare as `bare` does, and require the mark."""
    return Marked(bare.shown, bare.meaning, bare=bare)


def one_line(text: str) -> str:
    """Return the text with each run of white space as one blank."""
    return " ".join(text.split())


def unspaced(text: str) -> str:
    """Return the text without any blank."""
    return "".join(text.split())


def _never_was(wall_clock: datetime, locale: Locale) -> bool:
    """Whether the clocks were set forward over this time."""
    elapsed = wall_clock.replace(tzinfo=locale.zone).timestamp()
    return datetime.fromtimestamp(elapsed, locale.zone).replace(tzinfo=None) != wall_clock


def _number(text: str, _: Locale) -> str:
    try:
        return format(Decimal(text.strip()).normalize(), "f")
    except InvalidOperation:
        return text


def _day(text: str, _: Locale) -> str:
    text = text.strip()
    return text[:10] if text[10:11] in ("T", " ") else text


def _minute(text: str, _: Locale) -> str:
    known = _TIMESTAMP.fullmatch(text.strip())
    if not known:
        return one_line(text)
    return known[1] if known[2] in (None, "00:00") else f"{known[1]} {known[2]}"


def _phone(text: str, locale: Locale) -> str:
    return digits(text, locale.country) or national_part(text, locale.country)


def _phone_in_text(text: str, locale: Locale) -> str:
    return with_calling_code(text, locale.country) or text


def _usable(column: Column, locale: Locale) -> Texts:
    return each_distinct(texts(column), lambda text: text if digits(text, locale.country) else None)


def _unusable(column: Column, locale: Locale) -> Texts:
    return each_distinct(texts(column), lambda text: None if digits(text, locale.country) else text)


def _in_words(column: Column, _: Locale) -> Texts:
    return each_distinct(texts(column), lambda code: code.replace("_", " "))


def _readable(column: Column, _: Locale) -> Texts:
    """Notes as they are, but for those in which nothing can be read."""
    return each_distinct(texts(column), lambda text: text if readable(text).strip() else None)


def _rich(column: Column, _: Locale) -> Texts:
    return each_distinct(texts(column), rich_html)


def _moments(column: Column) -> Column:
    return column.astype("datetime64[us]")


def _times(column: Column, unit: str) -> Texts:
    moments = _moments(column).to_numpy("datetime64[us]")
    shown = np.datetime_as_string(moments.astype(f"datetime64[{unit}]")).astype(object)
    shown[np.isnat(moments)] = None
    return as_texts(shown.tolist())


def _dates(column: Column, _: Locale) -> Texts:
    return _times(column, "D")


def _minutes(column: Column, _: Locale) -> Texts:
    """Midnight means that only the date is known."""
    moments = _moments(column)
    minutes = [text and text.replace("T", " ") for text in _times(column, "m").tolist()]
    return as_texts(np.where(moments == moments.dt.normalize(), _times(column, "D"), as_texts(minutes)).tolist())


def _seconds(column: Column, _: Locale) -> Texts:
    return _times(column, "s")


def _all(column: Column, _: Locale) -> Texts:
    return texts(column)


TEXT = Comparator(_all, lambda text, _: one_line(text))
NAME = Comparator(_all, lambda text, _: one_line(text).casefold())
"""A name that the CRM looks up whatever its case, such as a user's e-mail or a stage."""
FLAG = Comparator(_all, lambda text, _: text.strip().lower(), can_be_cut=False)
TEMPLATE = Filled(_all, lambda text, _: unspaced(text))
FILE_NAMES = Filled(_all, lambda text, _: "".join(_LETTERS.findall(text)))
"""Services replace blanks and signs in the names of files: letters and digits count."""
RICH = Rich(_all, lambda text, _: text_of(text))

COMPARATORS: dict[str, Comparator] = {
    "text": TEXT,
    "words": replace(TEXT, shown=_in_words),
    "email": replace(NAME, in_text=lambda text, _: text.casefold()),
    "phone": Comparator(_usable, _phone, in_text=_phone_in_text),
    "unusable_phone": replace(TEXT, shown=_unusable),
    "date": Comparator(_dates, _day, can_be_cut=False),
    "year": replace(TEXT, shown=lambda column, _: _times(column, "Y")),
    "timestamp": Comparator(_minutes, _minute),
    "instant": WallClock(_seconds, lambda text, _: text, can_be_cut=False),
    "number": Comparator(_all, _number, can_be_cut=False),
    "note_text": Comparator(
        _readable, lambda text, _: unspaced(readable(text)), in_text=lambda text, _: readable(text)
    ),
    "note_html": replace(RICH, shown=_rich),
    "flag": FLAG,
}
"""Every transform a mapping file may name."""
