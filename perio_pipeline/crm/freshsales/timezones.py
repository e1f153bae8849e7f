"""Names of time zones: IANA's, which the pipeline speaks, and those that Freshsales lists."""

from __future__ import annotations

from collections.abc import Mapping

RAILS: Mapping[str, str] = {
    "America/New_York": "Eastern Time (US & Canada)",
    "America/Indiana/Indianapolis": "Indiana (East)",
    "America/Chicago": "Central Time (US & Canada)",
    "America/Denver": "Mountain Time (US & Canada)",
    "America/Phoenix": "Arizona",
    "America/Los_Angeles": "Pacific Time (US & Canada)",
    "America/Anchorage": "Alaska",
    "America/Juneau": "Alaska",
    "Pacific/Honolulu": "Hawaii",
    "America/Halifax": "Atlantic Time (Canada)",
    "America/Puerto_Rico": "Puerto Rico",
    "Etc/UTC": "UTC",
}
_IANA = {rails: iana for iana, rails in reversed(list(RAILS.items()))}


def to_rails(name: str) -> str:
    """Freshsales' name of a zone; a name that is not listed stays as it is."""
    return RAILS.get(name, name)


def to_iana(name: str) -> str:
    """IANA's name of a zone that Freshsales named."""
    return _IANA.get(name, name)
