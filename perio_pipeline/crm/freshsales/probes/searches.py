"""What searches and lists find, and how late: look-up, filtered search, scroll and views (2.5, 18.10)."""

from __future__ import annotations

from perio_pipeline.crm.answers import id_of, records
from perio_pipeline.crm.freshsales import constants, routes
from perio_pipeline.crm.freshsales.objects import SPECS
from perio_pipeline.crm.freshsales.probes.identity import FIRST, SECOND
from perio_pipeline.crm.freshsales.probes.workshop import CONTACTS, Workshop
from perio_pipeline.crm.freshsales.searching import looked_up
from perio_pipeline.crm.probing import Finding, Probe

_PAUSES = (0.0, 2.0, 5.0, 10.0, 20.0)
"""Seconds of the CRM's clock before each look: an index is late."""
_NEW = "new"
VIEWS = "views"
"""Known where contacts are listed by views."""
_CONTACT = SPECS[constants.CONTACTS]


async def lookup(shop: Workshop) -> list[Finding]:
    """A look-up of a new contact by external id, until the look-up by address finds it as well."""
    made, waited = await shop.contact(_NEW), 0.0
    for pause in _PAUSES:
        await shop.session.pause(pause)
        waited += pause
        # In this order: where the index shows the address, it has the mark as well, if it has marks at all.
        by_address = await _looked_up(shop, "email", shop.address(_NEW))
        by_mark = await _looked_up(shop, constants.EXTERNAL_ID, shop.mark(_NEW))
        if made in by_mark:
            return [Finding(f"found by external_id within {waited:g} s", "lookup_external_id", True)]
        if made in by_address:
            evidence = f"within {waited:g} s found by email, not by external_id"
            return [Finding(evidence, "lookup_external_id", False)]
    return [Finding(f"a look-up found nothing within {waited:g} s")]


async def filtered(shop: Workshop) -> list[Finding]:
    """A filtered search by external id, with two values as a list and joined by commas."""
    wanted = {await shop.contact(FIRST), await shop.contact(SECOND)}
    marks = [shop.mark(FIRST), shop.mark(SECOND)]
    by_address: set[str] = set()
    for pause in _PAUSES:
        await shop.session.pause(pause)
        by_address = await _filter(shop, "contact_email.email", shop.address(SECOND))
        listed = await _filter(shop, constants.EXTERNAL_ID, marks)
        joined = await _filter(shop, constants.EXTERNAL_ID, ",".join(marks))
        said = f"as a list {len(wanted & listed)} of 2, by commas {len(wanted & joined)} of 2"
        evidence = f"filtered_search by external_id, {said}, by email {len(by_address)}"
        if wanted <= listed or wanted <= joined or by_address:
            break
    if not by_address:
        # The index may be later than we waited: then nothing follows.
        return [Finding(evidence)]
    if wanted <= listed or wanted <= joined:
        way = "list" if wanted <= listed else "comma"
        return [Finding(evidence, "read_back", "filtered_search"), Finding(evidence, "filter_values", way)]
    seen = await _looked_up(shop, constants.EXTERNAL_ID, marks[0])
    return [Finding(f"{evidence}; a look-up finds {len(seen)}", "read_back", "lookup" if seen else "upsert")]


async def lists(shop: Workshop) -> list[Finding]:
    """Views of contacts, and the route that scrolls through one."""
    views = records((await shop.ask(routes.PROBE)).object, "filters")
    everything = [view for view in views if str(view.get("name") or "").casefold().startswith("all")]
    if not everything:
        return [Finding(f"{len(views)} views, none of all contacts")]
    view, scroll, paged = id_of(everything[0]), CONTACTS.scroll, CONTACTS.view
    findings = []
    if paged is not None:
        answer = await shop.ask(paged, paged.at(view=view), query={"page": 1, "per_page": 1})
        shop.known |= {VIEWS: view} if answer.ok else {}
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


async def _filter(shop: Workshop, attribute: str, value: str | list[str]) -> set[str]:
    """The ids that a filter finds; none where it is refused."""
    rule = {"attribute": attribute, "operator": "is_in", "value": value}
    route, body = routes.FILTERED_SEARCH, {"filter_rule": [rule], "page": 1, "per_page": constants.PAGE}
    answer = await shop.ask(route, route.at(entity="contact"), body=body)
    return {id_of(record) for record in records(answer.object, constants.CONTACTS)}


PROBES = (
    Probe("lookup", "18.10", 12, lookup),
    Probe("filtered_search", "2.5", 18, filtered),
    Probe("lists", "18.10", 3, lists),
)
