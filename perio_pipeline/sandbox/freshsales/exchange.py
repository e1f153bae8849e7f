"""The words shared by the gateway and the resources: an operation and a call of it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from perio_pipeline.sandbox.common.exchange import Endpoint, Reply
from perio_pipeline.sandbox.common.multipart import Form
from perio_pipeline.sandbox.common.store import Json
from perio_pipeline.sandbox.freshsales.behaviour import Behaviour
from perio_pipeline.sandbox.freshsales.errors import bad_request, forbidden, not_found
from perio_pipeline.sandbox.freshsales.faults import Fault
from perio_pipeline.sandbox.freshsales.modules import Module, custom
from perio_pipeline.sandbox.freshsales.state import AccountState, Sandbox

PREFIX = "/crm/sales/api"
PAGE, MOST = 25, 100


@dataclass
class Call:
    """One call on behalf of one account."""

    sandbox: Sandbox
    account: AccountState
    params: dict[str, str]
    query: dict[str, str]
    body: Json
    form: Form = field(default_factory=Form)
    is_json: bool = True
    base_url: str = ""
    fault: Fault | None = None
    fixed_module: Module | None = None
    token: str = ""

    @property
    def user(self) -> Json:
        """Whose key it is: an admin's, unless the configuration says otherwise."""
        email = dict(self.account.config.restricted_tokens).get(self.token)
        users = self.account["users"]
        return users.by("email", email)[0] if email else next(iter(users))

    @property
    def is_admins(self) -> bool:
        """Whether the key is an admin's."""
        return self.token not in dict(self.account.config.restricted_tokens)

    def sees(self, record: Json) -> bool:
        """Whether a record is in the scope of the key's user (section 1.1)."""
        return self.is_admins or record.get("owner_id") == self.user["id"]

    @property
    def behaviour(self) -> Behaviour:
        """The settings of this sandbox."""
        return self.sandbox.behaviour

    @property
    def module(self) -> Module:
        """The module the call is about; custom ones are named in the path."""
        return self.fixed_module or self.custom_module(self.params["module"])

    def now(self) -> str:
        """The server's timestamp."""
        return self.sandbox.stamp(self.account)

    def created_at(self, body: Json) -> str:
        """When a record was made: now, or what the body says where that is switched on."""
        given = body.get("created_at")
        return given if self.behaviour.created_at == "client" and isinstance(given, str) else self.now()

    def custom_module(self, entity_name: str) -> Module:
        """A custom module of the account."""
        self.check_custom_modules()
        if not self.account["modules"].by("entity_name", entity_name):
            raise not_found("Module")
        return custom(entity_name)

    def check_custom_modules(self) -> None:
        """Refuse where the plan has no custom modules."""
        if not self.account.plan.custom_modules:
            raise forbidden("Custom modules are not available in your plan")

    def find(self, kind: str, record_id: object, *, deleted: bool = False) -> Json:
        """The live record with this id; with `deleted`, also one in the recycle bin."""
        number = as_id(record_id)
        record = self.account[kind].get(number) if number is not None else None
        if record is None or (record.get("_deleted") and not deleted):
            raise not_found()
        if kind in self.account.recyclable() and not self.sees(record):
            raise not_found()
        return record

    def includes(self) -> frozenset[str]:
        """What the call asks to have included."""
        return frozenset(name.strip() for name in self.query.get("include", "").split(",") if name.strip())

    def selected_ids(self) -> list[int]:
        """The ids of a bulk operation; those that are no numbers are passed over."""
        given = self.body.get("selected_ids")
        if not isinstance(given, list) or not given:
            raise bad_request("selected_ids can't be empty")
        return [number for number in map(as_id, given) if number is not None]

    def page(self, records: list[Json], asked: Mapping[str, object] | None = None) -> tuple[list[Json], Json]:
        """The page that `page` and `per_page` ask for, of the query unless given, and its meta."""
        given = self.query if asked is None else asked
        size = max(1, min(_whole(given.get("per_page"), PAGE), MOST))
        first = (max(1, _whole(given.get("page"), 1)) - 1) * size
        meta = {"total_pages": -(-len(records) // size), "total": len(records)}
        return records[first : first + size], meta


@dataclass(frozen=True)
class Operation(Endpoint):
    """One operation. `form` operations read multipart or url-encoded bodies besides JSON."""

    handler: Callable[[Call], Reply]
    module: Module | None = None
    form: bool = False


def as_id(value: object) -> int | None:
    """An id given as a number or as digits."""
    if isinstance(value, bool):
        return None
    if isinstance(value, int):
        return value
    return int(value) if isinstance(value, str) and value.isdigit() else None


def unwrapped(body: Json, name: str) -> Json:
    """The record in a body, wrapped under its name or bare."""
    inner = body.get(name)
    return inner if isinstance(inner, dict) else body


def _whole(given: object, default: int) -> int:
    number = default if given is None else as_id(given)
    if number is None:
        raise bad_request("page and per_page must be numbers")
    return number
