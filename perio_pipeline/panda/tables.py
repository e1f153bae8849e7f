"""The canonical PANDA schema: 23 tables, in an order in which parents come before children.

PANDA's own schema is not public and practices customise theirs; `mappings/panda.yaml` binds these tables to a real
database. Perio data is long: one row per exam × tooth × site, and one per exam × tooth. Teeth are Universal 1-32.
Clinical bounds and code lists: 2017/18 classification (Tonetti 2018), Hamp 1975, Miller 1950.
"""

from __future__ import annotations

from perio_pipeline.panda import canonical as c
from perio_pipeline.panda.canonical import Column, Table

SITES = ("MB", "B", "DB", "ML", "L", "DL")
"""Six probing sites: mesio-buccal, mid-buccal, disto-buccal, mesio-lingual, mid-lingual, disto-lingual."""

CLASSIFICATIONS = ("healthy", "gingivitis", "stage_1", "stage_2", "stage_3", "stage_4", "periodontitis")
"""Periodontal diagnosis; `periodontitis` is a recorded periodontitis without a stage."""

PHASES = ("diagnosis", "initial_therapy", "reevaluation", "surgical_therapy", "maintenance")
"""Phases of a treatment plan, in clinical order."""


def _parent(table: str, name: str | None = None, *, keeps_row: bool = False, description: str = "") -> Column:
    """A reference to a parent. `keeps_row`: an orphan keeps its place and loses the link, which is reported."""
    return c.text(
        name or f"{table}_id",
        description or f"the {table.replace('_', ' ')} this row belongs to",
        required=not keeps_row,
        references=table,
        keeps_row=keeps_row,
        phi=False,
    )


def _stamps() -> tuple[Column, Column]:
    return (
        c.datetime("created_at", "when PANDA created the row", phi=False),
        c.datetime("modified_at", "when PANDA last changed the row", phi=False),
    )


def _address() -> tuple[Column, ...]:
    return (
        c.text("street", "street and number"),
        c.text("street2", "suite, apartment"),
        c.text("city", "city"),
        c.text("state", "two-letter state"),
        c.text("postal_code", "ZIP or ZIP+4"),
    )


GUARANTOR_ACCOUNT = Table(
    "guarantor_account",
    ("account_id",),
    (
        c.identifier("account_id", "the guarantor's account number in PANDA; alphanumeric"),
        c.text("title", "form of address"),
        c.text("first_name", "guarantor's first name"),
        c.text("last_name", "guarantor's last name"),
        *_address(),
        c.text("home_phone", "home phone as recorded"),
        c.text("work_phone", "work phone as recorded"),
        c.text("work_phone_ext", "extension of the work phone"),
        *_stamps(),
    ),
    "A guarantor: who pays, and where the household lives. PANDA keeps the address here, not on the patient.",
)

PROVIDER = Table(
    "provider",
    ("provider_id",),
    (
        c.identifier("provider_id", "the provider's key in PANDA"),
        c.text("first_name", "first name", required=True, phi=False),
        c.text("last_name", "last name", required=True, phi=False),
        c.text(
            "role",
            "credential",
            required=True,
            choices=("periodontist", "dds", "dmd", "rdh", "office_staff"),
            phi=False,
        ),
        c.text("npi", "National Provider Identifier, 10 digits with check digit", phi=False),
        c.text("email", "work e-mail; finds the CRM user", phi=False),
        c.text("phone", "work phone", phi=False),
        c.boolean("active", "still works here", phi=False),
        *_stamps(),
    ),
    "Someone who treats patients.",
)

STAFF_USER = Table(
    "staff_user",
    ("staff_id",),
    (
        c.identifier("staff_id", "the user's key in PANDA"),
        c.text("login", "Windows login", required=True, phi=False),
        c.text("first_name", "first name", phi=False),
        c.text("last_name", "last name", phi=False),
        c.text("email", "work e-mail", phi=False),
        c.text("role", "what the user does, in the practice's words", phi=False),
        _parent("provider", keeps_row=True, description="the provider this login belongs to"),
        c.boolean("active", "the login works", phi=False),
        *_stamps(),
    ),
    "A login to PANDA. Passwords are never read.",
)

