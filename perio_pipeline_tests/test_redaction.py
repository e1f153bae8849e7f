"""PHI: the full text of an unforeseen error goes to a private file and to no console."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest

from perio_pipeline.redaction import REDACTED, error_log, keep_errors_private


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
