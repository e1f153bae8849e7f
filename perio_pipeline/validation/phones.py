"""Phone numbers as CRMs keep them: E.164."""

from __future__ import annotations

import re

import pandas as pd
import phonenumbers

from perio_pipeline.validation.names import map_distinct

_EXTENSION = re.compile(r"(?<=\d)[\s,;.()-]*(?:extension|ext|x|#)", re.IGNORECASE)
_LETTERS = re.compile(r"[^\W\d_]+")


def e164(text: str, country: str) -> str | None:
    """Return the number in E.164 without its extension; None when it cannot be dialled from anywhere.

    Words beside the number ("cell", "(mom)") are passed over; letters never stand for digits. Only the length is
    judged, so that numbers reserved for examples pass.
    """
    plain = _LETTERS.sub("", _EXTENSION.split(text, maxsplit=1)[0])
    try:
        number = phonenumbers.parse(plain, country)
    except phonenumbers.NumberParseException:
        return None
    if phonenumbers.is_possible_number_with_reason(number) != phonenumbers.ValidationResult.IS_POSSIBLE:
        return None
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def e164_column(column: pd.Series, country: str) -> pd.Series:
    """Return a str column of numbers in E.164; each distinct text is read once, because reading is slow."""
    return map_distinct(column, lambda text: e164(text, country))
