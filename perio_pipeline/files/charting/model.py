"""What is drawn: a patient and the charts that stand side by side, earliest first."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Self

from perio_pipeline.files.charting.order import entrances
from perio_pipeline.panda import chartcode


@dataclass(frozen=True)
class Chart:
    """One charting; the lines are those of `panda.chartcode`, and every field is a column of `clinical/exam_chart`."""

    exam_id: str
    exams: int
    exam_date: date
    exam_type: str | None
    charted_at: datetime | None
    sites_probed: int
    bop_percent: Decimal | None
    mean_depth_mm: Decimal | None
    sites_4mm_up: int | None
    sites_6mm_up: int | None
    mean_cal_mm: Decimal | None
    teeth_present: int | None
    implants: int | None
    classification_recorded: str | None
    grade_recorded: str | None
    classification_suggested: str | None
    grade_suggested: str | None
    depths: str
    margins: str
    losses: str
    marks: str
    depth_changes: str
    depth_changes_overall: str
    loss_changes: str
    loss_changes_overall: str
    teeth: str
    mobilities: str
    furcations: str

    @classmethod
    def of(cls, row: Mapping[Any, Any]) -> Self:
        """The chart of a row of the frame, its nulls as None."""
        return cls(**{name: row[name] for name in cls.__dataclass_fields__})

    def state(self, tooth: int) -> str:
        """Whether a tooth is there, as `panda.chartcode` writes it."""
        return self.teeth[tooth - 1]

    def mobility(self, tooth: int) -> float | None:
        """Miller grade of a tooth."""
        grade = chartcode.NUMBERS.get(self.mobilities[tooth - 1])
        return None if grade is None else grade / 2

    def furcation(self, tooth: int) -> dict[str, int]:
        """Entrance → Hamp degree, for those that were charted."""
        degrees = [self.furcations[place] for place in entrances(tooth)]
        return {
            side: chartcode.NUMBERS[degree]
            for side, degree in zip(chartcode.SIDES, degrees, strict=True)
            if degree in chartcode.NUMBERS
        }

    @property
    def has_margins(self) -> bool:
        """Whether any gingival margin was charted."""
        return set(self.margins) != {chartcode.UNKNOWN}


@dataclass(frozen=True)
class Patient:
    """Whose charts they are."""

    patient_id: str
    name: str
    born: date | None
