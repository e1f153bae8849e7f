"""One case of the table, and what the cases of all tables need: small practices that are loaded and read back."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from perio_pipeline.crm.freshsales.adapter import FreshsalesAdapter
from perio_pipeline.crm.protocol import Attachment, Outcome, Payload, Ref, Snapshot, Status
from perio_pipeline.sandbox.freshsales.faults import Fault
from perio_pipeline_tests.crm.freshsales_support import (
    DEPTH,
    EXAM,
    HISTORY,
    LINE_DEAL,
    REFERS,
    SITES,
    STAGE,
    deal,
    line,
    note,
    patient,
    practice,
    visit,
)
from perio_pipeline_tests.crm.freshsales_world import World

Check = Callable[[World], None]
OWNER = "avery.stone@example.com"
ENOUGH = 6
"""Records of a kind: a bulk job, and a walk through lists."""


@dataclass(frozen=True)
class Case:
    """One position of something open.

    Attributes:
        statement: the section, and what it leaves open.
        behaviour: settings of the sandbox that the case is about, with the positions it plays.
        capabilities: those of the adapter that it is about, with the positions it states.
        check: what must hold: `arrives` where nothing may be lost, else what is said and where.
        faults, holds, lag: what else the account is like.
    """

    statement: str
    behaviour: Mapping[str, Any]
    capabilities: Mapping[str, Any]
    check: Check
    faults: Sequence[Fault] = ()
    holds: Mapping[str, Any] = field(default_factory=dict)
    lag: float = 2.0

    def __str__(self) -> str:
        """Its name as a test."""
        stated = [f"{name}={value}" for name, value in (*self.behaviour.items(), *self.capabilities.items())]
        return f"{self.statement}: {', '.join(stated)}"


def contacts(count: int = ENOUGH, **fields: Any) -> list[Payload]:
    """Patients with every kind of field."""
    made = []
    for number in range(count):
        own = {"emails": f"p{number}@b.example", "mobile_number": f"+1212555{number:04}", "owner_id": OWNER, **fields}
        custom = {
            DEPTH.name: 4.5 + number,
            STAGE.name: "Stage II",
            SITES.name: ("MB", "DB"),
            EXAM.name: "2024-03-05",
            REFERS.name: True,
            HISTORY.name: "seen\ntwice",
        }
        made.append(replace(patient(number, **own), custom=custom))
    return made


def assert_same(payloads: Sequence[Payload], refs: Sequence[Ref], found: Mapping[Ref, Snapshot]) -> None:
    """Every record reads back as it was written; moments as moments, whatever their offset."""
    assert found.keys() == set(refs)
    for payload, ref in zip(payloads, refs, strict=True):
        snapshot = found[ref]
        for name, value in payload.fields.items():
            assert _meant(name, snapshot.fields[name]) == _meant(name, value), name
        assert {name: value for name, value in snapshot.custom.items() if value not in (None, ())} == payload.custom
        assert {name: crm_id for name, crm_id in snapshot.links.items() if name in payload.links} == payload.links


def moved(world: World, payloads: Sequence[Payload]) -> list[Ref]:
    """Write records that must all arrive, and hold what reads back against what was written."""
    refs = world.load(payloads)
    assert len(set(refs)) == len(payloads)
    assert_same(payloads, refs, world.read(refs))
    return refs


def arrives(world: World) -> None:
    """A small practice with everything that Freshsales holds arrives with no loss."""
    (place,) = moved(world, [practice(phone="+12125550142", owner_id=OWNER)])
    patients = [replace(each, links={"sales_account_id": place.crm_id}) for each in contacts()]
    people = moved(world, patients)
    link = {"contact_id": people[0].crm_id}
    stage = {"deal_pipeline_id": "Perio Treatment", "deal_stage_id": "Accepted"}
    plans = moved(world, [replace(deal(number, **stage), links=link) for number in range(ENOUGH)])
    moved(world, [replace(line(number), links={LINE_DEAL.name: plans[0].crm_id}) for number in range(ENOUGH)])
    moved(world, [replace(visit(), links=link)])
    moved(world, [replace(note(), links=link)])
    assert world.sandbox.outbox() == [], "nobody is invited"
    for kind, count in (("contacts", ENOUGH), ("deals", ENOUGH), ("sales_accounts", 1), ("notes", 1)):
        assert len(world.held(kind)) == count


def only(payloads: Callable[[], Sequence[Payload]]) -> Check:
    """These records arrive with no loss."""

    def check(world: World) -> None:
        moved(world, payloads())

    return check


def refuses(payloads: Callable[[], Sequence[Payload]], code: str, words: str, status: Status = Status.REFUSED) -> Check:
    """None of these records arrives, and it is said why."""

    def check(world: World) -> None:
        for outcome in world.create(payloads()):
            assert (outcome.status, outcome.code) == (status, code), outcome.reason
            assert words in outcome.reason

    return check


def differs(payloads: Callable[[], Sequence[Payload]], name: str) -> Check:
    """These records arrive, and reading back shows that one field is not what was written: a loss that is seen."""

    def check(world: World) -> None:
        sent = payloads()
        refs = world.load(sent)
        found = world.read(refs)
        for payload, ref in zip(sent, refs, strict=True):
            assert found[ref].fields[name] != payload.fields[name]

    return check


def on_contact(world: World, payload: Payload) -> Payload:
    """The record on a contact of its own."""
    (ref,) = world.load([patient(61)])
    return replace(payload, links={"contact_id": ref.crm_id})


def upload(world: World, size: int = 10) -> Outcome:
    """Send a file of so many bytes to a new contact."""
    payload = on_contact(world, Payload("radiographs", "9", {}, {}, {}, "file_name", "IMG-9"))
    return sent_file(world, payload, size)


def sent_file(world: World, payload: Payload, size: int) -> Outcome:
    """Send a file of so many bytes."""
    content = b"x" * size
    with TemporaryDirectory() as folder:
        path = Path(folder) / "a.png"
        path.write_bytes(content)
        attachment = Attachment("a.png", "image/png", str(path), hashlib.sha256(content).hexdigest())
        return world.create([replace(payload, attachment=attachment)])[0]


def found(world: World, payload: Payload) -> Ref | None:
    """Look once for a record by its mark."""

    async def work(adapter: FreshsalesAdapter) -> Ref | None:
        return await adapter.find(payload)

    return world.run(work)


def _meant(name: str, value: Any) -> Any:
    return datetime.fromisoformat(value) if name in ("from_date", "end_date", "created_at") else value
