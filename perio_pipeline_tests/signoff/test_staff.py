"""Staff are invited as users by the e-mail that finds them as owners; who is not invited is listed with the reason."""

from __future__ import annotations

import csv
import io
import re
import stat
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
import typer
from typer.testing import CliRunner, Result

from perio_pipeline.cli.documents import register
from perio_pipeline.mapping.transforms import Locale
from perio_pipeline.panda.frames import table_kinds, typed_frame
from perio_pipeline.panda.tables import PROVIDER, STAFF_USER
from perio_pipeline.signoff.staff import (
    BAD_EMAIL,
    HEADER,
    LOGIN_OFF,
    NO_EMAIL,
    OWNS_NOTHING,
    PROVIDER_COLUMNS,
    PROVIDER_LEFT,
    PROVIDER_ROLES,
    STAFF_COLUMNS,
    StaffMember,
    staff_list,
    to_csv,
    to_html,
)
from perio_pipeline.store import FrameStore

LOCALE = Locale("US", ZoneInfo("America/New_York"))
PROJECT = Path(__file__).resolve().parents[2]
Row = dict[str, object]


def login(name: str, **changes: object) -> Row:
    return {
        "staff_id": name, "login": f"P\\{name}", "first_name": name, "last_name": "Lee", "role": "Front desk",
        "email": f"{name}@p.example.com", "active": True, **changes,
    }  # fmt: skip


def provider(key: str, **changes: object) -> Row:
    return {
        "provider_id": key, "first_name": key, "last_name": "North", "email": f"{key}@p.example.com", "role": "rdh",
        "active": True, **changes,
    }  # fmt: skip


def members(logins: list[Row], providers: list[Row] | None = None) -> list[StaffMember]:
    return staff_list(
        typed_frame(table_kinds(STAFF_USER), logins), typed_frame(table_kinds(PROVIDER), providers or []), LOCALE
    )


def only(logins: list[Row], providers: list[Row] | None = None) -> StaffMember:
    (member,) = members(logins, providers)
    return member


def test_f12_a_login_and_its_provider_are_one_person_with_the_providers_address() -> None:
    found = only([login("ada", provider_id="d1", role="Periodontist")], [provider("d1", email="Dr.One@P.example.com")])
    assert (found.name, found.email, found.role, found.reason) == (
        "d1 North",
        "dr.one@p.example.com",
        "Periodontist",
        "",
    )


def test_f12_a_provider_without_a_login_and_a_login_without_a_provider_are_both_invited() -> None:
    found = members([login("ann")], [provider("d1")])
    assert [(each.name, each.role, each.reason) for each in found] == [
        ("d1 North", "Hygienist (RDH)", ""),
        ("ann Lee", "Front desk", ""),
    ]


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"email": None}, NO_EMAIL),
        ({"email": "front desk"}, BAD_EMAIL),
        ({"active": False}, LOGIN_OFF),
        ({"active": None}, ""),
    ],
)
def test_f12_those_without_an_email_and_inactive_ones_stand_apart(changes: Row, reason: str) -> None:
    assert only([login("ann", **changes)]).reason == reason


def test_f12_a_provider_who_left_is_not_invited_whatever_the_login_says() -> None:
    assert only([login("ann", provider_id="d1")], [provider("d1", active=False)]).reason == PROVIDER_LEFT


def test_f12_a_shared_address_invites_one_person_the_provider() -> None:
    first, second = members([login("ann", email="D1@p.example.com")], [provider("d1")])
    assert (first.name, first.reason) == ("d1 North", "")
    assert (second.name, second.reason) == ("ann Lee", "has the same e-mail as d1 North")


def test_f12_somebody_apart_does_not_hold_an_address() -> None:
    assert [each.reason for each in members([login("a", active=False), login("b", email="a@p.example.com")])] == [
        "",
        LOGIN_OFF,
    ]


def test_f12_a_provider_whose_own_address_is_missing_is_invited_by_the_logins_with_a_note() -> None:
    found = only([login("ann", provider_id="d1")], [provider("d1", email=None)])
    assert (found.email, found.reason, found.note) == ("ann@p.example.com", "", OWNS_NOTHING)


def test_without_a_name_the_login_stands_for_the_person() -> None:
    assert only([login("ann", first_name=None, last_name=None)]).name == "P\\ann"


@pytest.mark.parametrize(
    ("role", "crm_role"),
    [("Office manager", "Admin"), ("PERIODONTIST", "User"), ("Dentist", "User"), ("Billing", "User"), (None, "User")],
)
def test_f12_every_role_has_a_suggestion_with_its_reason(role: str | None, crm_role: str) -> None:
    found = only([login("ann", role=role)])
    assert found.suggestion.crm_role == crm_role
    assert found.suggestion.why


def test_every_credential_of_a_provider_has_words() -> None:
    assert set(PROVIDER.column("role").choices) == set(PROVIDER_ROLES)


