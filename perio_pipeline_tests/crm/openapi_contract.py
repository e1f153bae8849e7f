"""Checks captured requests against HighLevel's official OpenAPI files, kept outside the repository.

The official server refuses properties that its schemas do not list, so every object with listed properties is closed
here. A few behaviours are confirmed though the files lack them; they are listed in `_ADDITIONS`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator

SPECIFICATION = Path(__file__).resolve().parents[2].parent / "shared" / "reference" / "highlevel-openapi"
_FILES = ("contacts", "opportunities", "businesses", "calendars", "locations", "users", "forms")

Schema = dict[str, Any]

# Accepted by the live service, though the files do not say so.
_ADDITIONS: Mapping[tuple[str, str], Schema] = {
    ("POST", "/locations/{locationId}/customFields"): {"options": {"type": "array", "items": {"type": "string"}}},
}
# A custom field is cleared by null.
_CLEARABLE = "field_value"
_JSON_TYPES: Mapping[type, str] = {str: "string", bool: "boolean", int: "number", float: "number", list: "array"}


@dataclass(frozen=True)
class Operation:
    """One operation of the specification."""

    template: str
    parameters: tuple[Schema, ...]
    body: Schema | None
    body_required: bool

    def matches(self, path: str) -> bool:
        pattern = re.sub(r"\\\{\w+\\\}", "[^/]+", re.escape(self.template))
        return re.fullmatch(pattern, path) is not None

    @property
    def query_names(self) -> frozenset[str]:
        return frozenset(p["name"] for p in self.parameters if p.get("in") == "query")

    @property
    def required_query(self) -> frozenset[str]:
        return frozenset(p["name"] for p in self.parameters if p.get("in") == "query" and p.get("required"))

    @property
    def versions(self) -> tuple[str, ...]:
        found = [p["schema"].get("enum", ()) for p in self.parameters if p["name"] == "Version"]
        return tuple(found[0]) if found else ()


def available() -> bool:
    """Whether the official files are on this machine."""
    return SPECIFICATION.is_dir()


def operation(method: str, path: str) -> Operation | None:
    """The operation that a request goes to; a literal path wins over one with parameters."""
    found = [op for op in _operations().get(method.upper(), ()) if op.matches(path.partition("?")[0])]
    return min(found, key=lambda op: op.template.count("{"), default=None)


def validate_request(method: str, path: str, body: Any) -> list[str]:
    """What the specification objects to in a request; empty when nothing.

    Args:
        method: of HTTP.
        path: without host; a query is ignored.
        body: the decoded JSON body, None when there is none.
    """
    found = operation(method, path)
    if found is None:
        return [f"{method} {path}: no such operation"]
    if found.body is None:
        return [] if body is None else [f"{method} {found.template}: takes no body"]
    if body is None:
        return [f"{method} {found.template}: needs a body"] if found.body_required else []
    return [
        f"{method} {found.template}: {'.'.join(map(str, error.absolute_path)) or 'body'}: {error.message}"
        for error in Draft202012Validator(found.body).iter_errors(body)
    ]


def validate_query(method: str, path: str, query: Mapping[str, Any]) -> list[str]:
    """Query parameters that the operation does not list, and required ones that lack."""
    found = operation(method, path)
    if found is None:
        return [f"{method} {path}: no such operation"]
    unknown = [f"{method} {found.template}: unknown query {name}" for name in sorted(query.keys() - found.query_names)]
    return unknown + [
        f"{method} {found.template}: query {n} is missing" for n in sorted(found.required_query - query.keys())
    ]


@cache
def _operations() -> dict[str, list[Operation]]:
    operations: dict[str, list[Operation]] = {}
    for name in _FILES:
        document = json.loads((SPECIFICATION / f"{name}.json").read_text(encoding="utf-8"))
        for template, methods in document["paths"].items():
            for method, described in methods.items():
                operations.setdefault(method.upper(), []).append(
                    _operation(document, template, method.upper(), described)
                )
    return operations


def _operation(document: Schema, template: str, method: str, described: Schema) -> Operation:
    request = described.get("requestBody", {})
    content = request.get("content", {}).get("application/json", {}).get("schema")
    body = _closed(document, content) if content is not None else None
    if body is not None and (method, template) in _ADDITIONS:
        body["properties"] |= _ADDITIONS[method, template]
    return Operation(template, tuple(described.get("parameters", ())), body, bool(request.get("required")))


def _closed(document: Schema, schema: Schema) -> Schema:
    """The schema with references resolved, `nullable` in today's words, and unlisted properties refused."""
    if "$ref" in schema:
        return _closed(document, _resolved(document, schema["$ref"]))
    made: Schema = {key: schema[key] for key in ("enum", "required", "maxLength") if key in schema}
    for combiner in ("anyOf", "oneOf", "allOf"):
        if combiner in schema:
            made[combiner] = [_closed(document, part) for part in schema[combiner]]
    if "items" in schema:
        made["items"] = _closed(document, schema["items"])
    if schema.get("properties"):
        made["properties"] = {name: _closed(document, part) for name, part in schema["properties"].items()}
        made["additionalProperties"] = False
        if _CLEARABLE in made["properties"]:
            made["properties"][_CLEARABLE] = {"anyOf": [made["properties"][_CLEARABLE], {"type": "null"}]}
    stated = _type(schema)
    if stated:
        made["type"] = [stated, "null"] if schema.get("nullable") else stated
    return made


def _type(schema: Schema) -> str | None:
    """The stated type; the files say `object` for some plain values and show by example what they mean."""
    stated: str | None = schema.get("type")
    example = schema.get("example")
    if stated == "object" and "properties" not in schema and not isinstance(example, dict):
        return _JSON_TYPES.get(type(example), stated)
    return stated


def _resolved(document: Schema, reference: str) -> Schema:
    found: Any = document
    for part in reference.removeprefix("#/").split("/"):
        found = found[part]
    return dict(found)
