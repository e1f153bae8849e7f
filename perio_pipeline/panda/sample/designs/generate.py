"""Generates the sample practice in a design: made as ever beside it, then written over."""

from __future__ import annotations

import shutil
from pathlib import Path
from tempfile import TemporaryDirectory

from perio_pipeline.panda.bindings import load_bindings
from perio_pipeline.panda.sample.designs.design import load_design
from perio_pipeline.panda.sample.designs.write import Written, write_design
from perio_pipeline.panda.sample.generate import SEED, generate, images_of
from perio_pipeline.panda.source import PandaSource


def generate_design(name: str, sample_bindings: Path, path: Path, patients: int, seed: int = SEED) -> Written:
    """Write a synthetic practice in a design, with its images and sidecar files as `generate` names them.

    Args:
        name: of the design.
        sample_bindings: the bindings of the sample's own layout.
        path: the SQLite file; an existing one is replaced.
        patients: as of `generate`.
        seed: as of `generate`.

    Raises:
        SettingsError: there is no such design.
    """
    design = load_design(name)
    with TemporaryDirectory(dir=path.parent) as folder:
        made = Path(folder) / path.name
        generate(made, patients, seed)
        sample = PandaSource(f"sqlite:///{made}", load_bindings(sample_bindings), str(sample_bindings))
        written = write_design(design, sample, path, seed)
        shutil.rmtree(images_of(path), ignore_errors=True)
        images_of(made).rename(images_of(path))
        for sidecar in ("planted", "truth"):
            made.with_name(f"{made.name}.{sidecar}.json").replace(path.with_name(f"{path.name}.{sidecar}.json"))
    return written
