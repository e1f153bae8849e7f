"""The Letter Template Reference: all templates of PANDA, where their fields live in the CRM, their conditions (P11)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date

import pandas as pd

from perio_pipeline.files.document import Block, Document, Rule
from perio_pipeline.files.reading import read
from perio_pipeline.richtext.reading import read as read_strictly
from perio_pipeline.signoff.rebuild.homes import Homes, first_home
from perio_pipeline.signoff.rebuild.knowledge import MergeField, Place
from perio_pipeline.signoff.rebuild.merging import Template, filled, marked, parse
from perio_pipeline.signoff.rebuild.parts import bold, heading, items, table, text

RECIPIENTS = {"patient": "the patient", "referrer": "the referring dentist", "insurer": "the insurer"}

UNKNOWN = MergeField(
    says="not known to this pipeline", instead="Ask the practice what it stands for, and write it here.", sample="…"
)
"""A merge field of the practice's own."""


@dataclass(frozen=True)
class LetterTemplate:
    """One template.

    Attributes:
        key, name: in PANDA.
        recipient: whom it goes to.
        letters: how many were written with it.
        last: when the latest of them was.
        document: its text with marks; None where it cannot be read.
        parsed: its fields, conditions and what is wrong with it.
    """

    key: str
    name: str
    recipient: str
    letters: int
    last: date | None
    document: Document | None
    parsed: Template


def letter_templates(templates: pd.DataFrame, letters: pd.DataFrame) -> list[LetterTemplate]:
    """Read all templates, those used most first.

    Args:
        templates: validated `letter_template`.
        letters: validated `letter`: template_id, written_at.
    """
    used: dict[str, tuple[int, date]] = {
        str(key): (len(written), written.max().date())
        for key, written in letters.dropna(subset=["written_at"]).groupby("template_id")["written_at"]
    }
    made = []
    for row in templates.astype(object).where(templates.notna(), None).to_dict("records"):
        document = read(row["body"]) if row["body"] else None
        readable = document is not None and not document.is_empty
        parsed = parse(document) if document and readable else Template((), (), ("its text is empty",))
        if readable and read_strictly(row["body"]).malformed:
            parsed = replace(parsed, problems=("its text is damaged, and something may be missing", *parsed.problems))
        key = str(row["template_id"])
        count, last = used.get(key, (0, None))
        made.append(
            LetterTemplate(
                key=key,
                name=str(row["name"]),
                recipient=RECIPIENTS.get(str(row["recipient"]), "whoever it is sent to"),
                letters=count,
                last=last,
                document=document if readable else None,
                parsed=parsed,
            )
        )
    return sorted(made, key=lambda each: (-each.letters, each.name))


def letter_reference(
    practice: str,
    crm: str,
    templates: Sequence[LetterTemplate],
    known: Mapping[str, MergeField],
    homes: Homes,
    place: Place,
) -> Document:
    """Write the reference.

    Args:
        practice: its name for people.
        crm: its name for people.
        templates: of the practice.
        known: what merge fields stand for.
        homes: `frame.column` → where it lives in the CRM.
        place: the CRM's words.
    """
    blocks: list[Block] = [
        heading(1, f"Letter templates of {practice} for {crm}"),
        text(
            "Letters that were written are migrated as they are. Templates are not: they are built anew in ",
            bold(place.letters),
            ". Below stands each one of PANDA with what it takes.",
        ),
        text(bold("Fields. "), place.insert),
        text(bold("Conditions. "), place.conditions),
        table(
            ("Template", "Goes to", "Letters so far", "Latest", "Fields", "Conditions"),
            [
                (each.name, each.recipient, f"{each.letters:,}", f"{each.last or '–'}", f"{len(each.parsed.fields)}",
                 f"{len(each.parsed.branches)}")
                for each in templates
            ],
            (4, 3, 1.6, 1.8, 1.2, 1.6),
        ),
    ]  # fmt: skip
    for template in templates:
        blocks += _template(template, known, homes, place)
    return Document(tuple(blocks))


def _template(
    template: LetterTemplate,
    known: Mapping[str, MergeField],
    homes: Homes,
    place: Place,
) -> list[Block]:
    blocks: list[Block] = [
        Rule(),
        heading(2, template.name),
        text(f"PANDA template {template.key}; goes to {template.recipient}."),
    ]
    if template.parsed.problems:
        said = "; ".join(template.parsed.problems)
        blocks.append(text(bold("Look at this one in PANDA: "), f"{said}."))
    if template.document is None:
        return blocks
    fields = {name: known.get(name, UNKNOWN) for name in template.parsed.fields}
    rows = [(f"«{name}»", field.says, home_of(field, homes, place)) for name, field in fields.items()]
    blocks += [heading(3, "Its fields"), table(("Field in PANDA", "Stands for", "Lives in"), rows, (2.4, 3, 5))]
    if template.parsed.branches:
        blocks.append(heading(3, "Its conditions"))
        blocks += items(
            f"If {each.condition}: “{_beginning(each.then)}”; otherwise "
            + (f"“{_beginning(each.otherwise)}”." if each.otherwise else "nothing.")
            for each in template.parsed.branches
        )
    sample = {name: field.sample for name, field in fields.items()}
    blocks += [heading(3, "Its text"), *marked(template.document).body]
    blocks += [heading(3, "A sample, with invented values"), *filled(template.document, sample).body]
    return blocks


def home_of(field: MergeField, homes: Homes, place: Place) -> str:
    """Say where a merge field lives in the CRM, or what to do where it lives nowhere."""
    if field.of:
        return place.homes[field.of]
    home = first_home(homes, field.column)
    if home:
        return str(home)
    return f"Nowhere. {field.instead or 'It is not mapped: map it, or leave it out of the letter.'}"


def _beginning(words: str, most: int = 70) -> str:
    short = " ".join(words.split())
    return short if len(short) <= most else short[: most - 1].rstrip() + "…"
