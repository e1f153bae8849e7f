"""The probes of a HighLevel sub-account (API facts, section 17), and what is not tried on a live one."""

from __future__ import annotations

from perio_pipeline.crm.highlevel.account import check_account
from perio_pipeline.crm.highlevel.adapter import open_session
from perio_pipeline.crm.highlevel.probes import activities, contacts, fields, files
from perio_pipeline.crm.highlevel.probes.workshop import Workshop
from perio_pipeline.crm.highlevel.settings import HighLevelSettings
from perio_pipeline.crm.probing import NotProbed, Probe, ProbePlan, ProbeReport, plan_of, run_probes
from perio_pipeline.crm.protocol import RequestStats
from perio_pipeline.crm.ratewindow import OnWait

PROBES: tuple[Probe[Workshop], ...] = (*contacts.PROBES, *fields.PROBES, *activities.PROBES, *files.PROBES)
NOT_PROBED = (
    NotProbed("P1", "what a 429 says", "it would spend the quota of every program that uses the sub-account"),
    NotProbed("P7", "creating a custom object", "its schema cannot be deleted over the API, and none is used"),
    NotProbed("P8", "creating a pipeline", "the migration makes none; an admin sets it up by the checklist"),
    NotProbed("P10", "two opportunities of one contact", "they would show in the practice's pipeline and its reports; "
              "allow_duplicate_opportunity says whether they are taken"),
    NotProbed("P11", "files that are too large or of a wrong type", "what was uploaded cannot be deleted over the API"),
    NotProbed("P13", "source on an opportunity", "the migration does not send it"),
    NotProbed("P18", "whether a file's address opens without a login", "the migration always fetches files with its "
              "token; what that gets is probed"),
)  # fmt: skip
_OPENING = 24
"""Requests to open the account, to look for what an earlier run left, and to clear away what is left at the end."""


def probe_plan() -> ProbePlan:
    """What a run asks and costs."""
    return plan_of(PROBES, _OPENING, NOT_PROBED)


async def probe_account(settings: HighLevelSettings, on_wait: OnWait | None = None) -> ProbeReport:
    """Find out how one sub-account behaves; leaves it as it was.

    Raises:
        DestinationError: the sub-account cannot be opened.
    """
    stats = RequestStats()
    session = open_session(settings, stats, on_wait=on_wait)
    async with session.transport:
        await check_account(session)
        shop = Workshop(session)
        report = await run_probes(PROBES, shop, shop.thrown)
    report.requests = stats.requests
    return report
