"""IO managers: frames travel between assets as Parquet in the frame store."""

from typing import Any

import dagster as dg

from perio_pipeline.cutover.rereading import Reread
from perio_pipeline.defs.resources import WorkplaceResource, actionable
from perio_pipeline.panda.extract import Extract, SourceChangedError
from perio_pipeline.store import FrameStore, StoredFrame


class ParquetFrames(dg.ConfigurableIOManager):
    """Writes a frame or an iterator of its pieces; hands out a pandas frame, or a `StoredFrame` if asked for one."""

    workplace: dg.ResourceDependency[WorkplaceResource]

    def handle_output(self, context: dg.OutputContext, obj: Any) -> None:
        """Write the asset's frame for its practice."""
        store = self.workplace.store()
        is_read = isinstance(obj, Extract | Reread)
        if is_read:
            # Nameless while it is being replaced: nothing may be told of a new frame that held for the old one.
            store.write_note(context.partition_key, context.asset_key.path, {})
        with actionable():  # a streamed frame is read from its source only now
            rows = _written(store, context, obj)
        context.add_output_metadata({"dagster/partition_row_count": rows})
        if is_read:
            store.write_note(context.partition_key, context.asset_key.path, obj.note)
            context.add_output_metadata(obj.report.metadata())

    def load_input(self, context: dg.InputContext) -> Any:
        """Hand out an upstream asset's frame."""
        frame = self.workplace.store().frame(context.partition_key, context.asset_key.path)
        if not frame.exists():
            raise dg.Failure(
                f"{'/'.join(context.asset_key.path)} of practice {context.partition_key} was never made. "
                "Materialise it first, with what it needs."
            )
        wants_stored = context.dagster_type.typing_type is StoredFrame
        return frame if wants_stored else frame.read()


def _written(store: FrameStore, context: dg.OutputContext, frames: Any) -> int:
    while True:
        try:
            return store.write(context.partition_key, context.asset_key.path, frames)
        except SourceChangedError:  # raised only as long as the extract may be read again
            context.log.info("The table changed while it was read; it is read again.")
