"""Households: accounts, and the people on them with names, ages, contact data and risk factors."""

from __future__ import annotations

import random
from datetime import date, timedelta
from functools import lru_cache

import numpy as np
from faker import Faker

from perio_pipeline.panda.sample.contact import email
from perio_pipeline.panda.sample.days import shortly_after, stamp
from perio_pipeline.panda.sample.figures import Cell, covariate_cells, table_list, word_list
from perio_pipeline.panda.sample.world import Bundle, Person, World
from perio_pipeline.panda.sample.writer import Row

_SIZES, _SIZE_WEIGHTS = (1, 2, 3, 4, 5), (62, 27, 7, 3, 1)
_SMOKING_CODES = {"never": "N", "former": "F", "current": "C"}
_SMOKING_IN_PRACTICE = {"never": 0.8, "former": 1.15, "current": 1.5}
"""Smokers and diabetics come to a periodontist more often than their share of the population."""
_DIABETES_IN_PRACTICE = 1.3
_MEAN_AGE, _AGE_SD = 56.0, 13.0


@lru_cache
def _cells_of(sex: str) -> tuple[tuple[Cell, ...], tuple[float, ...]]:
    """The covariate cells of a sex, weighted as a periodontal practice sees them."""
    cells = tuple(cell for cell in covariate_cells() if cell.sex == sex)
    return cells, tuple(
        cell.share
        * _SMOKING_IN_PRACTICE[cell.smoking]
        * (_DIABETES_IN_PRACTICE if cell.diabetes else 1)
        * float(np.exp(-0.5 * ((cell.age_from + 2.5 - _MEAN_AGE) / _AGE_SD) ** 2))
        for cell in cells
    )


def draw_person(rng: random.Random, faker: Faker, today: date, last: str | None, near_age: int | None) -> Person:
    """Make up an adult.

    Args:
        rng: source of chance.
        faker: source of names, seeded by the caller.
        today: age is as of this day.
        last: family name, if it is given.
        near_age: age of somebody this person lives with.
    """
    sex = "F" if rng.random() < 0.56 else "M"
    cells, weights = _cells_of(sex)
    if near_age is not None:
        near = (4.0 if abs(cell.age_from - near_age) < 8 else 0.4 for cell in cells)
        weights = tuple(weight * factor for weight, factor in zip(weights, near, strict=True))
    cell = rng.choices(cells, weights)[0]
    age = cell.age_from + rng.randrange(5) if rng.random() > 0.04 else rng.randint(18, 29)
    birth = today - timedelta(days=round(age * 365.25) + rng.randrange(365))
    first = faker.first_name_female() if sex == "F" else faker.first_name_male()
    smoker = cell.smoking == "current"
    return Person(
        first=first,
        last=last or _last_name(rng, faker),
        sex=sex,
        birth=birth,
        smoking=_SMOKING_CODES[cell.smoking],
        cigarettes=max(1, round(rng.choice(cell.cigarettes) * rng.uniform(0.7, 1.4))) if smoker else None,
        diabetes=cell.diabetes,
        hba1c=_hba1c(rng, cell) if cell.diabetes or rng.random() < 0.25 else None,
    )


def _last_name(rng: random.Random, faker: Faker) -> str:
    """A family name; one in sixteen is of a kind that trips up software."""
    names, unusual = word_list("names"), rng.random()
    if unusual < 0.06:
        return str(rng.choice(names["accented"] if unusual < 0.03 else names["compound"]))
    return str(faker.last_name())


def _hba1c(rng: random.Random, cell: Cell) -> float:
    return round(float(np.interp(rng.random(), (0.05, 0.25, 0.5, 0.75, 0.95), cell.hba1c)), 1)


def household(world: World, rng: random.Random, faker: Faker, room: int, number: int) -> list[Bundle]:
    """Make an account and the patients on it, at most `room` of them; the first one is always a family."""
    size = min(rng.choices(_SIZES, _SIZE_WEIGHTS)[0] if number else 3, room)
    payer = draw_person(rng, faker, world.today, None, None)
    account = _account(world, rng, faker, payer)
    members = [payer] if size == 1 or rng.random() < 0.85 else []
    age = (world.today - payer.birth).days // 365
    while len(members) < size:
        last = payer.last if rng.random() < 0.85 else None
        members.append(draw_person(rng, faker, world.today, last, age))
    if size == 1 and rng.random() < 0.06:
        members = [draw_person(rng, faker, world.today, payer.last, age)]
    return _patients(world, rng, account, members, number)


def lone_patient(world: World, rng: random.Random, faker: Faker, kind: str, number: int, name: Row) -> Bundle:
    """Make a patient who is a problem of the `person` slot, on an account of their own; `name` overrides columns."""
    drawn = draw_person(rng, faker, world.today, None, None)
    named = {**drawn.__dict__, "first": name.get("FirstName", drawn.first), "last": name.get("LastName", drawn.last)}
    person = Person(**named)
    account = _account(world, rng, faker, person)
    bundle = _patients(world, rng, account, [person], number)[0]
    bundle.patient.update(name)
    bundle.kind = kind
    bundle.slots.update(("identity", "phones", "status", "middle", "refers"))
    return bundle


