"""P5, P8: the sign-off report says what stands against signing it, holds no values, and a signature goes stale."""

from __future__ import annotations

import hashlib
import json
import re
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest

from perio_pipeline.crm.protocol import Ref, RequestStats, Snapshot
from perio_pipeline.errors import GateError, SettingsError
from perio_pipeline.loading.audit import verify_journal
from perio_pipeline.loading.costs import PLANNED_LOAD
from perio_pipeline.loading.entries import Intent, Reading, Result, RunInfo, Scope, Verdict
from perio_pipeline.loading.lock import LockedError
from perio_pipeline.signoff.accounting import ObjectStatus
from perio_pipeline.signoff.causes import Cause
from perio_pipeline.signoff.diff import DIFFERENCE_TYPES, Diff
from perio_pipeline.signoff.signing.arrivals import Arrivals
from perio_pipeline.signoff.signing.facts import Facts, ObjectFacts, Statement
from perio_pipeline.signoff.signing.page import render_signoff
from perio_pipeline.signoff.signing.signing import SIGNED, sign_off, write_signoff
from perio_pipeline.signoff.signing.unsettled import Unsettled, unsettled
from perio_pipeline.workplace import Workplace
from perio_pipeline_tests.end_to_end.world import PRACTICE, PROJECT

CRM, CANARY = "highlevel", "Zanzibarova"
JO = RunInfo("signoff-1", "signoff", "Jo Field")


def diff(*lines: tuple[str, Cause, bool]) -> Diff:
    rows = [
        {"object": "contacts", "source_key": "P1", "account": "main", "crm_id": "c1", "field": field,
         "cause": cause.value, "explained": explained, "expected": CANARY, "actual": f"not {CANARY}"}
        for field, cause, explained in lines
    ]  # fmt: skip
    frame = pd.DataFrame(rows, columns=list(DIFFERENCE_TYPES)).astype(DIFFERENCE_TYPES)
    population = pd.DataFrame({"field": ["A__c"], "custom": [True], "expected": [1], "found": [1]})
    return Diff("contacts", 20, 2, frame, population)


STATUS = ObjectStatus(source=10, quarantined=2, left_out=3, shaped=5, created=4, unchanged=1)
CONTACTS = ObjectFacts(
    "contacts",
    "Patients",
    STATUS,
    Arrivals(loaded=5),
    {"skipped": 2, "merged": 1, "elsewhere": 0, "unavailable": 0},
    True,
)
FACTS = Facts(
    practice="Bayview",
    crm=CRM,
    load_pass="full",
    objects=(CONTACTS,),
    diffs={"contacts": diff()},
    statements=(Statement("The mapping is right", "Jo Field", "2026-11-02"),),
    failures=(),
    left_out=(),
    files=(),
    plan=None,
    planned_run=0,
    requests=12,
    absent={},
)


def with_status(**changes: int) -> Facts:
    return replace(FACTS, objects=(replace(CONTACTS, status=replace(STATUS, **changes)),))


@pytest.mark.parametrize(
    ("facts", "said"),
    [
        (FACTS, None),
        (with_status(source=11), "do not add up: contacts"),
        (with_status(quarantined=1), "do not add up"),
        (replace(FACTS, objects=(replace(CONTACTS, arrived=Arrivals(loaded=4)),)), "do not add up: contacts"),
        (with_status(failed=1), "1 records did not arrive"),
        (replace(FACTS, diffs={"contacts": diff(("city", Cause.ALTERED, False))}), "1 cells differ without a reason"),
        (replace(FACTS, diffs={"contacts": diff(("city", Cause.EDITED, True))}), None),
        (replace(FACTS, objects=(replace(CONTACTS, compared=False),)), "not compared yet: contacts"),
        (replace(FACTS, objects=()), "Not loaded"),
        (replace(FACTS, load_pass="full and sample"), "different passes"),
        (replace(FACTS, unsettled=Unsettled(unanswered=2)), "2 records were sent without an answer"),
        (replace(FACTS, refused=("G12 baa",)), "preflight refuses G12 baa"),
        (replace(FACTS, window_until="2026-11-28 18:00"), "open until 2026-11-28 18:00"),
    ],
)
def test_what_stands_against_signing_is_said(facts: Facts, said: str | None) -> None:
    points = facts.open_points
    assert (points == []) == (said is None)
    assert said is None or any(said in point for point in points)
    page = render_signoff(facts, (), pd.Timestamp("2026-11-27 10:00", tz="America/New_York").to_pydatetime())
    assert ("Ready to be signed" in page) == (said is None)


