"""The data-quality problems of the sample practice: one line each in `lists/problems.csv`.

They are made in the `blemish_*` modules. `number` is the line of the project's list of migration problems (0: not
on it). A problem with a `rate` is planted on purpose, `rate` times per patient and at least once, in some `slots` of a
patient: two problems of the same slot never meet in one patient, so that each count stays exact. A problem without a
rate comes with ordinary data and is only counted.
"""

from __future__ import annotations

from dataclasses import dataclass

from perio_pipeline.panda.sample.figures import table_list


@dataclass(frozen=True)
class Problem:
    """One kind of problem.

    Attributes:
        name: stable name; the key in `<db>.planted.json`.
        number: its number in the list of migration problems.
        what: what one counted thing is.
        where: table and column in the database.
        rate: how many per patient are planted; 0 if it comes with ordinary data.
        most: how many a practice has at most, however large it is.
        slots: the parts of a patient's record it needs for itself.
    """

    name: str
    number: int
    what: str
    where: str
    rate: float
    most: int
    slots: frozenset[str]

    def target(self, patients: int) -> int:
        """Return how many are planted in a practice of that size."""
        return min(self.most, max(1, round(self.rate * patients))) if self.rate else 0


_NO_LIMIT = 10**9

PROBLEMS: dict[str, Problem] = {
    row["name"]: Problem(
        name=row["name"],
        number=int(row["number"]),
        what=row["what"],
        where=row["where"],
        rate=float(row["rate"] or 0),
        most=int(row["most"] or _NO_LIMIT),
        slots=frozenset(row["slot"].split()),
    )
    for row in table_list("problems")
}
"""Every problem by name, in the order of the list."""

PERSON, PRACTICE = "person", "practice"
"""Slots of problems that are people of their own, and of those that belong to the practice rather than a patient."""
