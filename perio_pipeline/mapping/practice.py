"""A practice's file in `mappings/practices/`: its source, its destinations, its policies and who confirmed what.

`${NAME}` in a value is replaced from the environment when the value is used; secrets stand only there.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping as Environment
from datetime import date, datetime
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import Field, field_validator, model_validator

from perio_pipeline.crm.packages import CrmPackage
from perio_pipeline.errors import SettingsError
from perio_pipeline.mapping.capabilities import probed
from perio_pipeline.mapping.effective import EffectiveMapping, effective
from perio_pipeline.mapping.handover import Source
from perio_pipeline.mapping.model import Mapping
from perio_pipeline.mapping.own_findings import with_findings
from perio_pipeline.mapping.switches import POLICIES, History, Switches, behaviour_switches, plan_switches
from perio_pipeline.mapping.transforms import Locale
from perio_pipeline.panda.changes import Guard
from perio_pipeline.panda.own_findings import OwnFinding
from perio_pipeline.yamlfile import Entry, YamlFile, remembered

VARIABLE = re.compile(r"\$\{([A-Z][A-Z0-9_]*)\}")


class Account(Entry):
    """One account of the CRM (a HighLevel location).

    Attributes:
        name: what the practice calls it.
        id: the CRM's id.
        token: where the token is, as `${NAME}`.
        offices: codes of the offices whose patients go there; the first account takes all others.
    """

    name: str
    id: str
    token: str
    offices: tuple[str, ...] = ()


class Statement(Entry):
    """What a named person did or allowed, and when."""

    by: str = Field(min_length=1)
    on: date


class Confirmation(Statement):
    """Who confirmed the mapping, when, and the digest of what was confirmed; written by `perio map confirm`.

    Attributes:
        second: who else confirmed the same, where the practice asks for two persons.
    """

    digest: str
    second: Statement | None = None


class SchemaApproval(Entry):
    """Who allowed the pipeline to create missing custom fields in the CRM."""

    create_fields: bool = False
    approved_by: str = ""

    @model_validator(mode="after")
    def _by_name(self) -> SchemaApproval:
        if self.create_fields and not self.approved_by.strip():
            raise ValueError("`create_fields` needs `approved_by`, the name of who allowed it")
        return self

    @property
    def approver(self) -> str:
        """Who allowed it; empty where nobody did."""
        return self.approved_by if self.create_fields else ""


class Cutover(Entry):
    """The delta-pickup window (P7): when it opens, and how it looks for changes.

    Attributes:
        start: when it opens by itself, in the practice's time where no offset is given; without it a person opens it
            (`perio cutover start`).
        hours: how long it is open.
        poll_minutes: how often keys and versions are looked at.
        sweep_minutes: how often every row is, for what changed without a new version.
        gone_share, gone_few: a table that loses a larger share of its records at once, and more than a few, stops the
            window until somebody says that they were deleted on purpose.
    """

    start: datetime | None = None
    hours: float = Field(48, gt=0)
    poll_minutes: float = Field(5, ge=0)
    sweep_minutes: float = Field(60, ge=0)
    gone_share: float = Field(0.2, ge=0, le=1)
    gone_few: int = Field(20, ge=0)

    def guard(self, trusted: frozenset[str]) -> Guard:
        """When a smaller source is taken for a broken one; not for tables whose deletions a person trusts."""
        return Guard(self.gone_share, self.gone_few, trusted)


class Destination(Entry):
    """One CRM the practice moves to, by the mapping file of its name.

    Attributes:
        url: the API's address; a loopback address is a sandbox.
        time_scale: how many times faster than real time the sandbox's clock runs.
        plan: the CRM's plan tier, where limits depend on it.
        users: how many users the plan is paid for, where storage depends on it.
        capabilities: named behaviours of the account, where they differ from the adapter's defaults.
        accounts: at least one.
        history: in which form the practice's history arrives.
        window_hours: how long a full load may take, in the CRM's hours.
        cutover: the window in which changes in PANDA are still picked up.
        messages_off: who switched off what would write to patients because of the load (requirements G6, G11).
        probing: who allowed that throwaway records are made in the real account to find out how it behaves.
        findings: the practice's own findings; they stand in the practice's file once, for all its destinations.
    """

    url: str
    time_scale: float = Field(1, ge=1)
    plan: str = ""
    users: int | None = Field(None, ge=1)
    capabilities: dict[str, bool | int | str] = Field(default_factory=dict)
    accounts: tuple[Account, ...] = Field(min_length=1)
    schema_plan: SchemaApproval = SchemaApproval()
    confirmation: Confirmation | None = None
    history: History = History()
    window_hours: float = Field(48, gt=0)
    cutover: Cutover = Cutover()
    messages_off: Statement | None = None
    probing: Statement | None = None
    findings: dict[str, OwnFinding] = Field(default_factory=dict)

    def switches(self, package: CrmPackage) -> Switches:
        """What holds by the destination's plan, its account's behaviour and the practice's policies.

        Raises:
            SettingsError: the CRM has no such plan or capability.
        """
        return {
            **plan_switches(package.PLANS, package.PLANS.plan(self.plan)),
            **behaviour_switches(package.behaviours(self.capabilities)),
            **self.history.switches(),
        }


class Baa(Entry):
    """The signed business associate agreement, as confirmed by a named person (requirement G12)."""

    confirmed_by: str
    on: date


class Policies(Entry):
    """What the practice decided about its records.

    Attributes:
        deceased, archived: whether these patients are loaded.
        deleted: what becomes of a loaded record that is deleted in PANDA: it is `mark`ed so in the CRM and reported, or
            `report`ed only. Nothing is ever deleted in the CRM.
        same_patients: ids of records that a person found to be one patient, of those listed by `perio duplicates`.
        different_patients: pairs of ids that a person found to be two.
        bridge_fed: the practice management system fills PANDA's patients.
        switched_off: rules of cleaning that are not applied.
        link_certain_matches: a record that the CRM held before is linked without asking a person, where it is certain.
        oversize_files: what becomes of a file that is too large or finds no room: a `reduce`d copy of a picture, a
            `link` to the practice's own archive, or a line in a `list`; each falls back to the next.
    """

    deceased: Literal["load", "skip"] = "load"
    archived: Literal["load", "skip"] = "load"
    deleted: Literal["mark", "report"] = "mark"
    same_patients: tuple[tuple[str, ...], ...] = ()
    different_patients: tuple[tuple[str, str], ...] = ()
    bridge_fed: bool = True
    switched_off: tuple[str, ...] = ()
    link_certain_matches: bool = False
    oversize_files: Literal["reduce", "link", "list"] = "reduce"


class Retention(Entry):
    """How long patients' values are kept here after they were last written (`perio purge`)."""

    days: int = Field(ge=1)


