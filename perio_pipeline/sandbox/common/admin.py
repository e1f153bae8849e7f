"""A sandbox's own routes under /__sandbox: faults, counts, content, tokens, edits, recorded requests. Loopback only."""

import ipaddress
from collections.abc import Awaitable, Callable

from pydantic import ValidationError
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from perio_pipeline.sandbox.common.state import BaseSandbox

Handler = Callable[[Request], Awaitable[Response]]
Entry = tuple[str, str, Handler]


def is_loopback(host: str) -> bool:
    """Whether a host is this machine's loopback address."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


class Admin:
    """The handlers, over one sandbox; `table` is where a CRM adds its own."""

    def __init__(self, sandbox: BaseSandbox) -> None:
        self._sandbox = sandbox

    def routes(self) -> list[Route]:
        """All routes."""
        return [Route(path, _guarded(handler), methods=[method]) for method, path, handler in self.table()]

    def table(self) -> tuple[Entry, ...]:
        """Method, path and handler of each route."""
        return (
            ("GET", "/faults", self.list_faults),
            ("POST", "/faults", self.add_faults),
            ("DELETE", "/faults", self.clear_faults),
            ("GET", "/stats", self.stats),
            ("GET", "/moments", self.moments),
            ("GET", "/state-digest", self.digest),
            ("GET", "/state", self.state),
            ("POST", "/checkpoint", self.checkpoint),
            ("POST", "/reset", self.reset),
            ("POST", "/token", self.replace_token),
            ("POST", "/edit", self.edit),
            ("GET", "/requests", self.requests),
            ("GET", "/whose", self.whose),
        )

    async def list_faults(self, _request: Request) -> Response:
        """The faults in force and how often each struck."""
        return JSONResponse({"faults": self._sandbox.faults.report()})

    async def add_faults(self, request: Request) -> Response:
        """Plan one fault or a list of them."""
        given = await request.json()
        fault_type = self._sandbox.fault_type
        try:
            faults = [fault_type.model_validate(item) for item in (given if isinstance(given, list) else [given])]
        except ValidationError as problem:
            return JSONResponse({"message": str(problem)}, 422)
        for fault in faults:
            self._sandbox.faults.add(fault)
        return JSONResponse({"planned": len(faults)}, 201)

    async def clear_faults(self, _request: Request) -> Response:
        """Forget all faults; expired tokens work again."""
        self._sandbox.faults.clear()
        self._sandbox.expired_tokens.clear()
        return JSONResponse({"planned": 0})

    async def stats(self, _request: Request) -> Response:
        """Counts of requests."""
        return JSONResponse(self._sandbox.stats.report())

    async def moments(self, _request: Request) -> Response:
        """When each request took its slot of the quota, by account."""
        return JSONResponse({"moments": self._sandbox.stats.moments()})

    async def digest(self, _request: Request) -> Response:
        """Hash of all content."""
        return JSONResponse({"digest": self._sandbox.digest()})

    async def state(self, _request: Request) -> Response:
        """All records of all accounts, as they are kept: account → kind → records."""
        return JSONResponse({"state": {name: place.content() for name, place in self._sandbox.places().items()}})

    async def checkpoint(self, _request: Request) -> Response:
        """Remember the content as it is now."""
        self._sandbox.checkpoint()
        return JSONResponse({"kept": True})

    async def reset(self, _request: Request) -> Response:
        """Go back to the last checkpoint or, where there was none, to the start of the server."""
        self._sandbox.reset()
        return JSONResponse({"reset": True})

    async def replace_token(self, request: Request) -> Response:
        """Renew a token, as an admin does: `old` opens nothing any more, `new` opens what it opened."""
        given = await request.json()
        if not self._sandbox.replace_token(str(given.get("old")), str(given.get("new"))):
            return JSONResponse({"message": "no such token"}, 404)
        return JSONResponse({"replaced": True})

    async def edit(self, request: Request) -> Response:
        """Change a record as a person in the CRM would: `kind`, `id`, `changes`; null clears a property."""
        given = await request.json()
        changes = given.get("changes")
        if not isinstance(changes, dict) or not self._sandbox.edit(given.get("kind"), given.get("id"), changes):
            return JSONResponse({"message": "no such record, or no changes"}, 404)
        self._sandbox.commit()
        return JSONResponse({"edited": given["id"]})

    async def requests(self, _request: Request) -> Response:
        """Recorded requests."""
        recorded = self._sandbox.stats.requests()
        if recorded is None:
            return JSONResponse({"message": "recording is off; set record_requests"}, 404)
        return JSONResponse({"requests": recorded})

    async def whose(self, _request: Request) -> Response:
        """The file whose content is served; null where all is forgotten."""
        path = self._sandbox.disk.path
        return JSONResponse({"state": path and str(path.resolve())})


def _guarded(handler: Handler) -> Handler:
    async def guarded(request: Request) -> Response:
        if request.client is None or not is_loopback(request.client.host):
            return JSONResponse({"message": "loopback only"}, 403)
        return await handler(request)

    return guarded
