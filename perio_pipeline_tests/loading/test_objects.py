"""Whole objects: several accounts, the manifest, the read-back, and accounts made ready."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from perio_pipeline import progress
from perio_pipeline.crm.plans import TOTAL, Plan, Plans
from perio_pipeline.crm.protocol import FieldSpec, FieldType, RequestStats
from perio_pipeline.errors import DestinationError, SettingsError
from perio_pipeline.loading.accounts import ACCOUNT_KINDS, check_accounts, check_room, prepare_accounts
from perio_pipeline.loading.objects import MANIFEST_KINDS, Target, load_object, read_object
from perio_pipeline.mapping.model import FieldMap, Mapping
from perio_pipeline_tests.loading.fake_crm import FakeCrm, Fault
from perio_pipeline_tests.loading.small_load import FAST, MAPPING, RUN, journal_in

pytestmark = pytest.mark.usefixtures("journal_backend")

LOOKUPS = {"stage": ("New", "Old"), "assignedTo": ("gum@panda.test",)}


class Practice:
    """Two accounts and a journal."""

    def __init__(self, target: Target, north: FakeCrm, south: FakeCrm) -> None:
        self.target, self.north, self.south = target, north, south

    def load(self, name: str, shaped: pd.DataFrame) -> pd.DataFrame:
        return asyncio.run(load_object(self.target, name, shaped))

    def read(self, name: str, manifest: pd.DataFrame) -> pd.DataFrame:
        return asyncio.run(read_object(self.target, name, manifest))


@pytest.fixture
def practice(tmp_path: Path) -> Iterator[Practice]:
    north, south = FakeCrm("north", lookups=dict(LOOKUPS)), FakeCrm("south", lookups=dict(LOOKUPS))
    with journal_in(tmp_path) as journal:
        adapters = {"south": south.adapter, "north": north.adapter}
        yield Practice(Target("harbor", "test", MAPPING, adapters, journal, RUN, FAST), north, south)


def typed(rows: list[dict[str, Any]], types: dict[str, str]) -> pd.DataFrame:
    names = dict.fromkeys(["source_key", "account", "mark", "problem"], "str") | types
    return pd.DataFrame({name: pd.Series([row.get(name) for row in rows], dtype=kind) for name, kind in names.items()})


def contact_frame(*rows: dict[str, Any]) -> pd.DataFrame:
    types = dict.fromkeys(["firstName", "office", "stage", "Source_Id", "Sex", "link.businessId"], "str")
    full = [{"mark": row["source_key"], "Source_Id": row["source_key"], "firstName": "Jane", **row} for row in rows]
    return typed(full, {**types, "dnd": "boolean", "Depth": "Float64"})


def note_frame(*rows: dict[str, Any]) -> pd.DataFrame:
    full = [{"mark": row["source_key"], "body": f"text\n{row['source_key']}", **row} for row in rows]
    return typed(full, dict.fromkeys(["body", "link.contactId"], "str"))


PEOPLE = (
    {"source_key": "P2", "account": "south", "Depth": 3.5, "dnd": True, "Sex": "Female"},
    {"source_key": "P1", "account": "north", "Depth": 4, "firstName": None},
    {"source_key": "P3", "account": "north"},
)


def test_h_each_record_goes_to_its_account_and_the_manifest_says_what_became_of_it(practice: Practice) -> None:
    practice.north.plan = defaultdict(list, {"P3": [Fault.REFUSE]})
    manifest = practice.load("contacts", contact_frame(*PEOPLE))
    assert list(manifest.columns) == list(MANIFEST_KINDS)
    assert {str(kind) for kind in manifest.drop(columns="linked").dtypes} == {"str"}
    assert manifest["linked"].tolist() == [False] * 3
    told = manifest[["source_key", "account", "action", "crm_id", "code", "reason"]].astype(object)
    assert told.where(told.notna(), None).to_numpy().tolist() == [
        ["P1", "north", "created", "north-1", "", ""],
        ["P3", "north", "failed", None, "http_422", "email must be an email"],
        ["P2", "south", "created", "south-1", "", ""],
    ]
    assert (practice.north.held(), practice.south.held()) == (["P1"], ["P2"])


def test_h_links_stay_within_their_account(practice: Practice) -> None:
    companies = typed(
        [{"source_key": "R1", "account": account, "mark": "Elm", "name": "Elm"} for account in ("north", "south")],
        {"name": "str"},
    )
    assert list(practice.load("companies", companies)["crm_id"]) == ["north-1", "south-1"]
    practice.load("contacts", contact_frame(*({**row, "link.businessId": "R1"} for row in PEOPLE)))
    manifest = practice.load(
        "notes",
        note_frame(
            {"source_key": "N1", "account": "south", "link.contactId": "P2"},
            {"source_key": "N2", "account": "south", "link.contactId": "P1"},
        ),
    )
    assert practice.south.held("businessId") == [None, None, "south-1"]
    assert practice.north.held("businessId") == [None, "north-1", "north-1"]
    assert list(manifest["code"]) == ["", "parent_not_loaded"]
    assert manifest["parent_id"].iloc[0] == "south-2"


def test_a_second_pass_sends_nothing_and_traffic_says_so(practice: Practice) -> None:
    first = practice.load("contacts", contact_frame(*PEOPLE))
    assert practice.target.journal.traffic("harbor", "test")["contacts"] == RequestStats(5, 3, 0)
    practice.target = replace(practice.target, run=replace(RUN, run="run-2"))
    second = practice.load("contacts", contact_frame(*PEOPLE))
    assert list(second["action"]) == ["unchanged"] * 3
    assert second[["crm_id", "fingerprint"]].equals(first[["crm_id", "fingerprint"]])
    assert practice.target.journal.traffic("harbor", "test")["contacts"] == RequestStats()


def test_traffic_is_kept_when_an_account_refuses(practice: Practice) -> None:
    practice.north.plan = defaultdict(list, {"P1": [Fault.ACCOUNT]})
    with pytest.raises(DestinationError):
        practice.load("contacts", contact_frame(PEOPLE[1]))
    assert practice.target.journal.traffic("harbor", "test")["contacts"].writes == 1


def test_nothing_to_load_gives_an_empty_typed_manifest(practice: Practice) -> None:
    manifest = practice.load("contacts", contact_frame())
    assert (len(manifest), {str(kind) for kind in manifest.dtypes}) == (0, {"str", "boolean"})
    back = practice.read("contacts", manifest)
    assert (len(back), str(back["Depth"].dtype), str(back["dnd"].dtype)) == (0, "Float64", "boolean")


def test_p5_what_is_read_back_comes_in_the_types_of_the_mapping(practice: Practice) -> None:
    manifest = practice.load("contacts", contact_frame(*PEOPLE))
    back = practice.read("contacts", manifest)
    assert list(back.columns) == [
        "source_key",
        "account",
        "crm_id",
        "firstName",
        "office",
        "stage",
        "dnd",
        "Source_Id",
        "Depth",
        "Sex",
        "link.businessId",
    ]
    types = {name: str(kind) for name, kind in back.dtypes.items()}
    assert (types.pop("Depth"), types.pop("dnd"), set(types.values())) == ("Float64", "boolean", {"str"})
    assert back["source_key"].tolist() == ["P1", "P3", "P2"]
    assert back["Depth"].astype(object).where(back["Depth"].notna(), None).tolist() == [4.0, None, 3.5]
    assert back["firstName"].notna().tolist() == [False, True, True]
    assert back["dnd"].fillna(False).tolist() == [False, False, True]


def test_p5_a_wrong_type_from_the_crm_is_shown_as_it_is(practice: Practice) -> None:
    manifest = practice.load("contacts", contact_frame(*PEOPLE))
    for ref, record in practice.north.records.items():
        practice.north.records[ref] = replace(record, custom={**record.custom, "Depth": "4 mm"})
    back = practice.read("contacts", manifest)
    assert back["Depth"].tolist() == ["4 mm", "4 mm", "3.5"]


def test_p5_a_record_the_crm_lost_is_left_out_and_one_that_failed_is_not_looked_for(practice: Practice) -> None:
    practice.north.plan = defaultdict(list, {"P3": [Fault.REFUSE]})
    manifest = practice.load("contacts", contact_frame(*PEOPLE))
    practice.south.records.clear()
    assert practice.read("contacts", manifest)["source_key"].tolist() == ["P1"]
    assert practice.north.asked("read") == [("north-1",)]


def test_progress_is_told_to_whoever_listens(practice: Practice) -> None:
    told: list[progress.Progress] = []
    with progress.listening(told.append):
        manifest = practice.load("contacts", contact_frame(*PEOPLE))
        practice.read("contacts", manifest)
    practice.load("contacts", contact_frame(*PEOPLE))
    assert progress.Progress("load contacts", 2, 2) in told
    assert told[-1] == progress.Progress("read back contacts", 1, 1)


def test_checking_the_accounts_changes_nothing(practice: Practice) -> None:
    practice.south.lacks = [SEX]
    found = asyncio.run(check_accounts(practice.target.adapters))
    assert {name: info.name for name, info in found.items()} == {"north": "north", "south": "south"}
    assert (practice.north.calls, practice.south.calls, practice.south.lacks) == ([], [], [SEX])


def prepare(practice: Practice, *, create_fields: bool) -> tuple[pd.DataFrame, int]:
    return asyncio.run(prepare_accounts(practice.target, approved_by="ann" if create_fields else ""))


SEX = FieldSpec("contact", "Sex", FieldType.CHOICE, "Sex", ("Male", "Female"))


def test_p4_missing_fields_are_created_only_with_approval(practice: Practice) -> None:
    practice.south.lacks = [SEX]
    with pytest.raises(DestinationError, match=r"south lacks 1 custom fields: Sex \(contact, choice\)"):
        prepare(practice, create_fields=False)
    assert practice.south.lacks == [SEX]
    assert prepare(practice, create_fields=True)[1] == 1
    assert prepare(practice, create_fields=False)[1] == 0


def test_g9_every_account_says_what_it_knows(practice: Practice) -> None:
    practice.south.lookups = {"stage": ("New",)}
    known, _ = prepare(practice, create_fields=False)
    assert list(known.columns) == list(ACCOUNT_KINDS)
    assert sorted(known.itertuples(index=False, name=None)) == [
        ("north", "assignedTo", "gum@panda.test"),
        ("north", "stage", "New"),
        ("north", "stage", "Old"),
        ("south", "stage", "New"),
    ]


def test_every_account_says_how_it_behaves(practice: Practice) -> None:
    practice.north.capabilities = {"note_on_visit": True, "note_length": 5000}
    known, _ = prepare(practice, create_fields=False)
    said = known[known["field"].str.startswith("capability.")]
    assert sorted(said.itertuples(index=False, name=None)) == [
        ("north", "capability.note_length", "5000"),
        ("north", "capability.note_on_visit", "True"),
    ]


@pytest.mark.parametrize(("room", "fits"), [(500, True), (499, False)])
def test_an_account_with_less_room_than_the_mapping_fills_is_refused(practice: Practice, room: int, fits: bool) -> None:
    practice.target = replace(practice.target, mapping=with_notes(split={"field": "body", "limit": 500}))
    practice.south.lengths = {"notes": {"body": room}}
    if fits:
        prepare(practice, create_fields=False)
        return
    message = rf"Account south takes fewer .*: notes.body \(500 by the mapping, {room} in the account\)"
    with pytest.raises(DestinationError, match=message):
        prepare(practice, create_fields=False)


def test_parts_of_a_text_that_became_shorter_are_told_and_read_back(practice: Practice) -> None:
    practice.target = replace(practice.target, mapping=with_notes(split={"field": "body", "limit": 500}))
    practice.load("contacts", contact_frame(*PEOPLE[:1]))
    where = {"account": PEOPLE[0]["account"], "link.contactId": PEOPLE[0]["source_key"]}
    parts = [{"source_key": key, **where} for key in ("N1", "N1#2", "N1#3", "N2#2", "N9")]
    practice.load("notes", note_frame(*parts))
    manifest = practice.load("notes", note_frame(parts[0], parts[3]))
    # N2#2 is a key of its own, and N9 is another text: neither is a part of what is here.
    told = manifest[["source_key", "action"]].itertuples(index=False, name=None)
    assert list(told) == [("N1", "unchanged"), ("N1#2", "leftover"), ("N1#3", "leftover"), ("N2#2", "unchanged")]
    assert practice.read("notes", manifest)["source_key"].tolist() == ["N1", "N1#2", "N1#3", "N2#2"]


def with_notes(**changes: Any) -> Mapping:
    content = MAPPING.model_dump(by_alias=True)
    content["objects"]["notes"] |= changes
    return Mapping.model_validate(content)


def test_an_account_without_a_name_the_mapping_sends_is_refused_before_anything_is_written(practice: Practice) -> None:
    practice.north.lookups = {"stage": ("Old",)}
    with pytest.raises(DestinationError, match="Account north lacks New"):
        prepare(practice, create_fields=True)
    assert practice.target.journal.traffic("harbor", "test")["account"].writes == 0


def test_g8_what_a_plan_has_no_room_for_is_refused_with_module_type_count_and_limit() -> None:
    plan = Plan("growth", (), limits={"text": 1, TOTAL: 5})
    plans = Plans("Test", (plan,), kinds={FieldType.TEXT: "text", FieldType.CHOICE: "choice"})
    check_room(MAPPING, plans, plan)
    custom = {f"F{number}__c": FieldMap.model_validate({"from": "x", "label": f"Field {number}"}) for number in (1, 2)}
    contacts = MAPPING.objects["contacts"].model_copy(update={"custom": custom})
    more = MAPPING.model_copy(update={"objects": {**MAPPING.objects, "contacts": contacts}})
    with pytest.raises(SettingsError, match=r"contact: needs 2 × text, growth allows 1\. No room for: Field 2"):
        check_room(more, plans, plan)
