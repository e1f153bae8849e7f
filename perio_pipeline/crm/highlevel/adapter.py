"""`protocol.Adapter` for one HighLevel sub-account."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from perio_pipeline.crm.dispatch import Dispatcher, Resource
from perio_pipeline.crm.highlevel import constants
from perio_pipeline.crm.highlevel.account import (
    check_account,
    create_fields,
    missing_fields,
    remove_fields,
    standings,
)
from perio_pipeline.crm.highlevel.capabilities import NOON
from perio_pipeline.crm.highlevel.customfields import CustomFields
from perio_pipeline.crm.highlevel.files import ContactFiles
from perio_pipeline.crm.highlevel.holding import holders
from perio_pipeline.crm.highlevel.links import CompanyLinks
from perio_pipeline.crm.highlevel.objects import SPECS
from perio_pipeline.crm.highlevel.records import Records
from perio_pipeline.crm.highlevel.session import Session
from perio_pipeline.crm.highlevel.settings import HighLevelSettings
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
from perio_pipeline.crm.ratewindow import DailyBudget, OnWait, RateWindow, history_of
from perio_pipeline.crm.retry import RetryPolicy


class HighLevelAdapter(Dispatcher):
    """One sub-account; see `protocol.Adapter` for what each method promises.

    Args:
        settings: which sub-account, and how hard to drive it.
        on_wait: told of long waits as they begin.
        observer: told about every attempt; for contract tests.
        wire: replaces the network; for tests.
    """

    def __init__(
        self,
        settings: HighLevelSettings,
        *,
        on_wait: OnWait | None = None,
        observer: Observer | None = None,
        wire: Wire | None = None,
    ) -> None:
        stats = RequestStats()
        self._session = open_session(settings, stats, on_wait=on_wait, observer=observer, wire=wire)
        resources: dict[str, Resource] = {
            **{name: Records(spec, self._session) for name, spec in SPECS.items()},
            constants.COMPANY_LINKS: CompanyLinks(self._session),
            constants.CHARTS: ContactFiles(constants.CHARTS, self._session),
        }
        super().__init__("HighLevel", self._session.transport, resources, stats)

    async def connect(self) -> AccountInfo:
        """Check token, location and scopes, and read pipelines, users and calendars."""
        return await check_account(self._session)

    async def missing_fields(self, wanted: Sequence[FieldSpec]) -> list[FieldSpec]:
        """Resolve the custom fields by name and model; returns those that the account lacks."""
        return await missing_fields(self._session, wanted)

    async def standings(self, wanted: Sequence[FieldSpec]) -> list[Standing]:
        """Compare the account with the custom fields that the mapping needs."""
        return await standings(self._session, wanted)

    async def create_fields(self, missing: Sequence[FieldSpec], log: CreationLog = UNLOGGED) -> list[CreatedField]:
        """Create custom fields."""
        return await create_fields(self._session, missing, log)

    async def holders(self, created: Sequence[CreatedField]) -> dict[CreatedField, frozenset[str] | None]:
        """CRM ids of the records in which each field holds a value."""
        return await holders(self._session, created)

    async def remove_fields(self, created: Sequence[CreatedField]) -> list[KeptField]:
        """Delete custom fields; returns those that stay."""
        return await remove_fields(self._session, created)

    def missing_lookups(self, wanted: Mapping[str, Sequence[str]]) -> dict[str, list[str]]:
        """Pipelines, stages, users and calendars that the account lacks."""
        return self._session.lookups.missing(wanted)

    def require_lookups(self, wanted: Mapping[str, Sequence[str]]) -> None:
        """Check that pipelines, stages, users and calendars exist."""
        self._session.lookups.require(wanted)


def open_session(
    settings: HighLevelSettings,
    stats: RequestStats,
    *,
    on_wait: OnWait | None = None,
    observer: Observer | None = None,
    wire: Wire | None = None,
) -> Session:
    """One sub-account, not yet connected."""
    custom = CustomFields(noon=settings.capabilities.date_form == NOON)
    return Session(settings, _transport(settings, stats, on_wait, observer, wire), custom=custom)


def _transport(
    settings: HighLevelSettings,
    stats: RequestStats,
    on_wait: OnWait | None,
    observer: Observer | None,
    wire: Wire | None,
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
        RateWindow(settings.rate_limit, settings.window_seconds, scale, history, on_wait),
        DailyBudget(settings.daily_limit, settings.daily_reserve, constants.DAILY_HEADER, scale),
        stats,
        retry=RetryPolicy(time_scale=scale),
        remaining_header=constants.REMAINING_HEADER,
        concurrency=settings.concurrency,
        timeout=settings.timeout,
        on_wait=on_wait,
        observer=observer,
        wire=wire,
    )
