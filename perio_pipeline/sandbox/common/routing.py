"""Finds the operation of a method and path. Fixed segments win over parameters; a trailing slash does not matter."""

from collections.abc import Iterable
from typing import Generic, TypeVar

from perio_pipeline.sandbox.common.exchange import Endpoint

OperationT = TypeVar("OperationT", bound=Endpoint)


class Router(Generic[OperationT]):
    """An index of operations by method and number of segments."""

    def __init__(self, operations: Iterable[OperationT]) -> None:
        self._index: dict[tuple[str, int], list[tuple[tuple[str, ...], OperationT]]] = {}
        for operation in operations:
            segments = split(operation.template)
            self._index.setdefault((operation.method, len(segments)), []).append((segments, operation))
        for candidates in self._index.values():
            candidates.sort(key=lambda candidate: [segment.startswith("{") for segment in candidate[0]])

    def find(self, method: str, path: str) -> tuple[OperationT, dict[str, str]] | None:
        """The operation with its path parameters."""
        segments = split(path)
        for template, operation in self._index.get((method, len(segments)), []):
            params = match(template, segments)
            if params is not None:
                return operation, params
        return None


def split(path: str) -> tuple[str, ...]:
    """The segments of a path."""
    return tuple(path.strip("/").split("/"))


def match(template: tuple[str, ...], segments: tuple[str, ...]) -> dict[str, str] | None:
    """The parameters when the segments fit the template."""
    params = {}
    for expected, actual in zip(template, segments, strict=True):
        if expected.startswith("{"):
            params[expected[1:-1]] = actual
        elif expected != actual:
            return None
    return params
