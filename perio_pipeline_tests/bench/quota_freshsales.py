"""Freshsales at its true limit of a minute, 400 requests: how much of it loading and updating use.

Reading back goes by lists: 420 contacts take 11 requests, too few to fill a minute.
The plans' limits of an hour bind only later; `quota_freshsales_hour` measures them.
"""

from __future__ import annotations

import asyncio
from functools import partial

from perio_pipeline.crm.freshsales import open_account
from perio_pipeline.crm.freshsales.constants import MINUTE, REQUESTS_PER_MINUTE
from perio_pipeline.crm.protocol import AccountSettings
from perio_pipeline_tests.bench.figures import Figure
from perio_pipeline_tests.bench.loads import load_of, renamed, sandbox_of
from perio_pipeline_tests.bench.quota import Limit, Meter
from perio_pipeline_tests.bench.served import served
from perio_pipeline_tests.shaped import ShapedPractice

CRM = "freshsales"
VISITS, UPDATES = 360, 240
"""With what comes before them, each more than the requests of a minute; an update is two requests or three."""


def figures(practice: ShapedPractice) -> list[Figure]:
    """Take about two and a half minutes; the practice needs 420 contacts or more."""
    config = sandbox_of(practice, CRM)
    account = config.accounts[0]
    with served(config) as sandbox:
        settings = AccountSettings(sandbox.base_url, account.alias, account.tokens[0], plan="enterprise")
        meter = Meter(sandbox, account.alias, Limit(REQUESTS_PER_MINUTE, MINUTE))

        async def main() -> None:
            with load_of(practice, CRM, ("main", partial(open_account, settings))) as (load,):
                with meter.step("Freshsales, loading"):
                    await load.prepare()
                    for name in ("sales_accounts", "providers", "referring_dentists"):
                        await load.load(name)
                    await load.load("contacts")
                    await load.load("appointments", load.shaped["appointments"].head(VISITS))
                with meter.step("Freshsales, updating"):
                    await load.load("contacts", renamed(load.shaped["contacts"], UPDATES))

        asyncio.run(main())
    return meter.figures