REFERRAL_SOURCE = Table(
    "referral_source",
    ("source_id",),
    (
        c.identifier("source_id", "the referrer's key in PANDA; alphanumeric"),
        c.text(
            "kind",
            "who refers",
            required=True,
            choices=("dentist", "specialist", "patient", "web", "insurer", "other"),
            phi=False,
        ),
        c.text("title", "form of address", phi=False),
        c.text("first_name", "first name", phi=False),
        c.text("last_name", "last name, or the free text someone typed", phi=False),
        c.text("credential", "DDS, DMD, ...", phi=False),
        c.text("practice_name", "the practice the referrer works in", phi=False),
        c.text("npi", "National Provider Identifier", phi=False),
        c.text("phone", "work phone as recorded", phi=False),
        c.text("fax", "fax as recorded", phi=False),
        c.text("email", "e-mail", phi=False),
        c.text("website", "website", phi=False),
        *_address(),
        c.boolean("active", "still refers", phi=False),
        *_stamps(),
    ),
    "Who sends patients: mostly general dentists; also patients, the web, insurers and free text.",
)

PATIENT = Table(
    "patient",
    ("patient_id",),
    (
        c.identifier("patient_id", "PANDA's patient key; alphanumeric, never a number"),
        _parent("guarantor_account", "account_id", keeps_row=True, description="the guarantor's account"),
        c.text("bridge_id", "the patient's key in the bridged practice management system", phi=False),
        c.text("title", "form of address"),
        c.text("first_name", "legal first name", required=True),
        c.text("middle_name", "middle name or initial"),
        c.text("last_name", "legal last name", required=True),
        c.text("suffix", "Jr., III, ..."),
        c.text("preferred_name", "what the patient is called"),
        c.text("sex", "sex", choices=("male", "female", "other", "unknown")),
        c.date("birth_date", "date of birth"),
        c.text(
            "status",
            "standing in the practice",
            required=True,
            choices=("active", "inactive", "archived", "deceased", "prospective", "deleted"),
        ),
        c.text("email", "e-mail, often shared in a family"),
        c.text("home_phone", "home phone as recorded"),
        c.text("mobile_phone", "mobile phone as recorded"),
        c.text("work_phone", "work phone as recorded"),
        c.text("work_phone_ext", "extension of the work phone"),
        c.boolean("do_not_contact", "asked not to be called, written to or texted"),
        c.text("office", "code of the office the patient belongs to", phi=False),
        _parent("provider", keeps_row=True, description="the patient's periodontist"),
        _parent("provider", "hygienist_id", keeps_row=True, description="the patient's hygienist"),
        c.text("smoking", "smoking status", choices=("never", "former", "current", "unknown")),
        c.integer("cigarettes_per_day", "cigarettes a day", low=0, high=200),
        c.boolean("diabetes", "diagnosed diabetes"),
        c.decimal("hba1c", "last HbA1c, %", low=3, high=20),
        c.date("first_visit_date", "first visit"),
        *_stamps(),
    ),
    "A patient.",
)

REFERRAL = Table(
    "referral",
    ("referral_id",),
    (
        c.identifier("referral_id", "the referral's key in PANDA"),
        _parent("patient"),
        _parent("referral_source", "source_id"),
        c.text("direction", "from a referrer, or to one", required=True, choices=("from", "to")),
        c.date("referral_date", "when the patient was referred"),
        c.boolean("is_primary", "the patient's primary referral"),
        c.text("reason", "why, in a few words"),
        *_stamps(),
    ),
    "One referral of one patient.",
)

