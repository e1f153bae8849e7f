"""Appointments in the past, and how long and how rich notes may be, and what they hang on (7, 8)."""

from __future__ import annotations

from perio_pipeline.crm.answers import record_in
from perio_pipeline.crm.freshsales import constants
from perio_pipeline.crm.freshsales.customfields import numeric
from perio_pipeline.crm.freshsales.probes.identity import FIRST
from perio_pipeline.crm.freshsales.probes.workshop import APPOINTMENTS, NOTES, Workshop
from perio_pipeline.crm.http import JsonObject
from perio_pipeline.crm.probing import Finding, Probe
from perio_pipeline.crm.throwaways import NAME

_LENGTHS = (10_000, 65_000, 32_000, 5_000, 2_000, 1_000)
"""Tried in this order; the default first, since most accounts will take it."""
_RICH = "<h2>Plan</h2><table><tbody><tr><td><b>14</b></td><td>7 mm</td></tr></tbody></table>"
_STRIPPED = "<table"


async def past_appointment(shop: Workshop) -> list[Finding]:
    """A visit of five years ago, without attendees, so that nobody is invited."""
    body = _visit(shop, await shop.contact(FIRST), "2019")
    answer, made = await shop.make(constants.APPOINTMENTS, APPOINTMENTS.create, {"appointment": body})
    findings = [Finding(f"POST /appointments in 2019: {answer.status}", "past_appointments", bool(made))]
    if not made:
        body = _visit(shop, await shop.contact(FIRST), "2035")
        answer, made = await shop.make(constants.APPOINTMENTS, APPOINTMENTS.create, {"appointment": body})
        if not made:
            # Then it is not the past that is refused.
            return [Finding(f"POST /appointments in 2035: {answer.status}")]
    shop.known["appointment"] = made
    return findings


async def note_on_appointment(shop: Workshop) -> list[Finding]:
    """A note that hangs on an appointment."""
    if "appointment" not in shop.known:
        return [Finding("there was no appointment to hang a note on")]
    target: JsonObject = {"targetable_type": "Appointment", "targetable_id": numeric(shop.known["appointment"])}
    body = {"description": f"{NAME} {shop.tag}", **target}
    answer, made = await shop.make(constants.NOTES, NOTES.create, {"note": body})
    return [Finding(f"POST /notes on an appointment: {answer.status}", "note_on_appointment", bool(made))]


async def note_length(shop: Workshop) -> list[Finding]:
    """Longer and shorter notes; one counts as taken when all of it reads back."""
    tried: dict[int, bool] = {}
    for length in _LENGTHS:
        longer_is_taken = any(whole and other > length for other, whole in tried.items())
        shorter_is_not = any(not whole and other < length for other, whole in tried.items())
        if longer_is_taken or shorter_is_not:
            continue
        tried[length] = await _whole(shop, "x" * length)
    taken = [length for length, whole in tried.items() if whole]
    evidence = "notes of " + ", ".join(f"{n:,} characters: {'whole' if w else 'not whole'}" for n, w in tried.items())
    return [Finding(evidence, "note_characters", max(taken))] if taken else [Finding(evidence)]


async def note_html(shop: Workshop) -> list[Finding]:
    """A note with a heading and a table."""
    body = {"description": _RICH, "targetable_type": "Contact", "targetable_id": numeric(await shop.contact(FIRST))}
    answer, made = await shop.make(constants.NOTES, NOTES.create, {"note": body})
    if not made:
        return [Finding(f"POST /notes with a table: {answer.status}")]
    held = str(record_in(answer.object, ("note",)).get("description") or "")
    value = "keep" if _STRIPPED in held else "strip"
    return [Finding(f"POST /notes with a table: {answer.status}, elements {value}", "note_html", value)]


async def _whole(shop: Workshop, text: str) -> bool:
    body = {"description": text, "targetable_type": "Contact", "targetable_id": numeric(await shop.contact(FIRST))}
    answer, made = await shop.make(constants.NOTES, NOTES.create, {"note": body})
    held = record_in(answer.object, ("note",)).get("description")
    return bool(made) and len(str(held or "")) >= len(text)


def _visit(shop: Workshop, contact: str, year: str) -> JsonObject:
    return {
        "title": f"{NAME} {shop.tag}",
        "from_date": f"{year}-03-05T14:00:00-05:00",
        "end_date": f"{year}-03-05T15:00:00-05:00",
        "targetable_type": "Contact",
        "targetable_id": numeric(contact),
    }


PROBES = (
    Probe("past_appointment", "18.6", 4, past_appointment),
    Probe("note_on_appointment", "18.7", 2, note_on_appointment),
    Probe("note_length", "18.7", 12, note_length),
    Probe("note_html", "18.7", 2, note_html),
)
