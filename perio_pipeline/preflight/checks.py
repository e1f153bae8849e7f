"""What a check says: the words in which every family of checks reports."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from enum import StrEnum


class Verdict(StrEnum):
    """What came of a check."""

    OK = "ok"
    WARNING = "warning"  # a person should know it; the load can go on
    REFUSED = "refused"  # the load must not begin like this
    UNKNOWN = "unknown"  # it could not be found out


@dataclass(frozen=True)
class Check:
    """One check.

    Attributes:
        requirement: the row of the requirements that it is for.
        name: of the check, one of its kind.
        verdict: what came of it.
        found: what was found, in counts, names of settings and ids; never a patient's value.
        to_do: what a person does about it; empty where there is nothing to do.
    """

    requirement: str
    name: str
    verdict: Verdict
    found: str
    to_do: str = ""

    def plain(self) -> dict[str, str]:
        """The check for programs."""
        return {name: str(value) for name, value in asdict(self).items()}


def ok(requirement: str, name: str, found: str) -> Check:
    """A check that found nothing to do."""
    return Check(requirement, name, Verdict.OK, found)


def warning(requirement: str, name: str, found: str, to_do: str) -> Check:
    """A check that a person should know about."""
    return Check(requirement, name, Verdict.WARNING, found, to_do)


def refused(requirement: str, name: str, found: str, to_do: str) -> Check:
    """A check that stands in the way."""
    return Check(requirement, name, Verdict.REFUSED, found, to_do)


def unknown(requirement: str, name: str, found: str, to_do: str) -> Check:
    """A check that could not be made."""
    return Check(requirement, name, Verdict.UNKNOWN, found, to_do)


def listed(names: Iterable[str], most: int = 12) -> str:
    """Names in a row; of many the first ones, and how many more there are."""
    all_names = list(names)
    more = f" and {len(all_names) - most} more" if len(all_names) > most else ""
    return ", ".join(all_names[:most]) + more


def in_order(checks: Iterable[Check]) -> list[Check]:
    """Checks by the row of the requirements that they are for."""
    return sorted(checks, key=lambda check: (check.requirement[0], int(check.requirement[1:])))


def counted(checks: Sequence[Check]) -> dict[str, int]:
    """How many checks came out how."""
    return {verdict.value: sum(check.verdict is verdict for check in checks) for verdict in Verdict}
