"""The cleaners of contact data, dates and texts, by the numbers of the known data-quality problems."""

from __future__ import annotations

import base64
from dataclasses import replace
from decimal import Decimal

import pytest

from .rows import CONTEXT, cell, failures, outcome, records, treatments

BRIDGED = replace(CONTEXT, bridge_fed=True)


@pytest.mark.parametrize(
    "text", ["1900-01-01", "1753-01-01", "0001-01-01", "9999-12-31 00:00:00", "1/1/1900", "1880-06-01"]
)
def test_04_placeholder_dates_become_no_value(text: str) -> None:
    found = outcome("patient", {"birth_date": text, "created_at": text})
    assert records(found.valid, ["birth_date", "created_at"]) == [(None, None)]
    assert treatments(found) == [("birth_date", "placeholder_date"), ("created_at", "placeholder_date")]


@pytest.mark.parametrize("text", ["2026-03-03", "1909-12-31", "1910-03-02"])
def test_04_birth_dates_in_the_future_or_over_115_years_ago_are_quarantined(text: str) -> None:
    assert failures(outcome("patient", {"birth_date": text})) == [(0, "birth_date", "implausible_birth_date")]


@pytest.mark.parametrize("text", ["2026-03-02", "1910-03-03"])
def test_04_a_newborn_and_a_patient_of_115_years_pass(text: str) -> None:
    assert cell("patient", "birth_date", text) is not None


def test_04_a_time_of_day_in_a_date_is_left_out_and_recorded_midnight_is_not() -> None:
    assert treatments(outcome("patient", {"birth_date": "1960-01-02 00:00:00.000"})) == []
    assert treatments(outcome("patient", {"birth_date": "1960-01-02 14:00:00"})) == [("birth_date", "time_of_day")]


@pytest.mark.parametrize("npi", ["1234567893", "2000000002", "1003000126"])
def test_18_npis_with_the_right_check_digit_stay(npi: str) -> None:
    assert cell("provider", "npi", npi) == npi


@pytest.mark.parametrize("npi", ["1234567890", "2000000003", "123456789", "9234567893", "NA", "１234567893"])
def test_18_other_npis_are_cleared(npi: str) -> None:
    assert treatments(outcome("provider", {"npi": npi})) == [("npi", "invalid_npi")]


@pytest.mark.parametrize("text", ["NA", "000-000-0000", "(999) 999-9999", "12345", "none", "x45"])
def test_19_what_is_no_phone_number_is_cleared(text: str) -> None:
    found = outcome("patient", {"work_phone": text})
    assert found.valid["work_phone"].isna().all()
    assert treatments(found) == [("work_phone", "not_a_phone")]


@pytest.mark.parametrize(
    "text", ["(312) 555-0142 x45", "312-555-0142 ext. 7", "3125550142 Extension 12", "312.555.0142 #3"]
)
def test_19_an_extension_inside_the_number_stays_and_is_reported(text: str) -> None:
    found = outcome("patient", {"work_phone": text})
    assert records(found.valid, ["work_phone"]) == [(text,)]
    assert treatments(found) == [("work_phone", "phone_extension")]


def test_19_a_number_without_area_code_is_reported_where_numbers_have_one() -> None:
    assert treatments(outcome("patient", {"home_phone": "555-0142"})) == [("home_phone", "phone_without_area_code")]
    abroad = replace(CONTEXT, country="IS")
    assert treatments(outcome("patient", {"home_phone": "555-0142"}, context=abroad)) == []


def test_20_na_and_underscores_of_the_bridge_are_undone_only_in_bridge_fed_practices() -> None:
    row = {"street": "12_Oak_Street", "street2": "NA", "city": "St._Paul"}
    found = outcome("guarantor_account", row, context=BRIDGED)
    assert records(found.valid, ["street", "street2", "city"]) == [("12 Oak Street", None, "St. Paul")]
    assert treatments(outcome("guarantor_account", row)) == []


@pytest.mark.parametrize(
    ("broken", "repaired"),
    [("MuÃ±oz", "Muñoz"), ("Itâ€™s", "It’s"), ("â€œokâ€\x9d", "“ok”"), ("MuÃƒÂ±oz", "Muñoz")],
)
def test_22_utf8_read_as_cp1252_is_repaired_and_counted(broken: str, repaired: str) -> None:
    found = outcome("patient", {"last_name": broken})
    assert records(found.valid, ["last_name"]) == [(repaired,)]
    assert treatments(found) == [("last_name", "mojibake")]


@pytest.mark.parametrize("text", ["Muñoz", "João", "SÃO", "Ångström", "Muñoz Ã±", "李", "naïve €5"])
def test_22_other_text_beyond_ascii_stays(text: str) -> None:
    assert cell("guarantor_account", "street", text) == text


def test_23_a_suffix_moves_out_of_the_last_name() -> None:
    found = outcome("patient", {"last_name": "SMITH JR."})
    assert records(found.valid, ["last_name", "suffix"]) == [("Smith", "Jr.")]
    assert treatments(found) == [
        ("last_name", "suffix_in_last_name"),
        ("suffix", "suffix_in_last_name"),
        ("last_name", "capital_name"),
    ]


