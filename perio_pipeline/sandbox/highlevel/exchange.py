"""The words shared by the gateway and the resources: an operation and a call of it."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from perio_pipeline.sandbox.common.exchange import Endpoint, Part, Reply
from perio_pipeline.sandbox.common.store import Json
from perio_pipeline.sandbox.highlevel.config import Behaviour
from perio_pipeline.sandbox.highlevel.errors import bad_request
from perio_pipeline.sandbox.highlevel.state import LocationState, Sandbox


@dataclass
class Call:
    """One validated call, on behalf of one location."""

    sandbox: Sandbox
    location: LocationState
    params: dict[str, str]
    query: dict[str, str]
    body: Json
    parts: list[Part] = field(default_factory=list)
    has_body: bool = False
    version: str = ""
    base_url: str = ""

    @property
    def behaviour(self) -> Behaviour:
        """The settings of this sandbox."""
        return self.sandbox.behaviour

    def now(self) -> str:
        """The server's timestamp."""
        return self.sandbox.clock.timestamp()

    def find(self, kind: str, record_id: str, *, deleting: bool = False) -> Json:
        """The record with this id in the caller's location, or the refusal for one that is not there."""
        record = self.location[kind].get(record_id)
        if record is not None:
            return record
        if deleting:
            status = self.behaviour.delete_again_status
        elif kind == "contact":
            status = self.behaviour.contact_not_found_status
        else:
            status = self.behaviour.record_not_found_status
        raise bad_request(f"{kind[0].upper()}{kind[1:]} with id {record_id} not found", status)

    def find_of_contact(self, kind: str, record_id: str, *, deleting: bool = False) -> Json:
        """The record with this id that hangs on the contact in the path."""
        contact = self.find("contact", self.params["contactId"], deleting=deleting)
        record = self.location[kind].get(record_id)
        belongs = record is not None and record["contactId"] == contact["id"]
        return self.find(kind, record_id if belongs else f"{record_id} of this contact", deleting=deleting)


@dataclass(frozen=True)
class Operation(Endpoint):
    """One operation of the API. `dto` names its whitelist; `query` the only query names it takes (None: any)."""

    scope: str
    handler: Callable[[Call], Reply]
    dto: str | None = None
    required_query: tuple[str, ...] = ()
    query: frozenset[str] | None = None
    multipart: bool = False

    @property
    def is_write(self) -> bool:
        """Whether the operation changes anything, told by the scope it needs."""
        return not self.scope.endswith(".readonly")


def page(records: list[Any], query: dict[str, str], default: int, most: int) -> list[Any]:
    """The slice that `skip` and `limit` ask for."""
    limit = min(whole_number(query, "limit", default), most)
    skip = whole_number(query, "skip", 0)
    return records[skip : skip + limit]


def whole_number(query: dict[str, str], name: str, default: int) -> int:
    """A query parameter as a number."""
    text = query.get(name, str(default))
    if not text.isdigit():
        raise bad_request(f"{name} must be a number")
    return int(text)
