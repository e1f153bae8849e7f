"""The complexity grade A to D: figures of a practice, weighed by a table."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from pydantic import Field, model_validator

from perio_pipeline.yamlfile import Entry, YamlFile

WORST = "D"


class Factor(Entry):
    """One factor: from which figures on it counts 1, 2 and 3 points, and how much it weighs."""

    words: str
    steps: tuple[float, ...] = Field(min_length=3, max_length=3)
    weight: float = Field(gt=0)
    why: str

    @model_validator(mode="after")
    def _ascending(self) -> Factor:
        if list(self.steps) != sorted(set(self.steps)):
            raise ValueError("`steps` must ascend")
        return self

    def points(self, figure: float) -> int:
        """Return 0 to 3."""
        return sum(figure >= step for step in self.steps)


class Factors(Entry):
    """The table: factors by name, and the mean points below which a grade is given."""

    grades: dict[str, float]
    factors: dict[str, Factor]

    def grade(self, figures: Mapping[str, float]) -> Grade:
        """Grade a practice.

        Raises:
            KeyError: a factor has no figure.
        """
        weighed = [
            Weighed(name, each, figures[name], each.points(figures[name])) for name, each in self.factors.items()
        ]
        weight = sum(each.factor.weight for each in weighed)
        mean = sum(each.points * each.factor.weight for each in weighed) / weight
        letter = next((letter for letter, below in self.grades.items() if mean < below), WORST)
        return Grade(letter, mean, tuple(sorted(weighed, key=lambda each: -each.points * each.factor.weight)))


@dataclass(frozen=True)
class Weighed:
    """A factor with its figure and its points."""

    name: str
    factor: Factor
    figure: float
    points: int


@dataclass(frozen=True)
class Grade:
    """The grade, the mean points, and what they come from: what counts most first."""

    letter: str
    mean: float
    factors: tuple[Weighed, ...]


@cache
def factors() -> Factors:
    """Return the table."""
    return YamlFile(Path(__file__).with_name("factors.yaml")).parse(Factors)
