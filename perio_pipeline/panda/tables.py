"""The canonical PANDA schema: 23 tables, in an order in which parents come before children.

PANDA's own schema is not public and practices customise theirs; `mappings/panda.yaml` binds these tables to a real
database. Perio data is long: one row per exam × tooth × site, and one per exam × tooth. Teeth are Universal 1-32.
Clinical bounds and code lists: 2017/18 classification (Tonetti 2018), Hamp 1975, Miller 1950.
"""

from __future__ import annotations

from functools import partial

from perio_pipeline.panda.canonical import Column, Kind, Table

SITES = ("MB", "B", "DB", "ML", "L", "DL")
"""Six probing sites: mesio-buccal, mid-buccal, disto-buccal, mesio-lingual, mid-lingual, disto-lingual."""

CLASSIFICATIONS = ("healthy", "gingivitis", "stage_1", "stage_2", "stage_3", "stage_4", "periodontitis")
"""Periodontal diagnosis; `periodontitis` is a recorded periodontitis without a stage."""

PHASES = ("diagnosis", "initial_therapy", "reevaluation", "surgical_therapy", "maintenance")
"""Phases of a treatment plan, in clinical order."""

_text = partial(Column, kind=Kind.TEXT)
_integer = partial(Column, kind=Kind.INTEGER)
_decimal = partial(Column, kind=Kind.DECIMAL)
_boolean = partial(Column, kind=Kind.BOOLEAN)
_date = partial(Column, kind=Kind.DATE)
_datetime = partial(Column, kind=Kind.DATETIME)


def _key(name: str, description: str) -> Column:
    return _text(name=name, description=description, required=True, phi=False)


def _parent(table: str, name: str | None = None, *, keeps_row: bool = False, description: str = "") -> Column:
    """A reference to a parent. `keeps_row`: an orphan keeps its place and loses the link, which is reported."""
    return _text(
        name=name or f"{table}_id",
        description=description or f"the {table.replace('_', ' ')} this row belongs to",
        required=not keeps_row,
        references=table,
        keeps_row=keeps_row,
        phi=False,
    )


def _stamps() -> tuple[Column, Column]:
    return (
        _datetime(name="created_at", description="when PANDA created the row", phi=False),
        _datetime(name="modified_at", description="when PANDA last changed the row", phi=False),
    )


def _address() -> tuple[Column, ...]:
    return (
        _text(name="street", description="street and number"),
        _text(name="street2", description="suite, apartment"),
        _text(name="city", description="city"),
        _text(name="state", description="two-letter state"),
        _text(name="postal_code", description="ZIP or ZIP+4"),
    )


GUARANTOR_ACCOUNT = Table(
    "guarantor_account",
    ("account_id",),
    (
        _key("account_id", "the guarantor's account number in PANDA; alphanumeric"),
        _text(name="title", description="form of address"),
        _text(name="first_name", description="guarantor's first name"),
        _text(name="last_name", description="guarantor's last name"),
        *_address(),
        _text(name="home_phone", description="home phone as recorded"),
        _text(name="work_phone", description="work phone as recorded"),
        _text(name="work_phone_ext", description="extension of the work phone"),
        *_stamps(),
    ),
    "A guarantor: who pays, and where the household lives. PANDA keeps the address here, not on the patient.",
)

PROVIDER = Table(
    "provider",
    ("provider_id",),
    (
        _key("provider_id", "the provider's key in PANDA"),
        _text(name="first_name", description="first name", required=True, phi=False),
        _text(name="last_name", description="last name", required=True, phi=False),
        _text(
            name="role",
            description="credential",
            required=True,
            choices=("periodontist", "dds", "dmd", "rdh", "office_staff"),
            phi=False,
        ),
        _text(name="npi", description="National Provider Identifier, 10 digits with check digit", phi=False),
        _text(name="email", description="work e-mail; finds the CRM user", phi=False),
        _text(name="phone", description="work phone", phi=False),
        _boolean(name="active", description="still works here", phi=False),
        *_stamps(),
    ),
    "Someone who treats patients.",
)