def test_23_a_suffix_that_is_recorded_already_only_leaves_the_last_name() -> None:
    same = outcome("patient", {"last_name": "Smith, III", "suffix": "iii"})
    assert records(same.valid, ["last_name", "suffix"]) == [("Smith", "iii")]
    other = outcome("patient", {"last_name": "Smith Jr", "suffix": "Sr."})
    assert records(other.valid, ["last_name", "suffix"]) == [("Smith Jr", "Sr.")]


@pytest.mark.parametrize(
    "name", ["MCDONALD", "O'BRIEN", "SMITH-JONES", "MACLEOD", "VAN DYKE", "III", "JR", "DJ", "Lee"]
)
def test_23_names_whose_case_is_not_certain_stay(name: str) -> None:
    assert cell("patient", "last_name", name) == name


def test_23_capital_names_get_normal_case_where_that_is_certain() -> None:
    found = outcome("guarantor_account", {"first_name": "ROSA", "last_name": "MUÑOZ"})
    assert records(found.valid, ["first_name", "last_name"]) == [("Rosa", "Muñoz")]


def test_24_a_fee_of_zero_and_no_fee_stay_two_things() -> None:
    found = outcome("procedure_code", {"fee": "0"}, {"code": "D0120", "fee": None}, {"code": "D0150", "fee": "95.5"})
    assert records(found.valid, ["fee"]) == [(Decimal(0),), (None,), (Decimal("95.5"),)]
    assert found.treatments.empty


def test_24_money_kept_as_floating_point_is_rounded_and_recorded() -> None:
    found = outcome("procedure_code", {"fee": "85.10000000000001"})
    assert records(found.valid, ["fee"]) == [(Decimal("85.1"),)]
    assert treatments(found) == [("fee", "decimal_places")]


def test_26_times_the_clock_skipped_are_reported_and_kept() -> None:
    found = outcome("appointment", {"starts_at": "2025-03-09 02:30:00"})
    assert str(found.valid["starts_at"].iloc[0]) == "2025-03-09 02:30:00"
    assert treatments(found) == [("starts_at", "dst_gap")]
    arizona = replace(CONTEXT, time_zone="America/Phoenix")
    assert treatments(outcome("appointment", {"starts_at": "2025-03-09 02:30:00"}, context=arizona)) == []


def test_26_times_that_came_twice_are_reported_and_taken_for_the_first() -> None:
    found = outcome("appointment", {"starts_at": "2025-11-02 01:30:00"}, {"starts_at": "2025-11-02 02:30:00"})
    assert treatments(found) == [("starts_at", "dst_overlap")]
    arizona = replace(CONTEXT, time_zone="America/Phoenix")
    assert treatments(outcome("appointment", {"starts_at": "2025-11-02 01:30:00"}, context=arizona)) == []


@pytest.mark.parametrize("address", ["rosa@example.com", "r.lind+perio@mail.example.org", "front@practice.test"])
def test_addresses_of_any_real_or_test_domain_stay(address: str) -> None:
    assert cell("patient", "email", address) == address


@pytest.mark.parametrize(
    "address", ["NA", "rosa@", "rosa@example", "rosa lind@example.com", "a@example.com; b@example.com"]
)
def test_what_is_no_address_is_cleared(address: str) -> None:
    found = outcome("patient", {"email": address})
    assert found.valid["email"].isna().all()
    assert treatments(found) == [("email", "not_an_email")]


def _signature(size: int) -> str:
    return base64.b64encode(bytes(index * 37 % 251 for index in range(size))).decode()


@pytest.mark.parametrize("fold", [0, 76])
def test_06_31_signature_data_leaves_the_note_and_the_words_stay(fold: int) -> None:
    blob = _signature(400)
    if fold:
        blob = "\r\n".join(blob[start : start + fold] for start in range(0, len(blob), fold))
    found = outcome("clinical_note", {"body": f"Healing well.\n{blob}\nSigned Dr. North"})
    assert records(found.valid, ["body"]) == [("Healing well.\n\nSigned Dr. North",)]
    assert treatments(found) == [("body", "signature_blob")]


@pytest.mark.parametrize(
    ("body", "torn"), [("{\\rtf1 Healing {\\b well", True), ("{\\rtf1 Healing {\\b well}}", False)]
)
def test_torn_rtf_goes_on_and_is_reported(body: str, torn: bool) -> None:
    found = outcome("clinical_note", {"body": body})
    assert records(found.valid, ["body"]) == [(body,)]
    assert treatments(found) == ([("body", "damaged_rtf")] if torn else [])


def test_06_long_words_and_pictures_in_rtf_stay() -> None:
    body = "{\\rtf1 {\\pict " + "0a1B" * 100 + "} " + "-" * 200 + " " + "a" * 150 + "}"
    assert cell("clinical_note", "body", body) == body


def test_space_around_free_text_goes_and_is_recorded_but_not_around_codes_and_bodies() -> None:
    found = outcome("patient", {"patient_id": "P9  ", "first_name": " Rosa ", "status": "active  "})
    assert records(found.valid, ["patient_id", "first_name", "status"]) == [("P9", "Rosa", "active")]
    assert treatments(found) == [("first_name", "outer_space")]
    assert cell("clinical_note", "body", "S: none\n") == "S: none\n"
