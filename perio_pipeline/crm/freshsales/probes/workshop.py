"""What all Freshsales probes share: plain requests, throwaway contacts, and their removal for good."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field

from perio_pipeline.crm.answers import id_of, record_in, records
from perio_pipeline.crm.freshsales import constants, routes
from perio_pipeline.crm.freshsales.customfields import flat
from perio_pipeline.crm.freshsales.errors import ForbiddenError, parse_error
from perio_pipeline.crm.freshsales.objects import SPECS
from perio_pipeline.crm.freshsales.routes import Route, module_routes, plain_routes
from perio_pipeline.crm.freshsales.session import Session
from perio_pipeline.crm.http import Failure, JsonObject, Query, Response, Upload
from perio_pipeline.crm.probing import ProbeFailedError
from perio_pipeline.crm.throwaways import MARK, NAME, REMARK, Throwaway, Throwaways

CONTACTS = module_routes(constants.CONTACTS)
APPOINTMENTS = plain_routes(constants.APPOINTMENTS)
NOTES = plain_routes(constants.NOTES)
MODULE, DOCUMENT, FIELD = "custom module", "document", "field"
ENTITY = "cm_perio_probe"
"""How the names of throwaway modules begin."""
_BIN = "recycle bin"
_FORBIDDEN = 403


@dataclass
class Workshop:
    """One opened account in which probes work.

    Attributes:
        session: the account.
        thrown: what is removed at the end.
        tag: of this run; tells its throwaways from those of others.
        known: what one probe learned and later ones use: role → id or value.
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
        """
        try:
            answer = await self.session.call(route, path or route.path, query=query, body=body, upload=upload)
        except ForbiddenError:
            return Response(_FORBIDDEN)
        except asyncio.CancelledError:
            self.thrown.doubtful |= not route.reads
            raise
        if isinstance(answer, Failure):
            self.thrown.doubtful |= not route.reads
            raise ProbeFailedError(f"{route.method} {route.path} got no answer ({answer.cause})")
        if answer.status >= 500:
            self.thrown.doubtful |= not route.reads
            raise ProbeFailedError(f"{route.method} {route.path} was answered {answer.status}")
        return answer

    async def make(self, kind: str, route: Route, body: JsonObject) -> tuple[Response, str]:
        """Create something; returns the answer, and the id of what was made or empty text."""
        answer = await self.ask(route, body=body)
        envelope = tuple(body)
        made = id_of(record_in(answer.object, envelope)) if answer.ok else ""
        return answer, self.thrown.add(kind, made) if made else ""

    def mark(self, role: str) -> str:
        """The external id of one of this run's throwaways."""
        return f"{MARK}{self.tag}:{role}"

    def address(self, role: str) -> str:
        """An address that nobody can send to (RFC 2606), one of its own for each throwaway."""
        return f"perio-probe-{self.tag}-{role}@no-email.invalid"

    def named(self, role: str) -> JsonObject:
        """What every throwaway contact says of itself."""
        return {"first_name": NAME, "last_name": f"{self.tag} {role} {REMARK}", "external_id": self.mark(role)}

    async def contact(self, role: str) -> str:
        """A contact with all that any account may ask for, made where it is not there yet.

        Raises:
            ProbeFailedError: the account refuses it.
        """
        if role not in self.known:
            body = {**self.named(role), "emails": self.address(role)}
            answer, made = await self.make(constants.CONTACTS, CONTACTS.create, {"contact": body})
            if not made:
                raise refused(answer)
            self.known[role] = made
        return self.known[role]

    async def seen(self, crm_id: str) -> JsonObject:
        """A contact as it reads now."""
        route = CONTACTS.get or routes.PROBE
        answer = await self.ask(route, route.at(id=crm_id))
        return record_in(answer.object, ("contact",)) if answer.ok else {}

    async def change(self, crm_id: str, fields: JsonObject) -> Response:
        """Set fields of a contact."""
        route = CONTACTS.update or routes.PROBE
        return await self.ask(route, route.at(id=crm_id), body={"contact": fields})

    async def remove(self, each: Throwaway) -> str:
        """Remove a throwaway for good; says why it stays."""
        if each.kind == constants.CONTACTS:
            return await self._forget(each.id)
        if each.kind == FIELD:
            module, _, form = each.parent.partition("/")
            route, path = routes.FIELD_DELETE, routes.FIELD_DELETE.at(module=module, form=form, id=each.id)
        elif each.kind == MODULE:
            route, path = routes.MODULE_DELETE, routes.MODULE_DELETE.at(id=each.id)
        else:
            route = Route("DELETE", f"/{each.kind}/{{id}}")
            path = route.at(id=each.id)
        answer = await self.ask(route, path)
        return "" if answer.ok or answer.status == 404 else f"DELETE was answered {answer.status}"

    async def find_earlier(self) -> Sequence[Throwaway]:
        """Contacts, fields and modules of earlier runs; contacts by name and external id, in lists and in the bin."""
        query: Query = {"q": NAME, "include": "contact"}
        hits = await self.ask(routes.SEARCH, query=query)
        listed = hits.json if isinstance(hits.json, list) else []
        ids = [str(hit["id"]) for hit in listed if isinstance(hit, dict) and str(hit.get("name")).startswith(NAME)]
        live = [crm_id for crm_id in ids if _is_ours(await self.seen(crm_id))]
        binned = [id_of(record) for record in await self._binned()]
        contacts = [Throwaway(constants.CONTACTS, crm_id) for crm_id in dict.fromkeys([*live, *binned])]
        return [*await self._modules(), *await self._fields(), *contacts]

    async def _binned(self) -> list[JsonObject]:
        views = await self.ask(routes.PROBE)
        bins = [
            id_of(view) for view in records(views.object, "filters") if _BIN in str(view.get("name") or "").casefold()
        ]
        route = CONTACTS.view
        if not bins or route is None:
            return []
        query: Query = {"page": 1, "per_page": constants.PAGE, "sort": "updated_at", "sort_type": "desc"}
        page = await self.ask(route, route.at(view=bins[0]), query=query)
        return [record for record in records(page.object, constants.CONTACTS) if _is_ours(record)]

    async def _modules(self) -> list[Throwaway]:
        if not self.session.settings.has_modules:
            return []
        modules = await self.ask(routes.MODULE_LIST)
        listed = records(modules.object, "module_customizations")
        return [
            Throwaway(MODULE, id_of(module)) for module in listed if str(module.get("entity_name")).startswith(ENTITY)
        ]

    async def _fields(self) -> list[Throwaway]:
        """Fields of contacts, in accounts that show the form they are in: only there one is ever made."""
        forms = await self.ask(routes.FORMS, routes.FORMS.at(module=constants.CONTACTS))
        return [
            Throwaway(FIELD, id_of(each), f"{constants.CONTACTS}/{id_of(form)}")
            for form in records(forms.object, "forms")
            for each in flat(form.get("fields") or [])
            if str(each.get("label")).startswith(NAME)
        ]

    async def _forget(self, crm_id: str) -> str:
        """Remove a contact for good, with what hangs on it; where that takes a deletion first, after one."""
        route, softly = CONTACTS.forget or routes.PROBE, CONTACTS.delete or routes.PROBE
        answer = await self.ask(route, route.at(id=crm_id))
        if not answer.ok and answer.status != 404:
            await self.ask(softly, softly.at(id=crm_id))
            answer = await self.ask(route, route.at(id=crm_id))
        if answer.ok or answer.status == 404:
            return ""
        return f"it lies in the recycle bin for 90 days, since /forget was answered {answer.status}"


def refused(answer: Response) -> ProbeFailedError:
    """The error for a throwaway contact that was not taken, with the CRM's words without values."""
    labels = {name.replace("_", " "): name for name in SPECS[constants.CONTACTS].fields}
    reason = parse_error(answer, labels).complaint.reason
    return ProbeFailedError(f"a throwaway contact was answered {answer.status}{': ' if reason else ''}{reason}")


def _is_ours(record: JsonObject) -> bool:
    """Whether a record is a throwaway: the search goes by words, and somebody may be called like that."""
    return str(record.get("external_id") or "").startswith(MARK)
