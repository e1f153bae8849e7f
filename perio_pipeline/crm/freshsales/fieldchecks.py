"""Whether the account's custom fields fit the mapping: found by label, of the right type, with all choices."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from perio_pipeline.crm.freshsales import constants
from perio_pipeline.crm.freshsales.customfields import TYPES, WITH_OPTIONS, CustomFields, choices_of
from perio_pipeline.crm.http import JsonObject
from perio_pipeline.crm.protocol import FieldSpec
from perio_pipeline.errors import DestinationError

MODULES: Mapping[str, str] = {
    "contact": constants.CONTACTS,
    "sales_account": constants.SALES_ACCOUNTS,
    "deal": constants.DEALS,
}
"""The models of the standard modules; a custom module's model is its entity name."""


def module_of(model: str) -> str:
    """The module in the settings' paths.

    Raises:
        ValueError: a model that carries no custom fields.
    """
    if model not in MODULES and not model.startswith(constants.ENTITY_PREFIX):
        raise ValueError(f"{constants.NAME} has no custom fields on {model or 'this object'}")
    return MODULES.get(model, model)


def resolve(
    wanted: Sequence[FieldSpec], account: Mapping[str, Iterable[JsonObject]], known: CustomFields
) -> list[FieldSpec]:
    """Register those of the wanted fields that the account has; returns those it lacks.

    Args:
        wanted: what the mapping needs.
        account: model → its fields in the account.
        known: where found fields are registered.

    Raises:
        DestinationError: lists every field that exists with another type, lacks choices, or exists twice.
    """
    missing: list[FieldSpec] = []
    faults: list[str] = []
    for spec in wanted:
        same = _same(spec, account.get(spec.model, ()))
        fault = _fault(spec, same)
        if fault:
            faults.append(f"{spec.model} field {spec.name} ({spec.label}) {fault}")
        elif same:
            known.register(same[0], spec)
        else:
            missing.append(spec)
    if faults:
        raise DestinationError(
            f"Custom fields of the {constants.NAME} account do not fit the mapping: {'; '.join(faults)}.",
            "Correct them in Admin Settings (a type cannot be changed, only a field deleted), then run again.",
        )
    return missing


def _same(spec: FieldSpec, present: Iterable[JsonObject]) -> list[JsonObject]:
    """The account's fields that go by the stable name or, when none does, by the label."""
    custom = [item for item in present if str(item.get("name") or "").startswith(constants.CUSTOM_PREFIX)]
    for wanted in (spec.name, spec.label):
        same = [item for item in custom if _folded(wanted) in (_folded(item.get("label")), _folded(item.get("name")))]
        if wanted and same:
            return same
    return []


def _fault(spec: FieldSpec, same: Sequence[JsonObject]) -> str:
    if len(spec.options) > constants.MAX_OPTIONS:
        return f"has {len(spec.options)} choices in the mapping; {constants.MAX_OPTIONS} are allowed"
    if not same:
        return ""
    if len(same) > 1:
        return f"exists {len(same)} times; keep one"
    stated, right = same[0].get("type"), TYPES[spec.type]
    if stated not in right:
        return f"has the type {stated}; it should be {right[0]}"
    offered = choices_of(same[0])
    lacking = [option for option in spec.options if option not in offered]
    return f"lacks the choices {', '.join(lacking)}" if spec.type in WITH_OPTIONS and lacking else ""


def _folded(text: object) -> str:
    return str(text or "").strip().casefold()
