"""Ready configurations: one practice's sub-account, and further ones beside it."""

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from perio_pipeline.sandbox.highlevel.auth import ALL_SCOPES
from perio_pipeline.sandbox.highlevel.config import (
    Behaviour,
    CalendarConfig,
    FieldConfig,
    LocationConfig,
    PipelineConfig,
    SandboxConfig,
    TokenConfig,
    UserConfig,
)

LOCATION_ID = "LOCharbor0000000000a"
COMPANY_ID = "COMPharbor0000000000"
TOKEN = "pit-sandbox-harbor"
PIPELINE = PipelineConfig(
    name="Perio Treatment",
    stages=("Diagnosis", "Initial Therapy", "Re-evaluation", "Surgical Therapy", "Maintenance"),
)
USER_EMAILS = ("avery.stone@example.com", "blake.rivers@example.com", "casey.moore@example.com")


def demo_config(
    user_emails: Sequence[str] = USER_EMAILS,
    custom_fields: Sequence[FieldConfig] = (),
    behaviour: Behaviour | None = None,
    state_path: Path | None = None,
    **settings: Any,
) -> SandboxConfig:
    """One practice, Harbor Periodontics. `settings` are further fields of `SandboxConfig`."""
    location = practice(
        LOCATION_ID, "Harbor Periodontics (sandbox)", TOKEN, user_emails=user_emails, custom_fields=custom_fields
    )
    return SandboxConfig(locations=(location,), behaviour=behaviour or Behaviour(), state_path=state_path, **settings)


def practice(
    location_id: str,
    name: str,
    token: str,
    user_emails: Sequence[str] = (),
    custom_fields: Sequence[FieldConfig] = (),
    **settings: Any,
) -> LocationConfig:
    """A sub-account with all scopes on one token, the treatment pipeline, users and a calendar."""
    given: dict[str, Any] = {
        "company_id": COMPANY_ID,
        "allow_duplicate_opportunity": True,
        "tokens": (TokenConfig(token=token, scopes=ALL_SCOPES),),
        "users": tuple(UserConfig(name=_name_of(email), email=email) for email in user_emails),
        "pipelines": (PIPELINE,),
        "custom_fields": tuple(custom_fields),
        "calendars": (CalendarConfig(name="Perio Visits"),),
    }
    return LocationConfig(id=location_id, name=name, **(given | settings))


def with_practice(config: SandboxConfig, name: str, **settings: Any) -> SandboxConfig:
    """The configuration with one more practice, whose id and token follow from its name."""
    slug = "".join(filter(str.isalnum, name.lower()))
    location_id = f"LOC{hashlib.sha256(name.encode()).hexdigest()[:17]}"
    another = practice(location_id, name, f"pit-sandbox-{slug}", **settings)
    return config.model_copy(update={"locations": (*config.locations, another)})


def _name_of(email: str) -> str:
    return email.partition("@")[0].replace(".", " ").title()
