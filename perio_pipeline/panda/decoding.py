"""From physical values to extract frames: text columns under canonical names, decoded as the binding says."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from datetime import datetime, time
from decimal import Decimal
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from perio_pipeline.panda.bound import BoundTable, Place
from perio_pipeline.panda.canonical import Table
from perio_pipeline.panda.field_decoding import Decoded, decode_field
from perio_pipeline.panda.fields import filled
from perio_pipeline.panda.frames import TEXT

Text = Any  # a pandas Series of text; pandas' own type parameters add nothing here


def decode_rows(table: Table, bound: BoundTable, columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> pd.DataFrame:
    """Turn fetched rows into an extract frame.

    Args:
        table: the canonical table.
        bound: its binding.
        columns: physical column of each value of a row.
        rows: values as the driver gave them.

    Returns:
        All columns of the table as text; several rows per source row where the binding unpivots.
    """
    values = list(zip(*rows, strict=True)) if rows else [()] * len(columns)
    return decode_text(table, bound, physical_text(bound, columns, values))


def physical_text(
    bound: BoundTable, columns: Sequence[str], values: Sequence[Any], moments: Collection[str] = ()
) -> pd.DataFrame:
    """Turn the values of physical columns into text, still under their physical names.

    Args:
        bound: the binding; it says how bytes are encoded.
        columns: their names.
        values: of each column, as a sequence of what the driver gave, or as an Arrow array.
        moments: the columns with dates and times that the database wrote as text.
    """
    encodings = {field.column: field.encoding for field in bound.columns.values() if field.column and field.encoding}
    text = {
        name: as_text(cells if isinstance(cells, pa.Array) else list(cells), encodings.get(name))
        for name, cells in zip(columns, values, strict=True)
    }
    return pd.DataFrame({name: _trimmed(cells) if name in moments else cells for name, cells in text.items()})


def decode_text(table: Table, bound: BoundTable, text: pd.DataFrame, decoded: Decoded | None = None) -> pd.DataFrame:
    """Turn the text of physical columns into an extract frame.

    Args:
        table: the canonical table.
        bound: its binding.
        text: the physical columns.
        decoded: what was decoded before by the same binding, from one chunk to the next.
    """
    decoded = {} if decoded is None else decoded
    parts = []
    for place in bound.places:
        rows = text[_present(bound, text, place)] if bound.rows_with else text
        parts.append(_decode(table, bound, rows, place, decoded))
    # Interleaved by source row, so that the sites of one tooth stand together and chunks can be cut between exams.
    return pd.concat(parts).sort_index(kind="stable", ignore_index=True)


def as_text(cells: list[Any] | pa.Array, encoding: str | None) -> Text:
    """Return driver values as text: numbers in full, dates in ISO form, bytes decoded, empty text as null.

    The same value has the same text whichever driver it came through: neither a decimal nor a time of day has zeros
    behind its last other digit, since SQLite keeps none, and drivers differ in how many they add.
    """
    try:
        array = cells if isinstance(cells, pa.Array) else pa.array(cells, from_pandas=True)
        if pa.types.is_boolean(array.type):
            array = array.cast(pa.int8())
        kind = array.type
        if pa.types.is_integer(kind):
            return pd.Series(array.cast(pa.string()).to_pandas(), dtype=TEXT)
        if pa.types.is_string(kind) or pa.types.is_large_string(kind):
            series = pd.Series(array.cast(pa.string()).to_pandas(), dtype=TEXT)
            return series.mask(series == "")
    except (pa.ArrowInvalid, pa.ArrowTypeError):
        pass  # mixed types in one column: SQLite allows that
    values = cells.to_pylist() if isinstance(cells, pa.Array) else cells
    series = pd.Series([_cell(cell, encoding or "utf-8") for cell in values], dtype=TEXT)
    return series.mask(series == "")


def _cell(cell: Any, encoding: str) -> str | None:
    if cell is None or isinstance(cell, str):
        return cell
    if isinstance(cell, bool):
        return "1" if cell else "0"
    if isinstance(cell, bytes | bytearray | memoryview):
        # Undefined bytes of a code page become U+FFFD and stay visible, rather than ending the extract.
        return bytes(cell).decode(encoding, errors="replace")
    if isinstance(cell, Decimal):
        return _short(f"{cell:f}")
    if isinstance(cell, datetime | time):
        return _FRACTION.sub(_shorter, cell.isoformat(sep=" ") if isinstance(cell, datetime) else cell.isoformat())
    return str(cell)


_FRACTION = re.compile(r"\.[0-9]+")


def _short(number: str) -> str:
    return number.rstrip("0").rstrip(".") if "." in number else number


def _shorter(match: re.Match[str]) -> str:
    return _short(match[0])


def _trimmed(moments: Text) -> Text:
    """Take the zeros from fractions of seconds, before an offset as well."""
    array = pa.array(moments, type=pa.string(), from_pandas=True)
    short = pc.replace_substring_regex(array, r"^([^.]*)(?:\.0+|(\.[0-9]*[1-9])0*)( .*)?$", r"\1\2\3")
    return pd.Series(short.to_pandas(), dtype=TEXT)


def _present(bound: BoundTable, text: pd.DataFrame, place: Place) -> Any:
    """Which rows there are at a place; blanks are no value, as the server has it when it counts."""
    columns = [
        text[name].mask(text[name].str.rstrip(" ").isin(["", *each.null_when]))
        for each in bound.rows_with
        for name in [filled(each.column, place.suffixes)]
    ]
    return pd.concat(columns, axis=1).notna().any(axis=1)


def _decode(table: Table, bound: BoundTable, text: pd.DataFrame, place: Place, decoded: Decoded) -> pd.DataFrame:
    frame: dict[str, Text] = {}
    for name in table.column_names:
        if name in bound.columns:
            frame[name] = decode_field(table.name, bound, name, text, place, decoded)
        else:
            frame[name] = pd.Series([place.labels.get(name)] * len(text), index=text.index, dtype=TEXT)
    return pd.DataFrame(frame, index=text.index)
