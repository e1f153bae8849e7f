"""The settings every sandbox has. Only data belongs here."""

from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field


class Frozen(BaseModel):
    """A settings object that cannot change and refuses names it does not know."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class ServerConfig(Frozen):
    """How a sandbox runs. Without `state_path` everything is forgotten when the server stops."""

    clock_factor: float = Field(1.0, gt=0)
    search_lag_seconds: float = Field(2.0, ge=0)
    seed: int = 0
    state_path: Path | None = None
    record_requests: bool = False
