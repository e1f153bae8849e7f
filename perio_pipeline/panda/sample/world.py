"""What all patients of one sample practice share: its people, offices, code tables, sources of numbers, and today.

Also the record of one patient while it is being made. Rows are dicts by physical column name.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from datetime import date, datetime
from itertools import accumulate

import numpy as np

from perio_pipeline.panda.sample.charting import Chart
from perio_pipeline.panda.sample.contact import Numbers, PhoneBook
from perio_pipeline.panda.sample.figures import SiteFigures
from perio_pipeline.panda.sample.image_store import Images
from perio_pipeline.panda.sample.writer import Row


@dataclass
class Sources:
    """Referral sources and how often each sends somebody: few send many (Zipf)."""

    rows: list[Row]
    shares: list[float] = field(init=False)

    def __post_init__(self) -> None:
        self.shares = list(accumulate(1 / (place + 1.5) for place in range(len(self.rows))))

    def pick(self, rng: random.Random) -> Row:
        """Return one source by its share."""
        return rng.choices(self.rows, cum_weights=self.shares)[0]


@dataclass
class World:
    """The practice around the patients."""

    today: date
    offices: tuple[str, ...]
    providers: list[Row]
    procedures: dict[str, dict[str, str]]
    dentists: Sources
    other_sources: Sources
    patient_sources: list[Row]
    figures: SiteFigures
    numbers: Numbers
    phones: PhoneBook
    rng: random.Random
    source_ids: set[str]
    images: Images
    wrong_npis: list[str] = field(default_factory=list)

    def provider(self, rng: random.Random, kinds: tuple[str, ...], office: str) -> Row:
        """Return a provider of one of these kinds, at that office if there is one."""
        fitting = [row for row in self.providers if row["ProvType"] in kinds]
        return rng.choice([row for row in fitting if row["OfficeCode"] == office] or fitting)


@dataclass(frozen=True)
class Person:
    """What the clinic needs to know about somebody; how it is recorded is in the patient's row."""

    first: str
    last: str
    sex: str
    birth: date
    smoking: str
    cigarettes: int | None
    diabetes: bool
    hba1c: float | None

    @property
    def heavy_smoker(self) -> bool:
        """Ten cigarettes a day or more."""
        return (self.cigarettes or 0) >= 10

    @property
    def poor_control(self) -> bool:
        """Diabetes with an HbA1c of 7 % or more."""
        return self.diabetes and (self.hba1c or 0) >= 7


@dataclass
class Bundle:
    """One patient's record while it is being made.

    Attributes:
        person: who it is.
        patient: the row of Patient.
        account: the row of Account.
        rng, noise: the patient's own sources of chance, for choices and for arrays.
        kind: the problem this person is (`person` slot), or empty.
        rows: further rows by table.
        charts: exams, kept as arrays until they are written.
        slots: parts of the record that hold a planted problem already.
        extra_patients: further rows of Patient that mean the same person.
        off_chart: keys of diagnoses that were misjudged on purpose.
    """

    person: Person
    patient: Row
    account: Row
    rng: random.Random
    noise: np.random.Generator
    kind: str = ""
    rows: dict[str, list[Row]] = field(default_factory=dict)
    charts: list[Chart] = field(default_factory=list)
    slots: set[str] = field(default_factory=set)
    extra_patients: list[Row] = field(default_factory=list)
    off_chart: list[str] = field(default_factory=list)

    def add(self, table: str, row: Row) -> Row:
        """Add a row to a table and return it."""
        self.rows.setdefault(table, []).append(row)
        return row

    def of(self, table: str) -> list[Row]:
        """Return the rows of a table so far."""
        return self.rows.get(table, [])


def first_date(row: Row, column: str) -> date:
    """Return a date column of a row as a date."""
    return datetime.fromisoformat(str(row[column])).date()
