"""Refusals, in the body of section 1.3 of the API notes."""

from perio_pipeline.sandbox.common.errors import ApiError


class RefusedError(ApiError):
    """A refusal with its messages, before the account's settings decide the shape of its body."""

    def __init__(self, status: int, *messages: str) -> None:
        super().__init__(status, None)
        self.messages = messages


class UnusableValueError(ValueError):
    """A value that its field cannot hold; the text is the message."""


def bad_request(*messages: str) -> RefusedError:
    """400: a rule is broken."""
    return RefusedError(400, *messages)


def not_found(what: str = "Record") -> RefusedError:
    """404: nothing there."""
    return RefusedError(404, f"{what} not found")


def forbidden(message: str) -> RefusedError:
    """403: the plan or the role does not include it."""
    return RefusedError(403, message)


def wrong_type(name: str) -> UnusableValueError:
    """The message for a value of the wrong kind."""
    return UnusableValueError(f"The type for {name} is invalid.")
