"""The rebuild documents of a destination, made anew whenever templates, rules or the mapping have changed."""

from datetime import date

import dagster as dg
import pandas as pd

from perio_pipeline.defs.metadata import OWNERS, report_link, table_schema
from perio_pipeline.defs.resources import WorkplaceResource, actionable
from perio_pipeline.panda.frames import table_kinds, typed_frame
from perio_pipeline.signoff.rebuild.documents import FRAMES, MERGE_FIELD, write_documents


def rebuild_asset(crm: str, partitions: dg.PartitionsDefinition[str]) -> dg.AssetsDefinition:
    """Build the documents that say what is rebuilt by hand in a CRM."""

    @dg.asset(
        key=[crm, "rebuild_documents"],
        deps=[list(frame) for frame in FRAMES],
        partitions_def=partitions,
        group_name=f"{crm}_documents",
        kinds={"python"},
        owners=OWNERS,
        description=MERGE_FIELD.description,
        metadata=table_schema(MERGE_FIELD),
    )
    def rebuild_documents(context: dg.AssetExecutionContext, workplace: WorkplaceResource) -> dg.Output[pd.DataFrame]:
        with actionable():
            made = write_documents(workplace.open, context.partition_key, crm, date.today())
        return dg.Output(
            typed_frame(table_kinds(MERGE_FIELD), made.fields),
            metadata={
                "letter_templates": made.templates,
                "recall_rules": made.rules,
                "steps": made.steps,
                "merge_fields_without_a_home": ", ".join(made.homeless) or "none",
                "broken_templates": len(made.broken),
                **{path.stem.replace("-", "_"): report_link(path) for path in made.pages},
            },
        )

    return rebuild_documents
