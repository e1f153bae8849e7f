"""The account as a whole: opening it, reading its look-ups, and its custom fields."""

from __future__ import annotations

from collections.abc import Sequence

from perio_pipeline.crm.answers import records
from perio_pipeline.crm.concurrency import concurrently
from perio_pipeline.crm.highlevel import routes
from perio_pipeline.crm.highlevel.customfields import REMEDY, compare, creation_body
from perio_pipeline.crm.highlevel.errors import parse_error
from perio_pipeline.crm.highlevel.limits import lengths
from perio_pipeline.crm.highlevel.lookups import take_lists
from perio_pipeline.crm.highlevel.routes import Route
from perio_pipeline.crm.highlevel.session import Session
from perio_pipeline.crm.http import JsonObject, Query, Response
from perio_pipeline.crm.protocol import (
    AccountInfo,
    CreatedField,
    CreationLog,
    FieldSpec,
    KeptField,
    Made,
    Standing,
    missing_of,
)
from perio_pipeline.crm.setup import doubt
from perio_pipeline.errors import DestinationError

# A person waits for the first answer, and a wrong address does not become right by repetition.
_ATTEMPTS_TO_REACH = 2
_CAPABILITIES = {
    "allow_duplicate_contact": "allowDuplicateContact",
    "allow_duplicate_opportunity": "allowDuplicateOpportunity",
}


async def check_account(session: Session) -> AccountInfo:
    """Check that the token opens the expected location with all scopes needed, and read its look-ups.

    Raises:
        DestinationError: what is wrong and what to do.
    """
    location = await _location(session)
    lists = [
        (routes.PIPELINES, "pipelines"),
        (routes.USERS, "users"),
        (routes.CALENDARS, "calendars"),
    ]

    async def entries(wanted: tuple[Route, str]) -> list[JsonObject]:
        route, key = wanted
        query: Query = {"locationId": session.location_id}
        return records(await session.set_up(route, route.path, query=query), key)

    pipelines, users, calendars = await concurrently(entries, lists, len(lists))
    take_lists(session.lookups, pipelines, users, calendars)
    stated = location.get("settings")
    behaviour = stated if isinstance(stated, dict) else {}
    return AccountInfo(
        id=session.location_id,
        name=str(location.get("name") or ""),
        country=str(location.get("country") or ""),
        time_zone=str(location.get("timezone") or ""),
        capabilities={
            **{name: behaviour.get(key) is True for name, key in _CAPABILITIES.items()},
            **session.capabilities.as_mapping(),
        },
        lookups=session.lookups.names(),
        lengths=lengths(session),
    )


async def account_fields(session: Session) -> list[JsonObject]:
    """All custom fields of contacts and opportunities."""
    path = routes.FIELD_LIST.at(location=session.location_id)
    return records(await session.fetch(routes.FIELD_LIST, path, query={"model": "all"}), "customFields")


async def missing_fields(session: Session, wanted: Sequence[FieldSpec]) -> list[FieldSpec]:
    """Resolve the custom fields by name and model; returns those that the account lacks."""
    path = routes.FIELD_LIST.at(location=session.location_id)
    answer = await session.set_up(routes.FIELD_LIST, path, query={"model": "all"})
    missing = missing_of(compare(wanted, records(answer, "customFields"), session.custom), "HighLevel", REMEDY)
    if missing:
        doubt(session.settings.set_up)
    return missing


async def standings(session: Session, wanted: Sequence[FieldSpec]) -> list[Standing]:
    """Compare the account as it is now with the custom fields that are wanted."""
    return compare(wanted, await account_fields(session), session.custom)


async def create_fields(session: Session, missing: Sequence[FieldSpec], log: CreationLog) -> list[CreatedField]:
    """Create custom fields.

    Raises:
        DestinationError: the account refused one; `log` knows those that were made before it.
    """
    return [await _create_field(session, spec, log) for spec in missing]


async def remove_fields(session: Session, created: Sequence[CreatedField]) -> list[KeptField]:
    """Delete custom fields; returns those that stay."""
    kept: list[KeptField] = []
    for each in created:
        path = routes.FIELD_DELETE.at(location=session.location_id, id=each.crm_id)
        result = await session.call(routes.FIELD_DELETE, path)
        if isinstance(result, Response) and (result.ok or parse_error(result).absent):
            continue
        cause = parse_error(result).reason if isinstance(result, Response) else result.cause
        # An answer may be lost after the deed.
        if not any(str(item.get("id")) == each.crm_id for item in await account_fields(session)):
            continue
        kept.append(KeptField(each, f"HighLevel did not delete it ({cause}); delete it in Settings > Custom Fields."))
    return kept


async def _create_field(session: Session, spec: FieldSpec, log: CreationLog) -> CreatedField:
    """Create one custom field. After a lost answer the field is looked for before anything is said.

    Raises:
        DestinationError: the account refused it.
    """
    log.begun(Made.FIELD, spec.model, spec.name)
    created = CreatedField(spec.model, spec.name, await _field_id(session, spec, log))
    log.done(created)
    return created


async def _field_id(session: Session, spec: FieldSpec, log: CreationLog) -> str:
    path = routes.FIELD_CREATE.at(location=session.location_id)
    result = await session.call(routes.FIELD_CREATE, path, body=creation_body(spec))
    if isinstance(result, Response):
        made = result.object.get("customField")
        if result.ok and isinstance(made, dict) and made.get("id"):
            return session.custom.register(made, spec)
        if 400 <= result.status < 500:
            reason = parse_error(result).reason
            log.refused(Made.FIELD, spec.model, spec.name, reason)
            raise DestinationError(
                f"HighLevel refuses the custom field {spec.name}: {reason}.",
                "Create the field by hand in the account, or change it in the mapping.",
            )
    if missing_of(await standings(session, [spec]), "HighLevel", REMEDY):
        raise DestinationError(
            f"It is not known whether HighLevel created the custom field {spec.name}.",
            "Run again; a field that exists by then is used.",
        )
    return session.custom.id_of(spec.model, spec.name)


async def _location(session: Session) -> JsonObject:
    path = routes.LOCATION.at(location=session.location_id)
    answer = await session.set_up(routes.LOCATION, path, connects=_ATTEMPTS_TO_REACH)
    location = (answer or {}).get("location")
    if not isinstance(location, dict):
        raise DestinationError(
            f"HighLevel has no location {session.location_id}.",
            "Correct the location id in the practice's file.",
        )
    expected = session.settings.expected_name
    if location.get("id") != session.location_id:
        raise DestinationError(
            f"The token opens the location {location.get('id')}, not {session.location_id}.",
            "Use the token of the right sub-account, or correct the location id in the practice's file.",
        )
    if expected is not None and location.get("name") != expected:
        raise DestinationError(
            f"The location {session.location_id} is named {location.get('name')!r}, not {expected!r}.",
            "Make sure that it is the practice's own sub-account, then correct the name in the practice's file.",
        )
    return location
