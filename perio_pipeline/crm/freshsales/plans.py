"""What Freshsales' plans allow (API facts, sections 1.2, 6.3, 9 and 13).

Requests: support article 50000005599. Custom fields: 50000002390. Custom modules: 50000002402. Files: 50000002563.
Pipelines: 50000002466.
"""

from __future__ import annotations

from collections.abc import Mapping

from perio_pipeline.crm.freshsales import constants
from perio_pipeline.crm.plans import MODULE_TOTAL, MODULES, PIPELINES, TOTAL, Plan, Plans, Rate
from perio_pipeline.crm.protocol import FieldType

NAMES = ("free", "growth", "pro", "enterprise")
REQUESTS_PER_HOUR = (1000, 1000, 2000, 5000)
STORAGE_GB_PER_USER = (0, 2, 5, 100)

TEXT, CHOICES, NUMBER, DATE = "text", "dropdown or radio", "number", "date picker"
LONG_TEXT, MULTI, CHECKBOX, LOOKUP = "text area", "multi-select", "checkbox", "look-up"

LIMITS: Mapping[str, tuple[int | None, ...]] = {
    TEXT: (0, 20, 30, 70),
    CHOICES: (0, 30, 40, 250),
    LONG_TEXT: (0, 5, 10, 20),
    MULTI: (0, 5, 10, 30),
    NUMBER: (0, 30, 50, 70),
    CHECKBOX: (0, 30, 50, 70),
    DATE: (0, 30, 50, 70),
    LOOKUP: (0, 0, 10, 50),
    TOTAL: (0, 150, 250, 630),
    # Article 50000002402; the newer 50000002390 allows as many as elsewhere, so the smaller number is safe.
    MODULE_TOTAL: (0, 0, 0, 310),
    MODULES: (0, 0, 0, None),
    PIPELINES: (1, 1, None, None),
}
"""In the order of `NAMES`; None where no number is published."""

KINDS: Mapping[FieldType, str] = {
    FieldType.TEXT: TEXT,
    FieldType.PHONE: TEXT,
    FieldType.LONG_TEXT: LONG_TEXT,
    FieldType.NUMBER: NUMBER,
    FieldType.DATE: DATE,
    FieldType.DATE_TIME: DATE,
    FieldType.CHOICE: CHOICES,
    FieldType.MULTI_CHOICE: MULTI,
    FieldType.CHECKBOX: CHECKBOX,
    FieldType.LOOKUP: LOOKUP,
}

CUSTOM_MODULES, LOOKUP_FIELDS, SEVERAL_PIPELINES = "custom_modules", "lookup_fields", "several_pipelines"
FEATURES: Mapping[str, str] = {
    CUSTOM_MODULES: "custom modules",
    LOOKUP_FIELDS: "look-up fields",
    SEVERAL_PIPELINES: "more than one pipeline",
}


def _plan(place: int) -> Plan:
    limits = {kind: limit for kind, numbers in LIMITS.items() if (limit := numbers[place]) is not None}
    features = {
        CUSTOM_MODULES: limits.get(MODULES) != 0,
        LOOKUP_FIELDS: limits[LOOKUP] > 0,
        SEVERAL_PIPELINES: PIPELINES not in limits,
    }
    return Plan(
        NAMES[place],
        (Rate(REQUESTS_PER_HOUR[place], constants.HOUR), Rate(constants.REQUESTS_PER_MINUTE, constants.MINUTE)),
        frozenset(name for name, has in features.items() if has),
        STORAGE_GB_PER_USER[place],
        limits,
    )


PLANS = Plans(
    crm=constants.NAME,
    all=tuple(_plan(place) for place in range(len(NAMES))),
    assumed="growth",
    features=FEATURES,
    kinds=KINDS,
    module_prefix=constants.ENTITY_PREFIX,
    max_choices=constants.MAX_OPTIONS,
)
