"""Exams of one patient: charts the mouth, records the diagnosis, and remembers the last of each."""

from __future__ import annotations

import random
from datetime import date

from perio_pipeline.panda.sample.charting import Chart, read_chart
from perio_pipeline.panda.sample.days import shortly_after, stamp
from perio_pipeline.panda.sample.figures import word_list
from perio_pipeline.panda.sample.mouth import Mouth
from perio_pipeline.panda.sample.paperwork import note_findings
from perio_pipeline.panda.sample.staging import STAGES, Diagnosis, diagnose
from perio_pipeline.panda.sample.world import Bundle, World

_OFF_CHART = 0.08
_SMOKERS_BLEED_LESS = 0.85


class Examiner:
    """Examines one mouth again and again."""

    def __init__(self, world: World, bundle: Bundle, mouth: Mouth) -> None:
        self.world, self.bundle, self.mouth = world, bundle, mouth
        low, high = mouth.severity.bleeding
        share = bundle.rng.uniform(low, high)
        self._bleeding = share * (_SMOKERS_BLEED_LESS if bundle.person.smoking == "C" and share > 0.15 else 1)
        self._treated = False
        self.diagnosis = Diagnosis("Healthy")
        self.last_full = self.last_comprehensive = date.min

    @property
    def last(self) -> Chart:
        """The latest chart."""
        return self.bundle.charts[-1]

    def therapy_done(self) -> None:
        """From now on the gums bleed as they do after treatment."""
        self._treated = True

    def examine(self, kind: str, day: date, *, first: bool = False, partial: bool = False) -> None:
        """Chart the mouth; a comprehensive exam also gets a diagnosis and, now and then, findings."""
        rng = self.bundle.rng
        typed = stamp(shortly_after(rng, day))
        exam: dict[str, object] = {
            "ExamNo": self.world.numbers.next("PerioExam"),
            "PatID": self.bundle.patient["PatID"],
            "ProvNo": self.bundle.patient["ProvNo" if kind != "M" else "HygNo"],
            "ExamDate": stamp(day),
            "ExamType": kind,
            "Remark": rng.choice(word_list("notes")["exam_remarks"]) or None,
            "DateEntered": typed,
            "LastModified": typed,
        }
        noise, figures = self.bundle.noise, self.world.figures
        chart = read_chart(noise, self.mouth, figures, exam, self._bleeding_share(kind), first=first, partial=partial)
        self.bundle.charts.append(chart)
        if not partial:
            self.last_full = day
        if kind == "C":
            self.last_comprehensive = day
            self._diagnose(chart, day)
            note_findings(self.world, self.bundle, chart)

    def _bleeding_share(self, kind: str) -> float:
        if not self._treated:
            return self._bleeding
        if kind == "R":
            return max(0.05, self._bleeding * self.bundle.rng.uniform(0.3, 0.5))
        return self.bundle.rng.uniform(0.05, 0.25) if self._bleeding > 0.1 else self._bleeding

    def _diagnose(self, chart: Chart, day: date) -> None:
        person, rng = self.bundle.person, self.bundle.rng
        age = (day - person.birth).days // 365
        found = diagnose(chart, age, heavy_smoker=person.heavy_smoker, poor_control=person.poor_control)
        found = _no_better(found, self.diagnosis)
        off = rng.random() < _OFF_CHART
        self.diagnosis = found
        recorded = _misjudge(rng, found) if off else found
        number = self.world.numbers.next("PerioDx")
        typed = stamp(shortly_after(rng, day))
        row = self.bundle.add(
            "PerioDx",
            {
                "DxNo": number,
                "PatID": chart.exam["PatID"],
                "ExamNo": chart.exam["ExamNo"],
                "ProvNo": chart.exam["ProvNo"],
                "DxDateTime": typed,
                "AAPClass": recorded.classification,
                "AAPGrade": recorded.grade,
                "AAPExtent": recorded.extent,
                "DateEntered": typed,
                "LastModified": typed,
            },
        )
        if off:
            self.bundle.off_chart.append(str(row["DxNo"]))


def _no_better(found: Diagnosis, before: Diagnosis) -> Diagnosis:
    """A stage once given stays after successful therapy."""
    if before.classification not in STAGES:
        return found
    if found.classification not in STAGES or STAGES.index(found.classification) < STAGES.index(before.classification):
        return before
    return found


def _misjudge(rng: random.Random, found: Diagnosis) -> Diagnosis:
    """A diagnosis a tired clinician could have recorded instead."""
    if found.classification not in STAGES:
        other = "Gingivitis" if found.classification == "Healthy" else rng.choice(("Healthy", "Stage I"))
        return Diagnosis(other, *(("B", "L") if other == "Stage I" else ()))
    if rng.random() < 0.2:
        return Diagnosis("Periodontitis", None, found.extent)
    place = STAGES.index(found.classification)
    neighbours = [STAGES[other] for other in (place - 1, place + 1) if 0 <= other < len(STAGES)]
    return Diagnosis(rng.choice(neighbours), found.grade, found.extent)
