"""Checks a body against its whitelist and says everything that is wrong with it at once."""

from typing import Any

from perio_pipeline.sandbox.highlevel.dto import Dto
from perio_pipeline.sandbox.highlevel.errors import unprocessable


def check_body(body: dict[str, Any], dto: Dto) -> None:
    """Refuse with 422 a body with unknown properties, missing required ones or wrong types."""
    messages = [] if dto.open else [f"property {name} should not exist" for name in body if name not in dto.properties]
    messages += [f"{name} should not be empty" for name in dto.required if _is_missing(body, name, dto)]
    for name, value in body.items():
        kind = dto.properties.get(name)
        if kind is not None and not _fits(value, kind):
            messages.append(f"{name} must be {_describe(kind)}")
    if messages:
        raise unprocessable(*messages)


def _is_missing(body: dict[str, Any], name: str, dto: Dto) -> bool:
    if name not in body:
        return True
    nullable = str(dto.properties[name]).endswith("?")
    return (body[name] == "" and name != "query") or (body[name] is None and not nullable)


def _fits(value: Any, kind: str | tuple[str, ...]) -> bool:
    if isinstance(kind, tuple):
        return value in kind
    if kind.endswith("?"):
        return value is None or _fits(value, kind[:-1])
    if kind.endswith("[]"):
        return isinstance(value, list) and all(_fits(item, kind[:-2]) for item in value)
    if kind == "number":
        return isinstance(value, int | float) and not isinstance(value, bool)
    expected = {"string": str, "boolean": bool, "object": dict, "array": list}[kind]
    return isinstance(value, expected)


def _describe(kind: str | tuple[str, ...]) -> str:
    if isinstance(kind, tuple):
        return f"one of the following values: {', '.join(kind)}"
    if kind.endswith("[]"):
        return "an array"
    article = "an" if kind[0] in "ao" else "a"
    return f"{article} {kind.rstrip('?')}"
