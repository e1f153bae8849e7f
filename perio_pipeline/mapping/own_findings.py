"""A practice's own findings as custom fields: its file declares them, a mapping file says what carries them."""

from __future__ import annotations

import re
from collections.abc import Mapping as Dictionary

from perio_pipeline.errors import SettingsError
from perio_pipeline.mapping.model import FieldMap, Join, Mapping, ObjectMap
from perio_pipeline.panda.own_findings import OwnFinding

_COLUMNS = {"text": "text", "choice": "text", "number": "number", "date": "date"}
"""Type of a finding → the frame's column, and the transform of the same name."""


def with_findings(mapping: Mapping, declared: Dictionary[str, OwnFinding]) -> Mapping:
    """Return the mapping with one custom field per declared finding, on the object that carries them.

    Raises:
        SettingsError: two findings, or a finding and another field, would have one name; or no object carries any.
    """
    if not declared:
        return mapping
    objects = {name: _extended(obj, declared) if obj.findings else obj for name, obj in mapping.objects.items()}
    if objects == mapping.objects:
        raise SettingsError(
            f"The practice's file declares findings, but no object of {mapping.destination}.yaml carries them.",
            "Give the patients' object `findings: clinical/practice_findings`, or declare none.",
        )
    return mapping.model_copy(update={"objects": objects})


def field_name(finding: str) -> str:
    """The migration's stable name of a finding's field: `Night guard` → `Finding_Night_Guard__c`."""
    words = re.findall(r"[A-Za-z0-9]+", finding)
    return f"Finding_{'_'.join(word[:1].upper() + word[1:] for word in words)}__c"


def _extended(obj: ObjectMap, declared: Dictionary[str, OwnFinding]) -> ObjectMap:
    joins, custom = dict(obj.join), dict(obj.custom)
    for name, finding in declared.items():
        field = field_name(name)
        if field in custom:
            raise SettingsError(
                f"The finding {name} would be the field {field}, which is there already.", "Declare it once."
            )
        alias = field.removesuffix("__c").lower()
        joins[alias] = Join(frame=obj.findings, on={"patient_id": "patient_id"}, where={"finding": name})
        custom[field] = _field(name, finding, alias)
    return obj.model_copy(update={"join": joins, "custom": custom})


def _field(name: str, finding: OwnFinding, alias: str) -> FieldMap:
    kind = {"count": "number", "teeth": "text"}.get(finding.take, finding.type)
    column = _COLUMNS[kind]
    entry = {"from": f"{alias}.{column}", "as": column, "type": kind, "label": finding.called(name)}
    choices = {"choices": finding.choices} if kind == "choice" else {}
    return FieldMap.model_validate({**entry, **choices, "why": f"G5 {finding.why}"})
