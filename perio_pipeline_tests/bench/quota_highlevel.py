"""HighLevel at its true limit, 100 requests in 10 seconds: how much of it loading, reading back and updating use.

A slot comes free one window after its answer, so a slow network costs quota: its share is told by a step of its own.
"""

from __future__ import annotations

import asyncio
from functools import partial

from perio_pipeline.crm.highlevel import open_account
from perio_pipeline.crm.highlevel.constants import REQUESTS_PER_WINDOW, WINDOW_SECONDS
from perio_pipeline.crm.protocol import AccountSettings
from perio_pipeline.sandbox.highlevel.faults import Fault
from perio_pipeline_tests.bench.figures import Figure
from perio_pipeline_tests.bench.loads import load_of, renamed, sandbox_of
from perio_pipeline_tests.bench.quota import Limit, Meter
from perio_pipeline_tests.bench.served import served
from perio_pipeline_tests.shaped import ShapedPractice

CRM = "highlevel"
RECORDS, UPDATES = 620, 310
"""Each more than the requests of a minute; an update is a read and a write."""
ANSWER_SECONDS = 0.15


def figures(practice: ShapedPractice) -> list[Figure]:
    """Take about four and a half minutes; the practice needs 620 contacts or more."""
    config = sandbox_of(practice, CRM)
    location = config.locations[0]
    with served(config) as sandbox:
        settings = AccountSettings(sandbox.base_url, location.id, location.tokens[0].token)
        meter = Meter(sandbox, location.id, Limit(REQUESTS_PER_WINDOW, WINDOW_SECONDS))

        async def main() -> None:
            with load_of(practice, CRM, ("main", partial(open_account, settings))) as (load,):
                with meter.step("HighLevel, loading"):
                    await load.prepare()
                    await load.load("companies")
                    manifest = await load.load("contacts", load.shaped["contacts"].head(RECORDS))
                with meter.step("HighLevel, reading back"):
                    await load.read("contacts", manifest)
                with meter.step("HighLevel, updating"):
                    await load.load("contacts", renamed(load.shaped["contacts"], UPDATES))
                tasks = load.shaped["tasks"]
                tasks = tasks[tasks["link.contactId"].isin(manifest["source_key"])].head(RECORDS)
                sandbox.faults(Fault(kind="slow", seconds=ANSWER_SECONDS))
                with meter.step(f"HighLevel, loading, {1000 * ANSWER_SECONDS:g} ms to each answer"):
                    await load.load("tasks", tasks)

        asyncio.run(main())
    return meter.figures