APPOINTMENT = Table(
    "appointment",
    ("appointment_id",),
    (
        c.identifier("appointment_id", "the appointment's key in PANDA"),
        _parent("patient"),
        _parent("provider", keeps_row=True),
        c.text("office", "code of the office", phi=False),
        c.datetime("starts_at", "start, local time; midnight means only the date is known", required=True),
        c.integer("minutes", "planned length, minutes", low=0, high=1440),
        c.text("visit_type", "kind of visit, in the practice's words"),
        c.text("procedure", "what was done or planned"),
        c.text(
            "status",
            "what became of it",
            required=True,
            choices=("scheduled", "confirmed", "completed", "cancelled", "no_show"),
        ),
        c.text("notes", "the visit's note, plain text"),
        *_stamps(),
    ),
    "A visit, past or booked.",
)

PERIO_EXAM = Table(
    "perio_exam",
    ("exam_id",),
    (
        c.identifier("exam_id", "the exam's key in PANDA"),
        _parent("patient"),
        _parent("provider", keeps_row=True),
        c.date("exam_date", "date of charting", required=True),
        c.text("exam_type", "kind of exam", choices=("comprehensive", "reevaluation", "maintenance")),
        c.text("note", "remark"),
        *_stamps(),
    ),
    "One periodontal charting.",
)

PERIO_TOOTH = Table(
    "perio_tooth",
    ("exam_id", "tooth"),
    (
        _parent("perio_exam", "exam_id"),
        c.integer("tooth", "Universal number", required=True, low=1, high=32),
        c.text("status", "state of the tooth", required=True, choices=("present", "missing", "implant")),
        c.decimal("mobility", "Miller grade, half grades allowed", low=0, high=3),
        *(
            c.integer(f"furcation_{side}", f"Hamp degree at the {side} entrance", low=0, high=3)
            for side in ("buccal", "lingual", "mesial", "distal")
        ),
    ),
    "One tooth in one exam.",
)

PERIO_SITE = Table(
    "perio_site",
    ("exam_id", "tooth", "site"),
    (
        _parent("perio_exam", "exam_id"),
        c.integer("tooth", "Universal number", required=True, low=1, high=32),
        c.text("site", "probing site", required=True, choices=SITES),
        c.text(
            "depth_state",
            "whether there is a depth, and why not; a missing depth is never 0",
            required=True,
            choices=("measured", "not_recorded", "not_assessable"),
        ),
        c.integer("depth_mm", "probing depth, mm", low=0, high=15),
        c.integer(
            "recession_mm",
            "gingival margin, mm; positive apical of the cemento-enamel junction, negative coronal",
            low=-12,
            high=15,
        ),
        c.boolean("bleeding", "bleeding on probing"),
        c.boolean("suppuration", "pus on probing"),
        c.boolean("plaque", "plaque"),
        c.boolean("calculus", "calculus"),
    ),
    "One probing site in one exam.",
)

PERIO_DIAGNOSIS = Table(
    "perio_diagnosis",
    ("diagnosis_id",),
    (
        c.identifier("diagnosis_id", "the diagnosis' key in PANDA"),
        _parent("patient"),
        _parent("perio_exam", "exam_id", keeps_row=True, description="the exam it was made from"),
        _parent("provider", keeps_row=True),
        c.datetime("diagnosed_at", "when it was recorded", required=True),
        c.text("classification", "diagnosis", required=True, choices=CLASSIFICATIONS),
        c.text("grade", "rate of progression", choices=("A", "B", "C")),
        c.text("extent", "extent", choices=("localized", "generalized", "molar_incisor")),
        *_stamps(),
    ),
    "A periodontal classification as the clinician recorded it.",
)

PROCEDURE_CODE = Table(
    "procedure_code",
    ("code",),
    (
        c.identifier("code", "procedure code (CDT or the practice's own)"),
        c.text("label", "the practice's short name for it", required=True, phi=False),
        c.text(
            "area",
            "what a procedure is charged by",
            choices=("mouth", "arch", "quadrant", "sextant", "tooth", "site"),
            phi=False,
        ),
        c.text("category", "diagnostic, surgical, ...", phi=False),
        c.decimal("fee", "usual fee, USD", low=0, phi=False),
        *_stamps(),
    ),
    "A procedure the practice charges for.",
)

