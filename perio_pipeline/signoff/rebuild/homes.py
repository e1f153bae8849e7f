"""Where a column of PANDA now lives in the CRM, looked up in the mapping that holds for the practice."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from perio_pipeline.crm.packages import crm_package
from perio_pipeline.mapping.effective import EffectiveMapping
from perio_pipeline.mapping.model import FieldMap, ObjectMap
from perio_pipeline.signoff.crm_words import words_of

PATIENTS = "validated/patient"
_HUMPS = re.compile(r"(?<=[a-z])(?=[A-Z])|_")


@dataclass(frozen=True)
class Home:
    """A field of the CRM that holds a column.

    Attributes:
        record: what kind of record it is a field of, in people's words; of others than patients, whose it is.
        label: what people read there.
        name: the migration's stable name, or the CRM's own for one of its fields.
        whole: the field holds nothing else.
        exact: it tells every value from every other; a field of few choices may not.
    """

    record: str
    label: str
    name: str
    whole: bool
    exact: bool = True

    def __str__(self) -> str:
        inside = "" if self.whole else ", among other text"
        return f"{self.record}: {self.label} ({self.name}){inside}"


Homes = Mapping[str, Sequence[Home]]
"""`frame.column` → where it lives."""


def first_home(homes: Homes, columns: Iterable[str]) -> Home | None:
    """Return where the first of some columns that is mapped lives."""
    return next((found[0] for column in columns for found in [homes.get(column)] if found), None)


def homes(mapping: EffectiveMapping) -> dict[str, list[Home]]:
    """Return `frame.column` → the fields that hold it: those that hold it alone first, of them the exact ones."""
    found: dict[str, list[Home]] = {}
    words, plans = words_of(mapping.destination), crm_package(mapping.destination).PLANS
    patients = {obj.model for obj in mapping.present().values() if obj.rows == PATIENTS}
    for key, obj in mapping.present().items():
        record = words.called(obj.model, plans)
        if obj.model in patients and obj.rows != PATIENTS:  # else a dentist's last name reads like the patient's
            record = f"{record} ({_words(key).lower()}, not the patient)"
        for name, field in obj.all_fields():
            choices = list(field.choices.values())
            exact = len(set(choices)) == len(choices)
            label = field.label or _words(name.removesuffix("_id") if field.lookup else name)
            home = Home(record, label, name, bool(field.source), exact)
            for column in columns_of(obj, field):
                held = found.setdefault(column, [])
                if home not in held:
                    held.append(home)
    return {column: sorted(held, key=lambda home: (not home.whole, not home.exact)) for column, held in found.items()}


def columns_of(obj: ObjectMap, field: FieldMap) -> Iterator[str]:
    """Yield `frame.column` of everything a field is made from."""
    for name, _ in field.columns:
        alias, dot, column = name.partition(".")
        yield f"{obj.join[alias].frame}.{column}" if dot else f"{obj.rows}.{name}"


def _words(name: str) -> str:
    return _HUMPS.sub(" ", name).strip().capitalize()
