"""P3: records that stand in columns of another one become rows of their own: policies, referrals, phases."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import pytest

from perio_pipeline.mapping.proposing.model import Confidence, Proposal
from perio_pipeline.mapping.proposing.written import bindings_text
from perio_pipeline.panda.bindings import Bindings, load_bindings
from perio_pipeline.panda.source import PandaSource
from perio_pipeline.panda.tables import TABLES
from perio_pipeline_tests.mapping.proposing.databases import fields, proposal, table_of

CHANCE = random.Random(11)
ROWS = 60
CARRIERS = ("Delta Dental", "Metlife", "Cigna", "Guardian Life", "Aetna", "Ameritas")
FIRST = ("Ann", "Bea", "Carl", "Dora", "Emil", "Fay", "Gus", "Hal")
LAST = ("Abel", "Brook", "Crane", "Dell", "Estes", "Frost", "Gray", "Hale")


def person(at: int, **columns: Any) -> dict[str, Any]:
    return {
        "PatientID": f"P{at:04}",
        "FirstName": CHANCE.choice(FIRST),
        "LastName": CHANCE.choice(LAST),
        "BirthDate": f"19{at % 60 + 30}-0{at % 9 + 1}-15",
        "HomePhone": f"(360) 555-01{at % 90 + 10}",
        "Email": f"x{at}@example.com",
        "PatientStatus": ("Active", "Inactive", "Deceased")[at % 3],
        **columns,
    }


def policy(at: int, number: int) -> tuple[str | None, str | None, str | None, str | None]:
    """Carrier, member, group and first day; every third patient has a second policy."""
    if number > 1 and at % 3:
        return None, None, None, None
    day = f"20{at % 20 + 1:02}-0{at % 9 + 1}-01"
    return CHANCE.choice(CARRIERS), f"{at}{number}7-{at * 37 % 991:03}", f"G{at % 7}{number}", day


def policies(at: int, *names: tuple[str, str, str, str]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for number, columns in enumerate(names, 1):
        found |= dict(zip(columns, policy(at, number), strict=True))
    return found


def loaded(folder: Path, found: Proposal) -> Bindings:
    path = folder / "written.yaml"
    path.write_text(bindings_text(found), encoding="utf-8")
    return load_bindings(path)


STYLES = {
    "words": (
        ("PrimInsCarrier", "PrimInsSubscriberID", "PrimInsGroup", "PrimInsEffDate"),
        ("SecInsCarrier", "SecInsSubscriberID", "SecInsGroup", "SecInsEffDate"),
    ),
    "numbers": (
        ("Ins1_Name", "Ins1_MemberNo", "Ins1_GrpNo", "Ins1_Eff"),
        ("Ins2_Name", "Ins2_MemberNo", "Ins2_GrpNo", "Ins2_Eff"),
    ),
    "capitals": (
        ("INSCARR01", "INSSUBID01", "INSGRP01", "INSEFFDT01"),
        ("INSCARR02", "INSSUBID02", "INSGRP02", "INSEFFDT02"),
    ),
    "letters": (
        ("InsA_Carrier", "InsA_Subscriber", "InsA_Group", "InsA_Start"),
        ("InsB_Carrier", "InsB_Subscriber", "InsB_Group", "InsB_Start"),
    ),
    "first_bare": (
        ("carrier", "subscriber_id", "group_no", "effective"),
        ("carrier_2", "subscriber_id_2", "group_no_2", "effective_2"),
    ),
    "german": (
        ("ErsteVersicherung", "ErsteVersichertenNr", "ErsteVersGruppe", "ErsteVersGueltigAb"),
        ("ZweiteVersicherung", "ZweiteVersichertenNr", "ZweiteVersGruppe", "ZweiteVersGueltigAb"),
    ),
    "spanish": (
        ("seguro_primera_compania", "seguro_primera_asegurado", "seguro_primera_grupo", "seguro_primera_desde"),
        ("seguro_segunda_compania", "seguro_segunda_asegurado", "seguro_segunda_grupo", "seguro_segunda_desde"),
    ),
}


@pytest.mark.parametrize("style", STYLES)
def test_p3_policies_in_columns_of_the_patient(tmp_path: Path, style: str) -> None:
    one, two = STYLES[style]
    rows = [person(at, Locker1=f"L{at}", Locker2=f"M{at}", **policies(at, one, two)) for at in range(ROWS)]
    found = proposal(tmp_path, Patient=rows)
    table = table_of(found, "insurance_policy")
    assert table.table == "Patient"
    suffixes = table.structure["unpivot"]["values"].values()
    bound = {name: each.binding for name, each in fields(table).items()}
    assert bound["policy_id"] == {"text": "{PatientID}-{ordinal}"}
    assert bound["patient_id"] == "PatientID"
    for field, columns in zip(
        ("carrier", "policy_number", "group_number", "effective_date"), zip(one, two, strict=True), strict=True
    ):
        assert tuple(str(bound[field]).replace("{ordinal}", each) for each in suffixes) == columns
    assert table.structure["rows_with"] == bound["carrier"]
    assert [each.column for each in found.leftover_columns] == ["Locker1", "Locker2"]
    strong = [each.field for each in table.fields if each.confidence is Confidence.STRONG]
    assert "policy_id" not in strong
    if style in ("letters", "first_bare"):
        assert strong == []
    source = PandaSource(f"sqlite:///{tmp_path / 'practice.db'}", loaded(tmp_path, found), "")
    frames = list(source.chunks(TABLES["insurance_policy"]))
    assert sum(len(each) for each in frames) == ROWS + ROWS // 3
    assert set(frames[0]["ordinal"]) == {"1", "2"}


def test_p3_the_patients_own_numbered_columns_stay_the_patients(tmp_path: Path) -> None:
    rows = []
    for at in range(ROWS):
        own = person(at, Address1=f"{at} Oak St", Address2=f"# {at}", City="Olympia", Phone1=f"555-02{at:02}")
        own |= {"Phone2": f"555-03{at:02}", "PrimaryProvider": at % 3 + 1, "SecondaryProvider": at % 2 + 4}
        del own["HomePhone"]
        rows.append(own)
    providers = [
        {"ProviderID": at, "FirstName": "Pat", "LastName": LAST[at], "Role": "DDS" if at < 4 else "RDH"}
        for at in range(1, 6)
    ]
    found = proposal(tmp_path, Patient=rows, Provider=providers)
    assert table_of(found, "insurance_policy").table is None
    assert table_of(found, "referral").table is None
    bound = fields(table_of(found, "patient"))
    assert bound["home_phone"].binding == "Phone1"
    assert "Phone2" in [bound[name].binding for name in ("work_phone", "mobile_phone")]
    assert bound["provider_id"].binding == "PrimaryProvider"


def test_p3_columns_that_the_row_itself_needs_are_no_records(tmp_path: Path) -> None:
    rows = []
    for at in range(ROWS):
        own = person(at, Name1=CHANCE.choice(LAST), Name2=CHANCE.choice(FIRST))
        del own["FirstName"], own["LastName"]
        rows.append(own | {"InsMember1": f"{at}7", "InsMember2": f"{at}8", "InsGroup1": "G1", "InsGroup2": "G2"})
    found = proposal(tmp_path, Patient=rows)
    bound = [each.binding for each in table_of(found, "patient").fields]
    assert "Name1" in bound
    assert "Name2" in bound
    assert table_of(found, "insurance_policy").table is None


def test_p3_a_table_of_its_own_goes_before_columns_of_the_patient(tmp_path: Path) -> None:
    rows = [person(at, Insurance1=CHANCE.choice(CARRIERS), Insurance2=None) for at in range(ROWS)]
    own = [
        {
            "PolicyID": at + 500,
            "PatientID": f"P{at:04}",
            "PolicySequence": 1,
            "Carrier": CHANCE.choice(CARRIERS),
            "MemberID": f"M{at}",
        }
        for at in range(ROWS)
    ]
    table = table_of(proposal(tmp_path, Patient=rows, InsurancePolicy=own), "insurance_policy")
    assert (table.table, fields(table)["policy_id"].binding) == ("InsurancePolicy", "PolicyID")


def test_p3_columns_that_hold_something_else_are_no_group(tmp_path: Path) -> None:
    rows = []
    for at in range(ROWS):
        own = person(at, Insurance1=CHANCE.choice(CARRIERS), Insurance2=f"20{at % 20 + 1:02}-01-01")
        rows.append(own | {"InsMember1": f"{at}7", "InsMember2": f"{at}8", "InsGroup1": "G1", "InsGroup2": "G2"})
    assert table_of(proposal(tmp_path, Patient=rows), "insurance_policy").table is None


def test_p3_columns_of_records_that_a_patient_has_many_of_are_no_policies(tmp_path: Path) -> None:
    claims = []
    for at in range(ROWS):
        claim = {"ClaimID": at + 300, "PatientID": f"P{at % 20:04}", "ClaimDate": f"2025-01-{at % 28 + 1:02}"}
        claims.append(claim | policies(at, *STYLES["words"]))
    found = proposal(tmp_path, Patient=[person(at) for at in range(ROWS)], Claims=claims)
    assert "unpivot" not in table_of(found, "insurance_policy").structure


def test_p3_a_table_with_both_policies_of_a_patient_in_a_row(tmp_path: Path) -> None:
    names = [
        (f"{word}Carrier", f"{word}SubscriberNo", f"{word}GroupNo", f"{word}Eff") for word in ("Primary", "Secondary")
    ]
    rows = [{"PatientID": f"P{at:04}", **policies(at, *names)} for at in range(0, ROWS, 2)]
    found = proposal(tmp_path, Patient=[person(at) for at in range(ROWS)], PatientInsurance=rows)
    table = table_of(found, "insurance_policy")
    assert table.table == "PatientInsurance"
    assert table.structure["unpivot"] == {"column": "ordinal", "values": {"1": "Primary", "2": "Secondary"}}
    assert fields(table)["carrier"].binding == "{ordinal}Carrier"


def test_p3_a_percentage_for_each_class_of_procedures(tmp_path: Path) -> None:
    rows = [
        {
            "PolicyID": at + 500,
            "PatientID": f"P{at:04}",
            "PolicySequence": 1,
            "Carrier": CHANCE.choice(CARRIERS),
            "PrevPct": 100,
            "BasicPct": (80, 90)[at % 2],
            "PerioPct": (50, 80)[at % 2],
            "MajorPct": 50,
        }
        for at in range(ROWS)
    ]
    found = proposal(tmp_path, Patient=[person(at) for at in range(ROWS)], InsurancePolicy=rows)
    assert fields(table_of(found, "insurance_policy"))["policy_id"].binding == "PolicyID"
    table = table_of(found, "insurance_coverage")
    values = {"preventive": "Prev", "basic": "Basic", "periodontal": "Perio", "major": "Major"}
    assert table.structure["unpivot"] == {"column": "procedure_class", "values": values}
    assert {name: each.binding for name, each in fields(table).items()} == {
        "policy_id": "PolicyID",
        "percent": "{procedure_class}Pct",
    }
    assert loaded(tmp_path, found).tables["insurance_coverage"].table == "InsurancePolicy"


def test_p3_referrals_in_columns_of_the_patient(tmp_path: Path) -> None:
    def refers(at: int) -> dict[str, Any]:
        second = f"R{at % 5 + 10}" if at % 4 == 0 else None
        return {
            "RefDr1": f"R{at % 9 + 10}",
            "RefDr1Date": f"2024-0{at % 9 + 1}-11",
            "RefDr2": second,
            "RefDr2Date": second and "2025-01-02",
        }

    doctors = [
        {
            "RefDrID": f"R{at + 10}",
            "RefType": "GP",
            "FirstName": FIRST[at % 8],
            "LastName": LAST[at % 8],
            "Fax": "555-0101",
        }
        for at in range(12)
    ]
    found = proposal(tmp_path, Patient=[person(at, **refers(at)) for at in range(ROWS)], ReferDr=doctors)
    table = table_of(found, "referral")
    assert table.structure["unpivot"] == {"column": "is_primary", "values": {"true": "1", "false": "2"}}
    bound = fields(table)
    assert bound["source_id"].binding == "RefDr{is_primary}"
    assert bound["referral_date"].binding == "RefDr{is_primary}Date"
    assert (bound["direction"].binding, bound["direction"].confidence) == ({"value": "from"}, Confidence.WEAK)
    assert "RefDr" not in str([each.binding for each in table_of(found, "patient").fields])
    assert loaded(tmp_path, found).tables["referral"].table == "Patient"


def test_p3_what_columns_of_records_lead_to_is_not_the_rows_own(tmp_path: Path) -> None:
    fees = {"D4341": ("Scaling", 250), "D4910": ("Maintenance", 120), "D4260": ("Osseous surgery", 900)}
    rows = []
    for at in range(ROWS):
        plan: dict[str, Any] = {"PlanID": at + 900, "PatientID": f"P{at:04}", "PlanStatus": "Accepted"}
        for number in (1, 2):
            code = CHANCE.choice(list(fees))
            plan |= {f"Proc{number}Code": code, f"Proc{number}Fee": fees[code][1]}
            plan |= {f"Proc{number}Status": ("Planned", "Completed")[at % 2]}
        rows.append(plan)
    codes = [{"ProcCode": code, "Description": label, "Fee": fee} for code, (label, fee) in fees.items()]
    found = proposal(tmp_path, Patient=[person(at) for at in range(ROWS)], TreatmentPlan=rows, ProcedureCodes=codes)
    item = fields(table_of(found, "treatment_item"))
    assert item["procedure_code"].binding == "Proc{sequence}Code"
    assert item["fee"].binding == "Proc{sequence}Fee"
    assert "joins" not in table_of(found, "treatment_plan").structure


def test_p3_phases_in_columns_of_the_plan(tmp_path: Path) -> None:
    names = ("Initial therapy", "Reevaluation", "Surgical", "Maintenance")
    rows = []
    for at in range(ROWS):
        plan: dict[str, Any] = {
            "PlanID": at + 900,
            "PatientID": f"P{at:04}",
            "PlanName": "Full mouth",
            "Status": "Accepted",
        }
        for number in (1, 2, 3):
            there = number <= at % 3 + 1
            plan |= {f"Phase{number}Name": names[(at + number) % 4] if there else None}
            plan |= {f"Phase{number}Status": ("Planned", "Active", "Completed")[at % 3] if there else None}
            plan |= {f"Phase{number}Start": f"2025-0{number}-0{at % 9 + 1}" if there else None}
        rows.append(plan)
    found = proposal(tmp_path, Patient=[person(at) for at in range(ROWS)], TreatmentPlan=rows)
    table = table_of(found, "treatment_phase")
    bound = {name: each.binding for name, each in fields(table).items()}
    assert table.structure["unpivot"] == {"column": "sequence", "values": {"1": "1", "2": "2", "3": "3"}}
    assert bound["phase_id"] == {"text": "{PlanID}-{sequence}"}
    assert bound["plan_id"] == "PlanID"
    assert bound["started_date"] == "Phase{sequence}Start"
    assert "Phase{sequence}Name" in str(bound["phase"])
    assert "Phase{sequence}Status" in str(bound["status"])
    plan = fields(table_of(found, "treatment_plan"))
    assert "Status" in str(plan["status"].binding)
    assert loaded(tmp_path, found).tables["treatment_phase"].table == "TreatmentPlan"
