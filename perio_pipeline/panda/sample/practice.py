"""Rows that exist once per practice: providers, staff, referrers, the code table, templates, recall rules."""

from __future__ import annotations

import random
from datetime import date, datetime
from typing import Any

from faker import Faker

from perio_pipeline.panda.sample.contact import Numbers, PhoneBook, ascii_word, npi
from perio_pipeline.panda.sample.days import stamp
from perio_pipeline.panda.sample.figures import site_figures, table_list, word_list
from perio_pipeline.panda.sample.image_store import Images
from perio_pipeline.panda.sample.letter_forms import Written, as_rtf
from perio_pipeline.panda.sample.world import Sources, World
from perio_pipeline.panda.sample.writer import Row

_OPENED = datetime(2015, 6, 1, 8, 0)
_STAMPS: Row = {"DateEntered": stamp(_OPENED), "LastModified": stamp(datetime(2024, 1, 8, 17, 15))}
_DEGREES = ("DDS", "DMD")


def open_practice(rng: random.Random, faker: Faker, today: date, offices: tuple[str, ...], images: Images) -> World:
    """Return a practice without patients."""
    phones, taken = PhoneBook(rng), set[str]()
    dentists = _referring_dentists(rng, faker, phones, taken)
    rng.shuffle(dentists)
    return World(
        today=today,
        offices=offices,
        providers=_providers(rng, phones, offices),
        procedures={row["code"]: row for row in table_list("procedures")},
        dentists=Sources(dentists),
        other_sources=Sources(_other_sources(rng, taken)),
        patient_sources=[],
        figures=site_figures(),
        numbers=Numbers(),
        phones=phones,
        rng=rng,
        source_ids=taken,
        images=images,
    )


def standing_rows(world: World, rng: random.Random) -> dict[str, list[Row]]:
    """Return the rows of all tables that do not grow with the patients."""
    return {
        "Provider": world.providers,
        "UserAccount": _staff(world, rng),
        "ProcCode": [_procedure(row) for row in world.procedures.values()],
        "LetterTemplate": [_template(entry) for entry in word_list("letters")["templates"]],
        "RecallRule": [_recall_rule(place, entry) for place, entry in enumerate(_lists()["recall_rules"], start=1)],
    }


def referrer_id(rng: random.Random, last: str, taken: set[str]) -> str:
    """Return a referrer's key in the manner of PANDA, such as NELS12345."""
    while (key := f"{ascii_word(last)[:4].upper():X<4}{rng.randint(10000, 99999)}") in taken:
        pass
    taken.add(key)
    return key


def _lists() -> dict[str, Any]:
    lists: dict[str, Any] = word_list("practice")
    return lists


def _providers(rng: random.Random, phones: PhoneBook, offices: tuple[str, ...]) -> list[Row]:
    listed = _lists()["offices"]
    return [
        {
            "ProvNo": entry["id"],
            "FirstName": entry["first"],
            "LastName": entry["last"],
            "ProvType": entry["type"],
            "NPI": npi(rng) if entry["type"] != "O" else None,
            "Email": f"{ascii_word(entry['first'])}@perio-practice.example.com",
            "Phone": phones.next(rng),
            "OfficeCode": offices[listed.index(entry["office"]) % len(offices)],
            "IsHidden": 0,
            **_STAMPS,
        }
        for entry in _lists()["providers"]
    ]


def _staff(world: World, rng: random.Random) -> list[Row]:
    users = [(str(row["FirstName"]), str(row["LastName"]), None, row) for row in world.providers]
    users += [(entry["first"], entry["last"], entry["job"], {}) for entry in _lists()["staff"]]
    titles = {"P": "Periodontist", "H": "Hygienist", "O": "Office manager"}
    return [
        {
            "UserNo": f"U{place:03d}",
            "LoginName": f"PERIO\\{ascii_word(first)[0]}{ascii_word(last)[:9]}",
            "FirstName": first,
            "LastName": last,
            "Email": provider.get("Email") or f"{ascii_word(first)}@perio-practice.example.com",
            "JobTitle": job or titles.get(str(provider.get("ProvType")), "Dentist"),
            "ProvNo": provider.get("ProvNo"),
            "IsDisabled": int(place == len(users)),
            "PwHash": f"{rng.getrandbits(160):040x}",
            **_STAMPS,
        }
        for place, (first, last, job, provider) in enumerate(users, start=1)
    ]


