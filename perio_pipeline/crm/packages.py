"""The adapters' packages: what each folder of this room shows to the outside, found by the name of the CRM."""

from __future__ import annotations

import importlib
import importlib.util
from collections.abc import Mapping
from typing import Protocol, cast

from perio_pipeline.crm.budget import Budget
from perio_pipeline.crm.plans import Plans
from perio_pipeline.crm.probing import ProbePlan, ProbeReport
from perio_pipeline.crm.protocol import AccountSettings, Adapter, Behaviour, FileLimits
from perio_pipeline.crm.ratewindow import OnWait
from perio_pipeline.errors import SettingsError


class CrmPackage(Protocol):
    """One CRM's folder."""

    @property
    def PLANS(self) -> Plans:  # noqa: N802 - a constant of the package
        """What its plans allow."""
        ...

    def behaviours(self, capabilities: Mapping[str, bool | int | str]) -> Mapping[str, bool]:
        """Return how an account behaves that is stated to have these capabilities: each by name, on or off."""
        ...

    def shaping(self, capabilities: Mapping[str, Behaviour]) -> Mapping[str, Behaviour]:
        """Return those behaviours by which the account is sent other records, or takes over others: each by name."""
        ...

    def budget_of(self, plan: str, capabilities: Mapping[str, bool | int | str]) -> Budget:
        """Return what requests cost in an account on this plan with these behaviours."""
        ...

    def file_limits(self, settings: AccountSettings) -> FileLimits:
        """Return what an account takes of files."""
        ...

    def open_account(self, settings: AccountSettings, on_wait: OnWait | None = None) -> Adapter:
        """Return the adapter for one account; it sends nothing before it is entered."""
        ...

    def probe_plan(self) -> ProbePlan:
        """Return what the probes of an account would ask, and what they cost."""
        ...

    async def probe(self, settings: AccountSettings, on_wait: OnWait | None = None) -> ProbeReport:
        """Find out how an account behaves, with throwaways that are removed; leaves it as it was.

        Raises:
            DestinationError: the account cannot be opened.
        """
        ...


def is_crm(name: str) -> bool:
    """Whether there is a folder of this name."""
    found = importlib.util.find_spec(f"{__package__}.{name}") if name.isidentifier() else None
    return found is not None and found.submodule_search_locations is not None


def crm_package(name: str) -> CrmPackage:
    """Return a CRM's folder.

    Raises:
        SettingsError: there is none of this name.
    """
    if not is_crm(name):
        raise SettingsError(f"There is no adapter for {name}.", "Use a destination with a folder in crm/.")
    return cast(CrmPackage, importlib.import_module(f"{__package__}.{name}"))
