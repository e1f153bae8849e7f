"""A practice of patients and dentists, whose CRM keeps both as contacts, and the steps from finding to loading."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pandas as pd

from perio_pipeline.crm.protocol import Ref, Snapshot
from perio_pipeline.loading.entries import Known, RunInfo
from perio_pipeline.loading.matching.decisions import decide, rows_of, waiting
from perio_pipeline.loading.matching.finding import Matches, find_matches
from perio_pipeline.loading.objects import Target, load_object
from perio_pipeline.mapping.model import Mapping
from perio_pipeline_tests.loading.fake_crm import FakeCrm
from perio_pipeline_tests.loading.small_load import FAST, journal_in

_CONTACT = {"requirement": "H1", "model": "contact", "rows": "validated/patient", "key": "patient_id"}
_FIELDS = {"firstName": "first_name", "lastName": "last_name", "phone": "phone", "email": "email"}
_MATCH = {"first_name": ["firstName"], "last_name": ["lastName"], "phone": ["phone"], "email": ["email"]}
MAPPING = Mapping.model_validate(
    {
        "destination": "test",
        "objects": {
            "companies": {
                **_CONTACT,
                "model": "business",
                "description": "Referring practices",
                "mark": {"field": "description", "text": "[PANDA practice {practice_id}]"},
                "match": {"name": ["name"], "phone": ["phone"]},
                "fields": {"name": "name", "phone": "phone", "description": "description"},
            },
            "dentists": {
                **_CONTACT,
                "description": "Referring dentists",
                "mark": {"field": "externalId"},
                "match": _MATCH,
                "fields": {**_FIELDS, "externalId": {"template": "dentist:{source_id}"}},
            },
            "contacts": {
                **_CONTACT,
                "description": "Patients",
                "mark": {"field": "externalId"},
                "match": {**_MATCH, "birth_date": ["Born"]},
                "fields": {
                    **_FIELDS,
                    "externalId": {"template": "patient:{patient_id}"},
                    "source": {"value": "PANDA"},
                    "dnd": {"from": "do_not_contact", "as": "flag"},
                },
                "custom": {"Born": {"from": "birth_date", "as": "date", "type": "date", "label": "Born"}},
            },
            "company_links": {
                **_CONTACT,
                "description": "A contact's company",
                "mark": {"field": "businessId"},
                "links": {
                    "contactId": {"object": "contacts", "by": "patient_id"},
                    "businessId": {"object": "companies", "by": "practice_id"},
                },
            },
        },
    }
)
BOOLEANS = {"dnd"}


@dataclass
class Practice:
    """One account, its journal, and who acts."""

    target: Target
    crm: FakeCrm

    def holds(self, crm_id: str, obj: str = "dentists", **values: Any) -> None:
        """Enter a record that was there before; contacts go by the first object of their model."""
        ref = Ref(obj, crm_id)
        custom = {name: value for name, value in values.items() if name == "Born"}
        fields = {name: value for name, value in values.items() if name not in custom}
        self.crm.records[ref] = Snapshot(ref, fields, custom, {})

    def find(self, **shaped: pd.DataFrame) -> Matches:
        full = {name: shaped.get(name, frame(name)) for name in MAPPING.matched()}
        return asyncio.run(find_matches(self.target, full, "US"))

    def decide(self, found: Matches, by: str = "Dana Frost", **said: str) -> dict[str, int]:
        """Decide about the offers of some records, by their source keys."""
        words = {row["match"]: said[row["source_key"]] for row in offered(found) if row["source_key"] in said}
        return self.decide_pairs(found, words, by)

    def decide_pairs(self, found: Matches, words: dict[str, str], by: str = "Dana Frost") -> dict[str, int]:
        target = replace(self.target, run=RunInfo("match-1", "match", by))
        return decide(target, found.frame, words)

    def waiting(self, found: Matches, name: str = "contacts") -> set[str]:
        return {key for _, key in waiting(self.target, name, found.frame)}

    def load(self, found: Matches, shaped: pd.DataFrame, name: str = "contacts") -> pd.DataFrame:
        held_back = waiting(self.target, name, found.frame)
        return asyncio.run(load_object(self.target, name, shaped, held_back)).set_index("source_key")

    def known(self, key: str, name: str = "contacts") -> Known | None:
        return self.target.journal.known(self.target.scope("main", name)).get(key)


@contextmanager
def practice_in(folder: Path) -> Iterator[Practice]:
    crm = FakeCrm()
    with journal_in(folder) as journal:
        run = RunInfo("run-1", "full", "jo")
        yield Practice(Target("harbor", "test", MAPPING, {"main": crm.adapter}, journal, run, FAST), crm)


def frame(name: str, *rows: dict[str, Any]) -> pd.DataFrame:
    """A shaped frame; marks follow from the keys."""
    obj = MAPPING.objects[name]
    names = [
        "source_key",
        "account",
        "mark",
        "problem",
        *(n for n, _ in obj.all_fields()),
        *(f"link.{n}" for n in obj.links),
    ]
    marks = {"companies": "[PANDA practice {}]", "dentists": "dentist:{}", "contacts": "patient:{}"}
    full = []
    for row in rows:
        mark = marks.get(name, "{}").format(row["source_key"])
        field = {obj.mark.field: mark} if obj.mark.field in obj.fields else {}
        full.append({"account": "main", "mark": mark, **field, **row})
    return pd.DataFrame(
        {n: pd.Series([row.get(n) for row in full], dtype="boolean" if n in BOOLEANS else "str") for n in names}
    )


def offered(found: Matches) -> list[dict[str, Any]]:
    return rows_of(found.frame[found.frame["offered"]])


def levels(found: Matches) -> dict[str, tuple[str, str]]:
    """Source key → the CRM's record that is offered, and how surely."""
    return {row["source_key"]: (row["crm_id"], row["level"]) for row in offered(found)}
