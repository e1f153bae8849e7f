"""A practice and a CRM with known truth: who is whom, who is family, who is a stranger."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from faker import Faker

from perio_pipeline.loading.matching.given_names import in_use

Said = dict[str, Any]
SHORT = {
    "Robert": "Bob", "William": "Bill", "Elizabeth": "Liz", "Jennifer": "Jen", "Michael": "Mike", "James": "Jim",
    "Christopher": "Chris", "Matthew": "Matt", "Katherine": "Kathy", "Thomas": "Tom", "Joseph": "Joe",
    "Patricia": "Patty", "Richard": "Rick", "Daniel": "Danny", "David": "Dave", "Susan": "Sue", "Margaret": "Peggy",
}  # fmt: skip


@dataclass
class Planted:
    """Both sides, and the truth.

    Attributes:
        panda, crm: key → what is written about a person.
        truth: patient → the CRM's record of the same person, and how it was written otherwise.
    """

    panda: dict[str, Said] = field(default_factory=dict)
    crm: dict[str, Said] = field(default_factory=dict)
    truth: dict[str, tuple[str, str]] = field(default_factory=dict)


def plant(patients: int, seed: int = 7) -> Planted:
    """Half of the patients are in the CRM, written in one of many ways; families and strangers are there as well."""
    chance, made = random.Random(seed), Planted()
    fake = Faker("en_US")
    fake.seed_instance(seed)
    firsts = [fake.first_name() for _ in range(2000)]
    lasts = [fake.last_name() for _ in range(2000)]
    variants = list(VARIANTS)

    def somebody() -> Said:
        return {
            "first": chance.choice(firsts),
            "last": chance.choice(lasts),
            "born": f"{chance.randint(1935, 2015)}-{chance.randint(1, 12):02}-{chance.randint(1, 28):02}",
            **home(),
        }

    def home() -> Said:
        number = chance.randint(2_000_000, 9_999_999)
        street = f"{chance.randint(1, 9999)} {chance.choice(lasts)} Street"
        email = f"{chance.choice(lasts).lower()}{number}@example.com"
        return {"phone": f"212{number}", "email": email, "street": street, "zip": f"1{chance.randint(0, 9999):04}"}

    def enter(said: Said) -> str:
        key = f"c{len(made.crm)}"
        made.crm[key] = said
        return key

    for number in range(patients):
        one = somebody()
        if number % 3 == 0:
            one["first"] = chance.choice(list(SHORT))
        made.panda[f"P{number}"] = one
        if number % 2 == 0:
            name = variants[(number // 2) % len(variants)]
            made.truth[f"P{number}"] = (enter(VARIANTS[name](one, chance)), name)
        if number % 5 == 0:  # a relative under the same roof; for every second one a twin
            born = one["born"] if number % 10 == 0 else somebody()["born"]
            other = chance.choice([first for first in firsts if first[0] != one["first"][0]])
            enter({**one, "first": other, "born": born})
        if number % 20 == 1:  # the father, of the same name
            enter({**one, "born": f"{int(one['born'][:4]) - 27}{somebody()['born'][4:]}"})
    for _ in range(patients // 2):
        enter(somebody())
    return made


def slip(name: str, chance: random.Random) -> str:
    """A typing error: two letters swapped, one left out or doubled; never another name in use."""
    place = chance.randrange(1, max(len(name) - 1, 2))
    slips = [
        name[:place] + name[place + 1 : place + 2] + name[place : place + 1] + name[place + 2 :],
        name[:place] + name[place + 1 :],
        name[:place] + name[place] + name[place:],
    ]
    made = [each for each in slips if each != name and not in_use(each.lower())]
    return chance.choice(made) if made else name


def _elsewhere(said: Said, chance: random.Random) -> Said:
    number = chance.randint(2_000_000, 9_999_999)
    return {**said, "phone": f"646{number}", "email": f"new{number}@example.com", "street": f"{number} Far Way"}


def _short(said: Said) -> Said:
    return {**said, "first": SHORT.get(said["first"], said["first"])}


def _next_day(born: str) -> str:
    return born[:-1] + str((int(born[-1]) + 1) % 10)


VARIANTS: dict[str, Callable[[Said, random.Random], Said]] = {
    "as it is": lambda said, _: dict(said),
    "upper case, moved": lambda said, chance: _elsewhere({**said, "last": said["last"].upper()}, chance),
    "slip in the first name": lambda said, chance: {**said, "first": slip(said["first"], chance)},
    "slip in the last name, moved": lambda s, chance: _elsewhere({**s, "last": slip(s["last"], chance)}, chance),
    "short form, moved": lambda said, chance: _elsewhere(_short(said), chance),
    "short form, no birth date": lambda said, _: {**_short(said), "born": ""},
    "other last name by marriage": lambda said, _: {**said, "last": "Newname", "email": ""},
    "double last name": lambda said, _: {**said, "last": f"{said['last']}-Newname"},
    "names swapped": lambda said, _: {**said, "first": said["last"], "last": said["first"]},
    "name and phone only": lambda said, _: {**said, "born": "", "email": "", "street": ""},
    "name and e-mail only": lambda said, _: {**said, "born": "", "phone": "", "street": ""},
    "whole name in one field": lambda said, _: {**said, "first": "", "last": f"{said['first']} {said['last']}"},
    "slip in the birth date": lambda said, _: {**said, "born": _next_day(said["born"])},
    "middle name added": lambda said, chance: _elsewhere({**said, "first": f"{said['first']} Lee"}, chance),
    "initial only": lambda said, _: {**said, "first": said["first"][0]},
}
"""How a person may be written otherwise."""
