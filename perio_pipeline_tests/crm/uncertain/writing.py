"""Cases about writing: identity, values, bulk jobs, activities and files."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from typing import Any

from perio_pipeline.crm.protocol import UNREAD, Payload, Status
from perio_pipeline.sandbox.freshsales.faults import Fault
from perio_pipeline_tests.crm.freshsales_support import (
    EXAM,
    HISTORY,
    SITES,
    STAGE,
    note,
    patient,
    practice,
    visit,
)
from perio_pipeline_tests.crm.freshsales_world import World
from perio_pipeline_tests.crm.uncertain.cases import (
    Case,
    arrives,
    assert_same,
    contacts,
    differs,
    found,
    moved,
    on_contact,
    only,
    refuses,
    sent_file,
    upload,
)

BULK = "/bulk_upsert"
BERLIN, CHICAGO = "Europe/Berlin", "America/Chicago"
CREATED = "2019-03-05T14:00:00-05:00"


def nameless() -> list[Payload]:
    return [replace(each, fields={"first_name": "Ann"}) for each in contacts(5)]


def anonymous() -> list[Payload]:
    """Neither address nor mobile number."""
    return [patient(number) for number in range(5)]


def reachable() -> list[Payload]:
    return [patient(number, mobile_number=f"+1212555{number:04}") for number in range(5)]


def with_address() -> list[Payload]:
    return [patient(number, emails=f"p{number}@b.example") for number in range(5)]


def created_long_ago() -> list[Payload]:
    return [patient(number, created_at=CREATED) for number in range(5)]


def zoned() -> list[Payload]:
    return [patient(number, time_zone=CHICAGO) for number in range(5)]


def several_sites() -> list[Payload]:
    return [replace(patient(number), custom={SITES.name: ("MB", "DB")}) for number in range(5)]


def unusable(world: World) -> None:
    """What would be cut, dropped or refused is not sent; its neighbours arrive."""
    bad = [
        replace(patient(90), custom={STAGE.name: "Stage IX"}),
        replace(patient(91), custom={EXAM.name: "5/3/2024"}),
        replace(patient(92), custom={HISTORY.name: "x" * 10_001}),
        patient(93, city="x" * 257),
    ]
    outcomes = world.create([*bad, *contacts(5)])
    assert [outcome.code for outcome in outcomes[:4]] == ["unknown_choice", "not_a_date", "too_long", "too_long"]
    assert {outcome.status for outcome in outcomes[4:]} == {Status.DONE}
    assert len(world.held("contacts")) == 5


def field_deleted_meanwhile(world: World, outcome: Status) -> None:
    """An admin deletes a field while a load is under way."""

    async def work(adapter: Any) -> None:
        field = next(item for item in world.held("fields") if item["label"] == STAGE.label)
        form = next(item for item in world.held("forms") if item["entity"] == "contacts")
        path = f"/settings/contacts/forms/{form['id']}/fields/{field['id']}"
        await adapter._session.call(_Route("DELETE", path), path)
        (made,) = await adapter.create([replace(patient(1), custom={STAGE.name: "Stage I"})])
        assert made.status is outcome
        if made.ref is None:
            assert "is not a valid field" in made.reason
        else:
            snapshot = (await adapter.read([made.ref]))[made.ref]
            assert STAGE.name not in snapshot.custom, "what the account does not have is not reported as empty"

    world.run(work)


class _Route:
    """A request that the adapter has no name for."""

    reads, may_miss = False, True

    def __init__(self, method: str, path: str) -> None:
        self.method, self.path = method, path


def found_as_refused(world: World) -> None:
    """The CRM's words come through, whatever the shape of its errors."""
    outcomes = world.create([patient(1, emails="nobody"), patient(2, emails="b@b.example")])
    assert [outcome.reason for outcome in outcomes] == ["email: is invalid", ""]


def deleted_and_again(world: World) -> None:
    """A record that was deleted can be written again at once."""
    refs = world.load(contacts(5))

    async def delete(adapter: Any) -> None:
        for ref in refs:
            assert (await adapter.delete(ref)).status is Status.DONE

    world.run(delete)
    moved(world, contacts(5))


