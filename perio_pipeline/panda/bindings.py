"""`mappings/panda.yaml` as typed objects: where each canonical table lies in a concrete database."""

from __future__ import annotations

from pathlib import Path

from perio_pipeline.panda.binding_rules import check_table
from perio_pipeline.panda.bound import BoundTable
from perio_pipeline.panda.findings import FINDINGS, finding_parts
from perio_pipeline.panda.tables import TABLES
from perio_pipeline.yamlfile import Entry, YamlFile, remembered


class Bindings(Entry):
    """The whole file.

    Attributes:
        source: what the database is, in words.
        tables: canonical table → where it lies.
        absent: canonical tables that this database has nothing for.
    """

    source: str
    tables: dict[str, BoundTable]
    absent: tuple[str, ...] = ()

    def parts(self, name: str) -> tuple[BoundTable, ...]:
        """Return what the rows of a canonical table are read from, in order; nothing for one that is absent."""
        own = (self.tables[name],) if name in self.tables else ()
        return (*own, *finding_parts(self.tables)) if name == FINDINGS else own

    def read_twice(self) -> list[str]:
        """Return the findings whose column a field is bound to as well, which their entries say is meant."""
        return [
            f"tables.{name}.findings.{label}"
            for name, bound in self.tables.items()
            for label, field in bound.findings.items()
            if field.also_read
        ]

    def shared(self) -> dict[str, list[BoundTable]]:
        """Return the physical tables of which every entry reads only rows under a condition, with these entries."""
        entries: dict[str, list[BoundTable]] = {}
        for bound in self.tables.values():
            entries.setdefault(bound.table.lower(), []).append(bound)
        return {each[0].table: each for each in entries.values() if all(bound.where for bound in each)}


@remembered
def load_bindings(path: Path) -> Bindings:
    """Read and check a bindings file.

    Raises:
        MappingError: an unknown table or field, a required field without a column, a code that leads to none of the
            canonical codes, or parts of an entry that do not fit together.
    """
    file = YamlFile(path)
    bindings = file.parse(Bindings)
    for name, bound in bindings.tables.items():
        check_table(file, name, bound)
    for name in bindings.absent:
        if name not in TABLES or name in bindings.tables or name == "patient":
            raise file.error(("absent",), f"`{name}` cannot be absent.", "Name canonical tables that are not bound.")
    for name in TABLES:
        if not bindings.parts(name) and name not in bindings.absent:
            raise file.error(
                ("tables",),
                f"table {name} is not bound.",
                f"Add an entry `{name}` with its table and columns, or name it under `absent`.",
            )
    return bindings