def _account(world: World, rng: random.Random, faker: Faker, payer: Person) -> Row:
    place = rng.choice(table_list("places"))
    street, _, unit = faker.street_address().partition(" Apt")
    street, _, suite = street.partition(" Suite")
    has_work = rng.random() < 0.2
    return {
        "AccountNO": world.numbers.key("Account", 20400, rng.choice(("A", "AC", "G"))),
        "Title": "Ms." if payer.sex == "F" else "Mr.",
        "FirstName": payer.first,
        "LastName": payer.last,
        "MiddleInitial": rng.choice("ABCDEGHJKLMPRST") if rng.random() < 0.3 else None,
        "Street": street,
        "Street2": f"Apt{unit or suite}" if unit or suite else None,
        "City": place["city"],
        "State": place["state"],
        "Zip": place["zip"] + (f"-{rng.randint(1000, 9999)}" if rng.random() < 0.12 else ""),
        "HomePhone": world.phones.next(rng) if rng.random() < 0.75 else None,
        "WorkPhone": world.phones.next(rng) if has_work else None,
        "WorkPhoneExt": str(rng.randint(10, 4999)) if has_work and rng.random() < 0.5 else None,
    }


def _patients(world: World, rng: random.Random, account: Row, members: list[Person], number: int) -> list[Bundle]:
    """The patients of one account. Families share the home phone, often an e-mail, sometimes a mobile."""
    shared_email = email(rng, members[0].first, members[0].last, number) if not number or rng.random() < 0.35 else None
    shared_mobile = world.phones.next(rng) if not number or rng.random() < 0.15 else None
    office = rng.choice(world.offices)
    bundles = []
    for place, person in enumerate(members):
        seed = rng.getrandbits(64)
        own = random.Random(seed)
        row = _patient(world, own, account, person, office)
        address = email(own, person.first, person.last, number + place)
        row["Email"] = shared_email or (address if own.random() < 0.8 else None)
        row["CellPhone"] = shared_mobile or (world.phones.next(own) if own.random() < 0.85 else None)
        if not row["Email"] and not row["CellPhone"] and not row["HomePhone"]:
            row["CellPhone"] = world.phones.next(own)
        bundles.append(Bundle(person, row, account, own, np.random.default_rng(seed)))
    return bundles


def _patient(world: World, rng: random.Random, account: Row, person: Person, office: str) -> Row:
    nicknames = word_list("names")["nicknames"].get(person.first)
    doctor = world.provider(rng, ("P",), office)
    hygienist = world.provider(rng, ("H",), office)
    has_work = rng.random() < 0.25
    return {
        "PatID": world.numbers.key("Patient", 100010, rng.choice(("PC", "PC", "PC", "PA", "PX"))),
        "AccountNO": account["AccountNO"],
        "BridgePatID": f"OD{rng.randint(10000, 99999)}{rng.choice('ABCD')}" if rng.random() < 0.7 else None,
        "Title": account["Title"] if rng.random() < 0.4 and person.first == account["FirstName"] else None,
        "FirstName": person.first,
        "MiddleInitial": rng.choice("ABCDEFGHJKLMNPRSTW") if rng.random() < 0.45 else None,
        "LastName": person.last,
        "Suffix": rng.choice(word_list("names")["suffixes"]) if person.sex == "M" and rng.random() < 0.04 else None,
        "NickName": rng.choice(nicknames) if nicknames and rng.random() < 0.55 else None,
        "Sex": person.sex if rng.random() > 0.01 else rng.choice("OU"),
        "BirthDate": stamp(person.birth),
        "PatStatus": "A",
        "HomePhone": account["HomePhone"],
        "WorkPhone": world.phones.next(rng) if has_work else None,
        "WorkPhoneExt": str(rng.randint(10, 4999)) if has_work and rng.random() < 0.4 else None,
        "NoContact": int(rng.random() < 0.04),
        "OfficeCode": office,
        "ProvNo": doctor["ProvNo"],
        "HygNo": hygienist["ProvNo"],
        "SmokeStat": person.smoking if rng.random() > 0.03 else "U",
        "CigsPerDay": person.cigarettes,
        "Diabetes": int(person.diabetes),
        "HbA1c": person.hba1c,
        "SSN": _fake_ssn(rng) if rng.random() < 0.5 else None,
    }


def _fake_ssn(rng: random.Random) -> str:
    """A number from an area that was never assigned."""
    area = rng.choice(("000", f"9{rng.randint(0, 99):02d}"))
    return f"{area}-{rng.randint(1, 99):02d}-{rng.randint(1, 9999):04d}"


def date_patient(bundle: Bundle, first_visit: date, last_change: date, today: date) -> None:
    """Fill in when patient and account were entered and last changed."""
    entered = shortly_after(bundle.rng, first_visit - timedelta(days=bundle.rng.randint(0, 25)))
    modified = shortly_after(bundle.rng, min(last_change, today - timedelta(days=1)))
    bundle.patient["FirstVisit"] = stamp(first_visit)
    for row in (bundle.patient, bundle.account):
        row.setdefault("DateEntered", stamp(entered))
        row["LastModified"] = max(str(stamp(modified)), str(row["DateEntered"]), str(row.get("LastModified", "")))
