"""Names of physical tables, as bindings write them: `Table`, `schema.Table`, `database.schema.Table`.

A part with a dot or a bracket in its name is written as SQL Server writes it: `[Perio.2020].[Exam]`, or `"Perio.2020"`.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.sql.elements import quoted_name

_PART = re.compile(r'\[((?:[^\]]|\]\])+)\]|"((?:[^"]|"")+)"|([^.\["][^.]*)')


def name_parts(text: str) -> tuple[str, ...]:
    """Split the name of a table; its own name is the last part.

    Raises:
        ValueError: says what is wrong with the name.
    """
    parts, at = [], 0
    while True:
        match = _PART.match(text, at)
        if match is None:
            raise ValueError(f"`{text}` is not the name of a table: write `schema.Table`, or `[a.b].[Table]`")
        bracketed, quoted, bare = match.groups()
        parts.append(bracketed.replace("]]", "]") if bracketed else quoted.replace('""', '"') if quoted else bare)
        at = match.end()
        if at == len(text):
            break
        if text[at] != ".":
            raise ValueError(f"`{text}` is not the name of a table: a dot must follow a quoted part")
        at += 1
    if len(parts) > 3:
        raise ValueError(f"`{text}` has more parts than database, schema and table")
    if len(parts) == 3 and re.search(r"[\[\]]", parts[0] + parts[1]):
        raise ValueError(f"`{text}`: the name of a database, or of a schema in another one, may hold no brackets")
    return tuple(parts)


def written_name(part: str) -> str:
    """Return a part of a name as a binding writes it."""
    return f"[{part.replace(']', ']]')}]" if re.search(r'[.\["\]]', part) else part


def table_clause(text: str, columns: Sequence[str] = ()) -> sa.TableClause:
    """Return a table to select from, with some of its columns; every part is quoted, whatever it is called."""
    *around, name = name_parts(text)
    named = [column_clause(column) for column in columns]
    if len(around) == 2:
        return sa.table(_quoted(name), *named, schema=f"[{around[0]}].[{around[1]}]")
    return sa.table(_quoted(name), *named, schema=_quoted(around[0]) if around else None)


def column_clause(name: str) -> sa.ColumnClause[Any]:
    """Return a column to select; its name is quoted, whatever it is called."""
    return sa.column(_quoted(name))


def _quoted(name: str) -> quoted_name:
    return quoted_name(name, quote=True)
