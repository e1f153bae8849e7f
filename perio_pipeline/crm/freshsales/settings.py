"""What has to be known to open one Freshsales account."""

from __future__ import annotations

from dataclasses import dataclass, field
from urllib.parse import urlsplit

from perio_pipeline.crm.access import check_access
from perio_pipeline.crm.freshsales import constants
from perio_pipeline.crm.freshsales.capabilities import Capabilities
from perio_pipeline.crm.freshsales.plans import CUSTOM_MODULES, PLANS
from perio_pipeline.crm.plans import TOTAL, Plan
from perio_pipeline.crm.setup import SetUp
from perio_pipeline.errors import SettingsError


@dataclass(frozen=True)
class FreshsalesSettings:
    """One account and how hard to drive it.

    Attributes:
        url: `https://ALIAS.myfreshworks.com`, with or without the API's path, or a sandbox.
        alias: the bundle alias; the account's name in messages.
        token: the API key of an administrator; never shown.
        plan: one of `PLANS`; empty for the one that is assumed.
        capabilities: how the account behaves where that is open.
        time_scale: how many of the server's seconds pass in one of ours; 1 but for a sandbox.
        concurrency: requests in flight at most.
        timeout: seconds to wait for an answer.
        per_hour: requests per hour; 0 for what the plan allows.
        file_megabytes: the largest file that is uploaded; 0 for what the capabilities say.
        job_seconds: of the CRM's clock, after which a bulk job counts as stuck. When it is looked at is said in `pace`.
        set_up: where what it says of its set-up is kept for later runs; None for nowhere.
    """

    url: str
    alias: str
    token: str = field(repr=False)
    plan: str = ""
    capabilities: Capabilities = field(default_factory=Capabilities)
    time_scale: float = 1.0
    concurrency: int = 12
    timeout: float = 30.0
    per_hour: int = 0
    file_megabytes: float = 0.0
    job_seconds: float = 300.0
    set_up: SetUp | None = None

    def __post_init__(self) -> None:
        """Check what would otherwise fail in the middle of a request.

        Raises:
            SettingsError: an address, alias, token or plan that cannot be right.
        """
        if not self.file_megabytes:
            object.__setattr__(self, "file_megabytes", float(self.capabilities.file_megabytes))
        check_access(constants.NAME, self.url, self.alias, self.token)
        if not self.allowed.limits[TOTAL]:
            others = ", ".join(plan.name for plan in PLANS.all if plan.limits[TOTAL])
            raise SettingsError(
                f"The {constants.NAME} plan {self.plan} has no custom fields, so that nothing can be loaded into it.",
                f"Move the account to another plan: {others}.",
            )
        host = urlsplit(self.url).hostname or ""
        if host.endswith(constants.HOSTS) and host.split(".")[0] != self.alias.lower():
            raise SettingsError(
                f"The Freshsales address belongs to another account than {self.alias}.",
                "Correct the address or the account in the practice's file.",
            )

    @property
    def base_url(self) -> str:
        """The address requests go to."""
        bare = self.url.rstrip("/")
        return bare if urlsplit(bare).path else bare + constants.API_PATH

    @property
    def allowed(self) -> Plan:
        """What the plan allows."""
        return PLANS.plan(self.plan)

    @property
    def hourly_limit(self) -> int:
        """Requests per hour."""
        return self.per_hour or self.allowed.rates[0].requests

    @property
    def has_modules(self) -> bool:
        """Whether the plan has custom modules."""
        return CUSTOM_MODULES in self.allowed.features
