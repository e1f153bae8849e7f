"""Counts the problems that come with ordinary data, household by household, as they are written."""

from __future__ import annotations

from collections import Counter, defaultdict

from perio_pipeline.panda.sample.blemish_person import PHONE_PLACEHOLDERS
from perio_pipeline.panda.sample.world import Bundle, World
from perio_pipeline.panda.sample.writer import Row

_LARGE_IMAGE_BYTES = 25 * 1024 * 1024
_SHARED = {"Email": "shared_family_email", "HomePhone": "shared_family_phone", "CellPhone": "shared_family_mobile"}


def count_family(accounts: list[Row], patients: list[Row]) -> Counter[str]:
    """Count what a family shares, and what its rows hold that nothing should read."""
    counts = Counter(
        guarantor_holds_address=sum(bool(row["Street"]) for row in accounts),
        unread_ssn=sum(bool(row.get("SSN")) for row in patients),
    )
    for column, name in _SHARED.items():
        people: dict[tuple[object, object], set[object]] = defaultdict(set)
        for row in patients:
            if row[column] and row[column] not in PHONE_PLACEHOLDERS:
                people[row["AccountNO"], row[column]].add((row["FirstName"], row["BirthDate"]))
        counts[name] = sum(len(who) > 1 for who in people.values())
    return counts


def count_record(bundle: Bundle) -> Counter[str]:
    """Count notes, letters and images that need care."""
    notes = bundle.of("InstaNote")
    return Counter(
        note_rtf=sum(note["BodyFormat"] == "R" for note in notes),
        note_html=sum(note["BodyFormat"] == "H" for note in notes),
        note_cp1252=sum(_beyond_ascii(note["NoteBody"]) for note in notes),
        letter_with_phi=len(bundle.of("Letter")),
        image_over_25_mb=sum(int(str(row["FileBytes"])) > _LARGE_IMAGE_BYTES for row in bundle.of("ImageRef")),
    )


def _beyond_ascii(body: object) -> bool:
    return isinstance(body, bytes) and not body.isascii()


def count_practice(world: World) -> Counter[str]:
    """Count how offices of referrers are spelled: second spellings, and names that two cities share."""
    spellings: dict[object, Counter[object]] = defaultdict(Counter)
    cities: dict[object, set[object]] = defaultdict(set)
    for row in world.dentists.rows:
        spellings[row["RefdrWorkPhone"]][row["RefdrPractice"]] += 1
        cities[row["RefdrPractice"]].add(row["RefdrCity"])
    return Counter(
        referrer_practice_spelling=sum(len(names) - 1 for names in spellings.values()),
        referrer_same_name_offices=sum(len(where) > 1 for where in cities.values()),
    )
