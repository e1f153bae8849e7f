"""What searches and lists find, and how late: look-up, filtered search, scroll and views (2.5, 18.10)."""

from __future__ import annotations

from perio_pipeline.crm.answers import id_of, records
from perio_pipeline.crm.freshsales import constants, routes
from perio_pipeline.crm.freshsales.objects import SPECS
from perio_pipeline.crm.freshsales.probes.identity import FIRST, SECOND
from perio_pipeline.crm.freshsales.probes.workshop import CONTACTS, Workshop
from perio_pipeline.crm.freshsales.searching import looked_up
from perio_pipeline.crm.http import JsonObject
from perio_pipeline.crm.probing import Finding, Probe

_PAUSES = (0.0, 2.0, 5.0, 10.0, 20.0)
"""Seconds of the CRM's clock before each look: an index is late."""
_CONTACT = SPECS[constants.CONTACTS]


async def lookup(shop: Workshop) -> list[Finding]:
    """A look-up by external id, until the look-up by address finds the contact as well."""
    first, waited = await shop.contact(FIRST), 0.0
    for pause in _PAUSES:
        await shop.session.pause(pause)
        waited += pause
        by_mark = await _looked_up(shop, constants.EXTERNAL_ID, shop.mark(FIRST))
        by_address = await _looked_up(shop, "email", shop.address(FIRST))
        if first in by_mark:
            return [Finding(f"found by external_id after {waited:g} s at most", "lookup_external_id", True)]
        if first in by_address:
            evidence = f"after {waited:g} s found by email, not by external_id"
            return [Finding(evidence, "lookup_external_id", False)]
    return [Finding(f"a look-up found nothing within {waited:g} s")]


async def filtered(shop: Workshop) -> list[Finding]:
    """A filtered search by external id, with two values as a list and joined by commas."""
    wanted = {await shop.contact(FIRST), await shop.contact(SECOND)}
    marks = [shop.mark(FIRST), shop.mark(SECOND)]
    said = []
    for pause in _PAUSES[1:4]:
        await shop.session.pause(pause)
        for way, value in (("list", marks), ("comma", ",".join(marks))):
            status, found = await _filter(shop, value)
            said.append(f"{way}: {status}, {len(wanted & found)} of 2")
            if wanted <= found:
                evidence = f"filtered_search by external_id, {'; '.join(said[-2:])}"
                return [Finding(evidence, "read_back", "filtered_search"), Finding(evidence, "filter_values", way)]
    seen = await _looked_up(shop, constants.EXTERNAL_ID, marks[0])
    said.append(f"a look-up finds {len(seen)}")
    evidence = f"filtered_search by external_id, {'; '.join(said[-3:])}"
    return [Finding(evidence, "read_back", "lookup" if seen else "upsert")]


async def lists(shop: Workshop) -> list[Finding]:
    """Views of contacts, and the route that scrolls through one."""
    views = records((await shop.ask(routes.PROBE)).object, "filters")
    everything = [view for view in views if str(view.get("name") or "").casefold().startswith("all")]
    if not everything:
        return [Finding(f"{len(views)} views, none of all contacts")]
    view, scroll, paged = id_of(everything[0]), CONTACTS.scroll, CONTACTS.view
    findings = []
    if paged is not None:
        query: JsonObject = {"page": 1, "per_page": 1, "sort": "id", "sort_type": "desc"}
        answer = await shop.ask(paged, paged.at(view=view), query=query)
        shown = records(answer.object, constants.CONTACTS)
        whole = any(isinstance(record.get("custom_field"), dict) for record in shown)
        evidence = f"GET /contacts/view: {answer.status}, with custom fields: {whole}"
        findings.append(
            Finding(evidence, "view_lists", "all") if answer.ok else Finding(evidence, "view_lists", "none")
        )
    if scroll is not None:
        answer = await shop.ask(scroll, scroll.at(view=view), query={"limit": 1})
        usable = answer.ok and isinstance(answer.object.get(constants.CONTACTS), list)
        findings.append(Finding(f"GET /contacts/scroll: {answer.status}", "scroll_lists", usable))
    return findings


async def _looked_up(shop: Workshop, field: str, value: str) -> list[str]:
    return [id_of(each) for each in await looked_up(_CONTACT, shop.session, field, value)]


async def _filter(shop: Workshop, value: str | list[str]) -> tuple[int, set[str]]:
    rule = {"attribute": constants.EXTERNAL_ID, "operator": "is_in", "value": value}
    route, body = routes.FILTERED_SEARCH, {"filter_rule": [rule], "page": 1, "per_page": constants.PAGE}
    answer = await shop.ask(route, route.at(entity="contact"), body=body)
    return answer.status, {id_of(record) for record in records(answer.object, constants.CONTACTS)}


PROBES = (
    Probe("lookup", "18.10", 10, lookup),
    Probe("filtered_search", "2.5", 10, filtered),
    Probe("lists", "18.10", 3, lists),
)