STAFF_USER = Table(
    "staff_user",
    ("staff_id",),
    (
        _key("staff_id", "the user's key in PANDA"),
        _text(name="login", description="Windows login", required=True, phi=False),
        _text(name="first_name", description="first name", phi=False),
        _text(name="last_name", description="last name", phi=False),
        _text(name="email", description="work e-mail", phi=False),
        _text(name="role", description="what the user does, in the practice's words", phi=False),
        _parent("provider", keeps_row=True, description="the provider this login belongs to"),
        _boolean(name="active", description="the login works", phi=False),
        *_stamps(),
    ),
    "A login to PANDA. Passwords are never read.",
)

REFERRAL_SOURCE = Table(
    "referral_source",
    ("source_id",),
    (
        _key("source_id", "the referrer's key in PANDA; alphanumeric"),
        _text(
            name="kind",
            description="who refers",
            required=True,
            choices=("dentist", "specialist", "patient", "web", "insurer", "other"),
            phi=False,
        ),
        _text(name="title", description="form of address", phi=False),
        _text(name="first_name", description="first name", phi=False),
        _text(name="last_name", description="last name, or the free text someone typed", phi=False),
        _text(name="credential", description="DDS, DMD, ...", phi=False),
        _text(name="practice_name", description="the practice the referrer works in", phi=False),
        _text(name="npi", description="National Provider Identifier", phi=False),
        _text(name="phone", description="work phone as recorded", phi=False),
        _text(name="fax", description="fax as recorded", phi=False),
        _text(name="email", description="e-mail", phi=False),
        _text(name="website", description="website", phi=False),
        *_address(),
        _boolean(name="active", description="still refers", phi=False),
        *_stamps(),
    ),
    "Who sends patients: mostly general dentists; also patients, the web, insurers and free text.",
)

PATIENT = Table(
    "patient",
    ("patient_id",),
    (
        _key("patient_id", "PANDA's patient key; alphanumeric, never a number"),
        _parent("guarantor_account", "account_id", keeps_row=True, description="the guarantor's account"),
        _text(name="bridge_id", description="the patient's key in the bridged practice management system", phi=False),
        _text(name="title", description="form of address"),
        _text(name="first_name", description="legal first name", required=True),
        _text(name="middle_name", description="middle name or initial"),
        _text(name="last_name", description="legal last name", required=True),
        _text(name="suffix", description="Jr., III, ..."),
        _text(name="preferred_name", description="what the patient is called"),
        _text(name="sex", description="sex", choices=("male", "female", "other", "unknown")),
        _date(name="birth_date", description="date of birth"),
        _text(
            name="status",
            description="standing in the practice",
            required=True,
            choices=("active", "inactive", "archived", "deceased", "prospective", "deleted"),
        ),
        _text(name="email", description="e-mail, often shared in a family"),
        _text(name="home_phone", description="home phone as recorded"),
        _text(name="mobile_phone", description="mobile phone as recorded"),
        _text(name="work_phone", description="work phone as recorded"),
        _text(name="work_phone_ext", description="extension of the work phone"),
        _boolean(name="do_not_contact", description="asked not to be called, written to or texted"),
        _text(name="office", description="code of the office the patient belongs to", phi=False),
        _parent("provider", keeps_row=True, description="the patient's periodontist"),
        _parent("provider", "hygienist_id", keeps_row=True, description="the patient's hygienist"),
        _text(name="smoking", description="smoking status", choices=("never", "former", "current", "unknown")),
        _integer(name="cigarettes_per_day", description="cigarettes a day", low=0, high=200),
        _boolean(name="diabetes", description="diagnosed diabetes"),
        _decimal(name="hba1c", description="last HbA1c, %", low=3, high=20),
        _date(name="first_visit_date", description="first visit"),
        *_stamps(),
    ),
    "A patient.",
)