def deleted_and_blocked(world: World) -> None:
    """What lies in the recycle bin and holds the unique values is said to be there already."""
    refs = world.load(contacts(5))

    async def delete(adapter: Any) -> None:
        for ref in refs:
            assert (await adapter.delete(ref)).status is Status.DONE

    world.run(delete)
    outcomes = world.create(contacts(5))
    assert {(outcome.status, outcome.code) for outcome in outcomes} == {(Status.UNKNOWN, "already_there")}
    assert world.held("contacts") == []


def accounts_stay_alone(world: World) -> None:
    """Deleting an account leaves its contacts and their data."""
    (place,) = world.load([practice()])
    people = [replace(each, links={"sales_account_id": place.crm_id}) for each in contacts(5)]
    refs = moved(world, people)
    world.run(lambda adapter: adapter.delete(place))
    assert_same([replace(each, links={}) for each in people], refs, world.read(refs))


def forgotten(world: World) -> None:
    refs = world.load(contacts(5))

    async def delete(adapter: Any) -> None:
        for ref in refs:
            assert (await adapter.delete(ref)).status is Status.DONE

    world.run(delete)
    assert world.sandbox.state()["harbor-perio"]["contacts"] == [], "nothing is left in the recycle bin"


def restorable(world: World) -> None:
    (ref,) = world.load([patient(1)])
    assert world.run(lambda adapter: adapter.delete(ref)).status is Status.DONE
    world.sandbox.restore("contacts", int(ref.crm_id))
    assert world.read([ref]).keys() == {ref}


def an_owner(world: World, name: str | None) -> None:
    """A user who is switched off owns a record, or nobody does and it is said."""
    user = next(user for user in world.held("users") if user["email"] == "blake.rivers@example.com")
    world.sandbox.edit("users", user["id"], {"is_active": False})
    payload = patient(1, owner_id="blake.rivers@example.com")
    (outcome,) = world.create([payload])
    assert (outcome.status, outcome.code) == (Status.DONE, "" if name else "left_out")
    assert outcome.ref is not None
    assert world.read([outcome.ref])[outcome.ref].fields["owner_id"] == name


def an_owner_is_refused(world: World) -> None:
    user = next(user for user in world.held("users") if user["email"] == "blake.rivers@example.com")
    world.sandbox.edit("users", user["id"], {"is_active": False})
    (outcome,) = world.create([patient(1, owner_id="blake.rivers@example.com")])
    assert (outcome.status, outcome.reason) == (Status.REFUSED, "owner_id: is invalid")


def past_visit(world: World) -> None:
    moved(world, [on_contact(world, visit())])


def past_visit_refused(code: str, words: str) -> Any:
    def check(world: World) -> None:
        (outcome,) = world.create([on_contact(world, visit())])
        assert (outcome.status, outcome.code) == (Status.REFUSED, code)
        assert words in outcome.reason
        future = visit(from_date="2999-03-05T14:00:00-05:00", end_date="2999-03-05T15:00:00-05:00")
        moved(world, [on_contact(world, future)])

    return check


def visit_in(zone: str, refused: bool = False) -> Any:
    def check(world: World) -> None:
        payload = on_contact(world, visit(time_zone=zone))
        if refused:
            (outcome,) = world.create([payload])
            assert (outcome.status, outcome.reason) == (Status.REFUSED, "time_zone: is invalid")
        else:
            moved(world, [payload])

    return check


def note_of(length: int, code: str = "") -> Any:
    """A note of so many characters arrives whole, or is refused; it is never cut."""

    def check(world: World) -> None:
        mark = "[note 1]"
        payload = on_contact(world, replace(note(mark), fields={"description": "x" * (length - len(mark)) + mark}))
        if not code:
            moved(world, [payload])
            return
        (outcome,) = world.create([payload])
        assert (outcome.status, outcome.code) == (Status.REFUSED, code)
        assert "description" in outcome.reason.lower()
        assert world.held("notes") == []

    return check


def note_saying(text: str, whole: bool = True) -> Any:
    """A note reads back to the letter, or it is seen that it does not."""

    def check(world: World) -> None:
        payload = on_contact(world, replace(note(), fields={"description": f"{text}<br>[note 1]"}))
        (ref,) = world.load([payload])
        assert (world.read([ref])[ref].fields == payload.fields) is whole

    return check


