"""How the server reads what it is given: phones, dates of birth, custom field values."""

import re
from datetime import date
from typing import Any

import phonenumbers

from perio_pipeline.sandbox.common.clock import parse_timestamp
from perio_pipeline.sandbox.common.store import Json
from perio_pipeline.sandbox.highlevel.errors import bad_request, unprocessable
from perio_pipeline.sandbox.highlevel.exchange import Call

YEAR_FIRST = re.compile(r"(?P<year>\d{4})(?P<separator>[-/._])(?P<month>\d{2})(?P=separator)(?P<day>\d{2})")
MONTH_FIRST = re.compile(r"(?P<month>\d{2})(?P<separator>[-/._])(?P<day>\d{2})(?P=separator)(?P<year>\d{4})")
ISO_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")

NUMBERS = frozenset({"NUMERICAL", "MONETORY", "FLOAT"})
LISTS = frozenset({"CHECKBOX", "MULTIPLE_OPTIONS"})
CHOICES = frozenset({"RADIO", "SINGLE_OPTIONS"}) | LISTS


class UnusableValueError(ValueError):
    """A value that its field cannot hold."""


def e164(phone: str, country: str) -> str | None:
    """The number in E.164, national ones read as `country`'s; None when it cannot be a number."""
    try:
        number = phonenumbers.parse(phone, country)
    except phonenumbers.NumberParseException:
        return None
    if not phonenumbers.is_possible_number(number):
        return None
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def date_of_birth(text: str) -> str | None:
    """A date of birth in any of the eight published forms, as YYYY-MM-DD; None when it has none of them."""
    found = YEAR_FIRST.fullmatch(text) or MONTH_FIRST.fullmatch(text)
    if found is None:
        return None
    try:
        return date(int(found["year"]), int(found["month"]), int(found["day"])).isoformat()
    except ValueError:
        return None


def merged_custom_fields(call: Call, model: str, current: Json, items: list[Json]) -> Json:
    """`current` (field id -> value) after writing `items`; fields that do not exist are passed over in silence."""
    merged = dict(current)
    for item in items:
        field = find_field(call, model, item)
        value = written_value(call, item)
        if field is None or value is NOT_GIVEN:
            continue
        try:
            stored = coerced(call, field, value)
        except UnusableValueError:
            if call.behaviour.unusable_value == "refuse":
                raise unprocessable(f"customFields: invalid value for {field['name']}") from None
            continue
        if stored is None:
            merged.pop(field["id"], None)
        elif field["dataType"] == "FILE_UPLOAD" and call.behaviour.file_value_put == "merge":
            merged[field["id"]] = {**merged.get(field["id"], {}), **stored}
        elif not (field["dataType"] == "DATE" and stored == ""):
            merged[field["id"]] = stored
    return merged


NOT_GIVEN = object()


def written_value(call: Call, item: Json) -> Any:
    """The value of a written custom field; the newer spelling counts under v3 only."""
    if call.version == "v3" and "fieldValue" in item:
        return item["fieldValue"]
    return item.get("field_value", NOT_GIVEN)


def find_field(call: Call, model: str, item: Json) -> Json | None:
    """The field a written item means: by id, else by key with or without its model."""
    fields = call.location["customField"]
    field = fields.get(str(item.get("id")))
    if field is None and isinstance(item.get("key"), str):
        key = item["key"]
        found = fields.by("fieldKey", key if key.startswith(f"{model}.") else f"{model}.{key}")
        field = found[0] if found else None
    return field if field is not None and field["model"] == model else None


def coerced(call: Call, field: Json, value: Any) -> Any:
    """The value as the field stores it; None clears the field."""
    kind = field["dataType"]
    if value is None or (value == "" and kind != "DATE"):
        return None
    if kind in NUMBERS:
        return _number(value)
    if kind in CHOICES:
        return _choice(call, field, value)
    if kind == "DATE":
        return _date(call, value)
    if kind in ("FILE_UPLOAD", "TEXTBOX_LIST", "SIGNATURE"):
        if not isinstance(value, dict):
            raise UnusableValueError
        return value
    text = _text(value)
    limit = call.behaviour.text_limit
    return text[:limit] if kind == "TEXT" and limit is not None else text


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str | int | float):
        return str(value)
    raise UnusableValueError


def _number(value: Any) -> int | float:
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise UnusableValueError
    if not isinstance(value, str):
        return value
    try:
        return float(value) if "." in value else int(value)
    except ValueError:
        raise UnusableValueError from None


def _choice(call: Call, field: Json, value: Any) -> str | list[str]:
    chosen = value if isinstance(value, list) else [value]
    if not all(isinstance(choice, str) for choice in chosen):
        raise UnusableValueError
    unlisted = [choice for choice in chosen if choice not in field["picklistOptions"]]
    if unlisted and call.behaviour.unlisted_option == "refuse":
        raise bad_request(f"Invalid option for custom field {field['id']}")
    if field["dataType"] in LISTS:
        return list(chosen)
    if isinstance(value, list):
        raise UnusableValueError
    return str(value)


def _date(call: Call, value: Any) -> str:
    if not isinstance(value, str):
        raise UnusableValueError
    if value == "":
        return ""
    moment = parse_timestamp(value)
    form = "date" if ISO_DATE.fullmatch(value) else "datetime"
    if moment is None or call.behaviour.date_form not in ("either", form):
        raise UnusableValueError
    if call.behaviour.date_time_shift == "on":
        return moment.astimezone(call.location.timezone).date().isoformat()
    return value[:10]
