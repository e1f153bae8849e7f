"""Files that only their owner may read, written whole or not at all."""

from __future__ import annotations

import os
from pathlib import Path


def keep_to_owner() -> None:
    """Let whatever this process and its children make be for their owner only: Dagster's and SQLite's files as well."""
    os.umask(0o077)


def write_whole(path: Path, content: bytes) -> None:
    """Write a file in one step; folders that are missing are made, for the owner only as well."""
    for folder in reversed([each for each in path.parents if not each.exists()]):
        folder.mkdir(mode=0o700, exist_ok=True)
    aside = path.with_suffix(".part")
    aside.touch(mode=0o600)
    aside.chmod(0o600)
    aside.write_bytes(content)
    aside.replace(path)
