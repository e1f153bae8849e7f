"""What a contact needs, and what names it in upserts and bulk jobs (2.2, 2.3, 2.4, 15)."""

from __future__ import annotations

from perio_pipeline.crm.answers import id_of, record_in
from perio_pipeline.crm.freshsales import constants
from perio_pipeline.crm.freshsales.jobs import End, run_job
from perio_pipeline.crm.freshsales.keys import Key
from perio_pipeline.crm.freshsales.objects import SPECS
from perio_pipeline.crm.freshsales.probes.workshop import CONTACTS, Workshop, refused
from perio_pipeline.crm.http import JsonObject
from perio_pipeline.crm.probing import Finding, Probe, ProbeFailedError

FIRST, SECOND = "first", "second"
"""The contacts that most probes work on."""
_UNASSIGNED = "+12025550100"
"""A number out of the range that is kept for fiction."""


async def contact_needs(shop: Workshop) -> list[Finding]:
    """A contact with nothing but a name and an external id, then with a mobile number, then with an address."""
    more: dict[str, JsonObject] = {
        "unique_field": {},
        "email_or_mobile": {"mobile_number": _UNASSIGNED},
        "email": {"emails": shop.address("needs")},
    }
    statuses = []
    for needs, fields in more.items():
        body = {"contact": {**shop.named(f"needs-{needs}"), **fields}}
        answer, made = await shop.make(constants.CONTACTS, CONTACTS.create, body)
        statuses.append(f"{', '.join(fields) or 'external id only'}: {answer.status}")
        if made:
            return [Finding(f"POST /contacts with {'; '.join(statuses)}", "contact_needs", needs)]
    return [Finding(f"POST /contacts with {'; '.join(statuses)}; none was taken")]


async def last_name(shop: Workshop) -> list[Finding]:
    """A contact without a last name, and with all else that may be asked for."""
    await shop.contact(FIRST)  # with a last name it is taken, so that nothing else is refused
    body = {**shop.named("nameless"), "emails": shop.address("nameless")}
    del body["last_name"]
    answer, made = await shop.make(constants.CONTACTS, CONTACTS.create, {"contact": body})
    return [Finding(f"POST /contacts without last_name: {answer.status}", "last_name_required", not made)]


async def upsert_key(shop: Workshop) -> list[Finding]:
    """An upsert that must change the contact that is there and make none."""
    first, statuses = await shop.contact(FIRST), []
    keys = {constants.EXTERNAL_ID: shop.mark(FIRST), constants.EMAILS: shop.address(FIRST)}
    route = CONTACTS.upsert or CONTACTS.create
    for field, value in keys.items():
        body = {"unique_identifier": {field: value}, "contact": {"job_title": field}}
        answer = await shop.ask(route, body=body)
        touched = id_of(record_in(answer.object, ("contact",))) if answer.ok else ""
        if touched and touched != first:
            shop.thrown.add(constants.CONTACTS, touched)
        same = " (the same contact)" if touched == first else ""
        statuses.append(f"{field}: {answer.status}{same}")
        if touched == first:
            return [Finding(f"POST /contacts/upsert by {'; '.join(statuses)}", "upsert_key", field)]
    return [Finding(f"POST /contacts/upsert by {'; '.join(statuses)}", "upsert_key", "none")]


