"""What a value may be, checked before it is sent: lengths, digits and choices. Pure rules."""

from __future__ import annotations

import re
from collections.abc import Container
from decimal import Decimal

from perio_pipeline.crm.freshsales import constants
from perio_pipeline.crm.protocol import Value

CHOICE_SEPARATOR = ";"
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")


class RefusedValueError(Exception):
    """A value that the CRM would refuse or cut; the record is refused before anything is sent.

    Args:
        code: machine-readable reason.
        field: the field's name in the payload.
        problem: what is wrong, without the value.
    """

    def __init__(self, code: str, field: str, problem: str) -> None:
        self.code = code
        super().__init__(f"{field}: {problem}")


def check_length(field: str, value: Value, limit: int) -> None:
    """A text must not be cut.

    Raises:
        RefusedValueError: it is longer than the limit.
    """
    if isinstance(value, str) and len(value) > limit:
        raise RefusedValueError("too_long", field, f"{len(value)} characters, {limit} at most")


def check_number(field: str, value: Value) -> None:
    """A number must fit its digits.

    Raises:
        RefusedValueError: no number, or too many digits before or after the point.
    """
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise RefusedValueError("not_a_number", field, "is no number")
    digits = Decimal(str(value))
    if not digits.is_finite() or abs(digits) >= 10**constants.INTEGER_DIGITS:
        raise RefusedValueError("number_too_large", field, f"more than {constants.INTEGER_DIGITS} digits")
    if digits != round(digits, constants.DECIMALS):
        raise RefusedValueError("too_many_decimals", field, f"more than {constants.DECIMALS} decimals")


def check_date(field: str, value: Value) -> None:
    """A date begins with year, month and day.

    Raises:
        RefusedValueError: it does not.
    """
    if not isinstance(value, str) or not _DAY.match(value):
        raise RefusedValueError("not_a_date", field, "is no ISO date")


def check_choices(field: str, values: tuple[str, ...], choices: Container[str]) -> None:
    """Every choice must be one of the field's, and must survive being joined with others.

    Raises:
        RefusedValueError: a choice that the field does not have, or one with the separator in it.
    """
    if any(value not in choices for value in values):
        raise RefusedValueError("unknown_choice", field, "the field in the CRM does not have this choice")
    if len(values) > 1 and any(CHOICE_SEPARATOR in value for value in values):
        raise RefusedValueError("unknown_choice", field, f"a choice holds the separator {CHOICE_SEPARATOR}")
