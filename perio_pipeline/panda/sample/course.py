"""The course of one patient's treatment over the years, from the referral to maintenance."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np

from perio_pipeline.panda.sample import mouth as mouths
from perio_pipeline.panda.sample.days import workday
from perio_pipeline.panda.sample.figures import BoolArray
from perio_pipeline.panda.sample.mouth import IMPLANT
from perio_pipeline.panda.sample.paperwork import insure, refer_in, refer_out, take_image
from perio_pipeline.panda.sample.people import date_patient
from perio_pipeline.panda.sample.plans import (
    DIAGNOSIS,
    INITIAL,
    MAINTENANCE,
    REEVALUATION,
    SURGERY,
    Plan,
    initial_plan,
    simple_plan,
)
from perio_pipeline.panda.sample.story import Story
from perio_pipeline.panda.sample.visits import book, kept
from perio_pipeline.panda.sample.world import first_date

_PROSPECTIVE = 0.02
_INACTIVE_DAYS = 730
_DROPOUT, _MOST_EXAMS = 0.05, 8
_FULL_CHART_DAYS, _COMPREHENSIVE_DAYS = 330, 690
_MAINTENANCE_MONTHS = {"Stage III": 3, "Stage IV": 3}


class Course(Story):
    """Lives through one patient's history and adds its rows to the bundle."""

    def live(self) -> None:
        """Add everything that happened, and the visits that are booked."""
        prospective = self.rng.random() < _PROSPECTIVE
        if prospective:
            self.start = self.world.today - timedelta(days=self.rng.randint(1, 20))
        self.referrer = refer_in(self.world, self.bundle, self.start)
        insure(self.world, self.bundle, self.start)
        if prospective:
            self.day = self.world.today
            self.attend("consult", 3 + self.rng.randrange(30))
        else:
            self.day = self.start
            self._first_visit()
        self._close()
        if prospective:
            self.bundle.patient.update(PatStatus="P", FirstVisit=None)

    def _first_visit(self) -> None:
        limited = self.reason == "crown lengthening"
        visit = book(self.world, self.bundle, "limited" if limited else "consult", self.day)
        self.examiner.examine("C", self.day, first=True)
        self.note("limited" if limited else "consult", visit)
        self.take_films()
        if self.reason == "crown lengthening":
            self._single_procedure("D4249", "Crown lengthening", self.mouth.teeth.tolist())
        elif self.reason == "implant":
            self._single_procedure("D6010", "Implant", mouths.lost_places(self.mouth))
        elif self.reason in ("Healthy", "Gingivitis"):
            self._gingivitis()
        else:
            self._periodontitis()

    def _gingivitis(self) -> None:
        lines: list[tuple[str, str, list[int]]] = [(DIAGNOSIS, "D0180", [])]
        if self.reason == "Gingivitis":
            lines.append((INITIAL, "D4346", []))
        plan = simple_plan(self.world, self.bundle, "Gum health", self.day, lines)
        if not self.decide(plan):
            return
        if self.reason == "Gingivitis":
            if not self.attend("scaling", self.rng.randint(7, 40)):
                plan.schedule(INITIAL, self.day)
                return
            plan.do(INITIAL, self.day)
            self.note("scaling", self.visit)
        plan.finish(self.day)
        self.examiner.therapy_done()
        self._maintain(None, 6)

    def _single_procedure(self, code: str, heading: str, places: list[int]) -> None:
        if not places:
            places = [self.rng.choice((2, 13, 18, 29))]
            mouths.extract(self.mouth, places[0])
        tooth = self.rng.choice(places) + 1
        lines = [(DIAGNOSIS, "D0140", []), (SURGERY, code, [tooth]), (REEVALUATION, "P0002", [])]
        if code == "D6010":
            lines.append((DIAGNOSIS, "D0364", []))
            take_image(self.world, self.bundle, "CT", self.day, [tooth])
        plan = simple_plan(self.world, self.bundle, f"{heading} #{tooth}", self.day, lines)
        if not self.decide(plan):
            return
        self._operate_once(plan, code, tooth)
        plan.finish(self.day)

    def _operate_once(self, plan: Plan, code: str, tooth: int) -> None:
        """One surgical visit at a tooth and the check after it."""
        kind = "implant" if code == "D6010" else "surgery"
        procedure = str(self.world.procedures[code]["label"])
        if not self.attend(kind, self.rng.randint(14, 60), f"{procedure} #{tooth}"):
            plan.schedule(SURGERY, self.day)
            return
        plan.do(SURGERY, self.day)
        if code == "D6010":
            mouths.place_implant(self.mouth, tooth - 1)
        self.note(kind, self.visit, f"#{tooth}")
        if self.attend("postop", self.rng.randint(8, 14)):
            plan.do(REEVALUATION, self.day)
            if self.rng.random() < 0.5:
                self.note("postop", self.visit)

    def _periodontitis(self) -> None:
        plan = initial_plan(self.world, self.bundle, self.examiner.last, self.day)
        if not self.decide(plan) or not self._initial_therapy(plan):
            return
        if not self.attend("reevaluation", self.rng.randint(42, 70)):
            plan.schedule(REEVALUATION, self.day)
            return
        plan.do(REEVALUATION, self.day)
        self.examiner.therapy_done()
        self.examiner.examine("R", self.day)
        self.note("reevaluation", self.visit)
        if self.referrer and self.referrer["RefType"] == "GP" and self.rng.random() < 0.5:
            self.letter("reevaluation", plan, self.referrer)
        if not self._surgical_therapy(plan):
            return
        if self.rng.random() < 0.16:
            self._further_plan()
        if self.rng.random() < 0.07:
            refer_out(self.world, self.bundle, self.day)
        self._maintain(plan, _MAINTENANCE_MONTHS.get(self.reason, 6))

    def _initial_therapy(self, plan: Plan) -> bool:
        """Scaling in two visits, right side and left side; False if it is not finished yet."""
        planned = {str(item["SurfArea"]) for item in plan.items[INITIAL] if item["SurfArea"]}
        days = self.rng.randint(10, 35)
        for side in (["UR", "LR"], ["UL", "LL"]):
            areas = [area for area in side if area in planned]
            if not areas and planned:
                continue
            if not self.attend("srp" if planned else "scaling", days, f"SRP {'/'.join(areas)}" if areas else None):
                plan.schedule(INITIAL, self.day, areas or None)
                return False
            mouths.scale_and_plane(self.bundle.noise, self.mouth, areas)
            plan.do(INITIAL, self.day, areas or None)
            self.note("srp" if planned else "scaling", self.visit, "/".join(areas))
            if not planned:
                break
            days = self.rng.randint(6, 15)
        plan.do(INITIAL, self.day)
        return True

    def _surgical_therapy(self, plan: Plan) -> bool:
        """Surgery of quadrants with residual pockets; False if a visit for it is still to come."""
        planned = list(dict.fromkeys(str(item["SurfArea"]) for item in plan.items.get(SURGERY, [])))
        residual: BoolArray = np.any(self.examiner.last.deep(5), axis=1)
        needed = [area for area in planned if residual[mouths.QUADRANTS[area]].sum() >= 1]
        if self.rng.random() < 0.3:
            needed = []
        for area in needed[:2]:
            if not self.attend("surgery", self.rng.randint(18, 45), f"Osseous surgery {area}"):
                plan.schedule(SURGERY, self.day, [area])
                return False
            mouths.operate(self.bundle.noise, self.mouth, area)
            plan.do(SURGERY, self.day, [area])
            self.note("surgery", self.visit, area)
            if not self.attend("postop", self.rng.randint(8, 14)):
                return False
        plan.drop(SURGERY, self.day)
        return True

    def _further_plan(self) -> None:
        """An implant for a lost tooth, or a graft over a recession."""
        gone = mouths.lost_places(self.mouth)
        if gone and self.rng.random() < 0.7:
            tooth = self.rng.choices(gone, [self.world.figures.implants[place] + 1 for place in gone])[0] + 1
            code, heading = "D6010", f"Implant #{tooth}"
            lines = [(SURGERY, code, [tooth]), (SURGERY, "D6104", [tooth]), (REEVALUATION, "P0002", [])]
        else:
            tooth = self.rng.choice((6, 11, 22, 27))
            code, heading = "D4273", f"Soft tissue graft #{tooth}"
            lines = [(SURGERY, code, [tooth]), (SURGERY, "D4283", [tooth + 1]), (REEVALUATION, "P0002", [])]
        before = self.day
        plan = simple_plan(self.world, self.bundle, heading, self.day, lines)
        if self.decide(plan):
            self._operate_once(plan, code, tooth)
            plan.finish(self.day)
        self.day = before if self.day > self.world.today else self.day

    def _maintain(self, plan: Plan | None, months: int) -> None:
        """Maintenance until the patient stays away or today is reached."""
        if months == 3 and self.rng.random() < 0.6:
            months = 6  # alternates with the general dentist
        while self.rng.random() > _DROPOUT:
            days = round(months * 30.4) + self.rng.randint(-10, 25)
            mouths.grow_older(self.bundle.noise, self.mouth, days / 365, self.speed)
            if not self.attend("maintenance", days):
                return
            if plan:
                plan.do(MAINTENANCE, self.day)
                plan.finish(self.day)
            self._chart_maintenance()
            if self.rng.random() < 0.75:
                self.note("maintenance", self.visit)
        if (self.world.today - self.day).days > 200 and self.rng.random() < 0.5:
            self.day = workday(self.day + timedelta(days=180))
            self.letter("reminder", None)

    def _chart_maintenance(self) -> None:
        if len(self.bundle.charts) >= _MOST_EXAMS:
            return
        since = (self.day - self.examiner.last_full).days
        if since >= _FULL_CHART_DAYS:
            comprehensive = (self.day - self.examiner.last_comprehensive).days >= _COMPREHENSIVE_DAYS
            self.examiner.examine("C" if comprehensive else "M", self.day)
            if self.rng.random() < 0.3:
                take_image(self.world, self.bundle, "BW", self.day, [])
        elif self.rng.random() < 0.07:
            self.examiner.examine("M", self.day, partial=True)

    def _close(self) -> None:
        """Date the patient's row by the last thing that happened, and set the standing."""
        happened = [first_date(row, "VisitDateTime") for row in self.bundle.of("Visit") if kept(row)]
        last: date = max(happened, default=self.world.today)
        if (self.world.today - last).days > _INACTIVE_DAYS:
            self.bundle.patient["PatStatus"] = "I"
        date_patient(self.bundle, self.start, last, self.world.today)
        if self.mouth.status.tolist().count(IMPLANT) and self.rng.random() < 0.2:
            take_image(self.world, self.bundle, "PA", last, [int((self.mouth.status == IMPLANT).argmax()) + 1])
