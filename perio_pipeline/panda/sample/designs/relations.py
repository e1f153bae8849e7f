"""The rows of a design's tables, put together from canonical ones: shared rows, rests of records, lists of words."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from perio_pipeline.panda.bound import BoundTable
from perio_pipeline.panda.canonical import Table
from perio_pipeline.panda.sample.designs.inversion import Cells, Value, invert

PhysicalRow = dict[str, Value]
RowName = tuple[object, ...]


@dataclass
class Relations:
    """All tables of a design while they are filled.

    Attributes:
        rows: physical table → its rows by what names them, in the order in which they came.
        losses: canonical table → keys of rows that the design has no place for.
    """

    rows: dict[str, dict[RowName, PhysicalRow]] = field(default_factory=lambda: defaultdict(dict))
    losses: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))

    def add(self, table: Table, bound: BoundTable, records: Iterable[Mapping[str, Value]], *, shared: bool) -> None:
        """Add canonical rows.

        Args:
            table: the canonical table.
            bound: where they lie in this design.
            records: its rows.
            shared: other canonical tables are read from the same rows, which can therefore not be there twice.
        """
        places = {tuple(place.labels.values()): place for place in bound.places}
        unpivoted = [each.column for each in bound.unpivot]
        base = [name for name in table.key if name not in unpivoted]
        cells: dict[RowName, Cells] = {}
        seen: dict[tuple[object, ...], int] = defaultdict(int)
        for number, record in enumerate(records):
            labels = tuple(record[name] for name in unpivoted)
            key = tuple(record[name] for name in base) or (number,)
            source_key = "|".join(str(record[name] or "") for name in table.key)
            place = places.get(labels)  # type: ignore[arg-type]
            turn = seen[(*key, labels)]
            seen[(*key, labels)] += 1
            if place is None or (turn and shared):
                self.losses[table.name].append(source_key)
                continue
            invert(bound, record, place, cells.setdefault((*key, turn), Cells()))
        keys, partners = bound.keys(table.key), bound.partners(table.key)
        for name, filled in cells.items():
            values = self._base_row(table, bound, partners, name, filled)
            where = tuple((column, allowed[0]) for column, allowed in bound.where.items())
            # Its physical key tells a row from others, so that several canonical tables find the same one.
            physical = tuple(values[column] for column in keys) or name[:-1]
            row = self.rows[bound.table].setdefault((*where, *physical, name[-1]), {})
            row.update({column: value for column, value in values.items() if row.get(column) is None})

    def _base_row(
        self, table: Table, bound: BoundTable, partners: Sequence[str], name: RowName, cells: Cells
    ) -> PhysicalRow:
        """What stands in the table itself; what belongs into joined ones is put there."""
        values = cells.finished()
        if cells.misfits:
            self.losses[table.name].append("|".join(str(part) for part in name[:-1]))
        for alias in reversed(bound.joins):
            own = {column: values.pop(column) for column in list(values) if bound.alias_of(column) == alias}
            if alias in partners:
                self._add_partner(bound, alias, values, own, name)
            else:
                values |= self._look_up(bound, alias, own)
        return values | {column: allowed[0] or None for column, allowed in bound.where.items()}

    def _add_partner(self, bound: BoundTable, alias: str, values: PhysicalRow, own: PhysicalRow, name: RowName) -> None:
        join = bound.joins[alias]
        if join.optional and all(value is None for value in own.values()):
            return
        row = {column.removeprefix(f"{alias}."): value for column, value in own.items()}
        row |= {other: values[column] for column, other in join.on.items()}
        row |= {column: allowed[0] or None for column, allowed in join.where.items()}
        self.rows[join.table].setdefault((*join.where, *name), {}).update(row)

    def _look_up(self, bound: BoundTable, alias: str, own: PhysicalRow) -> PhysicalRow:
        """Find the words in their list, or add them, and return the key."""
        join = bound.joins[alias]
        (key_column, listed) = next(iter(join.on.items()))
        if all(value is None for value in own.values()):
            return {key_column: None}
        words = {column.removeprefix(f"{alias}."): value for column, value in own.items()}
        words |= {column: allowed[0] for column, allowed in join.where.items()}
        rows = self.rows[join.table]
        name = ("word", *sorted(words.items()))
        if name not in rows:
            rows[name] = {listed: str(len(rows) + 1), **words}
        return {key_column: rows[name][listed]}
