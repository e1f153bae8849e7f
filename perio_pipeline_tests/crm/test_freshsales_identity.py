"""People and practices that share what a CRM may take for identity arrive as separate records with their own links.

Over real HTTP against the sandbox: in bulk and one by one, with the external id or the address as the key.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from perio_pipeline.crm.freshsales.memory import forget_all
from perio_pipeline.crm.protocol import Payload, Ref, Snapshot, Status
from perio_pipeline.sandbox.freshsales.faults import Fault
from perio_pipeline.sandbox.freshsales.seed import ALIAS
from perio_pipeline_tests.crm.freshsales_support import DEPTH, patient, practice
from perio_pipeline_tests.crm.freshsales_world import World, account

FAMILY, DOCTOR, REFERRER = "family@b.example", "doctor@b.example", "referrer@b.example"
PHONE = "+12125550142"
OTHERS = 6
"""Further patients, so that there are enough for a bulk job."""

MODES: dict[str, dict[str, Any]] = {
    "bulk by external id": {},
    "single by external id": {"bulk_upsert": False},
    "bulk by address": {"bulk_key": "emails", "upsert_key": "emails"},
    "bulk by address, single by external id": {"bulk_key": "emails"},
    "single by address": {"bulk_upsert": False, "upsert_key": "emails"},
    "single without a key": {"bulk_upsert": False, "upsert_key": "none"},
}


def person(kind: str, number: int, email: str | None, **fields: Any) -> Payload:
    mark = f"{kind}:{number}"
    made = replace(patient(number, emails=email, mobile_number=PHONE, first_name=mark, **fields), mark=mark)
    return replace(made, object=kind, custom={DEPTH.name: number})


def people(shared: bool) -> list[list[Payload]]:
    """A provider and a referrer who are patients as well, and a family; `shared` gives all of them their address."""

    def email(address: str, first: bool) -> str | None:
        return address if shared or first else None

    patients = [
        *(person("contacts", number, email(FAMILY, number == 1)) for number in (1, 2, 3)),
        person("contacts", 20, email(DOCTOR, False)),
        person("contacts", 21, email(REFERRER, False)),
        *(person("contacts", 30 + number, f"p{number}@b.example") for number in range(OTHERS)),
    ]
    return [
        [person("providers", 7, DOCTOR)],
        [person("referring_dentists", 8, REFERRER)],
        patients,
    ]


def linked(world: World, groups: list[list[Payload]]) -> list[list[Payload]]:
    """Every second person belongs to the first of two practices of one name, the others to the second."""
    places = world.load([practice(number) for number in (1, 2)])
    return [
        [replace(each, links={"sales_account_id": places[number % 2].crm_id}) for number, each in enumerate(group)]
        for group in groups
    ]


def assert_separate(world: World, payloads: Sequence[Payload], found: dict[Ref, Snapshot]) -> None:
    assert len({ref.crm_id for ref in found}) == len(payloads)
    by_mark = {snapshot.fields["external_id"]: snapshot for snapshot in found.values()}
    for payload in payloads:
        snapshot = by_mark[payload.mark]
        assert snapshot.ref.object == payload.object
        assert {name: snapshot.fields[name] for name in payload.fields} == payload.fields
        assert (snapshot.custom[DEPTH.name], snapshot.links) == (payload.custom[DEPTH.name], payload.links)
    assert len(world.held("contacts")) == len(payloads)


@pytest.mark.parametrize("unique", [True, False])
@pytest.mark.parametrize("mode", MODES)
def test_people_who_share_an_address_or_are_several_things_arrive_each(mode: str, unique: bool) -> None:
    """Where addresses are unique the mapping keeps each on one record; where not, everybody keeps theirs."""
    with account({"email_unique": unique}, MODES[mode]) as world:
        groups = linked(world, people(shared=not unique))
        refs = [ref for group in groups for ref in world.load(group)]
        assert_separate(world, [payload for group in groups for payload in group], world.read(refs))


@pytest.mark.parametrize("mode", [mode for mode in MODES if "address" in mode])
def test_whoever_shares_an_address_waits_for_the_one_that_is_named_by_it(mode: str) -> None:
    """Else an upsert that is late would change the record that was made meanwhile."""
    late = Fault(kind="slow", path="/filtered_search/", times=1, seconds=30.0)
    with account({"email_unique": False}, MODES[mode], [late]) as world:
        family = [person("contacts", number, FAMILY) for number in range(3)]
        others = [person("contacts", 30 + number, f"p{number}@b.example") for number in range(OTHERS)]

        async def at_once(adapter: Any) -> list[Ref]:
            batches = [[family[0], *others[:4]], [family[1]], [family[2], *others[4:]]]
            outcomes = await asyncio.gather(*(adapter.create(batch) for batch in batches))
            return [outcome.ref for batch in outcomes for outcome in batch]

        refs = world.run(at_once)
        assert_separate(world, [*family, *others], world.read(refs))


@pytest.mark.parametrize("mode", MODES)
def test_an_address_that_two_send_though_it_is_unique_overwrites_nobody(mode: str) -> None:
    with account({}, MODES[mode]) as world:
        groups = people(shared=True)
        outcomes = [list(zip(group, world.create(group), strict=True)) for group in groups]
        refused = [(payload.mark, outcome) for group in outcomes for payload, outcome in group if not outcome.ref]
        assert [mark for mark, _ in refused][-2:] == ["contacts:20", "contacts:21"]
        assert len(refused) == 4, "one of the family has the address"
        assert {(each.status, each.code) for _, each in refused} == {(Status.REFUSED, "duplicate")}
        assert {each.reason for _, each in refused} == {"email: has already been taken"}
        arrived = [payload for group in outcomes for payload, outcome in group if outcome.ref]
        refs = [outcome.ref for group in outcomes for _, outcome in group if outcome.ref]
        assert_separate(world, arrived, world.read(refs))


@pytest.mark.parametrize("mode", [mode for mode in MODES if "address" in mode])
def test_who_came_in_another_process_is_not_overwritten_either(mode: str) -> None:
    with account({"email_unique": False}, MODES[mode]) as world:
        provider = person("providers", 7, DOCTOR)
        refs = world.load([provider])
        world.run(lambda adapter: adapter._session.pause(5.0))  # its address is searchable by now
        forget_all()
        world.reopen()
        addresses = [DOCTOR, *(f"p{number}@b.example" for number in range(OTHERS))]
        patients = [person("contacts", number, address) for number, address in enumerate(addresses)]
        refs += world.load(patients)
        assert_separate(world, [provider, *patients], world.read(refs))


def test_a_contact_that_was_there_before_is_taken_over_by_its_address_but_no_record_of_ours_is() -> None:
    with account({}, {"bulk_upsert": False, "upsert_key": "emails"}) as world:
        world.load([person("contacts", 1, FAMILY)])
        (mine,) = world.held("contacts")
        world.sandbox.edit("contacts", mine["id"], {"external_id": None, "job_title": "Nurse"})
        world.load([person("contacts", 1, FAMILY)])
        (taken,) = world.held("contacts")
        assert (taken["external_id"], taken["job_title"]) == ("contacts:1", "Nurse")


SAME = "Perio Partners"


@pytest.mark.parametrize("bulk", [True, False])
@pytest.mark.parametrize(("names", "unique"), [("marked", False), ("any", False), ("marked", True)])
def test_practices_of_one_name_arrive_each(names: str, unique: bool, bulk: bool) -> None:
    """Where names are unique the mapping puts the mark into them; where not, plain names may be alike."""
    with account({"account_name_unique": unique}, {"names_as_keys": names, "bulk_upsert": bulk}) as world:
        places = [practice(number, name=f"{SAME} [PRACTICE-{number}]" if unique else SAME) for number in range(5)]
        refs = world.load(places)
        found = world.read(refs)
        assert [found[ref].custom for ref in refs] == [payload.custom for payload in places]
        assert len(world.held("sales_accounts")) == 5


def test_a_plain_name_that_is_taken_is_refused_and_named() -> None:
    with account() as world:
        first, second = world.create([practice(1, name=SAME), practice(2, name=SAME)])
        assert {first.status, second.status} == {Status.DONE, Status.REFUSED}
        refused = first if first.status is Status.REFUSED else second
        assert (refused.code, refused.reason) == ("duplicate", "name: has already been taken")


@pytest.mark.parametrize("unique", [True, False])
def test_a_mobile_number_that_a_family_shares(unique: bool) -> None:
    """Accounts made before 25 May 2021 keep mobile numbers unique: a second one is refused by the name of its field."""
    with account({"mobile_unique": unique}) as world:
        first, second = world.create([person("contacts", 1, None), person("contacts", 2, None)])
        assert {first.status, second.status} == ({Status.DONE, Status.REFUSED} if unique else {Status.DONE})
        if unique:
            refused = first if first.status is Status.REFUSED else second
            assert (refused.code, refused.reason) == ("duplicate", "mobile_number: has already been taken")
            world.load([replace(person("contacts", 3, None), fields={"first_name": "Ann"})])


# Owners: a provider's address finds the user who owns the record.

ACTIVE, OFF, NOBODY = "avery.stone@example.com", "blake.rivers@example.com", "gone@example.com"
KEY_USER = "migration@example.com"


def switch_off(world: World, email: str) -> None:
    user = next(user for user in world.sandbox.state()[ALIAS]["users"] if user["email"] == email)
    world.sandbox.edit("users", user["id"], {"is_active": False})
    forget_all()
    world.reopen()


@pytest.mark.parametrize("mode", ["bulk by external id", "single by external id"])
def test_an_owner_who_is_unknown_or_switched_off_is_left_out_and_said(mode: str) -> None:
    with account({}, {**MODES[mode], "key_user": KEY_USER}) as world:
        switch_off(world, OFF)
        owners = [ACTIVE, OFF, NOBODY, None, ACTIVE.upper()]
        payloads = [patient(number, owner_id=owner) for number, owner in enumerate(owners)]
        outcomes = world.create(payloads)
        assert {outcome.status for outcome in outcomes} == {Status.DONE}
        assert [(outcome.code, outcome.reason) for outcome in outcomes] == [
            ("", ""),
            ("left_out", "owner_id: the user is switched off"),
            ("left_out", "owner_id: the account has no such user, or several"),
            ("", ""),
            ("", ""),
        ]
        refs = [outcome.ref for outcome in outcomes if outcome.ref]
        found = world.read(refs)
        assert [found[ref].fields["owner_id"] for ref in refs] == [ACTIVE, None, None, None, ACTIVE]
        assert world.run(lambda adapter: adapter.update(refs[0], payloads[1])).code == "left_out"


def test_the_account_tells_only_of_users_who_can_be_owners() -> None:
    with account() as world:
        switch_off(world, OFF)
        info = world.run(lambda adapter: adapter.connect())
        assert ACTIVE in info.lookups["owner_id"]
        assert OFF not in info.lookups["owner_id"]


def test_who_owns_nothing_of_ours_is_named_while_the_key_s_user_is_not_known() -> None:
    with account() as world:
        (ref,) = world.load([patient(1, owner_id=NOBODY)])
        assert world.read([ref])[ref].fields["owner_id"] == KEY_USER
