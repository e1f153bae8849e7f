"""Refusals: an HTTP status and a body in the CRM's own shape."""

from typing import Any


class ApiError(Exception):
    """A refusal. `traced` bodies get a traceId when they are sent, in a CRM that has such ids."""

    def __init__(self, status: int, body: Any, *, traced: bool = False) -> None:
        super().__init__(status)
        self.status = status
        self.body = body
        self.traced = traced


class UnreadableBodyError(ValueError):
    """A body that is not in the form its content type promises."""
