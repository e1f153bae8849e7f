"""Checks of what is in the records: patients without a history, and codes against descriptions (G3, G4)."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field

from perio_pipeline.preflight.checks import Check, listed, ok, warning

CODE = re.compile(r"[a-z]{0,2}\d{3,6}[a-z]?", re.IGNORECASE)
"""What a procedure code looks like; anything else in its place may be a person's words and is not shown."""


@dataclass
class Crosswalk:
    """How procedure codes and the descriptions in plans and letters go together.

    Attributes:
        items: lines of treatment plans.
        uncoded: lines without a code.
        strange: codes in lines that the table of procedures does not have → lines.
        differing: code that PANDA lists → lines whose description is other than the code's label.
        letters: letters that explain a plan.
        silent: those of them that name no line of their plan, neither by code nor in words.
    """

    items: int = 0
    uncoded: int = 0
    strange: dict[str, int] = field(default_factory=dict)
    differing: dict[str, int] = field(default_factory=dict)
    letters: int = 0
    silent: int = 0


def bridge_only(bridged: Mapping[str, str], treated: Collection[str], patients: int) -> Check:
    """G3: patients that the practice management system's bridge made and nobody ever treated in PANDA.

    Args:
        bridged: patients with a key of the practice management system.
        treated: patients with anything clinical.
        patients: how many patients there are.
    """
    only = sorted(set(bridged) - set(treated))
    found = f"{len(bridged):,} of {patients:,} patients came over the bridge"
    if not only:
        return ok("G3", "bridge_only", f"{found}; all of them have clinical records.")
    to_do = "Their clinical data, if any, is in the practice management system: decide whether they are loaded."
    return warning("G3", "bridge_only", f"{found}; without a clinical record in PANDA: {len(only):,}.", to_do)


def crosswalk(found: Crosswalk) -> Iterator[Check]:
    """G4: codes of treatment plans against what lines and letters say."""
    coded = found.items - found.uncoded
    if found.strange or found.uncoded:
        named = listed(sorted({code if CODE.fullmatch(code) else "other words (not shown)" for code in found.strange}))
        strange = f"; {sum(found.strange.values()):,} have one that PANDA does not list: {named}"
        said = f"{found.uncoded:,} of {found.items:,} lines have no code{strange if found.strange else ''}."
        yield warning("G4", "codes", said, "They arrive with their description only; add the codes in PANDA.")
    else:
        yield ok("G4", "codes", f"All {found.items:,} lines of treatment plans have a code that PANDA lists.")
    lines = sum(found.differing.values())
    if lines:
        worst = sorted(found.differing, key=lambda code: (-found.differing[code], code))
        named = listed(f"{code} ({found.differing[code]:,})" for code in worst)
        said = f"{lines:,} of {coded:,} coded lines are described in other words than their code's label: {named}."
        yield warning("G4", "descriptions", said, "Both are carried over; let the practice say which one letters use.")
    else:
        yield ok("G4", "descriptions", f"All {coded:,} coded lines are described by their code's label.")
    if found.silent:
        said = f"{found.silent:,} of {found.letters:,} letters on a plan name none of its procedures."
        yield warning("G4", "letters", said, "Look at some of them: letters describe a plan in words of their own.")
    else:
        yield ok("G4", "letters", f"All {found.letters:,} letters on a plan name a procedure of it.")
