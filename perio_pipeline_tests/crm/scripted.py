"""A scripted server for the adapters' tests: answers by method and path, and remembers what it was asked."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import httpx

from perio_pipeline.crm.protocol import CreatedField, Made

Answer = tuple[int, Any] | Exception | Callable[[httpx.Request], tuple[int, Any]]


class Scripted:
    """Answers from a table; several answers to one route are given in turn, the last one for good."""

    prefix = ""

    def __init__(self) -> None:
        self.requests: list[httpx.Request] = []
        self.routes: dict[tuple[str, str], list[Answer]] = {}

    def on(self, method: str, path: str, *answers: Answer) -> None:
        self.routes[method, self.prefix + path] = list(answers)

    def handle(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        answers = self.routes.get((request.method, request.url.path))
        if answers is None:
            return httpx.Response(
                404, json={"message": f"Cannot {request.method} {request.url.path}", "statusCode": 404}
            )
        answer = answers.pop(0) if len(answers) > 1 else answers[0]
        if isinstance(answer, Exception):
            raise answer
        status, body = answer(request) if callable(answer) else answer
        return httpx.Response(status, json=body)

    def sent(self, method: str, path: str) -> list[Any]:
        """The JSON bodies sent to a route."""
        return [
            json.loads(request.content) if request.content else None
            for request in self.requests
            if (request.method, request.url.path) == (method, self.prefix + path)
        ]

    def count(self, method: str, path: str) -> int:
        return len(self.sent(method, path))


class CreationNotes:
    """A `CreationLog` that keeps what it is told, in order."""

    def __init__(self) -> None:
        self.lines: list[tuple[str, str | CreatedField]] = []

    def begun(self, kind: Made, model: str, name: str) -> None:
        self.lines.append(("begun", name))

    def done(self, created: CreatedField) -> None:
        self.lines.append(("done", created))

    def refused(self, kind: Made, model: str, name: str, reason: str) -> None:
        self.lines.append(("refused", name))
