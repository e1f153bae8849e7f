"""P3: the small languages of a bindings file. What fits in no way, or in several, is said and never guessed at."""

from __future__ import annotations

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from perio_pipeline.panda.patterns import (
    NO_FIT,
    SEVERAL,
    date_pattern,
    pattern_of,
    put_together,
    read_dates,
    take_piece,
    template_parts,
)

NAME = ("{last_name}, {first_name} {middle_name:1}", "{last_name}, {first_name}")
DEPTHS = "{MB:1}{B:1}{DB:1}{ML:1}{L:1}{DL:1}"
ADDRESS = "{city}, {state:2} {postal_code:word}"


def texts(*values: str | None) -> pd.Series:
    return pd.Series(values, dtype="str")


def cells(series: pd.Series) -> list[str | None]:
    return [None if pd.isna(each) else each for each in series]


@pytest.mark.parametrize(
    ("pattern", "text", "pieces"),
    [
        (NAME[0], "Smith, Ann B", {"last_name": "Smith", "first_name": "Ann", "middle_name": "B"}),
        (NAME[0], "Smith, Ann", NO_FIT),
        (NAME[1], "Smith , Ann", {"last_name": "Smith", "first_name": "Ann"}),
        (NAME[1], "Van der Berg, Ann Mary", {"last_name": "Van der Berg", "first_name": "Ann Mary"}),
        (NAME[1], "Smith", NO_FIT),
        (NAME[1], "Smith, Jr., Ann", SEVERAL),
        ("{first_name} {last_name}", "Ann Van Dyke", SEVERAL),
        ("{first_name} {last_name:word}", "Ann Mary Dyke", {"first_name": "Ann Mary", "last_name": "Dyke"}),
        (DEPTHS, "323425", dict(zip(("MB", "B", "DB", "ML", "L", "DL"), "323425", strict=True))),
        (DEPTHS, "32342", NO_FIT),
        (DEPTHS, "3234255", NO_FIT),
        ("{MB:2} {B:2} {DB:2}", "03    10", {"MB": "03", "B": "", "DB": "10"}),
        ("{MB:2} {B:2} {DB:2}", "03  2 10", {"MB": "03", "B": "2", "DB": "10"}),
        ("{depth_mm}/{recession_mm}", "4/-2", {"depth_mm": "4", "recession_mm": "-2"}),
        ("{depth_mm}/{recession_mm}", "4/", {"depth_mm": "4", "recession_mm": ""}),
        ("{depth_mm}/{recession_mm}", "4/2/1", SEVERAL),
        (ADDRESS, "St. Paul, MN 55101", {"city": "St. Paul", "state": "MN", "postal_code": "55101"}),
        (ADDRESS, "Olympia WA 98501", NO_FIT),
    ],
)
def test_a_pattern_takes_a_text_apart_or_says_why_not(pattern: str, text: str, pieces: dict[str, str] | str) -> None:
    assert pattern_of(pattern).apart(text) == pieces


def test_the_first_pattern_that_fits_counts_and_a_missing_piece_is_nothing() -> None:
    names = texts("Smith, Ann B", "Smith, Ann", None, "Smith")
    middle, failures = take_piece(names, NAME, "middle_name")
    assert cells(middle) == ["B", None, None, None]
    assert {reason: each.tolist() for reason, each in failures.items()} == {NO_FIT: [False, False, False, True]}


WORD = st.text(st.characters(categories=["Lu", "Ll", "Nd"]), min_size=1, max_size=6)


@given(st.lists(WORD, min_size=3, max_size=3))
def test_what_was_put_together_is_taken_apart_again(parts: list[str]) -> None:
    columns = dict(zip(("a", "b", "c"), parts, strict=True))
    (text,) = put_together("{a}, {b} / {c}", lambda name: texts(columns[name]))
    assert pattern_of("{a}, {b} / {c}").apart(text) == columns


@pytest.mark.parametrize(
    ("a", "b", "c", "text"),
    [
        ("x", "y", "z", "<x, y-z>"),
        (None, "y", "z", "<y-z>"),
        ("x", None, "z", "<x-z>"),
        ("x", "y", None, "<x, y>"),
        (None, None, "z", "<z>"),
        (None, None, None, None),
    ],
)
def test_a_separator_stands_only_between_parts_that_are_there(
    a: str | None, b: str | None, c: str | None, text: str | None
) -> None:
    columns = {"a": a, "b": b, "c": c}
    assert cells(put_together("<{a}, {b}-{c}>", lambda name: texts(columns[name]))) == [text]


@pytest.mark.parametrize(
    ("pattern", "text", "iso"),
    [
        ("YYYYMMDD", "20260318", "2026-03-18"),
        ("YYYYMMDD", "2026318", None),
        ("YYYYMMDD hh:mm", "20260318 9:05", "2026-03-18 09:05:00"),
        ("DD.MM.YYYY", "8.3.2026", "2026-03-08"),
        ("DD.MM.YYYY hh:mm:ss", "18.03.2026", "2026-03-18"),
        ("DD/MM/YYYY hh:mm:ss", "18/03/2026 14:05:09", "2026-03-18 14:05:09"),
        ("MM/DD/YYYY hh:mm:ss am", "3/18/2026 12:05:09 AM", "2026-03-18 00:05:09"),
        ("MM/DD/YYYY hh:mm:ss am", "3/18/2026 12:05:09 pm", "2026-03-18 12:05:09"),
        ("MM/DD/YYYY", "03/18/26", None),
        ("MM/DD/YYYY", "2026-03-18", None),
        ("YYYY-MM-DD", "2026-02-30", "2026-02-30"),  # a date's notation, not a day: validation refuses it
    ],
)
def test_dates_are_read_as_they_are_written(pattern: str, text: str, iso: str | None) -> None:
    assert date_pattern(pattern).iso(text) == iso
    dates, unread = read_dates(texts(text, None), pattern)
    assert cells(dates) == [iso, None]
    assert unread.tolist() == [iso is None, False]


@pytest.mark.parametrize("pattern", ["", "last_name", "{a}{a}", "{a} {", "{a:long}", "{a:0}"])
def test_what_is_no_pattern_is_refused(pattern: str) -> None:
    with pytest.raises(ValueError, match="is no pattern"):
        pattern_of(pattern)


@pytest.mark.parametrize("template", ["", "Day Time", "{Day", "{Day}}"])
def test_what_is_no_template_is_refused(template: str) -> None:
    with pytest.raises(ValueError, match="is no template"):
        template_parts(template)


@pytest.mark.parametrize("pattern", ["", "MM/DD", "YYYY-MM-DD YYYY", "YYYY-MM-DD hh", "%Y%m%d"])
def test_what_is_no_date_is_refused(pattern: str) -> None:
    with pytest.raises(ValueError, match="is no date"):
        date_pattern(pattern)
