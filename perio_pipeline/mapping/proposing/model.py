"""What the machine proposes about a database it has never seen: one entry per canonical field, with score and reasons.

A proposal is what `perio map propose` writes as JSON and what the review page is made from. It holds names, types,
shapes, counts and codes; no value of a patient (P3, G5).
"""

from __future__ import annotations

from enum import StrEnum
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

REPORT = ("map", "proposal.json")
"""Where the latest proposal lies among a practice's reports."""

Binding = str | dict[str, Any]
"""An entry of a bindings file as plain data: a column's name, or the mapping that the head of panda.yaml describes."""


class Confidence(StrEnum):
    """How far a proposal can be relied on: `strong` is right in 99 of 100 cases; `none` is no proposal at all."""

    STRONG = "strong"
    LIKELY = "likely"
    WEAK = "weak"
    NONE = "none"


class Part(BaseModel):
    """Every part of a proposal: complete, and nothing else."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Evidence(Part):
    """What a column looks like, without its values.

    Attributes:
        type: as the database declares it.
        filled: share of the looked-at rows that have a value, 0 to 1.
        distinct: different values among them.
        shapes: the most frequent shapes and their share: `9{10}` ten digits, `A{2}` two capitals, `a+` small letters.
        range: the least and the greatest number, rounded outward, or the first and last year of dates; else empty.
        codes: value → rows, for columns that hold codes; else empty.
    """

    type: str = ""
    filled: float = 0
    distinct: int = 0
    shapes: dict[str, float] = Field(default_factory=dict)
    range: str = ""
    codes: dict[str, int] = Field(default_factory=dict)


class CodeProposal(Part):
    """What one code of the database means.

    Attributes:
        code: as it stands in the database; "" for no value.
        rows: rows that have it, as far as they were looked at.
        target: the canonical code; None where nothing fits.
        score: 0 to 1.
        alternatives: other canonical codes, the likelier ones first.
    """

    code: str
    rows: int
    target: str | None
    score: float
    confidence: Confidence
    alternatives: list[str] = Field(default_factory=list)


class Alternative(Part):
    """Another entry that would be possible for the same field."""

    binding: Binding
    score: float
    reasons: list[str] = Field(default_factory=list)


class FieldProposal(Part):
    """One canonical field.

    Attributes:
        required: rows without it are quarantined.
        binding: what would stand in the bindings file; None where nothing fits.
        alternatives: the next best entries, best first.
        codes: for a field with codes or a yes and no, what each value of the column means.
    """

    field: str
    required: bool
    binding: Binding | None
    score: float
    confidence: Confidence
    reasons: list[str] = Field(default_factory=list)
    evidence: Evidence = Evidence()
    alternatives: list[Alternative] = Field(default_factory=list)
    codes: list[CodeProposal] = Field(default_factory=list)


class TableAlternative(Part):
    """Another physical table that would be possible."""

    table: str
    score: float


class TableProposal(Part):
    """One canonical table.

    Attributes:
        canonical: its name.
        table: the physical table; None where nothing fits.
        structure: entries beside `table` and `columns`: `joins`, `where`, `unpivot`, `rows_with`.
        fields: every canonical field that unpivoting does not make, in canonical order.
    """

    canonical: str
    table: str | None
    score: float
    confidence: Confidence
    reasons: list[str] = Field(default_factory=list)
    alternatives: list[TableAlternative] = Field(default_factory=list)
    structure: dict[str, Any] = Field(default_factory=dict)
    fields: list[FieldProposal] = Field(default_factory=list)


class FieldDestination(Part):
    """The field of the patient's contact that a column which only this practice has could become (G5).

    Attributes:
        finding: what the practice would call it.
        field: the migration's stable name, the same in every CRM.
        label: what people would read in the CRM.
        entry: what would stand under `findings` in the practice's file: type, choices and which value counts.
        binding: what would stand under `findings` of the table in the bindings file.
    """

    finding: str
    field: str
    label: str
    entry: dict[str, Any]
    binding: Binding
    score: float
    confidence: Confidence
    reasons: list[str]


class LeftoverColumn(Part):
    """A column that no field is bound to: perhaps a finding that only this practice records (G5).

    Attributes:
        canonical: the canonical table that is read from this table, under which a finding would be named.
        label: what it could be called.
        type: what it holds: `flag`, `number`, `date`, `code` or `text`.
        destination: the field that it could become; None where it can be none, and `reasons` say why.
    """

    table: str
    column: str
    evidence: Evidence
    canonical: str
    label: str
    type: str
    destination: FieldDestination | None = None
    reasons: list[str] = Field(default_factory=list)

    @property
    def entry(self) -> str:
        """How a person names it: `patient.findings.Night guard`."""
        return f"{self.canonical}.findings.{self.label}"


class LeftoverTable(Part):
    """A table that nothing is read from."""

    table: str
    rows: int
    columns: int


class Proposal(Part):
    """The whole proposal for one practice's database; `source` names its kind, never its address."""

    practice: str
    source: str
    tables: list[TableProposal]
    leftover_tables: list[LeftoverTable] = Field(default_factory=list)
    leftover_columns: list[LeftoverColumn] = Field(default_factory=list)
