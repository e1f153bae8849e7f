"""Proposes a binding for every canonical field of a database that nobody has bound yet."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa

from perio_pipeline.mapping.proposing.candidates import candidates_of
from perio_pipeline.mapping.proposing.choosing import LEAST
from perio_pipeline.mapping.proposing.contended import matched
from perio_pipeline.mapping.proposing.entries import codes_confidence, entry_of, readings_of
from perio_pipeline.mapping.proposing.evidence import evidence_of, is_shown
from perio_pipeline.mapping.proposing.fit import SPECIAL
from perio_pipeline.mapping.proposing.flags import shared_flags
from perio_pipeline.mapping.proposing.joined import joined_texts
from perio_pipeline.mapping.proposing.knowledge import tables as known_tables
from perio_pipeline.mapping.proposing.leftovers import left_columns, left_tables
from perio_pipeline.mapping.proposing.matching import Match, Matcher
from perio_pipeline.mapping.proposing.model import (
    Alternative,
    CodeProposal,
    Confidence,
    FieldProposal,
    Proposal,
    TableAlternative,
    TableProposal,
)
from perio_pipeline.mapping.proposing.readings import Origin
from perio_pipeline.mapping.proposing.repeating import ITSELF, members_of, repeated
from perio_pipeline.mapping.proposing.unpivoting import unpivoted
from perio_pipeline.panda.canonical import Column, Table
from perio_pipeline.panda.profiling.sampling import SampledTable, sample_database
from perio_pipeline.panda.tables import TABLES

STRONG_NAME, STRONG_VALUE, STRONG_MARGIN, LIKELY = 0.8, 0.85, 0.12, 0.6
WEAK_TABLE, MOST_ALTERNATIVES, OTHERWISE = 0.45, 3, 0.8
"""A strong proposal fits by name and values, and the next best one less; below this score of a table all is weak.
So many alternatives are shown; another reading of a column counts that much of the first one."""


def propose(practice: str, connection: sa.Connection) -> Proposal:
    """Look at a database and propose how it is bound; nothing leaves the machine, and nothing is written.

    Args:
        practice: its name.
        connection: the open database.

    Raises:
        SourceError: a kind of database that PANDA does not run on.
    """
    return propose_for(practice, connection.dialect.name, sample_database(connection))


def propose_for(practice: str, kind: str, sampled: Sequence[SampledTable]) -> Proposal:
    """Propose bindings for tables that have been sampled; `kind` is what the database is."""
    tables = list(TABLES.values())
    plain = candidates_of(sampled)
    matcher = Matcher(tables, [each for one in plain for each in (one, *unpivoted(one), *repeated(one))])
    found = matched(matcher)
    proposed = [_table(found[table.name], matcher) if table.name in found else _nothing(table) for table in tables]
    return Proposal(
        practice=practice,
        source=kind,
        tables=proposed,
        leftover_tables=left_tables(sampled, found.values()),
        leftover_columns=left_columns(found.values(), proposed),
    )


def _nothing(table: Table) -> TableProposal:
    return TableProposal(
        canonical=table.name,
        table=None,
        score=0,
        confidence=Confidence.NONE,
        reasons=["no table has its fields"],
        fields=[_unbound(column) for column in table.columns],
    )


def _unbound(column: Column) -> FieldProposal:
    return FieldProposal(
        field=column.name,
        required=column.required,
        binding=None,
        score=0,
        confidence=Confidence.NONE,
        reasons=["no column fits by name and values"],
    )


def _table(match: Match, matcher: Matcher) -> TableProposal:
    fields = [_field(match, column) for column in match.table.columns if column.name not in match.candidate.made]
    for together in (shared_flags, joined_texts):
        shared = together(match, fields)
        fields = [shared.get(each.field, each) for each in fields]
    named = matcher.name_of(match)
    missing = [each.field for each in fields if each.required and each.binding is None]
    bound = sum(each.binding is not None for each in fields)
    reasons = [f"{bound} of {len(fields)} fields are found in it"]
    reasons += ["its name says so"] if named >= STRONG_NAME else ["its name says little"] if named < LEAST else []
    reasons += [f"required and not found: {', '.join(missing)}"] if missing else []
    if match.candidate.hosted:
        reasons += [f"its records stand in columns of {match.candidate.table.name}: {members_of(match.candidate)}"]
    if match.candidate.guessed:
        reasons += ["which of them is the first is a guess"]
    if match.score >= 0.65 and named >= STRONG_NAME and not missing and not match.candidate.hosted:
        sure = Confidence.STRONG
    else:
        sure = Confidence.LIKELY if match.score >= 0.5 and not missing else Confidence.WEAK
    return TableProposal(
        canonical=match.table.name,
        table=match.candidate.table.name,
        score=round(match.score, 2),
        confidence=sure,
        reasons=reasons,
        alternatives=[TableAlternative(table=name, score=round(score, 2)) for score, name in matcher.others(match)],
        structure=_structure(match, fields),
        fields=fields,
    )


def _structure(match: Match, fields: Sequence[FieldProposal]) -> dict[str, Any]:
    """Joins that no field needs are left out."""
    structure = dict(match.candidate.structure)
    named = " ".join(str(each.binding) for each in fields)
    joins = {alias: join for alias, join in structure.pop("joins", {}).items() if f"{alias}." in named}
    if "tooth" in match.candidate.made:
        # Without it each exam would have all teeth, charted or not.
        telling = next((match.chosen[name] for name in ("depth_mm", "status") if name in match.chosen), None)
    else:
        telling = _presence(match) if match.candidate.hosted else None
    if telling is not None:
        structure["rows_with"] = match.origins[telling].column or telling
    return {**({"joins": joins} if joins else {}), **structure}


def _presence(match: Match) -> str:
    """The column that has a value where there is a record at all: of a required field, if there is one."""
    held = [column for column in match.table.columns if match.chosen.get(column.name) in match.candidate.repeats]
    return match.chosen[max(held, key=lambda column: column.required).name]


def _field(match: Match, column: Column) -> FieldProposal:
    path = match.chosen.get(column.name)
    if path is None:
        return _unbound(column).model_copy(update={"alternatives": _alternatives(match, column, None)})
    origin = match.origins[path]
    binding, codes = entry_of(match, column, origin)
    name, value = match.names[column.name, path], match.values[column.name, path]
    ranked = [score for score, other in match.ranked(column.name) if other != path]
    margin = match.scores[column.name, path] - max(ranked, default=0.0)
    sure = _confidence(column, name, value, margin, codes, bool(origin.values))
    if match.score < WEAK_TABLE or "value" in origin.fixed:
        sure = Confidence.WEAK
    elif sure is Confidence.STRONG and (match.candidate.guessed or _is_of_the_row(match, column)):
        sure = Confidence.LIKELY
    return FieldProposal(
        field=column.name,
        required=column.required,
        binding=binding,
        score=round(match.scores[column.name, path], 2),
        confidence=sure,
        reasons=_reasons(match, column, origin, name, value, margin),
        evidence=evidence_of(origin),
        alternatives=_alternatives(match, column, path),
        codes=[each for each in codes if is_shown(each.code, each.rows)],
    )


def _is_of_the_row(match: Match, column: Column) -> bool:
    """Whether a field of records in columns is said of all of them at once: when the row was made and changed."""
    return match.candidate.hosted and column.name in ITSELF


def _confidence(
    column: Column, name: float, value: float, margin: float, codes: Sequence[CodeProposal], filled: bool
) -> Confidence:
    told = codes_confidence(codes)
    if (
        name >= STRONG_NAME
        and value >= STRONG_VALUE
        and margin >= STRONG_MARGIN
        and filled
        and column.name not in ("depth_state", "recession_mm")
        and told in (None, Confidence.STRONG)
    ):
        return Confidence.STRONG
    if name * 0.6 + value * 0.4 >= LIKELY and filled and told not in (Confidence.NONE, Confidence.WEAK):
        return Confidence.LIKELY
    return Confidence.WEAK


def _reasons(match: Match, column: Column, origin: Origin, name: float, value: float, margin: float) -> list[str]:
    if origin.fixed:
        return ["no column says it" if "value" in origin.fixed else "made of the row's key and which record it is"]
    looks = known_tables()[match.table.name].fields[column.name].looks
    reasons = [
        "its name says so" if name >= STRONG_NAME else "its name is near" if name >= LEAST else "its name says little"
    ]
    if not origin.values:
        reasons.append("it has no values that could be looked at")
    elif match.table.key == (column.name,):
        reasons.append("each row has a value of its own")
    elif column.references and value > LIKELY:
        reasons.append(f"its values are keys of {column.references}")
    elif looks in SPECIAL and value >= STRONG_VALUE:
        reasons.append(f"its values look like {looks}")
    else:
        reasons.append("its values fit" if value >= STRONG_VALUE else "its values fit in part")
    if margin < STRONG_MARGIN:
        reasons.append("another column fits nearly as well")
    return reasons


def _alternatives(match: Match, column: Column, chosen: str | None) -> list[Alternative]:
    """The next best: the same column read otherwise where its codes or dates leave that open, and other columns."""
    taken = set(match.chosen.values())
    found = [
        Alternative(binding=entry, score=round(score, 2), reasons=["bound to another field"] if path in taken else [])
        for score, path in sorted(match.ranked(column.name), key=lambda each: (each[1] in taken, -each[0]))
        if path != chosen
        for entry in [entry_of(match, column, match.origins[path])[0]]
    ][:MOST_ALTERNATIVES]
    if chosen is None:
        return found
    (first, codes), *others = readings_of(match, column, match.origins[chosen])
    score = round(match.scores[column.name, chosen] * OTHERWISE, 2)
    again = [
        Alternative(binding=entry, score=score, reasons=["the same column, read otherwise"])
        for entry, _ in others
        if entry != first
    ]
    open_codes = codes_confidence(codes) in (None, Confidence.WEAK, Confidence.NONE)
    return ([*again[:2], *found] if open_codes else [*found, *again])[:MOST_ALTERNATIVES]
