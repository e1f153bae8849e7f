"""Plants problems in people: duplicates, names, dates, phones, standing. Every function returns the keys it planted."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

from perio_pipeline.panda.sample.contact import wrong_npi
from perio_pipeline.panda.sample.days import stamp
from perio_pipeline.panda.sample.figures import word_list
from perio_pipeline.panda.sample.practice import referrer_id
from perio_pipeline.panda.sample.visits import book, kept
from perio_pipeline.panda.sample.world import Bundle, World, first_date
from perio_pipeline.panda.sample.writer import Row

PHONE_PLACEHOLDERS = ("NA", "000-0000000", "9999999999")
_FUTURE_STATUS = ("S", "F")


def duplicate_certain(world: World, bundle: Bundle) -> list[str]:
    """The front desk made the patient again for a new appointment."""
    return [_enter_again(world, bundle, bundle.patient["AccountNO"], {})]


def duplicate_likely(world: World, bundle: Bundle) -> list[str]:
    """The patient was made again under a nickname or a misheard name, with an account of their own."""
    if not bundle.patient["CellPhone"]:
        return []
    changed = _other_name(bundle)
    account = dict(bundle.account, AccountNO=world.numbers.key("Account", 20400, "D"), HomePhone=None)
    account.update(FirstName=changed.get("FirstName", bundle.person.first))
    bundle.add("Account", account)
    return [_enter_again(world, bundle, account["AccountNO"], changed)]


def _other_name(bundle: Bundle) -> Row:
    nicknames = word_list("names")["nicknames"].get(bundle.person.first)
    if nicknames and bundle.rng.random() < 0.6:
        return {"FirstName": bundle.rng.choice(nicknames), "NickName": None}
    last = bundle.person.last
    for ending, heard in word_list("names")["misheard"].items():
        if last.endswith(ending):
            return {"LastName": last[: -len(ending)] + heard}
    return {"LastName": last + last[-1]}


def _enter_again(world: World, bundle: Bundle, account: object, changed: Row) -> str:
    key = world.numbers.key("Patient", 100010, "PD")
    row = {
        **bundle.patient,
        **changed,
        "PatID": key,
        "AccountNO": account,
        "BridgePatID": None,
        "Email": None,
        "MiddleInitial": None,
        "HbA1c": None,
        "SSN": None,
        "PatStatus": "A",
    }
    bundle.extra_patients.append(row)
    visit = book(world, bundle, "maintenance", world.today + timedelta(days=bundle.rng.randint(-400, 30)))
    visit["PatID"] = key
    row["FirstVisit"] = stamp(first_date(visit, "VisitDateTime")) if kept(visit) else None
    return key


def placeholder_birth(world: World, bundle: Bundle) -> list[str]:
    """The database's idea of no date."""
    return _set(bundle, BirthDate=bundle.rng.choice(("1900-01-01 00:00:00", "1753-01-01 00:00:00")))


def impossible_birth(world: World, bundle: Bundle) -> list[str]:
    """A century mistyped."""
    day = bundle.person.birth
    year = bundle.rng.choice((2061, 1876, 1894))
    return _set(bundle, BirthDate=stamp(day.replace(year=year, day=min(day.day, 28))))


def underscores(world: World, bundle: Bundle) -> list[str]:
    """An address as the bridge's command line wrote it; on the account, so once per family."""
    street = str(bundle.account["Street"])
    if "_" in street:
        return []
    bundle.account["Street"] = street.replace(" ", "_")
    bundle.account["City"] = str(bundle.account["City"]).replace(" ", "_")
    return [str(bundle.account["AccountNO"])]


def literal_na(world: World, bundle: Bundle) -> list[str]:
    """The bridge's word for nothing."""
    return _set(bundle, MiddleInitial="NA")


def mojibake(world: World, bundle: Bundle) -> list[str]:
    """A name whose UTF-8 bytes were read as CP1252."""
    names = [name.encode().decode("cp1252", "ignore") for name in word_list("names")["accented"]]
    return _set(bundle, LastName=bundle.rng.choice([name for name in names if "Ã" in name]))


