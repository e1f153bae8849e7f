"""Dropping a client's connection or keeping it waiting, as a broken network would.

ASGI has no word for this, so the server's protocol class hands its transport along with each request.
"""

from starlette.types import Receive, Scope
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

TRANSPORT = "sandbox_transport"


class DroppableProtocol(HttpToolsProtocol):
    """uvicorn's HTTP protocol, with the transport in each request's state."""

    def on_message_begin(self) -> None:
        """Start a request."""
        super().on_message_begin()
        self.scope["state"][TRANSPORT] = self.transport


async def drop_connection(scope: Scope, receive: Receive) -> None:
    """Close the connection and wait until it is closed; without a real connection, raise what a client would see."""
    transport = scope.get("state", {}).get(TRANSPORT)
    if transport is None:
        raise ConnectionResetError("the sandbox dropped the connection")
    transport.close()
    await _disconnected(receive)


async def keep_silent(scope: Scope, receive: Receive) -> None:
    """Send nothing until the client gives up; without a real connection, raise what a client would see."""
    if scope.get("state", {}).get(TRANSPORT) is None:
        raise TimeoutError("the sandbox does not answer")
    await _disconnected(receive)


async def _disconnected(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
