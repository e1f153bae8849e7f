"""The review of a proposal: what the machine found for each field, beside what is bound, for a person to choose (P3).

The page works from the file alone and keeps what is chosen in a file of decisions, which `perio map accept` takes.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from perio_pipeline.mapping.proposing.model import Binding, Confidence, FieldProposal, Proposal, TableProposal
from perio_pipeline.panda.bindings import Bindings
from perio_pipeline.panda.canonical import Kind
from perio_pipeline.panda.tables import TABLES
from perio_pipeline.signoff.templates import render

REPORT = ("map", "review.html")
"""Where the page lies among a practice's reports."""


@dataclass(frozen=True)
class Choice:
    """One entry that a field could have.

    Attributes:
        words: the entry as a person reads it.
        binding: the entry as JSON, `null` for none.
        origin: `proposed`, `alternative` or `bound` (as the bindings file has it).
        note: what else is known of it.
    """

    words: str
    binding: str
    origin: str
    note: str = ""


@dataclass(frozen=True)
class Field:
    """One field with all that it could be; the first choice is the one that stands if nobody decides otherwise."""

    entry: str
    proposal: FieldProposal
    description: str
    choices: tuple[Choice, ...]
    targets: tuple[str, ...]
    bound: bool

    @property
    def differs(self) -> bool:
        """Whether the bindings file says something else than what is proposed."""
        return self.bound and {each.origin for each in self.choices[:1]} != {"proposed"}

    @property
    def open(self) -> bool:
        """Whether a person should look: not surely right, or bound otherwise."""
        return self.differs or self.proposal.confidence is not Confidence.STRONG


def fields_of(table: TableProposal, bindings: Bindings) -> list[Field]:
    """Return a table's fields in canonical order.

    Args:
        table: what is proposed.
        bindings: what is bound now.
    """
    bound = bindings.tables.get(table.canonical)
    plain: Mapping[str, Binding] = bound.model_dump(exclude_defaults=True, mode="json")["columns"] if bound else {}
    return [
        _field(table.canonical, field, plain.get(field.field), there=bound is not None and bound.table == table.table)
        for field in table.fields
    ]


def _field(table: str, proposal: FieldProposal, now: Binding | None, *, there: bool) -> Field:
    column = TABLES[table].column(proposal.field)
    targets = tuple(column.choices) or (("true", "false") if column.kind is Kind.BOOLEAN else ())
    choices = tuple(_choices(proposal, now if there else None))
    return Field(f"{table}.{proposal.field}", proposal, column.description, choices, targets, there and now is not None)


def _choices(proposal: FieldProposal, now: Binding | None) -> Iterator[Choice]:
    told = {_json(now)} if now is not None else set()
    if now is not None:
        same = proposal.binding is not None and _json(proposal.binding) == _json(now)
        yield Choice(words_of(now), _json(now), "proposed" if same else "bound", "as bound now")
    if proposal.binding is not None and _json(proposal.binding) not in told:
        told.add(_json(proposal.binding))
        yield Choice(words_of(proposal.binding), _json(proposal.binding), "proposed", f"{proposal.score:.2f}")
    for other in proposal.alternatives:
        if _json(other.binding) not in told:
            told.add(_json(other.binding))
            note = "; ".join([f"{other.score:.2f}", *other.reasons])
            yield Choice(words_of(other.binding), _json(other.binding), "alternative", note)


def words_of(binding: Binding | None) -> str:
    """Return an entry in one line, as a person reads it."""
    if binding is None:
        return "–"
    if isinstance(binding, str):
        return binding
    steps = [f"{name} {_short(value)}" for name, value in binding.items() if name not in ("column", "text")]
    origin = binding.get("column") or binding.get("text") or f"always {binding.get('value')}"
    return " · ".join([str(origin), *steps])


def _short(value: object) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{code or 'nothing'}={to}" for code, to in value.items())
    return ", ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)


def _json(binding: Binding | None) -> str:
    plain = binding["column"] if isinstance(binding, dict) and list(binding) == ["column"] else binding
    return json.dumps(plain, ensure_ascii=False, sort_keys=True)


def review_page(made: Proposal, bindings: Bindings, file: str, command: str) -> str:
    """Return the page.

    Args:
        made: the proposal.
        bindings: what is bound now.
        file: the bindings file's name.
        command: what takes over the decisions.
    """
    tables = [(table, fields_of(table, bindings)) for table in made.tables]
    fields = [field for _, many in tables for field in many]
    return render(
        "review.html",
        practice=made.practice,
        tables=tables,
        file=file,
        command=command,
        counts={level: sum(field.proposal.confidence is level for field in fields) for level in Confidence},
        missing=sum(field.proposal.required and field.proposal.binding is None for field in fields),
        differing=sum(field.differs for field in fields),
        own_columns=[each for each in made.leftover_columns if each.destination],
        other_columns=[each for each in made.leftover_columns if not each.destination],
        left_tables=made.leftover_tables,
    )