REFERRAL = Table(
    "referral",
    ("referral_id",),
    (
        _key("referral_id", "the referral's key in PANDA"),
        _parent("patient"),
        _parent("referral_source", "source_id"),
        _text(name="direction", description="from a referrer, or to one", required=True, choices=("from", "to")),
        _date(name="referral_date", description="when the patient was referred"),
        _boolean(name="is_primary", description="the patient's primary referral"),
        _text(name="reason", description="why, in a few words"),
        *_stamps(),
    ),
    "One referral of one patient.",
)

APPOINTMENT = Table(
    "appointment",
    ("appointment_id",),
    (
        _key("appointment_id", "the appointment's key in PANDA"),
        _parent("patient"),
        _parent("provider", keeps_row=True),
        _text(name="office", description="code of the office", phi=False),
        _datetime(
            name="starts_at", description="start, local time; midnight means only the date is known", required=True
        ),
        _integer(name="minutes", description="planned length, minutes", low=0, high=1440),
        _text(name="visit_type", description="kind of visit, in the practice's words"),
        _text(name="procedure", description="what was done or planned"),
        _text(
            name="status",
            description="what became of it",
            required=True,
            choices=("scheduled", "confirmed", "completed", "cancelled", "no_show"),
        ),
        _text(name="notes", description="the visit's note, plain text"),
        *_stamps(),
    ),
    "A visit, past or booked.",
)

PERIO_EXAM = Table(
    "perio_exam",
    ("exam_id",),
    (
        _key("exam_id", "the exam's key in PANDA"),
        _parent("patient"),
        _parent("provider", keeps_row=True),
        _date(name="exam_date", description="date of charting", required=True),
        _text(name="exam_type", description="kind of exam", choices=("comprehensive", "reevaluation", "maintenance")),
        _text(name="note", description="remark"),
        *_stamps(),
    ),
    "One periodontal charting.",
)

