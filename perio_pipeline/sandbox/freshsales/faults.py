"""The faults that can be planned for Freshsales."""

from typing import Literal

from pydantic import Field

from perio_pipeline.sandbox.common.faults import BaseFault, CommonKind

FaultKind = Literal[
    CommonKind, "created_but_error", "nearly_out_hourly_quota", "partial_bulk", "failed_job", "stuck_job", "busy"
]


class Fault(BaseFault):
    """A planned fault, as `BaseFault` describes it.

    Further kinds: `created_but_error` commits and answers `status`; `nearly_out_hourly_quota` leaves `remaining`
    requests for the hour; `partial_bulk` lets `rows` rows of a bulk upsert fail, chosen by `seed`; `failed_job` does
    the same and ends the job as FAILED, without a word on which rows; `stuck_job` makes a bulk upsert whose job never
    ends; `busy` answers 405 and does nothing (`times` makes a burst).
    """

    kind: FaultKind
    remaining: int = Field(0, ge=0)
    rows: int = Field(1, ge=1)
