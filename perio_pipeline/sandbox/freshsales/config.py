"""What a sandbox holds at first start: its accounts with their plan, users, pipelines, fields and modules.

Only data belongs here; how the server behaves where sources are open is in `behaviour`.
"""

from typing import Literal

from pydantic import Field, model_validator

from perio_pipeline.sandbox.common.config import Frozen, ServerConfig
from perio_pipeline.sandbox.freshsales.behaviour import Behaviour
from perio_pipeline.sandbox.freshsales.faults import Fault
from perio_pipeline.sandbox.freshsales.plans import PLANS, PlanName

FieldType = Literal[
    "text",
    "paragraph",
    "number",
    "dropdown",
    "radio",
    "multi_select_dropdown",
    "checkbox",
    "date",
    "date_time",
    "auto_complete",
]


Workflow = Literal["welcome_mail", "auto_assign"]


class UserConfig(Frozen):
    """A person with a login; the first one owns what the API creates."""

    name: str
    email: str
    active: bool = True


class StageConfig(Frozen):
    """A stage of a pipeline."""

    name: str
    outcome: Literal["Open", "Closed Won", "Closed Lost"] = "Open"


class PipelineConfig(Frozen):
    """A pipeline and its stages, in order."""

    name: str
    stages: tuple[StageConfig, ...]


class FieldConfig(Frozen):
    """A custom field that exists before anyone calls the API; `name` is the label an admin typed."""

    name: str
    type: FieldType = "text"
    choices: tuple[str, ...] = ()
    module: str = Field("contacts", description="contacts, sales_accounts, deals, sales_activities or cm_x")
    required: bool = False
    unique: bool = False
    lookup: str = Field("contacts", description="the module an auto_complete field points into")


class ModuleConfig(Frozen):
    """A custom module that exists before anyone calls the API."""

    entity_name: str = Field(pattern=r"^cm_[a-z0-9_]+$")
    singular_name: str
    plural_name: str


class AccountConfig(Frozen):
    """One Freshsales account, known by its bundle alias."""

    alias: str = Field(pattern=r"^[a-z0-9-]+$")
    name: str
    tokens: tuple[str, ...]
    restricted_tokens: tuple[tuple[str, str], ...] = Field(
        (), description="(token, e-mail of its user): keys of people who are no admins and see their own records only"
    )
    workflows: tuple[Workflow, ...] = Field((), description="what happens of itself when a contact is created")
    plan: PlanName = "enterprise"
    time_zone: str = "America/New_York"
    users: tuple[UserConfig, ...] = Field(min_length=1)
    pipelines: tuple[PipelineConfig, ...] = Field(min_length=1)
    custom_modules: tuple[ModuleConfig, ...] = ()
    custom_fields: tuple[FieldConfig, ...] = ()
    required_fields: tuple[tuple[str, str], ...] = Field((), description="(module, native field) made required")
    activity_types: tuple[str, ...] = Field((), description="custom sales activity types; Enterprise only")
    calls_per_hour: int | None = Field(None, description="instead of the plan's")
    storage_bytes: int | None = Field(None, description="instead of the plan's per user x users")

    @model_validator(mode="after")
    def _fits_plan(self) -> "AccountConfig":
        plan = PLANS[self.plan]
        if len(self.pipelines) > 1 and not plan.several_pipelines:
            raise ValueError(f"plan {self.plan} has one pipeline only")
        if self.custom_modules and not plan.custom_modules:
            raise ValueError(f"plan {self.plan} has no custom modules")
        if self.activity_types and not plan.custom_activity_types:
            raise ValueError(f"plan {self.plan} has no custom sales activities")
        return self

    def all_tokens(self) -> tuple[str, ...]:
        """Those of admins and of others."""
        return (*self.tokens, *(token for token, _ in self.restricted_tokens))

    def storage(self) -> int:
        """Bytes of pooled file storage."""
        if self.storage_bytes is not None:
            return self.storage_bytes
        return PLANS[self.plan].storage_per_user * sum(user.active for user in self.users)


class SandboxConfig(ServerConfig):
    """A whole sandbox."""

    accounts: tuple[AccountConfig, ...] = Field(min_length=1)
    behaviour: Behaviour = Behaviour()
    faults: tuple[Fault, ...] = ()
