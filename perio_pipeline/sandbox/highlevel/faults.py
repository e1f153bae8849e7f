"""The faults that can be planned for HighLevel."""

from typing import Literal

from pydantic import Field

from perio_pipeline.sandbox.common.faults import BaseFault, CommonKind

FaultKind = Literal[CommonKind, "created_but_422", "nearly_out_daily_quota"]


class Fault(BaseFault):
    """A planned fault, as `BaseFault` describes it.

    Further kinds: `created_but_422` commits and answers 422; `nearly_out_daily_quota` leaves `remaining` requests
    for the day.
    """

    kind: FaultKind
    remaining: int = Field(0, ge=0)
