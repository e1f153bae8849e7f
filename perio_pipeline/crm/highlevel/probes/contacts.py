"""Contacts: what may be changed later, and how phones, dates of birth and shared numbers are taken (P2, P9 to P17)."""

from __future__ import annotations

from perio_pipeline.crm.answers import record_in
from perio_pipeline.crm.highlevel import routes
from perio_pipeline.crm.highlevel.probes.workshop import CONTACT, Workshop
from perio_pipeline.crm.probing import Finding, Probe, ProbeFailedError

_UNASSIGNED = "+12025550100"
"""A number out of the range that is kept for fiction."""
_IMPOSSIBLE = "12"
_BORN = "1950-02-28"


async def company_name(shop: Workshop) -> list[Finding]:
    """The company's name of a contact is changed."""
    contact = await shop.contact()
    answer = await shop.change(contact, {"companyName": "After"})
    kept = answer.ok and (await shop.seen(contact)).get("companyName") == "After"
    evidence = f"PUT companyName: {answer.status}, {'changed' if kept else 'not changed'}"
    return [Finding(evidence, "company_name_updatable", kept)]


async def invalid_phone(shop: Workshop) -> list[Finding]:
    """A number that cannot be one."""
    answer, made = await shop.make("phone", phone=_IMPOSSIBLE)
    held = bool((await shop.seen(made)).get("phone")) if made else False
    return [Finding(f"POST with an impossible phone: {answer.status}, {'kept' if held else 'not kept'}")]


async def after_delete(shop: Workshop) -> list[Finding]:
    """A contact that was deleted is read."""
    first, made = await shop.make("deleted")
    if not made:
        raise ProbeFailedError(f"a throwaway contact was answered {first.status}")
    gone = await shop.thrown.drop(CONTACT, made)
    answer = await shop.ask(routes.CONTACT_GET, routes.CONTACT_GET.at(id=made))
    return [Finding(f"GET of a contact whose deletion was {'' if gone else 'not '}confirmed: {answer.status}")]


async def birth_date(shop: Workshop) -> list[Finding]:
    """A date of birth, as it is answered and as it reads."""
    answer, made = await shop.make("born", dateOfBirth=_BORN)
    told = str(record_in(answer.object, ("contact",)).get("dateOfBirth") or "")
    read = str((await shop.seen(made)).get("dateOfBirth") or "") if made else ""
    same = told[: len(_BORN)] == read[: len(_BORN)] == _BORN
    return [
        Finding(
            f"POST dateOfBirth: {answer.status}, {len(told)} characters answered, {len(read)} read, "
            f"the day is {'the same' if same else 'another'}"
        )
    ]


async def shared_phone(shop: Workshop) -> list[Finding]:
    """Two contacts with one number."""
    first, made = await shop.make("phone-1", phone=_UNASSIGNED)
    second, _ = await shop.make("phone-2", phone=_UNASSIGNED)
    return [Finding(f"two contacts with one phone: {first.status if made else 'not made'}, then {second.status}")]


PROBES = (
    Probe("company_name", "P2", 4, company_name),
    Probe("invalid_phone", "P9", 3, invalid_phone),
    Probe("after_delete", "P12", 3, after_delete),
    Probe("birth_date", "P15", 3, birth_date),
    Probe("shared_phone", "P17", 4, shared_phone),
)
