"""Ready configurations: one practice's account, and further ones beside it."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from perio_pipeline.sandbox.freshsales.behaviour import Behaviour
from perio_pipeline.sandbox.freshsales.config import (
    AccountConfig,
    FieldConfig,
    PipelineConfig,
    SandboxConfig,
    StageConfig,
    UserConfig,
)
from perio_pipeline.sandbox.freshsales.plans import PlanName

ALIAS = "harbor-perio"
TOKEN = "fs-sandbox-harbor"
PIPELINE = PipelineConfig(
    name="Perio Treatment",
    stages=(
        StageConfig(name="Consultation"),
        StageConfig(name="Accepted"),
        StageConfig(name="In Treatment"),
        StageConfig(name="Completed", outcome="Closed Won"),
        StageConfig(name="Lost", outcome="Closed Lost"),
    ),
)
USER_EMAILS = ("avery.stone@example.com", "blake.rivers@example.com", "casey.moore@example.com")
INTEGRATION_USER = UserConfig(name="Migration", email="migration@example.com")


def demo_config(
    user_emails: Sequence[str] = USER_EMAILS,
    custom_fields: Sequence[FieldConfig] = (),
    behaviour: Behaviour | None = None,
    state_path: Path | None = None,
    plan: PlanName = "enterprise",
    **settings: Any,
) -> SandboxConfig:
    """One practice, Harbor Periodontics. `settings` are further fields of `SandboxConfig`."""
    account = practice(
        ALIAS, "Harbor Periodontics (sandbox)", TOKEN, plan, user_emails=user_emails, custom_fields=custom_fields
    )
    return SandboxConfig(accounts=(account,), behaviour=behaviour or Behaviour(), state_path=state_path, **settings)


def practice(
    alias: str,
    name: str,
    token: str,
    plan: PlanName = "enterprise",
    user_emails: Sequence[str] = (),
    custom_fields: Sequence[FieldConfig] = (),
    **settings: Any,
) -> AccountConfig:
    """An account with the treatment pipeline, an integration user who owns the token, and users by e-mail."""
    given: dict[str, Any] = {
        "tokens": (token,),
        "plan": plan,
        "users": (INTEGRATION_USER, *(UserConfig(name=_name_of(email), email=email) for email in user_emails)),
        "pipelines": (PIPELINE,),
        "custom_fields": tuple(custom_fields),
    }
    return AccountConfig(alias=alias, name=name, **(given | settings))


def with_practice(config: SandboxConfig, name: str, **settings: Any) -> SandboxConfig:
    """The configuration with one more practice, whose alias and token follow from its name."""
    slug = "-".join("".join(filter(str.isalnum, word)) for word in name.lower().split())
    another = practice(slug, name, f"fs-sandbox-{slug}", **settings)
    return config.model_copy(update={"accounts": (*config.accounts, another)})


def _name_of(email: str) -> str:
    return email.partition("@")[0].replace(".", " ").title()
