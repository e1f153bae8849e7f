"""How each CRM's settings name what an admin sets up, as tables; a CRM without a table is described in plain words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from perio_pipeline.crm.plans import PIPELINES, Plans
from perio_pipeline.crm.protocol import FieldType


@dataclass(frozen=True)
class Setting:
    """What the names are that a look-up field takes.

    Attributes:
        kind: what an admin sets up.
        together: what they are called where they are set up as one list.
        limit: the kind of a plan's limit that they count against.
    """

    kind: str
    together: str = ""
    limit: str = ""


@dataclass(frozen=True)
class Words:
    """How a CRM's settings name things.

    Attributes:
        name: the CRM, for people.
        advice: what an admin must know before the first field.
        types: what an admin picks as the type of a custom field.
        models: the CRM entities in people's words.
        settings: look-up field → what its names are.
    """

    name: str = ""
    advice: str = "Type label and choices exactly as they stand here."
    types: Mapping[FieldType, str] = field(default_factory=dict)
    models: Mapping[str, str] = field(default_factory=dict)
    settings: Mapping[str, Setting] = field(default_factory=dict)

    def called(self, model: str, plans: Plans) -> str:
        """What people call one of the CRM's entities."""
        return self.models.get(model) or model.removeprefix(plans.module_prefix).replace("_", " ").title()


CRMS: Mapping[str, Words] = {
    "highlevel": Words(
        name="HighLevel",
        advice="Type the stable name (such as Sex__c) as the field's name: fields are found by it, to the letter. The "
        "label goes into the placeholder. Once the practice's file approves it (schema_plan), missing fields are "
        "created over the API; pipelines, stages and calendars are always set up by hand.",
        types={
            FieldType.TEXT: "Single line (TEXT)",
            FieldType.LONG_TEXT: "Multi line (LARGE_TEXT)",
            FieldType.NUMBER: "Number (NUMERICAL)",
            FieldType.DATE: "Date picker (DATE)",
            FieldType.CHOICE: "Dropdown, single (SINGLE_OPTIONS)",
            FieldType.MULTI_CHOICE: "Dropdown, multiple (MULTIPLE_OPTIONS)",
            FieldType.PHONE: "Phone (PHONE)",
            FieldType.FILE: "File upload, several files (FILE_UPLOAD)",
        },
        models={"business": "Company"},
        settings={
            "pipelineId": Setting("Pipeline"),
            "pipelineStageId": Setting("Pipeline stages", together="Stages of the pipeline"),
            "calendarId": Setting("Calendar"),
        },
    ),
    "freshsales": Words(
        name="Freshsales",
        advice="Type the label exactly as it stands here: fields are found by it, since Freshsales makes up their API "
        "names itself. A type cannot be changed later. Set up the custom module before its fields. Save a public view "
        "of deals without any filter as All Deals: deals are then read back a hundred at a time.",
        types={
            FieldType.TEXT: "Text field",
            FieldType.PHONE: "Text field",
            FieldType.LONG_TEXT: "Text area",
            FieldType.NUMBER: "Number",
            FieldType.DATE: "Date picker",
            FieldType.DATE_TIME: "Date picker, with time where the form offers it",
            FieldType.CHOICE: "Dropdown",
            FieldType.MULTI_CHOICE: "Multi-select",
            FieldType.CHECKBOX: "Checkbox",
            FieldType.LOOKUP: "Lookup",
        },
        models={"sales_account": "Account"},
        settings={
            "deal_pipeline_id": Setting("Pipeline", limit=PIPELINES),
            "deal_stage_id": Setting("Pipeline stages", together="Stages of the pipeline"),
        },
    ),
}


def words_of(crm: str) -> Words:
    """The CRM's words; plain ones where it has no table."""
    return CRMS.get(crm, Words(name=crm))
