"""Letters: a template of `lists/letters.yaml` with its merge fields filled and its conditions decided.

Most are RTF; some, of an older or newer version, are HTML or plain text.
"""

from __future__ import annotations

import random
import re
from datetime import date, datetime, time

from perio_pipeline.panda.sample.charting import Chart
from perio_pipeline.panda.sample.days import stamp
from perio_pipeline.panda.sample.figures import word_list
from perio_pipeline.panda.sample.letter_forms import FORMS, Written
from perio_pipeline.panda.sample.plans import Plan
from perio_pipeline.panda.sample.staging import Diagnosis
from perio_pipeline.panda.sample.world import Bundle, World
from perio_pipeline.panda.sample.writer import Row

_CONDITION = re.compile(r"«IF (\w+) (=|<>|>) ?([^»]*)»(.*?)(?:«ELSE»(.*?))?«END IF»")
_FIELD = re.compile(r"«(\w+)»")
_FORM_SHARES = {"R": 8, "H": 1, "T": 1}
_ROLES = {"P": "Periodontist", "DMD": "Dentist", "DDS": "Dentist"}
_PLAN_STATUS = {"CON": "Consultation", "ACC": "Accepted", "INT": "In treatment", "CMP": "Completed", "LST": "Lost"}


def write_letter(
    world: World,
    bundle: Bundle,
    use: str,
    day: date,
    chart: Chart,
    diagnosis: Diagnosis,
    plan: Plan | None = None,
    referrer: Row | None = None,
) -> Row:
    """Add the letter whose template has this `use`."""
    lists = word_list("letters")
    template = next(entry for entry in lists["templates"] if entry["use"] == use)
    written = datetime.combine(day, time(17, bundle.rng.randrange(60)))
    values = _values(world, bundle, day, chart, diagnosis, plan, referrer)
    values |= _addressee(template["recipient"], bundle, referrer or {}, values)
    number = world.numbers.next("Letter")
    texts = [*lists["opening"], *template["body"], *lists["closing"]]
    letter = Written(_merged(lists["head"], values), _merged(texts, values))
    # Of the number, so that the patient's own chances stay as they are.
    form = random.Random(number).choices(list(_FORM_SHARES), list(_FORM_SHARES.values()))[0]
    return bundle.add(
        "Letter",
        {
            "LetterNo": number,
            "PatID": bundle.patient["PatID"],
            "TemplateNo": template["id"],
            "RefdrID": referrer["RefdrID"] if referrer else None,
            "PlanNo": plan.row["PlanNo"] if plan else None,
            "LetterDateTime": stamp(written),
            "Subject": template["subject"],
            "LetterFormat": form,
            "LetterRtf": FORMS[form](letter),
            "DateEntered": stamp(written),
            "LastModified": stamp(written),
        },
    )


def _merged(texts: list[str], values: dict[str, str]) -> list[str]:
    """The texts with their fields filled; what came out empty is left out, line by line."""
    lines = ("\n".join(line for line in merge(text, values).split("\n") if line.strip()) for text in texts)
    return [text for text in lines if text]


def merge(text: str, values: dict[str, str]) -> str:
    """Decide the conditions of a template text and fill its fields."""

    def decide(match: re.Match[str]) -> str:
        name, operator, expected, then, otherwise = match.groups()
        return then if _holds(values[name], operator, expected) else otherwise or ""

    return _FIELD.sub(lambda match: values[match[1]], _CONDITION.sub(decide, text))


def _holds(value: str, operator: str, expected: str) -> bool:
    if operator == ">":
        return float(value) > float(expected)
    return (value == expected) == (operator == "=")


def _addressee(recipient: str, bundle: Bundle, referrer: Row, values: dict[str, str]) -> dict[str, str]:
    """The fields of the address: the referrer's, the insurer's, or those of the patient's account."""
    if recipient == "I":
        lines = [values["InsuranceCarrier"], "Claims department", "", ""]
    elif recipient == "R":
        name = " ".join(str(referrer.get(part) or "") for part in ("RefdrTitle", "RefdrFirstName", "RefdrLastName"))
        city = f"{referrer.get('RefdrCity')}, {referrer.get('RefdrState')} {referrer.get('RefdrZip')}"
        street = f"{referrer.get('RefdrStreet')} {referrer.get('RefdrStreet2') or ''}".strip()
        lines = [name.strip(), str(referrer.get("RefdrPractice") or ""), street, city]
    else:
        account, person = bundle.account, bundle.person
        city = f"{account['City']}, {account['State']} {account['Zip']}"
        lines = [f"{values['PatientTitle']} {person.first} {person.last}", "", str(account["Street"] or ""), city]
    return dict(zip(("AddresseeName", "AddresseePractice", "AddresseeStreet", "AddresseeCity"), lines, strict=True))


def _values(
    world: World,
    bundle: Bundle,
    day: date,
    chart: Chart,
    diagnosis: Diagnosis,
    plan: Plan | None,
    referrer: Row | None,
) -> dict[str, str]:
    person, policy = bundle.person, (bundle.of("InsPolicy") or [{}])[0]
    doctor = next(row for row in world.providers if row["ProvNo"] == bundle.patient["ProvNo"])
    referrer = referrer or {}
    practice = word_list("practice")
    office = practice["addresses"][world.offices.index(str(bundle.patient["OfficeCode"])) % len(practice["addresses"])]
    return {
        "PracticeName": practice["name"],
        "PracticeStreet": office["street"],
        "PracticeCity": office["city"],
        "PracticePhone": office["phone"],
        "PracticeFax": office["fax"],
        "Today": f"{day:%B} {day.day}, {day.year}",
        "ExamDate": str(chart.exam["ExamDate"])[:10],
        "ReferrerTitle": str(referrer.get("RefdrTitle") or ""),
        "ReferrerLastName": str(referrer.get("RefdrLastName") or "colleague"),
        "PatientTitle": "Ms." if person.sex == "F" else "Mr.",
        "PatientFirstName": person.first,
        "PatientLastName": person.last,
        "PatientBirthDate": person.birth.isoformat(),
        "Diagnosis": diagnosis.classification,
        "Grade": diagnosis.grade or "not given",
        "BopPercent": str(chart.bleeding_percent),
        "DeepSites": str(int(chart.deep(5).sum())),
        "PlanName": str(plan.row["Heading"]) if plan else "",
        "PlanStatus": _PLAN_STATUS[str(plan.row["PlanStatus"])] if plan else "",
        "PlanTotal": f"{plan.total():,.2f}" if plan else "",
        "PlanLines": _plan_lines(plan) if plan else "",
        "InsuranceCarrier": str(policy.get("CarrierName") or ""),
        "PolicyNumber": str(policy.get("SubscriberNo") or ""),
        "GroupNumber": str(policy.get("GroupNo") or ""),
        "ProviderName": f"{doctor['FirstName']} {doctor['LastName']}",
        "ProviderRole": _ROLES.get(str(doctor["ProvType"]), ""),
        "ProviderNPI": str(doctor["NPI"]),
    }


def _plan_lines(plan: Plan) -> str:
    lines = [item for items in plan.items.values() for item in items]
    return "\n".join(
        "\t".join(
            (
                str(item["Descript"]),
                str(item["SurfArea"] or item["ToothRange"] or ""),
                f"${float(str(item['FeeAmt'])):,.2f}" if item["FeeAmt"] else "",
            )
        )
        for item in lines
    )
