"""SQL Server's column types: how each is read so that its text is exact, and how it is compared as a key.

What a driver would round or cannot take is made text by the server: datetime2(7) has a digit more than Python's
datetime, pyodbc knows neither datetimeoffset nor sql_variant, and drivers differ in how they write a uniqueidentifier.
Numbers, texts and bytes come as they are.

As a key a text is compared by its code points, never by its collation: under a collation `a` and `A` may be the same,
varchar and nvarchar sort differently, and whoever goes on reading behind a key would lose or repeat rows.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import mssql

Expression = sa.ColumnElement[Any]

BYTES = frozenset({"binary", "varbinary", "image"})
NUMBERS = frozenset(
    {"bigint", "int", "smallint", "tinyint", "bit", "decimal", "numeric", "money", "smallmoney", "float", "real"}
)
UNREADABLE = frozenset({"geography", "geometry", "vector"})
"""Types without a text of their own."""

LONG_TEXTS = frozenset({"text", "ntext"})
"""The old types, which no function of the server takes."""
TEXTS = frozenset({"char", "nchar", "varchar", "nvarchar"}) | LONG_TEXTS
_MOMENTS = {
    "date": "varchar(10)",
    "time": "varchar(16)",
    "smalldatetime": "varchar(23)",
    "datetime": "varchar(23)",
    "datetime2": "varchar(27)",
    "datetimeoffset": "varchar(34)",
}
MOMENTS = frozenset(_MOMENTS)
ROWVERSION = "timestamp"
"""What the catalogue calls a rowversion."""
_LONGEST = 4000
BINARY_ORDER = "Latin1_General_BIN2"


@dataclass(frozen=True)
class StoredType:
    """A column's type.

    Attributes:
        name: as INFORMATION_SCHEMA calls it; empty where it does not matter, as in SQLite.
        length: of a text, in characters; None or -1 where it has none.
        column: the column's own name, as the database spells it.
    """

    name: str = ""
    length: int | None = None
    column: str = ""

    def read(self, column: Expression) -> Expression:
        """Return what is selected for the column."""
        if self.name in _MOMENTS:
            return _converted(_MOMENTS[self.name], column, 121)
        if self.name in ("char", "nchar"):
            return sa.func.rtrim(column)  # blanks up to its length are no data
        if self.name == "uniqueidentifier":
            return _converted("varchar(36)", column)
        if self.name in ("xml", "json"):
            return _converted("nvarchar(max)", column)
        if self.name == "hierarchyid":
            return _converted("nvarchar(4000)", column)
        if self.name == ROWVERSION:
            return _converted("varchar(18)", _converted("binary(8)", column), 1)
        if self.name == "sql_variant":
            return _variant(column)
        return column

    def key(self, column: Expression) -> Expression:
        """Return what the column is ordered and compared by, where it is part of a key."""
        if not self.name or self.name in NUMBERS or self.name in BYTES:
            return column
        return sa.collate(sa.cast(self.read(column), mssql.NVARCHAR(self._key_length)), BINARY_ORDER)

    def key_value(self, value: object) -> Expression:
        """Return a value that was read, to compare the key with."""
        # Typed, since a plain text would be sent in the code page of the database.
        return sa.bindparam(None, value, type_=sa.Unicode() if isinstance(value, str) else None)

    @property
    def _key_length(self) -> Any:
        if self.name in TEXTS:
            return self.length if 0 < (self.length or 0) <= _LONGEST else "max"
        return {"xml": "max", "json": "max", "hierarchyid": _LONGEST, "sql_variant": _LONGEST}.get(self.name, 40)


def _converted(target: str, value: Expression, style: int | None = None) -> Expression:
    styles: list[Expression] = [] if style is None else [sa.literal_column(str(style))]
    return sa.func.CONVERT(sa.literal_column(target), value, *styles)


def _variant(column: Expression) -> Expression:
    """A sql_variant by the type it holds; without a style, dates would lose seconds and floats digits."""
    base = sa.cast(sa.func.SQL_VARIANT_PROPERTY(column, sa.literal_column("'BaseType'")), mssql.NVARCHAR(128))
    return sa.case(
        (_among(base, sorted(_MOMENTS)), _converted("nvarchar(4000)", column, 121)),
        (_among(base, ["float", "real"]), _converted("nvarchar(4000)", column, 3)),
        (_among(base, ["binary", "varbinary"]), _converted("nvarchar(4000)", column, 1)),
        else_=_converted("nvarchar(4000)", column),
    )


def _among(base: Expression, names: list[str]) -> Expression:
    return base.in_([sa.literal_column(f"'{name}'") for name in names])