def test_p8_what_is_left_to_people_makes_the_verdict_amber_and_stands_in_words() -> None:
    made_at = pd.Timestamp("2026-11-27 10:00", tz="UTC").to_pydatetime()
    sound = with_status(quarantined=0, source=8)
    assert (sound.to_decide, 'class="verdict good"' in render_signoff(sound, (), made_at)) == ([], True)
    conflict = replace(sound, diffs={"contacts": diff(("city", Cause.CONFLICT, True))})
    files = ({"kind": "letter", "file_id": "L1", "what": "nothing", "reason": "too large", "bytes": 9},)
    for facts, said in (
        (FACTS, "so are not in the CRM: 2."),
        (conflict, "by a person in the CRM: 1."),
        (replace(sound, files=files), "as they are: 1."),
        (replace(sound, load_pass="sample"), "Only a sample"),
    ):
        assert [said in point for point in facts.to_decide] == [True]
        page = render_signoff(facts, (), made_at)
        assert 'class="verdict care"' in page
        assert said in page.split("What remains to be decided")[1]


def test_a_few_records_that_people_deleted_are_to_be_decided_and_a_large_part_of_all_is_not_believed() -> None:
    def removed(count: int) -> Facts:
        gone = diff(*[("*", Cause.REMOVED, True)] * count)
        return replace(FACTS, objects=(replace(CONTACTS, arrived=Arrivals(100)),), diffs={"contacts": gone}, few=5)

    assert ["deleted in the CRM: 20" in point for point in removed(20).to_decide] == [False, True]
    assert not removed(20).many_removed
    assert any("not in the CRM any more" in point for point in removed(21).open_points)
    assert not replace(removed(5), share=0).many_removed


def test_phi_values_stand_in_the_page_only_when_asked_for() -> None:
    facts = replace(FACTS, diffs={"contacts": diff(("city", Cause.EDITED, True))})
    made_at = pd.Timestamp("2026-11-27 10:00", tz="America/New_York").to_pydatetime()
    assert CANARY not in render_signoff(facts, (), made_at)
    assert CANARY in render_signoff(facts, (), made_at, with_values=True)


def test_the_page_needs_no_network() -> None:
    page = render_signoff(FACTS, (), pd.Timestamp("2026-11-27 10:00", tz="UTC").to_pydatetime())
    assert not re.search(r"(?:src|href)=|https?://|@import|url\(", page)


@pytest.fixture
def rooms(tmp_path: Path) -> Workplace:
    return Workplace(tmp_path / "data", PROJECT / "mappings")


def test_what_is_open_is_signed_only_with_a_reason(rooms: Workplace) -> None:
    with pytest.raises(GateError, match="--despite"):
        sign_off(rooms, PRACTICE, CRM, JO)
    with pytest.raises(SettingsError, match="Nobody is named"):
        sign_off(rooms, PRACTICE, CRM, replace(JO, actor=" "), despite="a rehearsal")
    signed = sign_off(rooms, PRACTICE, CRM, JO, despite="a rehearsal").signed
    assert [(each.by, each.despite, each.written_since) for each in signed] == [("Jo Field", "a rehearsal", 0)]
    assert "a rehearsal" in rooms.report_file(PRACTICE, CRM, "signoff.html").read_text(encoding="utf-8")


