"""How a table was read is shown with its frame, and a table that changed meanwhile is read again."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import dagster as dg
import pandas as pd
import pytest

from perio_pipeline.defs.io_managers import ParquetFrames
from perio_pipeline.defs.resources import WorkplaceResource
from perio_pipeline.errors import SourceError
from perio_pipeline.panda.extract import Extract, Report, SourceChangedError
from perio_pipeline.panda.isolation import Isolation


class Restless(Extract):
    """A table that changes while it is read, so many times."""

    def __init__(self, times: int, error: SourceError | None = None) -> None:
        self.report, self.note, self._times, self._error = Report(), {"reading": "a name"}, times, error

    def __iter__(self) -> Iterator[pd.DataFrame]:
        self.report = Report(Isolation.COMMITTED, "arrow", 7, 2, self.report.readings + 1)
        yield pd.DataFrame({"a": [str(self.report.readings)]})
        if self._error:
            raise self._error
        if self.report.readings <= self._times:
            raise SourceChangedError("It changed.", "Wait.")


def materialized(tmp_path: Path, extract: Extract) -> dg.ExecuteInProcessResult:
    @dg.asset(partitions_def=dg.StaticPartitionsDefinition(["harbor"]))
    def facts() -> dg.Output[Any]:
        return dg.Output(extract)

    workplace = WorkplaceResource(data=str(tmp_path), mappings=str(tmp_path))
    resources = {"io_manager": ParquetFrames(workplace=workplace)}
    return dg.materialize([facts], partition_key="harbor", resources=resources, raise_on_error=False)


def test_a_table_that_changed_is_read_again_and_it_is_shown(tmp_path: Path) -> None:
    result = materialized(tmp_path, Restless(times=2))
    (event,) = result.asset_materializations_for_node("facts")
    shown = {name: value.value for name, value in event.metadata.items()}
    assert {name: shown[name] for name in shown if name.startswith("source/")} == {
        "source/isolation": "read committed, looked at twice",
        "source/reader": "arrow",
        "source/source_rows": 7,
        "source/resumed": 2,
        "source/readings": 3,
        "source/changed": False,
    }
    stored = WorkplaceResource(data=str(tmp_path), mappings=str(tmp_path)).store().frame("harbor", ["facts"]).read()
    assert stored["a"].tolist() == ["3"]


@pytest.mark.parametrize("error", [SourceError("Table dbo.Facts cannot be read.", "Grant SELECT.")])
def test_a_table_that_cannot_be_read_fails_with_what_to_do(tmp_path: Path, error: SourceError) -> None:
    result = materialized(tmp_path, Restless(times=0, error=error))
    assert not result.success
    (failure,) = [event for event in result.all_events if event.is_step_failure]
    assert "Grant SELECT." in str(failure.step_failure_data)
