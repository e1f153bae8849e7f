"""What every account needs to be opened, and the words for one that cannot be reached."""

from __future__ import annotations

from perio_pipeline.errors import DestinationError, SettingsError


def check_access(crm: str, url: str, account_id: str, token: str) -> None:
    """Check what would otherwise fail in the middle of a request.

    Raises:
        SettingsError: an address that is none, no account, or a token with characters that no token has.
    """
    if not url.startswith(("https://", "http://")):
        raise SettingsError(f"The {crm} address {url!r} is not one.", "Give it with https:// in front.")
    if not account_id:
        raise SettingsError(f"The {crm} account's id is empty.", "Put it into the practice's file.")
    if not token or not token.isascii() or any(character.isspace() for character in token):
        raise SettingsError(
            f"The {crm} token is empty or holds spaces or line breaks.",
            "Put the token into the environment exactly as it was shown.",
        )


def unreachable(crm: str, url: str, cause: str) -> DestinationError:
    """The error for a host that no connection could be opened to."""
    return DestinationError(
        f"{crm} cannot be reached at {url} ({cause}).",
        "Check the address and the network, then run again; nothing is lost.",
    )


def unanswered(crm: str, request: str, cause: str) -> DestinationError:
    """The error for a read that got no answer after all attempts."""
    return DestinationError(
        f"{crm} gave no answer to {request} ({cause}).",
        "Run again; what was already done is not repeated.",
    )