def test_f12_only_columns_without_patient_data_are_read() -> None:
    read = [STAFF_USER.column(name) for name in STAFF_COLUMNS] + [PROVIDER.column(name) for name in PROVIDER_COLUMNS]
    assert not any(column.phi for column in read)


def test_f12_the_csv_says_who_is_invited_and_runs_no_formula() -> None:
    found = members([login("ann", first_name="=cmd()"), login("bob", active=False)])
    header, *lines = csv.reader(io.StringIO(to_csv(found), newline=""))
    assert tuple(header) == HEADER
    assert [line[:3] for line in lines] == [
        ["yes", "'=cmd() Lee", "ann@p.example.com"],
        ["no", "bob Lee", "bob@p.example.com"],
    ]


def test_f12_the_page_has_a_box_per_invitation_escapes_names_and_needs_no_network() -> None:
    found = members([login("ann", first_name="<b>Ann</b>"), login("cy"), login("bob", active=False)])
    page = to_html(found, "Harbor", "freshsales", ["north", "south"])
    assert page.count('<input type="checkbox">') == 2
    assert "&lt;b&gt;Ann" in page
    assert "<b>Ann" not in page
    assert "north, south" in page
    assert page.index("Not to be invited") < page.index("bob Lee")
    assert not re.findall(r"https?:|src=|url\(|@import|<script|<link", page)


def test_f12_nobody_to_invite_is_said() -> None:
    assert "Nobody." in to_html([], "Harbor", "freshsales", ["main"])


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("PERIO_DATA", str(tmp_path))
    monkeypatch.setenv("PERIO_MAPPINGS", str(PROJECT / "mappings"))
    return tmp_path


def perio(*arguments: str) -> Result:
    app = typer.Typer(pretty_exceptions_enable=False)
    register(app)
    return CliRunner().invoke(app, list(arguments))


def test_p4_perio_checklist_writes_three_files_for_their_owner_only(data: Path) -> None:
    result = perio("checklist", "--practice", "harbor", "--to", "highlevel")
    assert result.exit_code == 0, result.output
    folder = data / "reports" / "harbor" / "highlevel"
    assert {path.name for path in folder.iterdir()} == {"checklist.md", "checklist.csv", "checklist.html"}
    assert {stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()} == {0o600}
    assert "50 custom fields and 3 other things" in result.output
    assert "Limits of the plan" not in result.output


@pytest.mark.parametrize(
    ("plan", "heading", "said"),
    [
        (
            "growth",
            "By declared policy:",
            "arrive as treatment plan notes, since the plan growth has no custom modules",
        ),
        ("free", "Limits of the plan:", "free allows 0"),
    ],
)
def test_g8_perio_checklist_says_what_changes_its_form_and_what_does_not_fit_and_still_succeeds(
    data: Path, monkeypatch: pytest.MonkeyPatch, plan: str, heading: str, said: str
) -> None:
    practice = (PROJECT / "mappings" / "practices" / "harbor.yaml").read_text(encoding="utf-8")
    assert "plan: enterprise" in practice
    (data / "mappings" / "practices").mkdir(parents=True)
    (data / "mappings" / "practices" / "harbor.yaml").write_text(practice.replace("plan: enterprise", f"plan: {plan}"))
    (data / "mappings" / "freshsales.yaml").write_bytes((PROJECT / "mappings" / "freshsales.yaml").read_bytes())
    monkeypatch.setenv("PERIO_MAPPINGS", str(data / "mappings"))
    result = perio("checklist", "--practice", "harbor", "--to", "freshsales")
    assert result.exit_code == 0, result.output
    assert heading in result.output
    assert said in result.output


def test_f12_perio_staff_before_anything_was_read_says_what_to_run(data: Path) -> None:
    result = perio("staff", "--practice", "harbor", "--to", "freshsales")
    assert result.exit_code == 1
    assert (
        "Run the sample migration first: perio migrate --practice harbor --to freshsales --pass sample" in result.output
    )
    assert not (data / "reports").exists()


def test_f12_perio_staff_writes_the_list_from_the_validated_frames(data: Path) -> None:
    store = FrameStore(str(data))
    store.write("harbor", ["validated", "staff_user"], typed_frame(table_kinds(STAFF_USER), [login("ann")]))
    store.write("harbor", ["validated", "provider"], typed_frame(table_kinds(PROVIDER), [provider("d1", active=False)]))
    result = perio("staff", "--practice", "harbor", "--to", "freshsales")
    assert result.exit_code == 0, result.output
    assert "1 to invite, 1 not." in result.output
    folder = data / "reports" / "harbor" / "freshsales"
    assert sorted(path.name for path in folder.iterdir()) == ["staff-invitations.csv", "staff-invitations.html"]


def test_an_unknown_practice_or_destination_is_one_clear_error(data: Path) -> None:
    for arguments in (("nowhere", "freshsales"), ("harbor", "salesforce")):
        result = perio("checklist", "--practice", arguments[0], "--to", arguments[1])
        assert result.exit_code == 1
        assert "What to do:" in result.output
