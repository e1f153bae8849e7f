"""A physical design: a bindings file, which is the truth about it, and a file on what nothing reads.

`<name>.yaml` is an ordinary bindings file; `<name>.physical.yaml` says how its types are called, which columns and
tables there are besides, and which foreign keys are declared.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import Field, model_validator

from perio_pipeline.errors import SettingsError
from perio_pipeline.panda.bindings import Bindings, load_bindings
from perio_pipeline.yamlfile import Entry, YamlFile

FOLDER = Path(__file__).parent
_PHYSICAL = ".physical.yaml"


class Filler(Entry):
    """What a column holds that nothing reads.

    Attributes:
        kind: one of `fillers.FILLERS`; or `choice` of some values, `range` of numbers, `of` another table's column.
        empty: share of rows without a value.
    """

    kind: str
    choices: tuple[str, ...] = ()
    low: int = 0
    high: int = 0
    of: str = ""
    empty: float = 0

    @model_validator(mode="before")
    @classmethod
    def _short(cls, data: Any) -> Any:
        """`money`, `[A, B]`, `1-9` and `Table.Column` say all there is to say."""
        if isinstance(data, list | tuple):
            return {"kind": "choice", "choices": data}
        if isinstance(data, str):
            low, dash, high = data.partition("-")
            if dash and low.isdigit() and high.isdigit():
                return {"kind": "range", "low": int(low), "high": int(high)}
            return {"kind": "of", "of": data} if "." in data else {"kind": data}
        return data


class SideTable(Entry):
    """A table that has nothing to do with the canonical ones; `rows` for each patient, or `fixed`."""

    rows: float = 0
    fixed: int = 0
    columns: dict[str, Filler]


class Physical(Entry):
    """What the bindings cannot say.

    Attributes:
        about: the design in a sentence.
        types: SQLite's type → what the design calls it; `DATETIME`, `INTEGER`, `NUMERIC`, `TEXT` and `BLOB`.
        dates: how the columns that nothing reads have days written.
        shuffled: columns stand in no particular order behind the key.
        primary_keys: declared where the rows allow it.
        foreign_keys: declared ones, `Table.Column: Table.Column`; orphans are there all the same.
        columns: bound table → columns that nothing reads.
        tables: tables that nothing reads.
    """

    about: str
    types: dict[str, str] = Field(default_factory=dict)
    dates: str = "YYYY-MM-DD"
    shuffled: bool = False
    primary_keys: bool = True
    foreign_keys: dict[str, str] = Field(default_factory=dict)
    columns: dict[str, dict[str, Filler]] = Field(default_factory=dict)
    tables: dict[str, SideTable] = Field(default_factory=dict)


@dataclass(frozen=True)
class Design:
    """One design, ready to be written."""

    name: str
    bindings: Bindings
    physical: Physical
    bindings_file: Path


def design_names() -> list[str]:
    """Return all designs that there are."""
    return sorted(path.name.removesuffix(_PHYSICAL) for path in FOLDER.rglob(f"*{_PHYSICAL}"))


def load_design(name: str) -> Design:
    """Read a design.

    Raises:
        SettingsError: there is none of that name.
        MappingError: a mistake in one of its files.
    """
    found = next(iter(FOLDER.rglob(f"{name}{_PHYSICAL}")), None)
    if found is None:
        raise SettingsError(f"There is no design {name}.", f"Use one of: {', '.join(design_names())}.")
    bindings = found.with_name(f"{name}.yaml")
    return Design(name, load_bindings(bindings), YamlFile(found).parse(Physical), bindings)
