"""Creating a custom module and fields over the API, tried on a throwaway module that goes with its fields (5, 6)."""

from __future__ import annotations

from collections.abc import Mapping

from perio_pipeline.crm.answers import id_of, records
from perio_pipeline.crm.freshsales import constants, routes
from perio_pipeline.crm.freshsales.customfields import TYPES, flat
from perio_pipeline.crm.freshsales.limits import CHOICE_SEPARATOR
from perio_pipeline.crm.freshsales.probes.searches import VIEWS
from perio_pipeline.crm.freshsales.probes.workshop import ENTITY, FIELD, MODULE, Workshop
from perio_pipeline.crm.freshsales.routes import Route, custom_module_routes
from perio_pipeline.crm.http import JsonObject
from perio_pipeline.crm.probing import Finding, Probe
from perio_pipeline.crm.throwaways import NAME

_CODES = range(1, 13)
"""Numbers of field types that are tried; names are tried first."""
_CHOICES = [{"value": value, "position": position} for position, value in enumerate(("A", "B"), 1)]
_MULTI = "multi_select_dropdown"
_WANTED = {names[0] for names in TYPES.values()}


async def module(shop: Workshop) -> list[Finding]:
    """A custom module, with `cm_` in its name and without."""
    if not shop.session.settings.has_modules:
        return [Finding("the plan has no custom modules")]
    said, prefix = [], len(constants.ENTITY_PREFIX)
    for name in (f"{ENTITY}_{shop.tag}", f"{ENTITY}_{shop.tag}"[prefix:]):
        names = {"singular_name": f"{NAME} {shop.tag}", "plural_name": f"{NAME}s {shop.tag}", "icon": "document"}
        answer = await shop.ask(routes.MODULE_CREATE, body={"module_customization": {"entity_name": name, **names}})
        prefixed = name.startswith(constants.ENTITY_PREFIX)
        said.append(f"{'with' if prefixed else 'without'} cm_: {answer.status}")
        if answer.ok:
            evidence = f"POST /settings/module_customizations {'; '.join(said)}"
            return [
                Finding(evidence, "create_fields_module", await _found_module(shop)),
                Finding(evidence, "module_prefix", prefixed),
            ]
    return [Finding(f"POST /settings/module_customizations {'; '.join(said)}", "create_fields_module", False)]


async def module_fields(shop: Workshop) -> list[Finding]:
    """Where the module's fields are listed, by which numbers types go, and whether a field can be deleted."""
    entity = shop.known.get("module")
    if entity is None:
        return [Finding("there was no throwaway module to try fields on")]
    forms = await shop.ask(routes.FORMS, routes.FORMS.at(module=entity))
    listed = records(forms.object, "forms")
    plain = await shop.ask(routes.FIELDS, routes.FIELDS.at(module=entity))
    way = "forms" if listed else "fields"
    evidence = f"GET forms: {forms.status}, GET fields: {plain.status}"
    findings = [Finding(evidence, "module_fields", way)] if forms.ok or plain.ok else [Finding(evidence)]
    if not listed:
        return [*findings, Finding("no form is shown to create fields in", "create_fields_module", False)]
    return findings + await _types(shop, entity, id_of(listed[0]), way)


async def module_views(shop: Workshop) -> list[Finding]:
    """Whether the records of the module are listed by views, as contacts are."""
    entity = shop.known.get("module")
    if entity is None or VIEWS not in shop.known:
        return []
    routes_of = custom_module_routes(f"custom_module/{entity}")
    answer = await shop.ask(routes_of.filters or routes.PROBE)
    evidence = f"GET filters of contacts: 200, of a custom module: {answer.status}"
    return [Finding(evidence, "view_lists", "all" if answer.ok else "standard")]


async def several_choices(shop: Workshop) -> list[Finding]:
    """Several choices as a list, in a record of the module; where that is refused, joined, to see what was refused."""
    entity, name = shop.known.get("module"), shop.known.get(_MULTI)
    if entity is None or name is None:
        return [Finding("there was no field of several choices to try")]
    route, statuses = Route("POST", f"/custom_module/{entity}"), []
    for way, value in (("as a list", ["A", "B"]), ("joined", f"A{CHOICE_SEPARATOR}B")):
        answer = await shop.ask(route, body={entity: {"name": NAME, "custom_field": {name: value}}})
        statuses.append(f"{way}: {answer.status}")
        if answer.ok:
            evidence = f"several choices {', '.join(statuses)}"
            return [Finding(evidence, "multi_select_array", way == "as a list")]
    return [Finding(f"several choices {', '.join(statuses)}")]


