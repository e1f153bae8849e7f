"""What surrounds treatment: referrals, insurance, images, practice-specific findings, the ledger."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import numpy as np

from perio_pipeline.panda.sample.charting import Chart
from perio_pipeline.panda.sample.days import shortly_after, stamp
from perio_pipeline.panda.sample.figures import word_list
from perio_pipeline.panda.sample.mouth import IMPLANT, INTERPROXIMAL, PRESENT
from perio_pipeline.panda.sample.world import Bundle, World
from perio_pipeline.panda.sample.writer import Row

_INSURED, _SECOND_POLICY, _ENDED_POLICY = 0.53, 0.12, 0.1
_USUAL_LOSS_MM = 1.0
_IMAGE_SUFFIX = {"PA": "jpg", "BW": "jpg", "PAN": "jpg", "CT": "dcm", "PH": "jpg"}


def refer_in(world: World, bundle: Bundle, first_visit: date) -> Row | None:
    """Add who sent the patient; return the source, or None for one in ten who came by themselves."""
    rng = bundle.rng
    if rng.random() < 0.1:
        return None
    draw = rng.random()
    if draw < 0.08:
        source = world.other_sources.pick(rng)
    elif draw < 0.17 and world.patient_sources:
        source = rng.choice(world.patient_sources)
    else:
        source = world.dentists.pick(rng)
    day = first_visit - timedelta(days=rng.randint(3, 40))
    _referral(world, bundle, source, "F", day, primary=1)
    if rng.random() < 0.06:
        _referral(world, bundle, world.dentists.pick(rng), "F", day + timedelta(days=2), primary=0)
    return source


def refer_out(world: World, bundle: Bundle, day: date) -> None:
    """Add a referral to a colleague."""
    specialists = [row for row in world.dentists.rows if row["RefType"] == "SP"]
    _referral(world, bundle, bundle.rng.choice(specialists), "T", day, primary=0)


def _referral(world: World, bundle: Bundle, source: Row, direction: str, day: date, primary: int) -> None:
    typed = stamp(shortly_after(bundle.rng, day))
    bundle.add(
        "PatReferral",
        {
            "ReferralNo": world.numbers.next("PatReferral"),
            "PatID": bundle.patient["PatID"],
            "RefdrID": source["RefdrID"],
            "RefDirection": direction,
            "RefDate": stamp(day),
            "IsPrimary": primary,
            "Reason": bundle.rng.choice(word_list("practice")["referral_reasons"]),
            "DateEntered": typed,
            "LastModified": typed,
        },
    )


def insure(world: World, bundle: Bundle, first_visit: date) -> None:
    """Add the patient's policies and what they pay."""
    rng = bundle.rng
    if rng.random() >= _INSURED:
        return
    for ordinal in (1, 2) if rng.random() < _SECOND_POLICY else (1,):
        lists = word_list("practice")
        start = date(first_visit.year - rng.randint(0, 3), rng.choice((1, 1, 1, 7)), 1)
        ended = date(first_visit.year, 12, 31) if rng.random() < _ENDED_POLICY else None
        typed = stamp(shortly_after(rng, first_visit))
        policy = bundle.add(
            "InsPolicy",
            {
                "PolicyNo": world.numbers.next("InsPolicy"),
                "PatID": bundle.patient["PatID"],
                "Ordinal": ordinal,
                "CarrierName": rng.choice(lists["carriers"]),
                "SubscriberNo": f"{rng.choice('WXYZ')}{rng.randrange(10**8):08d}",
                "GroupNo": f"{rng.randint(1000, 99999)}-{rng.randint(1, 30):02d}" if rng.random() < 0.9 else None,
                "Relation": rng.choices(list(lists["relations"]), list(lists["relations"].values()))[0],
                "DateEffective": stamp(start),
                "DateTerm": stamp(ended),
                "DateEntered": typed,
                "LastModified": typed,
            },
        )
        for covered, percents in lists["coverage"].items():
            bundle.add(
                "InsCoverage",
                {"PolicyNo": policy["PolicyNo"], "CovClass": covered, "CovPercent": rng.choice(percents)},
            )


def take_image(world: World, bundle: Bundle, kind: str, day: date, teeth: list[int]) -> None:
    """Add an image: the reference to it, and its file."""
    patient, suffix = bundle.patient["PatID"], _IMAGE_SUFFIX[kind]
    number = world.numbers.next("ImageRef")
    typed = stamp(shortly_after(bundle.rng, day))
    path = f"{patient}\\{day:%Y%m%d}_{kind}_{number}.{suffix}"
    implant = bool(teeth and bundle.charts and bundle.charts[-1].status[teeth[0] - 1] == IMPLANT)
    size = world.images.write(kind, path, teeth, _loss_at(bundle, teeth), implant, bundle.rng.random())
    bundle.add(
        "ImageRef",
        {
            "ImageNo": number,
            "PatID": patient,
            "ImageType": kind,
            "DateTaken": stamp(day),
            "ToothRange": ",".join(map(str, teeth)) or None,
            "FilePath": path,
            "FileBytes": size,
            "DateEntered": typed,
            "LastModified": typed,
        },
    )


def _loss_at(bundle: Bundle, teeth: list[int]) -> float:
    """Attachment lost between some teeth, or between all, by the latest chart, mm."""
    if not bundle.charts:
        return _USUAL_LOSS_MM
    chart = bundle.charts[-1]
    there = chart.probed & chart.margin_charted & INTERPROXIMAL
    shown = np.isin(np.arange(1, 33), teeth) if teeth else np.ones(32, dtype=bool)
    losses = (chart.depth + chart.margin)[there & shown[:, None]]
    return float(losses.mean()) if losses.size else _USUAL_LOSS_MM


def note_findings(world: World, bundle: Bundle, chart: Chart) -> None:
    """Add one or two of the findings only this practice records."""
    findings = word_list("practice")["findings"]
    natural = [int(place) + 1 for place in (chart.status == PRESENT).nonzero()[0]]
    for name in bundle.rng.sample(list(findings), bundle.rng.randint(0, 2)):
        on_tooth = findings[name]["tooth"] and natural
        bundle.add(
            "CustomFinding",
            {
                "FindingNo": world.numbers.next("CustomFinding"),
                "PatID": bundle.patient["PatID"],
                "ExamNo": chart.exam["ExamNo"],
                "ToothNo": bundle.rng.choice(natural) if on_tooth else None,
                "FindingName": name,
                "FindingValue": bundle.rng.choice(findings[name]["values"]),
                "DateRecorded": chart.exam["DateEntered"],
            },
        )


def charge(world: World, bundle: Bundle, visit: Row) -> None:
    """Add a line of the billing history, which nothing reads."""
    day = datetime.fromisoformat(str(visit["VisitDateTime"])).date()
    bundle.add(
        "Ledger",
        {
            "LedgerNo": world.numbers.next("Ledger"),
            "AccountNO": bundle.patient["AccountNO"],
            "PatID": bundle.patient["PatID"],
            "EntryDate": stamp(day),
            "Descript": visit["ProcDescript"],
            "Amount": bundle.rng.randint(60, 900),
        },
    )
