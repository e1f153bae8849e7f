"""Which contacts belong to which company: no record of its own, set in bulk and read from the company's contacts.

A link's reference holds the contact in `crm_id` and the company in `parent_id`.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import AsyncIterator, Sequence

from perio_pipeline.crm.answers import id_of
from perio_pipeline.crm.concurrency import concurrently
from perio_pipeline.crm.dispatch import READ_AT_ONCE
from perio_pipeline.crm.highlevel import routes
from perio_pipeline.crm.highlevel.bodies import link
from perio_pipeline.crm.highlevel.constants import COMPANY_LINKS, LINKS_PER_REQUEST
from perio_pipeline.crm.highlevel.objects import SPECS
from perio_pipeline.crm.highlevel.outcomes import changed, removed
from perio_pipeline.crm.highlevel.reading import get
from perio_pipeline.crm.highlevel.session import Session
from perio_pipeline.crm.http import JsonObject, Response
from perio_pipeline.crm.protocol import Outcome, Payload, Ref, Snapshot, Status


class CompanyLinks:
    """The links of contacts to companies."""

    batch_size = LINKS_PER_REQUEST
    deletes = True
    read_size = READ_AT_ONCE

    def __init__(self, session: Session) -> None:
        self._session = session

    def batch_key(self, payload: Payload) -> str:
        """One request links contacts to one company."""
        return link(payload, "businessId")

    async def create(self, batch: Sequence[Payload]) -> list[Outcome]:
        """Link the batch's contacts; when refused, by halves, so that one bad contact does not hold up the rest.

        Raises:
            ValueError: the payloads name several companies, more than one request can carry, or fields.
        """
        refs = [_ref_of(payload) for payload in batch]
        if len({ref.parent_id for ref in refs}) > 1 or len(refs) > LINKS_PER_REQUEST:
            raise ValueError(f"{COMPANY_LINKS}: at most {LINKS_PER_REQUEST} contacts of one company in a request")
        return await self._link(refs) if refs else []

    async def update(self, ref: Ref, payload: Payload) -> Outcome:
        """Link the contact to the payload's company."""
        target = _ref_of(payload)
        if target.crm_id != ref.crm_id:
            raise ValueError(f"{COMPANY_LINKS}: a link cannot be moved to another contact")
        return (await self._link([target]))[0]

    async def delete(self, ref: Ref) -> Outcome:
        """Take the contact out of its company."""
        result = await self._session.call(routes.LINK_SET, routes.LINK_SET.path, body=self._body([ref.crm_id], None))
        return removed(result, ref)

    async def hanging(self, refs: Sequence[Ref]) -> dict[Ref, frozenset[str]]:
        """Nothing hangs on a link."""
        return {}

    async def read(self, refs: Sequence[Ref]) -> dict[Ref, Snapshot]:
        """Read the companies' lists of contacts; what a list does not show is looked up at the contact.

        A reference without a company is to the one that the contact has.
        """
        whichever = [ref for ref in refs if ref.parent_id is None]
        companies = await concurrently(self._company, whichever, self._session.settings.concurrency)
        found = {
            ref: _snapshot(Ref(COMPANY_LINKS, ref.crm_id, company))
            for ref, company in zip(whichever, companies, strict=True)
            if company
        }
        grouped: dict[str, list[Ref]] = defaultdict(list)
        for ref in refs:
            if ref.parent_id is not None:
                grouped[ref.parent_id].append(ref)

        async def one(business: str) -> set[Ref]:
            return await self._present(business, grouped[business])

        present = set().union(*await concurrently(one, grouped, self._session.settings.concurrency))
        return found | {ref: _snapshot(ref) for ref in refs if ref in present}

    async def find(self, payload: Payload) -> Ref | None:
        """The link, when the contact says that it belongs to the company."""
        ref = _ref_of(payload)
        return ref if await self._linked(ref) else None

    def existing(self) -> AsyncIterator[list[Snapshot]]:
        """Links have no list of their own.

        Raises:
            ValueError: always.
        """
        raise ValueError(f"{COMPANY_LINKS}: HighLevel has no list of all of them")

    async def _link(self, refs: list[Ref]) -> list[Outcome]:
        body = self._body([ref.crm_id for ref in refs], refs[0].parent_id)
        result = await self._session.call(routes.LINK_SET, routes.LINK_SET.path, body=body)
        outcomes = [changed(result, ref) for ref in refs]
        if len(refs) > 1 and outcomes[0].status is Status.REFUSED:
            half = len(refs) // 2
            return await self._link(refs[:half]) + await self._link(refs[half:])
        confirmed = result.object.get("ids") if isinstance(result, Response) and result.ok else None
        if isinstance(confirmed, list):
            return [o if ref.crm_id in confirmed else _unconfirmed(o) for ref, o in zip(refs, outcomes, strict=True)]
        return outcomes

    def _body(self, contacts: list[str], business: str | None) -> JsonObject:
        return {"locationId": self._session.location_id, "ids": contacts, "businessId": business}

    async def _present(self, business: str, refs: Sequence[Ref]) -> set[Ref]:
        listed = await self._listed(business, refs) if len(refs) > 1 else set()
        # The list comes from an index that lags; the contact itself does not.
        absent = [ref for ref in refs if ref not in listed]
        linked = await concurrently(self._linked, absent, self._session.settings.concurrency)
        return listed | {ref for ref, is_linked in zip(absent, linked, strict=True) if is_linked}

    async def _listed(self, business: str, refs: Sequence[Ref]) -> set[Ref]:
        wanted = {ref.crm_id: ref for ref in refs}
        found: set[Ref] = set()
        path = routes.LINK_LIST.at(business=business)
        async for page in self._session.pages(routes.LINK_LIST, path, "contacts"):
            found |= {wanted[id_of(record)] for record in page if id_of(record) in wanted}
            if len(found) == len(wanted):
                break
        return found

    async def _linked(self, ref: Ref) -> bool:
        return await self._company(ref) == ref.parent_id

    async def _company(self, ref: Ref) -> str | None:
        """The company that the contact says it belongs to."""
        contact = await get(SPECS["contacts"], self._session, ref.crm_id)
        return str(contact["businessId"]) if contact and contact.get("businessId") else None


def _ref_of(payload: Payload) -> Ref:
    if payload.fields or payload.custom:
        raise ValueError(f"{COMPANY_LINKS}: HighLevel takes no fields here")
    return Ref(COMPANY_LINKS, link(payload, "contactId"), link(payload, "businessId"))


def _snapshot(ref: Ref) -> Snapshot:
    return Snapshot(ref, {}, {}, {"contactId": ref.crm_id, "businessId": ref.parent_id or ""})


def _unconfirmed(outcome: Outcome) -> Outcome:
    return Outcome(
        Status.UNKNOWN,
        code="not_confirmed",
        reason="The answer does not name this contact among those it linked.",
        trace_id=outcome.trace_id,
    )