async def standard_fields(shop: Workshop) -> list[Finding]:
    """Whether contacts show a form to create fields in; one is made only where it can be deleted again."""
    forms = await shop.ask(routes.FORMS, routes.FORMS.at(module=constants.CONTACTS))
    listed = records(forms.object, "forms")
    evidence = f"GET /settings/contacts/forms: {forms.status}"
    if not listed:
        return [Finding(evidence, "create_fields_standard", False)]
    if "delete_fields" not in shop.known:
        return [Finding(f"{evidence}; no field was made, since it could not be deleted again")]
    form, code = id_of(listed[0]), shop.known.get("text", "text")
    route = routes.FIELD_CREATE
    body: JsonObject = {"field_type": int(code) if code.isdecimal() else code, "label": f"{NAME} {shop.tag}"}
    answer = await shop.ask(route, route.at(module=constants.CONTACTS, form=form), body=body)
    made = answer.object.get("field")
    if answer.ok and isinstance(made, dict):
        shop.thrown.add(FIELD, id_of(made), f"{constants.CONTACTS}/{form}")
    return [Finding(f"{evidence}, POST of a field: {answer.status}", "create_fields_standard", answer.ok)]


async def _found_module(shop: Workshop) -> bool:
    """Remember the module that was made, by its name; whether it is shown."""
    modules = records((await shop.ask(routes.MODULE_LIST)).object, "module_customizations")
    for each in modules:
        if each.get("entity_name") == f"{ENTITY}_{shop.tag}":
            shop.known["module"] = str(each["entity_name"])
            shop.thrown.add(MODULE, id_of(each))
    return "module" in shop.known


async def _types(shop: Workshop, entity: str, form: str, way: str) -> list[Finding]:
    """Make a field of each type, by name or by number, and read what came of it."""
    by_name = [name for name in sorted(_WANTED) if await _field(shop, entity, form, name, name)]
    numbers: list[int] = []
    if not by_name:
        numbers = [code for code in _CODES if await _field(shop, entity, form, code, f"code {code}")]
    shown = await _shown(shop, entity, way)
    types = {str(field.get("label")): str(field.get("type")) for field in shown}
    codes = _coded({code: types.get(f"code {code}", "") for code in numbers})
    shop.known |= {name: str(code) for name, code in codes.items()}
    multi = next((field for field in shown if field.get("type") == _MULTI), None)
    shop.known |= {_MULTI: str(multi["name"])} if multi else {}
    stated = ",".join(f"{name}:{code}" for name, code in sorted(codes.items()))
    evidence = f"fields made by type name: {len(by_name)}, by number: {len(codes)} of {len(_CODES)}"
    findings = [Finding(evidence, "field_type_codes", stated)] if by_name or codes else [Finding(evidence)]
    return [*findings, await _deleted(shop, entity, form, way, shown)]


def _coded(shown: Mapping[int, str]) -> dict[str, int]:
    """The name by which the adapter asks for a type → its number; a type may be shown under several names."""
    codes: dict[str, int] = {}
    for names in TYPES.values():
        found = [code for name in names for code, kind in shown.items() if kind == name]
        codes |= {names[0]: found[0]} if found else {}
    return codes


async def _deleted(shop: Workshop, entity: str, form: str, way: str, shown: list[JsonObject]) -> Finding:
    """Delete one of the module's own fields."""
    custom = [field for field in shown if str(field.get("name")).startswith(constants.CUSTOM_PREFIX)]
    own = [field for field in custom if field.get("type") != _MULTI]  # that one is still needed
    if not own:
        return Finding("there was no field to delete")
    route, number = routes.FIELD_DELETE, id_of(own[0])
    answer = await shop.ask(route, route.at(module=entity, form=form, id=number))
    gone = answer.ok and all(id_of(field) != number for field in await _shown(shop, entity, way))
    shop.known |= {"delete_fields": "true"} if gone else {}
    return Finding(f"DELETE of a field: {answer.status}, {'gone' if gone else 'still there'}", "delete_fields", gone)


async def _field(shop: Workshop, entity: str, form: str, kind: int | str, label: str) -> bool:
    route, body = routes.FIELD_CREATE, {"field_type": kind, "label": label, "required": False, "choices": _CHOICES}
    return (await shop.ask(route, route.at(module=entity, form=form), body=body)).ok


async def _shown(shop: Workshop, entity: str, way: str) -> list[JsonObject]:
    route = routes.FORMS if way == "forms" else routes.FIELDS
    listed = (await shop.ask(route, route.at(module=entity))).object.get(way)
    return flat(listed) if isinstance(listed, list) else []


PROBES = (
    Probe("module", "18.11", 4, module),
    Probe("module_fields", "18.4", 6 + len(_WANTED) + len(_CODES), module_fields),
    Probe("module_views", "18.11", 1, module_views),
    Probe("several_choices", "18.5", 2, several_choices),
    Probe("standard_fields", "18.4", 3, standard_fields),
)
