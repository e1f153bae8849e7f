"""Who may call: token, version, scope and location, in the order of section 16.1."""

from typing import Any

from perio_pipeline.sandbox.highlevel.errors import unauthorized, wrong_location
from perio_pipeline.sandbox.highlevel.state import LocationState, Sandbox

VERSIONS = frozenset({"2021-04-15", "2021-07-28", "2023-02-21", "v3"})

ALL_SCOPES = frozenset(
    {
        "contacts.readonly",
        "contacts.write",
        "opportunities.readonly",
        "opportunities.write",
        "pipelines.create",
        "businesses.readonly",
        "businesses.write",
        "locations.readonly",
        "locations/customFields.readonly",
        "locations/customFields.write",
        "locations/tags.readonly",
        "locations/tags.write",
        "locations/tasks.readonly",
        "forms.write",
        "calendars.readonly",
        "calendars.write",
        "calendars/events.readonly",
        "calendars/events.write",
        "users.readonly",
    }
)


def authenticate(sandbox: Sandbox, headers: dict[str, str]) -> tuple[str, LocationState, frozenset[str]]:
    """The token of a request with its location and scopes."""
    scheme, _, token = headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or token not in sandbox.tokens or token in sandbox.expired_tokens:
        private = token.startswith("pit-")
        raise unauthorized("Invalid Private Integration token" if private else "Invalid JWT")
    location, scopes = sandbox.tokens[token]
    return token, location, scopes


def check_version(headers: dict[str, str]) -> str:
    """The Version header, when it is a published one."""
    version = headers.get("version")
    if not version:
        raise unauthorized("version header was not found.")
    if version not in VERSIONS:
        raise unauthorized("version header is invalid")
    return version


def check_scope(needed: str, scopes: frozenset[str]) -> None:
    """Refuse a token without the scope; 401, not 403."""
    if needed not in scopes:
        raise unauthorized("The token is not authorized for this scope.")


def check_location(location: LocationState, *claims: Any) -> None:
    """Refuse a request that names another location in its path, query or body."""
    if any(isinstance(claim, str) and claim and claim != location.config.id for claim in claims):
        raise wrong_location()
