"""Each comparator says yes to the same meaning and no to another one."""

from __future__ import annotations

import pandas as pd
import pytest

from perio_pipeline.mapping.transforms import TRANSFORMS
from perio_pipeline.signoff.causes import Cause
from perio_pipeline.signoff.cells import plain
from perio_pipeline.signoff.comparators import COMPARATORS, TEMPLATE
from perio_pipeline.signoff.phone_numbers import digits, with_calling_code
from perio_pipeline_tests.signoff.small_practice import Place

SAME, FORM, CUT, OTHER = None, Cause.NORMALISED, Cause.TRUNCATED, Cause.ALTERED


def test_every_transform_of_the_mapping_has_a_comparator() -> None:
    assert COMPARATORS.keys() == TRANSFORMS.keys()


@pytest.mark.parametrize(
    ("transform", "expected", "actual", "verdict"),
    [
        ("text", "Ann  Lee", "Ann Lee", FORM),
        ("text", "Ann Lee", "ann lee", OTHER),
        ("text", "O'Lee", "OLee", OTHER),
        ("text", "Ann Lee", "Ann", CUT),
        ("words", "no show", "no show", SAME),
        ("words", "no show", "show", OTHER),
        ("email", "Ann@Example.com", "ann@example.com", FORM),
        ("email", "Ann@Example.com", "ann@example.org", OTHER),
        ("phone", "(617) 555-0101 ext. 12", "+16175550101", FORM),
        ("phone", "1-617-555-0101", "+16175550101", FORM),
        ("phone", "617-555-0101", "+16175550102", OTHER),
        ("phone", "617-555-0101", "+1617555010", CUT),
        ("phone", "011 44 20 7946 0958", "+442079460958", FORM),
        ("unusable_phone", "555-0101", "555-0101", SAME),
        ("unusable_phone", "555-0101", "555-0102", OTHER),
        ("date", "2024-02-29", "2024-02-29T00:00:00.000Z", FORM),
        ("date", "2024-02-29", "2024-02-2", OTHER),
        ("date", "2024-02-29", "2024-02-290", OTHER),
        ("timestamp", "2024-02-29 07:08", "2024-02-29T07:08:00", FORM),
        ("timestamp", "2024-02-29", "2024-02-29 00:00", FORM),
        ("timestamp", "2024-02-29 07:08", "2024-02-29", CUT),
        ("timestamp", "2024-02-29 07:08", "2024-02-29 07:09", OTHER),
        ("instant", "2024-01-15T09:00:00", "2024-01-15T14:00:00.000Z", SAME),
        ("instant", "2024-07-15T09:00:00", "2024-07-15T09:00:00-04:00", SAME),
        ("instant", "2024-07-15T09:00:00", "2024-07-15T14:00:00.000Z", OTHER),
        ("instant", "2024-07-15T09:00:00", "2024-07-15T09:00:00", OTHER),
        ("instant", "2024-07-15T09:00:00", "soon", OTHER),
        ("number", "5", "5.0", FORM),
        ("number", "5", "50", OTHER),
        ("number", "5", "five", OTHER),
        ("note_text", r"{\rtf1 Deep\par pocket}", "Deep\npocket", FORM),
        ("note_text", r"{\rtf1 Deep\par pocket}", "Deep", CUT),
        ("note_text", r"{\rtf1 Deep\par pocket}", "Deep packet", OTHER),
        ("flag", "true", "True", FORM),
        ("flag", "true", "false", OTHER),
    ],
)
def test_meaning_decides(transform: str, expected: str, actual: str, verdict: Cause | None) -> None:
    assert COMPARATORS[transform].judge(expected, actual, Place()) == verdict


@pytest.mark.parametrize(
    ("expected", "actual", "verdict"),
    [
        ("Dr.  Lee, DDS", "Dr. Lee,DDS", SAME),
        ("Dr. Lee", "Dr. Leo", OTHER),
        ("Dr. Lee", "Dr. L", CUT),
        ("PD <5 mm", "PD >5 mm", OTHER),
    ],
)
def test_templates_compare_every_character_but_blanks(expected: str, actual: str, verdict: Cause | None) -> None:
    assert TEMPLATE.judge(expected, actual, Place()) == verdict


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("617-555-0101", "6175550101"),
        ("(617)555-0101x22", "6175550101"),
        ("617-555-0101 Ext 22", "6175550101"),
        ("617-555-0101 #3", "6175550101"),
        ("Fax 617-555-0101", "6175550101"),
        ("+1 (617) 555-0101", "6175550101"),
        ("+44 20 7946 0958", "+442079460958"),
        ("555-0101", None),
        ("617-555-010", None),
        ("617-555-0101 / 617-555-0102", None),
        ("+1 555 0101", None),
        ("+12", None),
        ("none", None),
    ],
)
def test_a_number_is_usable_when_it_has_the_countrys_digits(text: str, number: str | None) -> None:
    assert digits(text, "US") == number
    shown = COMPARATORS["phone"].shown(pd.Series([text], dtype="str"), Place()).tolist()
    unusable = COMPARATORS["unusable_phone"].shown(pd.Series([text], dtype="str"), Place()).tolist()
    assert (shown, unusable) == (([text], [None]) if number else ([None], [text]))


def test_numbers_of_other_countries_are_read_their_way() -> None:
    assert digits("020 7946 0958", "GB") == digits("+44 20 7946 0958", "GB") == "2079460958"
    assert digits("00 1 617 555 0101", "GB") == "+16175550101"
    assert with_calling_code("020 7946 0958", "GB") == "+442079460958"
    assert with_calling_code("555", "US") is None


@pytest.mark.parametrize(
    ("value", "text"),
    [
        *((5, "5"), (5.0, "5"), (0.1, "0.1"), (1e20, "1" + "0" * 20), (True, "true"), (("a", "b"), "a, b")),
        *((nothing, None) for nothing in ("", " ", None, float("nan"), (), pd.NA, pd.NaT)),
    ],
)
def test_any_value_has_one_text(value: object, text: str | None) -> None:
    assert plain(value) == text
