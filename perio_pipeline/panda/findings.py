"""Columns that only one practice has become rows of `practice_finding`: named as the practice says, valued as they are.

Each `findings` entry of a bound table is read as a table of its own, with the same rows. A finding's key names the
table, the record and the finding, and so stays the same from one reading to the next.
"""

from __future__ import annotations

from collections.abc import Mapping

from perio_pipeline.panda.bound import BoundTable, Presence
from perio_pipeline.panda.canonical import Kind, Table
from perio_pipeline.panda.fields import BoundColumn
from perio_pipeline.panda.tables import PRACTICE_FINDING, TABLES

FINDINGS = PRACTICE_FINDING.name
LINKS = ("patient_id", "exam_id", "tooth")
"""What a finding takes from the row that it stands in."""


class FindingTable(BoundTable):
    """One `findings` entry as a bound table of its own.

    Attributes:
        record: the canonical table beside whose columns it stands.
        origins: entry of this table → the one it was made of.
    """

    record: str
    origins: dict[str, str]

    def address(self, table: str, entry: str = "") -> str:
        """Return where an entry stands in the bindings file: beside the record's columns."""
        return super().address(self.record, self.origins.get(entry, entry))


def finding_parts(tables: Mapping[str, BoundTable]) -> tuple[FindingTable, ...]:
    """Return one bound table of findings for each `findings` entry."""
    return tuple(
        _part(TABLES[name], bound, label, field)
        for name, bound in tables.items()
        for label, field in bound.findings.items()
    )


def _part(table: Table, bound: BoundTable, label: str, field: BoundColumn) -> FindingTable:
    key = "/".join(_key_part(bound, name) for name in table.key)
    links = {name: bound.columns[name] for name in LINKS if name in bound.columns}
    day = _date_of(table, bound)
    columns = {
        "finding_id": BoundColumn(text=f"{table.name}/{key}/{label}"),
        **links,
        "name": BoundColumn(value=label),
        "value": field,
        **({"recorded_at": bound.columns[day]} if day else {}),
    }
    here = f"findings.{label}"
    return FindingTable(
        table=bound.table,
        columns=columns,
        version=bound.changes(table.key),
        unpivot=bound.unpivot,
        joins=bound.joins,
        where=bound.where,
        rows_with=(Presence(column=str(field.column), null_when=field.null_when),),
        record=table.name,
        origins={
            "columns.finding_id": "columns",
            "columns.value": here,
            "rows_with": here,
            "columns.recorded_at": f"columns.{day}",
        },
    )


def _key_part(bound: BoundTable, name: str) -> str:
    field = bound.columns.get(name)
    if field is None:  # unpivoting makes it
        return "{" + name + "}"
    return field.text or "{" + str(field.column) + "}"


def _date_of(table: Table, bound: BoundTable) -> str:
    """The date of the record itself, else of the row."""
    dates = [column.name for column in table.columns if column.kind in (Kind.DATE, Kind.DATETIME) and column.required]
    return next((name for name in [*dates, "created_at"] if name in bound.columns), "")
