"""Plants problems in visits, plans, items, notes and policies. Every function returns the keys it planted."""

from __future__ import annotations

import base64
from collections.abc import Callable
from datetime import timedelta

from perio_pipeline.panda.sample.days import clocks_forward, stamp
from perio_pipeline.panda.sample.mouth import QUADRANTS
from perio_pipeline.panda.sample.visits import kept
from perio_pipeline.panda.sample.world import Bundle, World, first_date
from perio_pipeline.panda.sample.writer import Row

_FEW_TEETH = ("D4342", "D4261")
_AREA_SPELLINGS = {
    "UR": ("UR Quad", "10", "Upper Right"),
    "UL": ("UL Quad", "20", "Upper Left"),
    "LL": ("LL Quad", "30", "lower left"),
    "LR": ("LR Quad", "40", "LRQ"),
}
_SIGNATURE_BYTES = 420

TOOTH_NOTATIONS: dict[str, str] = {
    "tooth_range_dash": "{0}-{1}, {3}",
    "tooth_range_hash": "#{0} #{1}",
    "tooth_range_to": "{0} to {2}",
    "tooth_range_semicolon": "{0};{1};{2}",
    "tooth_range_reversed": "{3}-{1}",
}
"""Problem → how it writes the third, fourth, fifth and eighth tooth of a quadrant."""


def tooth_notation(pattern: str) -> Callable[[World, Bundle], list[str]]:
    """Return the function that writes the teeth of a few-teeth line in that notation."""

    def plant(world: World, bundle: Bundle) -> list[str]:
        lines = [row for row in bundle.of("TxItem") if row["ProcCode"] in _FEW_TEETH and row["SurfArea"] in QUADRANTS]
        if not lines:
            return []
        item = bundle.rng.choice(lines)
        first = QUADRANTS[str(item["SurfArea"])].start + 3
        item["ToothRange"] = pattern.format(first, first + 1, first + 2, first + 5)
        return [str(item["ItemNo"])]

    return plant


def primary_tooth(world: World, bundle: Bundle) -> list[str]:
    """A primary tooth on a line."""
    return _change_item(bundle, "ToothRange", bundle.rng.choice("AJKT"))


def supernumerary_tooth(world: World, bundle: Bundle) -> list[str]:
    """A supernumerary tooth on a line."""
    return _change_item(bundle, "ToothRange", str(bundle.rng.choice((51, 58, 66, 82))))


def quadrant_spelling(world: World, bundle: Bundle) -> list[str]:
    """A quadrant in somebody's own spelling."""
    lines = [row for row in bundle.of("TxItem") if row["SurfArea"] in QUADRANTS]
    if not lines:
        return []
    item = bundle.rng.choice(lines)
    item["SurfArea"] = bundle.rng.choice(_AREA_SPELLINGS[str(item["SurfArea"])])
    return [str(item["ItemNo"])]


def zero_fee(world: World, bundle: Bundle) -> list[str]:
    """A line that costs nothing."""
    return _change_item(bundle, "FeeAmt", 0)


def missing_fee(world: World, bundle: Bundle) -> list[str]:
    """A line whose fee nobody entered."""
    return _change_item(bundle, "FeeAmt", None)


def unknown_item_status(world: World, bundle: Bundle) -> list[str]:
    """A status of an older version."""
    return _change_item(bundle, "ItemStatus", "H")


def strange_phase(world: World, bundle: Bundle) -> list[str]:
    """A line whose phase was deleted."""
    return _change_item(bundle, "PhaseNo", 9_000_000)


def strange_code(world: World, bundle: Bundle) -> list[str]:
    """A line with a code that is not in the code table."""
    return _change_item(bundle, "ProcCode", bundle.rng.choice(("PM90", "T4341", "D9X99")))


def unknown_plan_status(world: World, bundle: Bundle) -> list[str]:
    """A status of an older version."""
    plans = bundle.of("TxPlan")
    if not plans:
        return []
    plan = bundle.rng.choice(plans)
    plan["PlanStatus"] = "PND"
    return [str(plan["PlanNo"])]


def midnight(world: World, bundle: Bundle) -> list[str]:
    """A visit of which only the date is known."""
    return _change_visit(bundle, lambda visit: f"{str(visit['VisitDateTime'])[:10]} 00:00:00", "VisitDateTime")


def clock_gap(world: World, bundle: Bundle) -> list[str]:
    """A visit at a time that does not exist."""

    def at(visit: Row) -> str:
        year = first_date(visit, "VisitDateTime").year
        gap = clocks_forward(year)
        return str(stamp(gap if gap.date() <= world.today else clocks_forward(year - 1)))

    return _change_visit(bundle, at, "VisitDateTime")


def unknown_visit_status(world: World, bundle: Bundle) -> list[str]:
    """A status of an older version."""
    return _change_visit(bundle, lambda _: "Z", "VisitStatus")


def strange_patient(world: World, bundle: Bundle) -> list[str]:
    """A visit that stayed when its patient was deleted for good."""
    visits = [row for row in bundle.of("Visit") if kept(row)]
    if not visits:
        return []
    key = world.numbers.next("Visit")
    day = first_date(visits[0], "VisitDateTime") + timedelta(days=7)
    typed = stamp(day)
    orphan = {"VisitNo": key, "PatID": f"{90000 + key}ZZ", "DateEntered": typed, "LastModified": typed}
    bundle.add("Visit", {**visits[0], "VisitNote": None, **orphan})
    return [str(key)]


def signature(world: World, bundle: Bundle) -> list[str]:
    """A signature image pasted into a note as base64."""
    notes = bundle.of("InstaNote")
    if not notes:
        return []
    note = bundle.rng.choice(notes)
    image = base64.b64encode(b"\x89PNG\r\n\x1a\n" + bundle.rng.randbytes(_SIGNATURE_BYTES))
    body, mark = note["NoteBody"], b"Signature: data:image/png;base64," + image
    assert isinstance(body, bytes)
    ending = {"R": b"}", "H": b"</div>"}.get(str(note["BodyFormat"]), b"")
    opening = {"R": b"\\par\r\n", "H": b"<p>"}.get(str(note["BodyFormat"]), b"\r\n")
    note["NoteBody"] = body.removesuffix(ending) + opening + mark + ending
    return [str(note["NoteNo"])]


def endless_policy(world: World, bundle: Bundle) -> list[str]:
    """A policy that ends on the last day the database knows."""
    policies = bundle.of("InsPolicy")
    if not policies:
        return []
    policies[0]["DateTerm"] = "9999-12-31 00:00:00"
    return [str(policies[0]["PolicyNo"])]


def _change_item(bundle: Bundle, column: str, value: object) -> list[str]:
    items = [row for row in bundle.of("TxItem") if row["ToothRange"] or column != "ToothRange"]
    if not items:
        return []
    item = bundle.rng.choice(items)
    item[column] = value
    return [str(item["ItemNo"])]


def _change_visit(bundle: Bundle, value: Callable[[Row], str], column: str) -> list[str]:
    visits = [row for row in bundle.of("Visit") if kept(row)]
    if not visits:
        return []
    visit = bundle.rng.choice(visits)
    visit[column] = value(visit)
    return [str(visit["VisitNo"])]
