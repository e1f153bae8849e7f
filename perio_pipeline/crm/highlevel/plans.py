"""What HighLevel allows: the same on every plan (API facts, section 0; requirement G10).

Nothing is published on limits of custom fields or storage that would depend on the agency's plan.
"""

from __future__ import annotations

from perio_pipeline.crm.highlevel import constants
from perio_pipeline.crm.plans import Plan, Plans, Rate

PLANS = Plans(
    crm="HighLevel",
    all=(
        Plan(
            "",
            (
                Rate(constants.REQUESTS_PER_DAY - constants.DAILY_RESERVE, constants.DAY_SECONDS),
                Rate(constants.REQUESTS_PER_WINDOW, constants.WINDOW_SECONDS),
            ),
        ),
    ),
)
