"""What nothing is read from: tables, and columns that only this practice has, with the field each could become (G5)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Any

from perio_pipeline.mapping.own_findings import field_name
from perio_pipeline.mapping.proposing.candidates import Candidate
from perio_pipeline.mapping.proposing.codes import flag_values
from perio_pipeline.mapping.proposing.evidence import evidence_of, shown_codes
from perio_pipeline.mapping.proposing.knowledge import Phrase
from perio_pipeline.mapping.proposing.matching import Match
from perio_pipeline.mapping.proposing.model import (
    Binding,
    Confidence,
    FieldDestination,
    LeftoverColumn,
    LeftoverTable,
    TableProposal,
)
from perio_pipeline.mapping.proposing.names import name_fit
from perio_pipeline.mapping.proposing.readings import MOST, Origin
from perio_pipeline.mapping.proposing.unpivoting import names_at
from perio_pipeline.panda.findings import LINKS
from perio_pipeline.panda.own_findings import CODE, FEW, OwnFinding
from perio_pipeline.panda.profiling.sampling import SampledTable

CLINICAL = frozenset({"patient", "perio_exam", "perio_tooth", "perio_site", "perio_diagnosis", "appointment"})
"""Tables in which an unknown column may be a finding."""

SEVERAL = frozenset({"perio_tooth", "perio_site"})
"""Tables with many rows for one exam: what counts of them is the worst one, or the teeth that have one."""

LIKELY, POSSIBLE = 0.7, 0.4
"""Scores of a field: its column looks like a finding, or may also be the system's own bookkeeping."""

PLACES = re.compile(r"\{([^{}]+)\}")
"""Columns in a text of several."""

_LABELS = {"true": "Yes", "false": "No"}
WRITERS: tuple[Phrase, ...] = (("user",), ("last", "user"), ("created",), ("modified",), ("author",), ("login",))
SURELY = 0.95
"""What a column is called that says who touched a row, and from which fit on it surely is."""

_GUID = re.compile(r"\{?[0-9A-Fa-f]{8}-?(?:[0-9A-Fa-f]{4}-?){3}[0-9A-Fa-f]{12}\}?")
_SOCIAL_SECURITY, _WHOLE = re.compile(r"[0-9]{3}-[0-9]{2}-[0-9]{4}"), re.compile(r"[0-9]+")


def left_tables(sampled: Sequence[SampledTable], matches: Iterable[Match]) -> list[LeftoverTable]:
    """Return the tables that are neither bound nor joined."""
    used = set()
    for match in matches:
        used |= {match.candidate.table.name}
        used |= {join["table"] for join in match.candidate.structure.get("joins", {}).values()}
    return [
        LeftoverTable(table=table.name, rows=table.rows, columns=len(table.columns))
        for table in sampled
        if table.name not in used
    ]


def left_columns(matches: Iterable[Match], proposed: Iterable[TableProposal]) -> list[LeftoverColumn]:
    """Return the columns of bound tables that no field is read from; no two have fields of one name.

    Args:
        matches: where each canonical table lies.
        proposed: what its fields are bound to.
    """
    tables = {table.canonical: table for table in proposed}
    many = list(matches)
    found: list[LeftoverColumn] = []
    names: set[str] = set()
    for match in many:
        same = [each for each in many if _rows_of(each) == _rows_of(match)]
        if match.candidate.hosted and not all(each.candidate.hosted for each in same):
            continue  # what is left belongs to the row itself
        read = {name for each in same for name in _columns_read(tables[each.table.name], each.candidate)}
        for origin in match.candidate.origins:
            if origin.alias or origin.fixed or origin.path in match.candidate.raw:
                continue
            if read.issuperset(names_at(origin.column or origin.path, match.candidate)):
                continue
            label = label_of(origin.path)
            if field_name(label) in names:
                label = f"{match.table.name.replace('_', ' ').capitalize()} {label[:1].lower()}{label[1:]}"
            column = _column(match, origin, label)
            names |= {column.destination.field} if column.destination else set()
            found.append(column)
    return found


def _rows_of(match: Match) -> tuple[str, ...]:
    """The physical table, and which of its rows."""
    return match.candidate.table.name, *match.candidate.table.where.values()


def _columns_read(proposed: TableProposal, candidate: Candidate) -> set[str]:
    """The columns that the entries of a table read; one that is unpivoted is read under all its names."""
    named: list[str] = []
    for entry in (each.binding for each in proposed.fields):
        if isinstance(entry, str):
            named.append(entry)
        elif entry is not None:
            named += [str(entry["column"])] if "column" in entry else PLACES.findall(str(entry.get("text", "")))
    return {name for each in named for name in names_at(each, candidate)}


