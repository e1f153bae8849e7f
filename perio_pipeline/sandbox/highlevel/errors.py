"""Refusals, in the bodies of section 0.4 of the API notes."""

from typing import Any

from perio_pipeline.sandbox.common.errors import ApiError


def refusal(status: int, message: str | list[str], **extra: Any) -> ApiError:
    """A refusal whose body gets a traceId."""
    return ApiError(status, {"statusCode": status, "message": message, **extra}, traced=True)


def bad_request(message: str, status: int = 400, **extra: Any) -> ApiError:
    """A rule is broken (400 unless said otherwise)."""
    return refusal(status, message, **extra)


def unprocessable(*messages: str) -> ApiError:
    """The body is not what the operation takes: 422 with a list."""
    return refusal(422, list(messages), error="Unprocessable Entity")


def unauthorized(message: str) -> ApiError:
    """401: unknown token, version or missing scope."""
    return ApiError(401, {"statusCode": 401, "message": message})


def wrong_location() -> ApiError:
    """403: a known token that is bound to another location."""
    message = "The token does not have access to this location."
    return ApiError(403, {"statusCode": 403, "message": message})


def unknown_route(method: str, path: str) -> ApiError:
    """404: no such operation."""
    body = {"statusCode": 404, "message": f"Cannot {method} {path}", "error": "Not Found"}
    return ApiError(404, body)
