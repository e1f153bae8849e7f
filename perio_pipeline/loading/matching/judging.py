"""Whether two records may be one, how surely, and why. Reasons are words: no value ever stands in them.

The laws: another first name or another birth date is another person, whatever else is shared; contact data is shared in
families and practices, so it supports a name and never replaces one; and the verdict is the same from both sides.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

from rapidfuzz.distance import OSA

from perio_pipeline.loading.matching.given_names import Likeness, alike, likeness
from perio_pipeline.loading.matching.profiles import Profile


class Level(IntEnum):
    """How surely two records are one."""

    NONE = 0
    HOUSEHOLD = 1  # two records that share a phone or an e-mail
    POSSIBLE = 2
    LIKELY = 3
    CERTAIN = 4


@dataclass(frozen=True, slots=True)
class Verdict:
    """What speaks for two records being one.

    Attributes:
        level: how surely.
        quality: among verdicts of one level, the greater one is the better one.
        reasons: in words.
        bare: nothing but the name speaks for it.
    """

    level: Level
    quality: int = 0
    reasons: tuple[str, ...] = ()
    bare: bool = False


MARKED = Verdict(Level.CERTAIN, 1, ("carries the mark of this record",))
"""A record that an earlier run wrote and this journal does not know."""

_NOTHING = Verdict(Level.NONE)
_FIRST_NAMES = {
    Likeness.SAME: "same first name",
    Likeness.SHORT: "form of the same first name",
    Likeness.SIMILAR: "similar first name",
    Likeness.WEAK: "first name may fit",
    Likeness.UNKNOWN: "first name missing",
}
_LAST_NAMES = {
    Likeness.SAME: "same last name",
    Likeness.SHORT: "part of the same last name",
    Likeness.SIMILAR: "similar last name",
    Likeness.UNKNOWN: "last name missing",
    Likeness.OTHER: "other last name",
}
_BIRTH_DATES = {
    Likeness.SAME: "same birth date",
    Likeness.SIMILAR: "similar birth date",
    Likeness.UNKNOWN: "birth date missing",
}


@dataclass(frozen=True, slots=True)
class _Evidence:
    """How two people compare, one by one."""

    first: Likeness
    last: Likeness
    born: Likeness
    generations: bool  # one is the senior, the other the junior
    swapped: bool
    doubts: tuple[str, ...]
    shared: tuple[str, ...]

    @property
    def against(self) -> bool:
        """Something says that these are two people."""
        other_name = self.first is Likeness.OTHER and not self.swapped
        return other_name or self.born is Likeness.OTHER or self.generations

    @property
    def reached(self) -> bool:
        """They share a phone or an e-mail, which says more than an address."""
        return bool({"phone", "e-mail"} & set(self.shared))


def judge(one: Profile, other: Profile) -> Verdict:
    """Compare two records of one kind: two people or two practices."""
    shared = tuple(
        name
        for name, left, right in (
            ("phone", one.phones, other.phones),
            ("e-mail", one.emails, other.emails),
            ("address", one.places, other.places),
        )
        if left & right
    )
    return _practices(one, other, shared) if one.practice or other.practice else _people(one, other, shared)


def _people(one: Profile, other: Profile, shared: tuple[str, ...]) -> Verdict:
    last, born = _last(one, other), _born(one.born, other.born)
    evidence = _Evidence(
        first=_first(one, other),
        last=last,
        born=born,
        generations=bool(one.generation and other.generation and one.generation != other.generation),
        swapped=_swapped(one, other, last),
        doubts=_doubts(one, other, born),
        shared=shared,
    )
    level = Level.NONE if evidence.against else min(_level(evidence), _most(evidence))
    if level is Level.NONE:
        return _household(evidence)
    if level is Level.CERTAIN:
        return Verdict(level, 0, ("same name", "same birth date"))
    quality = 100 * (evidence.first + evidence.last) + 10 * evidence.born + len(shared)
    bare = evidence.born is Likeness.UNKNOWN and not shared
    return Verdict(level, quality, _reasons(evidence), bare)


def _level(evidence: _Evidence) -> Level:
    if evidence.swapped:
        sure = evidence.born is Likeness.SAME or (evidence.born is Likeness.SIMILAR and evidence.reached)
        return Level.LIKELY if sure else Level.POSSIBLE if evidence.reached else Level.NONE
    if evidence.born is Likeness.SAME:
        return _level_born_alike(evidence)
    if evidence.born is Likeness.SIMILAR:
        return _level_born_about(evidence)
    return _level_by_contact(evidence)


def _level_born_alike(evidence: _Evidence) -> Level:
    """Same birth date: the names decide."""
    first, last = evidence.first, evidence.last
    weaker = min(first, last)
    if weaker is Likeness.SAME:
        return Level.CERTAIN
    if weaker >= Likeness.SIMILAR:
        return Level.LIKELY if max(first, last) >= Likeness.SHORT or evidence.shared else Level.POSSIBLE
    if last is Likeness.OTHER:  # who marries may take another last name, and stays reachable
        return Level.LIKELY if first >= Likeness.SHORT and evidence.shared else Level.NONE
    if first is Likeness.UNKNOWN:
        return Level.POSSIBLE if last is Likeness.SAME else Level.NONE
    if last is Likeness.UNKNOWN:
        return Level.POSSIBLE if first >= Likeness.SHORT and evidence.shared else Level.NONE
    return Level.POSSIBLE if last >= Likeness.SHORT else Level.NONE


def _level_born_about(evidence: _Evidence) -> Level:
    """A birth date with one slip: the names must fit well, or be supported."""
    weaker = min(evidence.first, evidence.last)
    if weaker is Likeness.SAME:
        return Level.LIKELY if evidence.shared else Level.POSSIBLE
    if weaker >= Likeness.SHORT:
        return Level.LIKELY if evidence.reached else Level.POSSIBLE
    return Level.POSSIBLE if weaker >= Likeness.SIMILAR and evidence.reached else Level.NONE


def _level_by_contact(evidence: _Evidence) -> Level:
    """No birth date on one side: contact data supports the name."""
    first, last, reached = evidence.first, evidence.last, evidence.reached
    weaker = min(first, last)
    if weaker >= Likeness.SHORT and reached:
        return Level.LIKELY
    if weaker is Likeness.SAME or (weaker >= Likeness.SHORT and evidence.shared):
        return Level.POSSIBLE
    both = {"phone", "e-mail"} <= set(evidence.shared)
    if weaker >= Likeness.SIMILAR and reached:
        return Level.LIKELY if both else Level.POSSIBLE
    if last is Likeness.OTHER:
        return Level.POSSIBLE if first is Likeness.SAME and both else Level.NONE
    return Level.POSSIBLE if first is Likeness.WEAK and last >= Likeness.SHORT and reached else Level.NONE


def _most(evidence: _Evidence) -> Level:
    """The level that doubts about a name leave."""
    if not evidence.doubts:
        return Level.CERTAIN
    return Level.LIKELY if evidence.born is Likeness.SAME else Level.POSSIBLE


def _doubts(one: Profile, other: Profile, born: Likeness) -> tuple[str, ...]:
    one_sided = bool(one.generation) != bool(other.generation)
    doubts = {
        "other middle name": _other_middle(one, other),
        # Father and son share a name, but no birth date.
        "junior or senior on one side only": one_sided and born is not Likeness.SAME,
    }
    return tuple(doubt for doubt, true in doubts.items() if true)


def _first(one: Profile, other: Profile) -> Likeness:
    if not one.given or not other.given:
        return Likeness.UNKNOWN
    left, right = one.given[0], other.given[0]
    if one.couple or other.couple:
        named = (one.couple and right in one.given) or (other.couple and left in other.given)
        return Likeness.WEAK if named else Likeness.OTHER
    if left == right or one.first in _beginnings(other) or other.first in _beginnings(one):
        return Likeness.SAME
    found = likeness(left, right)
    if found < Likeness.SHORT and (_goes_by(one, right) or _goes_by(other, left)):
        return Likeness.SHORT
    return found


def _beginnings(one: Profile) -> list[str]:
    """The given names written as one: Mary Ann as Maryann."""
    return ["".join(one.given[:count]) for count in range(1, len(one.given) + 1)]


def _goes_by(one: Profile, name: str) -> bool:
    """Whether a person uses this name besides the first one: a middle name, or a preferred one."""
    return len(name) > 1 and any(
        likeness(known, name) >= Likeness.SHORT for known in (*one.given[1:], *sorted(one.others))
    )


def _other_middle(one: Profile, other: Profile) -> bool:
    """Whether two people of one first name have middle names that do not fit."""
    if not one.given or not other.given or one.given[0] != other.given[0]:
        return False
    left, right = one.given[1:2], other.given[1:2]
    return bool(left and right) and likeness(left[0], right[0]) is Likeness.OTHER


def _last(one: Profile, other: Profile) -> Likeness:
    if not one.last or not other.last:
        return Likeness.UNKNOWN
    if one.last == other.last:
        return Likeness.SAME
    if one.parts & other.parts:
        return Likeness.SHORT
    return Likeness.SIMILAR if alike(*sorted((one.last, other.last))) else Likeness.OTHER


def _born(one: str, other: str) -> Likeness:
    if not one or not other:
        return Likeness.UNKNOWN
    if one == other:
        return Likeness.SAME
    turned = one[:4] == other[:4] and one[5:7] == other[8:] and one[8:] == other[5:7]
    slip = OSA.distance(one.replace("-", ""), other.replace("-", "")) == 1
    return Likeness.SIMILAR if turned or slip else Likeness.OTHER


def _swapped(one: Profile, other: Profile, last: Likeness) -> bool:
    both = one.first and one.last and other.first and other.last
    return bool(both) and last is not Likeness.SAME and (one.first, one.last) == (other.last, other.first)


def _household(evidence: _Evidence) -> Verdict:
    if not evidence.reached:
        return _NOTHING
    against = {
        "other first name": evidence.first is Likeness.OTHER,
        "other birth date": evidence.born is Likeness.OTHER,
        "junior and senior": evidence.generations,
        "other last name": evidence.last is Likeness.OTHER,
    }
    reasons = (*(f"same {name}" for name in evidence.shared), *(name for name, true in against.items() if true))
    return Verdict(Level.HOUSEHOLD, len(evidence.shared), reasons)


def _reasons(evidence: _Evidence) -> tuple[str, ...]:
    names: tuple[str, ...]
    if evidence.swapped:
        names = ("first and last name swapped",)
    elif evidence.first is evidence.last is Likeness.SAME:
        names = ("same name",)
    else:
        names = (_FIRST_NAMES[evidence.first], _LAST_NAMES[evidence.last])
    return (*names, *evidence.doubts, _BIRTH_DATES[evidence.born], *(f"same {name}" for name in evidence.shared))


def _practices(one: Profile, other: Profile, shared: tuple[str, ...]) -> Verdict:
    if not one.practice or not other.practice:
        return _NOTHING
    same = one.practice == other.practice
    if not same and not alike(*sorted((one.practice, other.practice))):
        return Verdict(Level.HOUSEHOLD, 1, ("other name", *(f"same {name}" for name in shared))) if shared else _NOTHING
    level = Level.LIKELY if same and shared else Level.POSSIBLE
    if not same and not shared:
        return _NOTHING
    reasons = ("same name" if same else "similar name", *(f"same {name}" for name in shared))
    return Verdict(level, 10 * same + len(shared), reasons, bare=not shared)
