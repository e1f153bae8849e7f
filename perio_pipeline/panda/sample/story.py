"""What happens in every course of treatment: visits, notes, letters, films, and the patient's answer to a plan."""

from __future__ import annotations

from datetime import timedelta

from perio_pipeline.panda.sample import mouth as mouths
from perio_pipeline.panda.sample.days import workday
from perio_pipeline.panda.sample.examination import Examiner
from perio_pipeline.panda.sample.letters import write_letter
from perio_pipeline.panda.sample.mouth import SEVERITIES
from perio_pipeline.panda.sample.notes import write_note
from perio_pipeline.panda.sample.paperwork import take_image
from perio_pipeline.panda.sample.plans import (
    DIAGNOSIS,
    Plan,
)
from perio_pipeline.panda.sample.visits import book, kept
from perio_pipeline.panda.sample.world import Bundle, World
from perio_pipeline.panda.sample.writer import Row

# Why people come: a diagnosis to be treated, or one procedure asked for by the dentist.
_REASONS = {
    "Stage I": 1.6,
    "Stage II": 16.2,
    "Stage III": 45.4,
    "Stage IV": 17.0,
    "Gingivitis": 6.0,
    "Healthy": 2.0,
    "implant": 6.0,
    "crown lengthening": 5.0,
}
_TRAJECTORIES = ((0.0, 0.80), (0.18, 0.15), (0.55, 0.05))
"""Attachment lost per year (mm) under maintenance, and the share of patients: stable, slow, extreme downhill."""

_MEAN_DAYS_WITH_PRACTICE, _LONGEST_DAYS = 900, 8 * 365
_LOST, _UNDECIDED, _UNDECIDED_IF_NEW = 0.11, 0.05, 0.45
_NEW_DAYS = 60


class Story:
    """One patient's history while it is told: where it stands, and the things that can happen."""

    def __init__(self, world: World, bundle: Bundle) -> None:
        self.world, self.bundle, self.rng = world, bundle, bundle.rng
        reason = self.rng.choices(list(_REASONS), list(_REASONS.values()))[0]
        self.reason = reason
        name = reason if reason in SEVERITIES else self.rng.choice(("Healthy", "Gingivitis"))
        days = min(self.rng.expovariate(1 / _MEAN_DAYS_WITH_PRACTICE) + 4, _LONGEST_DAYS + self.rng.randrange(60))
        self.day = workday(world.today - timedelta(days=int(days)))
        self.start = min(self.day, world.today - timedelta(days=4))
        age = (self.start - bundle.person.birth).days // 365
        self.mouth = mouths.grow(bundle.noise, SEVERITIES[name], age, world.figures)
        self.examiner = Examiner(world, bundle, self.mouth)
        self.speed = self.rng.choices([s for s, _ in _TRAJECTORIES], [w for _, w in _TRAJECTORIES])[0]
        self.referrer: Row | None = None

    def attend(self, kind: str, days: int, procedure: str | None = None) -> bool:
        """Go on by some days to the next visit; False if it lies in the future and the story ends here."""
        self.day = workday(self.day + timedelta(days=days))
        self.visit = book(self.world, self.bundle, kind, self.day, procedure)
        return kept(self.visit)

    def note(self, kind: str, visit: Row, area: str = "") -> None:
        """Write the note of a visit."""
        write_note(self.world, self.bundle, kind, visit, self.examiner.last, self.examiner.diagnosis, area)

    def letter(self, use: str, plan: Plan | None, to: Row | None = None) -> None:
        """Write the letter of that use."""
        chart, diagnosis = self.examiner.last, self.examiner.diagnosis
        write_letter(self.world, self.bundle, use, self.day, chart, diagnosis, plan, to)

    def take_films(self) -> None:
        """Take the images of a first visit."""
        kind = self.rng.choice(("PAN", "PAN", "PA", "BW"))
        teeth = self.rng.choice(([2, 3, 4], [13, 14, 15], [18, 19], [29, 30, 31], [8, 9], [24, 25]))
        take_image(self.world, self.bundle, kind, self.day, [] if kind == "PAN" else teeth)
        if self.rng.random() < 0.35:
            take_image(self.world, self.bundle, "PH", self.day, [])
        if self.reason == "Stage IV" and self.rng.random() < 0.4:
            take_image(self.world, self.bundle, "CT", self.day, [])

    def decide(self, plan: Plan) -> bool:
        """Settle the patient's answer; False if nothing is going to be done."""
        new = (self.world.today - self.day).days < _NEW_DAYS
        plan.do(DIAGNOSIS, self.day)
        draw = self.rng.random()
        if draw < (_UNDECIDED_IF_NEW if new else _UNDECIDED):
            accepted = False
        elif draw > 1 - _LOST and not new:
            plan.lose(self.day + timedelta(days=self.rng.randint(20, 50)))
            accepted = False
        else:
            plan.accept(min(self.day + timedelta(days=self.rng.randint(0, 9)), self.world.today))
            accepted = True
        if self.referrer and self.referrer["RefType"] in ("GP", "SP") and self.rng.random() < 0.7:
            self.letter("consult", plan, self.referrer)
        if self.rng.random() < 0.5:
            self.letter("plan", plan)
        if self.bundle.of("InsPolicy") and self.rng.random() < 0.3:
            self.letter("insurer", plan)
        return accepted
