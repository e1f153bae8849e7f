"""The Workflow Rebuild Checklist: all that is set up or switched on by hand, in the order of the migration (P11)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from perio_pipeline.files.document import Block, Document
from perio_pipeline.signoff.checklist import Checklist, What
from perio_pipeline.signoff.rebuild.knowledge import Place
from perio_pipeline.signoff.rebuild.letters import LetterTemplate
from perio_pipeline.signoff.rebuild.parts import BOX, bold, heading, table, text
from perio_pipeline.signoff.rebuild.recalls import Recall

WHEN = (
    "Before anything is loaded",
    "Between the sample and the full migration",
    "At the cutover",
    "In the weeks after",
)


@dataclass(frozen=True)
class Step:
    """Something that a person does.

    Attributes:
        when: one of `WHEN`.
        who: in the practice or at the CRM.
        what: what is done, and where.
        replaces: what it stands for in PANDA.
        uses: fields or documents that it needs.
    """

    when: str
    who: str
    what: str
    replaces: str = ""
    uses: str = ""


@dataclass(frozen=True)
class Rebuilding:
    """All that is rebuilt in a CRM.

    Attributes:
        crm: its name for people.
        place: its words.
        setup: what the mapping needs there.
        templates: letter templates of PANDA.
        rules: recall rules of PANDA.
        staff: how many people are to be invited.
    """

    crm: str
    place: Place
    setup: Checklist
    templates: Sequence[LetterTemplate]
    rules: Sequence[Recall]
    staff: int

    def steps(self) -> list[Step]:
        """Return every step, in order."""
        return [*self._before(), *self._between(), *self._cutover(), *self._after()]

    def _before(self) -> Iterator[Step]:
        when, admin = WHEN[0], "CRM admin"
        yield Step(when, admin, f"Pause all automation in {self.place.workflows}. {self.place.paused}", "", "G6, G11")
        invite = f"Invite {self.staff} people as users, with exactly the listed e-mails."
        yield Step(when, admin, invite, "PANDA's logins", "staff-invitations")
        fields = self.setup.totals[What.FIELD]
        yield Step(when, admin, f"Set up {fields} custom fields.", "", "checklist")
        for row in self.setup.rows:
            if row.what is not What.FIELD:
                choices = f" ({', '.join(row.choices)})" if row.choices else ""
                yield Step(when, admin, f"{row.type}: {row.label}{choices}", "", row.why)

    def _between(self) -> Iterator[Step]:
        when = WHEN[1]
        yield Step(when, "Practice manager", "Look at the migrated sample, and sign it.", "", "sign-off report")
        for each in self.templates:
            if each.document is not None:
                what = f"Build the letter template “{each.name}”."
                replaces = f"template {each.key}, {each.letters:,} letters so far"
                yield Step(when, "Front desk", what, replaces, "letter-templates")
        for rule in self.rules:
            if rule.active:
                what = f"Build the workflow “{rule.name}” in {self.place.workflows}, and leave it switched off."
                replaces = f"recall rule {rule.key}, {rule.patients:,} patients"
                yield Step(when, "CRM admin", what, replaces, "recall-workflows")

    def _cutover(self) -> Iterator[Step]:
        when, manager = WHEN[2], "Practice manager"
        yield Step(when, manager, "Answer the open questions of the recall workflows.", "", "recall-workflows")
        stop = "Stop PANDA's own recalls and letters when the window opens, so that nobody is written to twice."
        yield Step(when, manager, stop, "PANDA's recall list")
        overdue = sum(rule.overdue for rule in self.rules if rule.active)
        on = "Switch the workflows on one by one, once the window has closed and the report is signed."
        yield Step(when, "CRM admin", on, "", f"{overdue:,} patients are overdue")

    def _after(self) -> Iterator[Step]:
        when = WHEN[3]
        compare = "Compare the recall list of the first four weeks with PANDA's."
        yield Step(when, "Front desk", compare, "PANDA's recall list")
        tokens = f"Take the migration's token out of {self.crm}, and its reading login out of SQL Server."
        yield Step(when, "CRM admin", tokens)


def rebuild_checklist(practice: str, crm: str, them: Sequence[Step]) -> Document:
    """Write the checklist, with a box and a place for initials and date at each step."""
    blocks: list[Block] = [
        heading(1, f"What {practice} rebuilds by hand in {crm}"),
        text("Each step has a box, and a place for ", bold("initials and date"), " of who did it."),
    ]
    number = 0
    for when in WHEN:
        rows = []
        for step in (each for each in them if each.when == when):
            number += 1
            rows.append((f"{BOX} {number}", step.who, step.what, step.replaces or "–", step.uses or "–", "____ / ____"))
        header = ("Step", "Who", "What", "In place of", "See", "Initials / date")
        blocks += [heading(2, when), table(header, rows, (0.9, 1.8, 5.4, 2.6, 2.2, 1.9))]
    return Document(tuple(blocks))