async def bulk_key(shop: Workshop) -> list[Finding]:
    """Bulk jobs of one row that change a contact, by each of the keys; what the contact shows decides."""
    first, said = await shop.contact(FIRST), []
    keys = {"external_id": shop.mark(FIRST), "emails": shop.address(FIRST), "id": first}
    for field, value in keys.items():
        job = await run_job(SPECS[constants.CONTACTS], shop.session, [(Key(field, value), {"job_title": f"b-{field}"})])
        if job.end is End.REFUSED and job.code not in ("http_400", "http_422"):
            return [Finding(f"POST /contacts/bulk_upsert: {job.code}", "bulk_upsert", False)]
        if job.end in (End.OPEN, End.BUSY):
            # It may write what it was given later on, and then says something of another key.
            raise ProbeFailedError(f"a bulk job by {field} did not end ({job.code or job.end.value})")
        changed = (await shop.seen(first)).get("job_title") == f"b-{field}"
        said.append(f"{field}: job {job.end.value}, {job.failed} failed, {'' if changed else 'not '}written")
        if changed:
            evidence = f"POST /contacts/bulk_upsert by {'; '.join(said)}"
            ids = "tells" if job.ids([Key(field, value)]) else "does not tell"
            return [
                Finding(evidence, "bulk_upsert", True),
                Finding(evidence, "bulk_key", field),
                Finding(f"the job's report {ids} the ids of its rows"),
            ]
    return [Finding(f"POST /contacts/bulk_upsert by {'; '.join(said)}", "bulk_upsert", False)]


async def failing_rows(shop: Workshop) -> list[Finding]:
    """Two rows that cannot be written: what a job says of them."""
    rows: list[tuple[Key, JsonObject]] = [
        (Key("emails", shop.address(role)), {**shop.named(role), "sales_accounts": "none"})
        for role in ("bad-1", "bad-2")
    ]
    job = await run_job(SPECS[constants.CONTACTS], shop.session, rows)
    # A row that was written after all is looked for at the end, by its name.
    shop.thrown.doubtful |= job.end is not End.REFUSED and job.failed < len(rows)
    elements = job.report.get("detailed_failure_report")
    shapes = sorted({name for each in elements or () if isinstance(each, dict) for name in each})
    evidence = f"a job of two rows that cannot be written: {job.end.value}, {job.failed} failed, elements {shapes}"
    return [Finding(evidence)]


async def key_user(shop: Workshop) -> list[Finding]:
    """Whose contacts are that were made without an owner."""
    owners = {(await shop.seen(await shop.contact(role))).get("owner_id") for role in (FIRST, SECOND)}
    owner = next(iter(owners)) if len(owners) == 1 else None
    spoken = shop.session.lookups.spoken("owner_id", str(owner)) if owner else None
    if owner and spoken != str(owner):
        return [Finding("contacts without an owner read back as the user of the key", "key_user", str(spoken))]
    return [Finding(f"two contacts without an owner read back with {len(owners)} owners, or with an unknown one")]


async def deleted(shop: Workshop) -> list[Finding]:
    """A contact is deleted, made again with the same external id, and both are forgotten."""
    softly, forget = CONTACTS.delete or CONTACTS.create, CONTACTS.forget or CONTACTS.create
    body = {"contact": {**shop.named("deleted"), "emails": shop.address("deleted")}}
    first, made = await shop.make(constants.CONTACTS, CONTACTS.create, body)
    if not made:
        raise refused(first)
    gone = await shop.ask(softly, softly.at(id=made))
    again, second = await shop.make(constants.CONTACTS, CONTACTS.create, body)
    forgotten = await shop.ask(forget, forget.at(id=made))
    if forgotten.ok:
        shop.thrown.forget(constants.CONTACTS, made)
    held = "does not hold" if second else "holds"
    return [
        Finding(f"DELETE {gone.status}, then /forget {forgotten.status}", "forget_deleted", forgotten.ok),
        Finding(f"a deleted contact {held} its unique values: the same again was answered {again.status}"),
    ]


PROBES = (
    Probe("contact_needs", "18.1", 6, contact_needs),
    Probe("last_name", "2.2", 4, last_name),
    Probe("upsert_key", "18.1", 6, upsert_key),
    Probe("bulk_key", "18.1", 30, bulk_key),
    Probe("failing_rows", "18.2", 12, failing_rows),
    Probe("key_user", "11", 4, key_user),
    Probe("deleted", "18.9", 6, deleted),
)