PERIO_TOOTH = Table(
    "perio_tooth",
    ("exam_id", "tooth"),
    (
        _parent("perio_exam", "exam_id"),
        _integer(name="tooth", description="Universal number", required=True, low=1, high=32),
        _text(
            name="status", description="state of the tooth", required=True, choices=("present", "missing", "implant")
        ),
        _decimal(name="mobility", description="Miller grade, half grades allowed", low=0, high=3),
        *(
            _integer(name=f"furcation_{side}", description=f"Hamp degree at the {side} entrance", low=0, high=3)
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
        _integer(name="tooth", description="Universal number", required=True, low=1, high=32),
        _text(name="site", description="probing site", required=True, choices=SITES),
        _text(
            name="depth_state",
            description="whether there is a depth, and why not; a missing depth is never 0",
            required=True,
            choices=("measured", "not_recorded", "not_assessable"),
        ),
        _integer(name="depth_mm", description="probing depth, mm", low=0, high=15),
        _integer(
            name="recession_mm",
            description="gingival margin, mm; positive apical of the cemento-enamel junction, negative coronal",
            low=-12,
            high=15,
        ),
        _boolean(name="bleeding", description="bleeding on probing"),
        _boolean(name="suppuration", description="pus on probing"),
        _boolean(name="plaque", description="plaque"),
        _boolean(name="calculus", description="calculus"),
    ),
    "One probing site in one exam.",
)

PERIO_DIAGNOSIS = Table(
    "perio_diagnosis",
    ("diagnosis_id",),
    (
        _key("diagnosis_id", "the diagnosis' key in PANDA"),
        _parent("patient"),
        _parent("perio_exam", "exam_id", keeps_row=True, description="the exam it was made from"),
        _parent("provider", keeps_row=True),
        _datetime(name="diagnosed_at", description="when it was recorded", required=True),
        _text(name="classification", description="diagnosis", required=True, choices=CLASSIFICATIONS),
        _text(name="grade", description="rate of progression", choices=("A", "B", "C")),
        _text(name="extent", description="extent", choices=("localized", "generalized", "molar_incisor")),
        *_stamps(),
    ),
    "A periodontal classification as the clinician recorded it.",
)

PROCEDURE_CODE = Table(
    "procedure_code",
    ("code",),
    (
        _key("code", "procedure code (CDT or the practice's own)"),
        _text(name="label", description="the practice's short name for it", required=True, phi=False),
        _text(
            name="area",
            description="what a procedure is charged by",
            choices=("mouth", "arch", "quadrant", "sextant", "tooth", "site"),
            phi=False,
        ),
        _text(name="category", description="diagnostic, surgical, ...", phi=False),
        _decimal(name="fee", description="usual fee, USD", low=0, phi=False),
        *_stamps(),
    ),
    "A procedure the practice charges for.",
)

TREATMENT_PLAN = Table(
    "treatment_plan",
    ("plan_id",),
    (
        _key("plan_id", "the plan's key in PANDA"),
        _parent("patient"),
        _parent("provider", keeps_row=True),
        _text(name="name", description="the plan's heading", required=True),
        _text(
            name="status",
            description="where the case stands",
            required=True,
            choices=("consultation", "accepted", "in_treatment", "completed", "lost"),
        ),
        _date(name="presented_date", description="when it was presented"),
        _date(name="accepted_date", description="when the patient accepted"),
        _text(name="note", description="remark"),
        *_stamps(),
    ),
    "A treatment plan: one case of one patient.",
)

TREATMENT_PHASE = Table(
    "treatment_phase",
    ("phase_id",),
    (
        _key("phase_id", "the phase's key in PANDA"),
        _parent("treatment_plan", "plan_id"),
        _integer(name="sequence", description="order within the plan, from 1", required=True, low=1, high=99),
        _text(name="phase", description="clinical phase", required=True, choices=PHASES),
        _text(name="status", description="state", required=True, choices=("planned", "active", "completed")),
        _date(name="started_date", description="begin"),
        _date(name="completed_date", description="end"),
    ),
    "One phase of a treatment plan.",
)

TREATMENT_ITEM = Table(
    "treatment_item",
    ("item_id",),
    (
        _key("item_id", "the line's key in PANDA"),
        _parent("treatment_plan", "plan_id"),
        _parent("treatment_phase", "phase_id", keeps_row=True),
        _integer(name="sequence", description="order within the plan, from 1", low=1, high=999),
        _parent("procedure_code", "procedure_code", keeps_row=True, description="what is charged"),
        _text(name="description", description="what is to be done, as the clinician wrote it"),
        _text(name="area", description="quadrant, sextant or arch as recorded"),
        _text(name="teeth", description="teeth, comma-separated Universal numbers after validation"),
        _decimal(name="fee", description="fee frozen at planning, USD; empty is not 0", low=0),
        _text(
            name="status",
            description="state",
            required=True,
            choices=("planned", "accepted", "scheduled", "completed", "declined"),
        ),
        _date(name="scheduled_date", description="when it is to be done"),
        _date(name="completed_date", description="when it was done"),
        _integer(name="healing_weeks", description="healing interval after it, weeks", low=0, high=104),
        *_stamps(),
    ),
    "One procedure line of a treatment plan.",
)

CLINICAL_NOTE = Table(
    "clinical_note",
    ("note_id",),
    (
        _key("note_id", "the note's key in PANDA"),
        _parent("patient"),
        _parent("appointment", keeps_row=True, description="the visit it was written at"),
        _parent("provider", keeps_row=True, description="the author"),
        _text(
            name="kind", description="kind of note", required=True, choices=("soap", "progress", "instanote", "phone")
        ),
        _datetime(name="written_at", description="when it was written, local time", required=True),
        _text(
            name="body_format", description="how the body is written", required=True, choices=("rtf", "html", "text")
        ),
        _text(name="body", description="the note", required=True),
        *_stamps(),
    ),
    "A clinical note.",
)

LETTER_TEMPLATE = Table(
    "letter_template",
    ("template_id",),
    (
        _key("template_id", "the template's key in PANDA"),
        _text(name="name", description="the template's name", required=True, phi=False),
        _text(name="recipient", description="who gets it", choices=("patient", "referrer", "insurer"), phi=False),
        _text(name="body", description="RTF with merge fields in «guillemets» and IF conditions", phi=False),
        *_stamps(),
    ),
    "A letter template.",
)

LETTER = Table(
    "letter",
    ("letter_id",),
    (
        _key("letter_id", "the letter's key in PANDA"),
        _parent("patient"),
        _parent("letter_template", "template_id", keeps_row=True),
        _parent("referral_source", "source_id", keeps_row=True, description="the referrer it went to"),
        _parent("treatment_plan", "plan_id", keeps_row=True, description="the plan it explains"),
        _datetime(name="written_at", description="when it was written", required=True),
        _text(name="subject", description="subject line"),
        _text(
            name="body_format", description="how the body is written", required=True, choices=("rtf", "html", "text")
        ),
        _text(name="body", description="the letter", required=True),
        *_stamps(),
    ),
    "A letter that was written.",
)

IMAGE_REFERENCE = Table(
    "image_reference",
    ("image_id",),
    (
        _key("image_id", "the image's key in PANDA"),
        _parent("patient"),
        _text(
            name="kind", description="kind of image", choices=("periapical", "bitewing", "panoramic", "cbct", "photo")
        ),
        _date(name="taken_date", description="when it was taken"),
        _text(name="teeth", description="teeth shown, comma-separated Universal numbers after validation"),
        _text(name="path", description="where the file lies, relative to the image store", required=True),
        _integer(name="bytes", description="size of the file, bytes", low=0),
        *_stamps(),
    ),
    "A reference to a radiograph or photo; the file lies outside the database.",
)

INSURANCE_POLICY = Table(
    "insurance_policy",
    ("policy_id",),
    (
        _key("policy_id", "the policy's key in PANDA"),
        _parent("patient"),
        _integer(name="ordinal", description="1 primary, 2 secondary", required=True, low=1, high=9),
        _text(name="carrier", description="carrier's name", required=True),
        _text(name="policy_number", description="policy or subscriber number"),
        _text(name="group_number", description="group number"),
        _text(name="relationship", description="patient's relation to the subscriber"),
        _date(name="effective_date", description="valid from"),
        _date(name="termination_date", description="valid to"),
        *_stamps(),
    ),
    "A dental insurance policy that covers a patient.",
)

INSURANCE_COVERAGE = Table(
    "insurance_coverage",
    ("policy_id", "procedure_class"),
    (
        _parent("insurance_policy", "policy_id"),
        _text(
            name="procedure_class",
            description="what is covered",
            required=True,
            choices=("preventive", "basic", "periodontal", "major", "implant"),
        ),
        _integer(name="percent", description="share the carrier pays, %", low=0, high=100),
    ),
    "What a policy pays for a class of procedures.",
)

RECALL_RULE = Table(
    "recall_rule",
    ("rule_id",),
    (
        _key("rule_id", "the rule's key in PANDA"),
        _text(name="name", description="the rule's name", required=True, phi=False),
        _text(name="classification", description="diagnosis it is for", choices=CLASSIFICATIONS, phi=False),
        _integer(name="interval_months", description="months between visits", required=True, low=1, high=60, phi=False),
        _text(name="visit_type", description="kind of visit it books", phi=False),
        _boolean(name="active", description="in use", phi=False),
    ),
    "A recall trigger.",
)

PRACTICE_FINDING = Table(
    "practice_finding",
    ("finding_id",),
    (
        _key("finding_id", "the finding's key in PANDA"),
        _parent("patient"),
        _parent("perio_exam", "exam_id", keeps_row=True),
        _integer(name="tooth", description="Universal number", low=1, high=32),
        _text(name="name", description="what the practice calls the finding", required=True),
        _text(name="value", description="its value as recorded"),
        _datetime(name="recorded_at", description="when"),
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
