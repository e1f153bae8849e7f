"""P1: in whatever way an exporter writes a table, what is found out about the file brings the same rows back."""

from __future__ import annotations

import csv
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory

import pandas as pd
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from perio_pipeline.panda.exports.dates import Order, iso, read
from perio_pipeline.panda.exports.staging import Staged
from perio_pipeline.panda.tables import APPOINTMENT
from perio_pipeline_tests.panda.exports.writing import DATES, ENCODINGS, Style, bindings, cell, staged, write_table

HEADER = ("VisitNo", "PatID", "ProvNo", "OfficeCode", "VisitDateTime", "LengthMin", "VisitType", "ProcDescript",
          "VisitStatus", "VisitNote", "DateEntered", "LastModified")  # fmt: skip
VISITS = bindings("appointment")

MOMENTS = st.datetimes(datetime(1900, 1, 1), datetime(2049, 12, 31)).map(lambda m: m.replace(microsecond=0))
LETTERS = st.characters(codec="cp1252", exclude_categories=["Cc", "Zl", "Zp"])
TEXTS = st.text(LETTERS | st.sampled_from(list('",;|\t\n\r')), max_size=12)
PLAIN_TEXTS = st.text(LETTERS.filter(lambda each: each not in '",;|\t'), max_size=12)
BYTES = st.none() | st.binary(min_size=1, max_size=20)


@st.composite
def exports(draw: st.DrawFn) -> tuple[Style, list[tuple[object, ...]]]:
    style = Style(
        encoding=draw(st.sampled_from(list(ENCODINGS))),
        delimiter=draw(st.sampled_from(",;\t|")),
        quoting=draw(st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL, csv.QUOTE_NONE])),
        dates=draw(st.sampled_from(list(DATES))),
        null=draw(st.sampled_from(["", "NULL", r"\N"])),
        suffix=draw(st.sampled_from([".csv", ".txt", ".TSV"])),
    )
    texts = PLAIN_TEXTS if style.quoting == csv.QUOTE_NONE else TEXTS
    if style.encoding == "CP1252":
        # Letters whose bytes are UTF-8 by accident stand together in no language, and look like a damaged file.
        texts = texts.filter(lambda text: text.encode("cp1252").decode("utf-8", "ignore").isascii())
    row = st.tuples(MOMENTS, st.none() | st.integers(0, 500), st.none() | texts, st.none() | texts, BYTES, MOMENTS)
    rows: list[tuple[object, ...]] = [
        (f"{number:04}", "P1", None, None, starts, minutes, kind, text, "C", note, entered, None)
        for number, (starts, minutes, kind, text, note, entered) in enumerate(draw(st.lists(row, max_size=20)))
    ]
    # What proves the order of day and month, the code page, and the word for no value; without it nothing is known.
    proof = datetime(2021, 3, 14, 9, 5)
    rows.append(("9999", "P1", "Ärzte \N{EURO SIGN}x", "M", proof, None, "R", None, "C", b"x", proof, proof))
    return style, rows


def texts_of(rows: list[tuple[object, ...]], style: Style) -> list[list[str]]:
    kinds = ["DATETIME" if "Date" in name or name == "LastModified" else "TEXT" for name in HEADER]
    return [[cell(value, kind, style) for value, kind in zip(row, kinds, strict=True)] for row in rows]


def round_trip(rows: list[tuple[object, ...]], style: Style) -> tuple[Staged, pd.DataFrame]:
    with TemporaryDirectory() as name:
        folder = Path(name) / "exports"
        folder.mkdir()
        write_table(folder / f"dbo.VISIT{style.suffix}", HEADER, texts_of(rows, style), style)
        made, source = staged(folder, VISITS)
        made.check()
        return made, pd.concat(source.chunks(APPOINTMENT, rows=7), ignore_index=True)


def expected(rows: list[tuple[object, ...]]) -> dict[str, list[str | None]]:
    columns = dict(zip(HEADER, zip(*rows, strict=True), strict=True))
    as_text = {name: [None if each in (None, "") else str(each) for each in cells] for name, cells in columns.items()}
    as_text["VisitNote"] = [
        None if each is None else each.decode("cp1252", errors="replace")  # type: ignore[attr-defined]
        for each in columns["VisitNote"]
    ]
    return as_text


@settings(max_examples=150, deadline=None)
@given(exports())
def test_p1_any_dialect_encoding_and_notation_brings_the_same_rows_back(
    export: tuple[Style, list[tuple[object, ...]]],
) -> None:
    style, rows = export
    made, frame = round_trip(rows, style)
    survey = made.surveys["visit"]
    assert survey.encoding.label == style.encoding
    assert survey.dialect.delimiter == style.delimiter
    wanted = expected(rows)
    for field, column in (("starts_at", "VisitDateTime"), ("minutes", "LengthMin"), ("visit_type", "VisitType"),
                          ("procedure", "ProcDescript"), ("notes", "VisitNote"), ("created_at", "DateEntered"),
                          ("provider_id", "ProvNo")):  # fmt: skip
        got = [None if pd.isna(each) else each for each in frame[field]]
        assert got == wanted[column], field


@given(MOMENTS, st.sampled_from(list(DATES)))
@example(datetime(2021, 3, 14), "months by name")
@example(datetime(2021, 12, 1, 0, 30), "month first, 12 hours")
@example(datetime(2021, 12, 1, 12, 30), "day first, dots, 12 hours")
def test_p1_a_date_in_any_notation_is_its_iso_text(moment: datetime, notation: str) -> None:
    order = Order.MONTH_FIRST if "month first" in notation else Order.DAY_FIRST
    assert iso(DATES[notation](moment), order, 2049) == str(moment)


@given(st.text(max_size=30))
def test_p1_what_is_no_date_stays_as_it_is(text: str) -> None:
    assume(read(text) is None)
    assert iso(text, Order.DAY_FIRST, 2049) == text
