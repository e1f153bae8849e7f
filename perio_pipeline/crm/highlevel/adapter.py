"""`protocol.Adapter` for one HighLevel sub-account."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Protocol

from perio_pipeline.crm.highlevel import constants
from perio_pipeline.crm.highlevel.account import account_fields, check_account, create_field
from perio_pipeline.crm.highlevel.customfields import resolve
from perio_pipeline.crm.highlevel.links import CompanyLinks
from perio_pipeline.crm.highlevel.objects import SPECS
from perio_pipeline.crm.highlevel.records import Records
from perio_pipeline.crm.highlevel.session import Session
from perio_pipeline.crm.highlevel.settings import HighLevelSettings
from perio_pipeline.crm.http import Observer, Transport, Wire
from perio_pipeline.crm.protocol import AccountInfo, FieldSpec, Outcome, Payload, Ref, RequestStats, Snapshot
from perio_pipeline.crm.ratewindow import DailyBudget, RateWindow, history_of
from perio_pipeline.crm.retry import RetryPolicy


class _Resource(Protocol):
    """What each object can do."""

    @property
    def batch_size(self) -> int: ...
    def batch_key(self, payload: Payload) -> str: ...
    async def create(self, batch: Sequence[Payload]) -> list[Outcome]: ...
    async def update(self, ref: Ref, payload: Payload) -> Outcome: ...
    async def delete(self, ref: Ref) -> Outcome: ...
    async def read(self, refs: Sequence[Ref]) -> dict[Ref, Snapshot]: ...
    async def find(self, payload: Payload) -> Ref | None: ...


class HighLevelAdapter:
    """One sub-account; see `protocol.Adapter` for what each method promises.

    Args:
        settings: which sub-account, and how hard to drive it.
        observer: told about every attempt; for contract tests.
        wire: replaces the network; for tests.
    """

    def __init__(
        self, settings: HighLevelSettings, *, observer: Observer | None = None, wire: Wire | None = None
    ) -> None:
        self.stats = RequestStats()
        self._settings = settings
        self._session = Session(settings, _transport(settings, self.stats, observer, wire))
        self._resources: dict[str, _Resource] = {
            **{name: Records(spec, self._session) for name, spec in SPECS.items()},
            constants.COMPANY_LINKS: CompanyLinks(self._session),
        }

    async def __aenter__(self) -> HighLevelAdapter:
        """Open the connection pool."""
        await self._session.transport.__aenter__()
        return self

    async def __aexit__(self, *exc: object) -> None:
        """Close it."""
        await self._session.transport.__aexit__(*exc)

    async def connect(self) -> AccountInfo:
        """Check token, location and scopes, and read pipelines, users and calendars."""
        return await check_account(self._session)

    async def missing_fields(self, wanted: Sequence[FieldSpec]) -> list[FieldSpec]:
        """Resolve the custom fields by name and model; returns those that the account lacks."""
        return resolve(wanted, await account_fields(self._session), self._session.custom)

    async def create_fields(self, missing: Sequence[FieldSpec]) -> dict[str, str]:
        """Create custom fields; returns `model.name` → the CRM's id."""
        created: dict[str, str] = {}
        for spec in missing:
            created[f"{spec.model}.{spec.name}"] = await create_field(self._session, spec)
        return created

    def require_lookups(self, wanted: Mapping[str, Sequence[str]]) -> None:
        """Check that pipelines, stages, users and calendars exist."""
        self._session.lookups.require(wanted)

    def batch_size(self, obj: str) -> int:
        """How many payloads of an object one request can carry."""
        return self._resource(obj).batch_size

    def batch_key(self, payload: Payload) -> str:
        """Payloads with the same key may share a request."""
        return self._resource(payload.object).batch_key(payload)

    async def create(self, batch: Sequence[Payload]) -> list[Outcome]:
        """Write new records of one object; one outcome per payload, in order."""
        objects = {payload.object for payload in batch}
        if len(objects) > 1:
            raise ValueError(f"one batch holds several objects: {', '.join(sorted(objects))}")
        return await self._resource(objects.pop()).create(batch) if batch else []

    async def update(self, ref: Ref, payload: Payload) -> Outcome:
        """Set the payload's fields on an existing record."""
        return await self._resource(ref.object).update(ref, payload)

    async def delete(self, ref: Ref) -> Outcome:
        """Remove a record; one that is already gone is DONE."""
        return await self._resource(ref.object).delete(ref)

    async def read(self, refs: Sequence[Ref]) -> dict[Ref, Snapshot]:
        """Read records back as the CRM holds them now; absent ones are left out."""
        grouped: dict[str, list[Ref]] = defaultdict(list)
        for ref in refs:
            grouped[ref.object].append(ref)
        found: dict[Ref, Snapshot] = {}
        for name, group in grouped.items():
            found |= await self._resource(name).read(group)
        return found

    async def find(self, payload: Payload) -> Ref | None:
        """Look once for a record by its mark."""
        return await self._resource(payload.object).find(payload)

    def _resource(self, obj: str) -> _Resource:
        if obj not in self._resources:
            raise ValueError(f"HighLevel has no object {obj}; it has {', '.join(sorted(self._resources))}")
        return self._resources[obj]


def _transport(
    settings: HighLevelSettings, stats: RequestStats, observer: Observer | None, wire: Wire | None
) -> Transport:
    scale = settings.time_scale
    # The quota belongs to the sub-account, not to one adapter: the next one goes on from where this one stopped.
    history = None if wire else history_of(f"{settings.base_url} {settings.location_id}")
    return Transport(
        settings.base_url,
        {
            "Authorization": f"Bearer {settings.token}",
            "Accept": "application/json",
            "User-Agent": constants.USER_AGENT,
        },
        RateWindow(settings.rate_limit, settings.window_seconds, scale, history),
        DailyBudget(settings.daily_limit, settings.daily_reserve, constants.DAILY_HEADER, scale),
        stats,
        retry=RetryPolicy(time_scale=scale),
        remaining_header=constants.REMAINING_HEADER,
        concurrency=settings.concurrency,
        timeout=settings.timeout,
        observer=observer,
        wire=wire,
    )
