"""The way of a Freshsales request: token, rate limit, route, faults, body, handler, commit."""

from typing import Any
from urllib.parse import parse_qsl

from perio_pipeline.sandbox.common.errors import ApiError, UnreadableBodyError
from perio_pipeline.sandbox.common.exchange import Reply, Request
from perio_pipeline.sandbox.common.faults import BaseFault
from perio_pipeline.sandbox.common.gateway import REASONS, BaseGateway
from perio_pipeline.sandbox.common.multipart import Form, read_form
from perio_pipeline.sandbox.common.routing import Router
from perio_pipeline.sandbox.freshsales.errors import (
    RefusedError,
    UnusableValueError,
    bad_request,
    forbidden,
    not_found,
)
from perio_pipeline.sandbox.freshsales.exchange import PREFIX, Call, Operation
from perio_pipeline.sandbox.freshsales.faults import Fault
from perio_pipeline.sandbox.freshsales.jobs import advance
from perio_pipeline.sandbox.freshsales.state import AccountState, Sandbox

SCHEME = "Token token="
TOO_MANY = "Too many requests"


class Gateway(BaseGateway):
    """The ASGI application behind all paths of the API."""

    def __init__(self, sandbox: Sandbox, router: Router[Operation]) -> None:
        super().__init__(sandbox)
        self._sandbox = sandbox
        self._router = router

    async def answer(self, request: Request) -> Reply:
        """Carry out one request."""
        account = self._account(request)
        if account is None:
            return self._unauthorized()
        request.location_id = account.id
        found = self._found(request)
        request.endpoint = found[0] if found else None
        now = self._sandbox.clock.now()
        if not account.quota.take(now):
            return self._throttled(account, now)
        self._sandbox.stats.spend(account.id, now)
        if found is None:
            raise not_found("Route")
        request.fault = self._sandbox.faults.pick(request.method, request.path, account.id, request.body)
        if request.fault is not None:
            early = self._struck(request, request.fault, account)
            if early is not None:
                return early
        operation, params = found
        return self._carry_out(request, operation, await self._call(request, operation, account, params))

    def failure_body(self, status: int) -> Any:
        """The JSON of an answer that a planned fault asks for."""
        return self._errors(status, (REASONS[status],))

    def error_body(self, error: ApiError) -> Any:
        """The body of a refusal."""
        return self._errors(error.status, error.messages) if isinstance(error, RefusedError) else error.body

    def headers(self, request: Request, status: int) -> dict[str, str]:
        """Retry-After where that is switched on; no other header tells of the limit."""
        account = self._sandbox.accounts.get(request.location_id)
        if status != 429 or account is None or not self._sandbox.behaviour.retry_after:
            return {}
        return {"Retry-After": str(int(account.quota.wait(self._sandbox.clock.now())) + 1)}

    def _found(self, request: Request) -> tuple[Operation, dict[str, str]] | None:
        if not request.path.startswith(f"{PREFIX}/"):
            return None
        return self._router.find(request.method, request.path.removeprefix(PREFIX))

    def _account(self, request: Request) -> AccountState | None:
        given = request.headers.get("authorization", "")
        request.token = given.removeprefix(SCHEME) if given.startswith(SCHEME) else ""
        if request.token in self._sandbox.expired_tokens:
            return None
        return self._sandbox.tokens.get(request.token)

    def _unauthorized(self) -> Reply:
        shape = self._sandbox.behaviour.unauthorized_body
        if shape == "empty":
            return Reply({}, 401, b"")
        if shape == "login":
            return Reply({"login": "failed", "message": None}, 401)
        return Reply(self._errors(401, ("Invalid API key",)), 401)

    def _throttled(self, account: AccountState, now: float) -> Reply:
        if self._sandbox.behaviour.refused_requests_count:
            account.quota.charge(now)
        if self._sandbox.behaviour.throttled_body == "text":
            return Reply({}, 429, TOO_MANY.encode(), "text/plain; charset=utf-8")
        return Reply(self._errors(429, (TOO_MANY,)), 429)

    def _errors(self, code: int, messages: tuple[str, ...]) -> dict[str, Any]:
        as_list = self._sandbox.behaviour.error_message == "list"
        return {"errors": {"code": code, "message": list(messages) if as_list else ", ".join(messages)}}

    def _struck(self, request: Request, fault: BaseFault, account: AccountState) -> Reply | None:
        if fault.kind == "expire_token":
            self.strike_early(request, fault)
            return self._unauthorized()
        if fault.kind == "busy":
            raise RefusedError(405, "Too many bulk operations are in progress")
        if isinstance(fault, Fault) and fault.kind == "nearly_out_hourly_quota":
            account.quota.hour.leave(fault.remaining, self._sandbox.clock.now())
        return self.strike_early(request, fault)

    async def _call(
        self, request: Request, operation: Operation, account: AccountState, params: dict[str, str]
    ) -> Call:
        content_type = request.headers.get("content-type", "")
        is_json = not operation.form or not content_type.startswith(("multipart/", "application/x-www-form"))
        fault = request.fault if isinstance(request.fault, Fault) else None
        try:
            body = request.json_object() if is_json else {}
            form = Form() if is_json else await _form(request, content_type)
        except UnreadableBodyError as problem:
            raise bad_request(str(problem)) from None
        if fault is not None and fault.kind == "drop_field" and fault.field:
            body = without(body, names_of(account, fault.field))
        call = Call(self._sandbox, account, params, request.query, body, form, is_json, request.base_url(), fault)
        call.fixed_module, call.token = operation.module, request.token
        return call

    def _carry_out(self, request: Request, operation: Operation, call: Call) -> Reply:
        try:
            advance(call)
            _check_role(call, operation)
            reply = operation.handler(call)
        except UnusableValueError as problem:
            raise bad_request(str(problem)) from None
        finally:
            self._sandbox.commit()
        if request.struck_by("created_but_error") and request.fault is not None:
            raise RefusedError(request.fault.status, REASONS[request.fault.status])
        return reply


def _check_role(call: Call, operation: Operation) -> None:
    """Settings, and removing for good, are for admins (section 1.1)."""
    settings = operation.template.startswith("/settings") and operation.is_write
    if not call.is_admins and (settings or operation.template.endswith("/forget")):
        raise forbidden("You are not authorized to perform this action")


async def _form(request: Request, content_type: str) -> Form:
    if content_type.startswith("multipart/"):
        return await read_form(request.headers, request.body)
    return Form(fields=tuple(parse_qsl(request.body.decode("utf-8", "replace"), keep_blank_values=True)))


def names_of(account: AccountState, field: str) -> frozenset[str]:
    """The API names a fault means by a field: the name itself, and those of custom fields with this label."""
    return frozenset({field} | {str(item["name"]) for item in account["fields"] if item["label"] == field})


def without(value: Any, names: frozenset[str]) -> Any:
    """A body without properties of these names, however deep; what identifies a record stays."""
    if isinstance(value, list):
        return [without(item, names) for item in value]
    if not isinstance(value, dict):
        return value
    return {
        name: item if name == "unique_identifier" else without(item, names)
        for name, item in value.items()
        if name not in names
    }
