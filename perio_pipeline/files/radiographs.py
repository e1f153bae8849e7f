"""Radiographs and photos: found in the image store, hashed, and told by their content (requirement F10)."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any
from urllib.parse import quote

import pandas as pd
from PIL import Image, UnidentifiedImageError

from perio_pipeline.files.frames import ENDINGS, RADIOGRAPH
from perio_pipeline.files.pdf import CONTENT_TYPE as PDF
from perio_pipeline.files.shelf import measured
from perio_pipeline.panda.frames import table_kinds, typed_frame

DICOM = "application/dicom"

_KINDS = table_kinds(RADIOGRAPH)
_READERS = 4
"""Files read at once: disks and networks wait more than they work."""
_DICOM_AT = 128

Row = dict[Any, Any]
Hashes = dict[str, tuple[int | None, int | None, str]]
"""Path → size, time of the last change and SHA-256 of a file as it was found last time."""


class NotFoundError(Exception):
    """There is no such file in the store. `problem` is one of `frames.PROBLEMS`."""

    def __init__(self, problem: str) -> None:
        self.problem = problem
        super().__init__(problem)


@dataclass
class ImageStore:
    """The folder with a practice's images.

    Attributes:
        folder: where it is; None where the practice's file does not say.
        url: the address under which the practice's own archive shows the same files; may be empty.
    """

    folder: Path | None
    url: str = ""
    _names: dict[Path, dict[str, list[str]]] = field(default_factory=dict)

    def find(self, recorded: str) -> Path:
        """Return the file that PANDA means.

        Windows writes backslashes and does not mind the case of names; where this machine does, the only name that
        differs in case alone is taken.

        Raises:
            NotFoundError: no store, no such file, or a path that leads out of the store.
        """
        if self.folder is None:
            raise NotFoundError("no_image_store")
        relative = PurePosixPath(recorded.replace("\\", "/"))
        if relative.is_absolute() or ":" in recorded or "\0" in recorded or ".." in relative.parts:
            raise NotFoundError("file_outside")
        root = self.folder.resolve()
        path = root
        for part in relative.parts:
            path = path / part if (path / part).exists() else self._in_other_case(path, part)
        if not path.resolve().is_relative_to(root):  # a link in the store may lead anywhere
            raise NotFoundError("file_outside")
        if not path.is_file():
            raise NotFoundError("file_missing")
        return path

    def address(self, recorded: str) -> str | None:
        """Return where the practice's archive shows a file; None where it has none."""
        relative = recorded.replace("\\", "/").lstrip("/")
        return f"{self.url.rstrip('/')}/{quote(relative)}" if self.url else None

    def _in_other_case(self, folder: Path, name: str) -> Path:
        if folder not in self._names:
            self._names[folder] = {}
            for entry in folder.iterdir() if folder.is_dir() else ():
                self._names[folder].setdefault(entry.name.casefold(), []).append(entry.name)
        alike = self._names[folder].get(name.casefold(), [])
        if len(alike) != 1:
            raise NotFoundError("file_missing")
        return folder / alike[0]


def radiograph_files(
    images: Iterable[pd.DataFrame], store: ImageStore, before: pd.DataFrame | None = None
) -> Iterator[pd.DataFrame]:
    """Find the files of images, piece by piece.

    Args:
        images: pieces of `validated/image_reference`.
        store: where the files lie.
        before: what was found last time (`frames.RADIOGRAPH`). A file of the same size and time is not hashed again;
            it is once more before it is sent.

    Returns:
        Pieces with the columns of `frames.RADIOGRAPH`, a row per image.
    """
    known = {} if before is None else _hashes(before)
    for piece in images:
        with ThreadPoolExecutor(_READERS) as readers:
            yield typed_frame(_KINDS, list(readers.map(lambda row: _file(row, store, known), _rows(piece))))


def _hashes(before: pd.DataFrame) -> Hashes:
    hashed = before[before["sha256"].notna()]
    states = zip(hashed["bytes"].tolist(), hashed["modified_ns"].tolist(), hashed["sha256"].tolist(), strict=True)
    return dict(zip(hashed["path"].tolist(), states, strict=True))


def _rows(frame: pd.DataFrame) -> list[Row]:
    rows: list[Row] = frame.astype(object).where(frame.notna(), None).to_dict("records")
    return rows


def _file(image: Row, store: ImageStore, known: Hashes) -> Row:
    row = {name: image[name] for name in ("image_id", "patient_id", "taken_date")}
    row["url"] = store.address(image["path"])
    try:
        return row | _look(store.find(image["path"]), image["bytes"], known)
    except NotFoundError as error:
        return {**row, "problem": error.problem}
    except OSError:
        return {**row, "problem": "file_unreadable"}


def _look(path: Path, recorded: int | None, known: Hashes) -> Row:
    """What is said of a file, or the problem with it."""
    about = path.stat()
    found: Row = {"path": str(path), "bytes": about.st_size, "modified_ns": about.st_mtime_ns}
    if about.st_size == 0:
        return {**found, "problem": "file_empty"}
    if recorded is not None and recorded != about.st_size:
        return {**found, "problem": "file_changed"}
    content_type, width, height = identify(path)
    if content_type is None:
        return {**found, "problem": "file_unknown"}
    *state, earlier = known.get(str(path), (None, None, ""))
    sha256 = earlier if state == [about.st_size, about.st_mtime_ns] else measured(path).sha256
    return {**found, "sha256": sha256, "content_type": content_type, "width": width, "height": height}


def identify(path: Path) -> tuple[str | None, int | None, int | None]:
    """Return a file's MIME type, and width and height of a picture, by the file's first bytes.

    The type is None where it is none of those in `frames.ENDINGS`.

    Raises:
        OSError: it cannot be read.
    """
    with path.open("rb") as content:
        start = content.read(_DICOM_AT + 4)
    if start.startswith(b"%PDF-"):
        return PDF, None, None
    if start[_DICOM_AT:] == b"DICM":
        return DICOM, None, None
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)  # only the header is read
            with Image.open(path) as picture:
                content_type = Image.MIME.get(picture.format or "")
                return (content_type, *picture.size) if content_type in ENDINGS else (None, None, None)
    except (UnidentifiedImageError, Image.DecompressionBombError, SyntaxError, ValueError):
        return None, None, None
