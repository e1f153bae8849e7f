"""Runs the probes in a practice's accounts and keeps what they found: in the capability file, and in words."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import date

from perio_pipeline import interrupts, progress
from perio_pipeline.crm.packages import crm_package
from perio_pipeline.crm.probing import ProbePlan, ProbeReport
from perio_pipeline.errors import GateError
from perio_pipeline.loading.entries import RunInfo
from perio_pipeline.mapping.capabilities import (
    CapabilityFile,
    Contradiction,
    check_writable,
    contradictions,
    gathered,
    write_capabilities,
)
from perio_pipeline.mapping.practice import Practice, is_sandbox, stated_capabilities
from perio_pipeline.preflight.checks import Check, listed, ok, warning
from perio_pipeline.wording import duration, things
from perio_pipeline.workplace import Workplace


@dataclass(frozen=True)
class Budget:
    """What probing a practice's accounts costs at most, before it is begun."""

    plan: ProbePlan
    accounts: int
    hours: float

    @property
    def requests(self) -> int:
        """In all accounts together."""
        return self.plan.requests * self.accounts

    @property
    def summary(self) -> str:
        """One line for people."""
        return (
            f"{len(self.plan.names)} probes in {things(self.accounts, 'account')} take "
            f"{things(self.requests, 'request')} at most, {duration(self.hours)} of each account's quota."
        )


def probe_budget(practice: Practice, crm: str) -> Budget:
    """What the probes would cost."""
    package, destination = crm_package(crm), practice.destination(crm)
    plan = package.probe_plan()
    hours = package.PLANS.plan(destination.plan).hours(plan.requests)
    return Budget(plan, len(destination.accounts), hours)


def check_allowed(practice: Practice, crm: str) -> None:
    """Forbid throwaways in a real account before a named person allowed them.

    Raises:
        GateError: nobody did.
    """
    destination = practice.destination(crm)
    if is_sandbox(destination.url) or destination.probing is not None:
        return
    raise GateError(
        f"Nobody has allowed throwaway records in the {crm} account of practice {practice.practice}.",
        f"Write `probing: {{by: NAME, on: DATE}}` under destinations.{crm} in the practice's file.",
    )


def probe(rooms: Workplace, practice: Practice, crm: str, today: date, run: RunInfo) -> CapabilityFile:
    """Probe every account, and write what was found. Nothing is loaded meanwhile: throwaways look like records.

    Raises:
        GateError: nobody has allowed it, or another run works on the practice's destination.
        SettingsError: what is found could not be kept.
        DestinationError: an account cannot be opened.
    """
    check_allowed(practice, crm)
    check_writable(rooms.mappings)
    package = crm_package(crm)
    settings = rooms.account_settings(practice, crm)

    async def all_accounts() -> dict[str, ProbeReport]:
        return {name: await package.probe(each, progress.waiting) for name, each in settings.items()}

    with closing(rooms.journal()) as journal, journal.locked(practice.practice, crm, run):
        reports = interrupts.run(all_accounts())
    found = gathered(practice.practice, crm, today, reports, package.probe_plan().not_probed)
    write_capabilities(rooms.mappings, found)
    return found


def of_probes(rooms: Workplace, practice: Practice, crm: str, found: CapabilityFile) -> Iterator[Check]:
    """G8: how the account behaves where public sources leave it open, by probes and by the practice's own file."""
    if not found:
        to_do = f"Run `perio preflight --practice {practice.practice} --to {crm} --probe` once."
        yield warning("G8", "capabilities", "How the account behaves was never probed; defaults are assumed.", to_do)
        return
    said = f"{len(found.capabilities)} behaviours were probed on {found.probed_on} by {found.requests} requests."
    if found.failed or found.undecided:
        said += f" Without a result: {listed([*found.failed, *found.undecided])}."
        yield warning("G8", "capabilities", said, "See the practice's capability file, and state them by hand.")
    else:
        yield ok("G8", "capabilities", said)
    stated = stated_capabilities(rooms.mappings, practice.practice, crm)
    yield from _contradicted(contradictions(stated, found.values))
    if found.kept:
        to_do = "Delete them in the account; their names say that they may be deleted."
        yield warning("G8", "throwaways", f"The API did not delete {listed(found.kept)}.", to_do)


def _contradicted(found: Sequence[Contradiction]) -> Iterator[Check]:
    if found:
        named = listed(f"{each.name} (stated {each.stated}, found {each.found})" for each in found)
        to_do = "Take them out of the practice's file, or leave them if a person knows better: what is stated holds."
        yield warning("G8", "capabilities_stated", f"Stated in another way than found: {named}.", to_do)
