"""P4: custom fields are created once, whatever happens meanwhile, and removed where nobody loses a value."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import pytest

from perio_pipeline.cli.sandboxes import sandbox_token
from perio_pipeline.crm.protocol import FieldSpec, FieldType, Fit, Ref, Snapshot
from perio_pipeline.errors import DestinationError
from perio_pipeline.loading.accounts import prepare_accounts
from perio_pipeline.loading.entries import RunInfo
from perio_pipeline.loading.journal import open_journal
from perio_pipeline.loading.objects import Target
from perio_pipeline.loading.schema import AccountSchema, compare, create_missing, created, remove_created, settle
from perio_pipeline.loading.undone import Fate, Undone
from perio_pipeline.mapping.model import Mapping
from perio_pipeline.sandbox.freshsales.behaviour import Behaviour
from perio_pipeline_tests.end_to_end.world import PRACTICE, SERVERS, lay_out, make_sample
from perio_pipeline_tests.loading.fake_crm import Crash, FakeCrm, Fault

SEX = FieldSpec("contact", "Sex", FieldType.TEXT, "Sex")
AGE = FieldSpec("contact", "Age", FieldType.TEXT, "Age")
MAPPING = Mapping.model_validate(
    {
        "destination": "test",
        "objects": {
            "contacts": {
                "requirement": "H1",
                "description": "Patients",
                "model": "contact",
                "rows": "validated/patient",
                "key": "patient_id",
                "mark": {"field": "Sex"},
                "custom": {name: {"from": "x", "label": name} for name in ("Sex", "Age")},
            }
        },
    }
)


@pytest.fixture
def crm() -> FakeCrm:
    return FakeCrm(lacks=[SEX, AGE])


@pytest.fixture
def target(tmp_path: Path, crm: FakeCrm) -> Iterator[Target]:
    journal = open_journal(tmp_path)
    yield Target("harbor", "test", MAPPING, {"main": crm.adapter}, journal, RunInfo("r1", "full", "ann"))
    journal.close()


def apply(target: Target) -> list[str]:
    """Create what is missing; returns what was taken over from an earlier run."""

    async def work() -> list[str]:
        async with target.adapters["main"]() as adapter:
            await adapter.connect()
            found = await compare(target.mapping, adapter)
            adopted = settle(target, "main", found.standings)
            await create_missing(target, "main", adapter, found.creatable, "ann")
            return adopted

    return asyncio.run(work())


def revert(target: Target, *, dry_run: bool = False) -> dict[str, Undone]:
    async def work() -> list[Undone]:
        async with target.adapters["main"]() as adapter:
            await adapter.connect()
            return await remove_created(target, "main", adapter, dry_run=dry_run)

    return {line.source_key: line for line in asyncio.run(work())}


@pytest.mark.parametrize("fault", [Fault.DIE_BEFORE, Fault.DIE_AFTER])
def test_a_creation_that_was_interrupted_happens_once(target: Target, crm: FakeCrm, fault: Fault) -> None:
    crm.plan = defaultdict(list, {"Age": [fault]})
    with pytest.raises(Crash):
        apply(target)
    assert apply(target) == (["field:contact.Age"] if fault is Fault.DIE_AFTER else [])
    assert crm.asked("create field") == [("Sex",), ("Age",)]
    assert {name for _, _, name in created(target, "main")} == {"Sex", "Age"}
    assert {line.fate for line in revert(target).values()} == {Fate.REVERSED}
    assert crm.created == {}


def test_a_load_takes_over_what_was_interrupted_as_well(target: Target, crm: FakeCrm) -> None:
    crm.plan = defaultdict(list, {"Age": [Fault.DIE_AFTER]})
    with pytest.raises(Crash):
        apply(target)
    asyncio.run(prepare_accounts(target))
    assert {name for _, _, name in created(target, "main")} == {"Sex", "Age"}


def test_a_refused_field_is_tried_again_and_those_before_it_are_kept(target: Target, crm: FakeCrm) -> None:
    crm.plan = defaultdict(list, {"Age": [Fault.REFUSE]})
    with pytest.raises(DestinationError, match="refuses Age"):
        apply(target)
    assert {name for _, _, name in created(target, "main")} == {"Sex"}
    apply(target)
    assert {name for _, _, name in created(target, "main")} == {"Sex", "Age"}


def test_a_field_that_was_there_before_is_never_removed(target: Target, crm: FakeCrm) -> None:
    crm.lacks = [AGE]
    apply(target)
    assert set(revert(target)) == {"field:contact.Age"}
    assert crm.lacks == [AGE]


def test_a_field_in_which_people_wrote_stays_and_says_why(target: Target, crm: FakeCrm) -> None:
    apply(target)
    ref = Ref("contacts", "theirs")
    crm.records[ref] = Snapshot(ref, {}, {"Sex": "F"}, {})
    planned = revert(target, dry_run=True)
    assert (len(crm.created), crm.asked("remove")) == (2, [])
    done = revert(target)
    assert done == planned
    assert done["field:contact.Age"].fate is Fate.REVERSED
    assert done["field:contact.Sex"].fate is Fate.KEPT
    assert done["field:contact.Sex"].reason == "records hold a value in it: 1 of people's own"


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_sample(tmp_path_factory.mktemp("sample"), 3)


CODES = "text:1,paragraph:2,decimal:3,dropdown:4,checkbox:6,date:7,date_time:8"
FRESHSALES = {
    "capabilities": {"create_fields_standard": True, "delete_fields": True, "field_type_codes": CODES},
    "plan": "enterprise",
}
OPEN = Behaviour(standard_field_creation="on", field_deletion=True, all_deals_view=True)


@pytest.mark.parametrize("crm_name", ["highlevel", "freshsales"])
def test_a_real_mapping_s_fields_are_made_and_taken_back_over_http(
    tmp_path: Path, sample: Path, crm_name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    rooms, config = lay_out(tmp_path, sample, FRESHSALES if crm_name == "freshsales" else {}, crm_name)
    if crm_name == "freshsales":
        bare = config.accounts[0].model_copy(update={"custom_fields": (), "custom_modules": ()})
        config = config.model_copy(update={"accounts": (bare,), "behaviour": OPEN})
    monkeypatch.setenv(f"PERIO_HARBOR_{crm_name.upper()}_TOKEN", sandbox_token(PRACTICE, "main"))
    with SERVERS[crm_name].running(config) as sandbox:
        practice = rooms.practice(PRACTICE)
        destination = practice.destination(crm_name).model_copy(update={"url": sandbox.base_url})
        practice = practice.model_copy(update={"destinations": {crm_name: destination}})
        journal = rooms.journal()
        target = rooms.target(practice, crm_name, journal, RunInfo("r1", "schema", "ann"))
        before = sandbox.state_digest()
        apply(target)
        found = asyncio.run(_compared(target))
        lookups = {each.name for each in found.of(Fit.MISSING)}
        assert {each.spec.type for each in found.of(Fit.MISSING) if each.spec} <= {FieldType.LOOKUP}
        assert lookups == {each.name for each in found.standings if each.by_hand}
        assert found.of(Fit.DIFFERS) == []
        assert {line.fate for line in revert(target).values()} == {Fate.REVERSED}
        assert sandbox.state_digest() == before
        journal.close()


async def _compared(target: Target) -> AccountSchema:
    async with target.adapters["main"]() as adapter:
        await adapter.connect()
        return await compare(target.mapping, adapter)
