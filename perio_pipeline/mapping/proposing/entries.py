"""The entry of a bindings file that reads a column as a canonical field: dates, codes, values that mean nothing."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from perio_pipeline.mapping.proposing.codes import code_readings, flag_values, named_flag
from perio_pipeline.mapping.proposing.knowledge import tables as known_tables
from perio_pipeline.mapping.proposing.matching import Match
from perio_pipeline.mapping.proposing.model import Binding, CodeProposal, Confidence
from perio_pipeline.mapping.proposing.names import name_fit, words_together
from perio_pipeline.mapping.proposing.readings import Origin
from perio_pipeline.panda.canonical import Column, Kind

NOT_ASSESSABLE = ("99", "-2")
"""What stands for a site that could not be probed, beside what stands for one that was not."""

PAIRS = (("0", "1"), ("0", "-1"), ("Y", "N"), ("J", "N"), ("S", "N"), ("T", "F"))
"""How flags are written."""


def entry_of(match: Match, column: Column, origin: Origin) -> tuple[Binding, list[CodeProposal]]:
    """Return how a column is read as a field, and what its codes mean."""
    return readings_of(match, column, origin)[0]


def readings_of(match: Match, column: Column, origin: Origin) -> list[tuple[Binding, list[CodeProposal]]]:
    """Return how a column may be read as a field, the likeliest way first, each with what its codes mean then."""
    if column.name == "depth_state":
        return [(_depth_state(match, origin), [])]
    if column.kind in (Kind.DATE, Kind.DATETIME):
        return [(entry, []) for entry in _dates(match, column, origin)]
    if column.kind is Kind.BOOLEAN or column.choices:
        return [(_coded(column, origin, codes), codes) for codes in _codes(match, column, origin)]
    if column.kind in (Kind.INTEGER, Kind.DECIMAL):
        return [(_number(column, origin), [])]
    return [(origin.entry(), [])]


def _coded(column: Column, origin: Origin, codes: Sequence[CodeProposal]) -> Binding:
    known = {each.code: each.target for each in codes if each.target is not None}
    if column.kind is Kind.BOOLEAN:
        known = _both(known)
    return origin.entry(codes=known) if any(code != to for code, to in known.items()) else origin.entry()


def _codes(match: Match, column: Column, origin: Origin) -> list[list[CodeProposal]]:
    known = known_tables()[match.table.name].fields[column.name]
    context, prefix = match.candidate.context, match.candidate.prefix
    if column.choices:
        return named_flag(origin.path, origin.coded, column.choices) or code_readings(origin.coded, column.choices)
    against = name_fit(origin.path, known.opposite, context, prefix) if known.opposite else 0.0
    opposite = against > name_fit(origin.path, known.names, context, prefix)
    return [flag_values(origin.coded, turned=turned) for turned in (opposite, not opposite)]


def _both(known: dict[str, str]) -> dict[str, str]:
    """Name the other value of a flag too, though no row has it yet."""
    if len(known) != 1:
        return known
    ((code, target),) = known.items()
    other = next((b if code == a else a for a, b in PAIRS if code in (a, b)), None)
    return {**known, other: "false" if target == "true" else "true"} if other else known


def _dates(match: Match, column: Column, origin: Origin) -> list[Binding]:
    pattern = origin.dates or ""
    turned = [f"MM/DD{pattern[5:]}" if pattern.startswith("DD/MM") else f"DD/MM{pattern[5:]}"] if origin.is_open else []
    return [_date(match, column, origin, each) for each in (pattern, *turned)]


def _date(match: Match, column: Column, origin: Origin, pattern: str) -> Binding:
    timed = column.kind is Kind.DATETIME or column.required
    time = _time_of(match, origin) if timed and not origin.has_times else None
    if time is not None:
        clock = "hh:mm:ss" if all(value.count(":") == 2 for value in time.values) else "hh:mm"
        return {
            "text": f"{{{origin.path}}} {{{time.path}}}",
            "date": f"{pattern.partition(' ')[0] or 'YYYY-MM-DD'} {clock}",
        }
    zeros = sorted({"0", "00000000"} & origin.sample.counts.keys()) if pattern else []
    steps: dict[str, Any] = {"null_when": zeros} if zeros else {}
    return origin.entry(**steps, **({"date": pattern} if pattern else {}))


def _time_of(match: Match, origin: Origin) -> Origin | None:
    """The column of times beside a column of days: the only one, or the one that is called most alike."""
    beside = [each for each in match.candidate.origins if each.times and each.alias == origin.alias]
    taken = set(match.chosen.values())
    free = [each for each in beside if each.path not in taken]
    if len(free) < 2:
        return free[0] if free else None
    words = words_together([origin.path])
    alike = sorted((len(words & words_together([each.path])), at) for at, each in enumerate(free))
    return free[alike[-1][1]] if alike[-1][0] > alike[-2][0] else None


def _number(column: Column, origin: Origin) -> Binding:
    steps: dict[str, Any] = {}
    odd = strange_values(column, origin)
    over = column.low is not None and column.low < 0 and any(100 < number < 115 for number in _numbers(origin))
    if over:  # a minus sign then stands for something else
        odd = sorted({*odd, *(value for value in origin.sample.counts if value.startswith("-"))})
    if odd:
        steps["null_when"] = odd
    if over:
        steps["decode"] = "over_100_is_negative"
    elif origin.has_commas:
        steps["decode"] = "decimal_comma"
    return origin.entry(**steps)


def strange_values(column: Column, origin: Origin) -> list[str]:
    """Return the values outside a field's bounds that stand there often, and so mean that nothing was recorded."""
    counts = origin.sample.counts
    low, high = column.low, column.high
    if low is None or high is None:
        return []
    return sorted(
        value
        for value, rows in counts.items()
        if (value.lstrip("0") or value) in ("99", "-1", "-2", "-9", "-99", "999", "--", "---", ".")
        and rows >= 3
        and not _inside(value, low, high)
    )


def _inside(value: str, low: float, high: float) -> bool:
    try:
        return low <= float(value) <= high
    except ValueError:
        return False


def _numbers(origin: Origin) -> Sequence[float]:
    return [float(value) for value in origin.sample.counts if value.lstrip("-").isdigit()]


def _depth_state(match: Match, origin: Origin) -> Binding:
    depth = match.table.column("depth_mm")
    states = dict.fromkeys(strange_values(depth, origin), "not_recorded")
    beyond = [value for code in NOT_ASSESSABLE for value in states if value.lstrip("0") == code]
    if beyond:
        states[beyond[0]] = "not_assessable"
    empty = {"": "not_recorded"} if origin.sample.filled < 1 or not states else {}
    return origin.entry(codes={**empty, **states, "*": "measured"})


def codes_confidence(codes: Sequence[CodeProposal]) -> Confidence | None:
    """Return how sure all codes of a field are; None where it has none."""
    order = [Confidence.NONE, Confidence.WEAK, Confidence.LIKELY, Confidence.STRONG]
    return min((each.confidence for each in codes), key=order.index, default=None)
