"""What has to be known to open one HighLevel sub-account."""

from __future__ import annotations

from dataclasses import dataclass, field

from perio_pipeline.crm.access import check_access
from perio_pipeline.crm.highlevel import constants
from perio_pipeline.crm.highlevel.capabilities import Capabilities
from perio_pipeline.crm.setup import SetUp


@dataclass(frozen=True)
class HighLevelSettings:
    """One sub-account and how hard to drive it.

    Attributes:
        base_url: `https://services.leadconnectorhq.com`, or a sandbox.
        location_id: the sub-account.
        token: its private integration token; never shown.
        expected_name: the sub-account's name; `connect` refuses another one. None to go by the id alone.
        capabilities: how it behaves where that is open.
        time_scale: how many of the server's seconds pass in one of ours; 1 but for a sandbox.
        concurrency: requests in flight at most.
        timeout: seconds to wait for an answer.
        rate_limit: requests per window.
        window_seconds: length of the window.
        daily_limit: requests per day.
        daily_reserve: how many of them to leave to others.
        set_up: where what it says of its set-up is kept for later runs; None for nowhere.
    """

    base_url: str
    location_id: str
    token: str = field(repr=False)
    expected_name: str | None = None
    capabilities: Capabilities = field(default_factory=Capabilities)
    time_scale: float = 1.0
    concurrency: int = 12
    timeout: float = 30.0
    rate_limit: int = constants.REQUESTS_PER_WINDOW
    window_seconds: float = constants.WINDOW_SECONDS
    daily_limit: int = constants.REQUESTS_PER_DAY
    daily_reserve: int = constants.DAILY_RESERVE
    set_up: SetUp | None = None

    def __post_init__(self) -> None:
        """Check what would otherwise fail in the middle of a request.

        Raises:
            SettingsError: an address that is none, no location, or a token with characters that no token has.
        """
        check_access("HighLevel", self.base_url, self.location_id, self.token)