TREATMENT_PLAN = Table(
    "treatment_plan",
    ("plan_id",),
    (
        c.identifier("plan_id", "the plan's key in PANDA"),
        _parent("patient"),
        _parent("provider", keeps_row=True),
        c.text("name", "the plan's heading", required=True),
        c.text(
            "status",
            "where the case stands",
            required=True,
            choices=("consultation", "accepted", "in_treatment", "completed", "lost"),
        ),
        c.date("presented_date", "when it was presented"),
        c.date("accepted_date", "when the patient accepted"),
        c.text("note", "remark"),
        *_stamps(),
    ),
    "A treatment plan: one case of one patient.",
)

TREATMENT_PHASE = Table(
    "treatment_phase",
    ("phase_id",),
    (
        c.identifier("phase_id", "the phase's key in PANDA"),
        _parent("treatment_plan", "plan_id"),
        c.integer("sequence", "order within the plan, from 1", required=True, low=1, high=99),
        c.text("phase", "clinical phase", required=True, choices=PHASES),
        c.text("status", "state", required=True, choices=("planned", "active", "completed")),
        c.date("started_date", "begin"),
        c.date("completed_date", "end"),
    ),
    "One phase of a treatment plan.",
)

TREATMENT_ITEM = Table(
    "treatment_item",
    ("item_id",),
    (
        c.identifier("item_id", "the line's key in PANDA"),
        _parent("treatment_plan", "plan_id"),
        _parent("treatment_phase", "phase_id", keeps_row=True),
        c.integer("sequence", "order within the plan, from 1", low=1, high=999),
        _parent("procedure_code", "procedure_code", keeps_row=True, description="what is charged"),
        c.text("description", "what is to be done, as the clinician wrote it"),
        c.text("area", "quadrant, sextant or arch as recorded"),
        c.text("teeth", "teeth, comma-separated Universal numbers after validation"),
        c.decimal("fee", "fee frozen at planning, USD; empty is not 0", low=0),
        c.text(
            "status",
            "state",
            required=True,
            choices=("planned", "accepted", "scheduled", "completed", "declined"),
        ),
        c.date("scheduled_date", "when it is to be done"),
        c.date("completed_date", "when it was done"),
        c.integer("healing_weeks", "healing interval after it, weeks", low=0, high=104),
        *_stamps(),
    ),
    "One procedure line of a treatment plan.",
)

CLINICAL_NOTE = Table(
    "clinical_note",
    ("note_id",),
    (
        c.identifier("note_id", "the note's key in PANDA"),
        _parent("patient"),
        _parent("appointment", keeps_row=True, description="the visit it was written at"),
        _parent("provider", keeps_row=True, description="the author"),
        c.text("kind", "kind of note", required=True, choices=("soap", "progress", "instanote", "phone")),
        c.datetime("written_at", "when it was written, local time", required=True),
        c.text("body_format", "how the body is written", required=True, choices=("rtf", "html", "text")),
        c.text("body", "the note", required=True),
        *_stamps(),
    ),
    "A clinical note.",
)

LETTER_TEMPLATE = Table(
    "letter_template",
    ("template_id",),
    (
        c.identifier("template_id", "the template's key in PANDA"),
        c.text("name", "the template's name", required=True, phi=False),
        c.text("recipient", "who gets it", choices=("patient", "referrer", "insurer"), phi=False),
        c.text("body", "RTF with merge fields in «guillemets» and IF conditions", phi=False),
        *_stamps(),
    ),
    "A letter template.",
)

LETTER = Table(
    "letter",
    ("letter_id",),
    (
        c.identifier("letter_id", "the letter's key in PANDA"),
        _parent("patient"),
        _parent("letter_template", "template_id", keeps_row=True),
        _parent("referral_source", "source_id", keeps_row=True, description="the referrer it went to"),
        _parent("treatment_plan", "plan_id", keeps_row=True, description="the plan it explains"),
        c.datetime("written_at", "when it was written", required=True),
        c.text("subject", "subject line"),
        c.text("body_format", "how the body is written", required=True, choices=("rtf", "html", "text")),
        c.text("body", "the letter", required=True),
        *_stamps(),
    ),
    "A letter that was written.",
)

