"""Every rule of validation by name: what it does to a cell or row, why, and how a report words it.

The one list of rule names; quarantine and treatment frames hold nothing else in `rule`. Reasons are rule texts and
never hold a value. `section` is the number of the data-quality problem in the project's list of known problems, 0 when
the rule follows from the canonical schema alone.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Action(StrEnum):
    """What a rule does. `QUARANTINED` holds the row back; the others are treatments of rows that go on."""

    QUARANTINED = "quarantined"
    CLEARED = "cleared"
    NORMALISED = "normalised"
    REPORTED = "reported"


@dataclass(frozen=True)
class Rule:
    """One rule.

    Attributes:
        name: its name in frames and reports.
        section: number of the data-quality problem it answers, 0 for none.
        action: what it does.
        reason: the default text beside a hit.
        description: one line for people.
        switchable: a practice may switch it off.
    """

    name: str
    section: int
    action: Action
    reason: str
    description: str
    switchable: bool = True


def _refusal(name: str, section: int, reason: str, description: str) -> Rule:
    return Rule(name, section, Action.QUARANTINED, reason, description, switchable=False)


_RULES = (
    _refusal("unread", 0, "its binding cannot read it", "A value that its entry in the bindings file cannot read."),
    _refusal("type", 0, "not readable as its type", "A value that cannot be read as the column's type."),
    _refusal("required", 0, "no value", "A required column without a value."),
    _refusal(
        "choice", 25, "not one of the known codes", "A code outside the known list; it fails the row, not the run."
    ),
    _refusal("range", 14, "out of bounds", "A number outside its clinical or technical bounds."),
    _refusal("duplicate_key", 0, "the key stands on an earlier row", "A key used twice: the first sound row stays."),
    _refusal("orphan", 27, "the parent row is missing or quarantined", "A row whose required parent is not valid."),
    _refusal("implausible_birth_date", 4, "in the future or over 115 years ago", "A birth date nobody alive can have."),
    _refusal(
        "tooth_range", 7, "not a list of teeth", "Teeth that cannot be read as a list, or a range that runs back."
    ),
    _refusal("fdi_numbering", 10, "the exam uses FDI tooth numbers", "Every row of an exam that holds teeth 33 to 48."),
    _refusal("tooth_missing", 12, "a depth on a tooth recorded missing", "A probing depth where there is no tooth."),
    _refusal("depth_state", 13, "depth and its state contradict each other", "Measured without depth, or the reverse."),
    Rule(
        "orphan_link",
        27,
        Action.CLEARED,
        "the linked row is missing or quarantined",
        "An optional link to a row that is not valid; the row stays without the link.",
        switchable=False,
    ),
    Rule(
        "placeholder_date",
        4,
        Action.CLEARED,
        "a placeholder, not a date",
        "1900-01-01, 1753-01-01, 0001-01-01, 9999-12-31 and years up to 1880 mean that nothing is recorded.",
    ),
    Rule("time_of_day", 4, Action.NORMALISED, "time of day left out", "A time of day in a column that holds dates."),
    Rule("outer_space", 0, Action.NORMALISED, "surrounding space removed", "Space before or after free text."),
    Rule(
        "half_grade", 17, Action.NORMALISED, "half grade written as a number", "Mobility '+', '1+', '2+' as 0.5 to 2.5."
    ),
    Rule(
        "not_a_grade", 17, Action.CLEARED, "not a mobility grade", "Mobility that is neither a number nor a half grade."
    ),
    Rule("invalid_npi", 18, Action.CLEARED, "not a valid NPI", "An NPI of the wrong length, start or check digit."),
    Rule("not_a_phone", 19, Action.CLEARED, "not a phone number", "NA, all zeros, all nines, or too few digits."),
    Rule(
        "phone_extension",
        19,
        Action.REPORTED,
        "an extension inside the number",
        "An extension written into the number; it stays in the text and the mapping splits it.",
    ),
    Rule(
        "phone_without_area_code",
        19,
        Action.REPORTED,
        "no area code",
        "A local number without area code; it stays, but cannot be dialled from a CRM.",
    ),
    Rule("bridge_na", 20, Action.CLEARED, "NA stands for nothing", "NA that the bridge wrote for a blank."),
    Rule(
        "bridge_underscore", 20, Action.NORMALISED, "underscores as spaces", "Underscores the bridge wrote for spaces."
    ),
    Rule("mojibake", 22, Action.NORMALISED, "wrong code page repaired", "UTF-8 that was read as CP1252."),
    Rule(
        "suffix_in_last_name", 23, Action.NORMALISED, "suffix moved out of the last name", "'SMITH JR.' in last names."
    ),
    Rule(
        "capital_name",
        23,
        Action.NORMALISED,
        "capitals as normal case",
        "Names in capitals, where the case is certain.",
    ),
    Rule(
        "not_an_email", 3, Action.CLEARED, "not an e-mail address", "Text that no mail server would accept as address."
    ),
    Rule(
        "signature_blob",
        6,
        Action.NORMALISED,
        "signature data removed",
        "Base64 data of a signature inside a note or letter; the words around it stay.",
    ),
    Rule(
        "damaged_rtf",
        0,
        Action.REPORTED,
        "torn RTF",
        "A note or letter in RTF that ends too early or is damaged: what can be read goes on, look at the original.",
    ),
    Rule("tooth_list", 7, Action.NORMALISED, "written as a list of teeth", "'3-5, #8' as 3,4,5,8."),
    Rule(
        "area_spelling", 8, Action.NORMALISED, "written as an area code", "Spellings of quadrants, sextants and arches."
    ),
    Rule(
        "unknown_area", 8, Action.REPORTED, "not a known area", "An area nobody can place; it stays as it is written."
    ),
    Rule(
        "no_furcation_entrance",
        0,
        Action.CLEARED,
        "the tooth has no furcation entrance there",
        "A furcation degree where the tooth has no entrance; degree 0 is true everywhere and stays.",
    ),
    Rule(
        "decimal_places",
        24,
        Action.NORMALISED,
        "rounded to four places",
        "Decimals with more than four places, as money kept as floating point has them.",
    ),
    Rule(
        "dst_gap",
        26,
        Action.REPORTED,
        "a local time that the clock skipped",
        "A time in the hour that daylight saving skips; it stays as it is.",
    ),
    Rule(
        "dst_overlap",
        26,
        Action.REPORTED,
        "a local time that came twice",
        "A time in the hour that comes twice when daylight saving ends; it is taken for the first of the two.",
    ),
)

RULES: dict[str, Rule] = {rule.name: rule for rule in _RULES}
"""Every rule by name: refusals first, then treatments."""
