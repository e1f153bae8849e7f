"""The way of a HighLevel request: route, token, rate limit, faults, permissions, validation, handler, commit."""

from typing import Any

from perio_pipeline.sandbox.common.errors import ApiError, UnreadableBodyError
from perio_pipeline.sandbox.common.exchange import Part, Reply, Request
from perio_pipeline.sandbox.common.faults import BaseFault
from perio_pipeline.sandbox.common.gateway import REASONS, BaseGateway
from perio_pipeline.sandbox.common.multipart import read_form
from perio_pipeline.sandbox.common.routing import Router
from perio_pipeline.sandbox.highlevel import auth
from perio_pipeline.sandbox.highlevel.custom_fields import without_field
from perio_pipeline.sandbox.highlevel.dto import dtos_for
from perio_pipeline.sandbox.highlevel.errors import bad_request, unknown_route, unprocessable
from perio_pipeline.sandbox.highlevel.exchange import Call, Operation
from perio_pipeline.sandbox.highlevel.faults import Fault
from perio_pipeline.sandbox.highlevel.ratelimit import Quota
from perio_pipeline.sandbox.highlevel.state import LocationState, Sandbox
from perio_pipeline.sandbox.highlevel.validation import check_body


class Gateway(BaseGateway):
    """The ASGI application behind all paths of the API."""

    def __init__(self, sandbox: Sandbox, router: Router[Operation]) -> None:
        super().__init__(sandbox)
        self._sandbox = sandbox
        self._router = router
        self._dtos = dtos_for(sandbox.behaviour)
        self._anonymous = Quota(next(iter(sandbox.locations.values())).config.rate_limit)

    async def answer(self, request: Request) -> Reply:
        """Carry out one request."""
        found = self._router.find(request.method, request.path)
        if found is None:
            raise unknown_route(request.method, request.path)
        operation, params = found
        request.endpoint = operation
        request.token, location, scopes = auth.authenticate(self._sandbox, request.headers)
        request.location_id = location.id
        now = self._sandbox.clock.now()
        if not location.quota.take(now):
            raise too_many_requests()
        self._sandbox.stats.spend(location.id, now)
        request.fault = self._sandbox.faults.pick(request.method, request.path, location.id, request.body)
        if request.fault is not None:
            early = self._struck(request, request.fault, location)
            if early is not None:
                return early
        call = await self._permitted_call(request, operation, location, scopes, params)
        return self._carry_out(request, operation, call)

    def failure_body(self, status: int) -> Any:
        """The JSON of an answer that a planned fault asks for."""
        return {"statusCode": status, "message": REASONS[status]}

    def error_body(self, error: ApiError) -> Any:
        """The body of a refusal, with its traceId."""
        return {**error.body, "traceId": self._sandbox.ids.uuid()} if error.traced else error.body

    def headers(self, request: Request, status: int) -> dict[str, str]:
        """The five headers of the rate limit, and Retry-After where that is switched on."""
        now = self._sandbox.clock.now()
        location = self._sandbox.locations.get(request.location_id)
        quota = location.quota if location else self._anonymous
        headers = quota.headers(now)
        if status == 429 and self._sandbox.behaviour.retry_after:
            headers["Retry-After"] = str(int(quota.wait(now)) + 1)
        return headers

    def _struck(self, request: Request, fault: BaseFault, location: LocationState) -> Reply | None:
        early = self.strike_early(request, fault)
        if fault.kind == "expire_token":
            auth.authenticate(self._sandbox, request.headers)
        if isinstance(fault, Fault) and fault.kind == "nearly_out_daily_quota":
            location.quota.daily.leave(fault.remaining, self._sandbox.clock.now())
        return early

    async def _permitted_call(
        self,
        request: Request,
        operation: Operation,
        location: LocationState,
        scopes: frozenset[str],
        params: dict[str, str],
    ) -> Call:
        version = auth.check_version(request.headers)
        auth.check_scope(operation.scope, scopes)
        body = parse_body(request) if not operation.multipart else {}
        query = request.query
        auth.check_location(
            location,
            params.get("locationId"),
            query.get("locationId"),
            query.get("location_id"),
            body.get("locationId"),
        )
        check_query(query, operation)
        if operation.dto:
            check_body(body, self._dtos[operation.dto])
        parts = await read_parts(request) if operation.multipart else []
        return Call(
            self._sandbox, location, params, query, body, parts, bool(request.body), version, request.base_url()
        )

    def _carry_out(self, request: Request, operation: Operation, call: Call) -> Reply:
        fault = request.fault
        if fault is not None and fault.kind == "drop_field" and fault.field:
            call.body = without_field(call, fault.field)
        try:
            reply = operation.handler(call)
        finally:
            self._sandbox.commit()
        if request.struck_by("created_but_422"):
            raise unprocessable("the request could not be processed")
        return reply


def parse_body(request: Request) -> dict[str, Any]:
    """The JSON object of a request."""
    try:
        return request.json_object()
    except UnreadableBodyError as problem:
        raise bad_request(str(problem), error="Bad Request") from None


async def read_parts(request: Request) -> list[Part]:
    """The files of a request."""
    try:
        return list((await read_form(request.headers, request.body)).files)
    except UnreadableBodyError as problem:
        raise bad_request(str(problem)) from None


def check_query(query: dict[str, str], operation: Operation) -> None:
    """Refuse missing query parameters, and unknown ones where the operation refuses them."""
    messages = [f"{name} should not be empty" for name in operation.required_query if not query.get(name)]
    if operation.query is not None:
        messages += [f"property {name} should not exist" for name in query if name not in operation.query]
    if messages:
        raise unprocessable(*messages)


def too_many_requests() -> ApiError:
    """The answer above the limit."""
    return ApiError(429, {"statusCode": 429, "message": REASONS[429]})
