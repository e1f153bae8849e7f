"""Runs all checks for one practice and one CRM, in the order of the requirements."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from perio_pipeline import interrupts
from perio_pipeline.crm.packages import crm_package
from perio_pipeline.errors import PerioError, SourceError
from perio_pipeline.loading.entries import RunInfo
from perio_pipeline.mapping.capabilities import CapabilityFile, probed
from perio_pipeline.mapping.effective import EffectiveMapping
from perio_pipeline.mapping.filing import kinds_sent
from perio_pipeline.mapping.practice import Practice
from perio_pipeline.panda.drivers import weaknesses
from perio_pipeline.panda.inventory import take_inventory
from perio_pipeline.panda.tables import TABLES
from perio_pipeline.panda.trial import Limit, try_entries
from perio_pipeline.preflight import account, keeping, people, reading, records, source
from perio_pipeline.preflight.checks import Check, Verdict, counted, in_order, refused, unknown
from perio_pipeline.preflight.probing import of_probes, probe
from perio_pipeline.preflight.survey import survey_accounts
from perio_pipeline.signoff.room import room_of
from perio_pipeline.workplace import Workplace

REPORT = "preflight.json"
ISOLATED = frozenset({"highlevel"})
"""CRMs whose accounts are sub-accounts of one another's agency, so that a token could open several (G9)."""


@dataclass(frozen=True)
class Preflight:
    """What came of all checks.

    Attributes:
        practice, crm: whose, and where to.
        checks: in the order of the requirements.
        requests: that the CRM got for them, without those of the probes.
        probed: what probes found, in this run or an earlier one; empty where there was none.
        probe_requests: that the probes of this run took.
    """

    practice: str
    crm: str
    checks: tuple[Check, ...]
    requests: int
    probed: CapabilityFile
    probe_requests: int = 0

    @property
    def refused(self) -> list[str]:
        """Names of the checks that stand in the way."""
        return [f"{check.requirement} {check.name}" for check in self.checks if check.verdict is Verdict.REFUSED]

    def plain(self) -> dict[str, Any]:
        """Everything, for programs."""
        return {
            "practice": self.practice,
            "destination": self.crm,
            "requests": self.requests,
            "probe_requests": self.probe_requests,
            "verdicts": counted(self.checks),
            "checks": [check.plain() for check in self.checks],
            "probed": self.probed.model_dump(mode="json"),
        }


def run_preflight(
    rooms: Workplace, practice: str, crm: str, today: date, *, probing: RunInfo | None = None
) -> Preflight:
    """Read the source and the accounts, and check everything.

    Args:
        rooms: put together.
        practice: whose.
        crm: where to.
        today: the day.
        probing: the run that finds out how the account behaves; without it nothing changes anywhere.

    Raises:
        SettingsError: the practice's file cannot be used at all.
        GateError: nobody has allowed the probes.
        LockedError: another run works on the practice's destination, and this one is to probe.
        DestinationError: an account that is to be probed cannot be opened.
    """
    taken = probe(rooms, rooms.practice(practice), crm, today, probing).requests if probing else 0
    # Read anew: what was found holds from now on.
    chosen, found = rooms.practice(practice), probed(rooms.mappings, practice, crm)
    mapping = rooms.effective(chosen, crm)
    checks = [*source_checks(rooms, chosen, today), *storage_checks(rooms, chosen, crm, mapping)]
    checks += people.messages(chosen, crm, today)
    checks += [people.agreement(chosen, crm, today), people.confirmation(rooms.mappings, chosen, crm)]
    checks += [keeping.kept_too_long(rooms, chosen), *of_probes(rooms, chosen, crm, found)]
    accounts, requests = _of_accounts(rooms, chosen, crm, mapping)
    return Preflight(practice, crm, tuple(in_order([*checks, *accounts])), requests, found, taken)


def write_report(rooms: Workplace, made: Preflight) -> Path:
    """Write what came of the checks beside the practice's other reports; returns where."""
    return rooms.write_report(json.dumps(made.plain(), indent=2), made.practice, made.crm, REPORT)


def source_checks(rooms: Workplace, practice: Practice, today: date) -> Iterator[Check]:
    """Check the practice's database, which is the same for every CRM (G1 to G5)."""
    try:
        panda = rooms.source(practice)
        problems = panda.problems(TABLES.values())
        inventory = None if problems else take_inventory(panda, today)
    except SourceError as error:
        yield refused("G1", "source", error.problem, error.remedy)
        yield from source.unseen()
        return
    if inventory is None:
        yield source.unbound(problems)
        yield from source.unseen()
        return
    yield from source.access(inventory, weaknesses(panda.url))
    yield source.size(inventory)
    limit = Limit(practice.source.unreadable)
    yield from _try("P3", "entries", lambda: [source.entries(try_entries(panda, TABLES.values()), limit)])
    yield from _try("P3", "claims", lambda: source.claims(panda.unclaimed(), panda.bindings.read_twice()))
    yield from _try("G5", "findings", lambda: source.findings(reading.read_findings(panda, practice.findings)))
    yield from source.unread(inventory)
    yield from _try("G4", "crosswalk", lambda: records.crosswalk(reading.read_crosswalk(panda)))
    yield from _try("G3", "patients", lambda: _of_patients(reading.read_patients(panda)))


def storage_checks(rooms: Workplace, practice: Practice, crm: str, mapping: EffectiveMapping) -> Iterator[Check]:
    """Check whether the practice's images find room in its accounts of a CRM, without asking it (G7)."""
    if "radiograph" in kinds_sent(mapping):
        yield from _try("G7", "storage", lambda: _of_images(rooms, practice, crm))


def _of_patients(patients: reading.Patients) -> Iterator[Check]:
    yield records.bridge_only(patients.bridged, patients.treated, len(patients.offices))


def _of_images(rooms: Workplace, practice: Practice, crm: str) -> Iterator[Check]:
    router, limits = rooms.router(practice, crm), rooms.file_limits(practice, crm)
    yield from account.storage(
        reading.read_storage(rooms.source(practice), router, limits), practice.policies.oversize_files
    )


def _of_accounts(rooms: Workplace, practice: Practice, crm: str, mapping: EffectiveMapping) -> tuple[list[Check], int]:
    package, destination = crm_package(crm), practice.destination(crm)
    plan = package.PLANS.plan(destination.plan)
    assumed = bool(package.PLANS.names) and not destination.plan
    room = room_of(mapping, package.PLANS, plan)
    found = [*account.plan(room, mapping.field_specs(), mapping.fallbacks, assumed=assumed)]
    settings = rooms.account_settings(practice, crm)
    surveys = interrupts.run(survey_accounts(package, settings, mapping, cross=crm in ISOLATED))
    found += account.fields(surveys, create_fields=destination.schema_plan.create_fields)
    found += account.isolation(surveys) if crm in ISOLATED else []
    frame = rooms.store().frame(practice.practice, [crm, "request_plan"])
    note = frame.note() if frame.exists() else None
    found.append(account.requests(note, crm, practice.practice))
    return found, sum(survey.requests for survey in surveys)


def _try(requirement: str, name: str, check: Callable[[], Iterable[Check]]) -> list[Check]:
    """The checks, or why they could not be made: one that fails must not hide the others."""
    try:
        return list(check())
    except PerioError as error:
        return [unknown(requirement, name, error.problem, error.remedy)]