def upper_case(world: World, bundle: Bundle) -> list[str]:
    """Typed with the caps lock on."""
    return _set(bundle, FirstName=bundle.person.first.upper(), LastName=bundle.person.last.upper())


def suffix_in_name(world: World, bundle: Bundle) -> list[str]:
    """A suffix where the last name should be."""
    suffix = bundle.rng.choice(("JR.", "SR.", "III"))
    return _set(bundle, LastName=f"{bundle.person.last.upper()} {suffix}", Suffix=None)


def no_last_name(world: World, bundle: Bundle) -> list[str]:
    """Only a first name."""
    return _set(bundle, LastName=None)


def extension_in_number(world: World, bundle: Bundle) -> list[str]:
    """An extension typed behind the number although it has its own field."""
    area = world.phones.next(bundle.rng).lstrip("(")[:3]
    number = f"({area}) 555-01{bundle.rng.randrange(100):02d} x{bundle.rng.randint(10, 999)}"
    return _set(bundle, WorkPhone=number, WorkPhoneExt=None)


def placeholder_phone(world: World, bundle: Bundle) -> list[str]:
    """Something that has to be typed because the field is required."""
    return _set(bundle, HomePhone=bundle.rng.choice(PHONE_PLACEHOLDERS))


def no_contact(world: World, bundle: Bundle) -> list[str]:
    """No phone and no e-mail."""
    return _set(bundle, HomePhone=None, CellPhone=None, WorkPhone=None, WorkPhoneExt=None, Email=None)


def standing(code: str) -> Callable[[World, Bundle], list[str]]:
    """Return the function that gives a patient this status; whoever is gone has no booked visits."""

    def plant(world: World, bundle: Bundle) -> list[str]:
        for visit in bundle.of("Visit"):
            if visit["VisitStatus"] in _FUTURE_STATUS and visit["PatID"] == bundle.patient["PatID"]:
                visit["VisitStatus"] = "X"
        return _set(bundle, PatStatus=code)

    return plant


def unknown_standing(world: World, bundle: Bundle) -> list[str]:
    """A status of an older version."""
    return _set(bundle, PatStatus="Q")


def free_text_source(world: World, bundle: Bundle) -> list[str]:
    """A referrer typed as free text, although somebody had a list."""
    referrals = [row for row in bundle.of("PatReferral") if row["IsPrimary"]]
    if not referrals:
        return []
    text = bundle.rng.choice(word_list("practice")["free_text_sources"])
    source = _source(world, "OTH", str(referrals[0]["RefDate"]), RefdrLastName=text)
    bundle.add("ReferDr", source)
    referrals[0]["RefdrID"] = source["RefdrID"]
    return [str(source["RefdrID"])]


def becomes_source(world: World, bundle: Bundle) -> list[str]:
    """A patient who sends friends."""
    if not bundle.patient["CellPhone"]:
        return []
    source = _source(
        world,
        "PT",
        str(bundle.patient["DateEntered"]),
        RefdrFirstName=bundle.patient["FirstName"],
        RefdrLastName=bundle.patient["LastName"],
        RefdrWorkPhone=bundle.patient["CellPhone"],
    )
    world.patient_sources.append(bundle.add("ReferDr", source))
    return [str(source["RefdrID"])]


def _source(world: World, kind: str, entered: str, **columns: object) -> Row:
    return {
        "RefdrID": referrer_id(world.rng, str(columns["RefdrLastName"] or "NONE"), world.source_ids),
        "RefType": kind,
        "IsHidden": 0,
        "DateEntered": entered,
        "LastModified": entered,
        **columns,
    }


def invalid_npi(world: World) -> list[str]:
    """Give one more referring dentist an NPI with a wrong check digit."""
    row = next(row for row in world.dentists.rows if row["RefdrNPI"] and row["RefdrID"] not in world.wrong_npis)
    row["RefdrNPI"] = wrong_npi(world.rng)
    world.wrong_npis.append(str(row["RefdrID"]))
    return [str(row["RefdrID"])]


def _set(bundle: Bundle, **columns: object) -> list[str]:
    bundle.patient.update(columns)
    return [str(bundle.patient["PatID"])]
