"""The sandbox's own routes under /__sandbox: faults, counts, digest, edits, recorded requests. Loopback only."""

import ipaddress
from collections.abc import Awaitable, Callable

from pydantic import ValidationError
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from perio_pipeline.sandbox.highlevel.digest import state_digest
from perio_pipeline.sandbox.highlevel.faults import Fault
from perio_pipeline.sandbox.highlevel.state import LocationState, Sandbox

Endpoint = Callable[[Request], Awaitable[Response]]


def is_loopback(host: str) -> bool:
    """Whether a host is this machine's loopback address."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


class Admin:
    """The endpoints, over one sandbox."""

    def __init__(self, sandbox: Sandbox) -> None:
        self._sandbox = sandbox

    def routes(self) -> list[Route]:
        """All routes."""
        table: tuple[tuple[str, str, Endpoint], ...] = (
            ("GET", "/faults", self.list_faults),
            ("POST", "/faults", self.add_faults),
            ("DELETE", "/faults", self.clear_faults),
            ("GET", "/stats", self.stats),
            ("GET", "/state-digest", self.digest),
            ("POST", "/edit", self.edit),
            ("GET", "/requests", self.requests),
        )
        return [Route(path, _guarded(endpoint), methods=[method]) for method, path, endpoint in table]

    async def list_faults(self, _request: Request) -> Response:
        """The faults in force and how often each struck."""
        return JSONResponse({"faults": self._sandbox.faults.report()})

    async def add_faults(self, request: Request) -> Response:
        """Plan one fault or a list of them."""
        given = await request.json()
        try:
            faults = [Fault.model_validate(item) for item in (given if isinstance(given, list) else [given])]
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

    async def digest(self, _request: Request) -> Response:
        """Hash of all content."""
        return JSONResponse({"digest": state_digest(self._sandbox)})

    async def edit(self, request: Request) -> Response:
        """Change a record as a person in the CRM would: `kind`, `id`, `changes`; null clears a property."""
        given = await request.json()
        kind, record_id, changes = given.get("kind"), given.get("id"), given.get("changes")
        location = self._holder(kind, record_id)
        if location is None or not isinstance(changes, dict):
            return JSONResponse({"message": "no such record, or no changes"}, 404)
        record = location[kind].get(record_id) or {}
        edited = {**record, **changes}
        if "customFields" in record:
            edited["customFields"] = {**record["customFields"], **changes.get("customFields", {})}
            edited["customFields"] = {key: item for key, item in edited["customFields"].items() if item is not None}
        stamp = "updatedAt" if "updatedAt" in record else "dateUpdated"
        edited = {name: value for name, value in edited.items() if value is not None}
        location.put(kind, {**edited, "id": record_id, stamp: self._sandbox.clock.timestamp()})
        self._sandbox.disk.commit(self._sandbox.clock.now())
        return JSONResponse({"edited": record_id})

    async def requests(self, _request: Request) -> Response:
        """Recorded requests."""
        recorded = self._sandbox.stats.requests()
        if recorded is None:
            return JSONResponse({"message": "recording is off; set record_requests"}, 404)
        return JSONResponse({"requests": recorded})

    def _holder(self, kind: str, record_id: str) -> LocationState | None:
        kinds = ("contact", "note", "task", "opportunity", "appointment", "business", "customField", "pipeline")
        if kind not in kinds:
            return None
        for location in self._sandbox.locations.values():
            if location[kind].get(record_id) is not None:
                return location
        return None


def _guarded(endpoint: Endpoint) -> Endpoint:
    async def guarded(request: Request) -> Response:
        if request.client is None or not is_loopback(request.client.host):
            return JSONResponse({"message": "loopback only"}, 403)
        return await endpoint(request)

    return guarded
