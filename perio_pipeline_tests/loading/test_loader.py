"""P6: each record arrives exactly once, one record's failure stops no other, and a second pass sends nothing."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from perio_pipeline.crm.protocol import Ref
from perio_pipeline.errors import DestinationError
from perio_pipeline.loading.entries import Intent, Reading, Result, Verdict
from perio_pipeline.loading.journal import Journal
from perio_pipeline.loading.loader import CONCURRENCY, LOOKS, Loader
from perio_pipeline.loading.writer import JournalWriter
from perio_pipeline_tests.loading.fake_crm import FakeCrm, Fault
from perio_pipeline_tests.loading.small_load import (
    FAST,
    MAPPING,
    RUN,
    actions,
    contact,
    contacts,
    entries,
    journal_in,
    load,
    note,
    scope,
    values_before,
)

pytestmark = pytest.mark.usefixtures("journal_backend")


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    with journal_in(tmp_path) as opened:
        yield opened


def planned(**plan: list[Fault]) -> FakeCrm:
    return FakeCrm(plan=defaultdict(list, plan))


def test_the_first_pass_creates_all_and_the_second_sends_nothing(journal: Journal, tmp_path: Path) -> None:
    crm = FakeCrm()
    first = load(journal, crm, contacts(5))
    assert set(actions(first).values()) == {"created"}
    assert crm.held() == ["P1", "P2", "P3", "P4", "P5"]
    rows, requests = len(entries(tmp_path)), len(crm.calls)
    second = load(journal, crm, contacts(5))
    assert set(actions(second).values()) == {"unchanged"}
    assert {key: item.ref for key, item in second.items()} == {key: item.ref for key, item in first.items()}
    assert (len(crm.calls), len(entries(tmp_path))) == (requests, rows)


def test_p9_a_changed_record_is_read_then_updated_and_what_it_replaced_is_kept(
    journal: Journal, tmp_path: Path
) -> None:
    crm = FakeCrm()
    load(journal, crm, contacts(3))
    again = load(journal, crm, [contact("P1"), contact("P2", firstName="Janet", office=None), contact("P3")])
    assert actions(again) == {"P1": "unchanged", "P2": "updated", "P3": "unchanged"}
    assert [operation for operation, _ in crm.calls[3:]] == ["read", "update"]
    assert values_before(tmp_path) == [{"firstName": "Name P2", "office": None, "Source_Id": "P2"}]
    assert crm.held("firstName") == ["Janet", "Name P1", "Name P3"]
    assert set(actions(load(journal, crm, [contact("P2", firstName="Janet", office=None)])).values()) == {"unchanged"}


def test_p9_a_replaced_link_is_kept_too(journal: Journal, tmp_path: Path) -> None:
    crm = FakeCrm()
    companies = [contact("R1"), contact("R2")]
    ids = {key: item.ref.crm_id for key, item in load(journal, crm, companies, "companies").items() if item.ref}
    load(journal, crm, [contact("P1", company="R1")])
    assert actions(load(journal, crm, [contact("P1", company="R2")])) == {"P1": "updated"}
    assert [before["businessId"] for before in values_before(tmp_path)] == [ids["R1"]]


@pytest.mark.parametrize("size", [1, 4])
def test_a_lost_response_is_adopted_and_never_doubled(journal: Journal, size: int) -> None:
    crm = planned(P2=[Fault.LOSE_AFTER], P3=[Fault.LOSE_AFTER])
    crm.size, crm.lag = size, len(LOOKS) - 1
    loaded = load(journal, crm, contacts(4))
    assert crm.held() == ["P1", "P2", "P3", "P4"]
    assert set(actions(loaded).values()) == {"created"}
    assert loaded["P2"].code == "adopted"
    assert journal.known(scope())["P2"].created_by_us
    assert set(actions(load(journal, crm, contacts(4))).values()) == {"unchanged"}


def test_a_request_that_never_arrived_is_sent_again_after_looking(journal: Journal) -> None:
    crm = planned(P1=[Fault.LOSE_BEFORE, Fault.LOSE_BEFORE])
    assert actions(load(journal, crm, contacts(2))) == {"P1": "created", "P2": "created"}
    operations = [operation for operation, keys in crm.calls if keys == ("P1",)]
    assert operations == ["create", *["find"] * len(LOOKS)] * 2 + ["create"]


def test_a_record_that_never_gets_an_answer_stays_open_for_the_next_run(journal: Journal) -> None:
    crm = planned(P1=[Fault.LOSE_BEFORE] * 3)
    loaded = load(journal, crm, contacts(1))
    assert (loaded["P1"].action, loaded["P1"].code, loaded["P1"].ref) == ("failed", "timeout", None)
    assert journal.known(scope())["P1"].state == "intended"
    calls = len(crm.calls)
    assert actions(load(journal, crm, contacts(1))) == {"P1": "created"}
    assert [operation for operation, _ in crm.calls[calls:]] == ["find"] * len(LOOKS) + ["create"]


@pytest.mark.parametrize("size", [1, 3])
def test_p8_a_refused_record_fails_alone_and_is_tried_again_next_run(journal: Journal, size: int) -> None:
    crm = planned(P2=[Fault.REFUSE])
    crm.size = size
    loaded = load(journal, crm, contacts(4))
    assert actions(loaded) == {"P1": "created", "P2": "failed", "P3": "created", "P4": "created"}
    assert (loaded["P2"].code, loaded["P2"].reason) == ("http_422", "email must be an email")
    assert actions(load(journal, crm, contacts(4)))["P2"] == "created"
    assert crm.held() == ["P1", "P2", "P3", "P4"]


def test_a_refused_update_keeps_the_record_and_is_tried_again(journal: Journal) -> None:
    crm = FakeCrm()
    load(journal, crm, contacts(1))
    crm.plan["P1"] = [Fault.REFUSE]
    assert actions(load(journal, crm, contacts(1, office="N"))) == {"P1": "failed"}
    assert actions(load(journal, crm, contacts(1, office="N"))) == {"P1": "updated"}
    assert (crm.held("office"), len(crm.records)) == (["N"], 1)


def test_an_update_whose_answer_is_lost_is_repeated(journal: Journal) -> None:
    crm = FakeCrm()
    load(journal, crm, contacts(1))
    crm.plan["P1"] = [Fault.LOSE_AFTER, Fault.LOSE_BEFORE]
    assert actions(load(journal, crm, contacts(1, office="N"))) == {"P1": "updated"}
    crm.plan["P1"] = [Fault.LOSE_BEFORE] * 3
    assert actions(load(journal, crm, contacts(1, office="S"))) == {"P1": "failed"}
    assert actions(load(journal, crm, contacts(1, office="S"))) == {"P1": "updated"}
    assert crm.held("office") == ["S"]


def test_a_record_that_the_crm_never_showed_fails_and_is_not_made_again(journal: Journal) -> None:
    crm = FakeCrm()
    load(journal, crm, contacts(1))
    crm.records.clear()
    loaded = load(journal, crm, contacts(1, office="N"))
    assert (loaded["P1"].action, loaded["P1"].code) == ("failed", "gone")
    assert crm.records == {}


def read_back(journal: Journal, crm: FakeCrm, obj: str = "contacts") -> None:
    """What the read-back step notes about every record of the journal."""
    here = scope(obj)
    known = journal.known(here)
    places = {key: ref for key, item in known.items() if (ref := item.ref(obj))}
    readings = [
        Reading(key, ref, Verdict.HELD if ref in crm.records else Verdict.GONE, crm.records.get(ref))
        for key, ref in places.items()
    ]
    journal.append_readings(here, RUN, readings, known)


def test_p6_a_create_that_never_took_although_the_crm_said_so_is_made_good(journal: Journal) -> None:
    crm = FakeCrm()
    load(journal, crm, contacts(2))
    crm.forget("P1")
    read_back(journal, crm)
    assert {key: item.state for key, item in journal.known(scope()).items()} == {"P1": "gone", "P2": "done"}
    assert actions(load(journal, crm, contacts(2))) == {"P1": "created", "P2": "unchanged"}
    assert crm.held() == ["P1", "P2"]


def test_a_record_that_was_seen_and_then_deleted_by_a_person_stays_deleted(journal: Journal) -> None:
    crm = FakeCrm()
    load(journal, crm, contacts(2))
    read_back(journal, crm)
    kept = crm.forget("P1")
    read_back(journal, crm)
    loaded = load(journal, crm, contacts(2))
    assert (loaded["P1"].action, loaded["P1"].code) == ("removed", "removed_in_crm")
    assert crm.held() == ["P2"]
    crm.records[kept.ref] = kept  # restored from the recycle bin
    calls = len(crm.asked("update"))
    assert actions(load(journal, crm, contacts(2))) == {"P1": "unchanged", "P2": "unchanged"}
    assert len(crm.asked("update")) == calls


def test_a_second_reading_that_shows_the_same_adds_no_line(journal: Journal, tmp_path: Path) -> None:
    crm = FakeCrm()
    load(journal, crm, contacts(2))
    read_back(journal, crm)
    lines = len(entries(tmp_path))
    read_back(journal, crm)
    assert len(entries(tmp_path)) == lines
    load(journal, crm, [contact("P1", office="N")])
    read_back(journal, crm)
    assert [row["kind"] for row in entries(tmp_path)[lines:]] == ["intent", "result", "reading"]


def test_p6_what_was_not_proven_is_written_again(journal: Journal) -> None:
    crm = FakeCrm()
    load(journal, crm, contacts(2, office="N"))
    known = journal.known(scope())
    ref = known["P1"].ref("contacts")
    assert ref is not None
    crm.records[ref] = replace(crm.records[ref], fields={"firstName": "Name P1"})  # the CRM dropped a field
    journal.append_readings(scope(), RUN, [Reading("P1", ref, Verdict.UNPROVEN)], known)
    assert actions(load(journal, crm, contacts(2, office="N"))) == {"P1": "updated", "P2": "unchanged"}
    assert crm.held("office") == ["N", "N"]


def test_a_link_that_is_gone_is_taken_away_and_kept_for_the_rollback(journal: Journal, tmp_path: Path) -> None:
    crm = FakeCrm()
    (company,) = load(journal, crm, [contact("R1")], "companies").values()
    load(journal, crm, [contact("P1", company="R1")])
    assert company.ref is not None
    assert crm.held("businessId") == [None, company.ref.crm_id]
    alone = replace(contact("P1"), unlinked=frozenset({"businessId"}))
    assert actions(load(journal, crm, [alone])) == {"P1": "updated"}
    assert crm.held("businessId") == [None, None]
    assert values_before(tmp_path)[0]["businessId"] == company.ref.crm_id


def test_p9_a_record_whose_rollback_was_interrupted_waits_for_it(journal: Journal) -> None:
    crm = FakeCrm()
    load(journal, crm, contacts(2))
    ref = journal.known(scope())["P1"].ref("contacts")
    journal.append(scope(), RUN, [Intent("P1", "delete", "", ref)])
    calls = len(crm.calls)
    loaded = load(journal, crm, contacts(2))
    assert (loaded["P1"].action, loaded["P1"].code) == ("failed", "rollback_open")
    assert len(crm.calls) == calls


@pytest.mark.parametrize("seen", [True, False])
def test_p9_what_a_rollback_took_away_is_made_anew(journal: Journal, seen: bool) -> None:
    crm = FakeCrm()
    load(journal, crm, contacts(2))
    if seen:
        read_back(journal, crm)
    ref = crm.forget("P1").ref
    journal.append(scope(), RUN, [Intent("P1", "delete", "", ref), Result("P1", "delete", "", "done", ref)])
    assert actions(load(journal, crm, contacts(2))) == {"P1": "created", "P2": "unchanged"}
    assert crm.held() == ["P1", "P2"]


def test_parents_come_first_and_a_child_without_one_waits(journal: Journal) -> None:
    crm = planned(P2=[Fault.REFUSE])
    load(journal, crm, contacts(2))
    loaded = load(journal, crm, [note("N1", "P1"), note("N2", "P2")], "notes")
    assert actions(loaded) == {"N1": "created", "N2": "failed"}
    assert loaded["N2"].code == "parent_not_loaded"
    assert loaded["N1"].ref == Ref("notes", "main-2", "main-1")
    load(journal, crm, contacts(2))
    again = load(journal, crm, [note("N1", "P1"), note("N2", "P2")], "notes")
    assert actions(again) == {"N1": "unchanged", "N2": "created"}
    assert crm.held("contactId") == [None, None, "main-1", "main-3"]


def test_a_record_with_a_problem_is_named_without_a_request(journal: Journal, tmp_path: Path) -> None:
    crm = FakeCrm()
    loaded = load(journal, crm, [contact("P1", "name is longer than 255 characters")])
    assert (loaded["P1"].code, loaded["P1"].reason) == ("not_sendable", "name is longer than 255 characters")
    assert crm.calls == []
    assert entries(tmp_path) == []


def test_requests_carry_as_many_records_as_they_may_of_one_kind(journal: Journal) -> None:
    crm = FakeCrm(size=3)
    drafts = [contact(f"P{number}", office="NS"[number % 2]) for number in range(8)]
    load(journal, crm, drafts)
    batches = crm.asked("create")
    assert sorted(map(len, batches)) == [1, 1, 3, 3]
    assert {frozenset(int(key[1:]) % 2 for key in batch) for batch in batches} == {frozenset([0]), frozenset([1])}


def test_one_refusal_of_the_account_ends_new_work_and_lets_requests_under_way_end(
    journal: Journal, tmp_path: Path
) -> None:
    crm = planned(P1=[Fault.ACCOUNT])

    async def main() -> None:
        crm.gate = asyncio.Event()
        async with crm.adapter() as adapter:
            writer = JournalWriter(journal, scope(), RUN)
            loader = Loader("contacts", MAPPING.objects["contacts"], adapter, writer, {}, time_scale=FAST)
            task = asyncio.create_task(loader.load({}, contacts(3 * CONCURRENCY)))
            while len(crm.calls) < CONCURRENCY:
                await asyncio.sleep(0.001)
            await asyncio.sleep(0.02)
            crm.gate.set()
            with pytest.raises(DestinationError, match="daily quota"):
                await task
        crm.gate = None

    asyncio.run(main())
    assert len(crm.calls) == CONCURRENCY
    assert len(crm.held()) == CONCURRENCY - 1
    states = [known.state for known in journal.known(scope()).values()]
    assert sorted(states) == ["done"] * (CONCURRENCY - 1) + ["intended"]
    again = load(journal, crm, contacts(3 * CONCURRENCY))
    assert sorted(map(str, crm.held())) == sorted(again)


@pytest.mark.parametrize("size", [1, 4])
def test_what_was_settled_before_the_account_refused_is_not_sent_again(journal: Journal, size: int) -> None:
    crm = planned(P5=[Fault.ACCOUNT])
    crm.size = size
    with pytest.raises(DestinationError):
        load(journal, crm, contacts(8))
    settled = {key for key, known in journal.known(scope()).items() if known.state == "done"}
    calls = len(crm.calls)
    again = load(journal, crm, contacts(8))
    assert crm.held() == [f"P{number}" for number in range(1, 9)]
    sent = {key for operation, keys in crm.calls[calls:] if operation == "create" for key in keys}
    assert sent.isdisjoint(settled)
    assert {key for key, action in actions(again).items() if action == "unchanged"} == settled


def test_progress_counts_every_record_once(journal: Journal) -> None:
    crm, seen = planned(P2=[Fault.REFUSE]), []
    drafts = [*contacts(5), contact("P9", "too long")]

    async def main() -> None:
        async with crm.adapter() as adapter:
            args: tuple[Any, ...] = (
                "contacts",
                MAPPING.objects["contacts"],
                adapter,
                JournalWriter(journal, scope(), RUN),
            )
            await Loader(*args, {}, FAST, seen.append).load({}, drafts)

    asyncio.run(main())
    assert seen == sorted(seen)
    assert seen[-1] == len(drafts)
