"""One sample practice, and each design it is written in, made once per session."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

import pytest
from practices import Practice, canonical

from perio_pipeline.panda.bindings import load_bindings
from perio_pipeline.panda.sample.designs.design import load_design
from perio_pipeline.panda.sample.designs.write import write_design
from perio_pipeline.panda.sample.generate import generate
from perio_pipeline.panda.source import PandaSource
from perio_pipeline.panda.tables import TABLES
from perio_pipeline_tests.panda.bound import BINDINGS


@pytest.fixture(scope="session")
def harbor(tmp_path_factory: pytest.TempPathFactory) -> Practice:
    path = tmp_path_factory.mktemp("designs") / "harbor.db"
    generate(path, 20)
    source = PandaSource(f"sqlite:///{path}", load_bindings(BINDINGS), "panda.yaml")
    return Practice(path, source, {}, {name: canonical(source, table) for name, table in TABLES.items()})


@pytest.fixture(scope="session")
def designed(harbor: Practice) -> Callable[[str], Practice]:
    @cache
    def made(name: str) -> Practice:
        design = load_design(name)
        path = harbor.path.with_name(f"{name}.db")
        written = write_design(design, harbor.source, path)
        source = PandaSource(f"sqlite:///{path}", design.bindings, f"{name}.yaml")
        return Practice(path, source, written.losses, {n: canonical(source, table) for n, table in TABLES.items()})

    return made