def note_with_visit(kind: str, words: str = "") -> Any:
    def check(world: World) -> None:
        (ref,) = world.load([patient(61)])
        (seen,) = world.load([replace(visit(), links={"contact_id": ref.crm_id})])
        payload = note(contact_id=ref.crm_id, appointment_id=seen.crm_id)
        (outcome,) = world.create([payload])
        if words:
            assert (outcome.status, words in outcome.reason) == (Status.REFUSED, True)
            return
        assert outcome.ref is not None
        link = {"contact_id": ref.crm_id} if kind == "Contact" else {"appointment_id": seen.crm_id}
        assert world.read([outcome.ref])[outcome.ref].links == link
        assert [item["targetable_type"] for item in world.held("notes")] == [kind]

    return check


def file_of(size: int, code: str = "uploaded") -> Any:
    def check(world: World) -> None:
        outcome = upload(world, size)
        assert outcome.code == code
        # After a 422 it is looked for before it is sent again.
        known = {"uploaded": Status.DONE, "http_422": Status.UNKNOWN}
        assert outcome.status is known.get(code, Status.REFUSED)
        assert len(world.held("documents")) == (code == "uploaded")

    return check


def file_read_back(hashed: bool) -> Any:
    """A file is found by its mark, whatever becomes of its name, and proven by its hash where it is downloaded."""

    def check(world: World) -> None:
        named = Payload("radiographs", "9", {"file_name": "PA #3, [4].png"}, {}, {}, "file_name", "IMG-9")
        payload = on_contact(world, named)
        ref = sent_file(world, payload, 8).ref
        assert ref is not None
        assert found(world, payload) == ref
        held = world.read([ref])[ref].fields
        assert (held["bytes"], held["sha256"] != UNREAD) == (8, hashed)
        assert not hashed or held["sha256"] == hashlib.sha256(b"x" * 8).hexdigest()

    return check


def file_deleted(code: str) -> Any:
    def check(world: World) -> None:
        ref = upload(world).ref
        assert ref is not None
        outcome = world.run(lambda adapter: adapter.delete(ref))
        assert outcome.code == code
        assert len(world.held("documents")) == (code != "")

    return check


def room_after_forgetting(code: str) -> Any:
    """Whether the room of a forgotten contact's file is free; if not, the next file is refused and it is said."""

    def check(world: World) -> None:
        ref = upload(world, 8).ref
        assert ref is not None
        owner = next(iter(world.held("contacts")))["id"]
        world.run(lambda adapter: adapter.delete(type(ref)("contacts", str(owner))))
        assert upload(world, 8).code == code

    return check


MEGABYTE = 1024 * 1024
TABLE = "<table><tr><td>4 mm</td></tr></table>"
SMALL = {"storage_bytes": 10}
IDENTITY = "2.2 P1 what a contact must have"
UPSERT = "2.3 P1 upsert by external id"
JOBS = "2.4 P2 bulk jobs"

