"""Findings that only one practice records, as its file declares them: what they hold, and which value counts (G5)."""

from __future__ import annotations

import re
from decimal import Decimal, InvalidOperation
from typing import Any, Literal

import pandas as pd
from pydantic import Field, model_validator

from perio_pipeline.panda.canonical import Kind
from perio_pipeline.panda.frames import PANDAS_TYPES, TEXT
from perio_pipeline.yamlfile import Entry

FEW = 12
"""So many different values at most make a finding of choices."""
CODE = re.compile(r"[A-Za-z][\w +/-]{0,19}")
"""What a choice looks like; anything else may be a patient's own words."""
WORDS = {"latest": "latest", "worst": "worst", "count": "count", "teeth": "teeth"}


class OwnFinding(Entry):
    """One finding that becomes a field of the patient's contact.

    Attributes:
        type: what its values are.
        choices: value as recorded → label in the CRM; for `worst` from the best to the worst.
        take: the latest value, the worst one (of numbers the greatest, of dates the latest), how many there are, or the
            teeth that have one.
        label: what people read in the CRM; the finding's name and what is taken, unless said otherwise.
        on: whose field it is.
        why: what it is for.
    """

    type: Literal["text", "number", "date", "choice"]
    choices: dict[str, str] = Field(default_factory=dict)
    take: Literal["latest", "worst", "count", "teeth"] = "latest"
    label: str = ""
    on: Literal["contact"] = "contact"
    why: str = "the practice's own finding"

    @model_validator(mode="after")
    def _consistent(self) -> OwnFinding:
        if (self.type == "choice") != bool(self.choices):
            raise ValueError("`type: choice` and `choices` belong together; give both, or neither")
        if self.take == "worst" and self.type == "text":
            raise ValueError("of texts none is the worst; use `take: latest`, or another type")
        return self

    def called(self, name: str) -> str:
        """The field's label."""
        return self.label or f"{name} ({WORDS[self.take]})"


def folded(names: Any) -> Any:
    """Names of findings without differences of case and spacing."""
    return names.astype(TEXT).str.split().str.join(" ").str.casefold()


def numbers(values: pd.Series) -> pd.Series:
    """Values as numbers; null where one is none."""

    def number(text: str) -> Decimal | None:
        try:
            made = Decimal(text.strip())
        except InvalidOperation:
            return None
        return made if made.is_finite() and abs(made) < 10**12 else None

    distinct = {text: number(text) for text in values.dropna().unique()}
    return values.map(distinct).astype(PANDAS_TYPES[Kind.DECIMAL])


def dates(values: pd.Series) -> pd.Series:
    """Values as dates, written year first or as month/day/year; null where one is none."""
    text = values.str.strip()
    iso = pd.to_datetime(text.where(text.str.fullmatch(r"\d{4}-\d\d-\d\d.*")).str[:10], errors="coerce")
    american = pd.to_datetime(text, format="%m/%d/%Y", errors="coerce")
    return iso.fillna(american).astype(PANDAS_TYPES[Kind.DATE])


def unfit(finding: OwnFinding, values: pd.Series) -> pd.Series:
    """Which values are not what the finding is declared to be."""
    there = values.notna()
    if finding.take in ("count", "teeth") or finding.type == "text":
        return there & False
    if finding.type == "choice":
        return there & ~values.str.strip().isin(finding.choices)
    typed = numbers(values) if finding.type == "number" else dates(values)
    return there & typed.isna()


def proposal(name: str, values: pd.Series) -> str:
    """A ready-made entry for the practice's file, by the values there are; only code-like ones stand in it."""
    there = values.dropna().str.strip()
    distinct = sorted(there.unique())
    if distinct and numbers(there).notna().all():
        return f"{_quoted(name)}: {{type: number, take: latest}}"
    if distinct and dates(there).notna().all():
        return f"{_quoted(name)}: {{type: date, take: latest}}"
    # A word that is recorded once only may be anybody's name.
    repeated = bool((there.value_counts() > 1).all())
    if 0 < len(distinct) <= FEW and repeated and all(CODE.fullmatch(each) for each in distinct):
        choices = ", ".join(f"{_quoted(each)}: {_quoted(each[:1].upper() + each[1:])}" for each in distinct)
        return f"{_quoted(name)}: {{type: choice, choices: {{{choices}}}}}"
    return f"{_quoted(name)}: {{type: text, take: latest}}"


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
