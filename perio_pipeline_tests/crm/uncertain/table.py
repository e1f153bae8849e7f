"""The whole table, and which positions of settings and capabilities it must cover."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import fields
from typing import Any, get_args

from perio_pipeline.crm.freshsales.capabilities import CHOICES, Capabilities
from perio_pipeline.sandbox.freshsales.behaviour import Behaviour
from perio_pipeline_tests.crm.uncertain import account, reading, writing
from perio_pipeline_tests.crm.uncertain.cases import Case

CASES: tuple[Case, ...] = (*writing.CASES, *reading.CASES, *account.CASES)

NOT_USED: Mapping[str, str] = {
    "bulk_destroy_max": "records are deleted one by one, so that each has an outcome of its own",
    "bulk_destroy_status": "the same",
    "bulk_destroy_seconds": "the same",
    "lookup_by_mobile_number": "records are found by their marks",
    "phone_calls_json": "calls are no object of a migration: they would be logged as of now",
}
"""Settings of the sandbox that no request of the adapter can meet, and why; their tests are the sandbox's own."""


def positions() -> set[tuple[str, str, Any]]:
    """Every position that a case must play or state: (whose, name, value)."""
    wanted: set[tuple[str, str, Any]] = set()
    for name, setting in Behaviour.model_fields.items():
        if name not in NOT_USED:
            wanted |= {("behaviour", name, value) for value in _values(setting.annotation)}
    for each in fields(Capabilities):
        values = CHOICES.get(each.name) or ((True, False) if isinstance(each.default, bool) else ())
        wanted |= {("capability", each.name, value) for value in values}
    return wanted


def measures() -> set[tuple[str, str]]:
    """Settings and capabilities that are no list of positions, such as numbers: two values of each are wanted."""
    numbers = {("behaviour", name) for name, s in Behaviour.model_fields.items() if not _values(s.annotation)}
    stated = {("capability", each.name) for each in fields(Capabilities) if not isinstance(each.default, bool)}
    chosen = {("capability", name) for name in CHOICES} | {("behaviour", name) for name in NOT_USED}
    return (numbers | stated) - chosen


def covered(cases: Iterable[Case] = CASES) -> set[tuple[str, str, Any]]:
    """Every position that the cases play or state."""
    found: set[tuple[str, str, Any]] = set()
    for case in cases:
        found |= {("behaviour", name, _hashable(value)) for name, value in case.behaviour.items()}
        found |= {("capability", name, value) for name, value in case.capabilities.items()}
    return found


def _values(annotation: Any) -> tuple[Any, ...]:
    """The values of a literal or of a switch."""
    return (True, False) if annotation is bool else get_args(annotation) if _is_literal(annotation) else ()


def _is_literal(annotation: Any) -> bool:
    return bool(get_args(annotation)) and not any(
        isinstance(value, type) or value is ... for value in get_args(annotation)
    )


def _hashable(value: Any) -> Any:
    return tuple(sorted(value.items())) if isinstance(value, dict) else value
