"""What has to be known to open one HighLevel sub-account."""

from __future__ import annotations

from dataclasses import dataclass, field

from perio_pipeline.crm.highlevel import constants
from perio_pipeline.errors import SettingsError


@dataclass(frozen=True)
class HighLevelSettings:
    """One sub-account and how hard to drive it.

    Attributes:
        base_url: `https://services.leadconnectorhq.com`, or a sandbox.
        location_id: the sub-account.
        token: its private integration token; never shown.
        expected_name: the sub-account's name; `connect` refuses another one. None to go by the id alone.
        time_scale: how many of the server's seconds pass in one of ours; 1 but for a sandbox.
        concurrency: requests in flight at most.
        timeout: seconds to wait for an answer.
        rate_limit: requests per window.
        window_seconds: length of the window.
        daily_limit: requests per day.
        daily_reserve: how many of them to leave to others.
    """

    base_url: str
    location_id: str
    token: str = field(repr=False)
    expected_name: str | None = None
    time_scale: float = 1.0
    concurrency: int = 12
    timeout: float = 30.0
    rate_limit: int = constants.REQUESTS_PER_WINDOW
    window_seconds: float = constants.WINDOW_SECONDS
    daily_limit: int = constants.REQUESTS_PER_DAY
    daily_reserve: int = constants.DAILY_RESERVE

    def __post_init__(self) -> None:
        """Check what would otherwise fail in the middle of a request.

        Raises:
            SettingsError: an address that is none, no location, or a token with characters that no token has.
        """
        if not self.base_url.startswith(("https://", "http://")):
            raise SettingsError(
                f"The HighLevel address {self.base_url!r} is not one.", "Give it with https:// in front."
            )
        if not self.location_id:
            raise SettingsError("The HighLevel location id is empty.", "Put it into the practice's file.")
        if not self.token or not self.token.isascii() or any(c.isspace() for c in self.token):
            raise SettingsError(
                "The HighLevel token is empty or holds spaces or line breaks.",
                "Put the private integration token into the environment exactly as it was shown.",
            )