class Notify(Entry):
    """Who is told that a run failed, or that a window needs people; nobody, unless somebody is named.

    Attributes:
        webhook: an address that takes a POST of JSON.
        mail_to: e-mail addresses; the mail server is named in the environment.
    """

    webhook: str = ""
    mail_to: tuple[str, ...] = ()


class Letterhead(Entry):
    """What stands at the top of the practice's letters: a name, and lines with address and phone."""

    name: str
    lines: tuple[str, ...] = ()


class Practice(Entry):
    """The whole file. `practice` is also the name of the partition and of the file.

    Attributes:
        second_person: whether a mapping counts as confirmed only after a second person has confirmed it as well.
    """

    practice: str = Field(pattern=r"^[a-z0-9][a-z0-9_-]*$")
    name: str
    time_zone: str
    country: str = Field("US", pattern=r"^[A-Z]{2}$")
    source: Source
    destinations: dict[str, Destination]
    baa: Baa | None = None
    policies: Policies = Policies()
    second_person: Literal["required", "not_required"] = "not_required"
    letterhead: Letterhead | None = None
    retention: Retention | None = None
    notify: Notify = Notify()
    sample_patients: int = Field(60, ge=1)
    findings: dict[str, OwnFinding] = Field(default_factory=dict)

    @field_validator("time_zone")
    @classmethod
    def _known_zone(cls, value: str) -> str:
        try:
            ZoneInfo(value)
        except (ZoneInfoNotFoundError, ValueError):
            raise ValueError(f"{value} is no IANA time zone such as America/New_York") from None
        return value

    @property
    def locale(self) -> Locale:
        """Country and zone of the practice's values."""
        return Locale(self.country, ZoneInfo(self.time_zone))

    def destination(self, crm: str) -> Destination:
        """Return a destination; SettingsError when the practice does not move there."""
        if crm not in self.destinations:
            raise SettingsError(
                f"Practice {self.practice} has no destination {crm}.",
                f"Use one of: {', '.join(self.destinations)}; or add it to the practice's file.",
            )
        return self.destinations[crm]


