"""Each check's verdicts, from facts as they may be found; named after the rows of the requirements."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from perio_pipeline.crm.freshsales import PLANS
from perio_pipeline.crm.plans import Need
from perio_pipeline.crm.protocol import FieldSpec, FieldType
from perio_pipeline.files.fitting import StorageNeed
from perio_pipeline.mapping.practice import Baa, Practice, Statement, load_practice
from perio_pipeline.panda.catalogue import EXPRESS_MEGABYTES, MEGABYTE, Login, Server, StoredTable
from perio_pipeline.panda.inventory import Inventory, Period, TableFacts
from perio_pipeline.panda.trial import Failure, Limit
from perio_pipeline.preflight import account, people, records, source
from perio_pipeline.preflight.checks import Check, Verdict
from perio_pipeline.preflight.reading import OwnFindings
from perio_pipeline.preflight.survey import Survey
from perio_pipeline.signoff.room import Room

TODAY = date(2026, 6, 1)
GB = 1024**3
SERVER = Server(
    "mssql", "Express Edition", "16.0", "PANDA", "dbo", "Latin1", 0, 2 * GB, EXPRESS_MEGABYTES * MEGABYTE, True
)
PATIENT = TableFacts(StoredTable("dbo", "Patient", ("PatID", "Extra"), 10, None), ("patient",), {"Extra": 4})
LEDGER = TableFacts(StoredTable("dbo", "Ledger", ("No",), 7, None))
INVENTORY = Inventory(SERVER, Login("reader", "", (), ()), (PATIENT, LEDGER), ())


def verdicts(checks: Any) -> dict[str, str]:
    return {check.name: check.verdict.value for check in checks}


def only(checks: Any) -> Check:
    (check,) = checks
    assert isinstance(check, Check)
    return check


MAPPINGS = Path(__file__).resolve().parents[2] / "mappings"


def practice(url: str = "https://harbor.myfreshworks.com", **changes: Any) -> Practice:
    made = load_practice(MAPPINGS, "harbor")
    destinations = {
        name: each.model_copy(update={"url": url, **changes.get("destination", {})})
        for name, each in made.destinations.items()
    }
    return made.model_copy(update={"destinations": destinations, "baa": changes.get("baa")})


def test_g1_a_reader_of_all_bound_tables_is_fine() -> None:
    assert set(verdicts(source.access(INVENTORY)).values()) == {"ok"}


@pytest.mark.parametrize(
    ("login", "name", "verdict"),
    [
        (replace(INVENTORY.login, unreadable=("dbo.Patient",)), "readable", "refused"),
        (replace(INVENTORY.login, unreadable=("dbo.Ledger",)), "readable", "ok"),
        (replace(INVENTORY.login, writable=("dbo.Ledger",)), "least_privilege", "warning"),
        (replace(INVENTORY.login, rules="server"), "least_privilege", "warning"),
    ],
)
def test_g1_the_source_must_be_readable_and_should_be_read_only(login: Login, name: str, verdict: str) -> None:
    assert verdicts(source.access(replace(INVENTORY, login=login)))[name] == verdict


@pytest.mark.parametrize(
    ("used", "recent", "limit", "verdict"),
    [
        (2 * GB, 0, 10 * GB, "ok"),
        (9 * GB, 0, 10 * GB, "warning"),
        (6 * GB, 100, 10 * GB, "warning"),  # doubles within a year
        (0, 0, 10 * GB, "unknown"),
        (90 * GB, 0, None, "ok"),
    ],
)
def test_g2_a_database_that_nears_the_limit_of_express_is_told_early(
    used: int, recent: int, limit: int | None, verdict: str
) -> None:
    periods = (Period("patient", "created_at", None, None, 100, recent),)
    server = replace(SERVER, used_bytes=used, limit_bytes=limit)
    assert source.size(replace(INVENTORY, server=server, periods=periods)).verdict == verdict


def test_g3_patients_of_the_bridge_without_any_clinical_record_are_counted() -> None:
    check = records.bridge_only({"1": "OD1", "2": "OD2"}, {"1", "3"}, 3)
    assert (check.verdict, "clinical record in PANDA: 1." in check.found) == (Verdict.WARNING, True)
    assert records.bridge_only({"1": "OD1"}, {"1"}, 3).verdict is Verdict.OK


def test_g4_codes_descriptions_and_letters_that_differ_are_counted() -> None:
    clean = records.Crosswalk(items=3, letters=2)
    assert set(verdicts(records.crosswalk(clean)).values()) == {"ok"}
    found = records.Crosswalk(9, 1, {"D9": 1, "Jane Roe": 2, "X123": 1}, {"D4341": 3, "D0180": 4}, 2, 1)
    checks = {check.name: check for check in records.crosswalk(found)}
    assert {check.verdict.value for check in checks.values()} == {"warning"}
    assert "D0180 (4), D4341 (3)" in checks["descriptions"].found
    assert "X123" in checks["codes"].found
    assert "Jane" not in checks["codes"].found  # words in place of a code may be a person's


def test_g5_columns_and_tables_that_nothing_reads_are_named_with_their_rows() -> None:
    checks = {check.name: check for check in source.unread(INVENTORY)}
    assert "dbo.Patient.Extra (4)" in checks["unknown_columns"].found
    assert "dbo.Ledger (7)" in checks["unknown_tables"].found


def test_g5_findings_that_nobody_declared_are_named_with_an_entry_for_each() -> None:
    found = OwnFindings(
        {"Night guard": 4, "Splint": 0}, {"Frenum": 3}, 2, {"Night guard": 1}, ("Frenum: {type: text}",)
    )
    checks = {check.name: check for check in source.findings(found)}
    assert {check.verdict.value for check in checks.values()} == {"warning"}
    assert "Frenum (3)" in checks["practice_findings"].found
    assert "Frenum: {type: text}" in checks["practice_findings"].to_do
    assert "Night guard (1)" in checks["finding_values"].found
    assert "Splint" in checks["finding_names"].found
    assert "2 more names" in checks["rare_findings"].found
    assert set(verdicts(source.findings(OwnFindings({"Night guard": 4}, {}, 0, {}, ()))).values()) == {"ok"}


def test_p3_an_entry_that_fails_on_many_rows_is_refused_and_on_a_few_told() -> None:
    few = Failure("tables.patient.columns.sex", "Patient", "a code that is not listed", 3, 400)
    many = Failure("tables.patient.columns.last_name", "Patient", "fits no pattern", 30, 400)
    assert source.entries([], Limit()).verdict is Verdict.OK
    assert source.entries([few], Limit()).verdict is Verdict.WARNING
    refused = source.entries([few, many], Limit())
    assert refused.verdict is Verdict.REFUSED
    assert "tables.patient.columns.last_name of Patient: fits no pattern on 30 of 400 rows (7.5%)" in refused.found
    assert "sex" not in refused.found
    assert source.entries([few, many], Limit(share=0.1)).verdict is Verdict.WARNING


def test_p3_rows_that_no_entry_takes_and_columns_that_two_take_are_told() -> None:
    assert verdicts(source.claims({"Person": 0}, [])) == {"rows_claimed": "ok"}
    checks = {check.name: check for check in source.claims({"Person": 4}, ["tables.patient.findings.Tilted"])}
    assert {check.verdict.value for check in checks.values()} == {"warning"}
    assert "4 of Person" in checks["rows_claimed"].found
    assert "tables.patient.findings.Tilted" in checks["columns_claimed"].found


@pytest.mark.parametrize(("crm", "row"), [("freshsales", "G6"), ("highlevel", "G11")])
def test_g6_g11_nothing_is_loaded_into_a_real_account_before_messages_are_confirmed_off(crm: str, row: str) -> None:
    def check(made: Practice) -> Check:
        found = {each.name: each for each in people.messages(made, crm, TODAY)}
        assert {each.requirement for each in found.values()} == {row}
        assert found["not_carried"].verdict is Verdict.OK
        return found["messages_off"]

    off = Statement(by="Ann Smith", on=TODAY)
    assert check(practice()).verdict is Verdict.REFUSED
    assert check(practice("http://127.0.0.1:1")).verdict is Verdict.OK
    assert "Ann Smith" in check(practice(destination={"messages_off": off})).found
    future = off.model_copy(update={"on": TODAY + timedelta(1)})
    assert check(practice(destination={"messages_off": future})).verdict is Verdict.REFUSED


def test_g7_files_that_find_no_room_are_a_warning_with_the_policy() -> None:
    fits = StorageNeed(2, 10, 100, 2, 10, 0, 0, 0, 0)
    assert only(account.storage({"main": fits}, "reduce")).verdict is Verdict.OK
    assert only(account.storage({"main": replace(fits, room=None)}, "reduce")).verdict is Verdict.UNKNOWN
    full = only(account.storage({"main": replace(fits, full=1, no_room=1)}, "link"))
    assert full.verdict is Verdict.WARNING
    assert "link" in full.to_do


def test_g8_a_plan_without_room_is_refused_and_features_in_another_form_are_told() -> None:
    growth = PLANS.plan("growth")
    room = Room(growth, (Need("Contact", "text", ("a",)),), ())
    specs = [FieldSpec("contact", "A__c", FieldType.TEXT, "a")]
    assert set(verdicts(account.plan(room, specs, (), assumed=False)).values()) == {"ok"}
    found = verdicts(account.plan(replace(room, said=("Contact: needs 99",)), specs, ("lines as notes",), assumed=True))
    assert found == {"plan_limits": "refused", "plan_stated": "warning", "plan_features": "warning"}


def test_g8_fields_that_the_account_lacks_are_refused_unless_their_creation_is_approved() -> None:
    lacking = Survey("main", "id", wanted=2, missing=("contact.A__c",))
    assert only(account.fields([lacking], create_fields=False)).verdict is Verdict.REFUSED
    assert only(account.fields([lacking], create_fields=True)).verdict is Verdict.WARNING
    unfit = replace(lacking, missing=(), obstacles=(("type text", "make it a number"),))
    assert only(account.fields([unfit], create_fields=True)).verdict is Verdict.REFUSED
    assert only(account.fields([replace(lacking, missing=())], create_fields=False)).verdict is Verdict.OK


def test_g9_a_token_that_opens_a_neighbour_is_refused() -> None:
    own = Survey("main", "LOC1", tried=1)
    assert only(account.isolation([own])).verdict is Verdict.OK
    assert only(account.isolation([replace(own, trespasses=("north",))])).verdict is Verdict.REFUSED
    assert only(account.isolation([replace(own, problem="no")])).verdict is Verdict.REFUSED


def test_g10_the_request_plan_is_compared_with_its_window() -> None:
    note = {"fits": True, "summary": "The full pass takes 9 h.", "options": [{"setting": "history.notes: yearly"}]}
    assert account.requests(None, "highlevel", "harbor").verdict is Verdict.UNKNOWN
    assert account.requests(note, "highlevel", "harbor").verdict is Verdict.OK
    late = account.requests({**note, "fits": False}, "highlevel", "harbor")
    assert (late.verdict, "history.notes: yearly" in late.to_do) == (Verdict.WARNING, True)


def test_g12_the_agreement_is_confirmed_by_a_named_person_for_a_day_that_has_been() -> None:
    signed = Baa(confirmed_by="Ann Smith", on=TODAY)
    assert people.agreement(practice(baa=signed), "freshsales", TODAY).verdict is Verdict.OK
    assert people.agreement(practice(), "freshsales", TODAY).verdict is Verdict.REFUSED
    assert people.agreement(practice("http://127.0.0.1:1"), "freshsales", TODAY).verdict is Verdict.WARNING
    for wrong in ({"confirmed_by": " "}, {"on": TODAY + timedelta(1)}):
        baa = signed.model_copy(update=wrong)
        assert people.agreement(practice(baa=baa), "freshsales", TODAY).verdict is Verdict.REFUSED


def test_g1_a_connection_that_others_can_read_along_and_tables_that_change_are_warned_of() -> None:
    assert verdicts(source.access(INVENTORY, ["Not encrypted."]))["encryption"] == "warning"
    moving = replace(INVENTORY, server=replace(SERVER, snapshot=False))
    assert verdicts(source.access(moving))["one_moment"] == "warning"
    file = replace(INVENTORY, server=replace(SERVER, kind="sqlite"))
    assert not {"encryption", "one_moment"} & set(verdicts(source.access(file)))


def test_p3_the_mapping_is_confirmed_as_it_is() -> None:
    unconfirmed = people.confirmation(MAPPINGS, practice(), "freshsales")
    assert (unconfirmed.verdict, "not confirmed" in unconfirmed.found) == (Verdict.REFUSED, True)
    assert people.confirmation(MAPPINGS, practice("http://127.0.0.1:1"), "freshsales").verdict is Verdict.WARNING
