"""`mappings/panda.yaml` as typed objects: where each canonical field lies in a concrete database."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

from pydantic import Field, field_validator, model_validator

from perio_pipeline.panda.places import name_parts
from perio_pipeline.panda.tables import TABLES
from perio_pipeline.yamlfile import Entry, YamlFile, remembered


class BoundColumn(Entry):
    """One canonical field: a column and how its values are read, or a constant. The grammar is in the file's head."""

    column: str | None = None
    value: str | None = None
    codes: dict[str, str] = Field(default_factory=dict)
    null_when: tuple[str, ...] = ()
    bit: int | None = None
    decode: Literal["over_100_is_negative"] | None = None
    encoding: Literal["cp1252", "utf-8"] | None = None

    @property
    def plain(self) -> bool:
        """Whether the column's values are taken as they are."""
        return not (self.codes or self.null_when or self.bit or self.decode)

    @model_validator(mode="before")
    @classmethod
    def _name_alone(cls, data: Any) -> Any:
        return {"column": data} if isinstance(data, str) else data

    @model_validator(mode="after")
    def _one_origin(self) -> BoundColumn:
        if (self.column is None) == (self.value is None):
            raise ValueError("either `column` or `value` must be given, and only one")
        return self


class Unpivot(Entry):
    """One row with a column per site becomes one row per site."""

    column: str
    values: dict[str, str]


class BoundTable(Entry):
    """One canonical table: the physical table and its columns.

    Attributes:
        version: a column that is another one after each change of a row, such as a rowversion; without it
            `modified_at` serves, where that is bound.
    """

    table: str
    columns: dict[str, BoundColumn]
    version: str | None = None
    unpivot: Unpivot | None = None

    @field_validator("table")
    @classmethod
    def _is_a_name(cls, table: str) -> str:
        name_parts(table)
        return table

    @property
    def changes(self) -> str | None:
        """The physical column that is another one after each change of a row, if there is one."""
        modified = self.columns.get("modified_at")
        return self.version or (modified.column if modified else None)

    def physical_columns(self) -> list[str]:
        """Every physical column the binding reads, once, in order."""
        suffixes = list(self.unpivot.values.values()) if self.unpivot else [""]
        names = [
            bound.column.replace("{site}", suffix)
            for bound in self.columns.values()
            if bound.column
            for suffix in (suffixes if "{site}" in bound.column else suffixes[:1])
        ]
        return list(dict.fromkeys(names))


class Bindings(Entry):
    """The whole file."""

    source: str
    tables: dict[str, BoundTable]


@remembered
def load_bindings(path: Path) -> Bindings:
    """Read and check a bindings file.

    Raises:
        MappingError: an unknown table or field, a required field without a column, a code that leads to none of the
            canonical codes.
    """
    file = YamlFile(path)
    bindings = file.parse(Bindings)
    for name, bound in bindings.tables.items():
        _check_table(file, name, bound)
    for name in TABLES:
        if name not in bindings.tables:
            raise file.error(
                ("tables",), f"table {name} is not bound.", f"Add an entry `{name}` with its table and columns."
            )
    return bindings


def _check_table(file: YamlFile, name: str, bound: BoundTable) -> None:
    entry = ("tables", name)
    table = TABLES.get(name)
    if table is None:
        raise file.error(entry, "not a canonical table.", f"Use one of: {', '.join(TABLES)}.")
    given = [*bound.columns, *([bound.unpivot.column] if bound.unpivot else [])]
    for field in given:
        if field not in table.column_names:
            known = ", ".join(table.column_names)
            raise file.error((*entry, "columns", field), f"{name} has no such field.", f"Use one of: {known}.")
    for column in table.columns:
        if column.required and column.name not in given:
            raise file.error((*entry, "columns"), f"required field {column.name} is not bound.", "Name its column.")
        if column.name in bound.columns and column.choices:
            for code, target in bound.columns[column.name].codes.items():
                if target not in column.choices:
                    raise file.error(
                        (*entry, "columns", column.name, "codes", code),
                        f"`{target}` is not a code of {name}.{column.name}.",
                        f"Use one of: {', '.join(column.choices)}.",
                    )
