"""Columns that two tables would read, as fields of a row or as records in its columns: who gains more has them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from perio_pipeline.mapping.proposing.candidates import Candidate
from perio_pipeline.mapping.proposing.choosing import LEAST
from perio_pipeline.mapping.proposing.matching import Match, Matcher, weight
from perio_pipeline.mapping.proposing.readings import Origin
from perio_pipeline.mapping.proposing.unpivoting import names_at

CLEARLY = 0.1
"""By so much records in columns must gain more from a column than the fields that would read it otherwise."""

Physical = tuple[str, str]
"""A table and its column."""


def matched(matcher: Matcher) -> dict[str, Match]:
    """Return canonical table → where it lies, so that no column of records in columns is read by others as well."""
    without: set[tuple[str, int]] = set()
    while True:
        found = matcher.match(without)
        settled = dict(found)
        for name, match in found.items():
            if match.candidate.repeats:
                _settle(name, settled, matcher)
        lost = {
            (name, matcher.place_of(match.candidate)) for name, match in found.items() if settled[name].score < LEAST
        }
        if not lost:
            return settled
        without |= lost


def _settle(name: str, found: dict[str, Match], matcher: Matcher) -> None:
    """Give each contended column of rows that one row becomes to them, or to the others that would read it."""
    for path in sorted(found[name].candidate.repeats & set(found[name].chosen.values())):
        mine = found[name]
        columns = _physical(mine.candidate, mine.origins[path])
        # Records in columns hide theirs from all others; of a chart, only what others read is contended.
        meets = _sees if mine.candidate.hosted else _reads
        rivals = {other: match for other, match in found.items() if other != name and meets(match, columns)}
        if not rivals:
            continue
        # A list that a column leads to is of the records in columns too, and speaks for nobody else.
        claims = {other: _without(match, columns, _leading, matcher) for other, match in rivals.items()}
        fewer = {other: _without(match, columns, _physical, matcher) for other, match in claims.items()}
        alone = _without(mine, columns, _physical, matcher)
        theirs = sum(_worth(claims[other]) - _worth(match) for other, match in fewer.items())
        if _worth(mine) - _worth(alone) >= theirs + CLEARLY:
            found |= fewer
        else:
            found[name] = alone


def _reads(match: Match, columns: frozenset[Physical]) -> bool:
    return any(columns & _physical(match.candidate, match.origins[path]) for path in match.chosen.values())


def _sees(match: Match, columns: frozenset[Physical]) -> bool:
    return any(columns & _physical(match.candidate, each) for each in match.candidate.origins if not each.fixed)


def _without(
    match: Match,
    columns: frozenset[Physical],
    made_of: Callable[[Candidate, Origin], frozenset[Physical]],
    matcher: Matcher,
) -> Match:
    """The same table without what is made of some columns."""
    kept = tuple(each for each in match.candidate.origins if not columns & made_of(match.candidate, each))
    if len(kept) == len(match.candidate.origins):
        return match
    repeats = match.candidate.repeats & {each.path for each in kept}
    fewer = replace(match.candidate, origins=kept, repeats=repeats or match.candidate.repeats)
    return matcher.compared(match.table, fewer)


def _worth(match: Match) -> float:
    """What the columns of a table count as its fields, beyond what is no proposal."""
    chosen = match.chosen.items()
    return sum(weight(match.table.column(name)) * (match.scores[name, path] - LEAST) for name, path in chosen)


def _physical(candidate: Candidate, origin: Origin) -> frozenset[Physical]:
    """The columns that an origin is made of."""
    names = names_at(origin.column or origin.path, candidate)
    return frozenset((origin.table, name.removeprefix(f"{origin.alias}.")) for name in names)


def _leading(candidate: Candidate, origin: Origin) -> frozenset[Physical]:
    """The columns that lead to the table an origin lies in."""
    joins = candidate.structure.get("joins", {})
    return frozenset((candidate.table.name, key) for key in joins[origin.alias]["on"]) if origin.alias else frozenset()
