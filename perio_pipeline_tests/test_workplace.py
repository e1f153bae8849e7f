"""What the rooms are put together from, and what is asked of the environment for it."""

from __future__ import annotations

from pathlib import Path

import pytest

from perio_pipeline.errors import SettingsError
from perio_pipeline.workplace import Workplace

MAPPINGS = Path(__file__).resolve().parents[1] / "mappings"


def test_a_practice_is_shaped_and_planned_without_a_token(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rooms = Workplace(tmp_path, MAPPINGS)
    practice = rooms.practice("harbor")
    for crm in practice.destinations:
        monkeypatch.delenv(f"PERIO_HARBOR_{crm.upper()}_TOKEN", raising=False)
        assert rooms.file_limits(practice, crm)["main"].file
        with pytest.raises(SettingsError, match=f"PERIO_HARBOR_{crm.upper()}_TOKEN"):
            rooms.adapters(practice, crm)
