"""Custom fields: how dates are taken, choices that are not listed, repeated names, long texts (P3, P5, P14, P16)."""

from __future__ import annotations

from perio_pipeline.crm.answers import id_of
from perio_pipeline.crm.highlevel.capabilities import DATE, NOON
from perio_pipeline.crm.highlevel.customfields import AT_NOON
from perio_pipeline.crm.highlevel.probes.workshop import Workshop
from perio_pipeline.crm.probing import Finding, Probe, ProbeFailedError

_DAY = "2019-03-05"
_LONG = 1_000


async def date_form(shop: Workshop) -> list[Finding]:
    """A day, written alone and as noon in UTC, until it reads back as the same day."""
    made, said = id_of(await shop.field("date", "DATE")), []
    for form, value in ((DATE, _DAY), (NOON, f"{_DAY}{AT_NOON}")):
        status, held = await shop.written(made, value)
        same = str(held or "")[: len(_DAY)] == _DAY
        said.append(f"as {form}: {status}, {'the same day' if same else 'another day' if held else 'nothing'}")
        if same:
            return [Finding(f"a DATE field {'; '.join(said)}", "date_form", form)]
    return [Finding(f"a DATE field {'; '.join(said)}")]


async def unlisted_option(shop: Workshop) -> list[Finding]:
    """A choice that the field does not offer."""
    made = id_of(await shop.field("choice", "SINGLE_OPTIONS", options=["A", "B"]))
    status, held = await shop.written(made, "C")
    return [Finding(f"a choice that is not listed: {status}, {'kept' if held == 'C' else 'not kept'}")]


async def repeated_name(shop: Workshop) -> list[Finding]:
    """Two fields of one name."""
    first = await shop.field("twice", "TEXT")
    try:
        second = await shop.field("twice", "TEXT")
    except ProbeFailedError:
        return [Finding("a second field of one name is refused")]
    keys = {first.get("fieldKey"), second.get("fieldKey")}
    return [Finding(f"two fields of one name have {len(keys)} keys")]


async def text_length(shop: Workshop) -> list[Finding]:
    """A text that is longer than one report says it may be."""
    made = id_of(await shop.field("text", "TEXT"))
    status, held = await shop.written(made, "x" * _LONG)
    return [Finding(f"a TEXT of {_LONG:,} characters: {status}, {len(str(held or '')):,} read back")]


PROBES = (
    Probe("date_form", "P3", 6, date_form),
    Probe("unlisted_option", "P5", 4, unlisted_option),
    Probe("repeated_name", "P14", 4, repeated_name),
    Probe("text_length", "P16", 4, text_length),
)
