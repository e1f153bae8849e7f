"""Clinical notes: sentences of `lists/notes.yaml` filled from the chart, written as RTF, HTML or text."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import numpy as np

from perio_pipeline.panda.sample.charting import Chart
from perio_pipeline.panda.sample.days import shortly_after, stamp
from perio_pipeline.panda.sample.figures import SITE_ORDER, word_list
from perio_pipeline.panda.sample.rtf import headed_html, headed_rtf, headed_text
from perio_pipeline.panda.sample.staging import Diagnosis
from perio_pipeline.panda.sample.world import Bundle, World
from perio_pipeline.panda.sample.writer import Row

_FORMATS = {"R": headed_rtf, "H": headed_html, "T": headed_text}
_FORMAT_WEIGHTS = (55, 15, 30)
_DEEP_MM = 5
_TEMPLATE_AND_TYPE = {
    "consult": ("soap", "SOAP"),
    "srp": ("srp", "PROG"),
    "scaling": ("scaling", "PROG"),
    "limited": ("limited", "PROG"),
    "reevaluation": ("reevaluation", "SOAP"),
    "surgery": ("surgery", "PROG"),
    "implant": ("implant", "PROG"),
    "postop": ("postop", "INSTA"),
    "maintenance": ("maintenance", "INSTA"),
    "phone": ("phone", "TEL"),
}


def write_note(
    world: World,
    bundle: Bundle,
    kind: str,
    visit: Row,
    chart: Chart | None = None,
    diagnosis: Diagnosis | None = None,
    area: str = "",
) -> Row:
    """Add the note of a visit.

    Args:
        world: the practice.
        bundle: the patient.
        kind: kind of visit, or `phone`.
        visit: its row; the author is its provider.
        chart: the chart of the day, or the last one.
        diagnosis: for the assessment.
        area: where something was done.
    """
    template, note_type = _TEMPLATE_AND_TYPE[kind]
    written = shortly_after(bundle.rng, datetime.fromisoformat(str(visit["VisitDateTime"])))
    form = bundle.rng.choices(tuple(_FORMATS), _FORMAT_WEIGHTS)[0]
    return bundle.add(
        "InstaNote",
        {
            "NoteNo": world.numbers.next("InstaNote"),
            "PatID": bundle.patient["PatID"],
            "VisitNo": visit["VisitNo"],
            "ProvNo": visit["ProvNo"],
            "NoteType": note_type,
            "NoteDateTime": stamp(written),
            "BodyFormat": form,
            "NoteBody": _FORMATS[form](_sections(bundle, template, chart, diagnosis, area)),
            "DateEntered": stamp(written),
            "LastModified": stamp(written),
        },
    )


def _sections(
    bundle: Bundle, template: str, chart: Chart | None, diagnosis: Diagnosis | None, area: str
) -> list[tuple[str, str]]:
    words: dict[str, Any] = word_list("notes")
    rng, person = bundle.rng, bundle.person
    facts = {
        "complaint": rng.choice(words["complaints"]),
        "home_care": rng.choice(words["home_care"]),
        "smoking": f"Smokes {person.cigarettes} a day." if person.cigarettes else "Non-smoker.",
        "diabetes": f"diabetes, HbA1c {person.hba1c or 'unknown'}" if person.diabetes else "no diabetes",
        "diagnosis": describe(diagnosis) if diagnosis else "Diagnosis unchanged",
        "bop": chart.bleeding_percent if chart else "not taken",
        "deep": int(chart.deep(_DEEP_MM).sum()) if chart else "?",
        "deepest": deepest_sites(chart) if chart else "see last chart",
        "area": area or "as planned",
    }
    return [(heading, rng.choice(sentences).format(**facts)) for heading, sentences in words[template]]


def describe(diagnosis: Diagnosis) -> str:
    """Return a diagnosis in words."""
    extents = {"L": "localized", "G": "generalized", "MI": "molar-incisor pattern"}
    if diagnosis.extent is None:
        return diagnosis.classification
    return f"Periodontitis {diagnosis.classification}, grade {diagnosis.grade}, {extents[diagnosis.extent]}"


def deepest_sites(chart: Chart, count: int = 3) -> str:
    """Return the deepest sites in words, such as `7 mm #3 DB, 6 mm #14 MB`."""
    depth = np.where(chart.deep(1), chart.depth, -1)
    order = np.argsort(-depth, axis=None, kind="stable")[:count]
    return ", ".join(f"{depth.flat[place]} mm #{place // 6 + 1} {SITE_ORDER[place % 6]}" for place in order.tolist())
