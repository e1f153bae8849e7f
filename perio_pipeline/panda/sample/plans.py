"""Treatment plans: phases and procedure lines drawn from a chart, and what becomes of them as visits happen.

Rules a plan keeps: whole-quadrant scaling needs four diseased teeth in the quadrant, few-teeth scaling one to three;
maintenance comes only after active therapy; a further graft site only with a first one on the same day.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from datetime import date, timedelta

import numpy as np

from perio_pipeline.panda.sample.charting import Chart
from perio_pipeline.panda.sample.days import shortly_after, stamp
from perio_pipeline.panda.sample.figures import BoolArray, word_list
from perio_pipeline.panda.sample.mouth import PRESENT, QUADRANTS
from perio_pipeline.panda.sample.world import Bundle, World
from perio_pipeline.panda.sample.writer import Row

DIAGNOSIS, INITIAL, REEVALUATION = "Diagnosis", "Initial Therapy", "Re-evaluation"
SURGERY, MAINTENANCE = "Surgical Therapy", "Maintenance"
_ORDER = (DIAGNOSIS, INITIAL, REEVALUATION, SURGERY, MAINTENANCE)

_HEADINGS = ("Periodontal therapy", "Perio treatment plan", "Phase 1-2")
_WHOLE_QUADRANT = 4
"""Diseased teeth from which a quadrant is charged as a whole."""


@dataclass
class Plan:
    """A plan and its rows while the course of treatment goes on."""

    world: World
    bundle: Bundle
    row: Row
    day: date
    phases: dict[str, Row] = field(default_factory=dict)
    items: dict[str, list[Row]] = field(default_factory=dict)

    def add(self, phase: str, code: str, area: str | None = None, teeth: list[int] | None = None) -> Row:
        """Add a line; its phase is made when the first line needs it."""
        if phase not in self.phases:
            self.phases[phase] = self.bundle.add("TxPhase", self._phase(phase))
            self.items[phase] = []
        known, rng = self.world.procedures[code], self.bundle.rng
        typed = stamp(shortly_after(rng, self.day))
        item: Row = {
            "ItemNo": self.world.numbers.next("TxItem"),
            "PlanNo": self.row["PlanNo"],
            "PhaseNo": self.phases[phase]["PhaseNo"],
            "ItemOrder": 1 + sum(map(len, self.items.values())),
            "ProcCode": code,
            "Descript": known["description"] if rng.random() < 0.7 else known["label"],
            "SurfArea": area,
            "ToothRange": ",".join(map(str, teeth)) if teeth else None,
            "FeeAmt": round(int(known["fee"]) * rng.choice((0.95, 1, 1, 1, 1.05)), 2),
            "ItemStatus": "P",
            "DateScheduled": None,
            "DateCompleted": None,
            "HealWeeks": int(known["healing_weeks"]) if known["healing_weeks"] else None,
            "DateEntered": typed,
            "LastModified": typed,
        }
        self.items[phase].append(self.bundle.add("TxItem", item))
        return item

    def _phase(self, phase: str) -> Row:
        return {
            "PhaseNo": self.world.numbers.next("TxPhase"),
            "PlanNo": self.row["PlanNo"],
            "PhaseOrder": len(self.phases) + 1,
            "PhaseName": phase,
            "PhaseStatus": "P",
            "DateStarted": None,
            "DateCompleted": None,
        }

    def accept(self, day: date) -> None:
        """The patient says yes."""
        self._status("ACC", day)
        self.row["DateAccepted"] = stamp(day)
        for item in self._open():
            self._change(item, day, ItemStatus="A")

    def lose(self, day: date) -> None:
        """The patient says no, or never comes back."""
        self._status("LST", day)
        for item in self._open():
            self._change(item, day, ItemStatus="D" if self.bundle.rng.random() < 0.6 else "P")

    def do(self, phase: str, day: date, areas: list[str] | None = None) -> None:
        """Complete the lines of a phase on a day; only those in `areas`, if given."""
        if phase not in self.phases:
            return
        if phase != DIAGNOSIS and self.row["PlanStatus"] == "ACC":
            self._status("INT", day)
        for item in self.items[phase]:
            if item["ItemStatus"] != "C" and (areas is None or item["SurfArea"] in areas):
                self._change(item, day, ItemStatus="C", DateScheduled=stamp(day), DateCompleted=stamp(day))
        self._settle(phase, day)

    def schedule(self, phase: str, day: date, areas: list[str] | None = None) -> None:
        """Book the open lines of a phase for a day to come."""
        for item in self.items.get(phase, []):
            if item["ItemStatus"] in ("P", "A") and (areas is None or item["SurfArea"] in areas):
                self._change(item, day, ItemStatus="S", DateScheduled=stamp(day))

    def drop(self, phase: str, day: date) -> None:
        """Decline what is left of a phase: it turned out not to be needed or wanted."""
        for item in self.items.get(phase, []):
            if item["ItemStatus"] != "C":
                self._change(item, day, ItemStatus="D")
        if phase in self.phases:
            self._settle(phase, day)

    def finish(self, day: date) -> None:
        """Complete the plan if nothing of it is open."""
        if self.row["PlanStatus"] == "INT" and not self._open():
            self._status("CMP", day)

    def total(self) -> float:
        """Return the sum of all fees."""
        return sum(float(str(item["FeeAmt"] or 0)) for items in self.items.values() for item in items)

    def _open(self) -> list[Row]:
        return [item for items in self.items.values() for item in items if item["ItemStatus"] not in ("C", "D")]

    def _settle(self, phase: str, day: date) -> None:
        row, states = self.phases[phase], {item["ItemStatus"] for item in self.items[phase]}
        row["DateStarted"] = row["DateStarted"] or stamp(day)
        if states <= {"C", "D"}:
            row.update(PhaseStatus="C", DateCompleted=stamp(day))
        else:
            row["PhaseStatus"] = "A"

    def _status(self, status: str, day: date) -> None:
        self._change(self.row, day, PlanStatus=status)

    def _change(self, row: Row, day: date, **columns: object) -> None:
        """Change a row on that day, or yesterday if the day is still to come."""
        typed = shortly_after(self.bundle.rng, min(day, self.world.today - timedelta(days=1)))
        row.update(columns, LastModified=max(str(row["LastModified"]), str(stamp(typed))))


def open_plan(world: World, bundle: Bundle, heading: str, day: date) -> Plan:
    """Make an empty plan, presented on that day."""
    typed = shortly_after(bundle.rng, day)
    row = bundle.add(
        "TxPlan",
        {
            "PlanNo": world.numbers.next("TxPlan"),
            "PatID": bundle.patient["PatID"],
            "ProvNo": bundle.patient["ProvNo"],
            "Heading": heading,
            "PlanStatus": "CON",
            "DatePresented": stamp(day),
            "DateAccepted": None,
            "Remark": bundle.rng.choice(word_list("notes")["plan_remarks"]) or None,
            "DateEntered": stamp(typed),
            "LastModified": stamp(typed),
        },
    )
    return Plan(world, bundle, row, day)


def initial_plan(world: World, bundle: Bundle, chart: Chart, day: date) -> Plan:
    """Plan the whole therapy of a periodontitis from its first chart."""
    plan = open_plan(world, bundle, bundle.rng.choice(_HEADINGS), day)
    plan.add(DIAGNOSIS, "D0180")
    plan.add(DIAGNOSIS, bundle.rng.choice(("D0210", "D0210", "D0330")))
    for quadrant, teeth in diseased_teeth(chart, 4).items():
        if len(teeth) >= _WHOLE_QUADRANT:
            plan.add(INITIAL, "D4341", quadrant)
        elif teeth:
            plan.add(INITIAL, "D4342", quadrant, teeth)
    if INITIAL not in plan.phases:
        plan.add(INITIAL, "D4346")
    elif bundle.rng.random() < 0.2:
        for tooth in _worst_teeth(chart, 2):
            plan.add(INITIAL, "D4381", teeth=[tooth])
    plan.add(REEVALUATION, "P0001")
    for quadrant, teeth in diseased_teeth(chart, 6).items():
        if len(teeth) >= 2:
            _surgical_lines(plan, bundle.rng, quadrant, teeth)
    if any(item["ProcCode"] != "D4346" for item in plan.items[INITIAL]):
        plan.add(MAINTENANCE, "D4910")
    return plan


def _surgical_lines(plan: Plan, rng: random.Random, quadrant: str, teeth: list[int]) -> None:
    if len(teeth) >= _WHOLE_QUADRANT:
        plan.add(SURGERY, "D4260", quadrant)
    else:
        plan.add(SURGERY, "D4261", quadrant, teeth)
    if rng.random() < 0.3:
        plan.add(SURGERY, "D4263", quadrant, [teeth[0]])
        if rng.random() < 0.5:
            plan.add(SURGERY, "D4264", quadrant, [teeth[1]])
        plan.add(SURGERY, "D4266", quadrant, [teeth[0]])


def simple_plan(world: World, bundle: Bundle, heading: str, day: date, lines: list[tuple[str, str, list[int]]]) -> Plan:
    """Make a plan from (phase, code, teeth) lines."""
    plan = open_plan(world, bundle, heading, day)
    for phase, code, teeth in sorted(lines, key=lambda line: _ORDER.index(line[0])):
        plan.add(phase, code, teeth=teeth)
    return plan


def diseased_teeth(chart: Chart, limit: int) -> dict[str, list[int]]:
    """Return the natural teeth with a pocket of at least `limit` mm and attachment loss, by quadrant."""
    lost = chart.depth + chart.margin > 0
    ill: BoolArray = np.any(chart.deep(limit) & lost, axis=1)
    return {name: [int(place) + 1 for place in np.arange(32)[rows][ill[rows]]] for name, rows in QUADRANTS.items()}


def _worst_teeth(chart: Chart, count: int) -> list[int]:
    depth = np.where(chart.probed & (chart.status == PRESENT)[:, None], chart.depth, 0).max(axis=1)
    return [int(place) + 1 for place in np.argsort(-depth, kind="stable")[:count]]
