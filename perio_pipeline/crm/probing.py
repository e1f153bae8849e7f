"""Finding out on a real account how it behaves: what a probe is, what it says, and how a run of them is kept clean."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from perio_pipeline.crm.protocol import Behaviour
from perio_pipeline.crm.throwaways import Throwaways
from perio_pipeline.errors import DestinationError

Shop = TypeVar("Shop")
"""What the probes of one CRM share: the opened account and the throwaways."""


class ProbeFailedError(DestinationError):
    """A probe saw nothing that it could go by; the text holds no values."""

    def __init__(self, problem: str) -> None:
        super().__init__(problem, "Run the probes again.")


@dataclass(frozen=True)
class Finding:
    """What a probe saw.

    Attributes:
        evidence: statuses and counts; never a secret, never a person's value.
        capability: the named behaviour that follows from it; empty where none does.
        value: of the capability.
    """

    evidence: str
    capability: str = ""
    value: Behaviour = False


@dataclass(frozen=True)
class Probe(Generic[Shop]):
    """One question to the account.

    Attributes:
        name: of the probe.
        section: of the API facts that leave the point open.
        cost: requests that it takes at most, with those that remove what it makes.
        run: asks.
    """

    name: str
    section: str
    cost: int
    run: Callable[[Shop], Awaitable[Sequence[Finding]]]


@dataclass(frozen=True)
class NotProbed:
    """A point that stays open, and why nobody should try it on a live account."""

    section: str
    what: str
    why: str


@dataclass(frozen=True)
class ProbePlan:
    """What a run would ask, before it is begun.

    Attributes:
        names: of the probes, each with its section.
        requests: that all of them take at most, in one account.
        not_probed: what stays open.
    """

    names: tuple[tuple[str, str], ...]
    requests: int
    not_probed: tuple[NotProbed, ...]


@dataclass(frozen=True)
class Seen:
    """A finding with where it comes from."""

    probe: str
    section: str
    finding: Finding


@dataclass
class ProbeReport:
    """What a run found in one account.

    Attributes:
        seen: everything, in order.
        failed: probe → why it says nothing.
        earlier: throwaways of an interrupted run that were found at the beginning.
        kept: throwaways that the API does not delete, and why.
        requests: in all.
    """

    seen: list[Seen] = field(default_factory=list)
    failed: dict[str, str] = field(default_factory=dict)
    earlier: int = 0
    kept: list[str] = field(default_factory=list)
    requests: int = 0

    @property
    def capabilities(self) -> dict[str, Seen]:
        """Capability → what settled it; of several the latest."""
        return {each.finding.capability: each for each in self.seen if each.finding.capability}


async def run_probes(probes: Sequence[Probe[Shop]], shop: Shop, thrown: Throwaways) -> ProbeReport:
    """Ask everything, and leave the account as it was, whatever happens in between."""
    report = ProbeReport()
    report.earlier = await thrown.clear_earlier()
    try:
        for probe in probes:
            try:
                findings = await probe.run(shop)
            except DestinationError as error:
                report.failed[probe.name] = error.problem
            else:
                report.seen += [Seen(probe.name, probe.section, finding) for finding in findings]
    finally:
        await _cleared(thrown)
        report.kept = thrown.kept
    return report


async def _cleared(thrown: Throwaways) -> None:
    """Clear away, and do it to the end when the run is stopped meanwhile; stopped once more, it ends at once."""
    try:
        await thrown.clear()
    except BaseException:
        await thrown.clear()
        raise


def plan_of(probes: Sequence[Probe[Shop]], opening: int, not_probed: Sequence[NotProbed]) -> ProbePlan:
    """What a run would cost: its probes, and opening and clearing the account."""
    names = tuple((probe.name, probe.section) for probe in probes)
    return ProbePlan(names, opening + sum(probe.cost for probe in probes), tuple(not_probed))
