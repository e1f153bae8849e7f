"""What is known of PANDA's merge fields and of where the CRMs keep things, from two tables beside this module."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Literal

from pydantic import field_validator, model_validator

from perio_pipeline.errors import SettingsError
from perio_pipeline.yamlfile import Entry, YamlFile

Holder = Literal["practice", "day", "addressee", "provider"]
"""Whose value a merge field is, where it is no field of a record."""


class MergeField(Entry):
    """One merge field of PANDA.

    Attributes:
        says: what it stands for.
        column: frame and column that hold it, such as `validated/patient.first_name`; the first that is mapped counts.
        of: whose value it is, in place of a column.
        instead: what to do where it has no home.
        sample: an invented value.
    """

    says: str
    column: tuple[str, ...] = ()
    of: Holder | None = None
    instead: str = ""
    sample: str

    @field_validator("column", mode="before")
    @classmethod
    def _alone(cls, column: object) -> object:
        return (column,) if isinstance(column, str) else column

    @model_validator(mode="after")
    def _one_home(self) -> MergeField:
        if sum(map(bool, (self.column, self.of, self.instead))) != 1:
            raise ValueError("one of `column`, `of` and `instead` must be given")
        return self


class Vocabulary(Entry):
    """All merge fields by name."""

    fields: dict[str, MergeField]


class Place(Entry):
    """Where a CRM keeps what is rebuilt, in people's words; `{...}` is filled in."""

    letters: str
    insert: str
    conditions: str
    homes: dict[Holder, str]
    workflows: str
    trigger: str
    wait: str
    condition: str
    messages: str
    stops: str
    paused: str


class Places(Entry):
    """All CRMs that there are words for."""

    highlevel: Place
    freshsales: Place


@cache
def merge_fields() -> dict[str, MergeField]:
    """Return PANDA's merge fields by name."""
    return YamlFile(Path(__file__).with_name("vocabulary.yaml")).parse(Vocabulary).fields


@cache
def place_of(crm: str) -> Place:
    """Return the words of a CRM.

    Raises:
        SettingsError: there are none.
    """
    places = dict(YamlFile(Path(__file__).with_name("places.yaml")).parse(Places))
    if crm not in places:
        raise SettingsError(
            f"It is not known where {crm} keeps letters and workflows.",
            f"Add it to rebuild/places.yaml; there are: {', '.join(places)}.",
        )
    place: Place = places[crm]
    return place
