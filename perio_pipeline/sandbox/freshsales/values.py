"""How the server reads values: of native fields and of custom ones (sections 2.1, 6.3 and 6.4)."""

import re
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from perio_pipeline.sandbox.common.store import Json
from perio_pipeline.sandbox.freshsales.errors import UnusableValueError, wrong_type
from perio_pipeline.sandbox.freshsales.exchange import Call, as_id
from perio_pipeline.sandbox.freshsales.natives import Native
from perio_pipeline.sandbox.freshsales.state import AccountState
from perio_pipeline.sandbox.freshsales.timezones import ZONES

TEXT_LENGTH, PARAGRAPH_LENGTH, MOBILE_LENGTH = 256, 10_000, 30
DIGITS, DECIMALS = 11, 4
EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")
DATE_FORM = re.compile(r"\d{4}-\d{2}-\d{2}")


class InvalidChoiceError(UnusableValueError):
    """A label that is none of the options of its field."""


def native_value(call: Call, native: Native, value: Any) -> Any:
    """The value as a native field stores it; None clears the field."""
    if value is None or value == "":
        return None
    if native.kind == "choice":
        return _chosen(call, native, value)
    if native.kind == "date_time":
        return date_time(call, native.label, value)
    reader = NATIVE_READERS.get(native.kind)
    return reader(native.label, value) if reader else value


def _chosen(call: Call, native: Native, value: Any) -> int:
    number = selected(call.account, native, value)
    user = call.account["users"].get(number) if native.selector == "owners" else None
    if user is not None and not user["is_active"] and call.behaviour.inactive_owner == "refuse":
        raise UnusableValueError(f"{native.label} is invalid")
    return number


def selected(account: AccountState, native: Native, value: Any) -> int:
    """The id of a selector's item; a label is refused."""
    number = as_id(value)
    kind = "users" if native.selector == "owners" else "selectors"
    record = account[kind].get(number) if number is not None else None
    if number is None or record is None or record.get("selector", "owners") != native.selector:
        raise UnusableValueError(f"{native.label} is invalid")
    return number


def custom_value(call: Call, field: Json, value: Any) -> Any:
    """The value as a custom field stores it; None clears the field."""
    if value is None or value == "":
        return None
    kind, label = field["type"], field["label"]
    if kind in ("dropdown", "radio"):
        return _label(field, value)
    if kind == "multi_select_dropdown":
        return _labels(call, field, value)
    if kind == "auto_complete":
        return _record_id(call, field, value)
    if kind == "date_time":
        return date_time(call, label, value)
    return CUSTOM_READERS[kind](label, value)


def local_midnight(account: AccountState, text: str) -> str:
    """A stored date as the account's zone shows it."""
    return datetime.combine(date.fromisoformat(text), datetime.min.time(), account.zone).isoformat()


def known_zone(name: Any) -> bool:
    """Whether a time zone is one of Freshsales' own names."""
    return name in ZONES


def email_address(label: str, value: Any) -> str:
    """An e-mail address."""
    if not isinstance(value, str) or not EMAIL.fullmatch(value.strip()):
        raise UnusableValueError(f"{label} is invalid")
    return value.strip()


def text(label: str, value: Any, length: int = TEXT_LENGTH) -> str:
    """A text no longer than `length`."""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise wrong_type(label)
    if len(str(value)) > length:
        raise UnusableValueError(f"{label} is too long (maximum is {length} characters)")
    return str(value)


def number(label: str, value: Any) -> int | float:
    """A number with at most 11 digits and 4 decimals."""
    exact = _decimal(label, value)
    _, digits, exponent = exact.normalize().as_tuple()
    if not isinstance(exponent, int) or len(digits) + exponent > DIGITS or -exponent > DECIMALS:
        raise UnusableValueError(f"{label} must have at most {DIGITS} digits and {DECIMALS} decimals")
    return int(exact) if exact == exact.to_integral_value() else float(exact)


def amount(label: str, value: Any) -> str:
    """An amount of money; kept and shown as a string."""
    plain = format(_decimal(label, value), "f")
    whole, _, fraction = plain.partition(".")
    return f"{whole}.{fraction.rstrip('0') or '0'}"


def percent(label: str, value: Any) -> int:
    """A whole percentage."""
    exact = _decimal(label, value)
    if not 0 <= exact <= 100:
        raise UnusableValueError(f"{label} must be between 0 and 100")
    return int(exact)


def checkbox(label: str, value: Any) -> bool:
    """True or false, also as text."""
    if isinstance(value, bool):
        return value
    if value in ("true", "false"):
        return bool(value == "true")
    raise wrong_type(label)


def day(label: str, value: Any) -> str:
    """A date as YYYY-MM-DD; of a moment, the date it names."""
    return moment(label, value).date().isoformat()


def moment(label: str, value: Any) -> datetime:
    """An ISO 8601 date or moment."""
    if not isinstance(value, str) or not DATE_FORM.match(value):
        raise wrong_type(label)
    try:
        return datetime.fromisoformat(value)
    except ValueError:
        raise wrong_type(label) from None


def date_time(call: Call, label: str, value: Any) -> str:
    """An ISO 8601 moment in the server's form; read in the account's zone where it has no offset."""
    read = moment(label, value)
    return call.sandbox.stamp(call.account, read if read.tzinfo else read.replace(tzinfo=call.account.zone))


def strings(label: str, value: Any) -> list[str]:
    """A list of texts."""
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise wrong_type(label)
    return list(dict.fromkeys(value))


def _list(label: str, value: Any) -> list[Any]:
    if not isinstance(value, list):
        raise wrong_type(label)
    return value


def _decimal(label: str, value: Any) -> Decimal:
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise wrong_type(label)
    try:
        exact = Decimal(str(value))
    except InvalidOperation:
        raise wrong_type(label) from None
    if not exact.is_finite():
        raise wrong_type(label)
    return exact


def _label(field: Json, value: Any) -> str:
    if not isinstance(value, str):
        raise wrong_type(field["label"])
    if all(choice["value"] != value for choice in field["choices"]):
        raise InvalidChoiceError(f"{field['label']} is invalid")
    return value


def _labels(call: Call, field: Json, value: Any) -> str:
    if isinstance(value, list) and call.behaviour.multi_select_array == "accept":
        chosen = strings(field["label"], value)
    elif isinstance(value, str):
        chosen = [item.strip() for item in value.split(";") if item.strip()]
    else:
        raise wrong_type(field["label"])
    return ";".join(_label(field, item) for item in dict.fromkeys(chosen))


def _record_id(call: Call, field: Json, value: Any) -> int:
    found = as_id(value)
    record = call.account[field["_lookup"]].get(found) if found is not None else None
    if found is None or record is None or record.get("_deleted"):
        raise UnusableValueError(f"{field['label']} is invalid")
    return found


def _mobile(label: str, value: Any) -> str:
    return text(label, value, MOBILE_LENGTH)


def _paragraph(label: str, value: Any) -> str:
    return text(label, value, PARAGRAPH_LENGTH)


CUSTOM_READERS: dict[str, Any] = {
    "text": text,
    "paragraph": _paragraph,
    "number": number,
    "checkbox": checkbox,
    "date": day,
}
NATIVE_READERS: dict[str, Any] = {
    **CUSTOM_READERS,
    "mobile": _mobile,
    "amount": amount,
    "percent": percent,
    "tags": strings,
    "list": _list,
}
