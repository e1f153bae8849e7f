"""Custom fields and the custom module: what the account lacks, and creating it where the API allows."""

from __future__ import annotations

from collections.abc import Sequence

from perio_pipeline.crm.answers import id_of, records
from perio_pipeline.crm.freshsales import constants, routes
from perio_pipeline.crm.freshsales.account import no_modules, read_fields
from perio_pipeline.crm.freshsales.customfields import TYPES, WITH_OPTIONS
from perio_pipeline.crm.freshsales.errors import parse_error
from perio_pipeline.crm.freshsales.fieldchecks import MODULES, module_of, resolve
from perio_pipeline.crm.freshsales.routes import Route
from perio_pipeline.crm.freshsales.session import Session
from perio_pipeline.crm.http import JsonObject, Response
from perio_pipeline.crm.protocol import CreatedField, CreationStoppedError, FieldSpec, FieldType, Made
from perio_pipeline.errors import DestinationError

_MODULE_NAMES = {"singular_name": "Dental Treatment Plan", "plural_name": "Dental Treatment Plans", "icon": "document"}


async def missing_fields(session: Session, wanted: Sequence[FieldSpec]) -> list[FieldSpec]:
    """Resolve the custom fields that the mapping needs; returns those that the account lacks.

    Raises:
        DestinationError: a field that does not fit, or a custom module that the plan does not have.
    """
    models = dict.fromkeys(spec.model for spec in wanted)
    for model in models:
        module_of(model)
        if model not in MODULES and not session.settings.has_modules:
            raise no_modules(session)
    fresh = False
    while True:
        for model in models:
            await read_fields(session, model)
        try:
            missing = resolve(wanted, session.account_fields, session.custom)
        except DestinationError:
            if fresh:
                raise
            missing = list(wanted)
        if not missing or fresh:
            return missing
        # What was remembered lacks something: an admin may have created it since.
        session.memory.forget()
        fresh = True


async def create_fields(session: Session, missing: Sequence[FieldSpec]) -> list[CreatedField]:
    """Create custom fields, and the custom module when the account lacks it.

    Raises:
        CreationStoppedError: the account refused one; holds what was made before it.
        DestinationError: the API does not create such fields here.
    """
    _require_allowed(session, missing)
    created: list[CreatedField] = []
    try:
        for model in dict.fromkeys(spec.model for spec in missing):
            form = await _form_of(session, model, created)
            for spec in missing:
                if spec.model == model:
                    created.append(await _create_field(session, spec, form))
    except DestinationError as error:
        raise CreationStoppedError(error, created) from error
    finally:
        session.memory.forget()
    return created


def _require_allowed(session: Session, missing: Sequence[FieldSpec]) -> None:
    allowed = session.capabilities
    by_hand = [
        spec
        for spec in missing
        # How the target of a look-up field is stated is not documented.
        if spec.type is FieldType.LOOKUP
        or not (allowed.create_fields_standard if spec.model in MODULES else allowed.create_fields_module)
    ]
    if by_hand:
        listed = "; ".join(f"{module_of(spec.model)}: {spec.label} ({_type_for_people(spec)})" for spec in by_hand)
        raise DestinationError(
            f"{constants.NAME} does not create these custom fields over the API: {listed}.",
            "Create them in Admin Settings with exactly these labels, then run again.",
        )


def _type_for_people(spec: FieldSpec) -> str:
    return f"lookup of {spec.target}" if spec.type is FieldType.LOOKUP else TYPES[spec.type][0]


async def _form_of(session: Session, model: str, created: list[CreatedField]) -> str:
    path = routes.FORMS.at(module=module_of(model))
    forms = records(await session.fetch(routes.FORMS, path), "forms")
    if not forms and model not in MODULES:
        created.append(await _create_module(session, model))
        forms = records(await session.fetch(routes.FORMS, path), "forms")
    if not forms:
        raise DestinationError(
            f"{session.settings.alias} shows no form of {module_of(model)} to create fields in.",
            "Create the fields in Admin Settings, then run again.",
        )
    return id_of(forms[0])


async def _create_module(session: Session, entity: str) -> CreatedField:
    name = entity if session.capabilities.module_prefix else entity.removeprefix(constants.ENTITY_PREFIX)
    body: JsonObject = {"module_customization": {"entity_name": name, **_MODULE_NAMES}}
    await _require_done(session, routes.MODULE_CREATE, routes.MODULE_CREATE.path, body, f"the custom module {entity}")
    modules = records(await session.fetch(routes.MODULE_LIST, routes.MODULE_LIST.path), "module_customizations")
    made = [id_of(module) for module in modules if module.get("entity_name") == entity]
    if not made:
        raise _unseen(f"the custom module {entity}")
    return CreatedField(entity, entity, made[0], Made.MODULE)


async def _create_field(session: Session, spec: FieldSpec, form: str) -> CreatedField:
    wanted = TYPES[spec.type][0]
    body: JsonObject = {
        "field_type": session.capabilities.type_codes.get(wanted, wanted),
        "label": spec.label or spec.name,
        "required": False,
    }
    if spec.type in WITH_OPTIONS:
        body["choices"] = [{"value": option, "position": number} for number, option in enumerate(spec.options, 1)]
    path = routes.FIELD_CREATE.at(module=module_of(spec.model), form=form)
    await _require_done(session, routes.FIELD_CREATE, path, body, f"the custom field {spec.name}")
    # What was made is read rather than believed: the codes of types are not documented.
    session.memory.forget()
    await read_fields(session, spec.model)
    if resolve([spec], session.account_fields, session.custom):
        raise _unseen(f"the custom field {spec.name}")
    name = session.custom.api_name(spec.model, spec.name)
    made = next(record for record in session.account_fields[spec.model] if record.get("name") == name)
    return CreatedField(spec.model, spec.name, id_of(made))


def _unseen(what: str) -> DestinationError:
    return DestinationError(
        f"{constants.NAME} does not show {what} after its creation.", "Run again; what exists by then is used."
    )


async def _require_done(session: Session, route: Route, path: str, body: JsonObject, what: str) -> None:
    """Send a creation. One whose answer was lost is not repeated: what follows shows whether it happened."""
    result = await session.call(route, path, body=body)
    if isinstance(result, Response) and 400 <= result.status < 500:
        raise DestinationError(
            f"{constants.NAME} refuses {what}: {parse_error(result).complaint.reason or f'HTTP {result.status}'}.",
            "Create it by hand in Admin Settings, or switch its capability off in the practice's file.",
        )
