"""How long and how rich notes may be, and appointments in the past (P4, P6)."""

from __future__ import annotations

from perio_pipeline.crm.answers import id_of, record_in, records
from perio_pipeline.crm.highlevel import routes
from perio_pipeline.crm.highlevel.lookups import CALENDAR, USERS
from perio_pipeline.crm.highlevel.probes.workshop import EVENT, Workshop
from perio_pipeline.crm.http import JsonObject, Response
from perio_pipeline.crm.probing import Finding, Probe
from perio_pipeline.crm.throwaways import NAME

_LENGTHS = (5_000, 65_000, 32_000, 10_000, 2_000, 1_000)
"""Tried in this order; the default first, since most accounts will take it."""
_RICH = "<p><b>14</b> 7 mm</p>"
_PAST, _FUTURE = "2019", "2035"


async def note_length(shop: Workshop) -> list[Finding]:
    """Longer and shorter notes; one counts as taken when all of it reads back."""
    tried: dict[int, bool] = {}
    for length in _LENGTHS:
        longer_is_taken = any(whole and other > length for other, whole in tried.items())
        shorter_is_not = any(not whole and other < length for other, whole in tried.items())
        if longer_is_taken or shorter_is_not:
            continue
        _, held = await _note(shop, "x" * length)
        tried[length] = len(held) >= length
    taken = [length for length, whole in tried.items() if whole]
    evidence = "notes of " + ", ".join(f"{n:,} characters: {'whole' if w else 'not whole'}" for n, w in tried.items())
    return [Finding(evidence, "note_characters", max(taken))] if taken else [Finding(evidence)]


async def note_html(shop: Workshop) -> list[Finding]:
    """A note with elements of HTML."""
    status, held = await _note(shop, _RICH)
    return [Finding(f"POST of a note in HTML: {status}, {'kept as it is' if held == _RICH else 'changed'}")]


async def past_appointment(shop: Workshop) -> list[Finding]:
    """A visit of years ago, without notifying anyone; where it is refused, one to come, to see what was refused."""
    calendars = shop.session.lookups.entries[CALENDAR]
    if not calendars:
        return [Finding("the sub-account has no calendar")]
    said = []
    for year in (_PAST, _FUTURE):
        for user in ("", *(entry.id for entry in shop.session.lookups.entries[USERS][:1])):
            answer = await _visit(shop, calendars[0].id, user, year)
            said.append(f"{year}{' with a user' if user else ''}: {answer.status}")
            if answer.ok:
                shop.thrown.add(EVENT, id_of(record_in(answer.object, ("event", "appointment"))))
                evidence = f"POST of an appointment in {', '.join(said)}"
                return [Finding(evidence, "past_appointments", year == _PAST)]
    return [Finding(f"POST of an appointment in {', '.join(said)}")]


async def _note(shop: Workshop, text: str) -> tuple[int, str]:
    """The status, and the text as it reads back from the contact's list."""
    contact = await shop.contact()
    answer = await shop.ask(routes.NOTE_CREATE, routes.NOTE_CREATE.at(contact=contact), body={"body": text})
    made = id_of(record_in(answer.object, ("note",))) if answer.ok else ""
    listed = await shop.ask(routes.NOTE_LIST, routes.NOTE_LIST.at(contact=contact)) if made else Response(0)
    held = next((each for each in records(listed.object, "notes") if id_of(each) == made), {})
    return answer.status, str(held.get("body") or "")


async def _visit(shop: Workshop, calendar: str, user: str, year: str) -> Response:
    body: JsonObject = {
        "calendarId": calendar,
        "locationId": shop.session.location_id,
        "contactId": await shop.contact(),
        "title": f"{NAME} {shop.tag}",
        "startTime": f"{year}-03-05T14:00:00-05:00",
        "endTime": f"{year}-03-05T15:00:00-05:00",
        "appointmentStatus": "confirmed",
        "toNotify": False,
        "ignoreDateRange": True,
        "ignoreFreeSlotValidation": True,
    }
    return await shop.ask(routes.EVENT_CREATE, body=body | ({"assignedUserId": user} if user else {}))


PROBES = (
    Probe("note_length", "P4", 9, note_length),
    Probe("note_html", "P4", 2, note_html),
    Probe("past_appointment", "P6", 5, past_appointment),
)
