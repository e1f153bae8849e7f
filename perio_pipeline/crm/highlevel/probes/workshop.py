"""What all HighLevel probes share: plain requests, throwaway contacts and fields, and their removal."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field

from perio_pipeline.crm.answers import id_of, record_in, records
from perio_pipeline.crm.highlevel import routes
from perio_pipeline.crm.highlevel.errors import parse_error
from perio_pipeline.crm.highlevel.routes import Route
from perio_pipeline.crm.highlevel.session import Session
from perio_pipeline.crm.http import Failure, JsonObject, Query, Response, Upload
from perio_pipeline.crm.probing import ProbeFailedError
from perio_pipeline.crm.throwaways import MARK, NAME, REMARK, Throwaway, Throwaways

CONTACT, FIELD, EVENT = "contact", "custom field", "appointment"
FIRST = "first"
"""The contact that most probes work on."""
_ADDRESS = "perio-probe-"
_SEARCH_PAGE = 100


@dataclass
class Workshop:
    """One opened sub-account in which probes work.

    Attributes:
        session: the sub-account.
        thrown: what is removed at the end.
        tag: of this run; tells its throwaways from those of others.
        known: role → id of what one probe made and later ones use.
    """

    session: Session
    thrown: Throwaways = field(init=False)
    tag: str = field(default_factory=lambda: secrets.token_hex(3))
    known: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        patience = 30.0 / self.session.settings.time_scale
        self.thrown = Throwaways(self.remove, self.find_earlier, patience=patience)

    async def ask(
        self,
        route: Route,
        path: str = "",
        *,
        query: Query | None = None,
        body: JsonObject | None = None,
        upload: Upload | None = None,
    ) -> Response:
        """Send a request and return whatever is answered, refusals too.

        Raises:
            ProbeFailedError: there was no answer.
            DestinationError: the token lacks a scope.
        """
        try:
            answer = await self.session.call(route, path or route.path, query=query, body=body, upload=upload)
        except asyncio.CancelledError:
            self.thrown.doubtful |= not route.reads
            raise
        if isinstance(answer, Failure) or answer.status >= 500:
            self.thrown.doubtful |= not route.reads
            said = f"no answer ({answer.cause})" if isinstance(answer, Failure) else f"the answer {answer.status}"
            raise ProbeFailedError(f"{route.method} {route.path} got {said}")
        return answer

    def address(self, role: str) -> str:
        """An address that nobody can send to (RFC 2606), one of its own for each throwaway."""
        return f"{_ADDRESS}{self.tag}-{role}@no-email.invalid"

    async def make(self, role: str, **fields: object) -> tuple[Response, str]:
        """A contact that wants no messages; returns the answer, and its id or empty text."""
        body: JsonObject = {
            "locationId": self.session.location_id,
            "firstName": NAME,
            "lastName": f"{self.tag} {role} {REMARK}",
            "email": self.address(role),
            "source": f"{MARK}{self.tag}",
            "dnd": True,
            **fields,
        }
        answer = await self.ask(routes.CONTACT_CREATE, body=body)
        made = id_of(record_in(answer.object, ("contact",))) if answer.ok else ""
        return answer, self.thrown.add(CONTACT, made) if made else ""

    async def contact(self) -> str:
        """The contact that most probes work on, made where it is not there yet.

        Raises:
            ProbeFailedError: the sub-account refuses it.
        """
        if FIRST not in self.known:
            answer, made = await self.make(FIRST, companyName="Before")
            if not made:
                raise ProbeFailedError(
                    f"a throwaway contact was answered {answer.status}: {parse_error(answer).reason}"
                )
            self.known[FIRST] = made
        return self.known[FIRST]

    async def change(self, crm_id: str, fields: JsonObject) -> Response:
        """Set fields of a contact."""
        return await self.ask(routes.CONTACT_UPDATE, routes.CONTACT_UPDATE.at(id=crm_id), body=fields)

    async def seen(self, crm_id: str) -> JsonObject:
        """A contact as it reads now; empty where it is not there."""
        answer = await self.ask(routes.CONTACT_GET, routes.CONTACT_GET.at(id=crm_id))
        return record_in(answer.object, ("contact",)) if answer.ok else {}

    async def field(self, role: str, kind: str, **more: object) -> JsonObject:
        """A custom field of contacts.

        Raises:
            ProbeFailedError: the sub-account refuses it.
        """
        path = routes.FIELD_CREATE.at(location=self.session.location_id)
        body: JsonObject = {"name": f"{NAME} {role} {self.tag}", "dataType": kind, "model": "contact", **more}
        answer = await self.ask(routes.FIELD_CREATE, path, body=body)
        made = record_in(answer.object, ("customField",))
        if not answer.ok or not id_of(made):
            raise ProbeFailedError(f"a throwaway custom field was answered {answer.status}")
        self.thrown.add(FIELD, id_of(made))
        return made

    async def written(self, field_id: str, value: object) -> tuple[int, object]:
        """Write a value into a contact's custom field; the status, and what reads back."""
        contact = await self.contact()
        answer = await self.change(contact, {"customFields": [{"id": field_id, "field_value": value}]})
        held = records(await self.seen(contact), "customFields")
        return answer.status, next((each.get("value") for each in held if str(each.get("id")) == field_id), None)

    async def remove(self, each: Throwaway) -> str:
        """Remove a throwaway; says why it stays."""
        route, path, body = routes.CONTACT_DELETE, routes.CONTACT_DELETE.at(id=each.id), None
        if each.kind == FIELD:
            route = routes.FIELD_DELETE
            path = route.at(location=self.session.location_id, id=each.id)
        elif each.kind == EVENT:
            route, body = routes.EVENT_DELETE, dict[str, object]()
            path = route.at(id=each.id)
        answer = await self.ask(route, path, body=body)
        return "" if answer.ok or parse_error(answer).absent else f"DELETE was answered {answer.status}"

    async def find_earlier(self) -> Sequence[Throwaway]:
        """Contacts and fields of earlier runs; a contact is told by its address, since the search goes by words."""
        body: JsonObject = {
            "locationId": self.session.location_id,
            "page": 1,
            "pageLimit": _SEARCH_PAGE,
            "query": NAME,
        }
        found = await self.ask(routes.CONTACT_SEARCH, body=body)
        ids = [id_of(hit) for hit in records(found.object, "contacts")]
        contacts = [crm_id for crm_id in ids if str((await self.seen(crm_id)).get("email")).startswith(_ADDRESS)]
        path = routes.FIELD_LIST.at(location=self.session.location_id)
        fields = records((await self.ask(routes.FIELD_LIST, path, query={"model": "all"})).object, "customFields")
        own = [id_of(each) for each in fields if str(each.get("name")).startswith(NAME)]
        return [*(Throwaway(FIELD, each) for each in own), *(Throwaway(CONTACT, each) for each in contacts)]
