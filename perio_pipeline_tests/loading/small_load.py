"""Loads of a few records: the mapping, the drafts, and one call that runs the loader."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from cryptography.fernet import Fernet

from perio_pipeline.loading.entries import CHAIN_START, RunInfo, Scope, entry_hash
from perio_pipeline.loading.journal import Journal, open_journal
from perio_pipeline.loading.loader import Loader
from perio_pipeline.loading.payloads import Draft
from perio_pipeline.loading.sending import Loaded
from perio_pipeline.loading.tables import ENTRY, METADATA
from perio_pipeline.loading.writer import JournalWriter
from perio_pipeline.mapping.model import Mapping
from perio_pipeline_tests.loading.fake_crm import FakeCrm

FAST = 1e6
"""The CRM's clock runs so fast that waiting for its search takes no time."""

RUN = RunInfo("run-1", "full", "jo")


def journal_url(folder: Path) -> str:
    """Where the journal of a folder is; the fixture `journal_backend` puts another backend in its place."""
    return f"sqlite:///{folder / 'journal.sqlite'}"


def opened_url(folder: Path) -> str | None:
    """What `open_journal` is given: nothing for the backend it takes by itself."""
    url = journal_url(folder)
    return None if url.startswith("sqlite") else url


MAPPING = Mapping.model_validate(
    {
        "destination": "test",
        "objects": {
            "companies": {
                "requirement": "H6",
                "description": "Referring practices",
                "model": "business",
                "rows": "validated/referring_practice",
                "key": "practice_id",
                "account": "linked",
                "mark": {"field": "name"},
                "fields": {"name": "name"},
            },
            "contacts": {
                "requirement": "H1",
                "description": "Patients",
                "model": "contact",
                "rows": "validated/patient",
                "key": "patient_id",
                "mark": {"field": "Source_Id"},
                "links": {"businessId": {"object": "companies", "by": "practice_id", "required": False}},
                "fields": {
                    "firstName": "first_name",
                    "office": "office",
                    "stage": {"value": "New", "lookup": True},
                    "dnd": {"from": "do_not_contact", "as": "flag"},
                },
                "custom": {
                    "Source_Id": {"from": "patient_id", "label": "PANDA id"},
                    "Depth": {"from": "depth_mm", "as": "number", "type": "number", "label": "Depth"},
                    "Sex": {
                        "from": "sex",
                        "type": "choice",
                        "label": "Sex",
                        "choices": {"male": "Male", "female": "Female"},
                    },
                },
            },
            "notes": {
                "requirement": "H8",
                "description": "Notes",
                "model": "note",
                "rows": "validated/clinical_note",
                "key": "note_id",
                "mark": {"field": "body", "text": "[PANDA note {note_id}]"},
                "links": {"contactId": {"object": "contacts", "by": "patient_id"}},
                "fields": {"body": "body"},
            },
        },
    }
)


def scope(obj: str = "contacts", practice: str = "harbor", account: str = "main") -> Scope:
    return Scope(practice, "test", account, obj)


def contact(key: str, problem: str = "", company: str | None = None, **fields: Any) -> Draft:
    links = {"businessId": ("companies", company)} if company else {}
    return Draft(key, key, problem, {"firstName": f"Name {key}", **fields}, {"Source_Id": key}, links)


def contacts(count: int, **fields: Any) -> list[Draft]:
    return [contact(f"P{number}", **fields) for number in range(1, count + 1)]


def note(key: str, patient: str) -> Draft:
    return Draft(key, f"[PANDA note {key}]", "", {"body": key}, {}, {"contactId": ("contacts", patient)})


@contextmanager
def journal_in(folder: Path) -> Iterator[Journal]:
    """Open a journal as a new process would."""
    journal = open_journal(folder, opened_url(folder))
    try:
        yield journal
    finally:
        journal.close()


def load(
    journal: Journal, crm: FakeCrm, drafts: Iterable[Draft], obj: str = "contacts", load_pass: str = "full"
) -> dict[str, Loaded]:
    """One run of the loader; what became of each record."""

    async def main() -> list[Loaded]:
        async with crm.adapter() as adapter:
            linked = {name: journal.known(scope(name, account=crm.name)) for name in MAPPING.objects}
            here = scope(obj, account=crm.name)
            writer = JournalWriter(journal, here, replace(RUN, load_pass=load_pass))
            loader = Loader(obj, MAPPING.objects[obj], adapter, writer, linked, time_scale=FAST)
            return await loader.load(journal.known(here), drafts)

    loaded = asyncio.run(main())
    by_key = {item.source_key: item for item in loaded}
    assert len(by_key) == len(loaded), "one result per record"
    return by_key


def actions(loaded: dict[str, Loaded]) -> dict[str, str]:
    return {key: item.action for key, item in loaded.items()}


def entries(folder: Path) -> list[dict[str, Any]]:
    """Every row of the audit log, in order."""
    engine = sa.create_engine(journal_url(folder))
    with engine.connect() as connection:
        rows = [dict(row._mapping) for row in connection.execute(sa.select(ENTRY).order_by(ENTRY.c.number))]
    engine.dispose()
    return rows


def stored(folder: Path) -> bytes:
    """All that the journal's database holds, as it lies in its files, or as its server gives it out."""
    if opened_url(folder) is None:
        return b"".join(file.read_bytes() for file in folder.glob("journal.sqlite*"))
    engine = sa.create_engine(journal_url(folder))
    with engine.connect() as connection:
        tables = [connection.exec_driver_sql(f"SELECT {name}::text FROM {name}") for name in METADATA.tables]
        content = "".join(row[0] for table in tables for row in table)
    engine.dispose()
    return content.encode()


def values_before(folder: Path) -> list[dict[str, Any]]:
    """What updates replaced, opened with the journal's key."""
    cipher = Fernet((folder / "journal.key").read_bytes())
    return [json.loads(cipher.decrypt(row["values_before"])) for row in entries(folder) if row["values_before"]]


def chain_holds(rows: list[dict[str, Any]]) -> bool:
    """Whether each row follows the one before it."""
    previous = CHAIN_START
    for row in rows:
        if row["previous_hash"] != previous or entry_hash(row) != row["hash"]:
            return False
        previous = str(row["hash"])
    return True
