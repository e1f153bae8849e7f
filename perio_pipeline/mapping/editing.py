"""A person edits a practice's own bindings file entry by entry; comments and all other lines stay as they are.

An entry is named as people speak of it: `patient.sex` is a field, `patient.table` the physical table, and
`patient.status.codes.A` the meaning of one code.
"""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Collection, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from pydantic import Field
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from perio_pipeline.errors import GateError, MappingError, SettingsError
from perio_pipeline.mapping.practice import Practice, load_practice, practice_names
from perio_pipeline.mapping.proposing.model import Binding, Proposal
from perio_pipeline.panda.bindings import Bindings, load_bindings
from perio_pipeline.panda.bound import BoundTable
from perio_pipeline.panda.tables import TABLES
from perio_pipeline.yamledit import edit, remove_entry, set_entry
from perio_pipeline.yamlfile import Entry, YamlFile

SHARED = "panda.yaml"
"""The bindings of the sample, which other practices copy."""

TABLE_PARTS = frozenset(BoundTable.model_fields) - {"columns"}
"""What stands beside a table's columns."""

FINDINGS = "findings"
"""Where a practice's file declares its own findings, and a table of the bindings its own columns."""

FIELD = 4
"""How many keys lead to a field: tables, its table, columns, its name."""


class Decisions(Entry):
    """What a person chose on the review page, as `perio map accept` takes it.

    Attributes:
        practice: whose bindings.
        decisions: entry → what shall stand there; null where it shall be left out.
    """

    practice: str
    decisions: dict[str, Binding | None] = Field(min_length=1)


def own_bindings(folder: Path, practice: Practice) -> Path:
    """Return the bindings file that is this practice's alone.

    Raises:
        SettingsError: it is shared; says how to make a copy.
    """
    name = practice.source.bindings
    others = [
        other
        for other in practice_names(folder)
        if other != practice.practice and load_practice(folder, other).source.bindings == name
    ]
    if name == SHARED or others:
        owner = f"practice {others[0]}" if others else "every practice without one of its own"
        raise SettingsError(
            f"{name} is also the bindings file of {owner}, and is not edited for practice {practice.practice} alone.",
            f"Make a copy, `cp {folder / name} {folder / practice.practice}.yaml`, and write `bindings: "
            f"{practice.practice}.yaml` under `source` in the practice's file; or let `perio map propose --write "
            f"{practice.practice}.yaml` make one.",
        )
    return folder / name


def apply(path: Path, decisions: Mapping[str, Any]) -> None:
    """Make edits in a bindings file, all of them or none.

    Args:
        path: the file.
        decisions: entry → its new content; None takes it out.

    Raises:
        SettingsError: an entry's name leads nowhere.
        MappingError: the file would not load any more; it is as it was, and the message names the mistake.
    """
    ways = {name: way(name) for name in decisions}

    def edits(text: str) -> str:
        for name, value in decisions.items():
            text = _decided(path, text, ways[name], value)
        return _no_longer_absent(path, text, {keys[1] for name, keys in ways.items() if decisions[name] is not None})

    YamlFile(path)
    edit(path, edits, load_bindings)


def declare(path: Path, findings: Mapping[str, Mapping[str, Any] | None], then: Callable[[], None]) -> None:
    """Say in the practice's file which findings become fields, and make the edits that belong to it: all or none.

    Args:
        path: the practice's file.
        findings: name → what the file says of it; None takes it out.
        then: makes the other edits; where it fails, the practice's file is as it was.

    Raises:
        SettingsError, MappingError: a file would not load any more, or `then` failed.
    """

    def edits(text: str) -> str:
        for name, entry in findings.items():
            keys = (FINDINGS, name)
            text = set_entry(path, text, keys, entry) if entry is not None else remove_entry(path, text, keys)
        return text

    def check(changed: Path) -> None:
        load_practice(changed.parent.parent, changed.stem)
        then()

    edit(path, edits, check)


def declared(decisions: Mapping[str, Any], made: Proposal) -> dict[str, dict[str, Any] | None]:
    """Return the findings of a practice's own columns that decisions name, as the proposal would have them."""
    return {
        each.destination.finding: each.destination.entry if decisions[each.entry] else None
        for each in made.leftover_columns
        if each.destination is not None and each.entry in decisions
    }


def completed(decisions: Mapping[str, Any], made: Proposal, bindings: Bindings) -> dict[str, Any]:
    """Return decisions on fields with what belongs to them.

    A field of a table that is not bound yet brings the table along, as it is proposed. Codes that are known of the same
    column stay, though the proposal did not see them: its rows may have none of them.

    Args:
        decisions: entry → binding.
        made: the proposal that they were made on.
        bindings: what is bound now.
    """
    found: dict[str, Any] = {}
    for table in made.tables:
        touched = any(name.startswith(f"{table.canonical}.") and value for name, value in decisions.items())
        if touched and table.canonical not in bindings.tables and table.table is not None:
            found |= {f"{table.canonical}.table": table.table}
            found |= {f"{table.canonical}.{part}": what for part, what in table.structure.items()}
    for name, value in decisions.items():
        table_name, _, field = name.partition(".")
        bound = bindings.tables.get(table_name)
        now = bound.columns.get(field) if bound else None
        same = now is not None and isinstance(value, dict) and value.get("column") == now.column
        found[name] = (
            {**value, "codes": {**now.codes, **value.get("codes", {})}} if same and now and now.codes else value
        )
    return found


