"""Decides which patient gets which problem, and keeps the books on what was planted and what merely occurred."""

from __future__ import annotations

import math
import random
from collections import Counter
from collections.abc import Callable

from perio_pipeline.panda.sample import blemish_chart as chart
from perio_pipeline.panda.sample import blemish_image as image
from perio_pipeline.panda.sample import blemish_person as person
from perio_pipeline.panda.sample import blemish_record as record
from perio_pipeline.panda.sample.problems import PERSON, PRACTICE, PROBLEMS, Problem
from perio_pipeline.panda.sample.world import Bundle, World

Plant = Callable[[World, Bundle], list[str]]

PLANTS: dict[str, Plant] = {
    "duplicate_patient_certain": person.duplicate_certain,
    "duplicate_patient_likely": person.duplicate_likely,
    "birth_date_placeholder": person.placeholder_birth,
    "birth_date_impossible": person.impossible_birth,
    "policy_never_ends": record.endless_policy,
    "visit_at_midnight": record.midnight,
    "patient_deceased": person.standing("D"),
    "patient_archived": person.standing("R"),
    "patient_deleted": person.standing("X"),
    "note_signature_blob": record.signature,
    **{name: record.tooth_notation(pattern) for name, pattern in record.TOOTH_NOTATIONS.items()},
    "quadrant_spelling": record.quadrant_spelling,
    "item_primary_tooth": record.primary_tooth,
    "item_supernumerary_tooth": record.supernumerary_tooth,
    "exam_fdi_numbers": chart.fdi_numbers,
    "depth_on_missing_tooth": chart.depth_on_missing,
    "margin_not_charted": chart.no_margins,
    "depth_impossible": chart.impossible_depth,
    "flag_unknown_bit": chart.unknown_bit,
    "mobility_junk": chart.junk_mobility,
    "furcation_impossible": chart.impossible_furcation,
    "phone_with_extension": person.extension_in_number,
    "phone_placeholder": person.placeholder_phone,
    "bridge_na": person.literal_na,
    "bridge_underscore": person.underscores,
    "mojibake_name": person.mojibake,
    "name_upper_case": person.upper_case,
    "name_suffix_in_last_name": person.suffix_in_name,
    "fee_zero": record.zero_fee,
    "fee_missing": record.missing_fee,
    "status_unknown_patient": person.unknown_standing,
    "status_unknown_visit": record.unknown_visit_status,
    "status_unknown_plan": record.unknown_plan_status,
    "status_unknown_item": record.unknown_item_status,
    "visit_in_dst_gap": record.clock_gap,
    "orphan_visit": record.strange_patient,
    "orphan_exam_provider": chart.strange_examiner,
    "orphan_item_phase": record.strange_phase,
    "orphan_item_code": record.strange_code,
    "referrer_free_text": person.free_text_source,
    "patient_refers": person.becomes_source,
    "exam_carried_forward": chart.carry_forward,
    "duplicate_chart_row": chart.duplicate_row,
    "patient_without_last_name": person.no_last_name,
    "patient_without_contact": person.no_contact,
    "image_file_missing": image.missing_file,
    "image_file_broken": image.broken_file,
    "image_file_unknown": image.no_image,
    "image_path_outside": image.outside,
    "image_path_other_case": image.other_case,
    "image_large_photo": image.large_photo,
}
"""Problem → what plants it in a finished record."""

DUPLICATES = ("duplicate_patient_certain", "duplicate_patient_likely")
_MOST_PER_PATIENT = 3
_LATEST_START, _ALL_PLANTED = 0.25, 0.8
"""A problem first comes within the first quarter of the patients, and the last one when four fifths are made."""


class Books:
    """What is owed, planted and counted."""

    def __init__(self, patients: int, rng: random.Random) -> None:
        self._patients = patients
        self._start = {name: rng.uniform(0, _LATEST_START) for name in PROBLEMS}
        self.counts: Counter[str] = Counter(dict.fromkeys(PROBLEMS, 0))
        self.keys: dict[str, list[str]] = {}
        self.survivors: dict[str, str] = {}

    def owes(self, problem: Problem, made: int) -> bool:
        """Whether one more is due when that many patients are made. What found no place stays due."""
        start, share = self._start[problem.name], made / self._patients
        if share < start:
            return False
        due = problem.target(self._patients) * min(1.0, (share - start) / (_ALL_PLANTED - start))
        return self.counts[problem.name] < max(1, math.ceil(due)) and problem.rate > 0

    def enter(self, name: str, keys: list[str]) -> None:
        """Note what was planted."""
        self.counts[name] += len(keys)
        self.keys.setdefault(name, []).extend(keys)

    def person_due(self, made: int) -> str:
        """Return the next problem that is a person, or an empty text."""
        due = (name for name, problem in PROBLEMS.items() if PERSON in problem.slots and self.owes(problem, made))
        return next(due, "")

    def plant(self, world: World, bundle: Bundle, made: int, room: int) -> None:
        """Plant what is due and finds its slots free; duplicates only while there is room for more patients."""
        planted = 0
        for name, plant in PLANTS.items():
            problem = PROBLEMS[name]
            full = name in DUPLICATES and room <= len(bundle.extra_patients)
            if full or problem.slots & bundle.slots or not self.owes(problem, made):
                continue
            keys = plant(world, bundle)
            if not keys:
                continue
            self.enter(name, keys)
            bundle.slots |= problem.slots
            if name in DUPLICATES:
                self.survivors[keys[0]] = str(bundle.patient["PatID"])
            planted += 1
            if planted == _MOST_PER_PATIENT:
                return

    def plant_in_practice(self, world: World) -> None:
        """Plant the problems that belong to no patient."""
        problem = next(problem for problem in PROBLEMS.values() if PRACTICE in problem.slots)
        for _ in range(problem.target(self._patients)):
            self.enter(problem.name, person.invalid_npi(world))
