"""P3: a named person confirms the whole mapping of a practice; the gate names every entry that has changed since."""

from __future__ import annotations

import shutil
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from perio_pipeline.errors import GateError, MappingError, SettingsError
from perio_pipeline.mapping.confirming import Version, Versions, confirm
from perio_pipeline.mapping.entries import changes
from perio_pipeline.mapping.gates import MOST_NAMED, check_gates
from perio_pipeline.mapping.practice import load_practice
from perio_pipeline.mapping.settled import settle

MAPPINGS = Path(__file__).resolve().parents[2] / "mappings"
NOW = datetime(2026, 11, 28, 3, 30, tzinfo=UTC)
"""Still the 27th where the practice is."""

LIVE = (
    ("http://127.0.0.1:8765", "https://services.leadconnectorhq.com"),
    ("    time_scale: 40\n", "    messages_off: {by: Jo Field, on: 2026-11-02}\n"),
    ("\npolicies:\n", "\nbaa: {confirmed_by: Jo Field, on: 2026-11-01}\n\npolicies:\n"),
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The mappings of a practice whose HighLevel account is a real one."""
    shutil.copytree(MAPPINGS, tmp_path / "mappings")
    change(tmp_path / "mappings", "practices/harbor.yaml", *LIVE)
    return tmp_path / "mappings"


def change(folder: Path, name: str, *pairs: tuple[str, str]) -> None:
    text = (folder / name).read_text(encoding="utf-8")
    for old, new in pairs:
        assert old in text, old
        text = text.replace(old, new, 1)
    (folder / name).write_text(text, encoding="utf-8")


def confirmed(folder: Path, by: str = "Jo Field", crm: str = "highlevel") -> Version:
    practice = load_practice(folder, "harbor")
    return confirm(folder, practice, crm, settle(folder, practice, crm), by, NOW)


def refusal(folder: Path, crm: str = "highlevel") -> str:
    with pytest.raises(GateError) as error:
        check_gates(folder, load_practice(folder, "harbor"), crm)
    return str(error.value)


def test_g12_no_clinical_data_leaves_without_a_confirmed_baa(folder: Path) -> None:
    change(folder, "practices/harbor.yaml", ("baa: {confirmed_by: Jo Field, on: 2026-11-01}\n", ""))
    assert "BAA" in refusal(folder)


def test_g6_g11_loading_refuses_while_nobody_said_that_messages_are_off(folder: Path) -> None:
    change(folder, "practices/harbor.yaml", ("    messages_off: {by: Jo Field, on: 2026-11-02}\n", ""))
    said = refusal(folder)
    assert "writes to patients" in said
    assert "messages_off" in said


def test_p3_a_sandbox_is_never_blocked() -> None:
    check_gates(MAPPINGS, load_practice(MAPPINGS, "harbor"), "highlevel")


def test_p3_nothing_is_loaded_before_a_named_person_confirmed_the_mapping(folder: Path) -> None:
    assert "perio map confirm --practice harbor --to highlevel" in refusal(folder)
    confirmed(folder)
    check_gates(folder, load_practice(folder, "harbor"), "highlevel")


def test_p3_the_practices_file_says_who_confirmed_and_keeps_every_other_line(folder: Path) -> None:
    path = folder / "practices" / "harbor.yaml"
    before = path.read_text(encoding="utf-8").splitlines()
    version = confirmed(folder, " Jo   Field ")
    after = path.read_text(encoding="utf-8").splitlines()
    added = [line for line in after if line not in before]
    assert added == [f"    confirmation: {{by: Jo Field, on: 2026-11-27, digest: {version.digest}}}"]
    assert [line for line in after if line not in added] == before


CHANGES: dict[str, tuple[str, tuple[str, str], str]] = {
    "a column": ("panda.yaml", ("sex: {column: Sex,", "sex: {column: Gender,"),
                 "panda.yaml tables.patient.columns.sex.column: Sex → Gender"),
    "a code": ("panda.yaml", ("D: deceased", "D: inactive"),
               "panda.yaml tables.patient.columns.status.codes.D: deceased → inactive"),
    "a code of an empty value": ("panda.yaml", ("codes: {N: never", 'codes: {"": unknown, N: never'),
                                 'panda.yaml tables.patient.columns.smoking.codes."": (not there) → unknown'),
    "a field of the CRM": ("highlevel.yaml", ("firstName: {from: first_name", "firstName: {from: preferred_name"),
                           "highlevel.yaml objects.contacts.fields.firstName.from: first_name → preferred_name"),
    "a policy": ("practices/harbor.yaml", ("  deceased: load", "  deceased: skip"),
                 "practices/harbor.yaml policies.deceased: load → skip"),
    "a capability": ("practices/harbor.yaml",
                     ("    schema_plan:", "    capabilities: {date_form: noon}\n    schema_plan:"),
                     "practices/harbor.yaml destinations.highlevel.capabilities.date_form: date → noon"),
    "where the records go": ("practices/harbor.yaml", ("LOCharbor0000000000a", "LOCother00000000000a"),
                             "accounts.main.id: LOCharbor0000000000a → LOCother00000000000a"),
    "a switch": ("practices/harbor.yaml", ("    schema_plan:", "    history: {notes: yearly}\n    schema_plan:"),
                 "highlevel.yaml objects.notes"),
}  # fmt: skip


@pytest.mark.parametrize("what", CHANGES)
def test_p3_a_change_of_anything_that_is_mapped_is_refused_and_named(folder: Path, what: str) -> None:
    confirmed(folder)
    file, pair, named = CHANGES[what]
    change(folder, file, pair)
    said = refusal(folder)
    assert "has changed since Jo Field confirmed it on 2026-11-27" in said
    assert named in said
    confirmed(folder, "Ann Lee")
    check_gates(folder, load_practice(folder, "harbor"), "highlevel")


@pytest.mark.parametrize(
    ("file", "pair"),
    [
        ("panda.yaml", ("tables:\n", "# a remark\ntables:\n")),
        (
            "panda.yaml",
            ("sex: {column: Sex, codes: {M: male, F: female,", "sex: {column: Sex, codes: {F: female, M: male,"),
        ),
        ("practices/harbor.yaml", ("    schema_plan:", "    window_hours: 60\n    schema_plan:")),
        ("practices/harbor.yaml", ("${PERIO_HARBOR_HIGHLEVEL_TOKEN}", "${OTHER_TOKEN}")),
        ("freshsales.yaml", ("from: first_name", "from: preferred_name")),
    ],
)
def test_what_changes_nothing_of_the_mapping_needs_no_other_confirmation(
    folder: Path, file: str, pair: tuple[str, str]
) -> None:
    confirmed(folder)
    change(folder, file, pair)
    check_gates(folder, load_practice(folder, "harbor"), "highlevel")


def test_p3_a_refusal_names_some_entries_and_counts_the_rest(folder: Path) -> None:
    confirmed(folder)
    text = (folder / "panda.yaml").read_text(encoding="utf-8")
    times = text.count(": LastModified")
    (folder / "panda.yaml").write_text(text.replace(": LastModified", ": Modified"), encoding="utf-8")
    said = refusal(folder)
    assert said.count("LastModified → Modified") == MOST_NAMED
    assert f"and {times - MOST_NAMED} more" in said


def test_p3_without_the_copy_a_change_is_refused_all_the_same(folder: Path) -> None:
    confirmed(folder)
    shutil.rmtree(folder / "practices" / "confirmed")
    check_gates(folder, load_practice(folder, "harbor"), "highlevel")
    change(folder, "panda.yaml", ("D: deceased", "D: inactive"))
    assert "no copy of that version" in refusal(folder)


SECOND = ("country: US\n", "country: US\nsecond_person: required\n")


def test_p3_a_second_person_is_another_one(folder: Path) -> None:
    change(folder, "practices/harbor.yaml", SECOND)
    confirmed(folder)
    assert "by Jo Field alone" in refusal(folder)
    with pytest.raises(GateError, match="cannot be the second one"):
        confirmed(folder, " jo  FIELD")
    confirmed(folder, "Ann Lee")
    practice = load_practice(folder, "harbor")
    check_gates(folder, practice, "highlevel")
    said = practice.destination("highlevel").confirmation
    assert said is not None
    assert said.second is not None
    assert (said.by, said.second.by, said.second.on) == ("Jo Field", "Ann Lee", date(2026, 11, 27))


def test_p3_after_a_change_the_second_person_begins_anew(folder: Path) -> None:
    change(folder, "practices/harbor.yaml", SECOND)
    confirmed(folder)
    confirmed(folder, "Ann Lee")
    change(folder, "panda.yaml", ("D: deceased", "D: inactive"))
    confirmed(folder, "Ann Lee")
    assert "by Ann Lee alone" in refusal(folder)


@pytest.mark.parametrize("name", ["", "  "])
def test_p3_nobody_confirms_nothing(folder: Path, name: str) -> None:
    before = (folder / "practices" / "harbor.yaml").read_bytes()
    with pytest.raises(GateError, match="no name"):
        confirmed(folder, name)
    assert (folder / "practices" / "harbor.yaml").read_bytes() == before
    assert not Versions(folder, "harbor", "highlevel").all()


def test_every_confirmation_is_kept_and_none_is_written_over(folder: Path) -> None:
    first = confirmed(folder)
    change(folder, "panda.yaml", ("D: deceased", "D: inactive"))
    second = confirmed(folder, "Ann Lee")
    change(folder, "panda.yaml", ("D: inactive", "D: deceased"))
    third = confirmed(folder)
    versions = Versions(folder, "harbor", "highlevel")
    assert [(each.number, each.by) for each in versions.all()] == [(1, "Jo Field"), (2, "Ann Lee"), (3, "Jo Field")]
    assert first.digest == third.digest != second.digest
    assert versions.named("2") == second
    assert versions.named(first.digest[:8]) == third
    assert [each.kind for each in changes(first.content.files, second.content.files)] == ["changed"]
    with pytest.raises(SettingsError, match="version 3"):
        versions.named("77")


def test_a_copy_that_was_changed_is_not_believed(folder: Path) -> None:
    confirmed(folder)
    copy = next((folder / "practices" / "confirmed").rglob("*.json"))
    copy.write_text(copy.read_text(encoding="utf-8").replace('"deceased"', '"inactive"', 1), encoding="utf-8")
    with pytest.raises(MappingError, match="not as it was written"):
        Versions(folder, "harbor", "highlevel").all()


def test_each_destination_is_confirmed_by_itself(folder: Path) -> None:
    change(folder, "practices/harbor.yaml", ("http://127.0.0.1:8766", "https://harbor.myfreshworks.com/crm/sales"))
    change(folder, "practices/harbor.yaml", ("    time_scale: 720\n", "    messages_off: {by: Jo, on: 2026-11-02}\n"))
    confirmed(folder)
    assert "to freshsales is not confirmed" in refusal(folder, "freshsales")
