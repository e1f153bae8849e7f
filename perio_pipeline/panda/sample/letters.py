"""Letters: a template of `lists/letters.yaml` with its merge fields filled and its conditions decided."""

from __future__ import annotations

import re
from datetime import date, datetime, time

from perio_pipeline.panda.sample.charting import Chart
from perio_pipeline.panda.sample.days import stamp
from perio_pipeline.panda.sample.figures import word_list
from perio_pipeline.panda.sample.plans import Plan
from perio_pipeline.panda.sample.rtf import to_rtf
from perio_pipeline.panda.sample.staging import Diagnosis
from perio_pipeline.panda.sample.world import Bundle, World
from perio_pipeline.panda.sample.writer import Row

_CONDITION = re.compile(r"«IF (\w+) (=|<>|>) ?([^»]*)»(.*?)(?:«ELSE»(.*?))?«END IF»")
_FIELD = re.compile(r"«(\w+)»")
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
    template = next(entry for entry in word_list("letters")["templates"] if entry["use"] == use)
    written = datetime.combine(day, time(17, bundle.rng.randrange(60)))
    values = _values(world, bundle, day, chart, diagnosis, plan, referrer)
    return bundle.add(
        "Letter",
        {
            "LetterNo": world.numbers.next("Letter"),
            "PatID": bundle.patient["PatID"],
            "TemplateNo": template["id"],
            "RefdrID": referrer["RefdrID"] if referrer else None,
            "PlanNo": plan.row["PlanNo"] if plan else None,
            "LetterDateTime": stamp(written),
            "Subject": template["subject"],
            "LetterRtf": to_rtf([merge(text, values) for text in template["body"]]),
            "DateEntered": stamp(written),
            "LastModified": stamp(written),
        },
    )


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
    return {
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
        "ProviderNPI": str(doctor["NPI"]),
    }


def _plan_lines(plan: Plan) -> str:
    lines = [item for items in plan.items.values() for item in items]
    return "\n".join(
        f"{item['Descript']} {item['SurfArea'] or item['ToothRange'] or ''}".strip()
        + (f" – ${float(str(item['FeeAmt'])):,.2f}" if item["FeeAmt"] else "")
        for item in lines
    )
