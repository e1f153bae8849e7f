"""Freshsales (Freshworks CRM) accounts over the REST API, with an API key."""

from __future__ import annotations

from collections.abc import Mapping

from perio_pipeline.crm.freshsales import constants
from perio_pipeline.crm.freshsales.adapter import FreshsalesAdapter
from perio_pipeline.crm.freshsales.budget import FreshsalesBudget
from perio_pipeline.crm.freshsales.capabilities import SHAPING, capabilities_from
from perio_pipeline.crm.freshsales.plans import CUSTOM_MODULES, PLANS
from perio_pipeline.crm.freshsales.probes import probe_account, probe_plan
from perio_pipeline.crm.freshsales.settings import FreshsalesSettings
from perio_pipeline.crm.probing import ProbeReport
from perio_pipeline.crm.protocol import AccountSettings, Behaviour, FileLimits
from perio_pipeline.crm.ratewindow import OnWait

__all__ = ["PLANS", "behaviours", "budget_of", "file_limits", "open_account", "probe", "probe_plan", "shaping"]


def behaviours(capabilities: Mapping[str, bool | int | str]) -> Mapping[str, bool]:
    """The account's capabilities that are on or off."""
    known = capabilities_from(capabilities).as_mapping()
    return {name: value for name, value in known.items() if isinstance(value, bool)}


def shaping(capabilities: Mapping[str, Behaviour]) -> Mapping[str, Behaviour]:
    """The capabilities by which other records are sent or taken over."""
    known = capabilities_from(capabilities).as_mapping()
    return {name: known[name] for name in SHAPING}


def budget_of(plan: str, capabilities: Mapping[str, bool | int | str]) -> FreshsalesBudget:
    """What requests cost in an account on this plan with these behaviours."""
    modules = CUSTOM_MODULES in PLANS.plan(plan).features
    return FreshsalesBudget(capabilities_from(capabilities), modules)


def open_account(settings: AccountSettings, on_wait: OnWait | None = None) -> FreshsalesAdapter:
    """The adapter for one account; it sends nothing before it is entered. `on_wait` is told of long waits."""
    return FreshsalesAdapter(_settings(settings), on_wait=on_wait)


async def probe(settings: AccountSettings, on_wait: OnWait | None = None) -> ProbeReport:
    """Find out how an account behaves; leaves it as it was."""
    return await probe_account(_settings(settings), on_wait)


def file_limits(settings: AccountSettings) -> FileLimits:
    """What the account takes of files: the plan's storage grows with its users, and all share it (9, 13)."""
    per_user = PLANS.plan(settings.plan).storage_gb_per_user
    known = settings.users is not None and per_user is not None
    room = (per_user or 0) * (settings.users or 0) * constants.GIGABYTE if known else None
    return FileLimits(capabilities_from(settings.capabilities).file_megabytes * constants.MEGABYTE, room)


def _settings(settings: AccountSettings) -> FreshsalesSettings:
    return FreshsalesSettings(
        url=settings.url,
        alias=settings.account_id,
        token=settings.token,
        plan=settings.plan,
        capabilities=capabilities_from(settings.capabilities),
        time_scale=settings.time_scale,
        set_up=settings.set_up,
    )