CASES = (
    # Values
    *(
        Case(
            "1.4 P5 an unknown cf_ name",
            {"unknown_custom_field": how, "field_deletion": True, "standard_field_creation": "on"},
            {},
            check,
        )
        for how, check in (
            ("drop", lambda world: field_deleted_meanwhile(world, Status.DONE)),
            ("refuse", lambda world: field_deleted_meanwhile(world, Status.REFUSED)),
        )
    ),
    *(
        Case("6.4 17 P5 values that cannot be used", {"unusable_value": how, "invalid_choice": how}, {}, unusable)
        for how in ("refuse", "drop")
    ),
    Case("6.4 P5 several choices", {"multi_select_array": "refuse"}, {"multi_select_array": False}, arrives),
    Case("6.4 P5 several choices", {"multi_select_array": "accept"}, {"multi_select_array": False}, arrives),
    Case("6.4 P5 several choices", {"multi_select_array": "accept"}, {"multi_select_array": True}, arrives),
    Case(
        "6.4 P5 several choices",
        {"multi_select_array": "refuse"},
        {"multi_select_array": True},
        refuses(several_sites, "row_failed", "cf_bleeding_sites: The type for is invalid"),
    ),
    Case("14 created_at", {"created_at": "client"}, {"created_at_writable": True}, only(created_long_ago)),
    Case(
        "14 created_at",
        {"created_at": "server"},
        {"created_at_writable": True},
        differs(created_long_ago, "created_at"),
    ),
    Case(
        "14 created_at",
        {"created_at": "server"},
        {"created_at_writable": False},
        refuses(created_long_ago, "not_settable", "created_at: the account sets it itself"),
    ),
    Case("2.1 a contact's time zone", {"contact_time_zone": "drop"}, {"rails_time_zones": True}, only(zoned)),
    Case("2.1 a contact's time zone", {"contact_time_zone": "refuse"}, {"rails_time_zones": True}, only(zoned)),
    Case("2.1 a contact's time zone", {"contact_time_zone": "store"}, {"rails_time_zones": False}, only(zoned)),
    Case(
        "2.1 a contact's time zone",
        {"contact_time_zone": "drop"},
        {"rails_time_zones": False},
        differs(zoned, "time_zone"),
    ),
    Case(
        "2.1 a contact's time zone",
        {"contact_time_zone": "refuse"},
        {"rails_time_zones": False},
        refuses(zoned, "row_failed", "time_zone: is invalid"),
    ),
    *(
        Case("2.1 accounts without a primary one", {"sales_accounts_without_primary": how}, {}, arrives)
        for how in ("first", "refuse")
    ),
    # Identity
    Case(IDENTITY, {"contact_identity": "unique_field"}, {"contact_needs": "unique_field"}, only(anonymous)),
    Case(IDENTITY, {"contact_identity": "none"}, {"contact_needs": "unique_field"}, only(anonymous)),
    *(
        Case(IDENTITY, {"contact_identity": needs}, {"contact_needs": needs}, only(people))
        for needs in ("email", "email_or_mobile")
        for people in (anonymous, reachable, with_address)
    ),
    *(
        Case(
            IDENTITY,
            {"contact_identity": needs},
            {"contact_needs": "unique_field"},
            refuses(anonymous, "row_failed", "email: can't be empty"),
        )
        for needs in ("email", "email_or_mobile")
    ),
    Case("2.2 a last name", {"last_name_required": False}, {"last_name_required": False}, only(nameless)),
    Case("2.2 a last name", {"last_name_required": True}, {"last_name_required": True}, only(nameless)),
    Case(
        "2.2 a last name",
        {"last_name_required": True},
        {"last_name_required": False},
        refuses(nameless, "row_failed", "last_name: can't be empty"),
    ),
    *(Case("2.2 addresses are unique", {"email_unique": unique}, {}, arrives) for unique in (True, False)),
    *(Case("2.2 mobile numbers are unique", {"mobile_unique": unique}, {}, arrives) for unique in (True, False)),
    *(
        Case("3 account names are unique", {"account_name_unique": unique}, {"names_as_keys": names}, arrives)
        for unique in (True, False)
        for names in ("marked", "any")
    ),
    Case(
        "11 owners who are switched off",
        {"inactive_owner": "refuse"},
        {"inactive_owners": False, "key_user": "migration@example.com"},
        lambda world: an_owner(world, None),
    ),
    Case(
        "11 owners who are switched off",
        {"inactive_owner": "accept"},
        {"inactive_owners": True, "key_user": ""},
        lambda world: an_owner(world, "blake.rivers@example.com"),
    ),
    Case(
        "11 owners who are switched off", {"inactive_owner": "refuse"}, {"inactive_owners": True}, an_owner_is_refused
    ),
    Case(UPSERT, {"upsert_by_external_id": "works"}, {"bulk_upsert": False, "upsert_key": "external_id"}, arrives),
    Case(UPSERT, {"upsert_by_external_id": "refused"}, {"bulk_upsert": False, "upsert_key": "emails"}, arrives),
    Case(UPSERT, {"upsert_by_external_id": "refused"}, {"bulk_upsert": False, "upsert_key": "none"}, arrives),
    Case(
        UPSERT,
        {"upsert_by_external_id": "refused"},
        {"bulk_upsert": False, "upsert_key": "external_id"},
        refuses(anonymous, "http_400", "Unique identifier is invalid"),
    ),
    # Bulk jobs
    Case(JOBS, {"bulk_by_external_id": "works"}, {"bulk_upsert": True, "bulk_key": "external_id"}, arrives),
    Case(JOBS, {"bulk_by_external_id": "rows_fail"}, {"bulk_key": "emails"}, arrives),
    Case(JOBS, {"bulk_by_external_id": "rows_fail"}, {"bulk_key": "id"}, arrives),
    Case(JOBS, {"bulk_by_external_id": "rows_fail"}, {"bulk_key": "external_id"}, arrives),
    Case(
        JOBS,
        {"bulk_by_external_id": "rows_fail", "upsert_by_external_id": "refused"},
        {"bulk_key": "emails", "upsert_key": "none"},
        arrives,
    ),
    *(
        Case(JOBS, {"bulk_most_rows": 4, "bulk_over_limit_status": status}, {"bulk_rows": rows}, arrives)
        for status in (400, 413, 422)
        for rows in (4, 100)
    ),
    Case(JOBS, {"bulk_most_rows": 100}, {"bulk_rows": 100}, arrives),
    *(Case(JOBS, {"bulk_open_jobs": most}, {"bulk_jobs": jobs}, arrives) for most, jobs in ((8, 8), (None, 8), (1, 1))),
    Case(JOBS, {"bulk_open_jobs": 1}, {"bulk_jobs": 8}, arrives, faults=(Fault(kind="busy", path=BULK, times=2),)),
    *(Case(JOBS, {"bulk_rows_apply": when}, {}, arrives) for when in ("at_once", "on_success")),
    *(Case(JOBS, {"job_polls": polls}, {}, arrives) for polls in (0, 2, 99)),
    *(
        Case(JOBS, {"job_polls": 99, "job_seconds": seconds, "job_row_seconds": row}, {}, arrives)
        for seconds, row in ((1.0, 0.05), (60.0, 2.0))
    ),
    *(Case(JOBS, {"job_pending_statuses": names}, {}, arrives) for names in (("QUEUED", "IN_PROGRESS"), ("waiting",))),
    *(
        Case(JOBS, {"failure_report": how}, {}, arrives, faults=(Fault(kind="partial_bulk", path=BULK, rows=2),))
        for how in ("keyed", "indexed", "counts")
    ),
    *(Case(JOBS, {"job_ids": told}, {}, arrives) for told in (True, False)),
    # Deleting
    *(
        Case("15 P9 deleted rows block", {"deleted_rows_block": blocks}, {"forget_deleted": True}, deleted_and_again)
        for blocks in (True, False)
    ),
    Case("15 P9 deleted rows block", {"deleted_rows_block": False}, {"forget_deleted": False}, deleted_and_again),
    Case("15 P9 deleted rows block", {"deleted_rows_block": True}, {"forget_deleted": False}, deleted_and_blocked),
    *(
        Case("15 P9 forgetting needs a delete", {"forget_needs_delete": needs}, {"forget_deleted": True}, forgotten)
        for needs in (True, False)
    ),
    Case("15 the recycle bin", {}, {"forget_deleted": False}, restorable),
    *(
        Case("3 what hangs on an account", {"delete_associated": how}, {}, accounts_stay_alone)
        for how in ("ignore", "honour")
    ),
    # Activities and files
    Case("7 P6 visits in the past", {"past_appointments": "allow"}, {"past_appointments": True}, past_visit),
    Case(
        "7 P6 visits in the past",
        {"past_appointments": "refuse"},
        {"past_appointments": True},
        past_visit_refused("http_400", "from_date: can't be in the past"),
    ),
    Case(
        "7 P6 visits in the past",
        {"past_appointments": "refuse"},
        {"past_appointments": False},
        past_visit_refused("past_appointment", "from_date: "),
    ),
    *(
        Case("7 P6 a visit's time zone", {"appointment_time_zone": how}, {"rails_time_zones": True}, visit_in(CHICAGO))
        for how in ("store", "refuse")
    ),
    Case("7 P6 a visit's time zone", {"appointment_time_zone": "store"}, {"rails_time_zones": False}, visit_in(BERLIN)),
    Case(
        "7 P6 a visit's time zone",
        {"appointment_time_zone": "refuse"},
        {"rails_time_zones": False},
        visit_in(CHICAGO, True),
    ),
    *(Case("7 P6 invitations", {"attendee_invitations": mailed}, {}, arrives) for mailed in (True, False)),
    Case("8 P7 a note's length", {"note_limit": None}, {"note_characters": 10_000}, note_of(10_000)),
    Case("8 P7 a note's length", {"note_limit": None}, {"note_characters": 10_000}, note_of(10_001, "too_long")),
    Case("8 P7 a note's length", {"note_limit": 500}, {"note_characters": 500}, note_of(500)),
    Case("8 P7 a note's length", {"note_limit": 500}, {"note_characters": 500}, note_of(501, "too_long")),
    Case("8 P7 a note's length", {"note_limit": 500}, {"note_characters": 10_000}, note_of(501, "http_400")),
    *(Case("8 P7 tags in notes", {"note_html": how}, {"note_html": how}, arrives) for how in ("keep", "strip")),
    Case("8 P7 tags in notes", {"note_html": "keep"}, {"note_html": "keep"}, note_saying(TABLE)),
    Case("8 P7 tags in notes", {"note_html": "strip"}, {"note_html": "strip"}, note_saying("<b>4 mm</b>")),
    Case("8 P7 tags in notes", {"note_html": "strip"}, {"note_html": "keep"}, note_saying(TABLE, whole=False)),
    Case(
        "8 P7 notes on visits",
        {"note_on_appointment": "refuse"},
        {"note_on_appointment": False},
        note_with_visit("Contact"),
    ),
    Case(
        "8 P7 notes on visits",
        {"note_on_appointment": "accept"},
        {"note_on_appointment": True},
        note_with_visit("Appointment"),
    ),
    Case(
        "8 P7 notes on visits",
        {"note_on_appointment": "refuse"},
        {"note_on_appointment": True},
        note_with_visit("", "is invalid"),
    ),
    Case("9 P8 a file's size", {"file_limit_bytes": 25 * MEGABYTE}, {"file_megabytes": 25}, file_of(1_500_000)),
    Case("9 P8 a file's size", {"file_limit_bytes": 1_000_000}, {"file_megabytes": 1}, file_of(1_000_000)),
    Case(
        "9 P8 a file's size",
        {"file_limit_bytes": 1_000_000},
        {"file_megabytes": 1},
        file_of(1_500_000, "file_too_large"),
    ),
    *(
        Case(
            "9 P8 a file's size",
            {"file_limit_bytes": 1_000_000, "file_over_limit_status": status},
            {"file_megabytes": 25},
            file_of(1_500_000, f"http_{status}"),
        )
        for status in (400, 409, 413, 422)
    ),
    *(
        Case("9 pooled storage", {"storage_full_status": status}, {}, file_of(20, f"http_{status}"), holds=SMALL)
        for status in (400, 409, 422)
    ),
    *(
        Case("9 names and content of files", {"file_names": names}, {"download_files": read}, file_read_back(read))
        for names in ("keep", "restrict")
        for read in (True, False)
    ),
    Case("9 P8 deleting a file", {"file_delete": False}, {"delete_documents": False}, file_deleted("cannot_delete")),
    Case("9 P8 deleting a file", {"file_delete": True}, {"delete_documents": True}, file_deleted("")),
    Case("9 P8 deleting a file", {"file_delete": False}, {"delete_documents": True}, file_deleted("cannot_delete")),
    Case(
        "9 P8 room after forgetting", {"forget_frees_storage": True}, {}, room_after_forgetting("uploaded"), holds=SMALL
    ),
    Case(
        "9 P8 room after forgetting",
        {"forget_frees_storage": False},
        {},
        room_after_forgetting("http_409"),
        holds=SMALL,
    ),
    Case("1.3 the shape of errors", {"error_message": "list"}, {}, found_as_refused),
    Case("1.3 the shape of errors", {"error_message": "string"}, {}, found_as_refused),
    *(
        Case(
            "1.3 P12 what a success is",
            {"create_status": status, "appointment_create_status": status, "upsert_create_status": status},
            {},
            arrives,
        )
        for status in (200, 201)
    ),
)
