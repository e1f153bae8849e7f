"""Which column gets which cleaner: data, in the order the cleaners run.

A change replaces a text (None clears it); a remark looks at the result and gives a reason or None. Whether a remark
holds the row back or is only reported is the rule's own matter (`treatments`).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

from perio_pipeline.panda.canonical import Column, Kind, Table
from perio_pipeline.validation import dental_text, text_cleaners
from perio_pipeline.validation.context import Context


@dataclass(frozen=True)
class Change:
    """A cleaner: `function` returns the text to keep, the same text when nothing is wrong, or None to clear it."""

    rule: str
    function: Callable[[str, Context], str | None]


@dataclass(frozen=True)
class Remark:
    """An observation: `function` returns its reason, or None when there is nothing to say."""

    rule: str
    function: Callable[[str, Context], str | None]


Steps = tuple[Change | Remark, ...]

_SPACE = Change("outer_space", text_cleaners.without_outer_space)
_MOJIBAKE = Change("mojibake", text_cleaners.without_mojibake)
_PLACEHOLDER = Change("placeholder_date", text_cleaners.without_placeholder_date)
_PHONE: Steps = (
    Change("not_a_phone", text_cleaners.valid_phone),
    Remark("phone_extension", text_cleaners.phone_extension),
    Remark("phone_without_area_code", text_cleaners.phone_without_area_code),
)
_BRIDGE: Steps = (
    Change("bridge_na", text_cleaners.without_bridge_na),
    Change("bridge_underscore", text_cleaners.without_bridge_underscores),
)
_SIGNATURE = Change("signature_blob", text_cleaners.without_signature)
_TORN = Remark("damaged_rtf", text_cleaners.damaged_rtf)
_TEETH: Steps = (
    Change("tooth_list", dental_text.as_tooth_list),
    Remark("tooth_range", dental_text.not_a_tooth_list),
)

BODIES = frozenset({"body", "notes"})
"""Columns of long text: the space around it belongs to it."""

BRIDGE_TABLES = frozenset({"guarantor_account", "patient", "referral_source"})
"""Tables the text bridge of a practice management system feeds."""

BRIDGE_COLUMNS = frozenset(
    {
        *("title", "first_name", "last_name", "middle_name", "preferred_name", "practice_name"),
        *("street", "street2", "city", "state", "postal_code"),
    }
)
"""Names and addresses the bridge writes into those tables."""

BY_KIND: dict[Kind, Steps] = {
    Kind.DATE: (_PLACEHOLDER, Change("time_of_day", text_cleaners.without_time_of_day)),
    Kind.DATETIME: (_PLACEHOLDER,),
    Kind.DECIMAL: (Change("decimal_places", text_cleaners.in_four_places),),
}
"""Steps of every column of the kind."""

BY_NAME: dict[str, Steps] = {
    "npi": (Change("invalid_npi", text_cleaners.valid_npi),),
    "email": (Change("not_an_email", text_cleaners.valid_email),),
    "teeth": _TEETH,
    **dict.fromkeys(("phone", "fax", "home_phone", "mobile_phone", "work_phone"), _PHONE),
}
"""Steps of every column of the name: the same name means the same thing in every table."""

BY_COLUMN: dict[tuple[str, str], Steps] = {
    ("perio_tooth", "mobility"): (
        Change("half_grade", dental_text.as_half_grade),
        Change("not_a_grade", dental_text.grade),
    ),
    ("treatment_item", "area"): (
        Change("area_spelling", dental_text.as_area),
        Remark("unknown_area", dental_text.unknown_area),
    ),
    ("clinical_note", "body"): (_SIGNATURE, _TORN),
    ("letter", "body"): (Change("signature_blob", text_cleaners.without_loose_signature), _TORN),
    ("appointment", "notes"): (_SIGNATURE, _TORN),
}
"""Steps of one column of one table."""


def is_free_text(table: Table, column: Column) -> bool:
    """Say whether people write the column freely: no key, no link, no code."""
    coded = column.name in table.key or column.references is not None or bool(column.choices)
    return column.kind is Kind.TEXT and not coded


@cache
def steps_for(table: Table, column: Column) -> Steps:
    """Return the column's steps in the order they run: space, code page, bridge, its own, its name's, its kind's."""
    steps: Steps = ()
    if is_free_text(table, column):
        steps += () if column.name in BODIES else (_SPACE,)
        steps += (_MOJIBAKE,)
    if table.name in BRIDGE_TABLES and column.name in BRIDGE_COLUMNS:
        steps += _BRIDGE
    return (
        steps
        + BY_COLUMN.get((table.name, column.name), ())
        + BY_NAME.get(column.name, ())
        + BY_KIND.get(column.kind, ())
    )
