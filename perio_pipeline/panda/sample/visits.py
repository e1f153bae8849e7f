"""Appointments: kept, cancelled, missed, and booked for the days to come."""

from __future__ import annotations

from datetime import date, timedelta

from perio_pipeline.panda.sample.days import office_time, shortly_after, stamp, workday
from perio_pipeline.panda.sample.figures import word_list
from perio_pipeline.panda.sample.notes import write_note
from perio_pipeline.panda.sample.paperwork import charge
from perio_pipeline.panda.sample.world import Bundle, World
from perio_pipeline.panda.sample.writer import Row

_BROKEN = 0.09
_REMARKED = 0.45
_CONFIRMED_DAYS = 10
_DOCTORS, _HYGIENISTS = ("P",), ("H",)


def book(world: World, bundle: Bundle, kind: str, day: date, procedure: str | None = None) -> Row:
    """Add an appointment of a kind of `lists/practice.yaml`; one after today is booked, an earlier one was kept.

    Now and then an appointment before it was cancelled or missed.
    """
    day = workday(day)
    if day <= world.today and bundle.rng.random() < _BROKEN:
        _broken(world, bundle, kind, day - timedelta(days=bundle.rng.randint(3, 16)))
    if day > world.today:
        status = "F" if (day - world.today).days <= _CONFIRMED_DAYS else "S"
        return _visit(world, bundle, kind, day, status, procedure)
    visit = _visit(world, bundle, kind, day, "C", procedure)
    charge(world, bundle, visit)
    return visit


def kept(visit: Row) -> bool:
    """Whether the visit took place."""
    return visit["VisitStatus"] == "C"


def _broken(world: World, bundle: Bundle, kind: str, day: date) -> None:
    visit = _visit(world, bundle, kind, workday(day), bundle.rng.choice("XXN"), None)
    if bundle.rng.random() < 0.4:
        write_note(world, bundle, "phone", visit)


def _visit(world: World, bundle: Bundle, kind: str, day: date, status: str, procedure: str | None) -> Row:
    rng, entry = bundle.rng, word_list("practice")["visits"][kind]
    office = str(bundle.patient["OfficeCode"])
    own = bundle.patient["ProvNo" if entry["by"] == "doctor" else "HygNo"]
    stand_in = world.provider(rng, _DOCTORS if entry["by"] == "doctor" else _HYGIENISTS, office)["ProvNo"]
    starts = office_time(rng, day)
    entered = shortly_after(rng, min(day, world.today) - timedelta(days=rng.randint(2, 60)))
    changed = starts if status == "C" else shortly_after(rng, entered)
    remark = rng.choice(word_list("notes")["visit_remarks"]) if status == "C" and rng.random() < _REMARKED else None
    return bundle.add(
        "Visit",
        {
            "VisitNo": world.numbers.next("Visit"),
            "PatID": bundle.patient["PatID"],
            "ProvNo": own if rng.random() < 0.85 else stand_in,
            "OfficeCode": office,
            "VisitDateTime": stamp(starts),
            "LengthMin": entry["minutes"],
            "VisitType": entry["type"],
            "ProcDescript": procedure or entry["procedure"],
            "VisitStatus": status,
            "VisitNote": remark.encode("cp1252") if remark else None,
            "DateEntered": stamp(entered),
            "LastModified": stamp(changed),
        },
    )
