"""Where a column of PANDA now lives in the CRM, looked up in the mapping that holds for the practice."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from perio_pipeline.crm.packages import crm_package
from perio_pipeline.mapping.effective import EffectiveMapping
from perio_pipeline.mapping.model import FieldMap, ObjectMap
from perio_pipeline.signoff.crm_words import words_of

_HUMPS = re.compile(r"(?<=[a-z])(?=[A-Z])|_")


@dataclass(frozen=True)
class Home:
    """A field of the CRM that holds a column.

    Attributes:
        record: what kind of record it is a field of, in people's words.
        label: what people read there.
        name: the migration's stable name, or the CRM's own for one of its fields.
        whole: the field holds nothing else.
    """

    record: str
    label: str
    name: str
    whole: bool

    def __str__(self) -> str:
        inside = "" if self.whole else ", among other text"
        return f"{self.record}: {self.label} ({self.name}){inside}"


Homes = Mapping[str, Sequence[Home]]
"""`frame.column` → where it lives."""


def first_home(homes: Homes, columns: Iterable[str]) -> Home | None:
    """Return where the first of some columns that is mapped lives."""
    return next((found[0] for column in columns for found in [homes.get(column)] if found), None)


def homes(mapping: EffectiveMapping) -> dict[str, list[Home]]:
    """Return `frame.column` → the fields that hold it, those that hold nothing else first."""
    found: dict[str, list[Home]] = {}
    words, plans = words_of(mapping.destination), crm_package(mapping.destination).PLANS
    for obj in mapping.present().values():
        record = words.called(obj.model, plans)
        for name, field in obj.all_fields():
            home = Home(record, field.label or _words(name), name, bool(field.source))
            for column in _columns(obj, field):
                held = found.setdefault(column, [])
                if home not in held:
                    held.append(home)
    return {column: sorted(held, key=lambda home: not home.whole) for column, held in found.items()}


def _columns(obj: ObjectMap, field: FieldMap) -> Iterator[str]:
    for name, _ in field.columns:
        alias, dot, column = name.partition(".")
        yield f"{obj.join[alias].frame}.{column}" if dot else f"{obj.rows}.{name}"


def _words(name: str) -> str:
    return _HUMPS.sub(" ", name).strip().capitalize()
