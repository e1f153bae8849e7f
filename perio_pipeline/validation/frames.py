"""The frames that cleaning derives from validated ones, each defined once: columns, types, meaning."""

from __future__ import annotations

from perio_pipeline.panda import canonical as c
from perio_pipeline.panda.canonical import Table

PATIENT_IDENTITY = Table(
    "patient_identity",
    ("patient_id",),
    (
        c.identifier("patient_id", "a valid patient"),
        c.identifier("survivor_id", "the patient that stays; itself unless it is merged"),
        c.text(
            "disposition",
            "what becomes of the patient",
            required=True,
            choices=("load", "merged", "skipped"),
            phi=False,
        ),
        c.text("reason", "why it is merged or skipped; empty for load", phi=False),
    ),
    "What becomes of each valid patient: loaded, merged into a certain duplicate, or skipped by policy.",
)

CONTACT_POINT = Table(
    "contact_point",
    ("patient_id",),
    (
        c.identifier("patient_id", "a patient that is loaded"),
        c.text("email", "the e-mail that is this patient's alone in a CRM, in lower case"),
        c.text("email_holder_id", "who keeps the patient's e-mail: itself, or another of the family"),
        c.text("shared_email", "the patient's e-mail, where another of the family keeps it"),
        c.text("phone", "the phone that is this patient's alone in a CRM, E.164"),
        c.text("phone_kind", "which of the patient's phones that is", choices=("mobile", "home", "work")),
        c.text("phone_holder_id", "who keeps the patient's best phone: itself, or another of the family"),
    ),
    "Which e-mail and phone each loaded patient gets: CRMs hold one contact per address, families share theirs.",
)

REFERRING_PRACTICE = Table(
    "referring_practice",
    ("practice_id",),
    (
        c.identifier("practice_id", "RP- and the lowest key of its referrers"),
        c.text("name", "the practice's name", required=True, phi=False),
        *(
            c.text(name, f"the practice's {name.replace('_', ' ')}", phi=False)
            for name in ("phone", "email", "website", "street", "street2", "city", "state", "postal_code")
        ),
        c.integer("dentists", "how many people refer from there", phi=False),
        c.datetime("modified_at", "when PANDA last changed one of its referrers", phi=False),
    ),
    "A practice that refers patients, gathered from its dentists' records.",
)

REFERRING_PRACTICE_MEMBER = Table(
    "referring_practice_member",
    ("source_id",),
    (c.identifier("source_id", "a referrer"), c.identifier("practice_id", "the practice it belongs to")),
    "Which referrer belongs to which referring practice.",
)

PRIMARY_REFERRAL = Table(
    "primary_referral",
    ("patient_id",),
    (
        c.identifier("patient_id", "a patient that is loaded"),
        c.text("practice_id", "the referring practice; empty where no dentist referred", phi=False),
        c.text("source_id", "the referrer", phi=False),
        c.date("referral_date", "when"),
    ),
    "Each loaded patient's primary referral source.",
)

REFERRER_VOLUME = Table(
    "referrer_volume",
    ("source_id",),
    (
        c.identifier("source_id", "a referrer"),
        c.integer("referrals", "how many patients it referred", required=True, phi=False),
        c.date("first_referral_date", "its first referral", phi=False),
        c.date("last_referral_date", "its latest referral", phi=False),
    ),
    "How much each referrer refers.",
)

LIKELY_DUPLICATE = Table(
    "likely_duplicate",
    ("patient_id", "other_id"),
    (
        c.identifier("patient_id", "a patient; the lower key of the two"),
        c.identifier("other_id", "who it may be the same as"),
        c.text("reason", "what speaks for it", phi=False),
    ),
    "Pairs of patients that may be one person; for people to decide on, never merged.",
)

CARRIED_FORWARD_EXAM = Table(
    "carried_forward_exam",
    ("exam_id",),
    (
        c.identifier("exam_id", "an exam whose sites all equal those of an earlier one"),
        c.identifier("patient_id", "the patient"),
        c.identifier("copied_from_exam_id", "the earlier exam"),
    ),
    "Exams that look copied forward: every site as at an earlier date. Reported, and loaded as they are.",
)

DERIVED = (
    PATIENT_IDENTITY,
    CONTACT_POINT,
    REFERRING_PRACTICE,
    REFERRING_PRACTICE_MEMBER,
    PRIMARY_REFERRAL,
    REFERRER_VOLUME,
    LIKELY_DUPLICATE,
    CARRIED_FORWARD_EXAM,
)
"""Every frame of this room that is an asset."""
