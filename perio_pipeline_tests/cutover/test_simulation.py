"""P7: two days of a small practice, with the daemon killed on the way; `make cutover` plays a large one."""

from __future__ import annotations

from pathlib import Path

import pytest

from perio_pipeline_tests.cutover.simulation import simulate


@pytest.mark.slow
def test_p7_after_the_window_the_crm_is_what_panda_says_except_for_what_people_edited(tmp_path: Path) -> None:
    outcome = simulate(tmp_path, patients=8, steps=3, kills=2, acts=8, seed=3)
    assert outcome.right, str(outcome)
    assert (outcome.kills, bool(outcome.done)) == (2, True)
