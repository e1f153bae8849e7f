"""P7: what an account said of its set-up serves the runs after it, for a while, and until something is refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from perio_pipeline.crm.setup import REMEMBERED_SECONDS, SetUp

ANSWER = {"users": [{"id": "u1"}]}


class Clock:
    def __init__(self) -> None:
        self.now = 1_000_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "set-up" / "harbor.highlevel.main.json"


def test_a_later_run_is_told_what_an_earlier_one_asked(file: Path) -> None:
    SetUp(file, relied_on=False).keep("/users", ANSWER)
    assert SetUp(file, relied_on=True).said("/users") == ANSWER
    assert SetUp(file, relied_on=True).said("/pipelines") is None


def test_a_run_that_does_not_rely_on_it_asks_for_itself(file: Path) -> None:
    SetUp(file, relied_on=True).keep("/users", ANSWER)
    assert SetUp(file, relied_on=False).said("/users") is None


def test_it_is_forgotten_after_a_while_and_when_something_is_refused(file: Path) -> None:
    clock = Clock()
    kept = SetUp(file, relied_on=True, clock=clock)
    kept.keep("/users", ANSWER)
    clock.now += REMEMBERED_SECONDS - 1
    assert kept.said("/users") == ANSWER
    clock.now += 1
    assert kept.said("/users") is None
    kept.keep("/users", ANSWER)
    kept.forget()
    kept.forget()
    assert kept.said("/users") is None


def test_a_clock_that_went_back_and_a_damaged_file_count_as_nothing(file: Path) -> None:
    clock = Clock()
    kept = SetUp(file, relied_on=True, clock=clock)
    kept.keep("/users", ANSWER)
    clock.now -= 10
    assert kept.said("/users") is None
    file.write_text("{", encoding="utf-8")
    assert kept.said("/users") is None


def test_only_its_owner_reads_it_since_it_names_users(file: Path) -> None:
    SetUp(file, relied_on=True).keep("/users", ANSWER)
    assert (file.stat().st_mode & 0o777, file.parent.stat().st_mode & 0o777) == (0o600, 0o700)