def way(name: str) -> tuple[str, ...]:
    """Return the keys that lead to an entry.

    Raises:
        SettingsError: there is no such table or field.
    """
    table, _, rest = name.partition(".")
    if table not in TABLES:
        raise SettingsError(f"{name}: there is no canonical table {table}.", f"Use one of: {', '.join(TABLES)}.")
    part, _, inside = rest.partition(".")
    if part in TABLE_PARTS:
        return ("tables", table, part, *_inside(inside))
    fields = TABLES[table].column_names
    if part not in fields:
        known = f"{', '.join(fields)}; or of its structure: {', '.join(sorted(TABLE_PARTS))}"
        raise SettingsError(f"{name}: {table} has no field {part or 'of that name'}.", f"Use one of: {known}.")
    return ("tables", table, "columns", part, *_inside(inside))


def parsed(text: str) -> Binding:
    """Read a value as a person types it: `{column: X, codes: {...}}`, or the text as it stands.

    Raises:
        SettingsError: it begins like a mapping and is none.
    """
    if not text.lstrip().startswith("{"):
        return text
    try:
        made = YAML(typ="safe").load(text)
    except YAMLError:
        made = None
    if not isinstance(made, dict):
        raise SettingsError("The value begins with { and is no YAML mapping.", "Close its brackets, or quote it.")
    return made


def read_decisions(path: Path, practice: str) -> Decisions:
    """Read what a person chose on the review page, as YAML or JSON.

    Raises:
        MappingError: the file is missing or wrong, or belongs to another practice.
    """
    file = YamlFile(path)
    said = file.parse(Decisions)
    if said.practice != practice:
        problem = f"these decisions are for practice {said.practice}."
        raise file.error(("practice",), problem, f"Give those for {practice}, or name that practice.")
    return said


def keep_decisions(folder: Path, said: Decisions, by: str, at: datetime) -> Path:
    """Keep who decided what, beside the practice's file; an earlier one is never written over.

    Raises:
        MappingError: the mappings folder cannot be written to.
    """
    place = folder / "practices" / "decided" / said.practice
    number = 1 + max((int(each.stem) for each in place.glob("*.json") if each.stem.isdecimal()), default=0)
    path = place / f"{number:04}.json"
    content = {"by": by, "at": at.isoformat(), **said.model_dump(mode="json")}
    try:
        place.mkdir(parents=True, exist_ok=True)
        with path.open("x", encoding="utf-8") as file:
            file.write(json.dumps(content, indent=1, ensure_ascii=False) + "\n")
    except OSError as error:
        problem = f"what was decided cannot be kept ({type(error).__name__})."
        raise MappingError(str(path), 1, "file", problem, "Decide where the mappings folder is writable.") from None
    return path


def named(by: str) -> str:
    """Return a person's name without needless blanks.

    Raises:
        GateError: there is none.
    """
    name = " ".join(by.split())
    if not name:
        raise GateError("A person decides on the mapping, and no name is given.", 'Add `--by "NAME"`.')
    return name


def _inside(rest: str) -> tuple[str, ...]:
    """The keys within a field: a code keeps its dots, and `""` is the code of no value."""
    if not rest:
        return ()
    step, dot, key = rest.partition(".")
    return (step, "" if key == '""' else key) if dot else (step,)


def _no_longer_absent(path: Path, text: str, tables: Collection[str]) -> str:
    """A table that is bound is not absent any more."""
    absent = _now(text, ("absent",)) or []
    left = [str(each) for each in absent if each not in tables]
    if len(left) == len(absent):
        return text
    return set_entry(path, text, ("absent",), left) if left else remove_entry(path, text, ("absent",))


def _decided(path: Path, text: str, keys: tuple[str, ...], value: Any) -> str:
    if value is None:
        return remove_entry(path, text, keys)
    if keys[2] != "columns":
        return set_entry(path, text, keys, value)
    field, inside = keys[:FIELD], keys[FIELD:]
    now = _now(text, field)
    if inside and isinstance(now, str):
        text = set_entry(path, text, field, {"column": now})
    if not inside and isinstance(value, str) and isinstance(now, Mapping):
        # Another column for the same field: what its values mean and how they are read is kept.
        return set_entry(path, text, (*field, "column"), value)
    return set_entry(path, text, keys, value)


def _now(text: str, keys: tuple[str, ...]) -> Any:
    node: Any = YAML(typ="rt").load(io.StringIO(text))
    for key in keys:
        node = node.get(key) if isinstance(node, Mapping) else None
    return node
