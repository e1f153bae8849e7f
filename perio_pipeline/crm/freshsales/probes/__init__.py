"""The probes of a Freshsales account (API facts, section 18), and what is not tried on a live one."""

from __future__ import annotations

from dataclasses import replace

from perio_pipeline.crm.freshsales.account import check_account
from perio_pipeline.crm.freshsales.adapter import open_session
from perio_pipeline.crm.freshsales.probes import activities, files, identity, searches, setup, values
from perio_pipeline.crm.freshsales.probes.workshop import Workshop
from perio_pipeline.crm.freshsales.settings import FreshsalesSettings
from perio_pipeline.crm.probing import NotProbed, Probe, ProbePlan, ProbeReport, plan_of, run_probes
from perio_pipeline.crm.protocol import RequestStats
from perio_pipeline.crm.ratewindow import OnWait

PROBES: tuple[Probe[Workshop], ...] = (
    *identity.PROBES,
    *values.PROBES,
    *searches.PROBES,
    *activities.PROBES,
    *files.PROBES,
    *setup.PROBES,
)
NOT_PROBED = (
    NotProbed("18.3", "minute_requests, and what a 429 says", "it would spend the quota of everybody in the account"),
    NotProbed("18.2", "bulk_rows", "a job of 101 rows may be charged 101 requests; the adapter halves what is refused"),
    NotProbed("1.2", "bulk_cost", "no answer tells what is left of the quota"),
    NotProbed("16.6", "bulk_jobs", "it takes many jobs at once, which others in the account would feel"),
    NotProbed("18.8", "file_megabytes", "files of 30 to 150 MB cannot be deleted and may keep their room for good"),
    NotProbed("3", "names_as_keys", "it is the practice's choice, not a behaviour"),
    NotProbed("18.5", "a choice that is not listed", "choices are checked before anything is sent"),
    NotProbed("18.6", "invitations to attendees", "they might be sent to a person"),
    NotProbed("18.9", "bulk_destroy", "records are deleted one by one, so that each has an outcome of its own"),
    NotProbed("18.10", "look-up by mobile number", "records are found by their marks"),
)
_OPENING = 24
"""Requests to open the account, to look for what an earlier run left, and to clear away what is left at the end."""


def probe_plan() -> ProbePlan:
    """What a run asks and costs."""
    return plan_of(PROBES, _OPENING, NOT_PROBED)


async def probe_account(settings: FreshsalesSettings, on_wait: OnWait | None = None) -> ProbeReport:
    """Find out how one account behaves; leaves it as it was.

    Raises:
        DestinationError: the account cannot be opened.
    """
    stats = RequestStats()
    # Users who are switched off must be told from the others, whatever was found or stated before.
    plainly = replace(settings.capabilities, inactive_owners=False)
    session = open_session(replace(settings, capabilities=plainly), stats, on_wait=on_wait)
    async with session.transport:
        await check_account(session)
        shop = Workshop(session)
        report = await run_probes(PROBES, shop, shop.thrown)
    report.requests = stats.requests
    return report
