"""PHI: the full text of an unforeseen error goes to a private file and to no console."""

from __future__ import annotations

import logging
from pathlib import Path

import dagster as dg
import pytest

from perio_pipeline.redaction import REDACTED, SWITCH, error_log, keep_errors_private


def test_redacted_errors_go_to_a_file_of_the_owner_and_not_to_the_console(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    keep_errors_private(tmp_path)
    assert not error_log(tmp_path).exists()  # nothing is made before there is something to write
    logging.getLogger(REDACTED).error("a value that nobody may see")
    keep_errors_private(tmp_path / "elsewhere")  # closes the file
    assert "a value that nobody may see" in error_log(tmp_path).read_text(encoding="utf-8")
    assert error_log(tmp_path).stat().st_mode & 0o077 == 0
    shown = capsys.readouterr()
    assert "nobody may see" not in shown.out + shown.err


def test_errors_are_redacted_however_dagster_was_started(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(SWITCH, "")
    monkeypatch.delenv(SWITCH)
    keep_errors_private(tmp_path)

    @dg.op
    def fail() -> None:
        raise ValueError("a value that nobody may see")

    @dg.job
    def failing() -> None:
        fail()

    (failure,) = failing.execute_in_process(raise_on_error=False).filter_events(lambda event: event.is_step_failure)
    assert "nobody may see" not in failure.step_failure_data.error_display_string
