"""`protocol.Adapter` for one Freshsales account."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from perio_pipeline.crm.dispatch import Dispatcher
from perio_pipeline.crm.freshsales import constants
from perio_pipeline.crm.freshsales.account import check_account
from perio_pipeline.crm.freshsales.customfields import CustomFields
from perio_pipeline.crm.freshsales.documents import Documents
from perio_pipeline.crm.freshsales.holding import holders
from perio_pipeline.crm.freshsales.memory import Memory, memory_of
from perio_pipeline.crm.freshsales.objects import SPECS
from perio_pipeline.crm.freshsales.records import Records
from perio_pipeline.crm.freshsales.removing import remove_fields
from perio_pipeline.crm.freshsales.schema import create_fields, missing_fields, standings
from perio_pipeline.crm.freshsales.session import Session
from perio_pipeline.crm.freshsales.settings import FreshsalesSettings
from perio_pipeline.crm.http import Observer, Transport, Wire
from perio_pipeline.crm.protocol import (
    UNLOGGED,
    AccountInfo,
    CreatedField,
    CreationLog,
    FieldSpec,
    KeptField,
    RequestStats,
    Standing,
)
from perio_pipeline.crm.ratewindow import OnWait, RateWindow, RateWindows, history_of
from perio_pipeline.crm.retry import RetryPolicy
from perio_pipeline.errors import DestinationError

# A refusal may last until the CRM's hour turns, which nothing announces: the pauses add up to more than an hour.
_THROTTLED_ATTEMPTS, _THROTTLED_BASE, _THROTTLED_CAP = 18, 2.0, 900.0


class FreshsalesAdapter(Dispatcher):
    """One account; see `protocol.Adapter` for what each method promises.

    Args:
        settings: which account, how it behaves, and how hard to drive it.
        on_wait: told of long waits for the hourly quota as they begin.
        observer: told about every attempt; for contract tests.
        wire: replaces the network; for tests.
    """

    def __init__(
        self,
        settings: FreshsalesSettings,
        *,
        on_wait: OnWait | None = None,
        observer: Observer | None = None,
        wire: Wire | None = None,
    ) -> None:
        stats = RequestStats()
        memory = Memory() if wire else memory_of(_account(settings))
        self._session = open_session(settings, stats, memory, on_wait=on_wait, observer=observer, wire=wire)
        resources = {
            name: (Documents if spec.entity == constants.DOCUMENT else Records)(spec, self._session)
            for name, spec in SPECS.items()
        }
        super().__init__(constants.NAME, self._session.transport, resources, stats)

    async def connect(self) -> AccountInfo:
        """Check key and account, and read look-ups and field lists."""
        return await check_account(self._session)

    async def missing_fields(self, wanted: Sequence[FieldSpec]) -> list[FieldSpec]:
        """Resolve the custom fields by name or label; returns those that the account lacks."""
        return await missing_fields(self._session, wanted)

    async def standings(self, wanted: Sequence[FieldSpec]) -> list[Standing]:
        """Compare the account with the custom fields that the mapping needs, and the module that carries some."""
        return await standings(self._session, wanted)

    async def create_fields(self, missing: Sequence[FieldSpec], log: CreationLog = UNLOGGED) -> list[CreatedField]:
        """Create custom fields where the API allows, and the custom module that carries them."""
        return await create_fields(self._session, missing, log)

    async def holders(self, created: Sequence[CreatedField]) -> dict[CreatedField, frozenset[str] | None]:
        """CRM ids of the records in which each field holds a value, or that lie in each module."""
        return await holders(self._session, created)

    async def remove_fields(self, created: Sequence[CreatedField]) -> list[KeptField]:
        """Remove what was created where the API allows; returns what stays."""
        return await remove_fields(self._session, created)

    def _read_as(self, obj: str) -> str:
        """Patients, providers and referring dentists are all contacts: one walk through the lists serves them."""
        return SPECS[obj].plural if obj in SPECS and SPECS[obj].plural in SPECS else obj

    def missing_lookups(self, wanted: Mapping[str, Sequence[str]]) -> dict[str, list[str]]:
        """Pipelines, stages, users and other entries that the account lacks."""
        missing = self._session.lookups.missing(wanted)
        if missing:
            # An admin will create them now, so that the next connection must read the lists again.
            self._session.memory.forget()
        return missing

    def require_lookups(self, wanted: Mapping[str, Sequence[str]]) -> None:
        """Check that pipelines, stages, users and other entries exist."""
        try:
            self._session.lookups.require(wanted)
        except DestinationError:
            # An admin will create them now, so that the next connection must read the lists again.
            self._session.memory.forget()
            raise


def open_session(
    settings: FreshsalesSettings,
    stats: RequestStats,
    memory: Memory | None = None,
    *,
    on_wait: OnWait | None = None,
    observer: Observer | None = None,
    wire: Wire | None = None,
) -> Session:
    """One account, not yet connected. Without `memory` nothing is known of it that was read before."""
    transport = _transport(settings, stats, on_wait, observer, wire)
    custom = CustomFields(arrays=settings.capabilities.multi_select_array)
    return Session(settings, transport, memory or Memory(), custom=custom)


def _account(settings: FreshsalesSettings) -> str:
    return f"{settings.base_url} {settings.alias}"


def _transport(
    settings: FreshsalesSettings,
    stats: RequestStats,
    on_wait: OnWait | None,
    observer: Observer | None,
    wire: Wire | None,
) -> Transport:
    scale = settings.time_scale
    # The quota belongs to the account, not to one adapter: the next one goes on from where this one stopped.
    account = _account(settings)
    limits = ((settings.hourly_limit, constants.HOUR), (settings.capabilities.minute_requests, constants.MINUTE))
    windows = [
        RateWindow(limit, seconds, scale, None if wire else history_of(f"{account} {seconds}"), on_wait)
        for limit, seconds in limits
        if limit
    ]
    return Transport(
        settings.base_url,
        {
            "Authorization": f"Token token={settings.token}",
            "Accept": "application/json",
            "User-Agent": constants.USER_AGENT,
        },
        RateWindows(windows),
        None,
        stats,
        retry=RetryPolicy(time_scale=scale),
        throttled=RetryPolicy(
            attempts=_THROTTLED_ATTEMPTS,
            base=_THROTTLED_BASE,
            cap=_THROTTLED_CAP,
            patience=2 * constants.HOUR,
            time_scale=scale,
        ),
        concurrency=settings.concurrency,
        timeout=settings.timeout,
        on_wait=on_wait,
        observer=observer,
        wire=wire,
    )
