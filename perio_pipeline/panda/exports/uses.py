"""What the bindings read of each physical table: which of its columns hold dates, bits, decimals or bytes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from perio_pipeline.errors import SourceError
from perio_pipeline.panda.bindings import Bindings
from perio_pipeline.panda.bound import BoundTable
from perio_pipeline.panda.canonical import Column, Kind
from perio_pipeline.panda.fields import BoundColumn
from perio_pipeline.panda.inventory import BIRTH
from perio_pipeline.panda.places import name_parts, written_name
from perio_pipeline.panda.tables import TABLES

BITS = {"0", "1"}


@dataclass
class ColumnUse:
    """A bound physical column, and what the canonical fields that read it expect.

    Attributes:
        name: as the bindings spell it.
        dates: dates or dates with times.
        birth: among them dates of birth, which are never in the future.
        bits: 0 and 1, which some exports write as words.
        decimals: numbers with a fraction.
        encoded: bytes in a code page.
        typed: the source can hold no free text there, so a word for "no value" is no value.
    """

    name: str
    dates: bool = False
    birth: bool = False
    bits: bool = False
    decimals: bool = False
    encoded: bool = False
    typed: bool = False


@dataclass
class TableUse:
    """A bound physical table.

    Attributes:
        bound: its name as the bindings have it, with its schema where they say one.
        columns: name in lower case → its use.
    """

    bound: str
    columns: dict[str, ColumnUse] = field(default_factory=dict)

    @property
    def schema(self) -> str:
        """The schema the bindings say; empty where they say none."""
        return ".".join(name_parts(self.bound)[:-1])

    @property
    def name(self) -> str:
        """The name without a schema."""
        return name_parts(self.bound)[-1]


def table_uses(bindings: Bindings) -> dict[str, TableUse]:
    """Return every bound physical table by its name in lower case, without its schema.

    Raises:
        SourceError: the bindings name two tables that differ by their schema only; SQLite has no schemas.
    """
    uses: dict[str, TableUse] = {}
    for canonical in TABLES:
        for bound in bindings.parts(canonical):
            for table in bound.physical_tables:
                use = uses.setdefault(name_parts(table)[-1].lower(), TableUse(table))
                if use.schema.lower() != TableUse(table).schema.lower():
                    raise SourceError(
                        f"The bindings name both {use.bound} and {table}, which an export cannot tell apart.",
                        "Write the same schema, or none, wherever this table is bound.",
                    )
            _add(uses, canonical, bound)
    return uses


def unqualified(bindings: Bindings) -> Bindings:
    """Return the bindings of the staged tables: the same, without schemas."""
    tables = {
        name: bound.model_copy(
            update={
                "table": _bare(bound.table),
                "joins": {
                    alias: join.model_copy(update={"table": _bare(join.table)}) for alias, join in bound.joins.items()
                },
            }
        )
        for name, bound in bindings.tables.items()
    }
    return bindings.model_copy(update={"tables": tables})


def _bare(table: str) -> str:
    return written_name(name_parts(table)[-1])


def _add(uses: Mapping[str, TableUse], canonical: str, bound: BoundTable) -> None:
    tables = {"": bound.table, **{alias: join.table for alias, join in bound.joins.items()}}
    places = {alias: uses[name_parts(table)[-1].lower()].columns for alias, table in tables.items()}

    def use_of(name: str) -> ColumnUse:
        alias = bound.alias_of(name)
        own = name.removeprefix(f"{alias}.")
        return places[alias].setdefault(own.lower(), ColumnUse(own))

    for name in bound.entries():
        use_of(name)
    for field_name, entry in bound.columns.items():
        for place in bound.places:
            for name in entry.columns(place.suffixes):
                _expect(use_of(name), TABLES[canonical].column(field_name), entry)


def _expect(use: ColumnUse, field_of: Column, entry: BoundColumn) -> None:
    """What an entry takes apart, puts together, or reads in a notation of its own is staged as it is written."""
    own_notation = bool(entry.pattern or entry.text or entry.date or entry.decode == "decimal_comma" or entry.letter)
    coded = bool(entry.codes) or own_notation
    dates = field_of.kind in (Kind.DATE, Kind.DATETIME) and not coded
    use.dates |= dates
    use.birth |= dates and field_of.name == BIRTH
    use.bits |= bool(BITS & entry.codes.keys()) or (field_of.kind == Kind.BOOLEAN and not coded)
    use.decimals |= field_of.kind == Kind.DECIMAL and not coded
    use.encoded |= entry.encoding is not None
    use.typed |= field_of.kind != Kind.TEXT and not entry.codes and not own_notation
