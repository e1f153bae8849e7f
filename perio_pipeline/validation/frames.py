"""The frames that cleaning derives from validated ones, each defined once: columns, types, meaning."""

from __future__ import annotations

from functools import partial

from perio_pipeline.panda.canonical import Column, Kind, Table

_text = partial(Column, kind=Kind.TEXT)


def _id(name: str, description: str) -> Column:
    return _text(name=name, description=description, required=True, phi=False)


PATIENT_IDENTITY = Table(
    "patient_identity",
    ("patient_id",),
    (
        _id("patient_id", "a valid patient"),
        _id("survivor_id", "the patient that stays; itself unless it is merged"),
        _text(
            name="disposition",
            description="what becomes of the patient",
            required=True,
            choices=("load", "merged", "skipped"),
            phi=False,
        ),
        _text(name="reason", description="why it is merged or skipped; empty for load", phi=False),
    ),
    "What becomes of each valid patient: loaded, merged into a certain duplicate, or skipped by policy.",
)

CONTACT_POINT = Table(
    "contact_point",
    ("patient_id",),
    (
        _id("patient_id", "a patient that is loaded"),
        _text(name="email", description="the e-mail that is this patient's alone in a CRM, in lower case"),
        _text(name="email_holder_id", description="who keeps the patient's e-mail: itself, or another of the family"),
        _text(name="shared_email", description="the patient's e-mail, where another of the family keeps it"),
        _text(name="phone", description="the phone that is this patient's alone in a CRM, E.164"),
        _text(
            name="phone_kind", description="which of the patient's phones that is", choices=("mobile", "home", "work")
        ),
        _text(
            name="phone_holder_id", description="who keeps the patient's best phone: itself, or another of the family"
        ),
    ),
    "Which e-mail and phone each loaded patient gets: CRMs hold one contact per address, families share theirs.",
)

REFERRING_PRACTICE = Table(
    "referring_practice",
    ("practice_id",),
    (
        _id("practice_id", "RP- and the lowest key of its referrers"),
        _text(name="name", description="the practice's name", required=True, phi=False),
        *(
            _text(name=name, description=f"the practice's {name.replace('_', ' ')}", phi=False)
            for name in ("phone", "email", "website", "street", "street2", "city", "state", "postal_code")
        ),
        Column("dentists", Kind.INTEGER, "how many people refer from there", phi=False),
        Column("modified_at", Kind.DATETIME, "when PANDA last changed one of its referrers", phi=False),
    ),
    "A practice that refers patients, gathered from its dentists' records.",
)

REFERRING_PRACTICE_MEMBER = Table(
    "referring_practice_member",
    ("source_id",),
    (_id("source_id", "a referrer"), _id("practice_id", "the practice it belongs to")),
    "Which referrer belongs to which referring practice.",
)

PRIMARY_REFERRAL = Table(
    "primary_referral",
    ("patient_id",),
    (
        _id("patient_id", "a patient that is loaded"),
        _text(name="practice_id", description="the referring practice; empty where no dentist referred", phi=False),
        _text(name="source_id", description="the referrer", phi=False),
        Column("referral_date", Kind.DATE, "when"),
    ),
    "Each loaded patient's primary referral source.",
)

LIKELY_DUPLICATE = Table(
    "likely_duplicate",
    ("patient_id", "other_id"),
    (
        _id("patient_id", "a patient; the lower key of the two"),
        _id("other_id", "who it may be the same as"),
        _text(name="reason", description="what speaks for it", phi=False),
    ),
    "Pairs of patients that may be one person; for people to decide on, never merged.",
)

CARRIED_FORWARD_EXAM = Table(
    "carried_forward_exam",
    ("exam_id",),
    (
        _id("exam_id", "an exam whose sites all equal those of an earlier one"),
        _id("patient_id", "the patient"),
        _id("copied_from_exam_id", "the earlier exam"),
    ),
    "Exams that look copied forward: every site as at an earlier date. Reported, and loaded as they are.",
)

DERIVED = (
    PATIENT_IDENTITY,
    CONTACT_POINT,
    REFERRING_PRACTICE,
    REFERRING_PRACTICE_MEMBER,
    PRIMARY_REFERRAL,
    LIKELY_DUPLICATE,
    CARRIED_FORWARD_EXAM,
)
"""Every frame of this room that is an asset."""
