"""The state of a Freshsales sandbox: per account the records, the quota and the settings."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from perio_pipeline.sandbox.common.clock import SandboxClock, api_timestamp
from perio_pipeline.sandbox.common.ratelimit import SlidingWindow, Windows
from perio_pipeline.sandbox.common.state import BaseLocation, BaseSandbox, edited
from perio_pipeline.sandbox.common.store import Collection, Disk, Json, Key
from perio_pipeline.sandbox.freshsales.config import AccountConfig, SandboxConfig
from perio_pipeline.sandbox.freshsales.digest import state_digest
from perio_pipeline.sandbox.freshsales.faults import Fault
from perio_pipeline.sandbox.freshsales.fieldset import FieldSet
from perio_pipeline.sandbox.freshsales.ids import IdSource
from perio_pipeline.sandbox.freshsales.plans import PLANS, Plan

INDEXES: dict[str, tuple[str, ...]] = {
    "contacts": ("external_id", "_email"),
    "sales_accounts": ("_name",),
    "deals": ("sales_account_id",),
    "notes": ("_target",),
    "tasks": ("_target",),
    "appointments": ("_target",),
    "sales_activities": ("_target",),
    "phone_calls": ("_target",),
    "documents": ("_target",),
    "products": (),
    "bin": (),
    "lost_room": (),
    "fields": ("entity",),
    "users": ("email",),
    "selectors": ("selector",),
    "pipelines": (),
    "modules": ("entity_name",),
    "views": ("entity",),
    "forms": ("entity",),
    "jobs": ("state",),
    "outbox": (),
    "seeded": (),
}
HOUR, MINUTE = 3600.0, 60.0


class Quota(Windows):
    """The hour of the plan and, where it is switched on, the minute (section 1.2)."""

    def __init__(self, per_hour: int, per_minute: int | None) -> None:
        self.hour = SlidingWindow(per_hour, HOUR)
        windows = [self.hour] if per_minute is None else [self.hour, SlidingWindow(per_minute, MINUTE)]
        super().__init__(*windows)


class AccountState(BaseLocation):
    """One account. Private properties of records start with an underscore and are never shown."""

    def __init__(self, config: AccountConfig, per_minute: int | None, clock: SandboxClock, disk: Disk, lag: float):
        super().__init__(config.alias, INDEXES, clock, disk, lag)
        self.config = config
        self.plan: Plan = PLANS[config.plan]
        self._per_minute = per_minute
        self.quota = self._full_quota()
        self.zone = ZoneInfo(config.time_zone)
        self._field_sets: dict[str, FieldSet] = {}

    def reset(self) -> None:
        """Go back to the last checkpoint."""
        super().reset()
        self.quota = self._full_quota()
        self._field_sets.clear()

    def _full_quota(self) -> Quota:
        return Quota(self.config.calls_per_hour or self.plan.calls_per_hour, self._per_minute)

    def __getitem__(self, kind: str) -> Collection:
        if kind not in self._collections and kind.startswith("cm_"):
            self._collections[kind] = Collection()
        return super().__getitem__(kind)

    def recyclable(self) -> frozenset[str]:
        """The kinds that have a recycle bin."""
        return frozenset({"contacts", "sales_accounts", "deals"} | {item["entity_name"] for item in self["modules"]})

    def put(self, kind: str, record: Json) -> Json:
        """Store a record with the keys that uniqueness is checked by, and return it."""
        if kind == "contacts":
            record = {**record, "_email": folded(record.get("email"))}
        elif kind == "sales_accounts":
            record = {**record, "_name": folded(record.get("name"))}
        elif kind == "fields":
            self._field_sets.pop(record["entity"], None)
        return super().put(kind, record)

    def delete(self, kind: str, record_id: Key) -> None:
        """Remove a record."""
        if kind == "fields":
            self._field_sets.clear()
        super().delete(kind, record_id)

    def fields(self, entity: str) -> FieldSet:
        """The field definitions of a module."""
        if entity not in self._field_sets:
            self._field_sets[entity] = FieldSet(entity, self["fields"].by("entity", entity))
        return self._field_sets[entity]


class Sandbox(BaseSandbox):
    """All accounts behind one server."""

    fault_type = Fault

    def __init__(self, config: SandboxConfig) -> None:
        super().__init__(config, config.faults)
        self.config = config
        self.behaviour = config.behaviour
        self.ids = IdSource(config.seed, self.run)
        per_minute, lag = config.behaviour.per_minute_limit, config.search_lag_seconds
        self.accounts = {
            account.alias: AccountState(account, per_minute, self.clock, self.disk, lag) for account in config.accounts
        }
        self.tokens = {token: account for account in self.accounts.values() for token in account.config.all_tokens()}
        self.load()

    def places(self) -> Mapping[str, AccountState]:
        """The accounts by alias."""
        return self.accounts

    def stamp(self, account: AccountState, moment: datetime | None = None) -> str:
        """A moment, or now, as the account shows it."""
        moment = moment or self.clock.moment()
        if self.behaviour.timestamp_zone == "account":
            return moment.astimezone(account.zone).isoformat(timespec="seconds")
        return api_timestamp(moment, "seconds")

    def digest(self) -> str:
        """Hash of all content."""
        return state_digest(self.accounts)

    def edit(self, kind: str, record_id: Any, changes: Json) -> bool:
        """Change a record as a person in the CRM would."""
        number = int(record_id)
        for account in self.accounts.values():
            if kind not in INDEXES and not kind.startswith("cm_"):
                continue
            record = account[kind].get(number)
            if record is not None:
                own = {"id": number, "updated_at": self.stamp(account)}
                account.put(kind, {**edited(record, changes, "custom_field"), **own})
                return True
        return False


def folded(text: Any) -> str | None:
    """A text as uniqueness compares it."""
    return text.strip().lower() if isinstance(text, str) and text.strip() else None
