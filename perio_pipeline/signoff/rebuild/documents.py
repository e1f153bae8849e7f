"""Makes the rebuild documents of a practice from its frames and its mapping, and writes them in every form."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path

from perio_pipeline.crm.packages import crm_package
from perio_pipeline.files.document import Document
from perio_pipeline.mapping.practice import Practice
from perio_pipeline.panda import canonical as c
from perio_pipeline.panda.canonical import Table
from perio_pipeline.signoff.checklist import checklist
from perio_pipeline.signoff.crm_words import words_of
from perio_pipeline.signoff.rebuild.homes import first_home, homes
from perio_pipeline.signoff.rebuild.knowledge import merge_fields, place_of
from perio_pipeline.signoff.rebuild.letters import UNKNOWN, home_of, letter_reference, letter_templates
from perio_pipeline.signoff.rebuild.recalls import recalls, workflow_reference
from perio_pipeline.signoff.rebuild.steps import Rebuilding, rebuild_checklist
from perio_pipeline.signoff.rebuild.writing import to_docx, to_html, to_markdown
from perio_pipeline.signoff.staff import staff_list
from perio_pipeline.workplace import Workplace

SUMMARY = "rebuild.json"
FRAMES = (
    ("validated", "letter_template"),
    ("validated", "letter"),
    ("validated", "recall_rule"),
    ("validated", "patient"),
    ("validated", "patient_identity"),
    ("validated", "appointment"),
    ("validated", "staff_user"),
    ("validated", "provider"),
    ("clinical", "patient_summary"),
)
"""What the documents are made of."""

MERGE_FIELD = Table(
    "rebuild_documents",
    ("template_id", "field"),
    (
        c.identifier("template_id", "the letter template"),
        c.identifier("field", "the merge field, as PANDA calls it"),
        c.text("home", "where it lives in the CRM, in words", phi=False),
    ),
    "What cannot be migrated, for people: letter templates, recall workflows, and the checklist.",
)

NOTE = "From PANDA's templates and rules; it holds no patient data. Values in samples are invented."


@dataclass(frozen=True)
class Rebuilt:
    """What was written.

    Attributes:
        paths: the files.
        templates, rules, steps: how many there are.
        homeless: merge fields that live nowhere in the CRM.
        broken: template → what is wrong with it.
        fields: each merge field of each template and where it lives (`MERGE_FIELD`).
    """

    paths: tuple[Path, ...]
    templates: int
    rules: int
    steps: int
    homeless: tuple[str, ...]
    broken: Mapping[str, tuple[str, ...]]
    fields: tuple[dict[str, str], ...]

    @property
    def pages(self) -> tuple[Path, ...]:
        """The files to open first."""
        return tuple(path for path in self.paths if path.suffix == ".html")

    def plain(self) -> dict[str, object]:
        """Everything, for programs; files by their names."""
        return {**asdict(self), "files": [path.name for path in self.paths], "paths": None, "fields": None}


def write_documents(rooms: Workplace, practice: str, crm: str, today: date) -> Rebuilt:
    """Write the three documents as page, Word document and Markdown among the practice's reports.

    Args:
        rooms: put together.
        practice: whose frames (`FRAMES`) are there.
        crm: the destination.
        today: the day from which recalls are counted.

    Raises:
        SettingsError: it is not known where the CRM keeps such things.
    """
    chosen = rooms.practice(practice)
    mapping, words, place = rooms.effective(chosen, crm), words_of(crm), place_of(crm)
    lives, known = homes(mapping), merge_fields()

    frames = {key[1]: rooms.store().frame(practice, key).read() for key in FRAMES}
    templates = letter_templates(frames["letter_template"], frames["letter"])
    rules = recalls(
        frames["recall_rule"],
        frames["patient_summary"],
        frames["patient"],
        frames["patient_identity"],
        frames["appointment"],
        today,
    )
    invited = staff_list(frames["staff_user"], frames["provider"], chosen.locale)
    setup = checklist(chosen.name, rooms.mapping(crm), chosen.destination(crm), crm_package(crm))
    staff = sum(not each.reason for each in invited)
    steps = Rebuilding(words.name, place, setup, templates, rules, staff).steps()
    documents = {
        "letter-templates": letter_reference(chosen.name, words.name, templates, known, lives, place),
        "recall-workflows": workflow_reference(chosen.name, words.name, rules, mapping, lives, place),
        "rebuild-checklist": rebuild_checklist(chosen.name, words.name, steps),
    }
    used = {name: known.get(name, UNKNOWN) for each in templates for name in each.parsed.fields}
    made = Rebuilt(
        paths=tuple(p for name, made in documents.items() for p in _write(rooms, chosen, crm, name, made)),
        templates=len(templates),
        rules=len(rules),
        steps=len(steps),
        homeless=tuple(n for n, field in used.items() if not field.of and not first_home(lives, field.column)),
        broken={each.name: each.parsed.problems for each in templates if each.parsed.problems},
        fields=tuple(
            {"template_id": each.key, "field": name, "home": home_of(known.get(name, UNKNOWN), lives, place)}
            for each in templates
            for name in each.parsed.fields
        ),
    )
    rooms.write_report(json.dumps(made.plain(), indent=2), practice, crm, SUMMARY)
    return made


def _write(rooms: Workplace, practice: Practice, crm: str, name: str, document: Document) -> list[Path]:
    title = next(p.text for p in document.paragraphs() if p.heading == 1)
    page = rooms.write_report(to_html(document, title, NOTE), practice.practice, crm, f"{name}.html")
    text = rooms.write_report(to_markdown(document), practice.practice, crm, f"{name}.md")
    word = rooms.write_report(to_docx(document, title, practice.name), practice.practice, crm, f"{name}.docx")
    return [page, word, text]
