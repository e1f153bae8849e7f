"""How values of standard fields are kept: dates of creation, stages, zones, inactive owners (2.1, 11, 14)."""

from __future__ import annotations

from perio_pipeline.crm.answers import id_of, record_in
from perio_pipeline.crm.freshsales import constants
from perio_pipeline.crm.freshsales.customfields import numeric
from perio_pipeline.crm.freshsales.probes.identity import FIRST
from perio_pipeline.crm.freshsales.probes.workshop import CONTACTS, Workshop
from perio_pipeline.crm.freshsales.routes import plain_routes
from perio_pipeline.crm.freshsales.timezones import RAILS
from perio_pipeline.crm.probing import Finding, Probe

TASKS = plain_routes("tasks").create
_LONG_AGO = "2019-03-05T14:00:00-05:00"
_ZONE = "America/Chicago"


async def created_at(shop: Workshop) -> list[Finding]:
    """A contact that says when it was made."""
    await shop.contact(FIRST)  # without that it is taken, so that nothing else is refused
    body = {**shop.named("old"), "emails": shop.address("old"), constants.CREATED_AT: _LONG_AGO}
    answer, made = await shop.make(constants.CONTACTS, CONTACTS.create, {"contact": body})
    if not made:
        return [Finding(f"POST /contacts with created_at: {answer.status}", "created_at_writable", False)]
    kept = str((await shop.seen(made)).get(constants.CREATED_AT) or "")[:4] == _LONG_AGO[:4]
    evidence = f"POST /contacts with created_at: {answer.status}, {'kept' if kept else 'set by the server'}"
    return [Finding(evidence, "created_at_writable", kept)]


async def lifecycle(shop: Workshop) -> list[Finding]:
    """A lifecycle stage is set and read back."""
    stages = shop.session.lookups.entries["lifecycle_stages"]
    if not stages:
        return [Finding("the account shows no lifecycle stages")]
    first = await shop.contact(FIRST)
    answer = await shop.change(first, {"lifecycle_stage_id": numeric(stages[-1].id)})
    read = (await shop.seen(first)).get("lifecycle_stage_id")
    evidence = f"PUT lifecycle_stage_id: {answer.status}, reads back {'as nothing' if read is None else 'as set'}"
    return [Finding(evidence, "lifecycle_reads_null", read is None)] if answer.ok else [Finding(evidence)]


async def zones(shop: Workshop) -> list[Finding]:
    """A time zone by Freshsales' own name, then by IANA's."""
    first = await shop.contact(FIRST)
    kept = {}
    for name in (RAILS[_ZONE], _ZONE):
        answer = await shop.change(first, {"time_zone": name})
        kept[name] = answer.ok and (await shop.seen(first)).get("time_zone") == name
    own, iana = kept.values()
    evidence = (
        f"time_zone by Freshsales' names: {'kept' if own else 'not kept'}, by IANA's: {'' if iana else 'not '}kept"
    )
    return [Finding(evidence, "rails_time_zones", own or not iana)] if own or iana else [Finding(evidence)]


async def inactive_owner(shop: Workshop) -> list[Finding]:
    """An owner who is switched off, where the account has one."""
    users = [entry for entry in shop.session.lookups.entries["users"] if not entry.usable]
    if not users:
        return [Finding("every user of the account is active, so that it stays open whether others may own records")]
    await shop.contact(FIRST)  # without that owner it is taken
    body = {**shop.named("owned"), "emails": shop.address("owned"), "owner_id": numeric(users[0].id)}
    answer, made = await shop.make(constants.CONTACTS, CONTACTS.create, {"contact": body})
    owner = record_in(answer.object, ("contact",)).get("owner_id")
    kept = bool(made) and str(owner) == users[0].id
    return [Finding(f"POST /contacts owned by an inactive user: {answer.status}", "inactive_owners", kept)]


async def statuses(shop: Workshop) -> list[Finding]:
    """What creations are answered (18.12), and what becomes of names that no field has (18.5)."""
    first = await shop.contact(FIRST)
    body = {**shop.named("status"), "emails": shop.address("status"), "custom_field": {"cf_perio_probe": "x"}}
    answer, made = await shop.make(constants.CONTACTS, CONTACTS.create, {"contact": body})
    fate = "refuses" if not made else "drops"
    task = {"title": f"{shop.tag}", "due_date": "2030-01-01", "targetable_type": "Contact"}
    tasked, _ = await shop.make("tasks", TASKS, {"task": {**task, "targetable_id": numeric(first)}})
    return [
        Finding(f"POST /contacts with an unknown cf_ name: {answer.status}, the account {fate} it"),
        Finding(f"POST /tasks: {tasked.status}, with an id: {bool(id_of(record_in(tasked.object, ('task',))))}"),
    ]


PROBES = (
    Probe("created_at", "18.7", 5, created_at),
    Probe("lifecycle", "2.1", 2, lifecycle),
    Probe("time_zones", "18.6", 4, zones),
    Probe("inactive_owner", "11", 4, inactive_owner),
    Probe("statuses", "18.12", 4, statuses),
)
