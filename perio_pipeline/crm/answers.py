"""Reading what a CRM answered: records, their ids, and whether a text carries a mark."""

from __future__ import annotations

import html
import re

from perio_pipeline.crm.http import JsonObject


def records(answer: JsonObject | None, key: str) -> list[JsonObject]:
    """The records in a list answer."""
    found = (answer or {}).get(key)
    return [record for record in found if isinstance(record, dict)] if isinstance(found, list) else []


def record_in(answer: JsonObject, envelope: tuple[str, ...]) -> JsonObject:
    """The record in an answer: under one of the keys, else the answer itself."""
    held = (answer[key] for key in envelope if isinstance(answer.get(key), dict))
    return next(held, answer)


def id_of(record: JsonObject) -> str:
    """A record's id, or empty text."""
    return str(record.get("id") or record.get("_id") or "")


def has_value(raw: object) -> bool:
    """Whether a field as it was read holds something; a box that is not ticked does not."""
    return raw is not None and raw is not False and raw != "" and raw != []


def carries(text: object, mark: str) -> bool:
    """Whether a text is the mark or holds it as a part that no other mark contains; in HTML it may be escaped."""
    # Between word characters it would be a part of a longer mark: 12 is not in 123.
    pattern, held = re.compile(rf"(?<!\w){re.escape(mark)}(?!\w)"), str(text or "")
    return any(pattern.search(form) is not None for form in (held, html.unescape(held)))


def number(raw: str) -> int | float | str:
    """A number that came as text; the text itself when it is none."""
    try:
        return float(raw) if "." in raw else int(raw)
    except ValueError:
        return raw
