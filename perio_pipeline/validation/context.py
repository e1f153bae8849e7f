"""What validation has to know besides the rows: the day, the place, and what the practice switched off."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from zoneinfo import ZoneInfo

from perio_pipeline.errors import SettingsError
from perio_pipeline.validation.missing_teeth import MissingTeeth
from perio_pipeline.validation.treatments import RULES


@dataclass(frozen=True, eq=False)
class Context:
    """Settings of one validation.

    Attributes:
        today: the day birth dates are judged by.
        country: ISO code of the country whose phone numbers need no country code.
        time_zone: IANA name of the practice's time zone.
        bridge_fed: a practice management system feeds patients in over the text bridge.
        missing_teeth: of the exams of a `perio_site` extract.
        switched_off: names of treatments that are not to be applied.

    Raises:
        SettingsError: an unknown time zone, or a rule that is unknown or may not be switched off.
    """

    today: date
    country: str = "US"
    time_zone: str = "America/New_York"
    bridge_fed: bool = False
    missing_teeth: MissingTeeth | None = None
    switched_off: frozenset[str] = frozenset()

    def __post_init__(self) -> None:
        try:
            ZoneInfo(self.time_zone)
        except (KeyError, OSError, ValueError) as error:
            raise SettingsError(
                "The practice's time zone is unknown.", "Give an IANA name: America/Chicago."
            ) from error
        switchable = {name for name, rule in RULES.items() if rule.switchable}
        if unknown := sorted(self.switched_off - switchable):
            raise SettingsError(
                f"Treatments that cannot be switched off: {', '.join(unknown)}.",
                f"Choose from: {', '.join(sorted(switchable))}.",
            )

    def applies(self, rule: str) -> bool:
        """Say whether the rule is switched on."""
        return rule not in self.switched_off
