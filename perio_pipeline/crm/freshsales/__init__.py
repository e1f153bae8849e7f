"""Freshsales (Freshworks CRM) accounts over the REST API, with an API key."""

from __future__ import annotations

from perio_pipeline.crm.freshsales.adapter import FreshsalesAdapter
from perio_pipeline.crm.freshsales.capabilities import capabilities_from
from perio_pipeline.crm.freshsales.settings import FreshsalesSettings
from perio_pipeline.crm.protocol import AccountSettings
from perio_pipeline.crm.ratewindow import OnWait


def open_account(settings: AccountSettings, on_wait: OnWait | None = None) -> FreshsalesAdapter:
    """The adapter for one account; it sends nothing before it is entered. `on_wait` is told of long waits."""
    return FreshsalesAdapter(
        FreshsalesSettings(
            url=settings.url,
            alias=settings.account_id,
            token=settings.token,
            plan=settings.plan or "growth",
            capabilities=capabilities_from(settings.capabilities),
            time_scale=settings.time_scale,
        ),
        on_wait=on_wait,
    )
