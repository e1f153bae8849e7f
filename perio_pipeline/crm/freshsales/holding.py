"""Which records hold a value in a custom field, whoever put it there: what removing the field would take away.

Nothing says that a list shows every field of a record. So a list that leaves one out proves nothing about it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from perio_pipeline.crm.answers import has_value, id_of
from perio_pipeline.crm.freshsales.account import read_fields
from perio_pipeline.crm.freshsales.errors import ForbiddenError
from perio_pipeline.crm.freshsales.objects import SPECS
from perio_pipeline.crm.freshsales.session import Session
from perio_pipeline.crm.freshsales.walking import record_pages, view_of_all
from perio_pipeline.crm.http import JsonObject
from perio_pipeline.crm.protocol import CreatedField, Made


async def holders(session: Session, created: Sequence[CreatedField]) -> dict[CreatedField, frozenset[str] | None]:
    """CRM ids of the records in which each field holds a value, or that lie in each module; None where none tells."""
    held: dict[CreatedField, frozenset[str] | None] = {}
    session.memory.forget()
    for model in sorted({each.model for each in created}):
        await read_fields(session, model)
        names = {id_of(field): str(field.get("name") or "") for field in session.account_fields[model]}
        here = [each for each in created if each.model == model]
        gone = [each for each in here if each.kind is Made.FIELD and each.crm_id not in names]
        held |= dict.fromkeys(gone, frozenset())
        left = {each: names.get(each.crm_id, "") for each in here if each not in gone}
        held |= await _holders_in(session, model, left) if left else {}
    return held


async def _holders_in(
    session: Session, model: str, names: Mapping[CreatedField, str]
) -> dict[CreatedField, frozenset[str] | None]:
    """The same for one module, by the CRM's names of the fields; a module itself has none."""
    spec = next(spec for spec in SPECS.values() if spec.model == model)
    found: dict[CreatedField, set[str]] = {each: set() for each in names}
    untold: set[CreatedField] = set()
    try:
        view = await view_of_all(spec, session)
        if view is None:
            return dict.fromkeys(names)
        async for page in record_pages(spec, session, view):
            for record in page:
                for each, name in names.items():
                    holds = _holds(record, name)
                    untold |= {each} if holds is None else set()
                    found[each] |= {id_of(record)} if holds else set()
    except ForbiddenError:
        return dict.fromkeys(names)
    return {each: None if each in untold else frozenset(ids) for each, ids in found.items()}


def _holds(record: JsonObject, name: str) -> bool | None:
    """Whether a record holds something in a field; None where the list leaves it out."""
    if not name:
        return True
    custom = record.get("custom_field")
    return has_value(custom[name]) if isinstance(custom, dict) and name in custom else None