def _column(match: Match, origin: Origin, label: str) -> LeftoverColumn:
    why_not = _bookkeeping(match, origin)
    return LeftoverColumn(
        table=match.candidate.table.name,
        column=origin.path,
        evidence=evidence_of(origin),
        canonical=match.table.name,
        label=label,
        type=_kind(origin),
        destination=None if why_not else _destination(match, origin, label),
        reasons=[why_not] if why_not else [],
    )


def _bookkeeping(match: Match, origin: Origin) -> str:
    """Why a column is no field of a patient; empty where it may be one."""
    if not set(LINKS) & set(match.table.column_names):
        return "its table belongs to no patient"
    if not origin.values:
        return "it has no values"
    if len(origin.sample.counts) == 1:
        return "all rows have the same value"
    named = name_fit(origin.path, WRITERS, match.candidate.context, match.candidate.prefix)
    if named >= SURELY and origin.looks.get("words", 0) >= MOST:
        return "it says who wrote the row"
    if _all(_GUID, origin):
        return "its values are the system's own marks"
    if _all(_SOCIAL_SECURITY, origin):
        return "its values look like Social Security numbers, which a CRM does not need"
    if origin.sample.unique and _all(_WHOLE, origin) and match.candidate.table.looked_at > FEW:
        return "each row has a number of its own"
    return ""


def _all(pattern: re.Pattern[str], origin: Origin) -> bool:
    return sum(pattern.fullmatch(value) is not None for value in origin.values) >= MOST * len(origin.values)


def _destination(match: Match, origin: Origin, label: str) -> FieldDestination:
    clinical = match.table.name in CLINICAL
    entry, binding, reasons = _as_finding(origin, several=match.table.name in SEVERAL)
    own = OwnFinding.model_validate(entry)
    finding = clinical and (own.type in ("choice", "number") or own.take == "teeth")
    return FieldDestination(
        finding=label,
        field=field_name(label),
        label=own.called(label),
        entry=entry,
        binding=binding,
        score=LIKELY if finding else POSSIBLE,
        confidence=Confidence.LIKELY if finding else Confidence.WEAK,
        reasons=[*reasons, "it stands in a clinical table" if clinical else "its table is not a clinical one"],
    )


def _as_finding(origin: Origin, *, several: bool) -> tuple[dict[str, Any], Binding, list[str]]:
    """What stands in the practice's file, in the bindings, and why the field is of that type."""
    kind = _kind(origin)
    if kind == "date":
        steps = {"date": origin.dates} if origin.dates else {}
        return {"type": "date", "take": "latest"}, origin.entry(**steps), ["its values are dates"]
    if kind == "number":
        steps = {"decode": "decimal_comma"} if origin.has_commas else {}
        take = "worst" if several else "latest"
        return {"type": "number", "take": take}, origin.entry(**steps), ["its values are numbers"]
    meant = {each.code: each.target for each in flag_values(origin.coded) if each.target} if kind == "flag" else {}
    if meant and len(meant) == len(origin.coded):
        no = [code for code, target in meant.items() if target == "false"]
        if several and no:
            return {"type": "text", "take": "teeth"}, origin.entry(null_when=no), ["it says yes or no of a tooth"]
        choices = {code: _LABELS[target] for code, target in meant.items()}
        return {"type": "choice", "choices": choices}, origin.entry(), ["its values say yes or no"]
    codes = {code: rows for code, rows in shown_codes(origin).items() if CODE.fullmatch(code) or code.isdigit()}
    if 1 < len(codes) <= FEW and sum(codes.values()) >= MOST * sum(origin.coded.values()):
        choices = {code: code[:1].upper() + code[1:] for code in codes}
        rare = len(origin.coded) - len(codes)
        more = [f"values that few rows have ({rare}) are no choices yet"] if rare else []
        return {"type": "choice", "choices": choices}, origin.entry(), ["its values are a few codes", *more]
    return {"type": "text", "take": "latest"}, origin.entry(), ["its values are texts"]


def _kind(origin: Origin) -> str:
    if origin.dates is not None or origin.times:
        return "date"
    if origin.coded:
        return "flag" if len(origin.coded) <= 2 else "code"
    return "number" if origin.looks.get("number", 0) >= MOST or origin.has_commas else "text"


def label_of(name: str) -> str:
    """`NightGuard` and `night_guard` are both a `Night guard`."""
    words = re.findall(r"[A-ZÀ-Þ]+(?![a-zß-ÿ])|[A-ZÀ-Þ]?[a-zß-ÿ]+|\d+", re.sub(r"\{[a-z]+\}", "", name)) or [name]
    text = " ".join(word if word.isupper() and len(word) > 1 else word.lower() for word in words)
    return text[:1].upper() + text[1:]
