"""P9: one job takes a migration back; the CRM is as it was before, except what people edited since."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import dagster as dg
import httpx
import pandas as pd
import pytest

from perio_pipeline.defs.rollback import job_name, op_name
from perio_pipeline.signoff.rollback import FRAME
from perio_pipeline_tests.end_to_end.world import PRACTICE, QUIET, World, failures, world

pytestmark = pytest.mark.slow

EDITED: dict[str, tuple[str, str, dict[str, Any]]] = {
    # CRM → kind of record in the sandbox, its name in the mapping, what a person changes
    "highlevel": ("note", "notes", {"body": "Called the patient, all well."}),
    "freshsales": ("notes", "notes", {"description": "Called the patient, all well."}),
}

CONTACTS = {"highlevel": "contact", "freshsales": "contacts"}


def hang(made: World, contact: str) -> None:
    """A person writes something of their own on a contact."""
    if made.crm == "highlevel":
        path = f"/contacts/{contact}/tasks"
        body: dict[str, Any] = {"title": "Own", "dueDate": "2027-01-01T15:00:00Z", "completed": False}
        headers = {"Authorization": f"Bearer {made.token}", "Version": "2021-07-28"}
    else:
        path = "/crm/sales/api/notes"
        body = {"note": {"description": "Own", "targetable_type": "Contact", "targetable_id": int(contact)}}
        headers = {"Authorization": f"Token token={made.token}"}
    httpx.post(made.sandbox.base_url + path, headers=headers, json=body).raise_for_status()


def roll_back(made: World, **config: Any) -> pd.DataFrame:
    """Run the rollback job; returns its lists."""
    result = (
        made.definitions()
        .resolve_job_def(job_name(made.crm))
        .execute_in_process(
            run_config={"ops": {op_name(made.crm): {"config": {"dry_run": False, **config}}}, **QUIET},
            instance=made.instance,
            partition_key=PRACTICE,
            raise_on_error=False,
        )
    )
    assert failures(result) == {}
    return made.rooms.store().frame(PRACTICE, [made.crm, FRAME]).read()


def only_the_account(made: World) -> None:
    """Make the account ready, with its custom fields, and load nothing."""
    job = made.definitions().resolve_implicit_global_asset_job_def()
    key = dg.AssetKey([made.crm, "account"])
    job.get_subset(asset_selection={key}).execute_in_process(
        run_config=QUIET, instance=made.instance, partition_key=PRACTICE
    )


@pytest.mark.parametrize("crm", ["highlevel", "freshsales"])
def test_p9_after_a_rollback_the_crm_is_as_it_was_before(tmp_path: Path, sample_20: Path, crm: str) -> None:
    with world(tmp_path, sample_20, crm=crm) as made:
        untouched = made.sandbox.state_digest()
        only_the_account(made)
        before = made.sandbox.state_digest()
        assert failures(made.migrate()) == {}
        loaded = made.sandbox.state_digest()
        assert loaded != before
        planned = roll_back(made, dry_run=True)
        assert made.sandbox.state_digest() == loaded
        done = roll_back(made)
        pd.testing.assert_frame_equal(done, planned)
        assert set(done["fate"]) == {"reversed"}
        assert made.sandbox.state_digest() == before
        assert len(roll_back(made)) == 0
        assert failures(made.migrate()) == {}
        assert made.sandbox.state_digest() == loaded
        assert set(roll_back(made, remove_schema=True)["fate"]) == {"reversed"}
        assert made.sandbox.state_digest() == untouched


@pytest.mark.parametrize("crm", ["highlevel", "freshsales"])
def test_p9_what_a_person_edited_stays_with_what_it_hangs_on(tmp_path: Path, sample_20: Path, crm: str) -> None:
    kind, obj, changes = EDITED[crm]
    with world(tmp_path, sample_20, crm=crm) as made:
        assert failures(made.migrate()) == {}
        (records,) = (place[kind] for place in made.sandbox.state().values())
        made.sandbox.edit(kind, records[0]["id"], changes)
        loaded = made.rooms.store().frame(PRACTICE, [crm, "loaded", "contacts"]).read()
        notes = made.rooms.store().frame(PRACTICE, [crm, "loaded", obj]).read().set_index("crm_id")
        others = loaded[loaded["crm_id"] != notes.loc[str(records[0]["id"]), "parent_id"]]
        hang(made, others["crm_id"].iloc[0])
        done = roll_back(made)
        kept = done[done["fate"] == "kept"]
        (edited,) = kept[kept["object"] == obj].itertuples()
        assert edited.crm_id == str(records[0]["id"])
        assert edited.reason == f"edited in the CRM: {next(iter(changes))}"
        assert set(kept.loc[kept["object"] == "contacts", "reason"]) == {
            "a record in notes that hangs on it was edited",
            "records that people hung on it: 1",
        }
        # Freshsales deletes no files: those of the contact that stays are named.
        failed = done[done["fate"] == "failed"]
        assert set(failed["object"]) <= {"letters", "charts", "radiographs"}
        assert set(failed["reason"]) <= {"the API does not delete it, and the record it hangs on stays"}
        (left,) = made.sandbox.state().values()
        assert len(left[kind]) == (2 if crm == "freshsales" else 1)
        people = kept[kept["object"].isin(["contacts", "providers", "referring_dentists"])]
        assert len(left[CONTACTS[crm]]) == len(people)
