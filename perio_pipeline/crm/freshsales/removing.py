"""Undoing what `schema` created: the custom module with all its fields, and custom fields where the API deletes them.

What the account shows afterwards decides what stayed: that a field can be deleted over the API is not documented, so
that an answer to it proves nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from perio_pipeline.crm.answers import id_of, records
from perio_pipeline.crm.freshsales import constants, routes
from perio_pipeline.crm.freshsales.account import read_fields
from perio_pipeline.crm.freshsales.errors import parse_error
from perio_pipeline.crm.freshsales.fieldchecks import module_of
from perio_pipeline.crm.freshsales.listing import count
from perio_pipeline.crm.freshsales.objects import SPECS
from perio_pipeline.crm.freshsales.routes import Route
from perio_pipeline.crm.freshsales.session import Session
from perio_pipeline.crm.http import Failure
from perio_pipeline.crm.protocol import CreatedField, KeptField, Made


async def remove_fields(session: Session, created: Sequence[CreatedField]) -> list[KeptField]:
    """Remove custom modules that hold no records, then custom fields; returns what stays, and why.

    Raises:
        DestinationError: the account as a whole refuses, or does not tell what is left.
    """
    why: dict[CreatedField, str] = {}
    for each in created:
        if each.kind is Made.MODULE:
            why[each] = await _remove_module(session, each)
    with_module = {each.model for each, obstacle in why.items() if not obstacle}
    for each in created:
        if each.kind is Made.FIELD:
            why[each] = "" if each.model in with_module else await _remove_field(session, each)
    session.memory.forget()
    left = await _shown(session, created)
    return [KeptField(each, _for_people(each, why[each])) for each in created if (each.kind, each.crm_id) in left]


async def _remove_module(session: Session, module: CreatedField) -> str:
    """Why a module stays, as far as that is known."""
    spec = next((spec for spec in SPECS.values() if spec.model == module.model), None)
    held = await count(spec, session) if spec else None
    if held is None:
        return "it is not known whether people keep records in it"
    if held:
        return f"it holds {held} records"
    return await _delete(session, routes.MODULE_DELETE, routes.MODULE_DELETE.at(id=module.crm_id))


async def _remove_field(session: Session, field: CreatedField) -> str:
    """Why a field stays, as far as that is known."""
    module = module_of(field.model)
    if not session.capabilities.delete_fields:
        return "the API does not delete fields"
    forms = records(await session.fetch(routes.FORMS, routes.FORMS.at(module=module)), "forms")
    if not forms:
        return f"the account shows no form of {module}"
    path = routes.FIELD_DELETE.at(module=module, form=id_of(forms[0]), id=field.crm_id)
    return await _delete(session, routes.FIELD_DELETE, path)


async def _delete(session: Session, route: Route, path: str) -> str:
    result = await session.call(route, path)
    if isinstance(result, Failure):
        return result.cause
    return "" if result.ok else parse_error(result).complaint.reason or f"HTTP {result.status}"


async def _shown(session: Session, created: Iterable[CreatedField]) -> set[tuple[Made, str]]:
    """What the account still has of the kinds that were created."""
    kinds = {(each.kind, each.model) for each in created}
    left: set[tuple[Made, str]] = set()
    if any(kind is Made.MODULE for kind, _ in kinds):
        modules = records(await session.fetch(routes.MODULE_LIST, routes.MODULE_LIST.path), "module_customizations")
        left |= {(Made.MODULE, id_of(module)) for module in modules}
    for model in sorted(model for kind, model in kinds if kind is Made.FIELD):
        await read_fields(session, model)
        left |= {(Made.FIELD, id_of(field)) for field in session.account_fields[model]}
    return left


def _for_people(kept: CreatedField, cause: str) -> str:
    of = "" if kept.kind is Made.MODULE else f" of {module_of(kept.model)}"
    still = f"{constants.NAME} still has the {kept.kind} {kept.name}{of}"
    return f"{still} ({cause or 'though it said that it was deleted'}); delete it in Admin Settings."
