"""Each transform keeps its promise in both directions: what it makes of a value, and what it refuses to make up."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from perio_pipeline.mapping.transforms import TRANSFORMS, Locale
from perio_pipeline.panda.canonical import Kind
from perio_pipeline.panda.frames import PANDAS_TYPES

BOSTON = Locale("US", ZoneInfo("America/New_York"))


def column(kind: Kind, *values: Any) -> Any:
    return pd.Series(list(values), dtype=PANDAS_TYPES[kind])


def made(transform: str, kind: Kind, *values: Any) -> list[Any]:
    """What a transform makes of a column; null is None."""
    result = TRANSFORMS[transform].apply(column(kind, *values), BOSTON)
    return [None if pd.isna(value) else value for value in result]


def of_text(transform: str, text: str | None) -> str | None:
    (value,) = made(transform, Kind.TEXT, text)
    return value  # type: ignore[no-any-return]


MAKES = {"number": "Float64", "flag": "boolean"}
PAIRS = [(name, kind) for name, transform in TRANSFORMS.items() for kind in Kind if kind in transform.accepts]


@pytest.mark.parametrize(("transform", "kind"), PAIRS)
@pytest.mark.parametrize("rows", [0, 1, 3])
def test_nulls_stay_null_in_the_promised_type_and_with_their_index(transform: str, kind: Kind, rows: int) -> None:
    cells = column(kind, *[None] * rows).set_axis(range(5, 5 + rows))
    result = TRANSFORMS[transform].apply(cells, BOSTON)
    assert str(result.dtype) == MAKES.get(transform, "str")
    assert result.isna().all()
    assert list(result.index) == list(cells.index)


def test_text_is_trimmed_and_blank_text_is_no_value() -> None:
    assert made("text", Kind.TEXT, "  Jane ", "   ", "", "O'Hara  Smith") == ["Jane", None, None, "O'Hara  Smith"]


def test_text_of_numbers_has_no_needless_zeros() -> None:
    decimals = [Decimal(text) for text in ("13.7", "100", "0", "-0.5", "0.0001")]
    assert made("text", Kind.DECIMAL, *decimals) == ["13.7", "100", "0", "-0.5", "0.0001"]
    assert made("text", Kind.INTEGER, 100, None, -3) == ["100", None, "-3"]


def test_words_are_a_code_without_its_underscores() -> None:
    assert made("words", Kind.TEXT, "no_show", "completed") == ["no show", "completed"]


@pytest.mark.parametrize(
    ("recorded", "address"),
    [
        ("Jane.Doe@Example.COM", "jane.doe@example.com"),
        ("jürgen@müller.example", "jürgen@müller.example"),
        ("jane@panda.test", "jane@panda.test"),
        ("jane at example.com", None),
        ("jane@example", None),
        ("none", None),
    ],
)
def test_email_is_a_valid_address_in_lower_case_or_nothing(recorded: str, address: str | None) -> None:
    assert of_text("email", recorded) == address


@pytest.mark.parametrize(
    ("recorded", "number"),
    [
        ("(617) 555-0101", "+16175550101"),
        ("617.555.0101 x12", "+16175550101"),
        ("1-617-555-0101 ext. 12", "+16175550101"),
        ("+44 20 7946 0958", "+442079460958"),
        ("555-0104", None),
        ("617-555-010", None),
        ("call her sister", None),
        ("", None),
    ],
)
def test_phone_is_e164_without_its_extension_where_it_can_be_dialled(recorded: str, number: str | None) -> None:
    assert of_text("phone", recorded) == number
    assert of_text("unusable_phone", recorded) == (recorded if number is None else None)


PHONE_LIKE = st.text("0123456789+-(). xet", max_size=18) | st.text(max_size=12)


@given(st.lists(PHONE_LIKE, max_size=8))
@settings(max_examples=150, deadline=None)
def test_p2_every_phone_arrives_either_as_a_number_or_as_recorded(recorded: list[str]) -> None:
    numbers, leftovers = made("phone", Kind.TEXT, *recorded), made("unusable_phone", Kind.TEXT, *recorded)
    for text, number, leftover in zip(recorded, numbers, leftovers, strict=True):
        assert (number is None) != (leftover is None)
        assert number is None or (number[0] == "+" and number[1:].isdecimal())
        assert leftover in (None, text)


def test_date_and_timestamp_are_for_people() -> None:
    moments = [datetime(1931, 1, 2), datetime(2024, 2, 29, 9, 5), None]
    assert made("date", Kind.DATETIME, *moments) == ["1931-01-02", "2024-02-29", None]
    assert made("timestamp", Kind.DATETIME, *moments) == ["1931-01-02", "2024-02-29 09:05", None]


@pytest.mark.parametrize(
    ("wall_clock", "utc"),
    [
        (datetime(2026, 1, 15, 9, 30), "2026-01-15T14:30:00.000Z"),
        (datetime(2026, 7, 15, 9, 30), "2026-07-15T13:30:00.000Z"),
        (datetime(2026, 3, 8, 2, 30), "2026-03-08T07:00:00.000Z"),  # never happened: the gap ends at 3:00 EDT
        (datetime(2026, 11, 1, 1, 30), "2026-11-01T05:30:00.000Z"),  # happened twice: the first, in EDT
        (datetime(2026, 11, 1, 2, 0), "2026-11-01T07:00:00.000Z"),
    ],
)
def test_instant_knows_the_gap_and_the_hour_that_happens_twice(wall_clock: datetime, utc: str) -> None:
    assert made("instant", Kind.DATETIME, wall_clock, None) == [utc, None]


@given(
    st.datetimes(datetime(1990, 1, 1), datetime(2035, 1, 1)).map(lambda moment: moment.replace(microsecond=0, fold=0))
)
@settings(max_examples=100, deadline=None)
def test_instant_is_what_the_standard_library_says_wherever_it_is_sure(wall_clock: datetime) -> None:
    there = wall_clock.replace(tzinfo=BOSTON.zone)
    (text,) = made("instant", Kind.DATETIME, wall_clock)
    found = datetime.fromisoformat(text)
    back = there.astimezone(ZoneInfo("UTC")).astimezone(BOSTON.zone).replace(tzinfo=None)
    if back == wall_clock:
        assert found == there.astimezone(ZoneInfo("UTC"))
    else:
        assert timedelta(0) < found.astimezone(BOSTON.zone).replace(tzinfo=None) - wall_clock <= timedelta(hours=1)


@given(st.lists(st.decimals(-(10**11), 10**11, places=2) | st.none(), min_size=1, max_size=6))
@settings(max_examples=100, deadline=None)
def test_number_prints_to_the_very_cent(amounts: list[Decimal | None]) -> None:
    for amount, value in zip(amounts, made("number", Kind.DECIMAL, *amounts), strict=True):
        assert (value is None) == (amount is None)
        assert amount is None or Decimal(str(value)) == amount


def test_number_is_never_a_neighbour() -> None:
    assert [str(value) for value in made("number", Kind.DECIMAL, Decimal("13.7"), Decimal("0.1"))] == ["13.7", "0.1"]
    assert made("number", Kind.INTEGER, 7, None) == [7.0, None]


def test_flag_keeps_yes_no_and_not_known_apart() -> None:
    assert made("flag", Kind.BOOLEAN, True, False, None) == [True, False, None]


RTF = r"{\rtf1\ansi\ansicpg1252{\fonttbl\f0 Arial;}\b Caf\'e9:\b0  \'93stable\'94\par PD \u8805?5 mm}"
HTML = "<div>PD &lt;4<ul><li>SRP UR</li></ul><i onclick='x()'>then</i><script>x()</script></div>"


@pytest.mark.parametrize(
    ("body", "text", "html"),
    [
        (
            RTF,
            "Café:\n“stable”\nPD ≥5 mm",
            "<p><b>Café:</b> “stable”</p>\n<p>PD ≥5 mm</p>",
        ),
        (HTML, "PD <4\n- SRP UR\nthen", "<p>PD &lt;4</p>\n<ul>\n<li>SRP UR</li>\n</ul>\n<p><i>then</i></p>"),
        (
            "  Recall & more.  \r\nNow.\n\nNo pain. ",
            "Recall & more.\nNow.\n\nNo pain.",
            "<p>&nbsp;&nbsp;Recall &amp; more.<br>\nNow.</p>\n<p>No pain.</p>",
        ),
        ("PD </= 3 mm, CAL <5", "PD </= 3 mm, CAL <5", "<p>PD &lt;/= 3 mm, CAL &lt;5</p>"),
        ("<p> </p>", None, None),
        (" \n ", None, None),
    ],
)
def test_f7_h8_notes_are_what_a_person_reads_in_plain_or_rich_text(
    body: str, text: str | None, html: str | None
) -> None:
    assert (of_text("note_text", body), of_text("note_html", body)) == (text, html)
