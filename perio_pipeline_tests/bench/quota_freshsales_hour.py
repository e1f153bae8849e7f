"""Freshsales' limits of an hour, 1,000 to 5,000 by plan, on a clock on which an hour passes in two minutes.

Three accounts, one per plan, are loaded at the same time. All have custom modules, so that one mapping fits them all.
On such a clock a second that this machine is busy counts half a minute, so that less is asked of the ratio.
"""

from __future__ import annotations

import asyncio
from functools import partial

from perio_pipeline.crm.freshsales.adapter import FreshsalesAdapter
from perio_pipeline.crm.freshsales.plans import NAMES, REQUESTS_PER_HOUR
from perio_pipeline.crm.freshsales.settings import FreshsalesSettings
from perio_pipeline_tests.bench.figures import Figure
from perio_pipeline_tests.bench.loads import Load, load_of, sandbox_of
from perio_pipeline_tests.bench.quota import HOUR, Limit, Meter
from perio_pipeline_tests.bench.served import served
from perio_pipeline_tests.shaped import ShapedPractice

CRM = "freshsales"
CLOCK = 30.0
LEAST = 0.95
PER_HOUR = dict(zip(NAMES, REQUESTS_PER_HOUR, strict=True))
PLANS = {name: PER_HOUR[name] for name in ("growth", "pro", "enterprise")}
BEYOND = 1.1
"""How much more than an hour's quota is sent, so that slots are taken a second time."""


def figures(practice: ShapedPractice) -> list[Figure]:
    """Take about two and a half minutes; the practice needs 5,500 visits or more."""
    config = sandbox_of(practice, CRM, CLOCK)
    accounts = tuple(
        config.accounts[0].model_copy(update={"alias": plan, "tokens": (f"token-{plan}",), "calls_per_hour": limit})
        for plan, limit in PLANS.items()
    )
    with served(config.model_copy(update={"accounts": accounts})) as sandbox:
        meters = {}
        makers = []
        for plan, limit in PLANS.items():
            meters[plan] = Meter(sandbox, plan, Limit(limit, HOUR, HOUR, LEAST))
            settings = FreshsalesSettings(
                sandbox.base_url, plan, f"token-{plan}", "enterprise", time_scale=CLOCK, per_hour=limit
            )
            makers.append((plan, partial(FreshsalesAdapter, settings)))

        async def one(load: Load) -> None:
            plan = load.account
            with meters[plan].step(f"Freshsales {plan}, loading, clock × {CLOCK:g}"):
                await load.prepare()
                for name in ("sales_accounts", "providers", "referring_dentists", "contacts"):
                    await load.load(name)
                visits = round(BEYOND * PLANS[plan])
                await load.load("appointments", load.shaped["appointments"].head(visits))

        async def main() -> None:
            with load_of(practice, CRM, *makers, time_scale=CLOCK) as loads:
                await asyncio.gather(*(one(load) for load in loads))

        asyncio.run(main())
    return [figure for meter in meters.values() for figure in meter.figures]
