"""Writes rows to SQLite in batches; the same rows in the same order give the same bytes.

Nothing of this machine or moment may enter the file: the page size is fixed, and there is no journal to leave traces.
"""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from types import TracebackType

from perio_pipeline.panda.sample.schema import TABLES

BATCH_ROWS = 20_000
"""Rows held in memory, over all tables, before they are written."""

_PRAGMAS = ("page_size = 4096", "journal_mode = OFF", "synchronous = OFF", "encoding = 'UTF-8'", "auto_vacuum = NONE")

Row = dict[str, object]


class Writer:
    """An open sample database: `add` rows, leave the `with` block to finish the file."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.unlink(missing_ok=True)
        self._connection = sqlite3.connect(path, isolation_level=None)
        for pragma in _PRAGMAS:
            self._connection.execute(f"PRAGMA {pragma}")
        self._connection.execute("BEGIN")
        for table in TABLES.values():
            self._connection.execute(table.ddl())
        self._waiting: dict[str, list[Sequence[object]]] = {name: [] for name in TABLES}
        self._held = 0
        self.counts: Counter[str] = Counter(dict.fromkeys(TABLES, 0))

    def add(self, table: str, rows: Iterable[Mapping[str, object]]) -> None:
        """Add rows given by column name; a column that is left out is NULL."""
        columns = TABLES[table].column_names
        self.add_values(table, [tuple(row.get(column) for column in columns) for row in rows])

    def add_values(self, table: str, rows: Sequence[Sequence[object]]) -> None:
        """Add rows given in the order of the table's columns."""
        self._waiting[table].extend(rows)
        self.counts[table] += len(rows)
        self._held += len(rows)
        if self._held >= BATCH_ROWS:
            self._flush()

    def _flush(self) -> None:
        for name, rows in self._waiting.items():
            if rows:
                marks = ", ".join("?" * len(TABLES[name].columns))
                self._connection.executemany(f'INSERT INTO "{name}" VALUES ({marks})', rows)
                rows.clear()
        self._held = 0

    def __enter__(self) -> Writer:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is None:
            self._flush()
            for table in TABLES.values():
                for statement in table.index_ddl():
                    self._connection.execute(statement)
            self._connection.execute("COMMIT")
        self._connection.close()