def practice_names(folder: Path) -> list[str]:
    """Names of all practices: the files in `practices/`."""
    return sorted(path.stem for path in (folder / "practices").glob("*.yaml"))


def practice_path(folder: Path, name: str) -> Path:
    """Where a practice's file lies in the mappings folder."""
    return folder / "practices" / f"{name}.yaml"


def load_practice(folder: Path, name: str) -> Practice:
    """Read a practice's file; what it does not say of an account's behaviour is as the probes found it.

    Raises:
        MappingError: the file is missing or wrong.
    """
    stated = _load(practice_path(folder, name))
    destinations = {
        crm: each.model_copy(
            update={
                "capabilities": {**probed(folder, name, crm).values, **each.capabilities},
                "findings": stated.findings,
            }
        )
        for crm, each in stated.destinations.items()
    }
    return stated.model_copy(update={"destinations": destinations})


def stated_capabilities(folder: Path, name: str, crm: str) -> dict[str, bool | int | str]:
    """What the practice's file itself says of an account's behaviour."""
    return _load(practice_path(folder, name)).destination(crm).capabilities


@remembered
def _load(path: Path) -> Practice:
    file = YamlFile(path)
    practice = file.parse(Practice)
    if practice.practice != path.stem:
        remedy = f"Write `practice: {path.stem}`, or rename the file."
        raise file.error(("practice",), f"the file is named {path.stem}.", remedy)
    return practice


def resolve(text: str, setting: str, environment: Environment[str, str] = os.environ) -> str:
    """Replace `${NAME}` from the environment.

    Raises:
        SettingsError: the variable is not set.
    """
    missing = [name for name in VARIABLE.findall(text) if not environment.get(name)]
    if missing:
        raise SettingsError(f"{setting} needs the environment variable {missing[0]}, which is not set.", "Set it.")
    return VARIABLE.sub(lambda match: environment[match[1]], text)


def effective_mapping(mapping: Mapping, destination: Destination, package: CrmPackage) -> EffectiveMapping:
    """Return the mapping that holds for a destination.

    Raises:
        SettingsError: the CRM has no such plan, or the mapping does not know a policy, which would change nothing.
    """
    switches = destination.switches(package)
    for name in POLICIES:
        if switches[name].departs and name not in mapping.switches():
            raise SettingsError(
                f"{switches[name].words}, but {mapping.destination}.yaml makes no difference by {name}.",
                "Take the policy out of the practice's file, or let objects of the mapping name the switch.",
            )
    return effective(with_findings(mapping, destination.findings), switches)


def is_sandbox(url: str) -> bool:
    """Whether an address is on this machine, so that nothing can leave it."""
    return urlsplit(url).hostname in {"127.0.0.1", "localhost", "::1"}