IMAGE_REFERENCE = Table(
    "image_reference",
    ("image_id",),
    (
        c.identifier("image_id", "the image's key in PANDA"),
        _parent("patient"),
        c.text("kind", "kind of image", choices=("periapical", "bitewing", "panoramic", "cbct", "photo")),
        c.date("taken_date", "when it was taken"),
        c.text("teeth", "teeth shown, comma-separated Universal numbers after validation"),
        c.text("path", "where the file lies, relative to the image store", required=True),
        c.integer("bytes", "size of the file, bytes", low=0),
        *_stamps(),
    ),
    "A reference to a radiograph or photo; the file lies outside the database.",
)

INSURANCE_POLICY = Table(
    "insurance_policy",
    ("policy_id",),
    (
        c.identifier("policy_id", "the policy's key in PANDA"),
        _parent("patient"),
        c.integer("ordinal", "1 primary, 2 secondary", required=True, low=1, high=9),
        c.text("carrier", "carrier's name", required=True),
        c.text("policy_number", "policy or subscriber number"),
        c.text("group_number", "group number"),
        c.text("relationship", "patient's relation to the subscriber"),
        c.date("effective_date", "valid from"),
        c.date("termination_date", "valid to"),
        *_stamps(),
    ),
    "A dental insurance policy that covers a patient.",
)

INSURANCE_COVERAGE = Table(
    "insurance_coverage",
    ("policy_id", "procedure_class"),
    (
        _parent("insurance_policy", "policy_id"),
        c.text(
            "procedure_class",
            "what is covered",
            required=True,
            choices=("preventive", "basic", "periodontal", "major", "implant"),
        ),
        c.integer("percent", "share the carrier pays, %", low=0, high=100),
    ),
    "What a policy pays for a class of procedures.",
)

RECALL_RULE = Table(
    "recall_rule",
    ("rule_id",),
    (
        c.identifier("rule_id", "the rule's key in PANDA"),
        c.text("name", "the rule's name", required=True, phi=False),
        c.text("classification", "diagnosis it is for", choices=CLASSIFICATIONS, phi=False),
        c.integer("interval_months", "months between visits", required=True, low=1, high=60, phi=False),
        c.text("visit_type", "kind of visit it books", phi=False),
        c.boolean("active", "in use", phi=False),
    ),
    "A recall trigger.",
)

PRACTICE_FINDING = Table(
    "practice_finding",
    ("finding_id",),
    (
        c.identifier("finding_id", "the finding's key in PANDA"),
        _parent("patient"),
        _parent("perio_exam", "exam_id", keeps_row=True),
        c.integer("tooth", "Universal number", low=1, high=32),
        c.text("name", "what the practice calls the finding", required=True),
        c.text("value", "its value as recorded"),
        c.datetime("recorded_at", "when"),
    ),
    "A finding only this practice records.",
)

TABLES: dict[str, Table] = {
    table.name: table
    for table in (
        GUARANTOR_ACCOUNT,
        PROVIDER,
        STAFF_USER,
        REFERRAL_SOURCE,
        PATIENT,
        REFERRAL,
        APPOINTMENT,
        PERIO_EXAM,
        PERIO_TOOTH,
        PERIO_SITE,
        PERIO_DIAGNOSIS,
        PROCEDURE_CODE,
        TREATMENT_PLAN,
        TREATMENT_PHASE,
        TREATMENT_ITEM,
        CLINICAL_NOTE,
        LETTER_TEMPLATE,
        LETTER,
        IMAGE_REFERENCE,
        INSURANCE_POLICY,
        INSURANCE_COVERAGE,
        RECALL_RULE,
        PRACTICE_FINDING,
    )
}
"""Every canonical table by name, parents before children."""

BY_EXAM = frozenset({PERIO_TOOTH.name, PERIO_SITE.name})
"""Tables that hold charts: they grow too large for memory, and an exam's rows belong together."""
