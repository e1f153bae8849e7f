"""Refusals, in the bodies of section 0.4 of the API notes."""

from typing import Any


class ApiError(Exception):
    """A refusal: an HTTP status and a body. `traced` bodies get a traceId when they are sent."""

    def __init__(self, status: int, body: dict[str, Any], *, traced: bool = True) -> None:
        super().__init__(status)
        self.status = status
        self.body = body
        self.traced = traced


def bad_request(message: str, status: int = 400, **extra: Any) -> ApiError:
    """A rule is broken (400 unless said otherwise)."""
    return ApiError(status, {"statusCode": status, "message": message, **extra})


def unprocessable(*messages: str) -> ApiError:
    """The body is not what the operation takes: 422 with a list."""
    return ApiError(422, {"statusCode": 422, "message": list(messages), "error": "Unprocessable Entity"})


def unauthorized(message: str) -> ApiError:
    """401: unknown token, version or missing scope."""
    return ApiError(401, {"statusCode": 401, "message": message}, traced=False)


def wrong_location() -> ApiError:
    """403: a known token that is bound to another location."""
    message = "The token does not have access to this location."
    return ApiError(403, {"statusCode": 403, "message": message}, traced=False)


def unknown_route(method: str, path: str) -> ApiError:
    """404: no such operation."""
    body = {"statusCode": 404, "message": f"Cannot {method} {path}", "error": "Not Found"}
    return ApiError(404, body, traced=False)