def test_a_signature_names_the_file_that_was_read_stands_in_the_log_and_goes_stale(rooms: Workplace) -> None:
    (signature,) = sign_off(rooms, PRACTICE, CRM, JO, despite="a rehearsal").signed
    kept = rooms.report_file(PRACTICE, CRM, SIGNED, f"signoff-{signature.digest[:12]}.html")
    assert hashlib.sha256(kept.read_bytes()).hexdigest() == signature.digest
    assert kept.stat().st_mode & 0o777 == 0o600
    journal = rooms.journal()
    try:
        assert [entry.operation for entry in journal.entries(PRACTICE)] == ["sign"]
        assert verify_journal(journal, PRACTICE).problems == []
        written = Result("P1", "create", "f", "done", None)
        journal.append(Scope(PRACTICE, CRM, "main", "contacts"), replace(JO, run="load-1"), [written])
    finally:
        journal.close()
    (stale,) = write_signoff(rooms, PRACTICE, CRM).signed
    assert stale.written_since == 1
    assert "no longer what was signed" in rooms.report_file(PRACTICE, CRM, "signoff.html").read_text(encoding="utf-8")


def test_p12_requests_are_held_against_the_plan_of_the_load_that_took_them(rooms: Workplace) -> None:
    journal = rooms.journal()
    for run, obj, requests in (("load-1", "contacts", 40), ("load-1", "notes", 2), ("retry-2", "contacts", 7)):
        stats = RequestStats(requests, requests, 0)
        journal.record_traffic(Scope(PRACTICE, CRM, "main", obj), replace(JO, run=run), "load", stats)
    journal.close()
    note = {"run": "load-1", "summary": "The full pass takes 45 requests."}
    rooms.store().write_note(PRACTICE, [CRM, PLANNED_LOAD], note)
    text = write_signoff(rooms, PRACTICE, CRM).path.read_text(encoding="utf-8")
    assert "“The full pass takes 45 requests.” The load sent 42." in text


def test_what_was_written_and_not_read_back_or_taken_back_since_is_told_by_the_journal(rooms: Workplace) -> None:
    practice = rooms.practice(PRACTICE)
    manifest = pd.DataFrame({"source_key": ["P1", "P2", "P3", "P4"], "account": "main"})
    rooms.store().write(PRACTICE, [CRM, "loaded", "contacts"], manifest)
    journal, scope = rooms.journal(), Scope(PRACTICE, CRM, "main", "contacts")

    def found() -> Unsettled:
        return unsettled(rooms.store(), practice, rooms.effective(practice, CRM), journal)

    try:
        assert found() == Unsettled()
        where = {key: Ref("contacts", f"c{key}") for key in manifest["source_key"]}
        journal.append(scope, JO, [Result(key, "create", "f", "done", ref) for key, ref in where.items()])
        assert found() == Unsettled(unread=4)
        read = Reading("P1", where["P1"], Verdict.HELD, Snapshot(where["P1"], {}, {}, {}), first=True)
        journal.append(scope, JO, [read, Intent("P2", "update", "g"), Result("P3", "delete", "", "done")])
        assert found() == Unsettled(unanswered=1, unread=1, taken_back=1)
    finally:
        journal.close()


def test_nobody_signs_while_a_run_loads_nor_with_a_reason_that_would_be_cut(rooms: Workplace) -> None:
    with pytest.raises(SettingsError, match="401 characters"):
        sign_off(rooms, PRACTICE, CRM, JO, despite="x" * 401)
    load = replace(JO, run="load-1")
    with closing(rooms.journal()) as loading, loading.locked(PRACTICE, CRM, load), pytest.raises(LockedError):
        sign_off(rooms, PRACTICE, CRM, JO, despite="a rehearsal")
    assert write_signoff(rooms, PRACTICE, CRM).signed == ()


def test_a_refusal_of_the_latest_preflight_stands_against_signing(rooms: Workplace) -> None:
    checks = [
        {"requirement": "G7", "name": name, "verdict": verdict} for name, verdict in (("a", "refused"), ("b", "ok"))
    ]
    rooms.write_report(json.dumps({"checks": checks}), PRACTICE, CRM, "preflight.json")
    assert write_signoff(rooms, PRACTICE, CRM).facts.refused == ("G7 a",)
