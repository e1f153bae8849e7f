"""What probes found out of a practice's account, as a file of its own beside the practice's: written by the machine.

`mappings/practices/capabilities/<practice>.<crm>.yaml` holds every named behaviour with the evidence for it. It counts
where the practice's own file says nothing; a person's statement wins.
"""

from __future__ import annotations

import io
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path

from pydantic import Field
from ruamel.yaml import YAML

from perio_pipeline.crm.probing import NotProbed, ProbeReport, Seen
from perio_pipeline.crm.protocol import Behaviour
from perio_pipeline.errors import SettingsError
from perio_pipeline.yamlfile import Entry, YamlFile, remembered

HEADER = """\
# Written by `perio preflight --probe`; every run of it replaces this file. What is stated under `capabilities` in the
# practice's own file wins over what stands here.
"""
_WIDTH = 118


class Probed(Entry):
    """One capability as it was found."""

    value: bool | int | str
    section: str
    evidence: str


class Observed(Entry):
    """Something that was seen and settles no capability."""

    probe: str
    section: str
    evidence: str


class Open(Entry):
    """Something that was not tried."""

    section: str
    what: str
    why: str


class CapabilityFile(Entry):
    """The whole file.

    Attributes:
        practice, destination: whose.
        probed_on: the day.
        requests: that the probes took.
        capabilities: those that all accounts agree on.
        undecided: capability → what each account says, where they differ.
        observed: what else was seen.
        failed: probe → why it said nothing.
        not_probed: what stays open.
        kept: throwaways that the API does not delete.
    """

    practice: str = ""
    destination: str = ""
    probed_on: date | None = None
    requests: int = 0
    capabilities: dict[str, Probed] = Field(default_factory=dict)
    undecided: dict[str, str] = Field(default_factory=dict)
    observed: tuple[Observed, ...] = ()
    failed: dict[str, str] = Field(default_factory=dict)
    not_probed: tuple[Open, ...] = ()
    kept: tuple[str, ...] = ()

    @property
    def values(self) -> dict[str, Behaviour]:
        """The capabilities as an account's settings take them."""
        return {name: each.value for name, each in self.capabilities.items()}

    def __bool__(self) -> bool:
        """Whether anything was probed."""
        return self.probed_on is not None


@dataclass(frozen=True)
class Contradiction:
    """A capability that a person states and the probes found in another way."""

    name: str
    stated: Behaviour
    found: Behaviour


def capability_path(folder: Path, practice: str, crm: str) -> Path:
    """Where the file lies in the mappings folder."""
    return folder / "practices" / "capabilities" / f"{practice}.{crm}.yaml"


def probed(folder: Path, practice: str, crm: str) -> CapabilityFile:
    """Read what was found; an empty file where nothing was probed.

    Raises:
        MappingError: the file is there and wrong.
    """
    path = capability_path(folder, practice, crm)
    return _load(path) if path.is_file() else CapabilityFile()


def gathered(
    practice: str, crm: str, day: date, reports: Mapping[str, ProbeReport], not_probed: Sequence[NotProbed]
) -> CapabilityFile:
    """Put what was found in a practice's accounts together; where they differ nothing is decided."""
    found: dict[str, dict[str, Seen]] = {}
    for account, report in reports.items():
        for name, seen in report.capabilities.items():
            found.setdefault(name, {})[account] = seen
    agreed = {name: seen for name, seen in found.items() if len({str(s.finding.value) for s in seen.values()}) == 1}
    return CapabilityFile(
        practice=practice,
        destination=crm,
        probed_on=day,
        requests=sum(report.requests for report in reports.values()),
        capabilities={name: _probed(seen) for name, seen in sorted(agreed.items())},
        undecided={
            name: "; ".join(f"{account}: {each.finding.value}" for account, each in seen.items())
            for name, seen in sorted(found.items())
            if name not in agreed
        },
        observed=tuple(
            Observed(probe=each.probe, section=each.section, evidence=each.finding.evidence)
            for report in reports.values()
            for each in report.seen
            if not each.finding.capability
        ),
        failed={probe: why for report in reports.values() for probe, why in report.failed.items()},
        not_probed=tuple(Open(**asdict(each)) for each in not_probed),
        kept=tuple(f"{account}: {each}" for account, report in reports.items() for each in report.kept),
    )


def contradictions(stated: Mapping[str, Behaviour], found: Mapping[str, Behaviour]) -> list[Contradiction]:
    """What a person states in another way than it was found."""
    return [
        Contradiction(name, stated[name], found[name])
        for name in sorted(stated.keys() & found.keys())
        if stated[name] != found[name]
    ]


def check_writable(folder: Path) -> None:
    """Make sure that what is found can be kept, before anything is tried.

    Raises:
        SettingsError: the mappings folder cannot be written to.
    """
    place = folder / "practices" / "capabilities"
    try:
        place.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=place):
            pass
    except OSError as error:
        raise SettingsError(
            f"What the probes find cannot be written to {place} ({type(error).__name__}).",
            "Probe where the mappings folder can be written to, and take the file over from there.",
        ) from None


def write_capabilities(folder: Path, found: CapabilityFile) -> Path:
    """Write the file in the place of an earlier one, in one step; returns where."""
    path = capability_path(folder, found.practice, found.destination)
    yaml, text = YAML(), io.StringIO()
    yaml.width = _WIDTH
    yaml.dump(found.model_dump(mode="python", exclude_defaults=True) | {"probed_on": found.probed_on}, text)
    aside = path.with_name(path.name + ".part")
    aside.write_text(HEADER + text.getvalue(), encoding="utf-8")
    aside.replace(path)
    return path


def _probed(seen: Mapping[str, Seen]) -> Probed:
    """The first account's evidence, which stands for that of all."""
    first = next(iter(seen.values()))
    return Probed(value=first.finding.value, section=first.section, evidence=first.finding.evidence)


@remembered
def _load(path: Path) -> CapabilityFile:
    return YamlFile(path).parse(CapabilityFile)