def _procedure(row: dict[str, str]) -> Row:
    return {
        "ProcCode": row["code"],
        "AbbrDesc": row["label"],
        "TreatArea": row["area"],
        "Category": row["category"],
        "Fee": int(row["fee"]),
        **_STAMPS,
    }


def _template(entry: dict[str, Any]) -> Row:
    lists = word_list("letters")
    return {
        "TemplateNo": entry["id"],
        "TemplateName": entry["name"],
        "RecipientType": entry["recipient"],
        "TemplateRtf": as_rtf(Written(lists["head"], [*lists["opening"], *entry["body"], *lists["closing"]])),
        **_STAMPS,
    }


def _recall_rule(place: int, entry: dict[str, Any]) -> Row:
    return {
        "RuleNo": place,
        "RuleName": entry["name"],
        "AAPClass": entry["class"],
        "IntervalMonths": entry["months"],
        "VisitType": entry["visit"],
        "IsActive": entry["active"],
    }


def _referring_dentists(rng: random.Random, faker: Faker, phones: PhoneBook, taken: set[str]) -> list[Row]:
    """Every dentist of every referring office; dentists of one office share its address and phone."""
    zips = {row["city"]: row["zip"] for row in table_list("places")}
    rows: list[Row] = []
    for office in word_list("referrers")["offices"]:
        shared: Row = {
            "RefdrWorkPhone": phones.next(rng),
            "RefdrFax": phones.next(rng),
            "RefdrWeb": f"https://{ascii_word(office['name'])}-{ascii_word(office['city'])}.example.com",
            "RefdrStreet": faker.street_address().split(" Apt")[0].split(" Suite")[0],
            "RefdrStreet2": rng.choice([None, f"Suite {rng.randint(100, 400)}"]),
            "RefdrCity": office["city"],
            "RefdrState": "WA",
            "RefdrZip": zips[office["city"]],
            "RefType": office.get("kind", "GP"),
        }
        rows += [_dentist(rng, faker, office, place, shared, taken) for place in range(office["dentists"])]
    return rows


def _dentist(rng: random.Random, faker: Faker, office: dict[str, Any], place: int, shared: Row, taken: set[str]) -> Row:
    first, last = faker.first_name(), faker.last_name()
    spellings = [office["name"], *office["spellings"]]
    return {
        "RefdrID": referrer_id(rng, last, taken),
        "RefdrTitle": "Dr.",
        "RefdrFirstName": first,
        "RefdrLastName": last,
        "RefdrDegree": rng.choice(_DEGREES),
        "RefdrPractice": spellings[place] if place < len(spellings) else office["name"],
        "RefdrNPI": npi(rng) if rng.random() < 0.85 else None,
        "RefdrEmail": f"{ascii_word(first)}.{ascii_word(last)}@{ascii_word(office['name'])}.example.com",
        "IsHidden": int(rng.random() < 0.05),
        **shared,
        **_STAMPS,
    }


def _other_sources(rng: random.Random, taken: set[str]) -> list[Row]:
    listed = {"WEB": _lists()["web_sources"], "INS": _lists()["insurer_sources"]}
    names = [(kind, name) for kind, texts in listed.items() for name in texts]
    return [
        {"RefdrID": referrer_id(rng, name, taken), "RefType": kind, "RefdrLastName": name, "IsHidden": 0, **_STAMPS}
        for kind, name in names
    ]
