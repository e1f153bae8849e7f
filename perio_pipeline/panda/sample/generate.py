"""Generates a sample practice: `generate` writes the database and its two sidecar files."""

from __future__ import annotations

import json
import random
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from types import MappingProxyType

from faker import Faker

from perio_pipeline.panda.sample.census import count_family, count_practice, count_record
from perio_pipeline.panda.sample.chart_rows import count_chart, measurement_rows, measurements, tooth_rows
from perio_pipeline.panda.sample.course import Course
from perio_pipeline.panda.sample.days import shortly_after, stamp
from perio_pipeline.panda.sample.image_store import Images
from perio_pipeline.panda.sample.people import household, lone_patient
from perio_pipeline.panda.sample.planting import Books
from perio_pipeline.panda.sample.practice import open_practice, standing_rows
from perio_pipeline.panda.sample.schema import MARKER, STATEMENT
from perio_pipeline.panda.sample.world import Bundle, World
from perio_pipeline.panda.sample.writer import Row, Writer

SEED = 2026
TODAY = date(2026, 11, 2)
OFFICES = ("MAIN", "WEST")
_TEST_NAMES = (("Patient", "Test"), ("Test", "Patient"), ("Mickey", "Testpatient"), ("Zz", "Test"))


@dataclass(frozen=True)
class Planted:
    """What a sample practice holds.

    Attributes:
        problems: problem (see `problems.PROBLEMS`) → how many there are.
        rows: table → number of rows.
        keys: planted problem → keys of the rows: `PatID`, `ExamNo`, `ExamNo|ToothNo`, `ExamNo|ToothNo|site`, ...
        survivors: `PatID` of each duplicate → `PatID` of the patient it repeats.
    """

    problems: Mapping[str, int]
    rows: Mapping[str, int]
    keys: Mapping[str, tuple[str, ...]]
    survivors: Mapping[str, str]


def generate(
    path: Path, patients: int, seed: int = SEED, today: date = TODAY, offices: tuple[str, ...] = OFFICES
) -> Planted:
    """Write a synthetic practice to a SQLite file; the same arguments give the same bytes.

    The images lie in a folder beside it, `<name>-images`. `<path>.planted.json` gets the counts, and
    `<path>.truth.json` the keys of what was planted; neither holds values.

    Args:
        path: the database; an existing file is replaced.
        patients: rows of Patient, duplicates among them; 60 are enough for every problem to occur.
        seed: another seed gives another practice.
        today: the day on which the practice is looked at; later visits are booked, not kept.
        offices: codes of the practice's offices.
    """
    rng = random.Random(seed)
    faker = Faker("en_US")
    faker.seed_instance(seed)
    images = Images(images_of(path))
    images.clear()
    world = open_practice(rng, faker, today, offices, images)
    books = Books(patients, rng)
    books.plant_in_practice(world)
    with Writer(path) as writer:
        writer.add(MARKER, [_marker(patients, seed, today)])
        for table, rows in standing_rows(world, rng).items():
            writer.add(table, rows)
        writer.add("ReferDr", [*world.dentists.rows, *world.other_sources.rows])
        _write_patients(writer, world, books, faker, patients, seed)
    books.counts.update(count_practice(world))
    planted = Planted(
        problems=MappingProxyType(dict(books.counts)),
        rows=MappingProxyType(dict(writer.counts)),
        keys=MappingProxyType({name: tuple(keys) for name, keys in books.keys.items()}),
        survivors=MappingProxyType(dict(books.survivors)),
    )
    _write_sidecars(path, planted)
    return planted


def images_of(path: Path) -> Path:
    """Return the folder with the images of a sample practice."""
    return path.with_name(f"{path.stem}-images")


def _marker(patients: int, seed: int, today: date) -> Row:
    return {
        "Statement": STATEMENT,
        "Generator": "perio_pipeline.panda.sample",
        "Seed": seed,
        "Patients": patients,
        "Today": stamp(today),
    }


def _write_patients(writer: Writer, world: World, books: Books, faker: Faker, patients: int, seed: int) -> None:
    number = 0
    while (made := writer.counts["Patient"]) < patients:
        rng = random.Random(f"{seed}:{number}")
        faker.seed_instance(rng.getrandbits(64))
        kind = books.person_due(made) if number else ""
        if kind:
            family = [_special(world, rng, faker, kind, books, made)]
        else:
            family = household(world, rng, faker, patients - made, made)
        room = patients - made - len(family)
        for bundle in family:
            if bundle.kind != "bridge_only_patient":
                Course(world, bundle).live()
                books.plant(world, bundle, made, room)
                room -= len(bundle.extra_patients)
            books.enter("diagnosis_off_chart", bundle.off_chart)
        _write_family(writer, books, family)
        number += 1


def _special(world: World, rng: random.Random, faker: Faker, kind: str, books: Books, made: int) -> Bundle:
    """A patient who is a problem in person."""
    place = books.counts[kind]
    name: Row = {}
    if kind == "test_patient":
        first, last = _TEST_NAMES[place % len(_TEST_NAMES)]
        name = {"FirstName": first, "LastName": last, "BridgePatID": None}
    elif kind == "provider_is_patient":
        provider = world.providers[-1 - place]
        name = {column: provider[column] for column in ("FirstName", "LastName", "Email")}
    elif kind == "referrer_is_patient":
        referrer = world.dentists.rows[place * 3]
        name = {"FirstName": referrer["RefdrFirstName"], "LastName": referrer["RefdrLastName"]}
        name |= {"WorkPhone": referrer["RefdrWorkPhone"], "WorkPhoneExt": None}
    else:
        typed = stamp(shortly_after(rng, world.today - timedelta(days=rng.randint(5, 900))))
        name = {"BridgePatID": f"OD{rng.randint(10000, 99999)}B", "PatStatus": "P"}
        name |= {"DateEntered": typed, "LastModified": typed}
    bundle = lone_patient(world, rng, faker, kind, made, name)
    books.enter(kind, [str(bundle.patient["PatID"])])
    return bundle


def _write_family(writer: Writer, books: Books, family: list[Bundle]) -> None:
    accounts: list[Row] = [family[0].account]
    patients: list[Row] = []
    for bundle in family:
        accounts += bundle.rows.pop("Account", [])
        patients += [bundle.patient, *bundle.extra_patients]
    for row in accounts:
        row.setdefault("DateEntered", patients[0]["DateEntered"])
        row.setdefault("LastModified", patients[0]["LastModified"])
    writer.add("Account", accounts)
    writer.add("Patient", patients)
    books.counts.update(count_family(accounts, patients))
    for bundle in family:
        _write_charts(writer, books, bundle)
        books.counts.update(count_record(bundle))
        for table, rows in bundle.rows.items():
            writer.add(table, rows)


def _write_charts(writer: Writer, books: Books, bundle: Bundle) -> None:
    writer.add("PerioExam", [chart.exam for chart in bundle.charts])
    for chart in bundle.charts:
        table = measurements(chart)
        writer.add_values("PerioTooth", tooth_rows(chart))
        writer.add_values("PerioMeas", measurement_rows(table))
        books.counts.update(count_chart(chart, table))


def _write_sidecars(path: Path, planted: Planted) -> None:
    sidecars = {
        "planted": {"problems": dict(planted.problems), "rows": dict(planted.rows)},
        "truth": {"survivors": dict(planted.survivors), "keys": {name: list(k) for name, k in planted.keys.items()}},
    }
    for name, content in sidecars.items():
        target = path.with_name(f"{path.name}.{name}.json")
        target.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
