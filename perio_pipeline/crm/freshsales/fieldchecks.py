"""Whether the account's custom fields fit the mapping: found by label, of the right type, with all choices."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from perio_pipeline.crm.answers import id_of
from perio_pipeline.crm.freshsales import constants
from perio_pipeline.crm.freshsales.capabilities import Capabilities
from perio_pipeline.crm.freshsales.customfields import TYPES, WITH_OPTIONS, CustomFields, choices_of
from perio_pipeline.crm.http import JsonObject
from perio_pipeline.crm.protocol import FieldSpec, FieldType, Fit, Made, Standing

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


REMEDY = "Correct them in Admin Settings (a type cannot be changed, only a field deleted), then run again."
"""What to do about fields that do not fit."""


def compare(
    wanted: Sequence[FieldSpec],
    account: Mapping[str, Iterable[JsonObject]],
    known: CustomFields,
    allowed: Capabilities,
) -> list[Standing]:
    """Compare the wanted fields with those of the account, and register those that fit.

    Args:
        wanted: what the mapping needs.
        account: model → its fields in the account.
        known: where found fields are registered.
        allowed: how the account behaves, on which it depends what the API creates.
    """
    standings = []
    for spec in wanted:
        same = _same(spec, account.get(spec.model, ()))
        fault = _fault(spec, same)
        fit = Fit.DIFFERS if fault else Fit.THERE if same else Fit.MISSING
        if fit is Fit.THERE:
            known.register(same[0], spec)
        crm_id, by_hand = id_of(same[0]) if len(same) == 1 else "", by_hand_since(spec, allowed)
        standings.append(Standing(Made.FIELD, spec.model, spec.name, fit, crm_id, fault, by_hand, spec))
    return standings


def by_hand_since(spec: FieldSpec, allowed: Capabilities) -> str:
    """Why only an admin can create a field; empty where the API does."""
    if spec.type is FieldType.LOOKUP:
        return "how the target of a look-up field is stated over the API is not documented"
    standard = spec.model in MODULES
    if allowed.create_fields_standard if standard else allowed.create_fields_module:
        return ""
    capability = "create_fields_standard" if standard else "create_fields_module"
    return f"the account's capability {capability} is off"


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
