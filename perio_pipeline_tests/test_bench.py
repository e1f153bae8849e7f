"""`make bench` is run by hand: what it imports must be there when somebody does."""

from __future__ import annotations

import importlib

import pytest

from perio_pipeline_tests.bench.runner import BUSY, WAITING


@pytest.mark.parametrize("name", [*WAITING, *BUSY])
def test_every_benchmark_can_be_loaded(name: str) -> None:
    assert callable(importlib.import_module(f"perio_pipeline_tests.bench.{name}").figures)
