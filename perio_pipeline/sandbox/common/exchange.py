"""The words shared by gateways and resources: a request, an operation, a reply, the files of a form."""

import json
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl

from starlette.types import Receive, Scope

from perio_pipeline.sandbox.common.errors import UnreadableBodyError
from perio_pipeline.sandbox.common.faults import BaseFault
from perio_pipeline.sandbox.common.store import Json


@dataclass(frozen=True)
class Part:
    """One file of a multipart body."""

    name: str
    filename: str
    content_type: str
    content: bytes


@dataclass(frozen=True)
class Endpoint:
    """What the router knows of an operation: a method and a path with {parameters}."""

    method: str
    template: str

    @property
    def is_write(self) -> bool:
        """Whether the operation changes anything."""
        return self.method != "GET"


@dataclass(frozen=True)
class Reply:
    """A successful answer: JSON, or the bytes of a file."""

    body: Any
    status: int = 200
    content: bytes | None = None
    content_type: str = "application/json; charset=utf-8"


@dataclass
class Request:
    """A request as it came in, and what is learnt about it on its way."""

    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: bytes
    endpoint: Endpoint | None = None
    token: str = ""
    location_id: str = ""
    fault: BaseFault | None = None

    def struck_by(self, *kinds: str) -> bool:
        """Whether a planned fault of one of these kinds strikes this request."""
        return self.fault is not None and self.fault.kind in kinds

    def json_object(self) -> Json:
        """The JSON object in the body; nothing at all counts as an empty one.

        Raises:
            UnreadableBodyError: the body is something else.
        """
        if not self.body:
            return {}
        try:
            body = json.loads(self.body)
        except ValueError:
            raise UnreadableBodyError("The body is not valid JSON") from None
        if not isinstance(body, dict):
            raise UnreadableBodyError("The body must be a JSON object")
        return body

    def base_url(self) -> str:
        """The address the client used, for links back to the sandbox."""
        return f"http://{self.headers.get('host', 'localhost')}"


async def read_request(scope: Scope, receive: Receive) -> Request:
    """Read a whole request."""
    chunks = []
    more = True
    while more:
        message = await receive()
        chunks.append(message.get("body", b""))
        more = message.get("more_body", False)
    headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
    query = dict(parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True))
    return Request(scope["method"], scope["path"], query, headers, b"".join(chunks))
