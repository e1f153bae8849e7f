"""Custom fields and the custom module: what the account lacks, and creating it where the API allows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from perio_pipeline.crm.answers import id_of, records
from perio_pipeline.crm.freshsales import constants, routes
from perio_pipeline.crm.freshsales.account import no_modules, read_fields
from perio_pipeline.crm.freshsales.customfields import TYPES, WITH_OPTIONS
from perio_pipeline.crm.freshsales.errors import parse_error
from perio_pipeline.crm.freshsales.fieldchecks import MODULES, REMEDY, by_hand_since, compare, module_of
from perio_pipeline.crm.freshsales.routes import Route
from perio_pipeline.crm.freshsales.session import Session
from perio_pipeline.crm.http import JsonObject, Response
from perio_pipeline.crm.protocol import (
    CreatedField,
    CreationLog,
    FieldSpec,
    FieldType,
    Fit,
    Made,
    Standing,
    missing_of,
)
from perio_pipeline.errors import DestinationError

_MODULE_NAMES = {"singular_name": "Dental Treatment Plan", "plural_name": "Dental Treatment Plans", "icon": "document"}


async def missing_fields(session: Session, wanted: Sequence[FieldSpec]) -> list[FieldSpec]:
    """Resolve the custom fields that the mapping needs; returns those that the account lacks.

    Raises:
        DestinationError: a field that does not fit, or a custom module that the plan does not have.
    """
    found = await _compared(session, wanted)
    if any(each.fit is not Fit.THERE for each in found):
        # What was remembered lacks something: an admin may have created it since.
        session.memory.forget()
        found = await _compared(session, wanted)
    return missing_of(found, constants.NAME, REMEDY)


async def standings(session: Session, wanted: Sequence[FieldSpec]) -> list[Standing]:
    """Compare the account as it is now with the custom fields that are wanted, and the modules that carry them."""
    session.memory.forget()
    found = await _compared(session, wanted)
    carriers = dict.fromkeys(spec.model for spec in wanted if spec.model not in MODULES)
    shown = await _modules(session) if carriers else {}
    by_hand = "" if session.capabilities.create_fields_module else "the capability create_fields_module is off"
    modules = [
        Standing(Made.MODULE, each, each, Fit.THERE if each in shown else Fit.MISSING, shown.get(each, ""), "", by_hand)
        for each in carriers
    ]
    return modules + found


async def create_fields(session: Session, missing: Sequence[FieldSpec], log: CreationLog) -> list[CreatedField]:
    """Create custom fields, and the custom module when the account lacks it.

    Raises:
        DestinationError: the account refused one, and `log` knows those that were made before it; or the API does not
            create such fields here.
    """
    _require_allowed(session, missing)
    created: list[CreatedField] = []
    try:
        for model in dict.fromkeys(spec.model for spec in missing):
            form = await _form_of(session, model, created, log)
            for spec in missing:
                if spec.model == model:
                    created.append(await _create_field(session, spec, form, log))
    finally:
        session.memory.forget()
    return created


async def _compared(session: Session, wanted: Sequence[FieldSpec]) -> list[Standing]:
    for model in dict.fromkeys(spec.model for spec in wanted):
        module_of(model)
        if model not in MODULES and not session.settings.has_modules:
            raise no_modules(session)
        await read_fields(session, model)
    return compare(wanted, session.account_fields, session.custom, session.capabilities)


async def _modules(session: Session) -> dict[str, str]:
    """Entity name → id of the custom modules that the account shows."""
    modules = records(await session.fetch(routes.MODULE_LIST, routes.MODULE_LIST.path), "module_customizations")
    return {str(module.get("entity_name") or ""): id_of(module) for module in modules}


def _require_allowed(session: Session, missing: Sequence[FieldSpec]) -> None:
    by_hand = [spec for spec in missing if by_hand_since(spec, session.capabilities)]
    if by_hand:
        listed = "; ".join(f"{module_of(spec.model)}: {spec.label} ({_type_for_people(spec)})" for spec in by_hand)
        raise DestinationError(
            f"{constants.NAME} does not create these custom fields over the API: {listed}.",
            "Create them in Admin Settings with exactly these labels, then run again.",
        )


def _type_for_people(spec: FieldSpec) -> str:
    return f"lookup of {spec.target}" if spec.type is FieldType.LOOKUP else TYPES[spec.type][0]


async def _form_of(session: Session, model: str, created: list[CreatedField], log: CreationLog) -> str:
    path = routes.FORMS.at(module=module_of(model))
    forms = records(await session.fetch(routes.FORMS, path), "forms")
    if not forms and model not in MODULES:
        created.append(await _create_module(session, model, log))
        forms = records(await session.fetch(routes.FORMS, path), "forms")
    if not forms:
        raise DestinationError(
            f"{session.settings.alias} shows no form of {module_of(model)} to create fields in.",
            "Create the fields in Admin Settings, then run again.",
        )
    return id_of(forms[0])


async def _create_module(session: Session, entity: str, log: CreationLog) -> CreatedField:
    name = entity if session.capabilities.module_prefix else entity.removeprefix(constants.ENTITY_PREFIX)
    body: JsonObject = {"module_customization": {"entity_name": name, **_MODULE_NAMES}}
    asked = _Asked(log, Made.MODULE, entity, entity)
    await _require_done(session, routes.MODULE_CREATE, routes.MODULE_CREATE.path, body, asked)
    shown = await _modules(session)
    if entity not in shown:
        raise _unseen(asked)
    return asked.done(shown[entity])


async def _create_field(session: Session, spec: FieldSpec, form: str, log: CreationLog) -> CreatedField:
    wanted = TYPES[spec.type][0]
    body: JsonObject = {
        "field_type": session.capabilities.type_codes.get(wanted, wanted),
        "label": spec.label or spec.name,
        "required": False,
    }
    if spec.type in WITH_OPTIONS:
        body["choices"] = [{"value": option, "position": number} for number, option in enumerate(spec.options, 1)]
    path = routes.FIELD_CREATE.at(module=module_of(spec.model), form=form)
    asked = _Asked(log, Made.FIELD, spec.model, spec.name)
    await _require_done(session, routes.FIELD_CREATE, path, body, asked)
    # What was made is read rather than believed: the codes of types are not documented.
    session.memory.forget()
    found = await _compared(session, [spec])
    if missing_of(found, constants.NAME, REMEDY):
        raise _unseen(asked)
    return asked.done(found[0].crm_id)


@dataclass(frozen=True)
class _Asked:
    """A creation, and where it is noted."""

    log: CreationLog
    kind: Made
    model: str
    name: str

    def __str__(self) -> str:
        return f"the custom {self.kind} {self.name}"

    def done(self, crm_id: str) -> CreatedField:
        created = CreatedField(self.model, self.name, crm_id, self.kind)
        self.log.done(created)
        return created


def _unseen(asked: _Asked) -> DestinationError:
    return DestinationError(
        f"{constants.NAME} does not show {asked} after its creation.", "Run again; what exists by then is used."
    )


async def _require_done(session: Session, route: Route, path: str, body: JsonObject, asked: _Asked) -> None:
    """Send a creation. One whose answer was lost is not repeated: what follows shows whether it happened."""
    asked.log.begun(asked.kind, asked.model, asked.name)
    result = await session.call(route, path, body=body)
    if isinstance(result, Response) and 400 <= result.status < 500:
        reason = parse_error(result).complaint.reason or f"HTTP {result.status}"
        asked.log.refused(asked.kind, asked.model, asked.name, reason)
        raise DestinationError(
            f"{constants.NAME} refuses {asked}: {reason}.",
            "Create it by hand in Admin Settings, or switch its capability off in the practice's file.",
        )
