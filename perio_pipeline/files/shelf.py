"""Files the pipeline makes for a practice: kept under the digest of what they are made of, for their owner only.

What was made once stays as it is, so that a newer library sets no letter anew, and a second pass finds every file the
same.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from perio_pipeline.ownerfile import write_whole


@dataclass(frozen=True)
class Stored:
    """A file on this machine: where, how large, and its SHA-256 in hex."""

    path: Path
    bytes: int
    sha256: str


def measured(path: Path) -> Stored:
    """Size and hash of a file, read piece by piece.

    Raises:
        OSError: it cannot be read.
    """
    with path.open("rb") as content:
        digest = hashlib.file_digest(content, "sha256").hexdigest()
        size = os.fstat(content.fileno()).st_size
    return Stored(path, size, digest)


@dataclass
class Shelf:
    """One folder of such files. `sweep` removes those that nobody asked for since it was opened."""

    folder: Path
    suffix: str
    _asked: set[str] = field(default_factory=set)

    def keep(self, made_of: Any, make: Callable[[], bytes]) -> Stored:
        """Return the file made of something, making it if it is not there yet.

        Args:
            made_of: everything the content depends on, as JSON takes it.
            make: makes the content; what it raises is raised here, and nothing is kept.
        """
        text = json.dumps(made_of, sort_keys=True, ensure_ascii=False, default=str)
        name = hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest() + self.suffix
        path = self.folder / name
        if not path.exists():
            write_whole(path, make())
        self._asked.add(name)
        return measured(path)

    def sweep(self) -> int:
        """Remove the files nobody asked for; returns how many."""
        if not self.folder.is_dir():
            return 0
        stale = [path for path in self.folder.iterdir() if path.name not in self._asked]
        for path in stale:
            path.unlink(missing_ok=True)
        return len(stale)
