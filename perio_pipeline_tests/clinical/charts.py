"""Small charts for tests: a mouth with the same reading everywhere, and the sites and teeth that differ."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import pandas as pd

from perio_pipeline.panda.canonical import Table
from perio_pipeline.panda.frames import table_kinds, typed_frame
from perio_pipeline.panda.tables import PATIENT, PERIO_EXAM, PERIO_SITE, PERIO_TOOTH, SITES

NO_WISDOM_TEETH = tuple(tooth for tooth in range(1, 33) if tooth not in (1, 16, 17, 32))
THIRD_MOLARS_ABSENT = {tooth: {"status": "missing"} for tooth in (1, 16, 17, 32)}
HEALTHY = {"depth_mm": 2, "recession_mm": -2, "bleeding": False}

Reading = Mapping[str, object]


def frame(table: Table, rows: Iterable[Reading] = ()) -> pd.DataFrame:
    return typed_frame(table_kinds(table), rows)


@dataclass
class Chart:
    """One exam; `sites` and `teeth` override what is everywhere else."""

    exam_id: str = "E1"
    patient_id: str = "P1"
    exam_date: str = "2024-05-06"
    everywhere: Reading = field(default_factory=lambda: HEALTHY)
    probed: Iterable[int] = NO_WISDOM_TEETH
    sites: Mapping[tuple[int, str], Reading] = field(default_factory=dict)
    teeth: Mapping[int, Reading] = field(default_factory=lambda: THIRD_MOLARS_ABSENT)
    charts_teeth: bool = True

    def site_rows(self) -> list[dict[str, object]]:
        rows = []
        for tooth in self.probed:
            for site in SITES:
                reading = {**self.everywhere, **self.sites.get((tooth, site), {})}
                state = "measured" if reading.get("depth_mm") is not None else "not_recorded"
                rows.append({"exam_id": self.exam_id, "tooth": tooth, "site": site, "depth_state": state, **reading})
        return rows

    def tooth_rows(self) -> list[dict[str, object]]:
        if not self.charts_teeth:
            return []
        return [
            {"exam_id": self.exam_id, "tooth": tooth, "status": "present", **self.teeth.get(tooth, {})}
            for tooth in range(1, 33)
        ]

    def exam_row(self) -> dict[str, object]:
        return {"exam_id": self.exam_id, "patient_id": self.patient_id, "exam_date": self.exam_date}


def frames(*charts: Chart) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """Return sites, teeth and exams of the charts."""
    return (
        frame(PERIO_SITE, [row for chart in charts for row in chart.site_rows()]),
        frame(PERIO_TOOTH, [row for chart in charts for row in chart.tooth_rows()]),
        frame(PERIO_EXAM, [chart.exam_row() for chart in charts]),
    )


def patients(**known: object) -> pd.DataFrame:
    return frame(PATIENT, [{"patient_id": "P1", **known}])


def at(teeth: Iterable[int], site: str, **reading: object) -> dict[tuple[int, str], Reading]:
    """The same reading at one site of several teeth."""
    return {(tooth, site): reading for tooth in teeth}
