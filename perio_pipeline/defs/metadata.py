"""What every asset says about itself: columns, kinds, owners; never a value."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import dagster as dg

from perio_pipeline import settings
from perio_pipeline.mapping.model import ObjectMap
from perio_pipeline.panda.canonical import Column, Kind, Table
from perio_pipeline.panda.frames import extract_kinds, table_kinds

OWNERS = ["team:data-engineering"]
SCHEMA = "dagster/column_schema"


def table_schema(table: Table, *, extract: bool = False) -> dict[str, Any]:
    """Return the column list of a canonical table, as text throughout for an extract."""
    kinds = extract_kinds(table) if extract else table_kinds(table)
    return {SCHEMA: dg.TableSchema([_column(column, kinds[column.name], extract) for column in table.columns])}


def object_schema(obj: ObjectMap) -> dict[str, Any]:
    """Return the column list of a shaped or read-back object, with the source of each field."""
    columns = [
        dg.TableColumn(
            name, field.transform, _origin(field.source, field.template) + (f"; {field.why}" if field.why else "")
        )
        for name, field in obj.all_fields()
    ]
    links = [
        dg.TableColumn(f"link.{name}", "link", f"the {link.object} record by {link.by}")
        for name, link in obj.links.items()
    ]
    return {SCHEMA: dg.TableSchema([*columns, *links])}


def counts_table(records: dict[str, int], label: str) -> dg.TableMetadataValue:
    """Return counts as a table for the UI, the greatest first."""
    ordered = sorted(records.items(), key=lambda item: (-item[1], item[0]))[:50]
    return dg.MetadataValue.table(
        [dg.TableRecord({label: name, "rows": int(rows)}) for name, rows in ordered],
        schema=dg.TableSchema([dg.TableColumn(label, "string"), dg.TableColumn("rows", "int")]),
    )


def report_link(path: Path) -> dg.MetadataValue[Any]:
    """Return where a report is found: a link where `perio ui` serves it, else its path."""
    link = settings.report_link(path)
    return dg.MetadataValue.url(link) if link else dg.MetadataValue.path(str(path))


def _origin(source: str | None, template: str | None) -> str:
    return f"from {source}" if source else ("composed" if template else "constant")


def _column(column: Column, kind: Kind, extract: bool) -> dg.TableColumn:
    rules = [] if extract else [f"one of {', '.join(column.choices)}"] if column.choices else []
    if not extract and (column.low is not None or column.high is not None):
        rules.append(
            f"from {column.low:g} to {column.high:g}" if column.high is not None else f"at least {column.low:g}"
        )
    return dg.TableColumn(
        column.name,
        kind.value,
        column.description,
        constraints=dg.TableColumnConstraints(nullable=extract or not column.required, other=rules),
        tags={"PHI": ""} if column.phi else {},
    )
